//! What a test says when it is over.
//!
//! A passing test says how much it looked at. A failing one says, in this order: its name and what
//! failed, where; which schedule that was; the last steps before it; who is who; and one line that
//! repeats it. That line comes last because it is the one to copy.

use std::fmt;

use crate::path::SpawnPath;
use crate::tape::Tape;
use crate::trace::Trace;

/// How many steps before the failure are printed.
const TAIL: usize = 30;

/// The outcome of a test.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The name of the test, as `cargo test` filters it.
    pub name: String,
    /// How many schedules were run, the failing one included.
    pub schedules: usize,
    /// How many steps all of them took together.
    pub steps: usize,
    /// What happened in the last schedule that was run.
    pub trace: Trace,
    /// What went wrong, if anything did.
    pub failure: Option<Failure>,
}

/// What went wrong in a schedule.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Failure {
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// What the test, or the testkit, has to say about it.
    pub message: String,
    /// The place in the test's code, if one is known.
    pub location: Option<String>,
    /// The number of the schedule, from 0.
    pub schedule: usize,
    /// How many schedules there would have been.
    pub of: usize,
    /// How the schedule was made, in words.
    pub strategy: String,
    /// The seed from which all schedules of the test are made.
    pub seed: u64,
    /// The choices that lead here.
    pub tape: Tape,
    /// Everything that happened.
    pub trace: Trace,
    /// The processes that took part, and the names of their types, in the order of their paths.
    pub processes: Vec<(SpawnPath, &'static str)>,
}

/// The kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureKind {
    /// The test's body panicked, as a failed assertion does.
    Panic,
    /// The test's body returned an error.
    Error,
    /// The test's body was ended from outside, for instance by a link.
    Ended,
    /// The test's body waits, and nothing is left that could happen.
    Deadlock,
    /// The test took more steps than it may.
    Livelock,
    /// Something of the test was left at its end.
    Leak,
    /// The same schedule was run twice and went two ways.
    Nondeterminism,
}

impl FailureKind {
    /// What kind it is, in words.
    fn headline(self) -> &'static str {
        match self {
            Self::Panic => "the test panicked",
            Self::Error => "the test returned an error",
            Self::Ended => "the test's body was ended",
            Self::Deadlock => "deadlock",
            Self::Livelock => "livelock",
            Self::Leak => "leak",
            Self::Nondeterminism => "the test is not deterministic",
        }
    }
}

impl Report {
    /// Whether nothing went wrong.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failure.is_none()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.failure {
            Some(failure) => failure.write(&self.name, f),
            None => {
                let Self { name, schedules, steps, .. } = self;
                let average = *steps as f64 / (*schedules).max(1) as f64;
                write!(f, "{name}: {schedules} schedules, {average:.1} steps on average")
            }
        }
    }
}

impl Failure {
    /// The line that repeats the failure.
    #[must_use]
    pub fn replay_line(&self, name: &str) -> String {
        format!("replay: ACTOR_REPLAY={} cargo test {name}", self.tape)
    }

    /// The whole text.
    fn write(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "FAILED {name}: {}", self.kind.headline())?;
        self.message.trim_end().lines().try_for_each(|line| writeln!(f, "  {line}"))?;
        if let Some(location) = &self.location {
            writeln!(f, "  at {location}")?;
        }
        let (number, of, steps) = (self.schedule + 1, self.of, self.trace.steps.len());
        let (strategy, seed) = (&self.strategy, self.seed);
        writeln!(f, "schedule {number} of {of} ({strategy}, seed {seed:#x}), {steps} steps")?;
        f.write_str(&self.trace.tail(TAIL))?;
        f.write_str("processes:")?;
        for (index, (path, process)) in self.processes.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma} {path} = {process}")?;
        }
        write!(f, "\n{}", self.replay_line(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::tests::deliver;

    fn failing() -> Report {
        let trace = Trace { steps: vec![deliver(1, 2, "Deposit")] };
        let failure = Failure {
            kind: FailureKind::Panic,
            message: "left: 1\nright: 2".into(),
            location: Some("tests/bank.rs:7:5".into()),
            schedule: 2,
            of: 64,
            strategy: "random".into(),
            seed: 0x25,
            tape: Tape::new([0, 2, 1]),
            trace: trace.clone(),
            processes: vec![(SpawnPath::root(), "test"), (SpawnPath::root().child(1), "Bank")],
        };
        let name = "bank::it_adds_up".into();
        Report { name, schedules: 3, steps: 20, trace, failure: Some(failure) }
    }

    #[test]
    fn a_failure_says_what_where_which_schedule_and_how_to_repeat_it() {
        let text = "FAILED bank::it_adds_up: the test panicked\n  left: 1\n  right: 2\n  \
                    at tests/bank.rs:7:5\nschedule 3 of 64 (random, seed 0x25), 1 steps\n    \
                    1   root.1 -> root.2  Deposit\nprocesses: root = test, root.1 = Bank\n\
                    replay: ACTOR_REPLAY=t1:0.2.1 cargo test bank::it_adds_up";
        assert_eq!(failing().to_string(), text);
    }

    #[test]
    fn a_pass_says_how_much_was_looked_at() {
        let report = Report { failure: None, schedules: 64, steps: 640, ..failing() };
        assert!(report.passed());
        assert_eq!(report.to_string(), "bank::it_adds_up: 64 schedules, 10.0 steps on average");
    }
}
