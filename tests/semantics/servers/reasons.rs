//! Theme 10: an error that is an exit reason is that reason (`{stop, Reason}`), not a text of it.

use std::error::Error;

use actor_core::{
    CallFailure, ExitReason, Process, Start, StartError, Supervisor, handlers, start_with,
    supervisor,
};
use futures::executor::block_on;

use crate::kit::{Heard, on, trapper, up};

/// A process whose hooks and handlers return reasons.
#[derive(Process)]
struct Frank(Result<(), ExitReason>);

#[handlers]
impl Frank {
    #[init]
    fn begin(&mut self) -> Result<(), ExitReason> {
        self.0.clone()
    }
    #[cast(on_err = crash)]
    fn fall(&mut self, reason: ExitReason) -> Result<(), Box<dyn Error>> {
        Err(reason)?
    }
    #[call(on_err = crash)]
    fn refuse(&mut self, reason: ExitReason) -> Result<(), ExitReason> {
        Err(reason)
    }
}

fn reasons() -> [ExitReason; 6] {
    [
        ExitReason::Normal,
        ExitReason::Shutdown,
        ExitReason::ShutdownWith("for the night".into()),
        ExitReason::NoProc,
        ExitReason::error("disk full"),
        ExitReason::other("bored"),
    ]
}

/// 10.15: `{stop, Reason}` of init is that reason: for the starter, links and monitors.
#[test]
fn an_init_that_returns_a_reason_ends_with_that_reason_and_no_other() {
    on(2, |rt| {
        for reason in reasons() {
            let failed = block_on(Frank(Err(reason.clone())).with().on(rt).start()).map(drop);
            assert_eq!(failed, Err(StartError::Init(reason.clone())));
            let (parent, ear) = trapper(rt);
            let frank = Frank(Err(reason.clone()));
            let child = parent.does(|cx| cx.spawn_link(frank).expect("room").pid());
            let child = child.expect("a process");
            assert_eq!(ear.next(), Heard::Exit(child, reason.clone()));
            let frank = Frank(Err(reason.clone()));
            let (child, monitor) = parent.does(|cx| {
                let (child, monitor) = cx.spawn_monitor(frank).expect("room");
                (child.pid().expect("a process"), monitor)
            });
            assert_eq!(ear.next(), Heard::Down(monitor, child, reason));
        }
    });
}

/// 10.15: the same of a process that is made inside itself.
#[test]
fn a_start_function_that_returns_a_reason_ends_with_that_reason() {
    on(2, |rt| {
        for reason in reasons() {
            let _entered = rt.enter();
            let why = reason.clone();
            let failed = block_on(start_with(async move |_cx| Err::<Frank, _>(why))).map(drop);
            assert_eq!(failed, Err(StartError::Init(reason)));
        }
    });
}

/// 10.10: a handler whose error is a reason ends its process with it, boxed on the way or not.
#[test]
fn a_handler_that_crashes_with_a_reason_ends_with_that_reason() {
    on(2, |rt| {
        for reason in reasons() {
            let frank = up(rt, Frank(Ok(())));
            let closed = frank.closed();
            frank.fall(reason.clone()).expect("room");
            assert_eq!(closed.blocking(), reason);
            let frank = up(rt, Frank(Ok(())));
            let closed = frank.closed();
            let refused = frank.refuse(reason.clone()).blocking();
            assert_eq!(refused, Err(CallFailure::Exited(reason.clone())));
            assert_eq!(closed.blocking(), reason);
        }
    });
}

/// A tree whose only child cannot be made, for a reason.
#[derive(Supervisor)]
struct Unmade(ExitReason);

#[supervisor]
impl Unmade {
    #[child]
    fn frank(&self) -> Result<Frank, ExitReason> {
        Err(self.0.clone())
    }
}

/// 14.2: what a child's start fails with is in the failure of the tree.
#[test]
fn a_child_that_cannot_be_made_for_a_reason_fails_its_tree_with_that_reason() {
    on(2, |rt| {
        for reason in reasons() {
            let failed = block_on(Unmade(reason.clone()).with().on(rt).start()).map(drop);
            let text = failed.expect_err("no child").to_string();
            assert!(text.ends_with(&format!("did not start: {reason}")), "{text}");
        }
    });
}
