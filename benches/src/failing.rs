//! Processes that end, and who hears of it.

use std::{fmt, sync::Arc, thread, time::Duration, time::Instant};

use actor_core::prelude::*;

use crate::{
    measure::{Latch, Line, Run},
    runtime,
};

/// The handler's error.
struct Crash;

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("crash")
    }
}

/// Says that it is there, and crashes when asked to.
#[derive(Process)]
struct Child {
    driver: DriverRef,
}

#[handlers]
impl Child {
    #[init]
    fn announce(&mut self, cx: &mut Context<Self>) {
        let _ = self.driver.up(cx.me());
    }

    #[cast]
    fn panic(&mut self) {
        panic!("crash");
    }

    #[cast(on_err = crash)]
    fn fail(&mut self) -> Result<(), Crash> {
        Err(Crash)
    }
}

#[derive(Supervisor)]
struct Keeper {
    driver: DriverRef,
}

#[supervisor(intensity = 100_000_000, period = "1s")]
impl Keeper {
    #[child]
    fn child(&self) -> Child {
        Child { driver: self.driver.clone() }
    }
}

/// Crashes each child as soon as it is there.
#[derive(Process)]
struct Driver {
    left: u64,
    panics: bool,
    done: Arc<Latch>,
}

#[handlers]
impl Driver {
    #[cast]
    fn up(&mut self, child: ChildRef) {
        if self.left == 0 {
            return self.done.dec();
        }
        self.left -= 1;
        let asked = if self.panics { child.panic() } else { child.fail() };
        asked.expect("a child that has just announced itself");
    }
}

/// A supervised child is made to panic by a message, until the next one has announced itself, `n`
/// times.
pub(crate) fn supervise(run: &Run) -> Line {
    crashes(run, true)
}

/// The same, but its handler ends with an error.
pub(crate) fn supervise_error(run: &Run) -> Line {
    crashes(run, false)
}

fn crashes(run: &Run, panics: bool) -> Line {
    // Crashes are reported to the program's subscriber, and this one drops what it gets.
    let _ = tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::new());
    let rt = runtime(run);
    let done = Latch::new(1);
    let driver = Driver { left: run.n, panics, done: done.clone() };
    let driver = rt.spawn(driver).expect("a process");
    let since = Instant::now();
    let _keeper = rt.block_on(rt.start(Keeper { driver })).expect("a supervisor");
    Line::new(done.wait(since), run.n)
}

#[derive(Process)]
struct Star;

#[handlers]
impl Star {
    #[cast]
    fn fade(&mut self, cx: &mut Context<Self>) {
        cx.stop(ExitReason::error("burnt out"));
    }
}

#[derive(Process)]
struct Observer {
    star: StarRef,
    ready: Arc<Latch>,
    seen: Arc<Latch>,
}

#[handlers]
impl Observer {
    #[init]
    fn watch(&mut self, cx: &mut Context<Self>) {
        cx.monitor(&self.star);
        self.ready.dec();
    }

    #[down]
    fn gone(&mut self, _down: Down) {
        self.seen.dec();
    }
}

/// `n` processes monitor one, which ends; until all have handled it.
pub(crate) fn monitor(run: &Run) -> Line {
    let _ = tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::new());
    let rt = runtime(run);
    let star = rt.spawn(Star).expect("a process");
    let (ready, seen) = (Latch::new(run.n), Latch::new(run.n));
    for _ in 0..run.n {
        let (star, ready, seen) = (star.clone(), ready.clone(), seen.clone());
        rt.spawn(Observer { star, ready, seen }).expect("a process");
    }
    ready.wait(Instant::now());
    // The last monitor is on its way to the star.
    thread::sleep(Duration::from_millis(200));
    let since = Instant::now();
    star.fade().expect("room");
    let time = seen.wait(since);
    Line::new(time, run.n).with(format!("total_ms={:.2}", time.as_secs_f64() * 1e3))
}
