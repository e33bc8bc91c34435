//! What happened, step by step.
//!
//! A trace holds everything that the simulation decided in one schedule, in names that do not
//! change from run to run: paths, not pids; labels, not contents; virtual time. Two runs of the
//! same schedule are compared by their traces, and the end of a failing one is printed.

use std::fmt;
use std::time::Duration;

use crate::path::SpawnPath;

/// One step of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was done.
    pub action: Action,
    /// Since the start of the test, in virtual time.
    pub at: Duration,
    /// Whether something older could have been done instead.
    pub overtakes: bool,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// A message or a signal reaches a process, which then takes one turn.
    Deliver {
        /// Who sent it.
        from: Sender,
        /// Who gets it.
        to: SpawnPath,
        /// The name of the message or signal.
        label: &'static str,
    },
    /// A process goes on: it starts, it goes on after an `.await`, or has more mail.
    Run {
        /// Which process.
        process: SpawnPath,
    },
    /// Time has come for some timers. What they send is delivered by steps of its own.
    Fire {
        /// How many timers.
        timers: usize,
    },
}

/// Where a message came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sender {
    /// A process.
    Process(SpawnPath),
    /// A timer of the receiver.
    Timer,
    /// No process: code that runs outside of any.
    Outside,
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process(path) => path.fmt(f),
            Self::Timer => f.write_str("timer"),
            Self::Outside => f.write_str("outside"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.action {
            Action::Deliver { from, to, label } => write!(f, "{from} -> {to}  {label}"),
            Action::Run { process } => write!(f, "{process}  runs"),
            Action::Fire { timers: 1 } => write!(f, "a timer fires at {:?}", self.at),
            Action::Fire { timers } => write!(f, "{timers} timers fire at {:?}", self.at),
        }
    }
}

/// The steps of one schedule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// In the order in which they happened.
    pub steps: Vec<Step>,
}

impl Trace {
    /// The last `count` steps, a line each: its number, a `*` if it overtakes something older, and
    /// what happened.
    #[must_use]
    pub fn tail(&self, count: usize) -> String {
        let skip = self.steps.len().saturating_sub(count);
        let mut text = String::new();
        if skip > 0 {
            text.push_str(&format!("     (the first {skip} steps are left out)\n"));
        }
        for (index, step) in self.steps.iter().enumerate().skip(skip) {
            let mark = if step.overtakes { '*' } else { ' ' };
            text.push_str(&format!("{:>5} {mark} {step}\n", index + 1));
        }
        text
    }

    /// The first step, counted from 0, at which two traces differ.
    #[must_use]
    pub fn divergence(&self, other: &Self) -> Option<usize> {
        let same = self.steps.iter().zip(&other.steps).take_while(|(a, b)| a == b).count();
        (same < self.steps.len().max(other.steps.len())).then_some(same)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A step in which `from` sends `label` to `to`, children of the root.
    pub(crate) fn deliver(from: u32, to: u32, label: &'static str) -> Step {
        let (from, to) = (SpawnPath::root().child(from), SpawnPath::root().child(to));
        let action = Action::Deliver { from: Sender::Process(from), to, label };
        Step { action, at: Duration::ZERO, overtakes: false }
    }

    #[test]
    fn the_end_of_a_trace_reads_as_a_list_of_deliveries() {
        let mut trace = Trace { steps: vec![deliver(1, 2, "Get"); 3] };
        trace.steps[2].overtakes = true;
        trace.steps.push(Step { action: Action::Fire { timers: 2 }, ..trace.steps[0].clone() });
        let text = "     (the first 2 steps are left out)\n    \
                    3 * root.1 -> root.2  Get\n    \
                    4   2 timers fire at 0ns\n";
        assert_eq!(trace.tail(2), text);
    }

    #[test]
    fn two_traces_diverge_where_they_first_differ() {
        let one = Trace { steps: vec![deliver(1, 2, "Get"), deliver(1, 2, "Put")] };
        let mut other = one.clone();
        assert_eq!(one.divergence(&other), None);
        other.steps[1] = deliver(2, 1, "Put");
        assert_eq!(one.divergence(&other), Some(1));
        other.steps.truncate(1);
        assert_eq!((one.divergence(&other), other.divergence(&one)), (Some(1), Some(1)));
    }
}
