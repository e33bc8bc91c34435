//! Restarts that wait: an option of ours, off by default. Time is virtual here.

use actor_core::supervisor::{
    Backoff, ChildAdminError, ChildStatus, Strategy, SupervisorRef, SupervisorSpec,
};
use actor_core::{CallError, ExitReason, prelude::*};
use actor_testkit::{TestKit, TestResult, actor_test};
use std::time::Duration;
use tests::Tree;

use crate::trees::{Diary, LampRef, Plan, boom, lamp};

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The lamps a, b and c; b backs off.
fn office(diary: &Diary, first: Duration, longest: Duration) -> SupervisorSpec {
    SupervisorSpec::new("office")
        .intensity(100)
        .child(diary.lamp("a"))
        .child(diary.lamp("b").backoff(Backoff::new(first, longest)))
        .child(diary.lamp("c"))
}

/// Ends a lamp, and lets all happen that does without time.
async fn ends(t: &TestKit, lamp: &LampRef, reason: ExitReason) -> TestResult {
    lamp.end(reason)?;
    t.settle().await;
    Ok(())
}

async fn status(tree: &SupervisorRef, id: &str) -> ChildStatus {
    tree.which_child(id).await.expect("it is known").status
}

/// The wait is between half and all of the first; calls wait with it, casts are kept, and siblings
/// notice nothing.
#[actor_test(schedules = 1000)]
async fn a_child_that_backs_off_is_restarted_after_its_wait(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let tree = t.start(Tree(office(&diary, millis(100), millis(800)))).await?;
    let b = lamp(&tree, "b");
    ends(&t, &b, boom()).await?;
    assert_eq!(status(&tree, "b").await, ChildStatus::Restarting);
    b.say(7)?;
    t.advance(millis(49)).await;
    assert_eq!(status(&tree, "b").await, ChildStatus::Restarting);
    assert_eq!(diary.all(), "+a +b +c");
    b.who().await?;
    let waited = t.elapsed();
    assert!(millis(50) <= waited && waited <= millis(100), "{waited:?}");
    assert_eq!(diary.all(), "+a +b +c +b 7");
    t.supervision().child("b").restarted(1);
    Ok(())
}

/// Each wait is twice as long as the one before, up to the longest; each attempt counts, when it is
/// made.
#[actor_test(schedules = 1000)]
async fn waits_double_up_to_the_longest_and_each_attempt_counts(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let hour = Duration::from_secs(3_600);
    let spec = office(&diary, millis(100), millis(800)).intensity(5).period(hour);
    let tree = t.start(Tree(spec)).await?;
    diary.plan("b", (0..10).map(|_| Plan::Fail));
    let closed = tree.closed();
    ends(&t, &lamp(&tree, "b"), boom()).await?;
    assert_eq!(closed.await, ExitReason::Shutdown);
    assert_eq!(
        diary.read(),
        "+a +b +c !b !b !b !b !b -c -a",
        "five attempts, the sixth is one too many"
    );
    let most = millis(100 + 200 + 400 + 800 + 800 + 800);
    let took = t.elapsed();
    assert!(most / 2 <= took && took <= most, "{took:?}");
    assert!(t.supervision().root().gave_up());
    Ok(())
}

/// Attempts that are further apart than the period never add up.
#[actor_test(schedules = 1000)]
async fn a_child_that_waits_for_longer_than_the_period_never_ends_its_supervisor(
    t: TestKit,
) -> TestResult {
    let diary = Diary::default();
    let spec = office(&diary, millis(20_000), millis(20_000)).intensity(1).period(millis(5_000));
    let tree = t.start(Tree(spec)).await?;
    diary.plan("b", (0..10).map(|_| Plan::Fail));
    ends(&t, &lamp(&tree, "b"), boom()).await?;
    t.advance(millis(20_000) * 12).await;
    lamp(&tree, "b").who().await?;
    t.supervision().root().running();
    Ok(())
}

