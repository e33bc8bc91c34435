//! Starts: what is true when a start returns, and that nothing is left of one that failed.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use actor_core::{
    CallFailure, Context, ExitReason, Pid, Process, Start, StartError, handlers, start_with,
};
use futures::channel::oneshot;
use futures::executor::block_on;

use crate::kit::{Heard, made, on, plain, trapper};

/// A process whose init is told what to do.
#[derive(Process)]
struct Newborn {
    tell: std::sync::mpsc::Sender<&'static str>,
    gate: Option<oneshot::Receiver<()>>,
    outcome: Result<(), &'static str>,
}

#[handlers]
impl Newborn {
    #[init]
    async fn init(&mut self, cx: &mut Context<Self>) -> Result<(), &'static str> {
        cx.continue_with(NewbornMessage::First);
        let _ = self.tell.send("init");
        if let Some(gate) = self.gate.take() {
            let _ = gate.await;
        }
        let _ = self.tell.send("ready");
        self.outcome
    }
    #[cast]
    fn first(&mut self, cx: &mut Context<Self>) {
        let _ = self.tell.send("continued");
        cx.continue_with(NewbornMessage::Second);
    }
    #[cast]
    fn second(&mut self) {
        let _ = self.tell.send("continued again");
    }
    #[cast]
    fn message(&mut self) {
        let _ = self.tell.send("message");
    }
    #[call]
    fn who(&self, cx: &mut Context<Self>) -> (Pid, Option<String>) {
        (cx.pid(), cx.name())
    }
    #[terminate]
    fn terminate(&mut self) {
        let _ = self.tell.send("terminate");
    }
}

type Told = std::sync::mpsc::Receiver<&'static str>;

fn newborn(outcome: Result<(), &'static str>) -> (Newborn, Told, oneshot::Sender<()>) {
    let (tell, told) = channel();
    let (open, gate) = oneshot::channel();
    (Newborn { tell, gate: Some(gate), outcome }, told, open)
}

/// 1.1: spawn gives a usable ref at once; what is sent to it waits for its init.
#[test]
fn a_spawned_process_can_be_sent_to_before_its_init() {
    on(1, |rt| {
        let (what, told, open) = newborn(Ok(()));
        let newborn = rt.spawn(what).expect("room");
        newborn.message().expect("it takes mail");
        let who = newborn.who().request();
        assert_eq!(told.recv(), Ok("init"));
        open.send(()).expect("it waits");
        assert_eq!(block_on(who).expect("it answers").0, newborn.pid().expect("plain"));
        // 10.13: what is to be continued with comes before all that waits.
        let rest: Vec<_> = told.try_iter().collect();
        assert_eq!(rest, ["ready", "continued", "continued again", "message"]);
    });
}

/// 1.10: a start returns when init is done, with the name registered.
#[test]
fn a_start_returns_when_init_is_done() {
    on(2, |rt| {
        let (what, told, open) = newborn(Ok(()));
        let start = std::thread::spawn({
            let on = rt.handle();
            move || block_on(what.with().name("n").on(&on).start())
        });
        assert_eq!(told.recv(), Ok("init"));
        assert!(!start.is_finished(), "its init waits");
        open.send(()).expect("it waits");
        let newborn = start.join().expect("no panic").expect("it starts");
        assert_eq!(rt.registered(), ["n"]);
        let (_, name) = newborn.who().blocking().expect("it answers");
        assert_eq!(name.as_deref(), Some("n"));
    });
}

/// 1.12: who spawns linked and does not wait for the start hears of a failing init as of any exit.
#[test]
fn a_linked_spawn_whose_init_fails_sends_its_exit() {
    on(2, |rt| {
        let (parent, ear) = trapper(rt);
        let (what, _told, open) = newborn(Err("no"));
        drop(open);
        let child = parent.does(|cx| cx.spawn_link(what).expect("spawned").pid());
        let child = child.expect("a process");
        assert_eq!(ear.next(), Heard::Exit(child, ExitReason::error("no")));
    });
}

/// 10.15, 1.12: an error of init is the start's; no `terminate`, no name, no EXIT is left.
#[test]
fn a_failed_start_leaves_nothing() {
    on(2, |rt| {
        let (parent, ear) = trapper(rt);
        for linked in [false, true] {
            let (what, told, open) = newborn(Err("no"));
            drop(open);
            let (tell, failed) = channel();
            parent.tries(move |cx| {
                let on = cx.runtime();
                let options = what.with().name("n").on(&on);
                let options = if linked { options.link() } else { options };
                let mut start = Box::pin(options.start());
                let waker = futures::task::noop_waker();
                let mut task = std::task::Context::from_waker(&waker);
                // Begun in the parent's turn, so that it is its parent; awaited outside.
                let begun = start.as_mut().poll(&mut task);
                let _ = tell.send((begun, start));
            });
            let (begun, start) = failed.recv().expect("begun");
            let failed = match begun {
                std::task::Poll::Ready(failed) => failed.map(drop),
                std::task::Poll::Pending => block_on(start).map(drop),
            };
            assert_eq!(failed, Err(StartError::Init(ExitReason::error("no"))));
            assert_eq!(rt.registered(), [""; 0]);
            parent.sync();
            assert_eq!(ear.so_far(), [], "no EXIT");
            assert_eq!(told.iter().collect::<Vec<_>>(), ["init", "ready"], "no terminate");
        }
    });
}

