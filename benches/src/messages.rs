//! Messages between processes that are there already.

use std::{sync::Arc, time::Instant};

use actor_core::prelude::*;

use crate::measure::{Latch, Line, Run};

#[derive(Process)]
struct Pong {
    ping: Option<PingRef>,
}

#[handlers]
impl Pong {
    #[cast]
    fn meet(&mut self, ping: PingRef) {
        self.ping = Some(ping);
    }

    #[cast]
    fn ball(&mut self, number: u64) {
        if let Some(ping) = &self.ping {
            let _ = ping.ball(number);
        }
    }
}

#[derive(Process)]
struct Ping {
    pong: PongRef,
    left: u64,
    done: Arc<Latch>,
}

#[handlers]
impl Ping {
    #[cast]
    fn ball(&mut self, number: u64) {
        if self.left == 0 {
            self.done.dec();
            return;
        }
        self.left -= 1;
        let _ = self.pong.ball(number + 1);
    }
}

/// `n` round trips between two processes, by cast.
pub(crate) fn ping_pong(run: &Run) -> Line {
    let rt = Runtime::new().expect("a runtime");
    let done = Latch::new(1);
    let pong = rt.spawn(Pong { ping: None }).expect("a process");
    let ping = Ping { pong: pong.clone(), left: run.n, done: done.clone() };
    let ping = rt.spawn(ping).expect("a process");
    pong.meet(ping.clone()).expect("room");
    let since = Instant::now();
    ping.ball(0).expect("room");
    let line = Line::new(done.wait(since), 2 * run.n);
    std::mem::forget(rt);
    line
}

#[derive(Process)]
struct Adder;

#[handlers]
impl Adder {
    #[call]
    fn add(&self, to: u64) -> u64 {
        to + 1
    }
}

/// `n` calls from one process to another.
pub(crate) fn call(run: &Run) -> Line {
    let rt = Runtime::new().expect("a runtime");
    let n = run.n;
    let time = rt.run(async move {
        let adder = spawn(Adder).expect("a process");
        let since = Instant::now();
        for i in 0..n {
            assert_eq!(adder.add(i).await, Ok(i + 1));
        }
        since.elapsed()
    });
    Line::new(time.expect("no crash"), n)
}

const RING: usize = 503;

#[derive(Process)]
struct Link {
    next: Option<LinkRef>,
    done: Arc<Latch>,
}

#[handlers]
impl Link {
    #[cast]
    fn meet(&mut self, next: LinkRef) {
        self.next = Some(next);
    }

    #[cast]
    fn token(&mut self, hops: u64) {
        match &self.next {
            Some(next) if hops > 0 => drop(next.token(hops - 1).is_ok()),
            _ => self.done.dec(),
        }
    }
}

/// One token, `n` hops, 503 processes.
pub(crate) fn thread_ring(run: &Run) -> Line {
    let rt = Runtime::new().expect("a runtime");
    let done = Latch::new(1);
    let link = |_| rt.spawn(Link { next: None, done: done.clone() }).expect("a process");
    let ring: Vec<LinkRef> = (0..RING).map(link).collect();
    for (i, link) in ring.iter().enumerate() {
        link.meet(ring[(i + 1) % RING].clone()).expect("room");
    }
    let since = Instant::now();
    ring[0].token(run.n).expect("room");
    let line = Line::new(done.wait(since), run.n);
    std::mem::forget(rt);
    line
}

const SENDERS: u64 = 100;

#[derive(Process)]
#[process(mailbox = 100_000_000)]
struct Sink {
    left: u64,
    done: Arc<Latch>,
}

#[handlers]
impl Sink {
    #[cast]
    fn one(&mut self, value: u64) {
        self.left -= value;
        if self.left == 0 {
            self.done.dec();
        }
    }
}

#[derive(Process)]
struct Source {
    sink: SinkRef,
}

#[handlers]
impl Source {
    #[cast]
    fn flood(&mut self, n: u64) {
        for _ in 0..n {
            self.sink.one(1).expect("room");
        }
    }
}

/// 100 senders of `n` messages each, one receiver that counts.
pub(crate) fn fan_in(run: &Run) -> Line {
    let rt = Runtime::new().expect("a runtime");
    let done = Latch::new(1);
    let total = SENDERS * run.n;
    let sink = rt.spawn(Sink { left: total, done: done.clone() }).expect("a process");
    let since = Instant::now();
    for _ in 0..SENDERS {
        let source = rt.spawn(Source { sink: sink.clone() }).expect("a process");
        source.flood(run.n).expect("room");
    }
    let line = Line::new(done.wait(since), total);
    std::mem::forget(rt);
    line
}