/// One that ran for as long as the longest wait begins with the first again; one that did not, does
/// not.
#[actor_test(schedules = 1000)]
async fn a_child_that_was_well_for_the_longest_wait_begins_anew(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let tree = t.start(Tree(office(&diary, millis(100), millis(1_600)))).await?;
    let b = lamp(&tree, "b");
    for (runs, most) in [(0, 100), (1_599, 200), (10, 400), (1_600, 100), (1_500, 200)] {
        t.advance(millis(runs)).await;
        ends(&t, &b, boom()).await?;
        let before = t.elapsed();
        b.who().await?;
        let (waited, most) = (t.elapsed() - before, millis(most));
        assert!(most / 2 <= waited && waited <= most, "{waited:?} of {most:?}");
    }
    Ok(())
}

/// Under one_for_all the siblings run until the attempt is made; the restart of another takes who
/// waits along.
#[actor_test(schedules = 1000)]
async fn a_group_is_touched_when_the_attempt_is_made(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let spec = office(&diary, millis(100), millis(100)).strategy(Strategy::OneForAll);
    let tree = t.start(Tree(spec)).await?;
    ends(&t, &lamp(&tree, "b"), boom()).await?;
    assert_eq!(diary.read(), "+a +b +c");
    t.advance(millis(100)).await;
    assert_eq!(diary.read(), "-c -a +a +b +c");
    ends(&t, &lamp(&tree, "b"), boom()).await?;
    ends(&t, &lamp(&tree, "a"), boom()).await?;
    assert_eq!(diary.read(), "-c +a +b +c", "who waits waits no longer");
    t.advance(millis(1_000)).await;
    assert_eq!(diary.read(), "", "and is not started twice");
    Ok(())
}

/// It can be called off, and is no other state than that of a restart that failed.
#[actor_test(schedules = 1000)]
async fn a_wait_can_be_called_off(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let tree = t.start(Tree(office(&diary, millis(100), millis(100)))).await?;
    let b = lamp(&tree, "b");
    ends(&t, &b, boom()).await?;
    let restarting = CallError::Handler(ChildAdminError::Restarting);
    assert_eq!(tree.restart_child("b").await, Err(restarting.clone()));
    assert_eq!(tree.delete_child("b").await, Err(restarting));
    tree.terminate_child("b").await?;
    t.advance(millis(1_000)).await;
    assert_eq!(status(&tree, "b").await, ChildStatus::Stopped);
    assert!(b.who().await.is_err(), "nobody comes");
    tree.restart_child("b").await?;
    b.who().await?;
    assert_eq!(diary.all(), "+a +b +c +b");
    Ok(())
}

/// A supervisor can be stopped while one of its children waits.
#[actor_test(schedules = 1000)]
async fn a_stop_does_not_wait_for_a_wait(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let tree = t.start(Tree(office(&diary, millis(10_000), millis(10_000)))).await?;
    ends(&t, &lamp(&tree, "b"), boom()).await?;
    let before = t.elapsed();
    assert_eq!(tree.stop(ExitReason::Shutdown).await, ExitReason::Shutdown);
    assert_eq!(t.elapsed(), before);
    assert_eq!(diary.all(), "+a +b +c -c -a");
    Ok(())
}

#[derive(Process)]
struct Feed;

#[handlers]
impl Feed {
    #[cast]
    fn lose(&mut self) {
        panic!("no connection");
    }

    #[call]
    fn ping(&self) {}
}

#[derive(Supervisor)]
struct Feeds {
    longest: Duration,
}

#[supervisor(intensity = 2)]
impl Feeds {
    #[child(backoff = "100ms..30s")]
    fn one(&self) -> Feed {
        Feed
    }

    #[child(backoff = millis(200)..self.longest)]
    fn two(&self) -> Feed {
        Feed
    }
}

/// As the macro writes it.
#[actor_test(schedules = 1000)]
async fn a_backoff_is_written_as_a_range_of_times(t: TestKit) -> TestResult {
    let feeds = t.start(Feeds { longest: millis(200) }).await?;
    feeds.one().lose()?;
    feeds.two().lose()?;
    t.settle().await;
    let before = t.elapsed();
    feeds.one().ping().await?;
    feeds.two().ping().await?;
    let waited = t.elapsed() - before;
    assert!(millis(100) <= waited && waited <= millis(200), "{waited:?}");
    Ok(())
}
