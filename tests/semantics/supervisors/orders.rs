//! Who starts and stops, in which order, whatever the schedule: the tests of `semantics` show the
//! same on the real scheduler.

use actor_core::supervisor::{AutoShutdown, Restart, Shutdown, Strategy, SupervisorSpec};
use actor_core::{CallFailure, ExitReason, Start};
use actor_testkit::{TestKit, TestResult, actor_test};
use std::time::Duration;
use tests::Tree;

use crate::trees::{Diary, Gate, Plan, boom, lamp};

const SECOND: Duration = Duration::from_secs(1);

/// OTP 14.1, 14.12: in order, one after the other; the last one started is the first one listed,
/// and the first one stopped.
#[actor_test(schedules = 1000)]
async fn children_start_in_order_and_stop_in_reverse(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let tree = t.start(Tree(diary.lamps("abc"))).await?;
    assert_eq!(diary.read(), "+a +b +c");
    let children = tree.which_children().await?;
    assert_eq!(children.iter().map(|child| &*child.id).collect::<String>(), "cba");
    assert_eq!(tree.stop(ExitReason::Shutdown).await, ExitReason::Shutdown);
    assert_eq!(diary.read(), "-c -b -a");
    Ok(())
}

/// OTP 14.2: those before it stop in reverse, those after it never start.
#[actor_test(schedules = 1000)]
async fn a_start_that_fails_takes_back_those_before_it(t: TestKit) -> TestResult {
    let diary = Diary::default();
    diary.plan("c", [Plan::Fail]);
    assert!(t.start(Tree(diary.lamps("abcd"))).await.is_err());
    assert_eq!(diary.read(), "+a +b !c -b -a");
    Ok(())
}

/// OTP 14.16, 14.17: who is started again after which end.
#[actor_test(schedules = 1000)]
async fn the_restart_type_decides_who_is_started_again(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let restart = t.choose(&[Restart::Permanent, Restart::Transient, Restart::Temporary]);
    let orderly = [ExitReason::Normal, ExitReason::Shutdown];
    let reasons = [&orderly[..], &[boom(), ExitReason::Killed, ExitReason::NoProc]].concat();
    let reason = t.choose(&reasons);
    let child = diary.lamp("a").restart(restart);
    let tree = t.start(Tree(SupervisorSpec::new("office").child(child))).await?;
    lamp(&tree, "a").end(reason.clone())?;
    t.settle().await;
    let again = match restart {
        Restart::Permanent => true,
        Restart::Transient => !orderly.contains(&reason),
        Restart::Temporary => false,
    };
    assert_eq!(diary.read(), if again { "+a +a" } else { "+a" }, "{restart:?} after {reason}");
    Ok(())
}

/// OTP 14.18, 14.19, 14.20: who stops and starts with the dead child, and in which order.
#[actor_test(schedules = 1000)]
async fn the_strategy_decides_who_stops_and_starts_with_it(t: TestKit) -> TestResult {
    use Strategy::{OneForAll, OneForOne, RestForOne};
    let diary = Diary::default();
    let (strategy, id, says) = t.choose(&[
        (OneForOne, "b", "+b"),
        (OneForAll, "a", "-c -b +a +b +c"),
        (OneForAll, "b", "-c -a +a +b +c"),
        (OneForAll, "c", "-b -a +a +b +c"),
        (RestForOne, "a", "-c -b +a +b +c"),
        (RestForOne, "b", "-c +b +c"),
        (RestForOne, "c", "+c"),
    ]);
    let tree = t.start(Tree(diary.lamps("abc").strategy(strategy).intensity(10))).await?;
    diary.read();
    lamp(&tree, id).end(boom())?;
    t.settle().await;
    assert_eq!(diary.read(), says, "{strategy:?}");
    Ok(())
}

/// OTP 14.21, 14.22: with its group, a temporary sibling is stopped and forgotten, and one that had
/// ended in order is started again.
#[actor_test(schedules = 1000)]
async fn a_group_restart_starts_all_but_the_temporary_ones(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let spec = SupervisorSpec::new("office")
        .strategy(Strategy::OneForAll)
        .child(diary.lamp("a"))
        .child(diary.lamp("b").restart(Restart::Temporary))
        .child(diary.lamp("c").restart(Restart::Transient))
        .child(diary.lamp("d"));
    let tree = t.start(Tree(spec)).await?;
    lamp(&tree, "c").end(ExitReason::Normal)?;
    t.settle().await;
    diary.read();
    lamp(&tree, "a").end(boom())?;
    t.settle().await;
    assert_eq!(diary.read(), "-d -b +a +c +d");
    assert!(tree.which_child("b").await.is_err());
    Ok(())
}

