//! What three of the peers share, since they run on tokio: its runtime, and the ticker.

use std::{sync::Arc, thread, time::Duration, time::Instant};

use tokio::{
    runtime::{Builder, Runtime},
    task::yield_now,
    time::{MissedTickBehavior, interval},
};

use crate::{
    measure::Run,
    ticks::{TICK, Ticks},
};

/// A multi-threaded runtime that is never taken down, entered on the calling thread.
pub(crate) fn runtime(run: &Run) -> &'static Runtime {
    let mut builder = Builder::new_multi_thread();
    if let Some(workers) = run.workers {
        builder.worker_threads(workers);
    }
    let rt: &'static Runtime = Box::leak(Box::new(builder.enable_all().build().expect("threads")));
    std::mem::forget(rt.enter());
    rt
}

/// Runs a future on a worker, where processes start processes, and waits for its value.
pub(crate) fn on_worker<T: Send + 'static>(
    rt: &Runtime,
    body: impl Future<Output = T> + Send + 'static,
) -> T {
    rt.block_on(rt.spawn(body)).expect("no panic")
}

/// A spawner gives way now and then.
pub(crate) async fn breathe(i: u64) {
    if i % 256 == 255 {
        yield_now().await;
    }
}

/// Starts the ticker, which asks each millisecond; then lets it run for a while.
pub(crate) fn start_ticker<F, R>(ticks: Arc<Ticks>, mut ask: F)
where
    F: FnMut() -> R + Send + 'static,
    R: Future + Send,
{
    tokio::spawn(async move {
        let mut clock = interval(TICK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let due = clock.tick().await.into_std();
            let asked = Instant::now();
            ask().await;
            ticks.back(due, asked);
        }
    });
    thread::sleep(Duration::from_millis(100));
}
