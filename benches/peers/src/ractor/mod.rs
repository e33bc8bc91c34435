//! ractor: a process is an `Actor`; its mailbox is unbounded.

/// An actor that keeps its state in a `State` that it is given at its start.
macro_rules! starts_with {
    ($message:ty, $state:ty) => {
        type Msg = $message;
        type State = $state;
        type Arguments = $state;

        async fn pre_start(
            &self,
            _: ActorRef<$message>,
            state: $state,
        ) -> Result<$state, ActorProcessingErr> {
            Ok(state)
        }
    };
}

mod ends;
mod relations;

use std::{
    sync::{
        Arc,
        mpsc::{Sender, channel},
    },
    time::Instant,
};

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort};

use crate::{
    BIG, RING, SENDERS, Workload,
    measure::{Latch, Line, Rng, Run, bytes_each, resident, resident_slots},
    on_tokio::{on_worker, runtime},
};

pub(crate) const WORKLOADS: &[(&str, Workload)] = &[
    ("spawn_exit", spawn_exit),
    ("spawn_alive", spawn_alive),
    ("skynet", skynet),
    ("ping_pong", ping_pong),
    ("call", call),
    ("thread_ring", thread_ring),
    ("fan_in", fan_in),
    ("big", big),
    ("supervise", ends::supervise),
    ("supervise_error", ends::supervise_error),
    ("monitor", ends::monitor),
    ("monitor_cost", relations::monitor_cost),
    ("link_cost", relations::link_cost),
    ("registry_lookup", relations::registry_lookup),
    ("registry_exit", relations::registry_exit),
    ("restart", relations::restart),
    ("stop_tree", relations::stop_tree),
    ("timers", ends::timers),
    ("fair_cpu", ends::fair_cpu),
    ("fair_block", ends::fair_block),
];

type Done = Result<(), ActorProcessingErr>;

async fn start<A: Actor>(actor: A, state: A::Arguments) -> ActorRef<A::Msg> {
    Actor::spawn(None, actor, state).await.expect("it starts").0
}

struct Mayfly;

impl Actor for Mayfly {
    type Msg = ();
    type State = Arc<Latch>;
    type Arguments = Arc<Latch>;

    async fn pre_start(
        &self,
        me: ActorRef<()>,
        done: Arc<Latch>,
    ) -> Result<Arc<Latch>, ActorProcessingErr> {
        me.stop(None);
        Ok(done)
    }

    async fn post_stop(&self, _: ActorRef<()>, done: &mut Arc<Latch>) -> Done {
        done.dec();
        Ok(())
    }
}

fn spawn_exit(run: &Run) -> Line {
    runtime(run);
    let each = run.n / 2;
    let done = Latch::new(each * 2);
    let since = Instant::now();
    for _ in 0..2 {
        let done = done.clone();
        tokio::spawn(async move {
            for _ in 0..each {
                start(Mayfly, done.clone()).await;
            }
        });
    }
    Line::new(done.wait(since), run.n)
}

struct Resident(Arc<Latch>);

impl Actor for Resident {
    starts_with!(u64, u64);

    async fn handle(&self, _: ActorRef<u64>, value: u64, sum: &mut u64) -> Done {
        *sum += value;
        self.0.dec();
        Ok(())
    }
}

fn spawn_alive(run: &Run) -> Line {
    let rt = runtime(run);
    let n = run.n;
    let mut refs: Vec<Option<ActorRef<u64>>> = resident_slots(n);
    let done = Latch::new(n);
    let told = done.clone();
    let before = resident();
    let since = Instant::now();
    let refs = on_worker(rt, async move {
        for (i, slot) in (0..n).zip(&mut refs) {
            let resident = start(Resident(told.clone()), 0).await;
            resident.cast(i).expect("it lives");
            *slot = Some(resident);
        }
        refs
    });
    let line = Line::new(done.wait(since), n);
    let line = line.with(format!("bytes_per={:.0}", bytes_each(before, n)));
    std::mem::forget(refs);
    line
}

