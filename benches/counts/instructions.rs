//! Instructions of the hot paths, counted by callgrind: a guard that needs no quiet machine.
//!
//! Each is a whole run of a workload on one worker, with so many operations that the start of the
//! program is a few per cent of it. Counts of the same program differ by less than 0.5 %; the
//! limits below leave 10 % above what was counted when they were set. Who makes a path cheaper
//! lowers its limit in the same commit; who must make one dearer raises it and says why.
//!
//! `cargo bench -p benches --features counts`, with valgrind and `gungraun-runner` (of the version
//! that `Cargo.lock` has of `gungraun`) installed.
#![allow(missing_docs, reason = "the macros' modules are nobody's to name")]
#![allow(clippy::disallowed_methods, reason = "the macros' main exits by itself")]

use gungraun::{
    BinaryBenchmarkConfig, Callgrind, Command, EventKind, binary_benchmark, binary_benchmark_group,
    main,
};

/// No more instructions than this.
fn at_most(instructions: u64) -> BinaryBenchmarkConfig {
    let mut callgrind = Callgrind::with_args(["--cache-sim=no"]);
    callgrind.hard_limits([(EventKind::Ir, instructions)]);
    BinaryBenchmarkConfig::default().tool(callgrind).clone()
}

#[binary_benchmark]
#[bench::spawn_exit(args = ("spawn_exit", "10000"), config = at_most(24_900_000))]
#[bench::cast(args = ("ping_pong", "10000"), config = at_most(15_200_000))]
#[bench::call(args = ("call", "10000"), config = at_most(24_200_000))]
#[bench::pid_lookup(args = ("pid_lookup", "10000"), config = at_most(5_700_000))]
#[bench::timer_arm_and_cancel(args = ("timer_cancel", "10000"), config = at_most(10_700_000))]
#[bench::restart(args = ("supervise_error", "2000"), config = at_most(23_500_000))]
#[bench::monitor_and_demonitor(args = ("monitor_cost", "10000"), config = at_most(10_000_000))]
#[bench::link_and_unlink(args = ("link_cost", "10000"), config = at_most(8_100_000))]
#[bench::start_and_stop_a_child(args = ("stop_forest", "2500"), config = at_most(47_300_000))]
fn hot_path(workload: &str, n: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_workload"));
    command.args([workload, n, "--workers", "1"]).build()
}

binary_benchmark_group!(name = instructions, benchmarks = hot_path);
main!(binary_benchmark_groups = instructions);
