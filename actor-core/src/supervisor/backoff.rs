//! How long a supervisor waits before it starts a child again; pure.
//!
//! OTP restarts at once, and so does a child here that says nothing. One with a [`Backoff`] waits,
//! longer each time, so that what it needs (a disk, a server) has time to come back.
//!
//! Time and chance are arguments.

use std::{fmt, time::Duration};

/// The waits before a child is started again: from `first`, twice as long each time, to `longest`,
/// and of each of them a random part between a half and the whole, so that children that ended
/// together do not come back together. [`ChildSpec::backoff`](super::ChildSpec::backoff) says what
/// happens meanwhile.
///
/// ```
/// use std::time::Duration;
/// use actor_core::supervisor::Backoff;
/// let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(30));
/// assert_eq!(backoff.to_string(), "100ms..30s");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
}

impl Backoff {
    /// Waits from `first` to `longest`. A spec is refused if `first` is zero or more than
    /// `longest`. The [type's example](Self) uses it.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }

    /// Whether it can be waited for.
    pub(super) fn is_sound(self) -> bool {
        !self.first.is_zero() && self.first <= self.longest
    }

    /// The wait before attempt number `attempt`, from 0, with a random word.
    pub(super) fn wait(self, attempt: u32, random: u64) -> Duration {
        let times = 2u32.saturating_pow(attempt);
        let whole = self.first.checked_mul(times).unwrap_or(self.longest).min(self.longest);
        let half = u64::try_from((whole / 2).as_nanos()).unwrap_or(u64::MAX - 1);
        whole - Duration::from_nanos(random % (half + 1))
    }

    /// A child that ran for so long is well again: its next wait is the first.
    pub(super) fn is_over(self, ran: Duration) -> bool {
        ran >= self.longest
    }
}

impl fmt::Display for Backoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}..{:?}", self.first, self.longest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_is_between_half_and_all_of_what_doubles_up_to_the_longest(
            first in 1u64..10_000, more in 0u64..1_000_000, attempt in 0u32..100, random: u64,
        ) {
            let (first, longest) = (Duration::from_micros(first), first + more);
            let longest = Duration::from_micros(longest);
            let whole = (0..attempt).fold(first, |wait, _| (2 * wait).min(longest));
            let wait = Backoff::new(first, longest).wait(attempt, random);
            prop_assert!(whole / 2 <= wait && wait <= whole, "{wait:?} of {whole:?}");
        }
    }

    #[test]
    fn even_the_longest_time_there_is_can_be_waited_for() {
        let backoff = Backoff::new(Duration::MAX, Duration::MAX);
        assert!(backoff.wait(7, u64::MAX) >= Duration::MAX / 2);
    }
}
