//! How long, with which numbers, and what happens when it gets stuck.

use std::panic;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use actor_core::{Builder, Runtime};

/// How much longer than its time a test may take.
const WATCHDOG: Duration = Duration::from_secs(60);

/// How long a test makes trouble.
fn time() -> Duration {
    let seconds = std::env::var("ACTOR_STRESS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs_f64(seconds.unwrap_or(1.0))
}

/// Until when.
#[derive(Clone, Copy)]
pub(crate) struct Until(Instant);

impl Until {
    /// Whether there is time for more.
    pub(crate) fn goes_on(self) -> bool {
        Instant::now() < self.0
    }
}

/// Runs a test with runtimes of several sizes, one after the other; each must end in order.
pub(crate) fn on_all(body: impl Fn(&Runtime, Until) + Send + 'static) {
    on_all_by(Runtime::builder, body);
}

/// The same where nobody is killed in the middle of a turn, however long the machine makes that:
/// by rescue such a one ends at once, and leaves its state to its thread.
pub(crate) fn on_all_without_rescue(body: impl Fn(&Runtime, Until) + Send + 'static) {
    on_all_by(|| Runtime::builder().rescue_threads(0), body);
}

fn on_all_by(
    builder: impl Fn() -> Builder + Send + 'static,
    body: impl Fn(&Runtime, Until) + Send + 'static,
) {
    let sizes = [1, 2, 8];
    bounded(move || {
        for workers in sizes {
            let rt = builder().workers(workers).build().expect("threads");
            body(&rt, Until(Instant::now() + time() / sizes.len() as u32));
            let timers = rt.timer_count();
            rt.shutdown().expect("everything ends");
            assert_eq!(timers, 0, "timers are left");
        }
    });
}

/// Runs a test's body on a thread of its own; fails when it takes too long.
pub(crate) fn bounded(body: impl FnOnce() + Send + 'static) {
    let (done, ended) = channel();
    let thread = thread::spawn(move || {
        body();
        let _ = done.send(());
    });
    let limit = WATCHDOG + time();
    if ended.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
        panic!("it is stuck: not done within {limit:?}");
    }
    if let Err(payload) = thread.join() {
        panic::resume_unwind(payload);
    }
}

/// Waits until something that nobody announces is so.
pub(crate) fn until(what: &str, so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !so() {
        assert!(begin.elapsed() < WATCHDOG, "never: {what}");
        thread::yield_now();
    }
}

/// Numbers by chance: fast, and the same for the same seed.
#[derive(Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    /// From a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// One of so many.
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }
}
