//! Tests that fail, and what they say.

use std::sync::atomic::{AtomicU32, Ordering};

use actor_testkit::__private::{Config, Failure, FailureKind, Leaks, Report, run};
use actor_testkit::{TestKit, TestResult, Verdict};

use crate::programs::{Asker, Bank, Parent, Spinner};

/// The failure of a body that fails.
fn failure<F>(body: impl Fn(TestKit) -> F) -> Failure
where
    F: Future<Output: Verdict> + Send + 'static,
{
    run(&Config::new("failing"), body).failure.expect("the body fails")
}

/// Two that ask each other, as soon as both are asked at once.
fn mutual_ask(patience: bool) -> Report {
    run(&Config::new("mutual"), move |t: TestKit| async move {
        let one = t.start(Asker { peer: None, patience }).await?;
        let two = t.start(Asker { peer: Some(one.clone()), patience }).await?;
        one.meet(two.clone())?;
        let (first, second) = (one.ask().no_timeout().request(), two.ask().no_timeout().request());
        first.await?;
        second.await?;
        TestResult::Ok(())
    })
}

#[test]
fn two_that_wait_for_each_other_are_a_deadlock_and_both_are_named() {
    let failure = mutual_ask(true).failure.expect("each waits for the other");
    assert_eq!(failure.kind, FailureKind::Deadlock);
    let text = &failure.message;
    assert!(text.contains("root.1 (Asker) waits"), "{text}");
    assert!(text.contains("root.2 (Asker) waits"), "{text}");
    assert!(text.contains("it last sent Idle to root.1"), "{text}");
}

#[test]
fn with_time_outs_the_same_is_a_failed_call() {
    let failure = mutual_ask(false).failure.expect("each waits for the other, for a while");
    assert_eq!(failure.kind, FailureKind::Error);
}

#[test]
fn what_never_ends_is_a_livelock() {
    let failure = failure(|t: TestKit| async move {
        let spinner = t.start(Spinner).await?;
        spinner.spin()?;
        t.settle().await;
        TestResult::Ok(())
    });
    assert_eq!(failure.kind, FailureKind::Livelock);
    assert!(failure.message.contains("after 10000 steps"), "{}", failure.message);
    assert!(failure.message.contains("the last 1 steps repeat"), "{}", failure.message);
    assert_eq!(failure.trace.steps.len(), 10_000);
}

#[test]
fn a_process_that_outlives_its_parent_is_a_leak_unless_that_is_allowed() {
    let body = |t: TestKit| async move {
        let parent = t.start(Parent::default()).await?;
        parent.forget_a_child()?;
        t.settle().await;
        TestResult::Ok(())
    };
    let failure = failure(body);
    assert_eq!(failure.kind, FailureKind::Leak);
    assert!(failure.message.contains("root.1.1 (Bank) is still alive"), "{}", failure.message);
    assert!(run(&Config::new("allowed").leaks(Leaks::Allow), body).passed());
}

#[test]
fn what_the_body_started_is_stopped_last_first_and_is_no_leak() {
    let report = run(&Config::new("stopped").schedules(1), |t: TestKit| async move {
        for balance in 0..3 {
            t.start(Bank { balance }).await?;
        }
        TestResult::Ok(())
    });
    assert!(report.passed(), "{report}");
    let exits = report.trace.steps.iter().map(ToString::to_string);
    let exits: Vec<String> = exits.filter(|step| step.starts_with("root.4 -> root.")).collect();
    let order: Vec<&str> = exits.iter().filter_map(|step| step.split(' ').nth(2)).collect();
    let first = |path| order.iter().position(|found| *found == path).expect("it is stopped");
    assert!(first("root.3") < first("root.2") && first("root.2") < first("root.1"), "{order:?}");
}

#[test]
fn a_crash_of_a_process_alone_is_no_failure() {
    let report = run(&Config::new("crash"), |t: TestKit| async move {
        let parent = t.start(Parent::default()).await?;
        parent.boom()?;
        t.settle().await;
        assert_eq!(t.processes().len(), 1);
        TestResult::Ok(())
    });
    assert!(report.passed(), "{report}");
}

#[test]
fn an_error_that_the_body_returns_has_its_place() {
    let failure = failure(|t: TestKit| async move {
        let parent = t.start(Parent::default()).await?;
        parent.boom()?;
        t.settle().await;
        parent.boom()?;
        TestResult::Ok(())
    });
    assert_eq!(failure.kind, FailureKind::Error);
    let place = failure.location.expect("the place of the question mark");
    assert!(place.contains("failures.rs"), "{place}");
}

#[test]
fn a_test_that_depends_on_something_outside_is_found_out() {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    let failure = failure(|t: TestKit| async move {
        let bank = t.start(Bank { balance: 0 }).await?;
        // Relaxed: one thread.
        if RUNS.fetch_add(1, Ordering::Relaxed) == 0 {
            bank.add(1)?;
        }
        bank.put(2)?;
        t.settle().await;
        TestResult::Ok(())
    });
    assert_eq!(failure.kind, FailureKind::Nondeterminism);
    assert!(failure.message.contains("the first run:  root -> root.1  Add"), "{}", failure.message);
    assert!(failure.message.contains("the second run: root -> root.1  Put"), "{}", failure.message);
    assert!(failure.message.contains("HashMap"));
}
