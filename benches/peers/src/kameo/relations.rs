//! Links, names and trees. A link is a table on both sides; names are a table behind one lock, and
//! are given after the start.

use std::{fmt, sync::Arc, time::Duration, time::Instant};

use kameo::{
    Actor,
    actor::{ActorRef, Spawn},
    error::{Infallible, RegistryError},
    mailbox::unbounded,
    message::{Context, Message},
    registry::ACTOR_REGISTRY,
};

use super::{Go, start};
use crate::{
    NAMES,
    measure::{Latch, Line, Rng, Run},
    names,
    on_tokio::{breathe, on_worker, runtime},
};

#[derive(Actor)]
struct Star;

struct Passed(Arc<Latch>);

impl Message<Passed> for Star {
    type Reply = ();

    async fn handle(&mut self, Passed(done): Passed, _: &mut Context<Self, ()>) {
        done.dec();
    }
}

#[derive(Actor)]
struct Observer {
    star: ActorRef<Star>,
    done: Arc<Latch>,
}

struct Link(u64);

impl Message<Link> for Observer {
    type Reply = ();

    async fn handle(&mut self, Link(times): Link, cx: &mut Context<Self, ()>) {
        for i in 0..times {
            cx.actor_ref().link(&self.star).await;
            cx.actor_ref().unlink(&self.star).await;
            breathe(i).await;
        }
        self.star.tell(Passed(self.done.clone())).await.expect("it lives");
    }
}

pub(super) fn link_cost(run: &Run) -> Line {
    let rt = runtime(run);
    let n = run.n;
    let done = Latch::new(1);
    let told = done.clone();
    let since = on_worker(rt, async move {
        let observer = start::<Observer>(Observer { star: start::<Star>(Star), done: told });
        let since = Instant::now();
        observer.tell(Link(n)).await.expect("it lives");
        std::mem::forget(observer);
        since
    });
    Line::new(done.wait(since), n)
}

#[derive(Actor)]
struct Plain;

pub(super) fn registry_lookup(run: &Run) -> Line {
    let rt = runtime(run);
    let (each, done) = (run.n / 2, Latch::new(2));
    let names: Arc<[String]> = names("shop").into();
    let named = names.clone();
    on_worker(rt, async move {
        for name in named.iter() {
            start::<Plain>(Plain).register(name.clone()).expect("it is free");
        }
    });
    let since = Instant::now();
    for seed in [1, 2] {
        let (names, done, mut random) = (names.clone(), done.clone(), Rng::new(seed));
        tokio::spawn(async move {
            for i in 0..each {
                let name = names[random.below(NAMES)].as_str();
                let shop = ActorRef::<Plain>::lookup(name).expect("of this type");
                assert!(shop.is_some(), "they stay");
                breathe(i).await;
            }
            done.dec();
        });
    }
    Line::new(done.wait(since), run.n)
}

pub(super) fn registry_register(run: &Run) -> Line {
    let rt = runtime(run);
    let (each, done) = (run.n / 2, Latch::new(2));
    let [hero, villain] = on_worker(rt, async { [start::<Plain>(Plain), start::<Plain>(Plain)] });
    let since = Instant::now();
    for (actor, of) in [(hero, "hero"), (villain, "villain")] {
        let (done, roles) = (done.clone(), names(of));
        tokio::spawn(async move {
            for i in 0..each {
                let role = &roles[i as usize % NAMES];
                actor.register(role.clone()).expect("it is free");
                ACTOR_REGISTRY.lock().expect("nobody panics here").remove(role.as_str());
                breathe(i).await;
            }
            done.dec();
        });
    }
    Line::new(done.wait(since), run.n)
}

/// Has a name, and stops.
struct Mayfly(String);

impl Actor for Mayfly {
    type Args = Self;
    type Error = RegistryError;

    async fn on_start(me: Self, cell: ActorRef<Self>) -> Result<Self, RegistryError> {
        cell.register(me.0.clone())?;
        cell.stop_gracefully().await.expect("it lives");
        Ok(me)
    }
}

pub(super) fn registry_exit(run: &Run) -> Line {
    runtime(run);
    let (each, done) = (run.n / 2, Latch::new(2));
    let since = Instant::now();
    for name in ["junior", "minor"] {
        let done = done.clone();
        tokio::spawn(async move {
            for _ in 0..each {
                start::<Mayfly>(Mayfly(name.to_owned())).wait_for_shutdown().await;
            }
            done.dec();
        });
    }
    Line::new(done.wait(since), run.n)
}

#[derive(Debug)]
struct Crash;

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("crash")
    }
}

/// Fails as soon as it is there.
#[derive(Clone)]
struct Faulty(Arc<Latch>);

impl Actor for Faulty {
    type Args = Self;
    type Error = Infallible;

    async fn on_start(me: Self, cell: ActorRef<Self>) -> Result<Self, Infallible> {
        me.0.dec();
        cell.tell(Go).await.expect("it lives");
        Ok(me)
    }
}

impl Message<Go> for Faulty {
    type Reply = Result<(), Crash>;

    async fn handle(&mut self, Go: Go, _: &mut Context<Self, Self::Reply>) -> Result<(), Crash> {
        Err(Crash)
    }
}

pub(super) fn restart(run: &Run) -> Line {
    let rt = runtime(run);
    let up = Latch::new(run.n);
    let told = up.clone();
    let since = Instant::now();
    let all = on_worker(rt, async move {
        let mut all = Vec::new();
        for _ in 0..2 {
            let workshop = start::<Plain>(Plain);
            for _ in 0..8 {
                let machine = Faulty::supervise(&workshop, Faulty(told.clone()));
                let machine = machine.restart_limit(u32::MAX, Duration::from_secs(1));
                all.push(machine.spawn_with_mailbox(unbounded()).await);
            }
            std::mem::forget(workshop);
        }
        all
    });
    let time = up.wait(since);
    std::mem::forget(all);
    Line::new(time, run.n)
}

/// Can be made again, as a supervised one must be.
#[derive(Actor, Clone)]
struct Leaf;

pub(super) fn stop_tree(run: &Run) -> Line {
    let rt = runtime(run);
    let n = run.n;
    let time = on_worker(rt, async move {
        let root = start::<Plain>(Plain);
        let mut leaves = Vec::new();
        for _ in 0..n {
            let leaf = Leaf::supervise(&root, Leaf);
            leaves.push(leaf.spawn_with_mailbox(unbounded()).await);
        }
        let since = Instant::now();
        root.stop_gracefully().await.expect("it lives");
        root.wait_for_shutdown().await;
        let time = since.elapsed();
        assert!(leaves.iter().all(|leaf| !leaf.is_alive()), "they ended with it");
        time
    });
    Line::new(time, n).with(format!("total_ms={:.1}", time.as_secs_f64() * 1e3))
}
