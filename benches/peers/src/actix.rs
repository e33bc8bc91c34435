//! actix: a process lives on an arbiter, a thread of its own. There are two, so that both cores can
//! work; what is started together stays together, as `start()` has it: `ping_pong`, `call` and
//! `thread_ring` run on one thread. `do_send` passes the mailbox's bound of 16 by.

use std::{
    sync::{
        Arc,
        mpsc::{Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use actix::prelude::*;
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    BIG, RING, SENDERS, Workload, compute_for_ever,
    measure::{Latch, Line, Rng, Run, bytes_each, resident, resident_slots},
    on_tokio::breathe,
    ticks::{BLOCK, Lateness, TICK, Ticks, delay},
};

/// It has no links or monitors. It does not survive panics: what it supervises is an actor's stop.
pub(crate) const WORKLOADS: &[(&str, Workload)] = &[
    ("spawn_exit", spawn_exit),
    ("spawn_alive", spawn_alive),
    ("skynet", skynet),
    ("ping_pong", ping_pong),
    ("call", call),
    ("thread_ring", thread_ring),
    ("fan_in", fan_in),
    ("big", big),
    ("supervise", supervise),
    ("timers", timers),
    ("fair_cpu", fair_cpu),
    ("fair_block", fair_block),
];

/// How long what was started from outside is left to be there.
const SETTLE: Duration = Duration::from_millis(50);

/// Two threads for actors, which are never taken down.
fn arbiters() -> [ArbiterHandle; 2] {
    std::mem::forget(System::new());
    [(); 2].map(|()| {
        let arbiter = Arbiter::new();
        let handle = arbiter.handle();
        std::mem::forget(arbiter);
        handle
    })
}

fn start<A: Actor<Context = Context<A>> + Send>(on: &ArbiterHandle, actor: A) -> Addr<A> {
    A::start_in_arbiter(on, move |_| actor)
}

/// Nothing but its context.
macro_rules! plain {
    ($($name:ty)*) => {$(
        impl Actor for $name {
            type Context = Context<Self>;
        }
    )*};
}

plain!(Resident Pong Ping Adder Link Sink Source Player Echo Hog);

#[derive(Message)]
#[rtype(result = "()")]
struct Value(u64);

#[derive(Message)]
#[rtype(result = "()")]
struct Go;

struct Mayfly(Arc<Latch>);

impl Actor for Mayfly {
    type Context = Context<Self>;

    fn started(&mut self, cx: &mut Context<Self>) {
        cx.stop();
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        self.0.dec();
    }
}

fn spawn_exit(run: &Run) -> Line {
    let each = run.n / 2;
    let done = Latch::new(each * 2);
    let arbiters = arbiters();
    let since = Instant::now();
    for arbiter in &arbiters {
        let done = done.clone();
        arbiter.spawn(async move {
            for i in 0..each {
                Mayfly(done.clone()).start();
                breathe(i).await;
            }
        });
    }
    Line::new(done.wait(since), run.n)
}

struct Resident {
    sum: u64,
    done: Arc<Latch>,
}

impl Handler<Value> for Resident {
    type Result = ();

    fn handle(&mut self, Value(value): Value, _: &mut Context<Self>) {
        self.sum += value;
        self.done.dec();
    }
}

fn spawn_alive(run: &Run) -> Line {
    let each = run.n / 2;
    let done = Latch::new(each * 2);
    let arbiters = arbiters();
    let slots = [(); 2].map(|()| resident_slots::<Addr<Resident>>(each));
    let (give, given) = channel();
    let before = resident();
    let since = Instant::now();
    for (arbiter, mut refs) in arbiters.iter().zip(slots) {
        let (done, give) = (done.clone(), give.clone());
        arbiter.spawn(async move {
            for (i, slot) in (0..each).zip(&mut refs) {
                let resident = Resident { sum: 0, done: done.clone() }.start();
                resident.do_send(Value(i));
                *slot = Some(resident);
                breathe(i).await;
            }
            give.send(refs).expect("it is awaited");
        });
    }
    let time = done.wait(since);
    let refs: Vec<_> = given.iter().take(2).collect();
    let line = Line::new(time, run.n).with(format!("bytes_per={:.0}", bytes_each(before, run.n)));
    std::mem::forget(refs);
    line
}

enum Parent {
    Node(Addr<Node>),
    Root(Sender<u64>),
}

impl Parent {
    fn tell(&self, sum: u64) {
        match self {
            Self::Node(parent) => parent.do_send(Value(sum)),
            Self::Root(result) => result.send(sum).expect("it is awaited"),
        }
    }
}

struct Node {
    parent: Parent,
    number: u64,
    size: u64,
    sum: u64,
    waiting: u32,
    /// The root's alone: its children go to both threads.
    arbiters: Option<[ArbiterHandle; 2]>,
}

impl Actor for Node {
    type Context = Context<Self>;

    fn started(&mut self, cx: &mut Context<Self>) {
        if self.size == 1 {
            self.parent.tell(self.number);
            return cx.stop();
        }
        let size = self.size / 10;
        for i in 0..10 {
            let (parent, number) = (Parent::Node(cx.address()), self.number + i * size);
            let child = Self { parent, number, size, sum: 0, waiting: 10, arbiters: None };
            match &self.arbiters {
                Some(arbiters) => drop(start(&arbiters[i as usize % 2], child)),
                None => drop(child.start()),
            }
        }
    }
}

impl Handler<Value> for Node {
    type Result = ();

    fn handle(&mut self, Value(value): Value, cx: &mut Context<Self>) {
        self.sum += value;
        self.waiting -= 1;
        if self.waiting == 0 {
            self.parent.tell(self.sum);
            cx.stop();
        }
    }
}

fn skynet(run: &Run) -> Line {
    let arbiters = arbiters();
    let (result, sum) = channel();
    let (parent, on) = (Parent::Root(result), arbiters[0].clone());
    let since = Instant::now();
    let arbiters = Some(arbiters);
    start(&on, Node { parent, number: 0, size: run.n, sum: 0, waiting: 10, arbiters });
    let sum = sum.recv();
    let time = since.elapsed();
    assert_eq!(sum, Ok(run.n * (run.n - 1) / 2));
    Line::new(time, run.n).with(format!("total_ms={:.1}", time.as_secs_f64() * 1e3))
}

struct Pong;

#[derive(Message)]
#[rtype(result = "()")]
struct Ball(Addr<Ping>, u64);

impl Handler<Ball> for Pong {
    type Result = ();

    fn handle(&mut self, Ball(from, left): Ball, _: &mut Context<Self>) {
        from.do_send(Value(left));
    }
}

struct Ping {
    pong: Addr<Pong>,
    done: Arc<Latch>,
}

impl Handler<Value> for Ping {
    type Result = ();

    fn handle(&mut self, Value(left): Value, cx: &mut Context<Self>) {
        match left {
            0 => self.done.dec(),
            _ => self.pong.do_send(Ball(cx.address(), left - 1)),
        }
    }
}

fn ping_pong(run: &Run) -> Line {
    let [arbiter, _] = arbiters();
    let done = Latch::new(1);
    let ping = start(&arbiter, Ping { pong: start(&arbiter, Pong), done: done.clone() });
    thread::sleep(SETTLE);
    let since = Instant::now();
    ping.do_send(Value(run.n));
    Line::new(done.wait(since), 2 * run.n)
}

struct Adder;

#[derive(Message)]
#[rtype(result = "u64")]
struct Add(u64);

impl Handler<Add> for Adder {
    type Result = u64;

    fn handle(&mut self, Add(value): Add, _: &mut Context<Self>) -> u64 {
        value + 1
    }
}

fn call(run: &Run) -> Line {
    let [arbiter, _] = arbiters();
    let n = run.n;
    let (tell, told) = channel();
    arbiter.spawn(async move {
        let adder = Adder.start();
        let since = Instant::now();
        for i in 0..n {
            assert_eq!(adder.send(Add(i)).await.expect("an answer"), i + 1);
        }
        tell.send(since.elapsed()).expect("it is awaited");
    });
    Line::new(told.recv().expect("an end"), n)
}

struct Link {
    next: Option<Addr<Link>>,
    done: Arc<Latch>,
}

#[derive(Message)]
#[rtype(result = "()")]
struct Meet(Addr<Link>);

impl Handler<Meet> for Link {
    type Result = ();

    fn handle(&mut self, Meet(next): Meet, _: &mut Context<Self>) {
        self.next = Some(next);
    }
}

impl Handler<Value> for Link {
    type Result = ();

    fn handle(&mut self, Value(hops): Value, _: &mut Context<Self>) {
        match &self.next {
            Some(next) if hops > 0 => next.do_send(Value(hops - 1)),
            _ => self.done.dec(),
        }
    }
}

fn thread_ring(run: &Run) -> Line {
    let [arbiter, _] = arbiters();
    let done = Latch::new(1);
    let link = |_| start(&arbiter, Link { next: None, done: done.clone() });
    let ring: Vec<_> = (0..RING).map(link).collect();
    for (i, link) in ring.iter().enumerate() {
        link.do_send(Meet(ring[(i + 1) % RING].clone()));
    }
    thread::sleep(SETTLE);
    let since = Instant::now();
    ring[0].do_send(Value(run.n));
    Line::new(done.wait(since), run.n)
}

struct Sink {
    left: u64,
    done: Arc<Latch>,
}

impl Handler<Value> for Sink {
    type Result = ();

    fn handle(&mut self, Value(value): Value, _: &mut Context<Self>) {
        self.left -= value;
        if self.left == 0 {
            self.done.dec();
        }
    }
}

struct Source(Addr<Sink>);

impl Handler<Value> for Source {
    type Result = ();

    fn handle(&mut self, Value(n): Value, _: &mut Context<Self>) {
        (0..n).for_each(|_| self.0.do_send(Value(1)));
    }
}

fn fan_in(run: &Run) -> Line {
    let arbiters = arbiters();
    let total = run.n * SENDERS;
    let done = Latch::new(1);
    let sink = start(&arbiters[0], Sink { left: total, done: done.clone() });
    let source = |i| start(&arbiters[i as usize % 2], Source(sink.clone()));
    let sources: Vec<_> = (0..SENDERS).map(source).collect();
    thread::sleep(SETTLE);
    let since = Instant::now();
    sources.iter().for_each(|source| source.do_send(Value(run.n)));
    Line::new(done.wait(since), total)
}

struct Player {
    number: usize,
    peers: Arc<[Addr<Player>]>,
    random: Rng,
    left: u64,
    done: Arc<Latch>,
}

#[derive(Message)]
#[rtype(result = "()")]
struct Peers(Arc<[Addr<Player>]>);

impl Handler<Peers> for Player {
    type Result = ();

    fn handle(&mut self, Peers(peers): Peers, _: &mut Context<Self>) {
        self.peers = peers;
    }
}

#[derive(Message)]
#[rtype(result = "()")]
enum Shot {
    Ping(usize),
    Pong,
}

impl Handler<Shot> for Player {
    type Result = ();

    fn handle(&mut self, shot: Shot, _: &mut Context<Self>) {
        match shot {
            Shot::Ping(from) => self.peers[from].do_send(Shot::Pong),
            Shot::Pong if self.left == 0 => self.done.dec(),
            Shot::Pong => {
                self.left -= 1;
                self.peers[self.random.below(BIG)].do_send(Shot::Ping(self.number));
            }
        }
    }
}

fn big(run: &Run) -> Line {
    let arbiters = arbiters();
    let done = Latch::new(BIG as u64);
    let player = |number| {
        let (random, peers) = (Rng::new(number as u64), Arc::from([]));
        let player = Player { number, peers, random, left: run.n, done: done.clone() };
        start(&arbiters[number % 2], player)
    };
    let players: Arc<[Addr<Player>]> = (0..BIG).map(player).collect();
    players.iter().for_each(|player| player.do_send(Peers(players.clone())));
    thread::sleep(SETTLE);
    let since = Instant::now();
    players.iter().for_each(|player| player.do_send(Shot::Pong));
    Line::new(done.wait(since), 2 * BIG as u64 * run.n)
}

struct Child {
    left: u64,
    done: Arc<Latch>,
}

impl Actor for Child {
    type Context = Context<Self>;

    fn started(&mut self, cx: &mut Context<Self>) {
        if self.left == 0 {
            return self.done.dec();
        }
        self.left -= 1;
        cx.address().do_send(Go);
    }
}

impl Supervised for Child {}

impl Handler<Go> for Child {
    type Result = ();

    fn handle(&mut self, Go: Go, cx: &mut Context<Self>) {
        cx.stop();
    }
}

fn supervise(run: &Run) -> Line {
    let [arbiter, _] = arbiters();
    let (left, done) = (run.n, Latch::new(1));
    let told = done.clone();
    let since = Instant::now();
    arbiter.spawn_fn(move || {
        std::mem::forget(Supervisor::start(move |_| Child { left, done: told }));
    });
    Line::new(done.wait(since), run.n).with("by=stop")
}

struct Sleeper {
    number: u64,
    late: Arc<Lateness>,
    done: Arc<Latch>,
}

impl Actor for Sleeper {
    type Context = Context<Self>;

    fn started(&mut self, cx: &mut Context<Self>) {
        let delay = delay(self.number);
        let due = Instant::now() + delay;
        cx.run_later(delay, move |me, cx| {
            me.late.add(due);
            me.done.dec();
            cx.stop();
        });
    }
}

fn timers(run: &Run) -> Line {
    let each = run.n / 2;
    let (late, done) = (Lateness::new(), Latch::new(each * 2));
    let arbiters = arbiters();
    let since = Instant::now();
    for (first, arbiter) in (0..).zip(&arbiters) {
        let (late, done) = (late.clone(), done.clone());
        arbiter.spawn(async move {
            for i in 0..each {
                let (late, done) = (late.clone(), done.clone());
                Sleeper { number: 2 * i + first, late, done }.start();
                breathe(i).await;
            }
        });
    }
    Line::new(done.wait(since), run.n).with(late.text())
}

struct Echo;

impl Handler<Go> for Echo {
    type Result = ();

    fn handle(&mut self, Go: Go, _: &mut Context<Self>) {}
}

struct Hog {
    blocks: bool,
}

impl Handler<Go> for Hog {
    type Result = ();

    fn handle(&mut self, Go: Go, cx: &mut Context<Self>) {
        if !self.blocks {
            compute_for_ever();
        }
        thread::sleep(BLOCK);
        cx.address().do_send(Go);
    }
}

fn beside(run: &Run, blocks: bool) -> Line {
    let arbiters = arbiters();
    let ticks = Ticks::new();
    let (echo, told) = (start(&arbiters[0], Echo), ticks.clone());
    arbiters[1].spawn(async move {
        let mut clock = interval(TICK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let due = clock.tick().await.into_std();
            let asked = Instant::now();
            echo.send(Go).await.expect("it lives");
            told.back(due, asked);
        }
    });
    let hog = |i| start(&arbiters[i as usize % 2], Hog { blocks });
    let hogs: Vec<_> = (0..run.hogs).map(hog).collect();
    thread::sleep(Duration::from_millis(100));
    hogs.iter().for_each(|hog| hog.do_send(Go));
    ticks.watch(run)
}

fn fair_cpu(run: &Run) -> Line {
    beside(run, false)
}

fn fair_block(run: &Run) -> Line {
    beside(run, true)
}
