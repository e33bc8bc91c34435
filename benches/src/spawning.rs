//! Processes that come, stay or go.

use std::{sync::Arc, time::Instant};

use actor_core::prelude::*;

use crate::measure::{Latch, Line, Run, resident};

#[derive(Process)]
struct Mayfly {
    done: Arc<Latch>,
}

#[handlers]
impl Mayfly {
    #[init]
    fn live(&mut self, cx: &mut Context<Self>) {
        self.done.dec();
        cx.stop(ExitReason::Normal);
    }
}

#[derive(Process)]
struct Swarm {
    done: Arc<Latch>,
}

#[handlers]
impl Swarm {
    #[cast]
    fn hatch(&mut self, n: u64) {
        for _ in 0..n {
            spawn(Mayfly { done: self.done.clone() }).expect("a process");
        }
    }
}

/// Two spawners, `n / 2` processes each, until the last has ended.
pub(crate) fn spawn_exit(run: &Run) -> Line {
    let rt = Runtime::new().expect("a runtime");
    let done = Latch::new(run.n / 2 * 2);
    let since = Instant::now();
    for _ in 0..2 {
        let swarm = rt.spawn(Swarm { done: done.clone() }).expect("a process");
        swarm.hatch(run.n / 2).expect("room");
    }
    let line = Line::new(done.wait(since), run.n);
    std::mem::forget(rt);
    line
}

#[derive(Process)]
struct Resident {
    sum: u64,
}

#[handlers]
impl Resident {
    #[cast]
    fn add(&mut self, by: u64, done: Arc<Latch>) {
        self.sum += by;
        std::hint::black_box(self.sum);
        done.dec();
    }
}

/// `n` processes with a state of eight bytes, each has handled one message, all are alive.
pub(crate) fn spawn_alive(run: &Run) -> Line {
    let rt = Runtime::new().expect("a runtime");
    let n = run.n;
    let mut refs: Vec<Option<ResidentRef>> = vec![None; n as usize];
    refs.iter_mut().for_each(|slot| *slot = std::hint::black_box(None));
    let before = resident();
    let done = Latch::new(n);
    let latch = done.clone();
    let since = Instant::now();
    let refs = rt.run(async move {
        for (i, slot) in (0..n).zip(&mut refs) {
            let resident = spawn(Resident { sum: 0 }).expect("a process");
            resident.add(i, latch.clone()).expect("room");
            *slot = Some(resident);
        }
        refs
    });
    let time = done.wait(since);
    let bytes = resident().saturating_sub(before) as f64 / n as f64;
    std::mem::forget((refs, rt));
    Line::new(time, n).with(format!("bytes_per={bytes:.0}"))
}

#[derive(Process)]
struct Node {
    parent: Option<NodeRef>,
    waiting: u32,
    sum: u64,
    done: Arc<std::sync::Mutex<Option<u64>>>,
    latch: Arc<Latch>,
}

#[handlers]
impl Node {
    #[cast]
    fn grow(&mut self, cx: &mut Context<Self>, number: u64, size: u64) {
        if size == 1 {
            self.sum = number;
            return self.report(cx);
        }
        self.waiting = 10;
        let size = size / 10;
        for i in 0..10 {
            let child = Self {
                parent: Some(cx.me()),
                waiting: 0,
                sum: 0,
                done: self.done.clone(),
                latch: self.latch.clone(),
            };
            let child = spawn(child).expect("a process");
            child.grow(number + i * size, size).expect("room");
        }
    }

    #[cast]
    fn sum(&mut self, cx: &mut Context<Self>, value: u64) {
        self.sum += value;
        self.waiting -= 1;
        if self.waiting == 0 {
            self.report(cx);
        }
    }

    fn report(&self, cx: &mut Context<Self>) {
        match &self.parent {
            Some(parent) => parent.sum(self.sum).expect("room"),
            None => {
                *self.done.lock().expect("nobody panics here") = Some(self.sum);
                self.latch.dec();
            }
        }
        cx.stop(ExitReason::Normal);
    }
}

/// A ten-ary tree of `n` leaves that sums their numbers.
pub(crate) fn skynet(run: &Run) -> Line {
    let rt = Runtime::new().expect("a runtime");
    let (done, latch) = (Arc::default(), Latch::new(1));
    let since = Instant::now();
    let root =
        Node { parent: None, waiting: 0, sum: 0, done: Arc::clone(&done), latch: latch.clone() };
    let root = rt.spawn(root).expect("a process");
    root.grow(0, run.n).expect("room");
    let time = latch.wait(since);
    assert_eq!(*done.lock().expect("nobody panics here"), Some(run.n * (run.n - 1) / 2));
    std::mem::forget(rt);
    Line::new(time, run.n).with(format!("total_ms={:.1}", time.as_secs_f64() * 1e3))
}
