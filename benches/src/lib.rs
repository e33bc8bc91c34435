//! The workloads: one command runs one of them and prints one line, for side-by-side runs with the
//! same workloads on other runtimes. Nothing here is asserted about figures: they are read as
//! ratios in one run, and `benches/README.md` says how, and what each workload is.
//!
//! All is written as a user would write it, with the macros and the public paths alone.
//!
//! `NAME WHO N SECONDS OPS_PER_S ns_per_op=… cpu_s=… peak_mb=… [key=value…]`
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints its result")]

mod chaos;
mod crowd;
mod failing;
mod fair;
mod hot;
mod machine;
mod measure;
mod messages;
mod named;
mod relations;
mod spawning;
mod ticks;
mod trees;
mod waking;

use std::process::ExitCode;

pub use chaos::chaos;

use actor_core::Runtime;
use measure::{Line, Run};

/// What runs one.
type Workload = fn(&Run) -> Line;

/// What there is, what runs it, and what N is.
const WORKLOADS: &[(&str, Workload, &str)] = &[
    ("spawn_exit", spawning::spawn_exit, "processes"),
    ("spawn_alive", spawning::spawn_alive, "processes"),
    ("spawn_all", spawning::spawn_all, "processes"),
    ("skynet", spawning::skynet, "leaves, a power of ten"),
    ("ping_pong", messages::ping_pong, "round trips"),
    ("call", messages::call, "calls"),
    ("thread_ring", messages::thread_ring, "hops"),
    ("fan_in", messages::fan_in, "messages a sender"),
    ("big", messages::big, "pings a process"),
    ("async_cost", hot::async_cost, "messages of each kind"),
    ("pid_lookup", hot::pid_lookup, "signals"),
    ("timer_cancel", hot::timer_cancel, "timers"),
    ("supervise", failing::supervise, "panics"),
    ("supervise_error", failing::supervise_error, "errors"),
    ("monitor", failing::monitor, "observers"),
    ("monitor_cost", relations::monitor_cost, "monitors"),
    ("monitor_set", relations::monitor_set, "monitors"),
    ("link_cost", relations::link_cost, "links"),
    ("registry_lookup", named::registry_lookup, "lookups"),
    ("registry_register", named::registry_register, "registrations"),
    ("registry_exit", named::registry_exit, "named processes"),
    ("restart", trees::restart, "errors"),
    ("stop_tree", trees::stop_tree, "children"),
    ("stop_forest", trees::stop_forest, "children, a square"),
    ("timers", waking::timers, "processes"),
    ("foreign_wake", waking::foreign_wake, "wakes"),
    ("fair_cpu", fair::fair_cpu, "ignored, see --hogs"),
    ("fair_block", fair::fair_block, "ignored, see --hogs"),
    ("fair_cpu_threads", fair::fair_cpu_threads, "ignored, see --hogs"),
    ("fair_threads", fair::fair_threads, "hogs"),
    ("fair_async", fair::fair_async, "hogs"),
    ("fair_machine", fair::fair_machine, "hogs"),
    ("cores", machine::cores, "steps a thread"),
    ("random", crowd::random, "processes"),
    ("ping_pong_among", crowd::ping_pong_among, "processes beside"),
    ("idle", crowd::idle, "processes"),
    ("pending_calls", crowd::pending_calls, "processes"),
    ("queued", crowd::queued, "messages"),
];

/// Runs the workload that the command line names and prints its line; `who` runs it.
pub fn main(who: &str) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let run = match Run::parse(who, &arguments) {
        Ok(run) => run,
        Err(error) => {
            eprintln!("workload: {error}");
            eprintln!("usage: workload NAME N [--workers W] [--hogs H] [--ops M] [--seconds S]");
            WORKLOADS.iter().for_each(|(name, _, n)| eprintln!("  {name:18} N: {n}"));
            return ExitCode::from(2);
        }
    };
    // A size in the name (`random_10m`) is for tables that hold the same workload twice.
    let plain = run.name.strip_suffix("_10m").unwrap_or(&run.name);
    let found = WORKLOADS.iter().find(|(known, ..)| *known == plain);
    println!("{}", found.map_or_else(|| run.no_such_feature(), |(_, go, _)| go(&run).text(&run)));
    // Taking down what is alive is no part of any workload.
    ExitCode::SUCCESS
}

/// The runtime of a run. It is never taken down: that is no part of any workload.
fn runtime(run: &Run) -> &'static Runtime {
    let builder = Runtime::builder();
    let builder = match run.workers {
        Some(workers) => builder.workers(workers),
        None => builder,
    };
    Box::leak(Box::new(builder.build().expect("a runtime")))
}