enum Parent {
    Node(ActorRef<u64>),
    Root(Sender<u64>),
}

impl Parent {
    fn tell(&self, sum: u64) {
        match self {
            Self::Node(parent) => parent.cast(sum).expect("it lives"),
            Self::Root(result) => result.send(sum).expect("it is awaited"),
        }
    }
}

struct Node {
    parent: Parent,
    number: u64,
    size: u64,
}

impl Actor for Node {
    starts_with!(u64, (u64, u32));

    // Boxed, since it is its own children's.
    fn post_start(
        &self,
        me: ActorRef<u64>,
        _: &mut (u64, u32),
    ) -> impl Future<Output = Done> + Send {
        let grow: std::pin::Pin<Box<dyn Future<Output = Done> + Send + '_>> =
            Box::pin(async move {
                if self.size == 1 {
                    self.parent.tell(self.number);
                    me.stop(None);
                    return Ok(());
                }
                let size = self.size / 10;
                for i in 0..10 {
                    let (parent, number) = (Parent::Node(me.clone()), self.number + i * size);
                    Actor::spawn(None, Self { parent, number, size }, (0, 0)).await?;
                }
                Ok(())
            });
        grow
    }

    async fn handle(&self, me: ActorRef<u64>, value: u64, state: &mut (u64, u32)) -> Done {
        state.0 += value;
        state.1 += 1;
        if state.1 == 10 {
            self.parent.tell(state.0);
            me.stop(None);
        }
        Ok(())
    }
}

fn skynet(run: &Run) -> Line {
    runtime(run);
    let (result, sum) = channel();
    let since = Instant::now();
    tokio::spawn(start(Node { parent: Parent::Root(result), number: 0, size: run.n }, (0, 0)));
    let sum = sum.recv();
    let time = since.elapsed();
    assert_eq!(sum, Ok(run.n * (run.n - 1) / 2));
    Line::new(time, run.n).with(format!("total_ms={:.1}", time.as_secs_f64() * 1e3))
}

struct Pong;

impl Actor for Pong {
    starts_with!((ActorRef<u64>, u64), ());

    async fn handle(
        &self,
        _: ActorRef<Self::Msg>,
        (from, ball): (ActorRef<u64>, u64),
        _: &mut (),
    ) -> Done {
        Ok(from.cast(ball)?)
    }
}

struct Ping {
    pong: ActorRef<(ActorRef<u64>, u64)>,
    done: Arc<Latch>,
}

impl Actor for Ping {
    starts_with!(u64, ());

    async fn handle(&self, me: ActorRef<u64>, left: u64, _: &mut ()) -> Done {
        match left {
            0 => self.done.dec(),
            _ => self.pong.cast((me, left - 1))?,
        }
        Ok(())
    }
}

fn ping_pong(run: &Run) -> Line {
    let rt = runtime(run);
    let done = Latch::new(1);
    let told = done.clone();
    let ping = on_worker(rt, async move {
        let pong = start(Pong, ()).await;
        start(Ping { pong, done: told }, ()).await
    });
    let since = Instant::now();
    ping.cast(run.n).expect("it lives");
    Line::new(done.wait(since), 2 * run.n)
}

struct Adder;

impl Actor for Adder {
    starts_with!((u64, RpcReplyPort<u64>), ());

    async fn handle(
        &self,
        _: ActorRef<Self::Msg>,
        (value, reply): (u64, RpcReplyPort<u64>),
        _: &mut (),
    ) -> Done {
        Ok(reply.send(value + 1)?)
    }
}

fn call(run: &Run) -> Line {
    let rt = runtime(run);
    let n = run.n;
    let time = on_worker(rt, async move {
        let adder = start(Adder, ()).await;
        let since = Instant::now();
        for i in 0..n {
            let answer = adder.call(|reply| (i, reply), None).await.expect("it lives");
            assert_eq!(answer.expect("an answer"), i + 1);
        }
        since.elapsed()
    });
    Line::new(time, n)
}

enum Hop {
    Meet(ActorRef<Hop>),
    Token(u64),
}

struct Link(Arc<Latch>);

