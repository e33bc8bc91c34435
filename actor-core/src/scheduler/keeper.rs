//! Who of the sleepers keeps time.
//!
//! One sleeper, the keeper, sleeps no longer than until the earliest timer of all seats; the others
//! sleep without limit. `README.md` beside this file states the rules and why no timer is lost; the
//! fence names F4 and F5 are its own. Like `idle`, this file blocks nobody and knows no clock:
//! deadlines are microseconds from an origin that the caller chose.

use crossbeam_utils::CachePadded;

use crate::sync::{AtomicU64, Ordering, fence};

/// The deadline of a keeper that has no timer to wait for.
pub(super) const NEVER: u64 = (1 << (u64::BITS - Role::HOLDER_BITS)) - 1;

/// The role, and the count of timers armed from outside.
pub(super) struct Keeper {
    role: CachePadded<AtomicU64>,
    epoch: CachePadded<AtomicU64>,
}

/// Holder and deadline in one word, so that they change together. Only this type shifts bits.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Role(u64);

impl Role {
    /// Room for 1,024 holders and for none.
    const HOLDER_BITS: u32 = 11;
    const VACANT: Self = Self(0);

    fn new(holder: usize, until: u64) -> Self {
        Self(until.min(NEVER) << Self::HOLDER_BITS | (holder as u64 + 1))
    }

    fn holder(self) -> Option<usize> {
        (self.0 & ((1 << Self::HOLDER_BITS) - 1)).checked_sub(1).map(|holder| holder as usize)
    }

    fn until(self) -> u64 {
        self.0 >> Self::HOLDER_BITS
    }
}

impl Keeper {
    /// The role vacant.
    pub(super) fn new() -> Self {
        Self {
            role: CachePadded::new(AtomicU64::new(Role::VACANT.0)),
            epoch: CachePadded::new(AtomicU64::new(0)),
        }
    }

    /// To be read before the tick whose answer a sleep relies on.
    pub(super) fn epoch(&self) -> u64 {
        // Acquire pairs with `changed`: the tick that follows sees the timers armed up to this
        // count.
        self.epoch.load(Ordering::Acquire)
    }

    /// A sleeper offers to keep time until `until`; true if it now does. It takes the role when
    /// that is vacant or when it would wake earlier than the holder.
    #[must_use]
    pub(super) fn take(&self, worker: usize, until: u64) -> bool {
        let mine = Role::new(worker, until);
        // Relaxed: the word stands for itself. What it must be ordered with, the epoch, is ordered
        // by F4 and F5.
        let mut role = Role(self.role.load(Ordering::Relaxed));
        loop {
            if role.holder().is_some_and(|holder| holder != worker && role.until() <= mine.until())
            {
                return false;
            }
            let swap = self.role.compare_exchange_weak(
                role.0,
                mine.0,
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
            match swap {
                Ok(_) => return true,
                Err(now) => role = Role(now),
            }
        }
    }

    /// Whether a timer was armed from outside since `epoch` was read. To be asked after `take`,
    /// before blocking.
    pub(super) fn changed_since(&self, epoch: u64) -> bool {
        // F5: either we see the new count, or who armed the timer sees that we hold the role.
        fence(Ordering::SeqCst);
        self.epoch.load(Ordering::Acquire) != epoch
    }

    /// The worker no longer sleeps. Does nothing if another has taken the role from it.
    pub(super) fn leave(&self, worker: usize) {
        let role = Role(self.role.load(Ordering::Relaxed));
        if role.holder() == Some(worker) {
            // A failure means that an earlier sleeper has taken over: nobody else writes our name.
            let _ = self.role.compare_exchange(
                role.0,
                Role::VACANT.0,
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
        }
    }

    /// An earlier timer was armed from outside: the worker to unpark, if one sleeps by a deadline
    /// that may be late.
    #[must_use]
    pub(super) fn changed(&self) -> Option<usize> {
        // Release publishes the armed timer to the next `epoch` or `changed_since`.
        self.epoch.fetch_add(1, Ordering::Release);
        // F4: see F5.
        fence(Ordering::SeqCst);
        self.holder()
    }

    /// Who keeps time; a glance, where nothing depends on it.
    pub(super) fn holder(&self) -> Option<usize> {
        Role(self.role.load(Ordering::Relaxed)).holder()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_role_goes_to_the_first_and_then_to_an_earlier_sleeper() {
        let keeper = Keeper::new();
        assert_eq!(keeper.changed(), None);
        assert!(keeper.take(1023, NEVER));
        assert!(!keeper.take(0, NEVER), "no later deadline displaces");
        assert!(keeper.take(0, 7));
        assert_eq!(keeper.changed(), Some(0));
        keeper.leave(1023);
        assert_eq!(keeper.holder(), Some(0), "a displaced keeper cannot vacate");
        keeper.leave(0);
        assert_eq!(keeper.holder(), None);
    }

    #[test]
    fn a_timer_armed_from_outside_is_noticed() {
        let keeper = Keeper::new();
        let epoch = keeper.epoch();
        assert!(!keeper.changed_since(epoch));
        assert_eq!(keeper.changed(), None);
        assert!(keeper.changed_since(epoch));
    }

    #[test]
    fn deadlines_beyond_the_word_mean_never() {
        let keeper = Keeper::new();
        assert!(keeper.take(0, u64::MAX));
        assert!(keeper.take(1, NEVER - 1));
    }
}
