//! Processes that come, stay or go.

use std::{sync::Arc, time::Instant};

use actor_core::prelude::*;

use crate::{
    measure::{Latch, Line, Run, bytes_each, resident, resident_slots},
    runtime,
};

/// How many processes a spawner starts before others get their turn.
const BATCH: u64 = 256;

#[derive(Process)]
struct Mayfly {
    done: Arc<Latch>,
}

#[handlers]
impl Mayfly {
    #[init]
    fn live(&mut self, cx: &mut Context<Self>) {
        cx.stop(ExitReason::Normal);
    }
}

impl Drop for Mayfly {
    // The state goes last but for the process's name, links and slot.
    fn drop(&mut self) {
        self.done.dec();
    }
}

#[derive(Process)]
struct Swarm {
    done: Arc<Latch>,
}

#[handlers]
impl Swarm {
    #[cast]
    fn hatch(&mut self, cx: &mut Context<Self>, left: u64) {
        let now = left.min(BATCH);
        for _ in 0..now {
            spawn(Mayfly { done: self.done.clone() }).expect("a process");
        }
        if left > now {
            cx.continue_with(SwarmMessage::Hatch { left: left - now });
        }
    }
}

/// Two spawners, `n / 2` processes each, until the last has ended.
pub(crate) fn spawn_exit(run: &Run) -> Line {
    let rt = runtime(run);
    let done = Latch::new(run.n / 2 * 2);
    let since = Instant::now();
    for _ in 0..2 {
        let swarm = rt.spawn(Swarm { done: done.clone() }).expect("a process");
        swarm.hatch(run.n / 2).expect("room");
    }
    Line::new(done.wait(since), run.n)
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

/// Starts residents, and keeps refs to as many as it has room for.
#[derive(Process)]
struct Founder {
    refs: Vec<Option<ResidentRef>>,
    done: Arc<Latch>,
}

#[handlers]
impl Founder {
    #[cast]
    fn settle(&mut self, cx: &mut Context<Self>, from: u64, to: u64) {
        let end = to.min(from + BATCH);
        for i in from..end {
            let resident = spawn(Resident { sum: 0 }).expect("a process");
            resident.add(i, self.done.clone()).expect("room");
            if let Some(slot) = self.refs.get_mut(i as usize) {
                *slot = Some(resident);
            }
        }
        if end < to {
            cx.continue_with(FounderMessage::Settle { from: end, to });
        }
    }
}

/// `n` processes with a state of eight bytes, each has handled one message, all are alive. The
/// founder's refs are resident before, and not counted.
pub(crate) fn spawn_alive(run: &Run) -> Line {
    alive(run, run.n, resident_slots(run.n))
}

/// The same without any ref kept, to count all that is there: for as many as the runtime holds. The
/// founder is one of the `n`.
pub(crate) fn spawn_all(run: &Run) -> Line {
    alive(run, run.n - 1, Vec::new())
}

fn alive(run: &Run, residents: u64, refs: Vec<Option<ResidentRef>>) -> Line {
    let rt = runtime(run);
    let done = Latch::new(residents);
    let before = resident();
    let since = Instant::now();
    let founder = rt.spawn(Founder { refs, done: done.clone() }).expect("a process");
    founder.settle(0, residents).expect("room");
    let time = done.wait(since);
    let bytes = bytes_each(before, run.n);
    Line::new(time, run.n)
        .with(format!("bytes_per={bytes:.0} alive={}", rt.handle().process_count()))
}

/// `n` residents that live on, for workloads that need a crowd.
pub(crate) fn crowd(rt: &Runtime, n: u64) {
    let done = Latch::new(n);
    let founder = rt.spawn(Founder { refs: Vec::new(), done: done.clone() }).expect("a process");
    founder.settle(0, n).expect("room");
    done.wait(Instant::now());
}

/// Who hears of a node's sum.
enum Parent {
    Node(NodeRef),
    Caller(Reply<u64>),
}

#[derive(Process, Default)]
struct Node {
    parent: Option<Parent>,
    waiting: u32,
    sum: u64,
}

#[handlers]
impl Node {
    #[call(timeout = infinity)]
    fn total(&mut self, reply: Reply<u64>, cx: &mut Context<Self>, leaves: u64) {
        self.parent = Some(Parent::Caller(reply));
        self.grow(cx, 0, leaves);
    }

    #[cast]
    fn grow(&mut self, cx: &mut Context<Self>, number: u64, size: u64) {
        if size == 1 {
            self.sum = number;
            return self.report(cx);
        }
        self.waiting = 10;
        let size = size / 10;
        for i in 0..10 {
            let child = Self { parent: Some(Parent::Node(cx.me())), ..Self::default() };
            let child = spawn(child).expect("a process");
            child.grow(number + i * size, size).expect("room");
        }
    }

    #[cast]
    fn add(&mut self, cx: &mut Context<Self>, value: u64) {
        self.sum += value;
        self.waiting -= 1;
        if self.waiting == 0 {
            self.report(cx);
        }
    }
}

impl Node {
    fn report(&mut self, cx: &mut Context<Self>) {
        match self.parent.take() {
            Some(Parent::Node(parent)) => parent.add(self.sum).expect("room"),
            Some(Parent::Caller(reply)) => reply.send(self.sum),
            None => {}
        }
        cx.stop(ExitReason::Normal);
    }
}

/// A ten-ary tree of `n` leaves that sums their numbers.
pub(crate) fn skynet(run: &Run) -> Line {
    let n = run.n;
    assert_eq!(10_u64.checked_pow(n.ilog10()), Some(n), "skynet wants a power of ten");
    let rt = runtime(run);
    let since = Instant::now();
    let root = rt.spawn(Node::default()).expect("a process");
    let sum = root.total(n).blocking();
    let time = since.elapsed();
    assert_eq!(sum, Ok(n * (n - 1) / 2));
    Line::new(time, n).with(format!("total_ms={:.1}", time.as_secs_f64() * 1e3))
}