/// OTP 14.23: one_for_all stops what it had started and tries the group again, rest_for_one goes on
/// from the one that failed.
#[actor_test(schedules = 1000)]
async fn a_sibling_that_fails_in_a_group_restart_is_tried_again(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let (strategy, says) = t.choose(&[
        (Strategy::OneForAll, "-c -b +a !b -a +a +b +c"),
        (Strategy::RestForOne, "-c -b +a !b +b +c"),
    ]);
    let tree = t.start(Tree(diary.lamps("abc").strategy(strategy).intensity(5))).await?;
    diary.read();
    diary.plan("b", [Plan::Fail]);
    lamp(&tree, "a").end(boom())?;
    t.settle().await;
    assert_eq!(diary.read(), says, "{strategy:?}");
    Ok(())
}

/// OTP 14.29, 14.33: the window slides: a restart is forgotten when its period is over and no
/// sooner; one too many is the end, the others stop in reverse, and the reason is `shutdown`.
#[actor_test(schedules = 1000)]
async fn one_restart_too_many_within_the_period_is_the_end(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let spec = diary.lamps("abc").intensity(2).period(5 * SECOND);
    let tree = t.start(Tree(spec)).await?;
    for wait in [0, 4, 2, 4] {
        t.advance(wait * SECOND).await;
        lamp(&tree, "b").end(boom())?;
        t.settle().await;
        t.supervision().root().running();
    }
    diary.read();
    // Two are less than five seconds old: those of six and of ten.
    lamp(&tree, "b").end(boom())?;
    t.settle().await;
    t.supervision().root().stopped_with(ExitReason::Shutdown);
    assert_eq!(diary.read(), "-c -a");
    Ok(())
}

/// OTP 14.31, 14.32: an attempt counts whether it succeeds or not, and what was asked for does not.
#[actor_test(schedules = 1000)]
async fn attempts_count_and_requests_do_not(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let tree = t.start(Tree(diary.lamps("ab").intensity(3))).await?;
    for _ in 0..5 {
        tree.terminate_child("b").await?;
        tree.restart_child("b").await?;
    }
    diary.read();
    diary.plan("b", std::iter::repeat_with(|| Plan::Fail).take(10));
    lamp(&tree, "b").end(boom())?;
    t.settle().await;
    t.supervision().root().stopped_with(ExitReason::Shutdown);
    assert_eq!(diary.read(), "!b !b !b -a");
    Ok(())
}

/// OTP 14.38: killed at once, waited for however long it takes, or killed after no time.
#[actor_test(schedules = 1000)]
async fn a_stop_takes_as_long_as_its_child_may(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let (shutdown, says) = t.choose(&[
        (Shutdown::BrutalKill, "-c -a"),
        (Shutdown::Infinity, "-c (b -b -a"),
        (Shutdown::After(SECOND), "-c (b -a"),
        (Shutdown::After(3 * SECOND), "-c (b -b -a"),
    ]);
    let (open, gate) = futures::channel::oneshot::channel();
    let gate: Gate = std::sync::Arc::new(std::sync::Mutex::new(Some(gate)));
    let spec = SupervisorSpec::new("office")
        .child(diary.lamp("a"))
        .child(diary.lingering("b", gate).shutdown(shutdown))
        .child(diary.lamp("c"));
    let tree = t.start(Tree(spec)).await?;
    diary.read();
    let stopped = tree.stop(ExitReason::Shutdown);
    t.advance(2 * SECOND).await;
    drop(open);
    assert_eq!(stopped.await, ExitReason::Shutdown);
    assert_eq!(diary.read(), says, "{shutdown:?}");
    Ok(())
}

/// OTP 14.39, 14.40: neither a child that unlinked itself nor one that dies of something else while
/// it is stopped keeps its supervisor, or changes the order.
#[actor_test(schedules = 1000)]
async fn nothing_that_a_child_does_keeps_a_stop(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let tree = t.start(Tree(diary.lamps("abc"))).await?;
    let (b, unlinks) = (lamp(&tree, "b"), t.choose(&[true, false]));
    if unlinks {
        b.leave().await?;
    }
    diary.read();
    let stopped = tree.stop(ExitReason::Shutdown);
    b.kill();
    assert_eq!(stopped.await, ExitReason::Shutdown);
    let said = diary.read();
    // Killed before it was asked to stop, it is one that crashed, unless that goes unheard.
    let crashed = !unlinks && said == "+b -c -b -a";
    assert!(crashed || ["-c -b -a", "-c -a"].contains(&&*said), "{said}");
    assert_eq!(b.who().await, Err(CallFailure::NoProc));
    Ok(())
}

