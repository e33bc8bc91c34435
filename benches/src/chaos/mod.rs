//! `chaos SECONDS [--round S] [--workers W]`: all that can happen to processes, at once, for as
//! long as one likes. It asserts, and fails by itself.
//!
//! Time is cut in rounds. In each of them processes are born, linked, watched, called, killed and
//! crashed; some compute or block without end; some hold names, groups, keys and tables; timers are
//! armed and taken back; a tree is restarted at all its levels; a mailbox is flooded; a hundred
//! thousand come and go; plain threads do all of that from outside, and some of them for a moment
//! only; a runtime is built and dropped with what lives in it. Then comes the *ebb*: all of it is
//! ended, and what is counted must balance: no process, no timer, no name, no member, no key is
//! left, each state was dropped once, each monitor brought its DOWN, each call ended once, no cast
//! that was accepted was lost.
//!
//! A line for each ebb: the figures at the flood (the most that were seen) and at the ebb. In the
//! end memory must have stayed flat, both what is allocated at the ebbs and what is resident
//! ([`verdict`]). Messages' blocks come from pages of the pool's own and are in the second figure
//! alone. It holds the allocator's share as well: see "Chaos" in this package's `README.md`.

mod books;
mod flies;
mod flood;
mod hogs;
mod keeper;
mod outside;
mod round;
mod tree;
mod verdict;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use actor_core::Runtime;

use round::Flood;

/// What was asked for.
struct Options {
    time: Duration,
    round: Duration,
    workers: Option<usize>,
}

impl Options {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let number = |text: Option<String>| {
            let text = text.ok_or("a number is missing")?;
            text.parse::<u64>().map_err(|_| format!("{text:?} is not a number"))
        };
        let time = Duration::from_secs(number(arguments.next())?);
        let mut options = Self { time, round: Duration::from_secs(20), workers: None };
        while let Some(key) = arguments.next() {
            let value = number(arguments.next())?;
            match key.as_str() {
                "--round" => options.round = Duration::from_secs(value.max(1)),
                "--workers" => options.workers = Some(value as usize),
                _ => return Err(format!("{key:?} is no option")),
            }
        }
        Ok(options)
    }
}

/// Runs rounds until the time is up; fails at the first count that is off. `allocated` says how
/// many bytes are.
pub fn chaos(allocated: fn() -> u64) -> ExitCode {
    let done =
        Options::parse(std::env::args().skip(1)).and_then(|options| run(&options, allocated));
    match done {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("chaos: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options, allocated: fn() -> u64) -> Result<String, String> {
    // Crashes are reported to the program's subscriber, and this one drops what it gets.
    let _ = tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::new());
    let builder = Runtime::builder().name(round::RUNTIME);
    let builder = match options.workers {
        Some(workers) => builder.workers(workers),
        None => builder,
    };
    let rt = builder.build().map_err(|error| error.to_string())?;
    let (begin, mut ebbs) = (Instant::now(), Vec::new());
    let mut total = books::Totals::default();
    while ebbs.is_empty() || begin.elapsed() < options.time {
        let number = ebbs.len() as u64;
        let Flood { most, ebb, totals } = round::round(&rt, number, options.round, allocated)
            .map_err(|error| format!("round {number}: {error}"))?;
        println!("t={:.0} round={number} flood: {most} ebb: {ebb} {totals}", seconds(begin));
        total.add(&totals);
        ebbs.push(ebb);
    }
    rt.shutdown().map_err(|error| error.to_string())?;
    let allocated: Vec<u64> = ebbs.iter().map(|ebb| ebb.allocated).collect();
    let resident: Vec<u64> = ebbs.iter().map(|ebb| ebb.resident).collect();
    let memory = [verdict::allocated(&allocated)?, verdict::resident(&resident)?].join(", ");
    Ok(format!("chaos: {} rounds in {:.0} s, {memory}; {total}", ebbs.len(), seconds(begin)))
}

fn seconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64()
}
