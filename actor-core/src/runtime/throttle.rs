//! How often something is said: so many times a second, and then no more until the next, with a
//! count of what was left out. So a burst of crashes, or of mailboxes that overflow, costs a
//! counter each and never holds up the node by its reports.
//!
//! Seconds are counted from the runtime's start, and time is told, so that this is pure. One word
//! holds the second and how many came in it: a lost race is tried again, and nothing else is
//! written on the way.

use std::time::Duration;

use crate::sync::{AtomicU64, Ordering};

const SECOND: u64 = Duration::from_secs(1).as_nanos() as u64;
/// The count's bits; what is above them is the second.
const COUNT_BITS: u32 = 32;

/// See the module.
pub(super) struct Throttle {
    a_second: u32,
    /// The second, and how many came in it.
    word: AtomicU64,
    /// How many were left out and not told of.
    left_out: AtomicU64,
}

/// Whether something is to be said.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Admitted {
    /// Yes; so many were left out before.
    Yes { left_out: u64 },
    /// No; and it is the first that is not, so that may be said.
    First,
    /// No.
    No,
}

impl Throttle {
    pub(super) const fn new(a_second: u32) -> Self {
        Self { a_second, word: AtomicU64::new(0), left_out: AtomicU64::new(0) }
    }

    /// Something is to be said at this time, in nanoseconds.
    pub(super) fn admit(&self, now: u64) -> Admitted {
        let second = now / SECOND;
        let come = |word: u64| {
            let count = if word >> COUNT_BITS == second { word as u32 } else { 0 };
            // The last one that counts is the first that is left out.
            (count <= self.a_second).then_some(second << COUNT_BITS | u64::from(count + 1))
        };
        // Relaxed: numbers that nothing else hangs on.
        let before = self.word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, come);
        let is_in = |word: u64| come(word).is_some_and(|word| word as u32 <= self.a_second);
        match before {
            Ok(word) if is_in(word) => {
                Admitted::Yes { left_out: self.left_out.swap(0, Ordering::Relaxed) }
            }
            refused => {
                self.left_out.fetch_add(1, Ordering::Relaxed);
                if refused.is_ok() { Admitted::First } else { Admitted::No }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_said_in_a_second_and_the_rest_is_counted() {
        let throttle = Throttle::new(2);
        let yes = |left_out| Admitted::Yes { left_out };
        let said = |now| (0..5).map(|_| throttle.admit(now)).collect::<Vec<_>>();
        let all = [yes(0), yes(0), Admitted::First, Admitted::No, Admitted::No];
        assert_eq!(said(0), all);
        assert_eq!(throttle.admit(SECOND - 1), Admitted::No, "the second is not over");
        assert_eq!(throttle.admit(SECOND), yes(4));
        assert_eq!(throttle.admit(SECOND), yes(0));
        assert_eq!(throttle.admit(SECOND), Admitted::First);
        assert_eq!(throttle.admit(9 * SECOND), yes(1));
    }
}
