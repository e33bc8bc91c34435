//! When a worker has more to do than it can do at once, and wakes another.
//!
//! A turn that makes two tasks ready displaces the first from the next-slot to the deque. As a rule
//! that is a chain with a short branch: a child that has begun tells its supervisor, and whoever it
//! was started for. Both are over long before a sleeping core could be there (28 µs), and who wakes
//! it pays as well. So a *lone* task, one in an empty deque, wakes nobody until it shows that there
//! is work for two:
//!
//! - something has been left behind by [`SUSTAINED`] picks in a row; or
//! - another joins it, in the same turn or in a later one; or
//! - the monitor, which looks once a millisecond or two, finds it behind a turn.
//!
//! The last is for turns that are long, and is all that a task in the next-slot has as well. Where
//! there is no monitor, nothing is left to it: the lone task wakes another at once.
//!
//! OTP does the same by a threshold of its own: a scheduler wakes another when work has piled up
//! for some time (`erl +swt`).

use super::{Local, Word};

/// How many tasks are picked with something left behind before another worker is woken: about what
/// it costs to wake one, if they are small.
const SUSTAINED: u32 = 16;

impl Local {
    /// Queues what was displaced from the next-slot; true: another worker is to be woken for it.
    pub(super) fn displace(&self, older: Word) -> bool {
        let lone = self.own.is_empty() && self.shared.pool.exists();
        self.push(older, false);
        if lone && self.left_behind.get() == 0 {
            self.left_behind.set(1);
        }
        !lone
    }

    /// A task was picked: if a lone one was left behind, whether it still is, and for how long.
    #[inline]
    pub(super) fn look_behind(&self) {
        if self.left_behind.get() != 0 {
            self.count_behind();
        }
    }

    #[cold]
    fn count_behind(&self) {
        let picks = self.left_behind.get();
        if self.own.is_empty() && !self.lane.has_next() {
            self.left_behind.set(0);
        } else if picks < SUSTAINED {
            self.left_behind.set(picks + 1);
        } else {
            self.left_behind.set(0);
            self.shared.wake_one();
        }
    }
}
