//! What every workload shares, ours and the peers': the run, its line, the latch, the memory and
//! time used. The peers' package includes this very file, so that equal things are measured.

use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// What was asked for.
pub(crate) struct Run {
    pub(crate) who: String,
    pub(crate) name: String,
    pub(crate) n: u64,
    /// Worker threads; as many as there are cores if not said.
    pub(crate) workers: Option<usize>,
    /// Processes that compute or block for ever, in `fair_cpu` and `fair_block`.
    pub(crate) hogs: u64,
    /// Messages, where `n` is the number of processes among which they travel.
    pub(crate) ops: u64,
    /// How long a workload is watched that does not end by itself.
    pub(crate) seconds: u64,
}

impl Run {
    /// Reads `NAME N [--option VALUE]..`.
    pub(crate) fn parse(who: &str, arguments: &[String]) -> Result<Self, String> {
        let [name, n, options @ ..] = arguments else {
            return Err("a workload and a size are needed".into());
        };
        let (name, who) = (name.clone(), who.to_owned());
        let n = number(n)?;
        let mut run = Self { who, name, n, workers: None, hogs: 8, ops: 1_000_000, seconds: 0 };
        for option in options.chunks(2) {
            let [key, value] = option else { return Err(format!("{} needs a value", option[0])) };
            let value = number(value)?;
            match key.as_str() {
                "--workers" => run.workers = Some(value as usize),
                "--hogs" => run.hogs = value,
                "--ops" => run.ops = value,
                "--seconds" => run.seconds = value,
                _ => return Err(format!("{key:?} is no option")),
            }
        }
        Ok(run)
    }

    /// How long to watch.
    pub(crate) fn window(&self, default: Duration) -> Duration {
        if self.seconds == 0 { default } else { Duration::from_secs(self.seconds) }
    }

    /// The line of a workload that the peer has no means for.
    pub(crate) fn no_such_feature(&self) -> String {
        format!("{} {} {} NA NA no_such_feature", self.name, self.who, self.n)
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.replace('_', "").parse().map_err(|_| format!("{text:?} is not a number"))
}

/// What came out.
pub(crate) struct Line {
    time: Duration,
    operations: u64,
    more: String,
}

impl Line {
    pub(crate) fn new(time: Duration, operations: u64) -> Self {
        Self { time, operations, more: String::new() }
    }

    /// Adds `key=value` words of the workload's own.
    pub(crate) fn with(mut self, more: impl AsRef<str>) -> Self {
        self.more.push(' ');
        self.more.push_str(more.as_ref());
        self
    }

    /// `NAME WHO N SECONDS OPS_PER_S ns_per_op=… cpu_s=… peak_mb=… [key=value…]`
    pub(crate) fn text(&self, run: &Run) -> String {
        let (seconds, operations) = (self.time.as_secs_f64(), self.operations as f64);
        format!(
            "{} {} {} {seconds:.6} {:.1} ns_per_op={:.2} cpu_s={:.3} peak_mb={:.1}{}",
            run.name,
            run.who,
            run.n,
            operations / seconds,
            seconds * 1e9 / operations,
            cpu_time().as_secs_f64(),
            status("VmHWM:") as f64 / 1e6,
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
        // AcqRel: whoever counts to zero has seen what all others did before they counted.
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

/// Slots for `n` values, whose memory is resident before anything is measured.
pub(crate) fn resident_slots<T>(n: u64) -> Vec<Option<T>> {
    let mut slots: Vec<Option<T>> = Vec::new();
    // Written one by one, past the optimiser: zeroed pages would only be mapped.
    slots.resize_with(n as usize, || std::hint::black_box(None));
    slots
}

/// A field of `/proc/self/status`, in bytes; 0 where there is none.
fn status(field: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Resident bytes.
pub(crate) fn resident() -> u64 {
    status("VmRSS:")
}

/// What `resident` has grown by since it was `before`, for each of `n`.
pub(crate) fn bytes_each(before: u64, n: u64) -> f64 {
    resident().saturating_sub(before) as f64 / n as f64
}

/// Time that the threads of this program have had on a CPU, those that have ended left out.
pub(crate) fn cpu_time() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let nanos = tasks.filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

/// The value below which the share `at` of the sorted values lie; NaN if there are none.
pub(crate) fn quantile(sorted: &[f64], at: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get(((sorted.len() as f64 * at) as usize).min(last)).copied().unwrap_or(f64::NAN)
}

/// Marsaglia's xorshift: fast, and the same in every run.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self((seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Steps for about as many nanoseconds; nothing in it gives way.
    pub(crate) fn compute(&mut self, steps: u32) {
        for _ in 0..steps {
            std::hint::black_box(self.next());
        }
    }
}
