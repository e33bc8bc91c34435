//! Supervision trees: many restarts at once, and the end of a large tree.

use std::{fmt, sync::Arc, time::Instant};

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

/// Fails as soon as it is there.
#[derive(Process)]
struct Faulty {
    up: Arc<Latch>,
}

#[handlers]
impl Faulty {
    #[init]
    fn begin(&mut self, cx: &mut Context<Self>) {
        self.up.dec();
        cx.me().fail().expect("room");
    }

    #[cast(on_err = crash)]
    fn fail(&mut self) -> Result<(), Crash> {
        Err(Crash)
    }
}

#[derive(Supervisor)]
struct Workshop {
    up: Arc<Latch>,
}

#[supervisor(intensity = 100_000_000, period = "1s")]
impl Workshop {
    #[child(count = 8)]
    fn machine(&self) -> Faulty {
        Faulty { up: self.up.clone() }
    }
}

/// Two supervisors with eight children each, of which each ends with an error as soon as it has
/// begun, until `n` have begun.
pub(crate) fn restart(run: &Run) -> Line {
    // Crashes are reported to the program's subscriber, and this one drops what it gets.
    let _ = tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::new());
    let rt = runtime(run);
    let up = Latch::new(run.n);
    let since = Instant::now();
    for _ in 0..2 {
        rt.block_on(rt.start(Workshop { up: up.clone() })).expect("a supervisor");
    }
    Line::new(up.wait(since), run.n)
}

#[derive(Process)]
struct Leaf;

#[handlers]
impl Leaf {}

#[derive(Supervisor)]
struct Bush;

#[supervisor]
impl Bush {
    #[child(dynamic)]
    fn leaf(&self) -> Leaf {
        Leaf
    }
}

/// A supervisor of `n` dynamic children is asked to stop, until it has.
pub(crate) fn stop_tree(run: &Run) -> Line {
    let rt = runtime(run);
    let n = run.n;
    let time = rt.run(async move {
        let bush = Bush.start().await.expect("a supervisor");
        for _ in 0..n {
            bush.start_leaf().await.expect("a child");
        }
        let since = Instant::now();
        assert_eq!(bush.stop(ExitReason::Shutdown).await, ExitReason::Shutdown);
        since.elapsed()
    });
    stopped(rt, time.expect("no crash"), n)
}

#[derive(Supervisor)]
struct Forest {
    trees: usize,
    leaves: usize,
}

#[supervisor]
impl Forest {
    #[child(count = self.trees)]
    fn tree(&self) -> Tree {
        Tree { leaves: self.leaves }
    }
}

#[derive(Supervisor)]
struct Tree {
    leaves: usize,
}

#[supervisor]
impl Tree {
    #[child(count = self.leaves)]
    fn leaf(&self) -> Leaf {
        Leaf
    }
}

/// The same of a supervisor of supervisors, with as many children as each of those has: each stops
/// its children one by one.
pub(crate) fn stop_forest(run: &Run) -> Line {
    let rt = runtime(run);
    let side = run.n.isqrt() as usize;
    let time = rt.run(async move {
        let forest = Forest { trees: side, leaves: side }.start().await.expect("a supervisor");
        let since = Instant::now();
        assert_eq!(forest.stop(ExitReason::Shutdown).await, ExitReason::Shutdown);
        since.elapsed()
    });
    stopped(rt, time.expect("no crash"), (side * side) as u64)
}

fn stopped(rt: &Runtime, time: std::time::Duration, children: u64) -> Line {
    assert!(rt.handle().process_count() <= 1, "all have ended but who waited for it");
    Line::new(time, children).with(format!("total_ms={:.1}", time.as_secs_f64() * 1e3))
}
