//! `peer PEER WORKLOAD N`: runs one workload on one peer, prints its line.

use std::process::ExitCode;

fn main() -> ExitCode {
    peers::main("")
}
