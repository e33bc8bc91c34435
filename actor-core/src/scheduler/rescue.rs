//! Who is stuck: a verdict from clocks that others read.
//!
//! Pure: the monitor tells what it sees and when, and how to learn more; nothing is asked that the
//! verdict does not need. The rule is in `RESCUE.md` beside this file.

use std::time::{Duration, Instant};

use crate::limits;

/// How much older a turn must be if nobody can tell what its thread does.
const BLIND: u32 = 10;

/// How a turn is stuck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stuck {
    /// It uses the processor.
    Computes,
    /// It sleeps in the system.
    Sleeps,
}

/// What to do about a turn.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing; it is new, or it has no processor to run on.
    Fine,
    /// It was seen before, and may be stuck soon.
    Watch,
    /// Rescue its seat.
    Stuck(Stuck),
}

/// A turn that was seen.
#[derive(Clone, Copy)]
struct Suspect {
    /// Which thread, and its turn's number.
    turn: (usize, usize),
    since: Instant,
    /// What its clock said then.
    used: Option<Duration>,
    /// A verdict was put off.
    spared: bool,
}

/// The turns seen at the last look, by seat.
pub(super) struct Suspects(Box<[Option<Suspect>]>);

/// What can be asked about a thread.
pub(super) trait Thread {
    /// The processor time that it has used.
    fn used(&self) -> Option<Duration>;
    /// Whether it sleeps in the system.
    fn sleeps(&self) -> Option<bool>;
}

impl Suspects {
    /// None, for so many seats.
    pub(super) fn new(seats: usize) -> Self {
        Self(vec![None; seats].into())
    }

    /// The seat's thread is in no turn.
    pub(super) fn clear(&mut self, seat: usize) {
        self.0[seat] = None;
    }

    /// The seat's thread is in this turn. `late`: the look itself came much later than planned.
    pub(super) fn look(
        &mut self,
        seat: usize,
        turn: (usize, usize),
        now: Instant,
        late: bool,
        thread: &impl Thread,
    ) -> Verdict {
        let before = self.0[seat].filter(|suspect| suspect.turn == turn);
        let used = thread.used();
        let Some(suspect) = before else {
            self.0[seat] = Some(Suspect { turn, since: now, used, spared: false });
            return Verdict::Fine;
        };
        let Some(how) = suspect.judge(now, used, thread) else { return Verdict::Watch };
        if late && !suspect.spared {
            // Whatever held us up may have been counted as the thread's own time.
            self.0[seat] = Some(Suspect { since: now, used, spared: true, ..suspect });
            return Verdict::Watch;
        }
        Verdict::Stuck(how)
    }
}

impl Suspect {
    fn judge(&self, now: Instant, used: Option<Duration>, thread: &impl Thread) -> Option<Stuck> {
        let age = now.saturating_duration_since(self.since);
        let blindly = |how| (age >= limits::STUCK * BLIND).then_some(how);
        let (Some(used), Some(before)) = (used, self.used) else {
            return blindly(Stuck::Computes);
        };
        if used.saturating_sub(before) >= limits::STUCK {
            return Some(Stuck::Computes);
        }
        if age < limits::STUCK {
            return None;
        }
        match thread.sleeps() {
            Some(sleeps) => sleeps.then_some(Stuck::Sleeps),
            None if used == before => blindly(Stuck::Sleeps),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// Milliseconds used, and whether it sleeps.
    struct Seen(Option<u32>, Option<bool>);

    impl Thread for Seen {
        fn used(&self) -> Option<Duration> {
            self.0.map(|used| used * MS)
        }

        fn sleeps(&self) -> Option<bool> {
            self.1
        }
    }

    /// Looks at one turn at these milliseconds; the verdicts.
    fn looks(seen: &[(u32, Seen)]) -> Vec<Verdict> {
        let mut suspects = Suspects::new(1);
        let begin = Instant::now();
        let look =
            |(at, thread): &(u32, Seen)| suspects.look(0, (0, 5), begin + *at * MS, false, thread);
        seen.iter().map(look).collect()
    }

    #[test]
    fn who_computes_for_a_millisecond_in_one_turn_is_stuck() {
        let verdicts = looks(&[
            (0, Seen(Some(40), Some(false))),
            (1, Seen(Some(40), Some(false))),
            (2, Seen(Some(41), Some(false))),
        ]);
        assert_eq!(verdicts, [Verdict::Fine, Verdict::Watch, Verdict::Stuck(Stuck::Computes)]);
    }

    #[test]
    fn who_sleeps_in_a_turn_is_stuck_and_who_waits_for_a_processor_is_not() {
        let waits = [(0, Seen(Some(1), None)), (500, Seen(Some(1), Some(false)))];
        assert_eq!(looks(&waits), [Verdict::Fine, Verdict::Watch]);
        let sleeps = [(0, Seen(Some(1), None)), (1, Seen(Some(1), Some(true)))];
        assert_eq!(looks(&sleeps), [Verdict::Fine, Verdict::Stuck(Stuck::Sleeps)]);
    }

    #[test]
    fn without_a_clock_the_wall_decides_and_later() {
        let blind = [(0, Seen(None, None)), (9, Seen(None, None)), (10, Seen(None, None))];
        let stuck = Verdict::Stuck(Stuck::Computes);
        assert_eq!(looks(&blind), [Verdict::Fine, Verdict::Watch, stuck]);
        let half = [(0, Seen(Some(1), None)), (9, Seen(Some(1), None)), (10, Seen(Some(1), None))];
        assert_eq!(looks(&half)[2], Verdict::Stuck(Stuck::Sleeps));
    }

    #[test]
    fn another_turn_or_another_thread_begins_anew() {
        let mut suspects = Suspects::new(1);
        let now = Instant::now();
        for (turn, used) in [((0, 1), 0), ((0, 2), 5), ((1, 2), 10), ((1, 3), 15)] {
            let seen = Seen(Some(used), Some(true));
            assert_eq!(suspects.look(0, turn, now, false, &seen), Verdict::Fine);
        }
        suspects.clear(0);
        let seen = Seen(Some(20), Some(true));
        assert_eq!(suspects.look(0, (1, 3), now, false, &seen), Verdict::Fine);
    }

    #[test]
    fn a_pause_of_the_machine_puts_a_verdict_off_once() {
        let mut suspects = Suspects::new(1);
        let begin = Instant::now();
        let mut look = |at: u32, used, late| {
            suspects.look(0, (0, 1), begin + at * MS, late, &Seen(Some(used), Some(false)))
        };
        assert_eq!(look(0, 0, false), Verdict::Fine);
        assert_eq!(look(900, 900, true), Verdict::Watch);
        assert_eq!(look(901, 901, true), Verdict::Stuck(Stuck::Computes));
    }
}
