//! What every workload shares: the run, its line, the latch, the memory and time used.

use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// What was asked for.
pub(crate) struct Run {
    pub(crate) name: String,
    pub(crate) n: u64,
}

/// What came out.
pub(crate) struct Line {
    pub(crate) time: Duration,
    pub(crate) operations: u64,
    pub(crate) more: String,
}

impl Line {
    pub(crate) fn new(time: Duration, operations: u64) -> Self {
        Self { time, operations, more: String::new() }
    }

    pub(crate) fn with(mut self, more: String) -> Self {
        self.more = more;
        self
    }

    /// The line, in the contract's form.
    pub(crate) fn text(&self, run: &Run) -> String {
        let (seconds, operations) = (self.time.as_secs_f64(), self.operations as f64);
        format!(
            "{} ours {} {seconds:.6} {:.1} ns_per_op={:.2} cpu_s={:.3} peak_mb={:.1} {}",
            run.name,
            run.n,
            operations / seconds,
            seconds * 1e9 / operations,
            cpu_seconds(),
            peak_mb(),
            self.more
        )
    }
}

/// Counts down from n; a plain thread waits for zero.
pub(crate) struct Latch {
    left: AtomicU64,
    done: Mutex<bool>,
    told: Condvar,
}

impl Latch {
    pub(crate) fn new(n: u64) -> Arc<Self> {
        Arc::new(Self { left: AtomicU64::new(n), done: Mutex::new(n == 0), told: Condvar::new() })
    }

    pub(crate) fn dec(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            *self.done.lock().expect("nobody panics here") = true;
            self.told.notify_all();
        }
    }

    /// Waits for zero; answers the time since `since`.
    pub(crate) fn wait(&self, since: Instant) -> Duration {
        let mut done = self.done.lock().expect("nobody panics here");
        while !*done {
            done = self.told.wait(done).expect("nobody panics here");
        }
        since.elapsed()
    }
}

/// A field of `/proc/self/status` in kilobytes; 0 where there is none.
fn status(field: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok()).unwrap_or(0)
}

/// Resident bytes.
pub(crate) fn resident() -> u64 {
    status("VmRSS") * 1024
}

fn peak_mb() -> f64 {
    status("VmHWM") as f64 / 1e3
}

/// User and system time of the whole program, in seconds.
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = text.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = after
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    ticks as f64 / 100.0
}
