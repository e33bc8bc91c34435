//! Significant children, and supervisors that end with them.

use actor_core::supervisor::{
    AutoShutdown, Backoff, ChildSpec, ChildStatus, Restart, SpecError, Strategy, SupervisorSpec,
};
use actor_core::{ExitReason, Runtime, prelude::*};
use actor_testkit::{TestKit, TestResult, actor_test};
use futures::executor::block_on;
use std::time::Duration;
use tests::Tree;

use crate::kit::on;
use crate::trees::{Diary, Lamp, Plan, boom, end, fell, lamp, open, settled, status};

const LONG: Duration = Duration::from_secs(3_600);

/// A significant transient lamp.
fn done(diary: &Diary, id: &'static str) -> ChildSpec {
    diary.lamp(id).restart(Restart::Transient).significant()
}

fn office(auto_shutdown: AutoShutdown) -> SupervisorSpec {
    SupervisorSpec::new("office").auto_shutdown(auto_shutdown).intensity(100)
}

/// Starts a tree, lets a child end, and says whether that ended the tree, and how.
fn ends_with(
    rt: &Runtime,
    spec: SupervisorSpec,
    id: &str,
    reason: ExitReason,
) -> Option<ExitReason> {
    let tree = open(rt, spec);
    let closed = tree.closed();
    fell(&tree, id, reason);
    if block_on(tree.count_children()).is_ok() && tree.is_alive() {
        tree.stop(ExitReason::Shutdown).blocking();
        return None;
    }
    Some(closed.blocking())
}

/// OTP 14.45: what is significant can end for good, and its supervisor shuts down by itself.
#[test]
fn a_significant_child_that_makes_no_sense_is_a_bad_combination() {
    let diary = Diary::default();
    let refused = |spec: SupervisorSpec| {
        let checked = spec.validate();
        matches!(checked, Err(SpecError::BadCombination { id, .. }) if id == "a")
    };
    let any = || office(AutoShutdown::AnySignificant);
    assert!(refused(any().child(diary.lamp("a").significant())), "permanent");
    assert!(refused(SupervisorSpec::new("office").child(done(&diary, "a"))), "never");
    let kind = ChildSpec::dynamic::<Lamp>("a").restart(Restart::Temporary).significant();
    assert!(refused(any().child(kind)), "dynamic");
    for restart in [Restart::Transient, Restart::Temporary] {
        let spec = any().child(diary.lamp("a").restart(restart).significant());
        assert_eq!(spec.validate(), Ok(()));
    }
    assert_eq!(any().child(diary.lamp("a")).validate(), Ok(()), "nobody need be significant");
}

/// OTP 14.45: the same holds for a child that is added.
#[test]
fn a_significant_child_cannot_be_added_where_nothing_would_come_of_it() {
    on(2, |rt| {
        let diary = Diary::default();
        let tree = open(rt, diary.lamps("z"));
        let refused = block_on(tree.start_child(done(&diary, "a"))).expect_err("never");
        assert!(refused.to_string().contains("bad_combination"), "{refused}");
        let tree = open(rt, office(AutoShutdown::AnySignificant));
        block_on(tree.start_child(done(&diary, "a"))).expect("it may");
        let closed = tree.closed();
        fell(&tree, "a", ExitReason::Normal);
        assert_eq!(closed.blocking(), ExitReason::Shutdown);
    });
}

/// OTP 14.46: an end in order is the supervisor's; a crash is a restart as ever.
#[test]
fn a_transient_significant_child_ends_its_supervisor_by_an_end_in_order_only() {
    on(2, |rt| {
        let spec = |diary: &Diary| office(AutoShutdown::AnySignificant).child(done(diary, "a"));
        let why = ExitReason::ShutdownWith("done".into());
        for reason in [ExitReason::Normal, ExitReason::Shutdown, why] {
            let ended = ends_with(rt, spec(&Diary::default()), "a", reason.clone());
            assert_eq!(ended, Some(ExitReason::Shutdown), "{reason}");
        }
        for reason in [boom(), ExitReason::Killed, ExitReason::error("x")] {
            let diary = Diary::default();
            assert_eq!(ends_with(rt, spec(&diary), "a", reason), None);
            assert_eq!(diary.read(), "+a +a -a");
        }
    });
}

/// OTP 14.47: a temporary one ends it by any end.
#[test]
fn a_temporary_significant_child_ends_its_supervisor_by_any_end() {
    on(2, |rt| {
        for reason in [ExitReason::Normal, ExitReason::Shutdown, boom(), ExitReason::Killed] {
            let diary = Diary::default();
            let child = diary.lamp("a").restart(Restart::Temporary).significant();
            let spec = office(AutoShutdown::AnySignificant).child(child);
            assert_eq!(ends_with(rt, spec, "a", reason), Some(ExitReason::Shutdown));
        }
    });
}

/// OTP 14.45: a child that is not significant ends nothing.
#[test]
fn the_end_of_an_insignificant_child_ends_nothing() {
    on(2, |rt| {
        let diary = Diary::default();
        let child = diary.lamp("a").restart(Restart::Transient);
        let spec = office(AutoShutdown::AnySignificant).child(child).child(done(&diary, "b"));
        assert_eq!(ends_with(rt, spec, "a", ExitReason::Normal), None);
    });
}