/// 8.6: a name that is taken is an error with its owner, and no init runs.
#[test]
fn a_taken_name_runs_no_init() {
    on(2, |rt| {
        let (first, ..) = made(false);
        let first = block_on(first.with().name("n").on(rt).start()).expect("free");
        let (what, told, _open) = newborn(Ok(()));
        let failed = block_on(what.with().name("n").on(rt).start()).map(drop);
        assert_eq!(failed, Err(StartError::NameTaken { name: "n".into(), pid: first.id() }));
        assert_eq!(told.iter().count(), 0);
        assert_eq!(rt.process_count(), 1, "nothing is left of it");
    });
}

/// 1.11: a start that takes too long is killed, and says so.
#[test]
fn a_start_that_takes_too_long_is_killed() {
    on(2, |rt| {
        let (what, told, _open) = newborn(Ok(()));
        let (limit, begin) = (Duration::from_millis(20), Instant::now());
        let failed = block_on(what.with().name("n").timeout(limit).on(rt).start()).map(drop);
        assert_eq!(failed, Err(StartError::Timeout(limit)));
        assert!(begin.elapsed() >= limit);
        assert_eq!(rt.registered(), [""; 0]);
        assert_eq!(told.iter().collect::<Vec<_>>(), ["init"]);
        assert_eq!(rt.process_count(), 0);
    });
}

/// 1.12: a process that is killed in its init does not keep its starter waiting.
#[test]
fn a_process_killed_in_its_init_fails_its_start() {
    on(2, |rt| {
        let (tell, told) = channel();
        let failed =
            rt.block_on(start_with(async move |cx| -> Result<crate::kit::Puppet, String> {
                let _ = tell.send(cx.me());
                cx.me().kill();
                std::future::pending().await
            }));
        assert!(matches!(failed, Err(StartError::Init(ExitReason::Killed))));
        let dead = told.recv().expect("it began");
        assert_eq!(dead.say(1), Err(actor_core::SendError::NoProc));
    });
}

/// A call that waits for a start hears of its failure.
#[test]
fn calls_to_a_start_that_fails_hear_its_reason() {
    on(1, |rt| {
        let (what, _told, open) = newborn(Err("no"));
        let newborn = rt.spawn(what).expect("room");
        let who = newborn.who().no_timeout().request();
        drop(open);
        assert_eq!(block_on(who), Err(CallFailure::Exited(ExitReason::error("no"))));
    });
}

/// A link or monitor needs somebody to hold it.
#[test]
fn a_linked_start_outside_of_any_process_is_refused() {
    on(1, |rt| {
        let failed = made(false).0.with().link().on(rt).spawn();
        assert!(matches!(failed, Err(StartError::Options(_))));
        let failed = made(false).0.with().mailbox(0).on(rt).spawn();
        assert!(matches!(failed, Err(StartError::Options(_))));
        assert!(matches!(actor_core::spawn(made(false).0), Err(StartError::NoRuntime)));
    });
}

/// 22.7: the bound on processes is an error, and there is room again after an exit.
#[test]
fn the_bound_on_processes_is_an_error() {
    crate::kit::bounded(|| {
        let rt = actor_core::Runtime::builder().workers(1).processes(3).build().expect("threads");
        let puppets: Vec<_> = (0..3).map(|_| plain(&rt)).collect();
        assert!(matches!(rt.spawn(made(false).0), Err(StartError::SystemLimit(_))));
        puppets[1].kill();
        puppets[1].closed().blocking();
        plain(&rt).sync();
        rt.shutdown().expect("it ends");
    });
}

/// Room is there when an end is heard: also for who asks in the very moment of it.
#[test]
fn there_is_room_for_another_when_an_end_is_heard() {
    crate::kit::bounded(|| {
        let rt = actor_core::Runtime::builder().workers(1).processes(1).build().expect("threads");
        for _ in 0..1_000 {
            let puppet = plain(&rt);
            puppet.kill();
            puppet.closed().blocking();
        }
        rt.shutdown().expect("it ends");
    });
}

/// 1.13: a child that fails to start sends its parent no EXIT, one that started does.
#[test]
fn a_child_that_ends_after_its_start_sends_its_exit() {
    on(2, |rt| {
        let (parent, ear) = trapper(rt);
        let child = parent.does(|cx| cx.spawn_link(made(false).0).expect("room"));
        child.sync();
        child.kill();
        assert_eq!(ear.next(), Heard::Exit(child.id(), ExitReason::Killed));
    });
}