/// OTP 14.42, 14.43: asked by its parent it stops its children in order; killed, it stops nobody,
/// and they hear its link.
#[actor_test(schedules = 1000)]
async fn a_supervisors_end_is_its_childrens(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let below = Tree::child("below", diary.lamps("bc")).restart(Restart::Temporary);
    let top = SupervisorSpec::new("top").child(diary.lamp("a")).child(below);
    let tree = t.start(Tree(top)).await?;
    let below = tree.child::<Tree>("below");
    let (b, c) = (lamp(&below, "b").closed(), lamp(&below, "c").closed());
    diary.read();
    if t.choose(&[true, false]) {
        tree.terminate_child("below").await?;
        assert_eq!((b.await, c.await), (ExitReason::Shutdown, ExitReason::Shutdown));
        assert_eq!(diary.read(), "-c -b");
    } else {
        t.kill(&below);
        assert_eq!((b.await, c.await), (ExitReason::Killed, ExitReason::Killed));
        let said = diary.read();
        assert!(["-c -b", "-b -c"].contains(&&*said), "{said}");
    }
    Ok(())
}

/// OTP 14.44: a stop waits for a start that runs, and then stops that child as well.
#[actor_test(schedules = 1000)]
async fn a_stop_waits_for_a_start_that_runs(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let (go, gate) = futures::channel::oneshot::channel();
    diary.plan("c", [Plan::Wait(gate)]);
    let tree = t.start(Tree(diary.lamps("ab"))).await?;
    let (asking, child) = (tree.clone(), diary.lamp("c"));
    let starter = actor_core::FnProcess::new(async move |_: actor_core::Inbox<Never>| {
        drop(asking.start_child(child).await);
    });
    let starter = starter.with().on(&t.handle()).start().await?;
    t.settle().await;
    let stopped = tree.stop(ExitReason::Shutdown);
    t.settle().await;
    assert_eq!(diary.read(), "+a +b ~c");
    assert!(go.send(()).is_ok());
    assert_eq!(stopped.await, ExitReason::Shutdown);
    assert_eq!(diary.read(), "+c -c -b -a");
    starter.closed().await;
    Ok(())
}

/// What nobody sends.
#[derive(Debug)]
enum Never {}

impl actor_core::Message for Never {
    type Reply = ();
}

/// OTP 14.46, 14.47, 14.50: a significant end is the supervisor's: the others stop in reverse, the
/// reason is `shutdown`, and it climbs. Of a transient one only an end in order is.
#[actor_test(schedules = 1000)]
async fn a_significant_end_stops_the_others_in_reverse_and_climbs(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let restart = t.choose(&[Restart::Transient, Restart::Temporary]);
    let reason = t.choose(&[ExitReason::Normal, ExitReason::Shutdown, boom()]);
    let any = |name| SupervisorSpec::new(name).auto_shutdown(AutoShutdown::AnySignificant);
    let below = any("below")
        .child(diary.lamp("a"))
        .child(diary.lamp("b").restart(restart).significant())
        .child(diary.lamp("c"));
    let below = Tree::child("below", below).restart(Restart::Transient).significant();
    let tree = t.start(Tree(any("top").child(diary.lamp("z")).child(below))).await?;
    let b = lamp(&tree.child::<Tree>("below"), "b");
    diary.read();
    b.end(reason.clone())?;
    t.settle().await;
    if restart == Restart::Transient && reason == boom() {
        assert_eq!(diary.read(), "+b");
        t.supervision().root().running();
    } else {
        assert_eq!(diary.read(), "-c -a -z");
        t.supervision().root().stopped_with(ExitReason::Shutdown);
    }
    Ok(())
}

/// OTP 14.49: neither who is terminated nor a bystander of a group's restart counts as an end.
#[actor_test(schedules = 1000)]
async fn only_an_end_by_itself_is_significant(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let spec = SupervisorSpec::new("office")
        .auto_shutdown(AutoShutdown::AnySignificant)
        .strategy(Strategy::OneForAll)
        .child(diary.lamp("a"))
        .child(diary.lamp("b").restart(Restart::Transient).significant())
        .child(diary.lamp("c").restart(Restart::Temporary).significant());
    let tree = t.start(Tree(spec)).await?;
    lamp(&tree, "a").end(boom())?;
    t.settle().await;
    assert_eq!(diary.read(), "+a +b +c -c -b +a +b");
    tree.terminate_child("b").await?;
    t.settle().await;
    t.supervision().root().running();
    Ok(())
}
