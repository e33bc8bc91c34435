//! What it costs to want to hear of another's end: monitors and links of a process that lives.

use std::{sync::Arc, time::Instant};

use actor_core::prelude::*;

use crate::{
    measure::{Latch, Line, Run},
    runtime,
};

/// How many before others get their turn.
const BATCH: u64 = 256;

#[derive(Process)]
struct Star;

#[handlers]
impl Star {
    #[cast]
    fn passed(&mut self, done: Arc<Latch>) {
        done.dec();
    }
}

/// Each of its messages is a batch, and the next one the rest.
#[derive(Process)]
struct Observer {
    star: StarRef,
    done: Arc<Latch>,
}

#[handlers]
impl Observer {
    #[cast]
    fn monitor(&mut self, cx: &mut Context<Self>, left: u64) {
        let now = left.min(BATCH);
        for _ in 0..now {
            let monitor = cx.monitor(&self.star);
            cx.demonitor(monitor);
        }
        self.go_on(cx, left - now, |left| ObserverMessage::Monitor { left });
    }

    #[cast]
    fn monitor_only(&mut self, cx: &mut Context<Self>, left: u64) {
        let now = left.min(BATCH);
        for _ in 0..now {
            cx.monitor(&self.star);
        }
        self.go_on(cx, left - now, |left| ObserverMessage::MonitorOnly { left });
    }

    #[cast]
    fn link(&mut self, cx: &mut Context<Self>, left: u64) {
        let now = left.min(BATCH);
        for _ in 0..now {
            cx.link(&self.star);
            cx.unlink(&self.star);
        }
        self.go_on(cx, left - now, |left| ObserverMessage::Link { left });
    }
}

impl Observer {
    /// What is sent last is handled last: then the star has seen all that came before it.
    fn go_on(&self, cx: &mut Context<Self>, left: u64, next: fn(u64) -> ObserverMessage) {
        match left {
            0 => self.star.passed(self.done.clone()).expect("room"),
            left => cx.continue_with(next(left)),
        }
    }
}

/// A process monitors another and takes that back, `n` times, until the other has seen all of it.
pub(crate) fn monitor_cost(run: &Run) -> Line {
    observe(run, ObserverRef::monitor)
}

/// The same, but nothing is taken back.
pub(crate) fn monitor_set(run: &Run) -> Line {
    observe(run, ObserverRef::monitor_only)
}

/// A process links itself to another and takes that back, `n` times, until the other has seen all
/// of it.
pub(crate) fn link_cost(run: &Run) -> Line {
    observe(run, ObserverRef::link)
}

fn observe(run: &Run, ask: fn(&ObserverRef, u64) -> Result<(), SendError>) -> Line {
    let rt = runtime(run);
    let done = Latch::new(1);
    let star = rt.spawn(Star).expect("a process");
    let observer = rt.spawn(Observer { star, done: done.clone() }).expect("a process");
    let since = Instant::now();
    ask(&observer, run.n).expect("room");
    Line::new(done.wait(since), run.n)
}
