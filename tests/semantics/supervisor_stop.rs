//! How a supervisor stops its children, and answers who asks about them.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use actor_core::supervisor::{ChildAdminError, ChildStatus, Restart, Shutdown, SupervisorSpec};
use actor_core::{CallError, CallFailure, ExitReason, Runtime};
use futures::channel::oneshot;
use futures::executor::block_on;

use crate::kit::{bounded, on, plain, trapper, until};
use crate::trees::{Diary, Gate, Plan, Tree, boom, fell, lamp, open, settled, status};

/// A gate that is shut.
fn shut() -> (oneshot::Sender<()>, Gate) {
    let (open, gate) = oneshot::channel();
    (open, Arc::new(Mutex::new(Some(gate))))
}

/// 14.36: children stop in reverse start order, the next only when the one before is dead.
#[test]
fn children_stop_in_reverse_one_after_the_other() {
    on(2, |rt| {
        let diary = Diary::default();
        let (open_gate, gate) = shut();
        let spec = SupervisorSpec::new("office")
            .child(diary.lamp("a"))
            .child(diary.lamp("b"))
            .child(diary.lingering("c", gate).shutdown(Shutdown::Infinity))
            .child(diary.lamp("d"));
        let office = open(rt, spec);
        let b = lamp(&office, "b");
        let stopped = office.stop(ExitReason::Shutdown);
        until("c stops", || diary.ends_with("(c"));
        assert!(b.who().blocking().is_ok(), "b works while c stops");
        open_gate.send(()).expect("c waits");
        assert_eq!(stopped.blocking(), ExitReason::Shutdown);
        assert!(diary.all().ends_with("-d (c -c -b -a"), "{}", diary.all());
    });
}

/// 14.37: who does not stop in its time is killed; the others have theirs.
#[test]
fn a_child_that_does_not_stop_in_its_time_is_killed() {
    on(2, |rt| {
        let diary = Diary::default();
        let (_never, gate) = shut();
        let time = Duration::from_millis(30);
        let stuck = diary.lingering("b", gate).shutdown(Shutdown::After(time));
        let spec = SupervisorSpec::new("office").child(diary.lamp("a")).child(stuck);
        let office = open(rt, spec);
        let (closed, begin) = (lamp(&office, "b").closed(), Instant::now());
        assert_eq!(office.stop(ExitReason::Shutdown).blocking(), ExitReason::Shutdown);
        assert!(begin.elapsed() >= time);
        assert_eq!(closed.blocking(), ExitReason::Killed);
        assert_eq!(diary.all(), "+a +b (b -a");
    });
}

/// 14.38: brutal_kill runs no `terminate`; a time of nothing kills right after the signal.
#[test]
fn a_brutal_kill_runs_no_cleanup() {
    on(2, |rt| {
        let diary = Diary::default();
        let spec = SupervisorSpec::new("office")
            .child(diary.lamp("a").shutdown(Shutdown::BrutalKill))
            .child(diary.lamp("b").shutdown(Shutdown::Infinity));
        let office = open(rt, spec);
        let closed = lamp(&office, "a").closed();
        office.stop(ExitReason::Shutdown).blocking();
        assert_eq!(closed.blocking(), ExitReason::Killed);
        assert_eq!(diary.all(), "+a +b -b");
        let diary = Diary::default();
        let (_never, gate) = shut();
        let none = diary.lingering("a", gate).shutdown(Shutdown::After(Duration::ZERO));
        let office = open(rt, SupervisorSpec::new("office").child(none));
        let closed = lamp(&office, "a").closed();
        office.stop(ExitReason::Shutdown).blocking();
        assert_eq!(closed.blocking(), ExitReason::Killed);
    });
}

/// 14.39: a child that unlinked itself is stopped all the same.
#[test]
fn a_child_that_unlinked_itself_is_stopped_all_the_same() {
    on(2, |rt| {
        let diary = Diary::default();
        let office = open(rt, diary.lamps("ab"));
        assert_eq!(lamp(&office, "b").leave().blocking(), Ok(()));
        let closed = lamp(&office, "b").closed();
        office.stop(ExitReason::Shutdown).blocking();
        closed.blocking();
        assert!(diary.all().ends_with(" -a"), "{}", diary.all());
    });
}

