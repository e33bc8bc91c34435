//! Supervision: who is restarted, with whom, how often, and what happens when it is too often.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actor_core::supervisor::{ChildStatus, Restart, Strategy, SupervisorSpec};
use actor_core::{ExitReason, Runtime, StartError};
use futures::channel::oneshot;
use futures::executor::block_on;

use crate::kit::{Heard, on, trapper};
use crate::trees::{Diary, Plan, Tree, boom, end, fell, info, lamp, open, settled, status};

/// Starts lamps with a strategy; ends some; gives what the diary says of it.
fn after(
    rt: &Runtime,
    strategy: Strategy,
    ids: &'static str,
    ends: &[(&str, ExitReason)],
) -> String {
    let diary = Diary::default();
    let office = open(rt, diary.lamps(ids).strategy(strategy).intensity(10));
    diary.read();
    ends.iter().for_each(|(id, reason)| end(&office, id, reason.clone()));
    diary.read()
}

/// 14.1: children start one after the other, in order; the start returns after the last.
#[test]
fn children_start_in_order() {
    on(2, |rt| {
        let diary = Diary::default();
        let office = open(rt, diary.lamps("abcde"));
        assert_eq!(diary.read(), "+a +b +c +d +e");
        // 14.12: the last started comes first.
        let ids: Vec<_> = block_on(office.which_children()).expect("it lives");
        let ids: Vec<_> = ids.iter().map(|child| &*child.id).collect();
        assert_eq!(ids, ["e", "d", "c", "b", "a"]);
    });
}

/// 14.2: if one fails, those before it stop in reverse, those after it never start.
#[test]
fn a_child_that_fails_to_start_fails_the_supervisor() {
    on(2, |rt| {
        for plan in [Plan::Fail, Plan::Panic] {
            let diary = Diary::default();
            diary.plan("c", [plan]);
            let failed = rt.block_on(rt.start(Tree(diary.lamps("abcd")))).map(drop);
            let failed = failed.expect_err("c fails");
            assert!(
                matches!(&failed, StartError::Init(ExitReason::ShutdownWith(why))
                if why.contains("\"c\"")),
                "{failed}"
            );
            assert_eq!(diary.read().replace("!c ", ""), "+a +b -b -a");
            assert_eq!(rt.process_count(), 0);
        }
    });
}

/// 14.4: a child that chooses not to start is kept without a process, unless it is temporary.
#[test]
fn a_child_that_ignores_its_start_is_kept_without_a_process() {
    on(2, |rt| {
        let diary = Diary::default();
        diary.plan("a", [Plan::Ignore]);
        diary.plan("b", [Plan::Ignore]);
        let spec = SupervisorSpec::new("office")
            .child(diary.lamp("a"))
            .child(diary.lamp("b").restart(Restart::Temporary));
        let office = open(rt, spec);
        assert_eq!(status(&office, "a"), Some(ChildStatus::Stopped));
        assert_eq!(status(&office, "b"), None);
        assert!(office.child_optional::<crate::trees::Lamp>("a").is_none());
        assert!(block_on(office.restart_child("a")).expect("it may").is_some());
        assert!(office.child_optional::<crate::trees::Lamp>("a").is_some());
    });
}

/// 14.16, 14.17: who is started again after which end.
#[test]
fn the_restart_type_decides_who_is_started_again() {
    on(2, |rt| {
        let normal =
            [ExitReason::Normal, ExitReason::Shutdown, ExitReason::ShutdownWith("x".into())];
        let abnormal = [boom(), ExitReason::Killed, ExitReason::NoProc, ExitReason::error("x")];
        for (restart, after_normal, after_abnormal) in [
            (Restart::Permanent, true, true),
            (Restart::Transient, false, true),
            (Restart::Temporary, false, false),
        ] {
            let cases = normal.iter().map(|reason| (reason, after_normal));
            for (reason, again) in cases.chain(abnormal.iter().map(|r| (r, after_abnormal))) {
                let diary = Diary::default();
                let child = diary.lamp("a").restart(restart);
                let office = open(rt, SupervisorSpec::new("office").child(child));
                end(&office, "a", reason.clone());
                let left = if again { "+a +a" } else { "+a" };
                assert_eq!(diary.read(), left, "{restart:?} after {reason}");
                assert_eq!(info(&office, "a").is_none(), restart == Restart::Temporary);
                office.stop(ExitReason::Shutdown).blocking();
            }
        }
    });
}

/// 14.17: a killed child is an abnormal end.
#[test]
fn a_killed_transient_child_is_restarted() {
    on(2, |rt| {
        let diary = Diary::default();
        let child = diary.lamp("a").restart(Restart::Transient);
        let office = open(rt, SupervisorSpec::new("office").child(child));
        let a = lamp(&office, "a");
        let closed = a.closed();
        a.kill();
        assert_eq!(closed.blocking(), ExitReason::Killed);
        settled(&office);
        assert_eq!(diary.read(), "+a +a");
        assert_eq!(info(&office, "a").expect("kept").restarts, 1);
    });
}