impl Actor for Link {
    starts_with!(Hop, Option<ActorRef<Hop>>);

    async fn handle(&self, _: ActorRef<Hop>, hop: Hop, next: &mut Option<ActorRef<Hop>>) -> Done {
        match (hop, &next) {
            (Hop::Meet(link), _) => *next = Some(link),
            (Hop::Token(hops), Some(next)) if hops > 0 => next.cast(Hop::Token(hops - 1))?,
            (Hop::Token(_), _) => self.0.dec(),
        }
        Ok(())
    }
}

fn thread_ring(run: &Run) -> Line {
    let rt = runtime(run);
    let done = Latch::new(1);
    let told = done.clone();
    let ring = on_worker(rt, async move {
        let mut ring = Vec::new();
        for _ in 0..RING {
            ring.push(start(Link(told.clone()), None).await);
        }
        ring
    });
    for (i, link) in ring.iter().enumerate() {
        link.cast(Hop::Meet(ring[(i + 1) % RING].clone())).expect("it lives");
    }
    let since = Instant::now();
    ring[0].cast(Hop::Token(run.n)).expect("it lives");
    Line::new(done.wait(since), run.n)
}

struct Sink(Arc<Latch>);

impl Actor for Sink {
    starts_with!(u64, u64);

    async fn handle(&self, _: ActorRef<u64>, value: u64, left: &mut u64) -> Done {
        *left -= value;
        if *left == 0 {
            self.0.dec();
        }
        Ok(())
    }
}

struct Source(ActorRef<u64>);

impl Actor for Source {
    starts_with!(u64, ());

    async fn handle(&self, _: ActorRef<u64>, n: u64, _: &mut ()) -> Done {
        for _ in 0..n {
            self.0.cast(1)?;
        }
        Ok(())
    }
}

fn fan_in(run: &Run) -> Line {
    let rt = runtime(run);
    let total = run.n * SENDERS;
    let done = Latch::new(1);
    let told = done.clone();
    let sources = on_worker(rt, async move {
        let sink = start(Sink(told), total).await;
        let mut sources = Vec::new();
        for _ in 0..SENDERS {
            sources.push(start(Source(sink.clone()), ()).await);
        }
        sources
    });
    let since = Instant::now();
    sources.iter().for_each(|source| source.cast(run.n).expect("it lives"));
    Line::new(done.wait(since), total)
}

enum Shot {
    Meet(Arc<[ActorRef<Shot>]>),
    Ping(usize),
    Pong,
}

struct Player {
    number: usize,
    done: Arc<Latch>,
}

struct Game {
    peers: Arc<[ActorRef<Shot>]>,
    random: Rng,
    left: u64,
}

impl Actor for Player {
    starts_with!(Shot, Game);

    async fn handle(&self, _: ActorRef<Shot>, shot: Shot, game: &mut Game) -> Done {
        match shot {
            Shot::Meet(peers) => game.peers = peers,
            Shot::Ping(from) => game.peers[from].cast(Shot::Pong)?,
            Shot::Pong if game.left == 0 => self.done.dec(),
            Shot::Pong => {
                game.left -= 1;
                game.peers[game.random.below(BIG)].cast(Shot::Ping(self.number))?;
            }
        }
        Ok(())
    }
}

fn big(run: &Run) -> Line {
    let rt = runtime(run);
    let left = run.n;
    let done = Latch::new(BIG as u64);
    let told = done.clone();
    let players: Arc<[ActorRef<Shot>]> = on_worker(rt, async move {
        let mut players = Vec::new();
        for number in 0..BIG {
            let game = Game { peers: Arc::from([]), random: Rng::new(number as u64), left };
            players.push(start(Player { number, done: told.clone() }, game).await);
        }
        players.into()
    });
    for player in players.iter() {
        player.cast(Shot::Meet(players.clone())).expect("it lives");
    }
    let since = Instant::now();
    players.iter().for_each(|player| player.cast(Shot::Pong).expect("it lives"));
    Line::new(done.wait(since), 2 * BIG as u64 * run.n)
}
