//! Ends, timers and fairness.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::{Done, start};
use crate::{
    compute_for_ever,
    measure::{Latch, Line, Run},
    on_tokio::{on_worker, runtime, start_ticker},
    silence_panics,
    ticks::{BLOCK, Lateness, Ticks, delay},
};

/// Panics if it is told true; else ends with an error.
struct Child(UnboundedSender<ActorRef<bool>>);

impl Actor for Child {
    type Msg = bool;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, me: ActorRef<bool>, (): ()) -> Done {
        Ok(self.0.send(me)?)
    }

    async fn handle(&self, _: ActorRef<bool>, panics: bool, _: &mut ()) -> Done {
        assert!(!panics, "crash");
        Err("crash".into())
    }
}

struct Keeper(UnboundedSender<ActorRef<bool>>);

impl Keeper {
    async fn start_child(&self, me: ActorRef<()>) -> Done {
        Actor::spawn_linked(None, Child(self.0.clone()), (), me.get_cell()).await?;
        Ok(())
    }
}

impl Actor for Keeper {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, me: ActorRef<()>, (): ()) -> Done {
        self.start_child(me).await
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<()>,
        event: SupervisionEvent,
        _: &mut (),
    ) -> Done {
        match event {
            SupervisionEvent::ActorFailed(..) => self.start_child(me).await,
            _ => Ok(()),
        }
    }
}

pub(super) fn supervise(run: &Run) -> Line {
    crashes(run, true)
}

pub(super) fn supervise_error(run: &Run) -> Line {
    crashes(run, false)
}

fn crashes(run: &Run, panics: bool) -> Line {
    silence_panics();
    let rt = runtime(run);
    let n = run.n;
    let time = on_worker(rt, async move {
        let (up, mut ups) = unbounded_channel();
        start(Keeper(up), ()).await;
        let mut child = ups.recv().await.expect("a child");
        let since = Instant::now();
        for _ in 0..n {
            child.cast(panics).expect("it lives");
            child = ups.recv().await.expect("a child");
        }
        since.elapsed()
    });
    Line::new(time, n)
}

struct Observer {
    star: ActorCell,
    ready: Arc<Latch>,
    seen: Arc<Latch>,
}

impl Actor for Observer {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, me: ActorRef<()>, (): ()) -> Done {
        me.get_cell().monitor(self.star.clone());
        self.ready.dec();
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<()>,
        event: SupervisionEvent,
        _: &mut (),
    ) -> Done {
        use SupervisionEvent::{ActorFailed, ActorTerminated};
        if matches!(event, ActorFailed(..) | ActorTerminated(..)) {
            self.seen.dec();
        }
        Ok(())
    }
}

struct Star;

impl Actor for Star {
    starts_with!((), ());

    async fn handle(&self, _: ActorRef<()>, (): (), _: &mut ()) -> Done {
        Err("burnt out".into())
    }
}

pub(super) fn monitor(run: &Run) -> Line {
    let rt = runtime(run);
    let n = run.n;
    let (ready, seen) = (Latch::new(n), Latch::new(n));
    let (began, told) = (ready.clone(), seen.clone());
    let (star, observers) = on_worker(rt, async move {
        let star = start(Star, ()).await;
        let mut observers = Vec::new();
        for _ in 0..n {
            let (ready, seen) = (began.clone(), told.clone());
            let observer = Observer { star: star.get_cell(), ready, seen };
            observers.push(start(observer, ()).await);
        }
        (star, observers)
    });
    ready.wait(Instant::now());
    thread::sleep(Duration::from_millis(200));
    let since = Instant::now();
    star.cast(()).expect("it lives");
    let time = seen.wait(since);
    std::mem::forget(observers);
    Line::new(time, n).with(format!("total_ms={:.2}", time.as_secs_f64() * 1e3))
}

struct Sleeper {
    number: u64,
    late: Arc<Lateness>,
    done: Arc<Latch>,
}

impl Actor for Sleeper {
    type Msg = ();
    type State = Instant;
    type Arguments = ();

    async fn pre_start(&self, me: ActorRef<()>, (): ()) -> Result<Instant, ActorProcessingErr> {
        let delay = delay(self.number);
        let due = Instant::now() + delay;
        me.send_after(delay, || ());
        Ok(due)
    }

    async fn handle(&self, me: ActorRef<()>, (): (), due: &mut Instant) -> Done {
        self.late.add(*due);
        self.done.dec();
        me.stop(None);
        Ok(())
    }
}

pub(super) fn timers(run: &Run) -> Line {
    runtime(run);
    let n = run.n;
    let (late, done) = (Lateness::new(), Latch::new(n));
    let (told, fired) = (late.clone(), done.clone());
    let since = Instant::now();
    tokio::spawn(async move {
        for number in 0..n {
            start(Sleeper { number, late: told.clone(), done: fired.clone() }, ()).await;
        }
    });
    Line::new(done.wait(since), n).with(late.text())
}

struct Echo;

impl Actor for Echo {
    starts_with!(RpcReplyPort<()>, ());

    async fn handle(&self, _: ActorRef<Self::Msg>, reply: RpcReplyPort<()>, _: &mut ()) -> Done {
        Ok(reply.send(())?)
    }
}

struct Hog {
    blocks: bool,
}

impl Actor for Hog {
    starts_with!((), ());

    async fn handle(&self, me: ActorRef<()>, (): (), _: &mut ()) -> Done {
        if !self.blocks {
            compute_for_ever();
        }
        thread::sleep(BLOCK);
        Ok(me.cast(())?)
    }
}

fn beside(run: &Run, blocks: bool) -> Line {
    let rt = runtime(run);
    let hogs = run.hogs;
    let ticks = Ticks::new();
    let (echo, hogs) = on_worker(rt, async move {
        let mut all = Vec::new();
        for _ in 0..hogs {
            all.push(start(Hog { blocks }, ()).await);
        }
        (start(Echo, ()).await, all)
    });
    start_ticker(ticks.clone(), move || {
        let echo = echo.clone();
        async move { echo.call(|reply| reply, None).await.is_ok() }
    });
    hogs.iter().for_each(|hog| hog.cast(()).expect("it lives"));
    ticks.watch(run)
}

pub(super) fn fair_cpu(run: &Run) -> Line {
    beside(run, false)
}

pub(super) fn fair_block(run: &Run) -> Line {
    beside(run, true)
}
