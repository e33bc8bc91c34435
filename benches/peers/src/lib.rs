//! The same workloads on other actor libraries, and on bare tokio, each as its own documentation
//! would have it written. What is measured, and how, is shared with our side: `measure` and `ticks`
//! are the very files.
//!
//! What each workload is, and what the peers' differ in, is told in `benches/README.md`.

mod actix;
mod kameo;
#[allow(dead_code, reason = "shared with our side, which uses all of it")]
#[path = "../../src/measure.rs"]
mod measure;
mod on_tokio;
mod ractor;
#[allow(dead_code, reason = "shared with our side, which uses all of it")]
#[path = "../../src/ticks.rs"]
mod ticks;
mod tokio;

use std::process::ExitCode;

use measure::{Line, Run};

/// What runs one.
type Workload = fn(&Run) -> Line;

/// A peer's name and its workloads.
type Peer = (&'static str, &'static [(&'static str, Workload)]);

const PEERS: &[Peer] = &[
    ("tokio", tokio::WORKLOADS),
    ("ractor", ractor::WORKLOADS),
    ("kameo", kameo::WORKLOADS),
    ("actix", actix::WORKLOADS),
];

/// Runs what the command line says and prints its line; `suffix` says what is special to this
/// program.
pub fn main(suffix: &str) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let name = arguments.first().map_or("", String::as_str);
    let Some((name, workloads)) = PEERS.iter().find(|(known, _)| *known == name) else {
        eprintln!("usage: peer PEER WORKLOAD N, where PEER is tokio, ractor, kameo or actix");
        return ExitCode::from(2);
    };
    let run = match Run::parse(&format!("{name}{suffix}"), &arguments[1..]) {
        Ok(run) => run,
        Err(error) => {
            eprintln!("peer: {error}");
            return ExitCode::from(2);
        }
    };
    let found = workloads.iter().find(|(known, _)| *known == run.name);
    println!("{}", found.map_or_else(|| run.no_such_feature(), |(_, go)| go(&run).text(&run)));
    // Taking down what is alive is no part of any workload.
    ExitCode::SUCCESS
}

/// Processes crash by the thousand in some workloads: nothing is printed of it.
fn silence_panics() {
    std::panic::set_hook(Box::new(|_| {}));
}

/// A hog of `fair_cpu`: computes, and never gives way.
fn compute_for_ever() -> ! {
    let mut random = measure::Rng::new(42);
    loop {
        random.compute(1_000_000);
    }
}

/// The names of `registry_lookup` and `registry_register`.
fn names(of: &str) -> Vec<String> {
    (0..NAMES).map(|i| format!("{of}-{i}")).collect()
}

const NAMES: usize = 1000;
const RING: usize = 503;
const SENDERS: u64 = 100;
const BIG: usize = 1000;
