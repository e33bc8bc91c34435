//! Panics: a process that panics, wherever it does, ends with the right reason; whoever was linked
//! to it, watched it or had called it hears so once; the rest runs on.

use std::panic::panic_any;

use actor_core::{
    CallFailure, Context, ExitReason, Process, Runtime, Start, StartError, handlers, start_with,
};
use futures::executor::block_on;

use crate::kit::{Heard, on, trapper, up};

/// Where it goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Handler,
    AfterAwait,
    AsyncDrop,
    DropOfState,
    Terminate,
    Payload,
    NotText,
}

/// Panics when it is dropped.
#[derive(Debug)]
pub(crate) struct Bomb(pub(crate) &'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("{}", self.0);
        }
    }
}

/// Panics as it is told.
#[derive(Process)]
struct Actor {
    fault: Option<Fault>,
    bomb: Option<Bomb>,
}

#[handlers]
impl Actor {
    #[call]
    async fn act(&mut self, fault: Fault) {
        match fault {
            Fault::Handler => panic!("at once"),
            Fault::AfterAwait => {
                futures::future::poll_fn(once_more()).await;
                panic!("after an await");
            }
            Fault::AsyncDrop => {
                let _bomb = Bomb("in a future");
                std::future::pending::<()>().await;
            }
            Fault::Payload => panic_any(Bomb("in the payload")),
            Fault::NotText => panic_any(7_u8),
            Fault::DropOfState | Fault::Terminate => self.fault = Some(fault),
        }
    }
    #[cast]
    fn drop_it(&mut self, bomb: Bomb) {
        drop(bomb);
    }
    #[cast]
    fn stop_normally(&mut self, cx: &mut Context<Self>) {
        if self.fault == Some(Fault::DropOfState) {
            self.bomb = Some(Bomb("in the state"));
        }
        cx.stop(ExitReason::Normal);
    }
    #[terminate]
    fn terminate(&mut self, _reason: &ExitReason) {
        assert!(self.fault != Some(Fault::Terminate), "in terminate");
    }
}

/// A wait that wakes itself: the handler is polled twice.
fn once_more() -> impl FnMut(&mut std::task::Context<'_>) -> std::task::Poll<()> {
    let mut first = true;
    move |cx| match std::mem::take(&mut first) {
        true => {
            cx.waker().wake_by_ref();
            std::task::Poll::Pending
        }
        false => std::task::Poll::Ready(()),
    }
}

/// The threads live, and work: a thousand processes are started and called.
pub(crate) fn all_is_well(rt: &Runtime) {
    #[derive(Process)]
    struct Echo;
    #[handlers]
    impl Echo {
        #[call]
        fn echo(&self, word: u32) -> u32 {
            word
        }
    }
    let echoes: Vec<_> = (0..1_000).map(|_| rt.spawn(Echo).expect("room")).collect();
    let calls: Vec<_> = (0..).zip(&echoes).map(|(n, echo)| echo.echo(n).request()).collect();
    for (n, call) in (0..).zip(calls) {
        assert_eq!(block_on(call), Ok(n));
    }
    echoes.iter().for_each(|echo| echo.kill());
}

/// Links and monitors a fresh actor, has it go wrong, and compares what is heard with `message`.
fn check(workers: usize, message: &'static str, wrong: fn(&ActorRef)) {
    on(workers, move |rt| {
        for _ in 0..20 {
            let actor = up(rt, Actor { fault: None, bomb: None });
            let (watcher, ear) = trapper(rt);
            let target = actor.clone();
            let set = watcher.does(move |cx| {
                cx.link(&target);
                cx.monitor(&target)
            });
            wrong(&actor);
            let reason = actor.closed().blocking();
            assert!(reason.is_panic(message), "{reason}");
            let ExitReason::Panic(report) = &reason else { unreachable!("it is a panic") };
            assert_eq!(report.process, "Actor");
            let place = report.location.as_deref().expect("the hook saw it");
            assert!(place.contains("panic.rs:"), "{place}");
            watcher.sync();
            let pid = actor.pid().expect("a plain ref has a pid");
            let exit = Heard::Exit(pid, reason.clone());
            assert_eq!(ear.so_far(), [exit, Heard::Down(set, pid, reason)]);
        }
        all_is_well(rt);
    });
}

/// Whoever called hears the panic.
fn act(actor: &ActorRef, fault: Fault) {
    let failed = actor.act(fault).no_timeout().blocking();
    assert!(matches!(failed, Err(CallFailure::Exited(ExitReason::Panic(_)))), "{failed:?}");
}

/// 1.3, 10.18: in a handler.
#[test]
fn a_panic_in_a_handler_is_its_exit() {
    check(1, "at once", |actor| act(actor, Fault::Handler));
}

