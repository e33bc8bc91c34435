//! The tour's step on fairness: a ticker of one millisecond beside handlers that compute and
//! handlers that sleep in their thread, here and as tokio tasks, which must not do either.

use std::{
    error::Error, future::Future, hint, io, io::Write, thread, time::Duration, time::Instant,
};

use actor_core::prelude::*;

/// How many compute, and how many sleep.
const HOGS: usize = 8;
const PERIOD: Duration = Duration::from_millis(1);
type Failure = Box<dyn Error + Send + Sync>;

fn compute(until: Instant) {
    while Instant::now() < until {
        hint::spin_loop();
    }
}

fn doze(until: Instant) {
    while Instant::now() < until {
        thread::sleep(Duration::from_millis(100));
    }
}

/// Keeps its thread until the time is up: says no `.await`, takes no other message.
#[derive(Process)]
struct Hog(Instant);

#[handlers]
impl Hog {
    #[cast]
    fn compute(&self, cx: &mut Context<Self>) {
        compute(self.0);
        cx.stop(ExitReason::Normal);
    }

    #[cast]
    fn doze(&self, cx: &mut Context<Self>) {
        doze(self.0);
        cx.stop(ExitReason::Normal);
    }
}

/// How late each tick was that came before the time was up; one that was missed is skipped.
async fn ticks<S: Future>(
    begin: Instant,
    until: Instant,
    sleep: impl Fn(Duration) -> S,
) -> Vec<Duration> {
    let (mut due, mut late) = (begin + PERIOD, Vec::new());
    while due < until {
        sleep(due.saturating_duration_since(Instant::now())).await;
        late.push(due.elapsed());
        while due <= Instant::now() {
            due += PERIOD;
        }
    }
    late
}

async fn here(begin: Instant, until: Instant) -> Result<Vec<Duration>, Failure> {
    for _ in 0..HOGS {
        spawn(Hog(until))?.compute()?;
        spawn(Hog(until))?.doze()?;
    }
    Ok(ticks(begin, until, actor_core::sleep).await)
}

async fn on_tokio(begin: Instant, until: Instant) -> Result<Vec<Duration>, Failure> {
    for _ in 0..HOGS {
        tokio::spawn(async move { compute(until) });
        tokio::spawn(async move { doze(until) });
    }
    Ok(tokio::spawn(ticks(begin, until, tokio::time::sleep)).await?)
}

/// Ticks so often in each of the two, and says how late the ticks were.
pub(crate) fn step(runtime: &Runtime, count: u32) -> Result<(), Failure> {
    let mut out = io::stdout();
    writeln!(out, "                   ticks    late: p50       p99   (microseconds)")?;
    let mut say = |name: &str, mut late: Vec<Duration>| {
        late.sort_unstable();
        let at = |part| late.get(late.len() * part / 100).map_or(0, Duration::as_micros);
        writeln!(out, "{name:<14} {:>9} {:>12} {:>9}", late.len(), at(50), at(99))
    };
    let begin = Instant::now();
    say("processes here", runtime.run(here(begin, begin + count * PERIOD))??)?;
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_time().build()?;
    let begin = Instant::now();
    // Not on this thread, which no task could keep from running.
    let ticked = tokio.spawn(on_tokio(begin, begin + count * PERIOD));
    Ok(say("tokio tasks", tokio.block_on(ticked)??)?)
}
