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
//! - the monitor, which looks once a millisecond or two, finds it behind a turn that goes on.
//!
//! The last is for turns that are long, and is all that a task in the next-slot has as well. Where
//! turns are long, such a task had better not wait: each time that the monitor finds one, the next
//! [`HURRIED`] of that thread wake another worker at once. Where there is no monitor, all do.
//!
//! OTP does the same by a threshold of its own: a scheduler wakes another when work has piled up
//! for some time (`erl +swt`).

use super::{Local, Word};
use crate::sync::{AtomicU32, Ordering};

/// How many tasks are picked with something left behind before another worker is woken: about what
/// it costs to wake one, if they are small.
const SUSTAINED: u32 = 16;

/// How many lone tasks are not left behind after one was found behind a turn.
const HURRIED: u32 = 256;

/// Whether a thread may leave lone tasks behind.
pub(in crate::scheduler) struct Patience {
    /// How many may not be.
    hurried: AtomicU32,
}

impl Patience {
    pub(in crate::scheduler) fn new() -> Self {
        Self { hurried: AtomicU32::new(0) }
    }

    /// Monitor: one was found behind a turn.
    pub(in crate::scheduler) fn ends(&self) {
        // Relaxed, here and below: a hint. If it crosses with the owner's, one of the two is lost.
        self.hurried.store(HURRIED, Ordering::Relaxed);
    }

    /// Owner: whether the next lone task may be left behind.
    fn lasts(&self) -> bool {
        let hurried = self.hurried.load(Ordering::Relaxed);
        if hurried > 0 {
            self.hurried.store(hurried - 1, Ordering::Relaxed);
        }
        hurried == 0
    }
}

impl Local {
    /// Queues what was displaced from the next-slot; true: another worker is to be woken for it.
    pub(super) fn displace(&self, older: Word) -> bool {
        let lone = self.own.is_empty() && self.shared.pool.exists();
        let waits = lone && self.lane.patience.lasts();
        self.push(older, false);
        if waits && self.left_behind.get() == 0 {
            self.left_behind.set(1);
        }
        !waits
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

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn after_one_was_found_behind_a_turn_many_do_not_wait() {
        let patience = Patience::new();
        assert!(patience.lasts() && patience.lasts());
        patience.ends();
        assert!((0..HURRIED).all(|_| !patience.lasts()));
        assert!(patience.lasts() && patience.lasts());
    }
}
