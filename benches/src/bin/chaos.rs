//! `chaos SECONDS [--round S] [--workers W]`: everything at once, and the counts must balance. The
//! library's module of that name says what happens.

use std::{alloc::System, process::ExitCode};

use cap::Cap;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

fn main() -> ExitCode {
    benches::chaos(|| ALLOCATOR.allocated() as u64)
}
