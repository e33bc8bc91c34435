//! `workload NAME N [--workers W] [--hogs H] [--ops M] [--seconds S]`: runs one workload, prints
//! its line. The library says what each one is.

use std::process::ExitCode;

fn main() -> ExitCode {
    benches::main("ours")
}
