//! OTP's themes 1 and 2, the ends: which signal decides, and what does not run any more.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::channel;

use actor_core::{CallFailure, ExitReason, SendError};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::kit::on;
use crate::scribe::{job, plain, scribe, trapper, why};

/// OTP 1.2: a process that has nothing left to do ends with `normal`.
#[test]
fn who_has_nothing_left_to_do_ends_with_normal() {
    on(2, |rt| {
        let (a, _) = plain(rt);
        a.later(job(|cx| cx.stop(ExitReason::Normal))).expect("room");
        assert_eq!(a.closed().blocking(), ExitReason::Normal);
        let (pid, closed) = rt.block_on(async { (0, plain(rt).0.stop(ExitReason::Normal)) });
        assert_eq!((pid, closed.blocking()), (0, ExitReason::Normal));
    });
}

/// OTP 1.3: a panic is told with its message and place, a stop with exactly its reason.
#[test]
fn a_panic_says_what_and_where_and_a_stop_its_reason() {
    on(2, |rt| {
        let (a, _) = plain(rt);
        let closed = a.closed();
        a.later(job(|_| panic!("on purpose"))).expect("room");
        let reason = closed.blocking();
        let ExitReason::Panic(report) = &reason else { panic!("{reason}") };
        assert_eq!((report.message.as_str(), report.process.as_str()), ("on purpose", "Scribe"));
        assert!(report.location.as_ref().is_some_and(|at| at.contains("exits.rs")));
        let (b, _) = plain(rt);
        b.later(job(|cx| cx.stop(why()))).expect("room");
        assert_eq!(b.closed().blocking(), why());
    });
}

/// OTP 1.4: an exit signal to oneself is no panic that could be caught: it ends the process all the
/// same.
#[test]
fn an_exit_signal_to_oneself_cannot_be_caught() {
    on(2, |rt| {
        let (a, notes) = plain(rt);
        let (tell, told) = channel();
        let job = job(move |cx| {
            let me = cx.me();
            let caught = catch_unwind(AssertUnwindSafe(|| cx.exit(&me, why())));
            let _ = tell.send(caught.is_ok());
        });
        a.later(job).expect("room");
        let _ = a.say(1);
        assert_eq!(a.closed().blocking(), why());
        assert_eq!(told.recv(), Ok(true), "nothing was thrown");
        assert_eq!(notes.all(), [], "and nothing is handled after it");
    });
}

/// OTP 1.7: once a fatal signal is received nothing of what waits is handled, and calls among it
/// hear why.
#[test]
fn nothing_that_waits_is_handled_after_a_fatal_signal() {
    on(2, |rt| {
        for reason in [ExitReason::Kill, ExitReason::Shutdown, why()] {
            let (a, notes) = plain(rt);
            let go = a.busy();
            (0..50).for_each(|word| a.say(word).expect("room"));
            let call = a.act(job(|_| ())).no_timeout().request();
            a.exit(reason.clone());
            // A kill does not wait for a handler that blocks its worker for long: then it is gone.
            (50..100)
                .for_each(|word| assert!(matches!(a.say(word), Ok(()) | Err(SendError::NoProc))));
            drop(go);
            let seen = if reason == ExitReason::Kill { ExitReason::Killed } else { reason };
            assert_eq!(a.closed().blocking(), seen);
            assert_eq!(rt.block_on(call), Err(CallFailure::Exited(seen)));
            assert_eq!(notes.all(), []);
        }
    });
}

/// OTP 1.6: whoever sends them: of several fatal signals the first received decides, and all who
/// hear of the end hear the same.
#[actor_test(schedules = 1000)]
async fn the_first_fatal_signal_decides_and_all_hear_the_same(t: TestKit) -> TestResult {
    let ((victim, _), (watcher, notes)) = (scribe(&t, false).await?, scribe(&t, true).await?);
    let to = victim.clone();
    watcher
        .act(job(move |cx| {
            cx.link(&to);
            cx.monitor(&to);
        }))
        .await?;
    t.settle().await;
    let closed = victim.closed();
    for reason in [ExitReason::other("one"), ExitReason::other("two"), ExitReason::Kill] {
        let (killer, to) = (scribe(&t, false).await?.0, victim.clone());
        killer.later(job(move |cx| cx.exit(&to, reason)))?;
    }
    let reason = closed.await;
    t.settle().await;
    let possible = [ExitReason::other("one"), ExitReason::other("two"), ExitReason::Killed];
    assert!(possible.contains(&reason), "{reason}");
    assert_eq!(notes.exits(), [(victim.id(), reason.clone())]);
    assert_eq!(notes.downs()[0].reason, reason);
    Ok(())
}

/// OTP 1.6, 2.4: of one sender's signals the first decides; a kill that comes second changes
/// nothing.
#[actor_test(schedules = 1000)]
async fn of_one_senders_signals_the_first_decides(t: TestKit) -> TestResult {
    let ((victim, _), (killer, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
    let (to, closed) = (victim.clone(), victim.closed());
    killer.later(job(move |cx| {
        cx.exit(&to, ExitReason::Normal);
        cx.exit(&to, why());
        cx.exit(&to, ExitReason::Kill);
    }))?;
    assert_eq!(closed.await, why());
    Ok(())
}

/// OTP 2.4: a kill ends who traps, and reads `killed`, under every schedule and whatever waits.
#[actor_test(schedules = 1000)]
async fn a_kill_ends_who_traps(t: TestKit) -> TestResult {
    let ((victim, notes), (killer, _)) = (scribe(&t, true).await?, scribe(&t, false).await?);
    let (to, closed) = (victim.clone(), victim.closed());
    killer.later(job(move |cx| {
        cx.exit(&to, why());
        cx.exit(&to, ExitReason::Kill);
        cx.exit(&to, ExitReason::other("late"));
    }))?;
    victim.say(1)?;
    assert_eq!(closed.await, ExitReason::Killed);
    t.settle().await;
    assert!(notes.exits().len() <= 1 && !format!("{:?}", notes.all()).contains("late"));
    Ok(())
}

/// OTP 2.7: `normal` by another is nothing to who does not trap, a message to who does, and the end
/// of who sends it to itself.
#[test]
fn a_normal_exit_signal_depends_on_who_sends_it() {
    on(2, |rt| {
        let ((a, of_a), (b, of_b), (c, _)) = (plain(rt), trapper(rt), plain(rt));
        let targets = [a.clone(), b.clone()];
        c.does(move |cx| targets.iter().for_each(|to| cx.exit(to, ExitReason::Normal)));
        a.sync();
        b.sync();
        assert_eq!(of_a.all(), []);
        assert_eq!(of_b.exits(), [(c.id(), ExitReason::Normal)]);
        b.does(|cx| {
            let me = cx.me();
            cx.exit(&me, ExitReason::Normal);
        });
        b.sync();
        assert_eq!(of_b.exits()[1], (b.id(), ExitReason::Normal), "who traps can trap its own");
        c.later(job(|cx| {
            let me = cx.me();
            cx.exit(&me, ExitReason::Normal);
        }))
        .expect("room");
        assert_eq!(c.closed().blocking(), ExitReason::Normal);
    });
}