/// OTP 14.48: one that is being restarted is active, one that never started or ended is not.
#[test]
fn all_significant_waits_for_the_last_active_one() {
    on(2, |rt| {
        let diary = Diary::default();
        diary.plan("d", [Plan::Ignore]);
        let waits = Backoff::new(LONG, LONG);
        let spec = office(AutoShutdown::AllSignificant)
            .child(done(&diary, "a"))
            .child(done(&diary, "b"))
            .child(done(&diary, "c").backoff(waits))
            .child(done(&diary, "d"));
        let tree = open(rt, spec);
        let closed = tree.closed();
        end(&tree, "c", boom());
        assert_eq!(status(&tree, "c"), Some(ChildStatus::Restarting));
        end(&tree, "a", ExitReason::Normal);
        end(&tree, "b", ExitReason::Normal);
        settled(&tree);
        assert!(tree.is_alive(), "c is to come back");
        block_on(tree.terminate_child("c")).expect("it is known");
        assert!(block_on(tree.restart_child("a")).expect("it starts").is_some());
        fell(&tree, "a", ExitReason::Normal);
        assert_eq!(closed.blocking(), ExitReason::Shutdown);
    });
}

/// OTP 14.49: neither a child that is terminated nor a bystander of a group's restart counts.
#[test]
fn only_an_end_by_itself_ends_the_supervisor() {
    on(2, |rt| {
        let diary = Diary::default();
        let temporary = diary.lamp("c").restart(Restart::Temporary).significant();
        let spec = office(AutoShutdown::AnySignificant)
            .strategy(Strategy::OneForAll)
            .child(diary.lamp("a"))
            .child(done(&diary, "b"))
            .child(temporary);
        let tree = open(rt, spec);
        end(&tree, "a", boom());
        assert_eq!(diary.read(), "+a +b +c -c -b +a +b");
        block_on(tree.terminate_child("b")).expect("it is known");
        settled(&tree);
        assert!(tree.is_alive());
    });
}

/// OTP 14.50: the others stop in reverse, the reason is `shutdown`, and it climbs.
#[test]
fn an_automatic_shutdown_stops_in_reverse_and_climbs() {
    on(2, |rt| {
        let diary = Diary::default();
        let below = office(AutoShutdown::AnySignificant)
            .child(diary.lamp("a"))
            .child(done(&diary, "b"))
            .child(diary.lamp("c"));
        let below = Tree::child("below", below).restart(Restart::Transient).significant();
        let spec = office(AutoShutdown::AnySignificant).child(diary.lamp("z")).child(below);
        let top = open(rt, spec);
        let below = top.child::<Tree>("below");
        diary.read();
        let (closed, below_closed) = (top.closed(), below.closed());
        fell(&below, "b", ExitReason::Normal);
        assert_eq!(below_closed.blocking(), ExitReason::Shutdown);
        assert_eq!(closed.blocking(), ExitReason::Shutdown);
        assert_eq!(diary.read(), "-c -a -z");
    });
}

/// A job of so many rounds.
#[derive(Process)]
struct Job;

#[handlers]
impl Job {
    #[cast]
    fn done(&mut self, cx: &mut Context<Self>) {
        cx.stop(ExitReason::Normal);
    }
}

#[derive(Supervisor)]
struct Batch;

#[supervisor(auto_shutdown = all_significant)]
impl Batch {
    #[child]
    fn log(&self) -> Job {
        Job
    }

    #[child(significant, restart = transient, count = 3)]
    fn part(&self) -> Job {
        Job
    }
}

/// OTP 14.45, 14.48: as the macro writes it; each of a counted child counts.
#[test]
fn a_batch_ends_when_its_last_part_has() {
    on(2, |rt| {
        let batch = crate::kit::up(rt, Batch);
        let closed = batch.closed();
        for part in batch.part_refs() {
            assert!(batch.log().is_alive());
            let ended = part.closed();
            part.done().expect("it runs");
            ended.blocking();
        }
        assert_eq!(closed.blocking(), ExitReason::Shutdown);
    });
}

/// OTP 14.48, in whatever order the ends arrive.
#[actor_test(schedules = 1000)]
async fn all_significant_children_end_before_their_supervisor_does(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let ids = ["a", "b", "c"];
    let spec = office(AutoShutdown::AllSignificant).child(diary.lamp("z"));
    let spec = ids.iter().fold(spec, |spec, id| spec.child(done(&diary, id)));
    let tree = t.start(Tree(spec)).await?;
    let closed = tree.closed();
    for id in ids {
        let reason = if t.choose(&[true, false]) { ExitReason::Normal } else { boom() };
        let ends = reason == ExitReason::Normal;
        lamp(&tree, id).end(reason)?;
        if !ends {
            t.settle().await;
            lamp(&tree, id).end(ExitReason::Shutdown)?;
        }
    }
    assert_eq!(closed.await, ExitReason::Shutdown);
    t.settle().await;
    assert!(diary.all().ends_with("-z"), "{}", diary.all());
    assert!(!diary.all().contains("-a"), "they ended by themselves: {}", diary.all());
    Ok(())
}