/// 1.3: in a handler that had waited.
#[test]
fn a_panic_after_an_await_is_its_exit() {
    check(2, "after an await", |actor| act(actor, Fault::AfterAwait));
}

/// A panic in dropping the panic's own payload changes nothing.
#[test]
fn a_panic_in_the_drop_of_the_payload_is_contained() {
    check(1, "", |actor| act(actor, Fault::Payload));
}

/// A payload that is no text leaves an empty message.
#[test]
fn a_payload_that_is_no_text_is_an_empty_message() {
    check(1, "", |actor| act(actor, Fault::NotText));
}

/// In the drop of a message that is being handled.
#[test]
fn a_panic_in_the_drop_of_a_message_is_its_exit() {
    check(2, "a message", |actor| actor.drop_it(Bomb("a message")).expect("room"));
}

/// In the drop of the state, at a normal end: the end is not normal then.
#[test]
fn a_panic_in_the_drop_of_the_state_is_its_exit() {
    check(1, "in the state", |actor| {
        assert_eq!(actor.act(Fault::DropOfState).blocking(), Ok(()));
        actor.stop_normally().expect("room");
    });
}

/// 10.18: in `terminate`: it replaces the reason.
#[test]
fn a_panic_in_terminate_replaces_the_reason() {
    check(1, "in terminate", |actor| {
        assert_eq!(actor.act(Fault::Terminate).blocking(), Ok(()));
        actor.stop_normally().expect("room");
    });
}

/// In what a handler held while it waited, at a kill: the kill stands, all else goes on.
#[test]
fn a_panic_in_a_dropped_handler_does_not_change_a_kill() {
    on(1, |rt| {
        let actor = up(rt, Actor { fault: None, bomb: None });
        let call = actor.act(Fault::AsyncDrop).no_timeout().request();
        actor.kill();
        assert_eq!(block_on(call), Err(CallFailure::Exited(ExitReason::Killed)));
        assert_eq!(actor.closed().blocking(), ExitReason::Killed);
        all_is_well(rt);
    });
}

/// In the drop of messages that wait in the backlog at the end: each is contained.
#[test]
fn panics_in_the_drops_of_the_backlog_are_contained() {
    on(1, |rt| {
        let actor = up(rt, Actor { fault: None, bomb: None });
        let call = actor.act(Fault::AsyncDrop).no_timeout().request();
        for _ in 0..10 {
            actor.drop_it(Bomb("in the backlog")).expect("room");
        }
        let queued = actor.act(Fault::Handler).no_timeout().request();
        actor.exit(ExitReason::other("x"));
        let failed = CallFailure::Exited(ExitReason::other("x"));
        assert_eq!(block_on(call), Err(failed.clone()));
        assert_eq!(block_on(queued), Err(failed));
        assert_eq!(actor.closed().blocking(), ExitReason::other("x"));
        all_is_well(rt);
    });
}

/// In `init`: the start fails with it.
#[test]
fn a_panic_in_init_is_the_starts_failure() {
    #[derive(Process)]
    struct Stillborn;
    #[handlers]
    impl Stillborn {
        #[init]
        async fn init(&mut self) {
            panic!("in init");
        }
    }
    on(1, |rt| {
        let failed = block_on(Stillborn.with().name("born").on(rt).start());
        assert!(matches!(failed, Err(StartError::Init(reason)) if reason.is_panic("in init")));
        assert_eq!(rt.registered(), [""; 0], "its name is free when the start returns");
        all_is_well(rt);
    });
}

/// In a start function, before and after an await.
#[test]
fn a_panic_in_a_start_function_is_the_starts_failure() {
    on(1, |rt| {
        let failed =
            rt.block_on(start_with(async |_| -> Result<Actor, String> { panic!("early") }));
        assert!(matches!(failed, Err(StartError::Init(reason)) if reason.is_panic("early")));
        let failed = rt.block_on(start_with(async |cx| -> Result<Actor, String> {
            cx.sleep(std::time::Duration::from_millis(1)).await;
            panic!("late")
        }));
        assert!(matches!(failed, Err(StartError::Init(reason)) if reason.is_panic("late")));
        all_is_well(rt);
    });
}

/// One process's panic is not told as another's.
#[test]
fn a_panic_that_was_caught_is_not_anothers_message() {
    #[derive(Process)]
    struct Careful;
    #[handlers]
    impl Careful {
        #[call]
        fn catch(&self) -> bool {
            std::panic::catch_unwind(|| panic!("caught")).is_err()
        }
        #[cast]
        fn resume(&self) {
            std::panic::resume_unwind(Box::new(7_u8));
        }
    }
    on(1, |rt| {
        let (a, b) = (up(rt, Careful), up(rt, Careful));
        assert_eq!(a.catch().blocking(), Ok(true));
        b.resume().expect("room");
        let reason = b.closed().blocking();
        assert!(reason.is_panic(""), "{reason}");
    });
}
