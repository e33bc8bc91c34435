//! Seats that are out of use for now: BEAM's `schedulers_online`.
//!
//! A scheduler has as many seats as it was started with, and the first so many of them are online.
//! The thread of another gives its tasks to all, and sleeps apart from the idle ones: it is in no
//! queue of sleepers, keeps no time and searches for nothing. It learns of it between two turns.
//!
//! One that sleeps when its seat goes offline sleeps on among the idle, so it may still be woken
//! for a task, or keep time. Nothing is lost by that: whoever goes offline has stopped to search
//! and to keep time, and then wakes another ([`Shared::wake_one`]) as if it had just queued a task:
//! that one searches, and looks at the timers before it sleeps. If the other is to go offline as
//! well it does the same. There is always one that is online: if nobody sleeps, it is awake, and
//! does both before it sleeps itself. If its announcement and the wake cross, F1 and F2
//! (`../README.md`) decide: either it is woken, or it sees what was left.

use super::{Hooks, Local, Ordering, Shared, Task, os_thread};

impl Shared {
    /// How many seats are online, from the first on.
    pub(in crate::scheduler) fn online(&self) -> usize {
        // Relaxed: a wish. What a thread does about it is ordered by the queues.
        self.online.load(Ordering::Relaxed)
    }

    /// Says how many seats are online; answers how many were. `seats` is at least 1, and at most as
    /// many as there are.
    pub(in crate::scheduler) fn set_online(&self, seats: usize) -> usize {
        let before = self.online.swap(seats, Ordering::Relaxed);
        // The unpark orders the store before the sleeper's next look.
        (before..seats).for_each(|seat| self.unpark(seat));
        before
    }
}

impl Local {
    /// Whether the thread's seat is out of use.
    #[inline]
    pub(super) fn is_offline(&self) -> bool {
        self.seat.get() >= self.shared.online()
    }

    /// Sleeps until the seat is online again, or the scheduler stops.
    #[cold]
    pub(super) fn rest<T: Task, H: Hooks<T>>(&self, hooks: &H) {
        self.give_away();
        if self.searching.take() {
            // The wake below looks no less than a last searcher would.
            let _ = self.shared.idle.end_search();
        }
        self.shared.wake_one();
        hooks.resting(self.seat.get());
        while self.is_offline() && !self.shared.is_stopping() {
            os_thread::park();
        }
    }

    /// Gives all that is queued here to everybody.
    fn give_away(&self) {
        let woken = self.lane.take_next().into_iter();
        let woken = woken.chain(std::iter::from_fn(|| self.own.pop_woken()));
        for word in woken.chain(std::iter::from_fn(|| self.own.pop_expired())) {
            self.shared.inject(word, crate::priority::Priority::Normal);
        }
    }
}
