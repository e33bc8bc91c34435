//! Messages between processes that are there already.

use std::{sync::Arc, time::Instant};

use actor_core::prelude::*;

use crate::{
    measure::{Latch, Line, Rng, Run},
    runtime,
};

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
            ping.ball(number).expect("room");
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
        self.pong.ball(number + 1).expect("room");
    }
}

/// `n` round trips between two processes, by cast.
pub(crate) fn ping_pong(run: &Run) -> Line {
    rally(runtime(run), run.n)
}

/// So many round trips between two new processes.
pub(crate) fn rally(rt: &Runtime, trips: u64) -> Line {
    let done = Latch::new(1);
    let pong = rt.spawn(Pong { ping: None }).expect("a process");
    let ping = Ping { pong: pong.clone(), left: trips, done: done.clone() };
    let ping = rt.spawn(ping).expect("a process");
    pong.meet(ping.clone()).expect("room");
    let since = Instant::now();
    ping.ball(0).expect("room");
    Line::new(done.wait(since), 2 * trips)
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
    let rt = runtime(run);
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
            Some(next) if hops > 0 => next.token(hops - 1).expect("room"),
            _ => self.done.dec(),
        }
    }
}

/// One token, `n` hops, 503 processes.
pub(crate) fn thread_ring(run: &Run) -> Line {
    let rt = runtime(run);
    let done = Latch::new(1);
    let link = |_| rt.spawn(Link { next: None, done: done.clone() }).expect("a process");
    let ring: Vec<LinkRef> = (0..RING).map(link).collect();
    for (i, link) in ring.iter().enumerate() {
        link.meet(ring[(i + 1) % RING].clone()).expect("room");
    }
    let since = Instant::now();
    ring[0].token(run.n).expect("room");
    Line::new(done.wait(since), run.n)
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

/// 100 senders of `n` messages each, one receiver that counts. Its mailbox is as good as unbounded.
pub(crate) fn fan_in(run: &Run) -> Line {
    let rt = runtime(run);
    let done = Latch::new(1);
    let total = SENDERS * run.n;
    let sink = rt.spawn(Sink { left: total, done: done.clone() }).expect("a process");
    let since = Instant::now();
    for _ in 0..SENDERS {
        let source = rt.spawn(Source { sink: sink.clone() }).expect("a process");
        source.flood(run.n).expect("room");
    }
    Line::new(done.wait(since), total)
}

const BIG: usize = 1000;

#[derive(Process)]
struct Player {
    number: usize,
    peers: Arc<[PlayerRef]>,
    random: Rng,
    left: u64,
    done: Arc<Latch>,
}

#[handlers]
impl Player {
    #[cast]
    fn meet(&mut self, peers: Arc<[PlayerRef]>) {
        self.peers = peers;
    }

    #[cast]
    fn ping(&mut self, from: usize) {
        self.peers[from].pong().expect("room");
    }

    #[cast]
    fn pong(&mut self) {
        if self.left == 0 {
            return self.done.dec();
        }
        self.left -= 1;
        self.peers[self.random.below(BIG)].ping(self.number).expect("room");
    }
}

/// 1,000 processes: each pings a random one and waits for its pong, `n` times.
pub(crate) fn big(run: &Run) -> Line {
    let rt = runtime(run);
    let done = Latch::new(BIG as u64);
    let player = |number| {
        let (peers, random) = (Arc::from([]), Rng::new(number as u64));
        let player = Player { number, peers, random, left: run.n, done: done.clone() };
        rt.spawn(player).expect("a process")
    };
    let players: Arc<[PlayerRef]> = (0..BIG).map(player).collect();
    players.iter().for_each(|player| player.meet(players.clone()).expect("room"));
    let since = Instant::now();
    // The starting shot.
    players.iter().for_each(|player| player.pong().expect("room"));
    Line::new(done.wait(since), 2 * BIG as u64 * run.n)
}