/// 14.42: a supervisor ends with its parent, for its parent's reason, after its children; exits of
/// strangers are ignored.
#[test]
fn a_supervisor_ends_with_its_parent_and_not_with_strangers() {
    on(2, |rt| {
        let diary = Diary::default();
        let (parent, _) = trapper(rt);
        let spec = diary.lamps("ab");
        let office = parent.does(move |cx| cx.spawn_link(Tree(spec)).expect("room"));
        settled(&office);
        plain(rt).does({
            let office = office.clone();
            move |cx| cx.exit(&office, ExitReason::other("stranger"))
        });
        settled(&office);
        assert_eq!(diary.read(), "+a +b");
        let closed = office.closed();
        parent.exit(ExitReason::Kill);
        assert_eq!(closed.blocking(), ExitReason::Killed);
        assert_eq!(diary.read(), "-b -a");
    });
}

/// 14.44: a stop that comes while a child starts waits for that.
#[test]
fn a_stop_waits_for_a_start_that_runs() {
    on(2, |rt| {
        let diary = Diary::default();
        let (go, gate) = oneshot::channel();
        diary.plan("b", [Plan::Wait(gate)]);
        let office = rt.spawn(Tree(diary.lamps("abc"))).expect("room");
        until("b starts", || diary.ends_with("~b"));
        let stopped = office.stop(ExitReason::Shutdown);
        go.send(()).expect("b waits");
        assert_eq!(stopped.blocking(), ExitReason::Shutdown);
        assert_eq!(diary.all(), "+a ~b +b +c -c -b -a");
    });
}

/// 14.43: a killed supervisor's children hear its link and end too.
#[test]
fn the_children_of_a_killed_supervisor_end() {
    on(2, |rt| {
        let diary = Diary::default();
        let office = open(rt, diary.lamps("abc"));
        let closed: Vec<_> = ["a", "b", "c"].map(|id| lamp(&office, id).closed()).into();
        office.kill();
        for closed in closed {
            assert_eq!(closed.blocking(), ExitReason::Killed);
        }
        until("nobody is left", || rt.process_count() == 0);
    });
}

/// 14.6, 14.7, 14.8, 14.9, 14.10: children added, stopped, started again and deleted.
#[test]
fn children_can_be_added_stopped_started_and_deleted() {
    on(2, |rt| {
        use ChildAdminError::{AlreadyPresent, AlreadyStarted, NotFound, Running};
        let diary = Diary::default();
        let office = open(rt, diary.lamps("a"));
        let handler = |error| Err(CallError::Handler(error));
        let pid = block_on(office.start_child(diary.lamp("b"))).expect("it starts").expect("runs");
        assert_eq!(block_on(office.start_child(diary.lamp("b"))), handler(AlreadyStarted(pid)));
        assert_eq!(block_on(office.restart_child("b")), handler(Running));
        assert_eq!(block_on(office.delete_child("b")), Err(CallError::Handler(Running)));
        assert_eq!(block_on(office.terminate_child("b")), Ok(()));
        assert_eq!(block_on(office.terminate_child("b")), Ok(()), "again is no error");
        assert_eq!(block_on(office.start_child(diary.lamp("b"))), handler(AlreadyPresent));
        assert_eq!(lamp(&office, "b").who().blocking(), Err(CallFailure::NoProc));
        assert!(block_on(office.restart_child("b")).expect("it starts").is_some());
        assert!(lamp(&office, "b").who().blocking().is_ok());
        block_on(office.terminate_child("b")).expect("it stops");
        block_on(office.delete_child("b")).expect("it is deleted");
        assert_eq!(status(&office, "b"), None);
        for gone in [
            block_on(office.terminate_child("b")),
            block_on(office.delete_child("b")),
            block_on(office.restart_child("b")).map(drop),
        ] {
            assert_eq!(gone, Err(CallError::Handler(NotFound)));
        }
        diary.plan("c", [Plan::Fail]);
        let failed = block_on(office.start_child(diary.lamp("c")));
        assert!(matches!(failed, Err(CallError::Handler(ChildAdminError::Start(_)))));
        assert_eq!(status(&office, "c"), None, "14.7: nothing of it is kept");
    });
}

