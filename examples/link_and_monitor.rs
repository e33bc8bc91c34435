//! Links and monitors: how processes hear of each other's end.
//!
//! A link goes both ways: when one of two linked processes ends abnormally, so does the other,
//! unless it traps exits, which a process with an `#[exit]` hook does. A monitor goes one way and
//! harms nobody: it sends one `Down`.
//!
//! Run: `cargo run -p examples --bin link_and_monitor`. Next: `timers.rs`.

use actor_core::prelude::*;

/// Fails when asked to.
#[derive(Process)]
struct Worker;

#[handlers]
impl Worker {
    #[cast(on_err = crash)]
    fn fail(&mut self, why: String) -> Result<(), String> {
        Err(why)
    }

    #[cast]
    fn finish(&mut self, cx: &mut Context<Self>) {
        cx.stop(ExitReason::Normal);
    }

    /// Starts a further worker, whose end is the end of this one.
    #[call]
    fn helper(&mut self, cx: &mut Context<Self>) -> WorkerRef {
        cx.spawn_link(Self).expect("a running process can start others")
    }
}

/// Starts workers, and keeps a diary of their ends.
#[derive(Process, Default)]
struct Boss {
    watched: Vec<(MonitorRef, &'static str)>,
    linked: Vec<(Pid, &'static str)>,
    /// Answered when nobody is left.
    quiet: Option<Reply<()>>,
}

#[handlers]
impl Boss {
    #[call]
    fn watch(&mut self, name: &'static str, worker: WorkerRef, cx: &mut Context<Self>) {
        self.watched.push((cx.monitor(&worker), name));
    }

    #[call]
    fn hire(&mut self, name: &'static str, cx: &mut Context<Self>) -> WorkerRef {
        let worker = cx.spawn_link(Worker).expect("a running process can start others");
        self.linked.extend(worker.pid().map(|pid| (pid, name)));
        worker
    }

    #[call]
    fn until_quiet(&mut self, reply: Reply<()>) {
        self.quiet = Some(reply);
        self.check();
    }

    #[exit]
    fn linked_ended(&mut self, from: Pid, reason: ExitReason) {
        let place = self.linked.iter().position(|(pid, _)| *pid == from);
        let name = place.map_or("a stranger", |place| self.linked.remove(place).1);
        println!("exit of {name}: {reason}");
        self.check();
    }

    #[down]
    fn watched_ended(&mut self, down: Down) {
        let place = self.watched.iter().position(|(monitor, _)| *monitor == down.monitor);
        let name = place.map_or("a stranger", |place| self.watched.remove(place).1);
        println!("down of {name}: {}", down.reason);
        self.check();
    }
}

impl Boss {
    fn check(&mut self) {
        if self.watched.is_empty() && self.linked.is_empty() {
            self.quiet.take().into_iter().for_each(|reply| reply.send(()));
        }
    }
}

#[actor_core::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let boss = Boss::default().start().await?;

    // The boss is linked and traps exits: it is told, and lives.
    let linked = boss.hire("linked").await?;
    linked.fail("out of paper".into())?;
    boss.until_quiet().await?;

    // `helper` is linked to `chief`, which does not trap: one end is the other's, for that reason.
    let chief = Worker.start().await?;
    let helper = chief.helper().await?;
    boss.watch("chief", chief.clone()).await?;
    helper.fail("out of ink".into())?;
    boss.until_quiet().await?;

    // A normal end does a linked process no harm, and a monitor hears of every end.
    let chief = Worker.start().await?;
    let helper = chief.helper().await?;
    boss.watch("helper", helper.clone()).await?;
    helper.finish()?;
    boss.until_quiet().await?;
    println!("chief is alive: {}", chief.is_alive());

    // To monitor a process that is gone is answered as well.
    boss.watch("late", helper).await?;
    boss.until_quiet().await?;
    Ok(())
}