/// 14.18, 14.19, 14.20: who stops and starts with the dead child, and in which order.
#[test]
fn the_strategy_decides_who_stops_and_starts_with_it() {
    on(2, |rt| {
        let once = |id| [(id, boom())];
        assert_eq!(after(rt, Strategy::OneForOne, "abcd", &once("b")), "+b");
        assert_eq!(after(rt, Strategy::OneForAll, "abcd", &once("b")), "-d -c -a +a +b +c +d");
        assert_eq!(after(rt, Strategy::RestForOne, "abcd", &once("b")), "-d -c +b +c +d");
        assert_eq!(after(rt, Strategy::RestForOne, "abcd", &once("a")), "-d -c -b +a +b +c +d");
        assert_eq!(after(rt, Strategy::RestForOne, "abcd", &once("d")), "+d");
        let twice = [("c", boom()), ("a", ExitReason::Normal)];
        assert_eq!(after(rt, Strategy::OneForOne, "abc", &twice), "+c +a");
    });
}

/// 14.21: a temporary sibling caught in a group restart is stopped and forgotten.
#[test]
fn a_temporary_sibling_is_not_started_again_with_its_group() {
    on(2, |rt| {
        let diary = Diary::default();
        let spec = SupervisorSpec::new("office").strategy(Strategy::OneForAll);
        let temporary = diary.lamp("b").restart(Restart::Temporary);
        let spec = spec.child(diary.lamp("a")).child(temporary).child(diary.lamp("c"));
        let office = open(rt, spec);
        diary.read();
        end(&office, "a", boom());
        assert_eq!(diary.read(), "-c -b +a +c");
        assert_eq!(status(&office, "b"), None);
    });
}

/// 14.22: siblings that did not run are started again with their group.
#[test]
fn a_sibling_that_had_ended_is_started_again_with_its_group() {
    on(2, |rt| {
        let diary = Diary::default();
        let spec = SupervisorSpec::new("office").strategy(Strategy::OneForAll);
        let transient = diary.lamp("b").restart(Restart::Transient);
        let spec = spec.child(diary.lamp("a")).child(transient).child(diary.lamp("c"));
        let office = open(rt, spec);
        end(&office, "b", ExitReason::Normal);
        block_on(office.terminate_child("c")).expect("it stops");
        assert_eq!(diary.read(), "+a +b +c -c");
        end(&office, "a", boom());
        assert_eq!(diary.read(), "+a +b +c");
    });
}

/// 14.23: a sibling that fails to start in a group restart: one_for_all stops what it had started
/// and tries the group again, rest_for_one goes on from the one that failed.
#[test]
fn a_sibling_that_fails_in_a_group_restart_is_tried_again() {
    on(2, |rt| {
        for (strategy, says) in [
            (Strategy::OneForAll, "-c -b +a !b -a +a +b +c"),
            (Strategy::RestForOne, "-c -b +a !b +b +c"),
        ] {
            let diary = Diary::default();
            let office = open(rt, diary.lamps("abc").strategy(strategy).intensity(5));
            diary.read();
            diary.plan("b", [Plan::Fail]);
            end(&office, "a", boom());
            settled(&office);
            assert_eq!(diary.read(), says);
        }
    });
}

/// 14.24, 14.25: between two attempts requests are served, and one can end the attempts.
#[test]
fn requests_are_served_between_two_attempts() {
    on(2, |rt| {
        let diary = Diary::default();
        let office = open(rt, diary.lamps("ab").intensity(1_000_000));
        let fails = std::iter::repeat_with(|| Plan::Fail).take(100_000);
        diary.plan("b", fails);
        fell(&office, "b", boom());
        while status(&office, "b") != Some(ChildStatus::Restarting) {}
        block_on(office.terminate_child("b")).expect("it is known");
        assert_eq!(status(&office, "b"), Some(ChildStatus::Stopped));
        diary.read();
        settled(&office);
        assert_eq!(diary.read(), "", "no attempt is made any more");
        assert!(lamp(&office, "a").who().blocking().is_ok());
    });
}

/// 14.27: children that die together are handled one at a time; who was stopped in a group's
/// restart causes no second one.
#[test]
fn children_that_die_together_cause_one_group_restart() {
    on(2, |rt| {
        let diary = Diary::default();
        let (go, gate) = oneshot::channel();
        let c = diary.lingering("c", Arc::new(Mutex::new(Some(gate))));
        let spec = diary.lamps("ab").strategy(Strategy::OneForAll).intensity(1).child(c);
        let office = open(rt, spec);
        fell(&office, "a", boom());
        crate::kit::until("c stops", || diary.ends_with("(c"));
        fell(&office, "b", boom());
        go.send(()).expect("c waits");
        settled(&office);
        assert_eq!(diary.read(), "+a +b +c (c -c +a +b +c");
        assert!(office.is_alive(), "an intensity of 1 was enough");
    });
}