/// 14.13: what is counted.
#[test]
fn children_are_counted_running_or_not() {
    on(2, |rt| {
        let diary = Diary::default();
        let inner = diary.lamps("xy");
        let below = Tree::child("below", inner);
        let spec = diary.lamps("ab").child(below).child(diary.lamp("n").count(3));
        let office = open(rt, spec);
        block_on(office.terminate_child("a")).expect("it stops");
        let counts = block_on(office.count_children()).expect("it lives");
        assert_eq!((counts.specs, counts.active), (6, 5));
        assert_eq!((counts.supervisors, counts.workers), (1, 5));
        let lamps = office.children::<crate::trees::Lamp>("n");
        let pids: Vec<_> = lamps.iter().map(|lamp| lamp.who().blocking()).collect();
        assert_eq!(pids.len(), 3);
        assert!(pids.iter().all(Result::is_ok));
        assert_eq!(status(&office, "n[1]"), lamps[1].pid().map(ChildStatus::Running));
    });
}

/// 14.10: a child that is terminated causes no restart; a dead one is no stranger's business.
#[test]
fn a_terminated_child_causes_no_restart() {
    on(2, |rt| {
        let diary = Diary::default();
        let office = open(rt, diary.lamps("ab").intensity(0));
        diary.read();
        block_on(office.terminate_child("a")).expect("it stops");
        settled(&office);
        assert_eq!(diary.read(), "-a");
        let closed = office.closed();
        fell(&office, "b", boom());
        assert_eq!(closed.blocking(), ExitReason::Shutdown);
    });
}

/// 14.40: a child that ends for another reason while it is stopped does not disturb the rest.
#[test]
fn a_child_that_crashes_while_it_is_stopped_disturbs_nobody() {
    on(2, |rt| {
        let diary = Diary::default();
        let (open_gate, gate) = shut();
        let b = diary.lingering("b", gate).restart(Restart::Transient);
        let spec = SupervisorSpec::new("office").child(diary.lamp("a")).child(b);
        let office = open(rt, spec.child(diary.lamp("c")));
        let lamp = lamp(&office, "b");
        let stopped = office.stop(ExitReason::Shutdown);
        until("b stops", || diary.ends_with("(b"));
        lamp.kill();
        assert_eq!(stopped.blocking(), ExitReason::Shutdown);
        assert_eq!(diary.all(), "+a +b +c -c (b -a");
        drop(open_gate);
    });
}

/// The end of a runtime waits for its trees as long as that is set, here without a bound.
#[test]
fn a_runtime_that_is_shut_down_waits_for_its_trees() {
    bounded(|| {
        let rt = Runtime::builder().workers(2).shutdown_trees(Duration::MAX).build();
        let rt = rt.expect("threads");
        let diary = Diary::default();
        let (open_gate, gate) = shut();
        let slow = diary.lingering("a", gate).shutdown(Shutdown::Infinity);
        let _office = open(&rt, SupervisorSpec::new("office").child(slow));
        let ending = thread::spawn(move || rt.shutdown());
        until("a stops", || diary.ends_with("(a"));
        open_gate.send(()).expect("a waits");
        ending.join().expect("no panic").expect("it ends");
    });
}

/// What is left of them when their time is over is killed, whatever its own shutdown time.
#[test]
fn a_runtime_kills_what_is_left_of_its_trees_when_their_time_is_over() {
    bounded(|| {
        let rt = Runtime::builder().workers(2).shutdown_trees(Duration::ZERO).build();
        let rt = rt.expect("threads");
        let diary = Diary::default();
        let (open_gate, gate) = shut();
        let slow = diary.lingering("a", gate).shutdown(Shutdown::Infinity);
        let _office = open(&rt, SupervisorSpec::new("office").child(slow));
        rt.shutdown().expect("it ends");
        assert!(open_gate.send(()).is_err(), "nobody waits at the gate any more");
    });
}
