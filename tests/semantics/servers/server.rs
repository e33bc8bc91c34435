//! Theme 10: what a server does without being told.

use std::time::Duration;

use actor_core::{CallFailure, Context, ExitReason, Pid, Process, ServerRef, handlers};
use actor_testkit::{TestKit, TestResult, actor_test};
use futures::channel::oneshot;

use crate::kit::{on, plain, up};

/// Has handlers and no hooks.
#[derive(Process, Default)]
struct Bare {
    handled: u32,
}

#[handlers]
impl Bare {
    #[call]
    fn count(&mut self) -> u32 {
        self.handled += 1;
        self.handled
    }
    #[call]
    async fn wait(&mut self, gate: oneshot::Receiver<()>) {
        let _ = gate.await;
    }
    #[call]
    fn watch(&mut self, cx: &mut Context<Self>, other: crate::kit::PuppetRef) -> Option<Pid> {
        cx.trap_exit(true);
        cx.link(&other);
        cx.monitor(&other);
        other.pid()
    }
    #[cast]
    fn end(&mut self, cx: &mut Context<Self>) {
        cx.stop(ExitReason::other("x"));
    }
}

/// 10.2: a call waits five seconds unless told otherwise; the server goes on, and still handles the
/// request.
#[actor_test(schedules = 1000)]
async fn a_call_waits_five_seconds_unless_told_otherwise(t: TestKit) -> TestResult {
    let bare = t.start(Bare::default()).await?;
    let (open, gate) = oneshot::channel();
    let wait = bare.wait(gate).no_timeout().request();
    let begin = t.now();
    let limit = Duration::from_secs(5);
    assert_eq!(bare.count().await, Err(CallFailure::Timeout(limit)));
    assert_eq!(t.now() - begin, limit);
    open.send(()).expect("it waits");
    wait.await?;
    assert_eq!(bare.count().await, Ok(2), "the first was handled too");
    Ok(())
}

/// 10.22: an exit that is trapped and a DOWN are ignored by who has no hook for them; a missing
/// `terminate` does nothing.
#[test]
fn who_has_no_hook_ignores_what_it_is_for() {
    on(2, |rt| {
        let (bare, other) = (up(rt, Bare::default()), plain(rt));
        assert_eq!(bare.watch(other.clone()).blocking(), Ok(other.pid()));
        bare.sys().log(10).blocking().expect("it answers");
        other.kill();
        other.closed().blocking();
        while bare.sys().get_log().blocking().is_ok_and(|log| log.len() < 2) {}
        assert_eq!(bare.count().blocking(), Ok(1), "it goes on");
        bare.end().expect("room");
        assert_eq!(bare.closed().blocking(), ExitReason::other("x"));
    });
}

/// 10.4: whoever calls hears why there is no answer, for every reason there is, in hand or in the
/// queue, however the call and the end race.
#[actor_test(schedules = 1000)]
async fn a_caller_hears_why_there_is_no_answer(t: TestKit) -> TestResult {
    let reasons = [ExitReason::Normal, ExitReason::Shutdown, ExitReason::other("x")];
    let reason = t.choose(&reasons);
    let bare = t.start(Bare::default()).await?;
    let (open, gate) = oneshot::channel();
    let in_hand = bare.wait(gate).no_timeout().request();
    let killed = t.choose(&[true, false]);
    let stopped = bare.stop(reason.clone());
    let behind = bare.count().no_timeout().request();
    let seen = if killed {
        t.kill(&bare);
        ExitReason::Killed
    } else {
        open.send(()).expect("it waits");
        reason
    };
    assert_eq!(in_hand.await, if killed { Err(CallFailure::Exited(seen.clone())) } else { Ok(()) });
    assert_eq!(stopped.await, seen);
    let behind = behind.await;
    let allowed = [Err(CallFailure::Exited(seen)), Err(CallFailure::NoProc)];
    assert!(allowed.contains(&behind), "{behind:?}");
    assert_eq!(bare.count().await, Err(CallFailure::NoProc));
    Ok(())
}
