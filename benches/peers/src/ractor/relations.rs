//! Monitors, links, names and trees. A name is given at the start alone; links go from a child to
//! its one supervisor. Both are tables behind locks, so an end is not heard by a message: what is
//! counted is the calls, and one message after them.

use std::{sync::Arc, time::Instant};

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SupervisionEvent, registry};

use super::{Done, start};
use crate::{
    NAMES,
    measure::{Latch, Line, Rng, Run},
    names,
    on_tokio::{breathe, on_worker, runtime},
};

struct Star;

impl Actor for Star {
    starts_with!(Arc<Latch>, ());

    async fn handle(&self, _: ActorRef<Arc<Latch>>, done: Arc<Latch>, _: &mut ()) -> Done {
        done.dec();
        Ok(())
    }
}

/// Does so much.
struct Observer {
    star: ActorRef<Arc<Latch>>,
    act: fn(&ActorCell, &ActorCell),
    done: Arc<Latch>,
}

impl Actor for Observer {
    starts_with!(u64, ());

    async fn handle(&self, me: ActorRef<u64>, times: u64, _: &mut ()) -> Done {
        let (me, star) = (me.get_cell(), self.star.get_cell());
        for i in 0..times {
            (self.act)(&me, &star);
            breathe(i).await;
        }
        Ok(self.star.cast(self.done.clone())?)
    }
}

fn observe(run: &Run, act: fn(&ActorCell, &ActorCell)) -> Line {
    let rt = runtime(run);
    let done = Latch::new(1);
    let told = done.clone();
    let observer = on_worker(rt, async move {
        let star = start(Star, ()).await;
        start(Observer { star, act, done: told }, ()).await
    });
    let since = Instant::now();
    observer.cast(run.n).expect("it lives");
    Line::new(done.wait(since), run.n)
}

pub(super) fn monitor_cost(run: &Run) -> Line {
    observe(run, |me, star| {
        me.monitor(star.clone());
        me.unmonitor(star.clone());
    })
}

pub(super) fn link_cost(run: &Run) -> Line {
    observe(run, |me, star| {
        me.link(star.clone());
        me.unlink(star.clone());
    })
}

struct Plain;

impl Actor for Plain {
    starts_with!((), ());
}

pub(super) fn registry_lookup(run: &Run) -> Line {
    let rt = runtime(run);
    let (each, done) = (run.n / 2, Latch::new(2));
    let names: Arc<[String]> = names("shop").into();
    let named = names.clone();
    let shops = on_worker(rt, async move {
        let mut shops = Vec::new();
        for name in named.iter() {
            let shop = Actor::spawn(Some(name.clone()), Plain, ()).await.expect("it starts");
            shops.push(shop.0);
        }
        shops
    });
    let since = Instant::now();
    for seed in [1, 2] {
        let (names, done, mut random) = (names.clone(), done.clone(), Rng::new(seed));
        tokio::spawn(async move {
            for i in 0..each {
                let shop = registry::where_is(&names[random.below(NAMES)]);
                assert!(ActorRef::<()>::from(shop.expect("they stay")).get_id().is_local());
                breathe(i).await;
            }
            done.dec();
        });
    }
    let time = done.wait(since);
    std::mem::forget(shops);
    Line::new(time, run.n)
}

struct Mayfly;

impl Actor for Mayfly {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, me: ActorRef<()>, (): ()) -> Done {
        me.stop(None);
        Ok(())
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
                let child = Actor::spawn(Some(name.to_owned()), Mayfly, ()).await;
                child.expect("the name is free").1.await.expect("it ends");
            }
            done.dec();
        });
    }
    Line::new(done.wait(since), run.n)
}

/// Fails as soon as it is there.
struct Faulty(Arc<Latch>);

impl Actor for Faulty {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, me: ActorRef<()>, (): ()) -> Done {
        self.0.dec();
        Ok(me.cast(())?)
    }

    async fn handle(&self, _: ActorRef<()>, (): (), _: &mut ()) -> Done {
        Err("crash".into())
    }
}

struct Workshop(Arc<Latch>);

impl Workshop {
    async fn start_child(&self, me: &ActorRef<()>) -> Done {
        Actor::spawn_linked(None, Faulty(self.0.clone()), (), me.get_cell()).await?;
        Ok(())
    }
}

impl Actor for Workshop {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, me: ActorRef<()>, (): ()) -> Result<(), ActorProcessingErr> {
        for _ in 0..8 {
            self.start_child(&me).await?;
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<()>,
        event: SupervisionEvent,
        _: &mut (),
    ) -> Done {
        match event {
            SupervisionEvent::ActorFailed(..) => self.start_child(&me).await,
            _ => Ok(()),
        }
    }
}

pub(super) fn restart(run: &Run) -> Line {
    runtime(run);
    let up = Latch::new(run.n);
    let since = Instant::now();
    for _ in 0..2 {
        tokio::spawn(start(Workshop(up.clone()), ()));
    }
    Line::new(up.wait(since), run.n)
}

pub(super) fn stop_tree(run: &Run) -> Line {
    let rt = runtime(run);
    let n = run.n;
    let time = on_worker(rt, async move {
        let root = start(Plain, ()).await;
        for _ in 0..n {
            let child = Actor::spawn_linked(None, Plain, (), root.get_cell()).await;
            child.expect("it starts");
        }
        let since = Instant::now();
        root.stop_children_and_wait(None, None).await;
        root.stop(None);
        since.elapsed()
    });
    Line::new(time, n).with(format!("total_ms={:.1}", time.as_secs_f64() * 1e3))
}
