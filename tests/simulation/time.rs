//! Virtual time: it passes when nothing else can happen, in the order of the deadlines.

use std::time::{Duration, Instant};

use actor_testkit::__private::{Config, FailureKind, run};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::programs::{Asker, BeatMessage, Heart};

const SECOND: Duration = Duration::from_secs(1);

#[actor_test(schedules = 1000)]
async fn a_heartbeat_is_sent_every_second(t: TestKit) -> TestResult {
    let mut out = t.probe::<BeatMessage>();
    t.start(Heart { every: SECOND, to: out.address() }).await?;
    out.expect_none().await;
    t.advance(SECOND * 3).await;
    assert_eq!(out.drain().len(), 3);
    assert_eq!(t.elapsed(), SECOND * 3);
    Ok(())
}

#[test]
fn a_year_of_virtual_time_waits_for_no_wall_clock() {
    let start = Instant::now();
    let day = SECOND * 60 * 60 * 24;
    let report = run(&Config::new("year").schedules(4), move |t: TestKit| async move {
        let mut out = t.probe::<BeatMessage>();
        t.start(Heart { every: day, to: out.address() }).await?;
        t.advance(day * 365).await;
        assert_eq!(out.drain().len(), 365);
        TestResult::Ok(())
    });
    assert!(report.passed(), "{report}");
    assert!(start.elapsed() < SECOND * 30, "{:?}", start.elapsed());
}

#[actor_test(schedules = 1000)]
async fn everything_due_at_one_time_is_done_before_the_next(t: TestKit) -> TestResult {
    let (mut slow, mut fast) = (t.probe::<BeatMessage>(), t.probe::<BeatMessage>());
    t.start(Heart { every: SECOND * 2, to: slow.address() }).await?;
    t.start(Heart { every: SECOND, to: fast.address() }).await?;
    t.advance(SECOND).await;
    assert_eq!((slow.drain().len(), fast.drain().len()), (0, 1));
    t.advance(SECOND).await;
    assert_eq!((slow.drain().len(), fast.drain().len()), (1, 1));
    t.advance(SECOND / 2).await;
    t.settle().await;
    assert_eq!((slow.drain().len(), fast.drain().len()), (0, 0));
    assert_eq!(t.elapsed(), SECOND * 5 / 2);
    Ok(())
}

#[actor_test(schedules = 1000)]
async fn a_call_times_out_in_virtual_time(t: TestKit) -> TestResult {
    let asker = t.start(Asker { peer: None, patience: false }).await?;
    let probe = t.probe();
    let call = actor_core::__private::call(&probe.address(), asker_message(), None, |_| {
        Some(Ok::<(), actor_core::CallFailure>(()))
    });
    let before = t.now();
    let failure = actor_core::CallFailure::Timeout(SECOND * 5);
    assert_eq!(call.await, Err(failure));
    assert_eq!(t.now() - before, SECOND * 5);
    assert_eq!(asker.idle().await?, 1);
    Ok(())
}

fn asker_message() -> crate::programs::AskerMessage {
    crate::programs::AskerMessage::Idle
}

#[actor_test(time = "manual")]
async fn manual_time_stands_still_until_it_is_moved(t: TestKit) -> TestResult {
    let mut out = t.probe::<BeatMessage>();
    t.start(Heart { every: SECOND, to: out.address() }).await?;
    t.settle().await;
    assert_eq!(t.elapsed(), Duration::ZERO);
    t.advance(SECOND).await;
    out.expect(|_: &BeatMessage| true).await;
    Ok(())
}

#[test]
fn a_test_that_waits_for_manual_time_without_moving_it_is_told_so() {
    let config = Config::new("manual").time(actor_testkit::__private::Time::Manual);
    let report = run(&config, |t: TestKit| async move {
        let probe = t.probe::<BeatMessage>();
        t.start(Heart { every: SECOND, to: probe.address() }).await?;
        std::future::pending::<()>().await;
        TestResult::Ok(())
    });
    let failure = report.failure.expect("nobody moves the clock");
    assert_eq!(failure.kind, FailureKind::Deadlock);
    assert!(
        failure.message.contains("1 timer is armed, but time is manual"),
        "{}",
        failure.message
    );
}
