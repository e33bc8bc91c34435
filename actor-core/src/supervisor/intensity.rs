//! The restart window: how many restarts a supervisor may make in how much time.
//!
//! Counted as OTP counts: each restart pushes the current monotonic time, cut to whole seconds;
//! entries older than `now - period` fall out; if more than `intensity` are left, it gives up. So
//! `intensity` restarts are allowed and the next one gives up; an intensity of 0 gives up at the
//! first. Because of the cut, two restarts closer than `period` always share a window, two that
//! are a second further apart never do, and between the two it depends on the phase.
//!
//! A period that is no whole number of seconds cannot be said in OTP. It is counted to the
//! nanosecond, in the same way.
//!
//! Time is an argument: the window knows no clock.

use std::{collections::VecDeque, time::Duration};

/// What a supervisor may do after one more restart was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Verdict {
    /// Restart.
    Restart,
    /// Too many in too short a time: stop the others and exit.
    GiveUp,
}

/// The restarts that still count. Holds at most `intensity + 1` entries, and, of a period in whole
/// seconds, one a second.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    intensity: usize,
    period: Duration,
    /// When how many were made, by ticks.
    restarts: VecDeque<(Duration, usize)>,
    count: usize,
}

impl Window {
    /// An empty window: `intensity` restarts within `period`.
    pub(crate) fn new(intensity: u32, period: Duration) -> Self {
        let intensity = usize::try_from(intensity).unwrap_or(usize::MAX);
        Self { intensity, period, restarts: VecDeque::new(), count: 0 }
    }

    /// Counts one restart at `now`: the time since any fixed moment, never less than at the call
    /// before.
    pub(crate) fn record(&mut self, now: Duration) -> Verdict {
        let now = self.tick(now);
        // Without a full period behind us nothing is old enough to fall out.
        if let Some(oldest) = now.checked_sub(self.period) {
            while let Some((_, count)) = self.restarts.pop_front_if(|(at, _)| *at < oldest) {
                self.count -= count;
            }
        }
        self.count += 1;
        match self.restarts.back_mut() {
            Some((at, count)) if *at == now => *count += 1,
            _ => self.restarts.push_back((now, 1)),
        }
        if self.count > self.intensity { Verdict::GiveUp } else { Verdict::Restart }
    }

    /// How many restarts were in the window when the last one was counted.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    fn tick(&self, now: Duration) -> Duration {
        if self.period.subsec_nanos() == 0 { Duration::from_secs(now.as_secs()) } else { now }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn verdicts(intensity: u32, period: Duration, millis: &[u64]) -> Vec<Verdict> {
        let mut window = Window::new(intensity, period);
        millis.iter().map(|at| window.record(Duration::from_millis(*at))).collect()
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn intensity_restarts_are_allowed_and_the_next_gives_up() {
        use Verdict::{GiveUp, Restart};
        assert_eq!(verdicts(0, SECOND, &[0]), [GiveUp]);
        assert_eq!(verdicts(1, SECOND, &[0, 0]), [Restart, GiveUp]);
        assert_eq!(verdicts(3, SECOND, &[0, 1, 2, 3]), [Restart, Restart, Restart, GiveUp]);
    }

    #[test]
    fn between_one_period_and_a_second_more_the_phase_decides() {
        use Verdict::{GiveUp, Restart};
        let five = 5 * SECOND;
        // 5.9 s apart both times; only the cut to whole seconds differs.
        assert_eq!(verdicts(1, five, &[0, 5_900]), [Restart, GiveUp]);
        assert_eq!(verdicts(1, five, &[999, 6_899]), [Restart, Restart]);
        // OTP keeps an entry that is exactly a period old.
        assert_eq!(verdicts(1, five, &[0, 5_000]), [Restart, GiveUp]);
    }

    #[test]
    fn a_period_of_less_than_a_second_is_counted_exactly() {
        use Verdict::{GiveUp, Restart};
        let half = Duration::from_millis(500);
        assert_eq!(verdicts(1, half, &[900, 1_401]), [Restart, Restart]);
        assert_eq!(verdicts(1, half, &[900, 1_400]), [Restart, GiveUp]);
    }

    /// OTP's rule word for word: newest first, `takewhile(R >= Now - Period)`, then the length.
    fn as_otp_says(log: &mut Vec<i64>, intensity: u32, period: u64, millis: u64) -> Verdict {
        let now = (millis / 1_000) as i64;
        log.insert(0, now);
        let kept = log.iter().take_while(|at| **at >= now - period as i64).count();
        log.truncate(kept);
        if kept > intensity as usize { Verdict::GiveUp } else { Verdict::Restart }
    }

    proptest! {
        #[test]
        fn the_window_is_otps(
            intensity in 0u32..5,
            period in 1u64..6,
            gaps in prop::collection::vec(0u64..4_000, 1..40),
        ) {
            let mut window = Window::new(intensity, Duration::from_secs(period));
            let (mut log, mut now) = (Vec::new(), 0);
            for gap in gaps {
                now += gap;
                let expected = as_otp_says(&mut log, intensity, period, now);
                prop_assert_eq!(window.record(Duration::from_millis(now)), expected);
                prop_assert_eq!(window.count(), log.len());
                if expected == Verdict::GiveUp {
                    break;
                }
            }
        }

        #[test]
        fn restarts_closer_than_the_period_always_share_a_window(
            start in 0u64..10_000, period in 1u64..6, share in 0.0f64..1.0,
        ) {
            let gap = (share * period as f64 * 1_000.0) as u64;
            let times = [start, start + gap];
            let verdicts = verdicts(1, Duration::from_secs(period), &times);
            prop_assert_eq!(verdicts[1], Verdict::GiveUp);
        }

        #[test]
        fn restarts_a_second_and_a_period_apart_never_share_a_window(
            start in 0u64..10_000, period in 1u64..6, more in 0u64..10_000,
        ) {
            let times = [start, start + (period + 1) * 1_000 + more];
            let verdicts = verdicts(1, Duration::from_secs(period), &times);
            prop_assert_eq!(verdicts[1], Verdict::Restart);
        }
    }
}
