//! A ticker beside those who take all they get: every millisecond it asks an echo process, while
//! hogs compute or block in their handlers and never give way. What is told is how late the reply
//! is, from the time the tick was due.

use std::{
    future::poll_fn,
    sync::{Arc, mpsc},
    task::Poll,
    thread,
    time::{Duration, Instant},
};

use actor_core::prelude::*;

use crate::{
    measure::{Line, Rng, Run},
    runtime,
    ticks::{BLOCK, TICK, Ticks},
};

#[derive(Process)]
struct Echo;

#[handlers]
impl Echo {
    #[call]
    fn echo(&self) {}
}

#[derive(Process)]
struct Ticker {
    echo: EchoRef,
    ticks: Arc<Ticks>,
}

#[handlers]
impl Ticker {
    #[cast]
    async fn tick(&mut self, cx: &mut Context<Self>) {
        let mut due = Instant::now();
        loop {
            due = Ticks::next(due);
            cx.sleep(due.saturating_duration_since(Instant::now())).await;
            let asked = Instant::now();
            if self.echo.echo().await.is_ok() {
                self.ticks.back(due, asked);
            }
        }
    }
}

#[derive(Process)]
struct Hog;

#[handlers]
impl Hog {
    #[cast]
    fn compute(&mut self) {
        compute_for_ever();
    }

    #[cast]
    fn block(&mut self, cx: &mut Context<Self>) {
        thread::sleep(BLOCK);
        cx.me().block().expect("room");
    }

    #[cast]
    async fn compute_and_yield(&mut self) {
        let mut random = Rng::new(42);
        loop {
            random.compute(1_000);
            give_way().await;
        }
    }
}

fn compute_for_ever() -> ! {
    let mut random = Rng::new(42);
    loop {
        random.compute(1_000_000);
    }
}

/// Lets others run first.
async fn give_way() {
    let mut given = false;
    poll_fn(|cx| {
        if given {
            return Poll::Ready(());
        }
        given = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The ticker beside so many hogs, each of which is set going by `hog`.
fn beside(run: &Run, hogs: u64, hog: impl Fn(HogRef)) -> Line {
    let rt = runtime(run);
    let echo = rt.spawn(Echo).expect("a process");
    let ticks = Ticks::new();
    let ticker = rt.spawn(Ticker { echo, ticks: ticks.clone() }).expect("a process");
    ticker.tick().expect("room");
    // Started while there is room to start.
    let hogs: Vec<HogRef> = (0..hogs).map(|_| rt.spawn(Hog).expect("a process")).collect();
    thread::sleep(Duration::from_millis(100));
    hogs.into_iter().for_each(hog);
    ticks.watch(run)
}

/// Hogs that compute in one handler.
pub(crate) fn fair_cpu(run: &Run) -> Line {
    beside(run, run.hogs, |hog| hog.compute().expect("room"))
}

/// Hogs that block their thread for 100 ms, over and over.
pub(crate) fn fair_block(run: &Run) -> Line {
    beside(run, run.hogs, |hog| hog.block().expect("room"))
}

/// `n` hogs that compute in an async handler, and give way every microsecond or so.
pub(crate) fn fair_async(run: &Run) -> Line {
    beside(run, run.n, |hog| hog.compute_and_yield().expect("room"))
}

/// `n` hogs that are plain threads: what the system makes of it, with our ticker.
pub(crate) fn fair_threads(run: &Run) -> Line {
    beside(run, run.n, |_| drop(thread::spawn(|| compute_for_ever())))
}

/// The same with as many hogs as `fair_cpu` has.
pub(crate) fn fair_cpu_threads(run: &Run) -> Line {
    beside(run, run.hogs, |_| drop(thread::spawn(|| compute_for_ever())))
}

/// `n` hogs, the ticker and the echo, all plain threads: what the machine gives without us.
pub(crate) fn fair_machine(run: &Run) -> Line {
    let (ask, asked) = mpsc::channel::<mpsc::Sender<()>>();
    thread::spawn(move || asked.iter().try_for_each(|reply| reply.send(())));
    let ticks = Ticks::new();
    let told = ticks.clone();
    thread::spawn(move || {
        let mut due = Instant::now();
        loop {
            due = Ticks::next(due);
            thread::sleep(due.saturating_duration_since(Instant::now()).min(TICK));
            let since = Instant::now();
            let (reply, replied) = mpsc::channel();
            ask.send(reply).expect("the echo lives on");
            replied.recv().expect("the echo lives on");
            told.back(due, since);
        }
    });
    thread::sleep(Duration::from_millis(100));
    (0..run.n).for_each(|_| drop(thread::spawn(|| compute_for_ever())));
    ticks.watch(run)
}
