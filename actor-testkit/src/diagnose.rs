//! Says what is wrong with a schedule that cannot end, does not end, leaves something behind, or
//! cannot be repeated.

use actor_core::sim::{Driver, ProcessInfo};

use crate::config::Time;
use crate::explore::Outcome;
use crate::path::SpawnPath;
use crate::report::FailureKind;
use crate::simulation::Simulation;
use crate::trace::{Action, Sender, Trace};
use crate::world::World;

/// Everybody who took part, in the order of the paths.
pub(crate) fn cast(simulation: &Simulation) -> Vec<(SpawnPath, &'static str)> {
    let mut cast: Vec<(SpawnPath, &'static str)> = simulation.with(|world| {
        world.identities.all().iter().map(|one| (one.path.clone(), one.name)).collect()
    });
    cast.sort();
    cast
}

/// The body waits and nothing can happen: who waits, and what they last got and sent.
pub(crate) fn deadlock(simulation: &Simulation, driver: &Driver, time: Time) -> Outcome {
    let (processes, timers) = (driver.processes(), driver.timers_armed());
    let mut text = String::from("the test waits, and nothing is left that could happen\n");
    text.push_str(&waiting(simulation, &processes));
    if time == Time::Manual && timers > 0 {
        let are = if timers == 1 { "timer is" } else { "timers are" };
        text.push_str(&format!(
            "{timers} {are} armed, but time is manual: `t.advance(..)` lets it pass\n"
        ));
    }
    Outcome::new(FailureKind::Deadlock, text)
}

/// The schedule took too many steps: who is busy, and with what.
pub(crate) fn livelock(simulation: &Simulation, driver: &Driver, max_steps: usize) -> Outcome {
    let processes = driver.processes();
    let mut text = format!("the test is not over after {max_steps} steps\n");
    let repeating = simulation.with(|world| period(&world.trace));
    if let Some(period) = repeating {
        text.push_str(&format!("the last {period} steps repeat those before them\n"));
    }
    text.push_str(&waiting(simulation, &processes));
    Outcome::new(FailureKind::Livelock, text)
}

/// The length of the shortest suffix that comes three times in a row, if there is one.
fn period(trace: &Trace) -> Option<usize> {
    let actions: Vec<&Action> = trace.steps.iter().map(|step| &step.action).rev().collect();
    (1..=100.min(actions.len() / 3)).find(|&length| {
        actions[..2 * length].iter().zip(&actions[length..3 * length]).all(|(a, b)| a == b)
    })
}

/// One line for each process that is in the midst of something.
fn waiting(simulation: &Simulation, processes: &[ProcessInfo]) -> String {
    let mut lines: Vec<(SpawnPath, String)> = simulation.with(|world| {
        let pending =
            processes.iter().filter(|info| info.pending || info.held || info.mailbox_len > 0);
        pending.map(|info| line(world, info)).collect()
    });
    lines.sort();
    lines.into_iter().map(|(_, line)| line).collect()
}

/// What a process last got and sent.
fn line(world: &mut World, info: &ProcessInfo) -> (SpawnPath, String) {
    let path = world.identities.path(info.pid);
    let state = match (info.pending, info.held) {
        (true, _) => "waits",
        (false, true) => "is held, because it has overfilled a mailbox",
        (false, false) => "does not wait",
    };
    let mut line = format!("{path} ({}) {state}", info.name);
    let deliveries = || {
        world.trace.steps.iter().rev().filter_map(|step| match &step.action {
            Action::Deliver { from, to, label } => Some((from, to, label)),
            _ => None,
        })
    };
    if let Some((from, _, label)) = deliveries().find(|(_, to, _)| **to == path) {
        line.push_str(&format!("; it last got {label} from {from}"));
    }
    let sent = deliveries().find(|(from, ..)| **from == Sender::Process(path.clone()));
    if let Some((_, to, label)) = sent {
        line.push_str(&format!("; it last sent {label} to {to}"));
    }
    if info.mailbox_len > 0 {
        line.push_str(&format!("; {} in its inbox", info.mailbox_len));
    }
    line.push('\n');
    (path, line)
}

/// What a test left behind that passed otherwise.
pub(crate) fn leaks(simulation: &Simulation, driver: &Driver) -> Result<(), Outcome> {
    let (processes, timers, mut names) =
        (driver.processes(), driver.timers_armed(), driver.names());
    let mut text = String::new();
    let mut alive: Vec<(SpawnPath, &str)> = simulation.with(|world| {
        let alive = processes.iter().map(|info| (world.identities.path(info.pid), info.name));
        alive.filter(|(path, _)| !path.is_root()).collect()
    });
    alive.sort();
    for (path, name) in alive {
        text.push_str(&format!("{path} ({name}) is still alive\n"));
    }
    if timers > 0 {
        text.push_str(&format!("timers that are still armed: {timers}\n"));
    }
    names.sort();
    if !names.is_empty() {
        text.push_str(&format!("names that are still registered: {}\n", names.join(", ")));
    }
    if text.is_empty() {
        return Ok(());
    }
    text.insert_str(0, "after the test had stopped what it started, this was left:\n");
    Err(Outcome::new(FailureKind::Leak, text))
}

/// Compares two runs of the first schedule. If they differ, the second is cut off behind the first
/// difference.
pub(crate) fn divergence(first: &Trace, again: &mut Trace) -> Option<Outcome> {
    let at = first.divergence(again)?;
    let describe = |trace: &Trace| match trace.steps.get(at) {
        Some(step) => step.to_string(),
        None => "nothing: the run was over".into(),
    };
    let message = format!(
        "the same schedule was run twice, and the runs differ from step {} on\n\
         the first run:  {}\nthe second run: {}\n\
         the steps before it are the same in both; suspect what they do that is not the same \
         each time:\nthe order of a HashMap or HashSet, a clock other than the context's, \
         a random number not from the context, a thread, a static",
        at + 1,
        describe(first),
        describe(again)
    );
    again.steps.truncate(at + 1);
    Some(Outcome::new(FailureKind::Nondeterminism, message))
}
