//! kameo: a process is an `Actor`, a message a type with a `Message` of it. Its mailboxes are
//! bounded to 64 unless an unbounded one is asked for, as it is here.

mod relations;

use std::{
    ops::ControlFlow,
    sync::{
        Arc,
        mpsc::{Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use kameo::{
    Actor,
    actor::{ActorId, ActorRef, Spawn, WeakActorRef},
    error::{ActorStopReason, Infallible},
    mailbox::unbounded,
    message::{Context, Message},
};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::{
    BIG, RING, SENDERS, Workload, compute_for_ever,
    measure::{Latch, Line, Rng, Run, bytes_each, resident, resident_slots},
    on_tokio::{breathe, on_worker, runtime, start_ticker},
    silence_panics,
    ticks::{BLOCK, Ticks},
};

/// It has no timers of its own.
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
    ("supervise_error", supervise_error),
    ("monitor", monitor),
    ("link_cost", relations::link_cost),
    ("registry_lookup", relations::registry_lookup),
    ("registry_register", relations::registry_register),
    ("registry_exit", relations::registry_exit),
    ("restart", relations::restart),
    ("stop_tree", relations::stop_tree),
    ("fair_cpu", fair_cpu),
    ("fair_block", fair_block),
];

fn start<A: Actor>(actor: A::Args) -> ActorRef<A> {
    A::spawn_with_mailbox(actor, unbounded())
}

struct Mayfly(Arc<Latch>);

impl Actor for Mayfly {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(me: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(me)
    }

    async fn on_stop(
        &mut self,
        _: WeakActorRef<Self>,
        _: ActorStopReason,
    ) -> Result<(), Infallible> {
        self.0.dec();
        Ok(())
    }
}

/// An actor stops when the last ref is dropped.
fn spawn_exit(run: &Run) -> Line {
    runtime(run);
    let each = run.n / 2;
    let done = Latch::new(each * 2);
    let since = Instant::now();
    for _ in 0..2 {
        let done = done.clone();
        tokio::spawn(async move {
            for i in 0..each {
                drop(start::<Mayfly>(Mayfly(done.clone())));
                breathe(i).await;
            }
        });
    }
    Line::new(done.wait(since), run.n)
}

#[derive(Actor)]
struct Resident {
    sum: u64,
    done: Arc<Latch>,
}

struct Add(u64);

impl Message<Add> for Resident {
    type Reply = ();

    async fn handle(&mut self, Add(value): Add, _: &mut Context<Self, ()>) {
        self.sum += value;
        self.done.dec();
    }
}

fn spawn_alive(run: &Run) -> Line {
    let rt = runtime(run);
    let n = run.n;
    let mut refs: Vec<Option<ActorRef<Resident>>> = resident_slots(n);
    let done = Latch::new(n);
    let told = done.clone();
    let before = resident();
    let since = Instant::now();
    let refs = on_worker(rt, async move {
        for (i, slot) in (0..n).zip(&mut refs) {
            let resident = start::<Resident>(Resident { sum: 0, done: told.clone() });
            resident.tell(Add(i)).await.expect("it lives");
            *slot = Some(resident);
            breathe(i).await;
        }
        refs
    });
    let line = Line::new(done.wait(since), n);
    let line = line.with(format!("bytes_per={:.0}", bytes_each(before, n)));
    std::mem::forget(refs);
    line
}

enum Parent {
    Node(ActorRef<Node>),
    Root(Sender<u64>),
}

impl Parent {
    async fn tell(&self, sum: u64) {
        match self {
            Self::Node(parent) => parent.tell(Add(sum)).await.expect("it lives"),
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
}

impl Actor for Node {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(node: Self, me: ActorRef<Self>) -> Result<Self, Infallible> {
        if node.size == 1 {
            // Nobody keeps its ref, so it stops.
            node.parent.tell(node.number).await;
            return Ok(node);
        }
        let size = node.size / 10;
        for i in 0..10 {
            let (parent, number) = (Parent::Node(me.clone()), node.number + i * size);
            start::<Self>(Self { parent, number, size, sum: 0, waiting: 10 });
        }
        Ok(node)
    }
}

impl Message<Add> for Node {
    type Reply = ();

    async fn handle(&mut self, Add(value): Add, cx: &mut Context<Self, ()>) {
        self.sum += value;
        self.waiting -= 1;
        if self.waiting == 0 {
            self.parent.tell(self.sum).await;
            cx.stop();
        }
    }
}

fn skynet(run: &Run) -> Line {
    runtime(run);
    let (result, sum) = channel();
    let (parent, size) = (Parent::Root(result), run.n);
    let since = Instant::now();
    tokio::spawn(async move {
        drop(start::<Node>(Node { parent, number: 0, size, sum: 0, waiting: 10 }));
    });
    let sum = sum.recv();
    let time = since.elapsed();
    assert_eq!(sum, Ok(run.n * (run.n - 1) / 2));
    Line::new(time, run.n).with(format!("total_ms={:.1}", time.as_secs_f64() * 1e3))
}

#[derive(Actor)]
struct Pong;

struct Ball(ActorRef<Ping>, u64);

impl Message<Ball> for Pong {
    type Reply = ();

    async fn handle(&mut self, Ball(from, left): Ball, _: &mut Context<Self, ()>) {
        from.tell(Add(left)).await.expect("it lives");
    }
}

#[derive(Actor)]
struct Ping {
    pong: ActorRef<Pong>,
    done: Arc<Latch>,
}

impl Message<Add> for Ping {
    type Reply = ();

    async fn handle(&mut self, Add(left): Add, cx: &mut Context<Self, ()>) {
        if left == 0 {
            return self.done.dec();
        }
        let me = cx.actor_ref().clone();
        self.pong.tell(Ball(me, left - 1)).await.expect("it lives");
    }
}

fn ping_pong(run: &Run) -> Line {
    runtime(run);
    let done = Latch::new(1);
    let ping = start::<Ping>(Ping { pong: start::<Pong>(Pong), done: done.clone() });
    let since = Instant::now();
    ping.tell(Add(run.n)).try_send().expect("it lives");
    Line::new(done.wait(since), 2 * run.n)
}

#[derive(Actor)]
struct Adder;

impl Message<Add> for Adder {
    type Reply = u64;

    async fn handle(&mut self, Add(value): Add, _: &mut Context<Self, u64>) -> u64 {
        value + 1
    }
}

fn call(run: &Run) -> Line {
    let rt = runtime(run);
    let n = run.n;
    let time = on_worker(rt, async move {
        let adder = start::<Adder>(Adder);
        let since = Instant::now();
        for i in 0..n {
            assert_eq!(adder.ask(Add(i)).await.expect("an answer"), i + 1);
        }
        since.elapsed()
    });
    Line::new(time, n)
}

#[derive(Actor)]
struct Link {
    next: Option<ActorRef<Link>>,
    done: Arc<Latch>,
}

struct Meet(ActorRef<Link>);
struct Token(u64);

impl Message<Meet> for Link {
    type Reply = ();

    async fn handle(&mut self, Meet(next): Meet, _: &mut Context<Self, ()>) {
        self.next = Some(next);
    }
}

impl Message<Token> for Link {
    type Reply = ();

    async fn handle(&mut self, Token(hops): Token, _: &mut Context<Self, ()>) {
        match &self.next {
            Some(next) if hops > 0 => next.tell(Token(hops - 1)).await.expect("it lives"),
            _ => self.done.dec(),
        }
    }
}

fn thread_ring(run: &Run) -> Line {
    runtime(run);
    let done = Latch::new(1);
    let link = |_| start::<Link>(Link { next: None, done: done.clone() });
    let ring: Vec<_> = (0..RING).map(link).collect();
    for (i, link) in ring.iter().enumerate() {
        link.tell(Meet(ring[(i + 1) % RING].clone())).try_send().expect("it lives");
    }
    let since = Instant::now();
    ring[0].tell(Token(run.n)).try_send().expect("it lives");
    Line::new(done.wait(since), run.n)
}

#[derive(Actor)]
struct Sink {
    left: u64,
    done: Arc<Latch>,
}

impl Message<Add> for Sink {
    type Reply = ();

    async fn handle(&mut self, Add(value): Add, _: &mut Context<Self, ()>) {
        self.left -= value;
        if self.left == 0 {
            self.done.dec();
        }
    }
}

#[derive(Actor)]
struct Source(ActorRef<Sink>);

struct Flood(u64);

impl Message<Flood> for Source {
    type Reply = ();

    async fn handle(&mut self, Flood(n): Flood, _: &mut Context<Self, ()>) {
        for _ in 0..n {
            self.0.tell(Add(1)).await.expect("it lives");
        }
    }
}

fn fan_in(run: &Run) -> Line {
    runtime(run);
    let total = run.n * SENDERS;
    let done = Latch::new(1);
    let sink = start::<Sink>(Sink { left: total, done: done.clone() });
    let sources: Vec<_> = (0..SENDERS).map(|_| start::<Source>(Source(sink.clone()))).collect();
    let since = Instant::now();
    sources.iter().for_each(|source| source.tell(Flood(run.n)).try_send().expect("it lives"));
    Line::new(done.wait(since), total)
}

#[derive(Actor)]
struct Player {
    number: usize,
    peers: Arc<[ActorRef<Player>]>,
    random: Rng,
    left: u64,
    done: Arc<Latch>,
}

struct Peers(Arc<[ActorRef<Player>]>);

enum Shot {
    Ping(usize),
    Pong,
}

impl Message<Peers> for Player {
    type Reply = ();

    async fn handle(&mut self, Peers(peers): Peers, _: &mut Context<Self, ()>) {
        self.peers = peers;
    }
}

impl Message<Shot> for Player {
    type Reply = ();

    async fn handle(&mut self, shot: Shot, _: &mut Context<Self, ()>) {
        let sent = match shot {
            Shot::Ping(from) => self.peers[from].tell(Shot::Pong).await,
            Shot::Pong if self.left == 0 => return self.done.dec(),
            Shot::Pong => {
                self.left -= 1;
                let peer = self.random.below(BIG);
                self.peers[peer].tell(Shot::Ping(self.number)).await
            }
        };
        sent.expect("it lives");
    }
}

fn big(run: &Run) -> Line {
    runtime(run);
    let done = Latch::new(BIG as u64);
    let player = |number| {
        let (random, peers) = (Rng::new(number as u64), Arc::from([]));
        start::<Player>(Player { number, peers, random, left: run.n, done: done.clone() })
    };
    let players: Arc<[ActorRef<Player>]> = (0..BIG).map(player).collect();
    for player in players.iter() {
        player.tell(Peers(players.clone())).try_send().expect("it lives");
    }
    let since = Instant::now();
    players.iter().for_each(|player| player.tell(Shot::Pong).try_send().expect("it lives"));
    Line::new(done.wait(since), 2 * BIG as u64 * run.n)
}

#[derive(Actor)]
struct Keeper;

#[derive(Clone)]
struct Child(UnboundedSender<()>);

impl Actor for Child {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(child: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        let _ = child.0.send(());
        Ok(child)
    }
}

struct Go;

impl Message<Go> for Child {
    type Reply = ();

    async fn handle(&mut self, Go: Go, _: &mut Context<Self, ()>) {
        panic!("crash")
    }
}

struct Fail;

impl Message<Fail> for Child {
    type Reply = Result<(), &'static str>;

    async fn handle(&mut self, Fail: Fail, _: &mut Context<Self, Self::Reply>) -> Self::Reply {
        Err("crash")
    }
}

fn supervise(run: &Run) -> Line {
    crashes(run, true)
}

fn supervise_error(run: &Run) -> Line {
    crashes(run, false)
}

fn crashes(run: &Run, panics: bool) -> Line {
    silence_panics();
    let rt = runtime(run);
    let n = run.n;
    let time = on_worker(rt, async move {
        let (up, mut ups) = unbounded_channel();
        let keeper = start::<Keeper>(Keeper);
        let child = Child::supervise(&keeper, Child(up));
        let child = child.restart_limit(u32::MAX, Duration::from_secs(1)).spawn().await;
        ups.recv().await;
        let since = Instant::now();
        for _ in 0..n {
            match panics {
                true => child.tell(Go).await.expect("it lives"),
                false => child.tell(Fail).await.expect("it lives"),
            }
            ups.recv().await;
        }
        since.elapsed()
    });
    Line::new(time, n)
}

#[derive(Actor)]
struct Star;

impl Message<Go> for Star {
    type Reply = ();

    async fn handle(&mut self, Go: Go, _: &mut Context<Self, ()>) {
        panic!("burnt out")
    }
}

struct Observer(Arc<Latch>);

impl Actor for Observer {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(me: Self, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(me)
    }

    async fn on_link_died(
        &mut self,
        _: WeakActorRef<Self>,
        _: ActorId,
        _: ActorStopReason,
    ) -> Result<ControlFlow<ActorStopReason>, Infallible> {
        self.0.dec();
        Ok(ControlFlow::Continue(()))
    }
}

/// It has links, which are told of an end and may go on.
fn monitor(run: &Run) -> Line {
    silence_panics();
    let rt = runtime(run);
    let n = run.n;
    let seen = Latch::new(n);
    let told = seen.clone();
    let (star, observers) = on_worker(rt, async move {
        let star = start::<Star>(Star);
        let mut observers = Vec::new();
        for _ in 0..n {
            let observer = start::<Observer>(Observer(told.clone()));
            star.link(&observer).await;
            observers.push(observer);
        }
        (star, observers)
    });
    thread::sleep(Duration::from_millis(300));
    let since = Instant::now();
    star.tell(Go).try_send().expect("it lives");
    let time = seen.wait(since);
    std::mem::forget(observers);
    Line::new(time, n).with(format!("total_ms={:.2}", time.as_secs_f64() * 1e3))
}

#[derive(Actor)]
struct Echo;

impl Message<Go> for Echo {
    type Reply = ();

    async fn handle(&mut self, Go: Go, _: &mut Context<Self, ()>) {}
}

#[derive(Actor)]
struct Hog {
    blocks: bool,
}

impl Message<Go> for Hog {
    type Reply = ();

    async fn handle(&mut self, Go: Go, cx: &mut Context<Self, ()>) {
        if !self.blocks {
            compute_for_ever();
        }
        thread::sleep(BLOCK);
        cx.actor_ref().tell(Go).await.expect("it lives");
    }
}

fn beside(run: &Run, blocks: bool) -> Line {
    runtime(run);
    let ticks = Ticks::new();
    let echo = start::<Echo>(Echo);
    let hogs: Vec<_> = (0..run.hogs).map(|_| start::<Hog>(Hog { blocks })).collect();
    start_ticker(ticks.clone(), move || {
        let echo = echo.clone();
        async move { echo.ask(Go).await.is_ok() }
    });
    hogs.iter().for_each(|hog| hog.tell(Go).try_send().expect("it lives"));
    ticks.watch(run)
}

fn fair_cpu(run: &Run) -> Line {
    beside(run, false)
}

fn fair_block(run: &Run) -> Line {
    beside(run, true)
}
