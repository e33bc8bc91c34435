//! What a process tells is of one moment, under every schedule that is tried.

use std::sync::mpsc::channel;

use actor_core::CallFailure;
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::kit::{job, made, on, plain};

/// OTP 21.8: a list query is one snapshot.
#[actor_test(schedules = 1000)]
async fn an_inspection_never_sees_half_a_handler(t: TestKit) -> TestResult {
    let (one, other) = (t.start(made(true).0).await?, t.start(made(true).0).await?);
    let to = other.clone();
    one.later(job(move |cx| {
        cx.link(&to);
        cx.monitor(&to);
        cx.set_label("linked");
    }))?;
    for _ in 0..3 {
        let seen = t.handle().inspect(&one).await?;
        let parts = (seen.links.count, seen.monitors.count, seen.label.is_some());
        // The test's own link, if it has one, is none of it.
        assert!(matches!(parts, (0, 0, false) | (1, 1, true)), "{parts:?}");
    }
    t.settle().await;
    assert_eq!(t.handle().inspect(&one).await?.links.count, 1);
    Ok(())
}

/// OTP 21.8: on real threads: what is asked in the middle of a handler is answered after it.
#[test]
fn an_inspection_in_the_middle_of_a_handler_sees_all_of_it() {
    on(2, |rt| {
        let (one, to) = (plain(rt), plain(rt));
        let ((tell, begun), (go, gate)) = (channel(), channel::<()>());
        one.tries(move |cx| {
            cx.link(&to);
            let _ = (tell.send(()), gate.recv());
            cx.monitor(&to);
            cx.set_label("linked");
        });
        begun.recv().expect("it is in the middle");
        let asked = rt.inspect(&one);
        drop(go);
        let seen = rt.block_on(asked).expect("it lives");
        let parts = (seen.links.count, seen.monitors.count, seen.label.is_some());
        assert_eq!(parts, (1, 1, true));
    });
}

/// OTP 21.8: who is asked while it ends answers or is dead; the question is never lost.
#[actor_test(schedules = 1000)]
async fn who_is_asked_at_its_end_answers_or_is_dead(t: TestKit) -> TestResult {
    let one = t.start(made(false).0).await?;
    let pid = one.id();
    let asked = t.handle().inspect(&one);
    t.kill(&one);
    match asked.await {
        Ok(seen) => assert_eq!(seen.vitals.pid, pid),
        Err(CallFailure::NoProc | CallFailure::Exited(_)) => {}
        Err(other) => panic!("{other}"),
    }
    t.settle().await;
    assert_eq!(t.handle().inspect(&one).await, Err(CallFailure::NoProc));
    Ok(())
}
