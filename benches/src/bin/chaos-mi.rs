//! `chaos` under mimalloc.

use std::process::ExitCode;

use cap::Cap;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: Cap<MiMalloc> = Cap::new(MiMalloc, usize::MAX);

fn main() -> ExitCode {
    benches::chaos(|| ALLOCATOR.allocated() as u64)
}
