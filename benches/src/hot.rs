//! Single paths of the engine, each by itself.

use std::time::{Duration, Instant};

use actor_core::prelude::*;

use crate::{
    measure::{Line, Run, quantile},
    runtime,
};

/// Sends itself messages that await nothing.
#[derive(Process)]
struct Counter {
    done: Option<Reply<()>>,
}

#[handlers]
impl Counter {
    #[call(timeout = infinity)]
    fn count(&mut self, reply: Reply<()>, cx: &mut Context<Self>, to: u64, asynchronously: bool) {
        self.done = Some(reply);
        let me = cx.me();
        let first = if asynchronously { me.async_step(to) } else { me.sync_step(to) };
        first.expect("room");
    }

    #[cast]
    fn sync_step(&mut self, cx: &mut Context<Self>, left: u64) {
        match left {
            0 => self.done.take().into_iter().for_each(|reply| reply.send(())),
            _ => cx.me().sync_step(left - 1).expect("room"),
        }
    }

    #[cast]
    async fn async_step(&mut self, cx: &mut Context<Self>, left: u64) {
        match left {
            0 => self.done.take().into_iter().for_each(|reply| reply.send(())),
            _ => cx.me().async_step(left - 1).expect("room"),
        }
    }
}

const ROUNDS: u64 = 10;

/// What an async handler costs that awaits nothing: a process sends itself `n` messages to a sync
/// handler and `n` to an async one, in ten rounds each, in turn; medians.
pub(crate) fn async_cost(run: &Run) -> Line {
    let rt = runtime(run);
    let counter = rt.spawn(Counter { done: None }).expect("a process");
    let steps = (run.n / ROUNDS).max(1);
    let nanos = |asynchronously| {
        let since = Instant::now();
        counter.count(steps, asynchronously).blocking().expect("an answer");
        since.elapsed().as_secs_f64() * 1e9 / steps as f64
    };
    let since = Instant::now();
    let (mut plain, mut futures): (Vec<f64>, Vec<f64>) =
        (0..ROUNDS).map(|_| (nanos(false), nanos(true))).unzip();
    let time = since.elapsed();
    plain.sort_by(f64::total_cmp);
    futures.sort_by(f64::total_cmp);
    let (plain, future) = (quantile(&plain, 0.5), quantile(&futures, 0.5));
    let more = future - plain;
    Line::new(time, 2 * steps * ROUNDS)
        .with(format!("sync_ns={plain:.1} async_ns={future:.1} more_ns={more:.1}"))
}

/// How often one message makes a process do the same thing, before others get their turn.
const BATCH: u64 = 256;

/// Takes signals that do nothing to it.
#[derive(Process)]
struct Door;

#[handlers]
impl Door {
    #[call]
    fn passed(&self) {}
}

#[derive(Process)]
struct Caretaker {
    door: Pid,
    done: Option<Reply<()>>,
}

#[handlers]
impl Caretaker {
    #[call(timeout = infinity)]
    fn knock(&mut self, reply: Reply<()>, cx: &mut Context<Self>, times: u64) {
        self.done = Some(reply);
        self.knock_on(cx, times);
    }

    #[cast]
    fn knock_on(&mut self, cx: &mut Context<Self>, left: u64) {
        let now = left.min(BATCH);
        // Whoever does not trap exits ignores a normal one of another.
        (0..now).for_each(|_| cx.exit(&self.door, ExitReason::Normal));
        match left - now {
            0 => self.done.take().into_iter().for_each(|reply| reply.send(())),
            left => cx.continue_with(CaretakerMessage::KnockOn { left }),
        }
    }

    #[call(timeout = infinity)]
    fn arm(&mut self, reply: Reply<()>, cx: &mut Context<Self>, times: u64) {
        self.done = Some(reply);
        self.arm_on(cx, times);
    }

    #[cast]
    fn arm_on(&mut self, cx: &mut Context<Self>, left: u64) {
        let now = left.min(BATCH);
        for _ in 0..now {
            let timer = cx.send_after(Duration::from_secs(60), CaretakerMessage::ArmOn { left: 0 });
            assert!(timer.cancel().is_some(), "it is not due");
        }
        match left - now {
            0 => self.done.take().into_iter().for_each(|reply| reply.send(())),
            left => cx.continue_with(CaretakerMessage::ArmOn { left }),
        }
    }
}

/// `n` signals from one process to another by its pid, each of which is looked up.
pub(crate) fn pid_lookup(run: &Run) -> Line {
    let rt = runtime(run);
    let door = rt.spawn(Door).expect("a process");
    let pid = door.pid().expect("it was started");
    let caretaker = rt.spawn(Caretaker { door: pid, done: None }).expect("a process");
    let since = Instant::now();
    caretaker.knock(run.n).blocking().expect("an answer");
    door.passed().blocking().expect("an answer");
    Line::new(since.elapsed(), run.n)
}

/// `n` timers of a minute, each cancelled as soon as it is armed.
pub(crate) fn timer_cancel(run: &Run) -> Line {
    let rt = runtime(run);
    let door = rt.spawn(Door).expect("a process").pid().expect("it was started");
    let caretaker = rt.spawn(Caretaker { door, done: None }).expect("a process");
    let since = Instant::now();
    caretaker.arm(run.n).blocking().expect("an answer");
    Line::new(since.elapsed(), run.n)
}
