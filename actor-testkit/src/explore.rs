//! Runs a test under one schedule after the other.
//!
//! The first schedule is the oldest-first one, and it is run twice: if the two runs differ, the
//! test depends on something that the simulation does not control, no schedule of it can be
//! repeated, and that is the failure to report. The others come from seeds. The first failure ends
//! the test.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use actor_core::ExitReason;

use crate::choice::{Chooser, Strategy};
use crate::config::{Config, Leaks, Time};
use crate::diagnose;
use crate::kit::TestKit;
use crate::path::SpawnPath;
use crate::report::{Failure, FailureKind, Report};
use crate::rng;
use crate::simulation::{Quiet, Simulation};
use crate::tape::Tape;
use crate::trace::Trace;
use crate::verdict::{TestError, Verdict};
use crate::world::World;

/// How many steps the mail that is left at the end may take to be read.
const AFTERMATH: usize = 10_000;

/// What came of one schedule.
pub(crate) struct Outcome {
    pub(crate) kind: FailureKind,
    pub(crate) message: String,
    pub(crate) location: Option<String>,
}

impl Outcome {
    pub(crate) fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), location: None }
    }
}

/// Where the body leaves what it returned.
type Slot = Arc<Mutex<Option<Result<(), TestError>>>>;

/// One schedule that was run.
struct Run {
    schedule: usize,
    strategy: String,
    tape: Tape,
    trace: Trace,
    processes: Vec<(SpawnPath, &'static str)>,
    choices: usize,
    outcome: Result<(), Outcome>,
}

/// Runs a test and says how it went.
pub fn run<F, Fut>(config: &Config, body: F) -> Report
where
    F: Fn(TestKit) -> Fut,
    Fut: Future<Output: Verdict> + Send + 'static,
{
    let mut report = Report {
        name: config.name.clone(),
        schedules: 0,
        steps: 0,
        trace: Trace::default(),
        failure: None,
    };
    let count = if config.replay.is_some() { 1 } else { config.schedules };
    let mut length = 0;
    for k in 0..count {
        let mut run = run_schedule(config, k, length, &body);
        if k == 0 {
            length = run.choices;
            if run.outcome.is_ok() && config.replay.is_none() {
                let first = run.trace;
                run = run_schedule(config, k, length, &body);
                if let Some(outcome) = diagnose::divergence(&first, &mut run.trace) {
                    run.outcome = Err(outcome);
                }
            }
        }
        report.schedules += 1;
        report.steps += run.trace.steps.len();
        report.trace = run.trace.clone();
        if run.outcome.is_err() {
            report.failure = failure(config, count, run);
            break;
        }
    }
    report
}

/// The failure of a run, if it failed.
fn failure(config: &Config, of: usize, run: Run) -> Option<Failure> {
    let Outcome { kind, message, location } = run.outcome.err()?;
    let Run { schedule, strategy, tape, trace, processes, .. } = run;
    let seed = config.seed;
    Some(Failure { kind, message, location, schedule, of, strategy, seed, tape, trace, processes })
}

/// Runs the schedule with number `schedule`, of which about `length` choices are expected.
fn run_schedule<F, Fut>(config: &Config, schedule: usize, length: usize, body: &F) -> Run
where
    F: Fn(TestKit) -> Fut,
    Fut: Future<Output: Verdict> + Send + 'static,
{
    let number = schedule as u64;
    let seed = if schedule == 0 { config.seed } else { rng::hash(config.seed, [number]) };
    let strategy = match &config.replay {
        Some(tape) => Strategy::Replay(tape.clone()),
        None => Strategy::of_schedule(schedule),
    };
    let streams = config.replay.as_ref().and_then(Tape::streams).unwrap_or(seed);
    let words = strategy.to_string();
    let chooser = Chooser::new(strategy, seed, length);
    let simulation = Simulation::new(World::new(chooser, streams, config.time == Time::Auto));
    let outcome = drive(config, &simulation, body(TestKit::new(simulation.clone())));
    let processes = diagnose::cast(&simulation);
    simulation.close();
    simulation.with(|world| {
        let choices = world.chooser.choices();
        let tape = world.chooser.tape();
        let tape = if world.drawn { tape.with_streams(streams) } else { tape };
        let trace = std::mem::take(&mut world.trace);
        Run { schedule, strategy: words, tape, trace, processes, choices, outcome }
    })
}

/// Runs the body to its end, and looks at what it leaves behind.
fn drive<Fut>(config: &Config, simulation: &Arc<Simulation>, body: Fut) -> Result<(), Outcome>
where
    Fut: Future<Output: Verdict> + Send + 'static,
{
    let Some(driver) = simulation.driver() else { return Ok(()) };
    let slot = Slot::default();
    let (kit, result) = (TestKit::new(simulation.clone()), slot.clone());
    let spawned = driver.spawn_body(async move {
        let verdict = body.await.verdict();
        let passed = verdict.is_ok();
        *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(verdict);
        if passed {
            kit.stop_all().await;
        }
    });
    if let Err(error) = spawned {
        return Err(Outcome::new(FailureKind::Ended, format!("it could not be started: {error}")));
    }
    let reason = loop {
        if let Some(reason) = simulation.with(|world| world.identities.body()?.exited.clone()) {
            break reason;
        }
        if simulation.with(|world| world.trace.steps.len()) >= config.max_steps {
            return Err(diagnose::livelock(simulation, &driver, config.max_steps));
        }
        if !simulation.step(&driver) && simulation.quiet(&driver) == Quiet::Forever {
            return Err(diagnose::deadlock(simulation, &driver, config.time));
        }
    };
    let verdict = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    match verdict {
        Some(Ok(())) => {}
        Some(Err(error)) => {
            let kind = FailureKind::Error;
            return Err(Outcome { kind, message: error.message, location: error.location });
        }
        None => return Err(died(simulation, &reason)),
    }
    // What was under way when the body ended still arrives; time does not pass any more.
    let mut left = AFTERMATH;
    while left > 0 && simulation.step(&driver) {
        left -= 1;
    }
    match config.leaks {
        Leaks::Allow => Ok(()),
        Leaks::Deny => diagnose::leaks(simulation, &driver),
    }
}

/// Why the body ended before it returned.
fn died(simulation: &Simulation, reason: &ExitReason) -> Outcome {
    let ExitReason::Panic(panic) = reason else {
        return Outcome::new(FailureKind::Ended, format!("its exit reason is {reason}"));
    };
    // The testkit's own expectations know their place in the test better than the panic does.
    let blame = simulation.with(|world| world.blame.take());
    let location = match blame {
        Some((message, place)) if message == panic.message => Some(place),
        _ => panic.location.clone(),
    };
    Outcome { kind: FailureKind::Panic, message: panic.message.clone(), location }
}

/// Runs a test as `cargo test` wants it: with what the environment changes, and a panic that says
/// everything if it fails.
///
/// # Panics
/// If the test fails, or a variable of the environment cannot be read.
#[track_caller]
pub fn check<F, Fut>(config: Config, body: F)
where
    F: Fn(TestKit) -> Fut,
    Fut: Future<Output: Verdict> + Send + 'static,
{
    let config = match config.with_environment(|name| std::env::var(name).ok()) {
        Ok(config) => config,
        Err(why) => panic!("{why}"),
    };
    let report = run(&config, body);
    assert!(report.passed(), "{report}");
}
