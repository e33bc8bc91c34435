//! Tracing, under every schedule that is tried.

use std::sync::{Arc, Mutex};

use actor_core::{ExitReason, Trace, TraceKind};
use actor_testkit::{
    __private::{Config, Report, run},
    TestKit, TestResult, actor_test,
};

use crate::{
    both::both,
    kit::{job, made},
    tracing::{all, events},
};

both! {
    /// OTP 21.2: what happened to a process before is told when `delivered` has resolved, in order.
    async fn what_happened_before_is_told_in_order(t) {
        let (it, other) = (t.start(made(true).0).await?, t.start(made(true).0).await?);
        let session = t.handle().trace(Trace::RECEIVE | Trace::CALL | Trace::SEND);
        session.add(&it).await?;
        let to = other.clone();
        it.later(job(move |_| to.say(1).expect("room")))?;
        it.act(job(|_| ())).await?;
        session.delivered(&it).await?;
        let told: Vec<_> = events(&session).into_iter().map(|event| event.what).collect();
        let place = |kind: TraceKind| told.iter().position(|told| *told == kind);
        let steps = [
            place(TraceKind::Receive { message: "Later" }),
            place(TraceKind::Call { message: "Later" }),
            place(TraceKind::Send { to: other.id(), message: "Say" }),
            place(TraceKind::Return { message: "Later" }),
            place(TraceKind::Call { message: "Act" }),
            place(TraceKind::Return { message: "Act" }),
        ];
        assert!(steps[0].is_some() && steps.is_sorted(), "{told:?}");
        assert_eq!(told.len(), 7, "{told:?}");
        Ok(())
    }
}

both! {
    /// OTP 21.2, 21.3: also of one that ends all is told, its end last.
    async fn of_one_that_ends_all_is_told_and_the_end_is_the_last(t) {
        let it = t.start(made(false).0).await?;
        let session = t.handle().trace(all());
        session.add(&it).await?;
        it.say(1)?;
        it.exit(ExitReason::other("x"));
        session.delivered(&it).await?;
        it.closed().await;
        session.delivered(&it).await?;
        let told = events(&session);
        let last = told.last().map(|event| event.what.clone());
        assert_eq!(last, Some(TraceKind::Exit { reason: ExitReason::other("x") }), "{told:?}");
        Ok(())
    }
}

/// OTP 21.12, of tracing: beyond its rate, events are lost and counted.
#[actor_test(schedules = 1000)]
async fn beyond_its_rate_a_session_loses_events_until_the_second_is_over(t: TestKit) -> TestResult {
    let it = t.start(made(false).0).await?;
    let session = t.handle().trace(Trace::RECEIVE).rate(5);
    session.add(&it).await?;
    for round in 1..=3 {
        for word in 0..19 {
            it.say(word)?;
        }
        it.act(job(|_| ())).await?;
        assert_eq!((events(&session).len(), session.lost()), (5, 15 * round));
        t.advance(std::time::Duration::from_secs(1)).await;
    }
    Ok(())
}

/// A few processes that send, link, spawn and end; traced from their births on, or not.
fn program(seed: u64, traced: bool) -> Report {
    let config = Config::new("traced").seed(seed).schedules(3);
    // The end of a session is something that happens: here it is after all else.
    let sessions = Arc::new(Mutex::new(Vec::new()));
    let kept = sessions.clone();
    let report = run(&config, move |t: TestKit| {
        let kept = kept.clone();
        async move {
            if traced {
                let session = t.handle().trace(all() | Trace::SET_ON_SPAWN);
                session.add_new();
                kept.lock().expect("no panic").push(session);
            }
            body(t).await
        }
    });
    let sessions = sessions.lock().expect("no panic");
    assert!(sessions.iter().all(|session| events(session).len() > 20));
    report
}

async fn body(t: TestKit) -> TestResult {
    let (a, b) = (t.start(made(true).0).await?, t.start(made(true).0).await?);
    let (to_a, to_b) = (a.clone(), b.clone());
    a.later(job(move |cx| {
        cx.link(&to_b);
        (0..5).for_each(|word| _ = to_b.say(word));
    }))?;
    b.later(job(move |cx| {
        (0..5).for_each(|word| _ = to_a.say(word));
        let child = cx.spawn_link(made(false).0).expect("it starts");
        cx.monitor(&child);
        child.kill();
        cx.exit(&to_a, ExitReason::other("x"));
    }))?;
    t.settle().await;
    b.stop(ExitReason::Shutdown).await;
    Ok(())
}

/// OTP 21.3
#[test]
fn tracing_changes_no_step_of_what_is_traced() {
    for seed in 0..350 {
        let (plain, traced) = (program(seed, false), program(seed, true));
        assert!(plain.passed(), "{plain}");
        assert!(traced.passed(), "{traced}");
        assert_eq!(plain.trace.divergence(&traced.trace), None, "from seed {seed}");
    }
}