/// 14.29, 14.33: `intensity` restarts within `period` are allowed; the next one is the end: the
/// others stop in reverse, and the supervisor's reason is `shutdown`.
#[test]
fn one_restart_too_many_is_the_supervisors_end() {
    on(2, |rt| {
        for intensity in 0..4 {
            let diary = Diary::default();
            let period = Duration::from_secs(3_600);
            let office = open(rt, diary.lamps("abc").intensity(intensity).period(period));
            let (watcher, ear) = trapper(rt);
            let target = office.clone();
            watcher.does(move |cx| cx.link(&target));
            let (closed, pid) = (office.closed(), office.pid().expect("it runs"));
            (0..intensity).for_each(|_| end(&office, "b", boom()));
            diary.read();
            fell(&office, "b", boom());
            assert_eq!(closed.blocking(), ExitReason::Shutdown);
            assert_eq!(diary.read(), "-c -a");
            assert_eq!(ear.next(), Heard::Exit(pid, ExitReason::Shutdown));
        }
    });
}

/// 14.29: restarts that are further apart than the period do not add up.
#[test]
fn restarts_far_apart_do_not_add_up() {
    on(2, |rt| {
        let diary = Diary::default();
        let period = Duration::from_micros(500);
        let office = open(rt, diary.lamps("a").intensity(1).period(period));
        for _ in 0..20 {
            let since = std::time::Instant::now();
            crate::kit::until("a period is over", || since.elapsed() > 2 * period);
            end(&office, "a", boom());
        }
        assert!(office.is_alive());
    });
}

/// 14.31: an attempt counts whether it succeeds or not.
#[test]
fn a_child_that_can_never_start_again_ends_its_supervisor() {
    on(2, |rt| {
        let diary = Diary::default();
        let office = open(rt, diary.lamps("ab").intensity(3));
        diary.read();
        diary.plan("b", std::iter::repeat_with(|| Plan::Fail).take(10));
        let closed = office.closed();
        fell(&office, "b", boom());
        assert_eq!(closed.blocking(), ExitReason::Shutdown);
        assert_eq!(diary.read(), "!b !b !b -a");
    });
}

/// 14.32: what counts as a restart, and what does not.
#[test]
fn ends_that_cause_no_restart_do_not_count() {
    on(2, |rt| {
        let diary = Diary::default();
        let spec = SupervisorSpec::new("office")
            .intensity(0)
            .child(diary.lamp("t").restart(Restart::Transient))
            .child(diary.lamp("a"));
        let office = open(rt, spec);
        for _ in 0..5 {
            end(&office, "t", ExitReason::Normal);
            assert!(block_on(office.restart_child("t")).expect("it starts").is_some());
            block_on(office.terminate_child("a")).expect("it stops");
            assert!(block_on(office.restart_child("a")).expect("it starts").is_some());
        }
        let closed = office.closed();
        // 14.32: a permanent child's normal end counts.
        fell(&office, "a", ExitReason::Normal);
        assert_eq!(closed.blocking(), ExitReason::Shutdown);
    });
}

/// 14.34, 14.35: a supervisor that gave up is restarted by its own if it is permanent, with its
/// static children and a fresh count; it climbs when that is too often as well.
#[test]
fn giving_up_escalates_level_by_level() {
    on(2, |rt| {
        let diary = Diary::default();
        let inner = diary.lamps("ab").intensity(0);
        let below = Tree::child("below", inner);
        let spec = SupervisorSpec::new("top").intensity(2).child(diary.lamp("z")).child(below);
        let top = open(rt, spec);
        let below = top.child::<Tree>("below");
        assert_eq!(diary.read(), "+z +a +b");
        let closed = top.closed();
        for _ in 0..2 {
            let before = below.pid();
            let gave_up = below.closed();
            fell(&below, "b", boom());
            assert_eq!(gave_up.blocking(), ExitReason::Shutdown);
            settled(&top);
            assert_ne!(below.pid(), before);
            assert_eq!(diary.read(), "-a +a +b");
        }
        fell(&below, "b", boom());
        assert_eq!(closed.blocking(), ExitReason::Shutdown);
        assert_eq!(diary.read(), "-a -z");
    });
}

/// 14.34: a transient supervisor that gave up is not restarted: its reason is a normal one.
#[test]
fn a_transient_supervisor_that_gave_up_stays_down() {
    on(2, |rt| {
        let diary = Diary::default();
        let inner = diary.lamps("a").intensity(0);
        let below = Tree::child("below", inner);
        let top = open(rt, SupervisorSpec::new("top").child(below.restart(Restart::Transient)));
        let below = top.child::<Tree>("below");
        let closed = below.closed();
        fell(&below, "a", boom());
        closed.blocking();
        settled(&top);
        assert_eq!(status(&top, "below"), Some(ChildStatus::Stopped));
        assert_eq!(diary.read(), "+a");
    });
}
