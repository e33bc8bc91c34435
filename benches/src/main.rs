//! The workloads: `workload NAME N` runs one and prints one line, for side-by-side runs with the
//! same workloads on other runtimes. Nothing here is asserted: figures are read as ratios in one
//! run.
//!
//! `NAME ours N SECONDS OPS_PER_S ns_per_op=… cpu_s=… peak_mb=… [key=value…]`
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints its result")]

mod measure;
mod messages;
mod spawning;

use std::process::ExitCode;

use measure::Run;

/// What runs one.
type Workload = fn(&Run) -> measure::Line;

/// What there is, and what runs it.
const WORKLOADS: &[(&str, Workload)] = &[
    ("spawn_exit", spawning::spawn_exit),
    ("spawn_alive", spawning::spawn_alive),
    ("skynet", spawning::skynet),
    ("ping_pong", messages::ping_pong),
    ("call", messages::call),
    ("thread_ring", messages::thread_ring),
    ("fan_in", messages::fan_in),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, n] = &arguments[..] else {
        let names: Vec<_> = WORKLOADS.iter().map(|(name, _)| *name).collect();
        eprintln!("usage: workload NAME N, where NAME is one of {}", names.join(", "));
        return ExitCode::from(2);
    };
    let Ok(n) = n.replace('_', "").parse() else {
        eprintln!("workload: {n:?} is not a number");
        return ExitCode::from(2);
    };
    let Some((_, workload)) = WORKLOADS.iter().find(|(known, _)| known == name) else {
        println!("{name} ours {n} NA NA no_such_feature");
        return ExitCode::SUCCESS;
    };
    let run = Run { name: name.clone(), n };
    let line = workload(&run);
    println!("{}", line.text(&run));
    // Taking down what is alive is no part of any workload.
    ExitCode::SUCCESS
}
