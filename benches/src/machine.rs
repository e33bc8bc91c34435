//! What the machine gives, as a control of figures that lean on it.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::measure::{Line, Rng, Run};

/// `n` steps of computing on one plain thread, then on two at once: how much more two threads do.
/// Where that is not near 2, a second worker cannot be worth two either.
pub(crate) fn cores(run: &Run) -> Line {
    let alone = computing(1, run.n);
    let both = computing(2, run.n);
    let speedup = 2.0 * alone.as_secs_f64() / both.as_secs_f64();
    Line::new(alone + both, 3 * run.n).with(format!("speedup={speedup:.2}"))
}

fn computing(threads: u64, steps: u64) -> Duration {
    let since = Instant::now();
    thread::scope(|scope| {
        for seed in 0..threads {
            scope.spawn(move || {
                let mut random = Rng::new(seed);
                (0..steps.div_ceil(1_000)).for_each(|_| random.compute(1_000));
            });
        }
    });
    since.elapsed()
}
