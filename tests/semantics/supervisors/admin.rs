//! What can be asked of a supervisor, and what it refuses.

use actor_core::supervisor::{
    Backoff, ChildAdminError, ChildName, ChildSpec, ChildStatus, Restart, SpecError, SupervisorSpec,
};
use actor_core::{CallError, CallFailure, ExitReason, StartError};
use futures::executor::block_on;
use std::time::Duration;
use tests::Tree;

use crate::kit::{on, plain};
use crate::trees::{Diary, Lamp, Plan, fell, lamp, open, settled, status};

fn not_found<T>() -> Result<T, CallError<ChildAdminError>> {
    Err(CallError::Handler(ChildAdminError::NotFound))
}

/// OTP 14.12: one child of many, by its id or its pid.
#[test]
fn one_child_can_be_asked_for() {
    on(2, |rt| {
        let diary = Diary::default();
        let below = Tree::child("below", diary.lamps("xy"));
        let tree = open(rt, diary.lamps("ab").child(below));
        let a = block_on(tree.which_child("a")).expect("it is there");
        assert_eq!((&*a.id, a.pid()), ("a", lamp(&tree, "a").pid()));
        assert_eq!(block_on(tree.which_child(a.pid().expect("it runs"))), Ok(a.clone()));
        assert_eq!(block_on(tree.which_child(&a.id)), Ok(a));
        assert_eq!(block_on(tree.which_child("c")), not_found());
        let all = block_on(tree.which_children()).expect("it answers");
        for child in all {
            assert_eq!(block_on(tree.which_child(&child.id)), Ok(child));
        }
        let stranger = plain(rt).id();
        assert_eq!(block_on(tree.which_child(stranger)), not_found());
        block_on(tree.terminate_child("a")).expect("it is known");
        let a = block_on(tree.which_child("a")).expect("it is kept");
        assert_eq!(a.status, ChildStatus::Stopped);
        assert_eq!(ChildName::from(&String::from("a")), ChildName::from("a"));
    });
}

/// OTP 14.14: each mistake has its reason. What the types refuse (a missing start, an invalid
/// strategy, intensity, restart, shutdown or type) cannot be written.
#[test]
fn a_bad_spec_is_refused_with_a_precise_reason() {
    let diary = Diary::default();
    let why = |spec: SupervisorSpec| spec.validate().expect_err("it is bad").to_string();
    let office = || SupervisorSpec::new("office");
    let backoff =
        |first, longest| Backoff::new(Duration::from_secs(first), Duration::from_secs(longest));
    for (spec, begins) in [
        (office().period(Duration::ZERO), "invalid_period"),
        (office().child(diary.lamp("a")).child(diary.lamp("a")), "duplicate_child_name"),
        (office().child(ChildSpec::dynamic::<Lamp>("")), "missing_id"),
        (office().child(diary.lamp("a").significant()), "bad_combination"),
        (office().child(diary.lamp("a").max_children(3)), "bad_combination"),
        (office().child(diary.lamp("a").backoff(backoff(0, 1))), "bad_combination"),
        (office().child(diary.lamp("a").backoff(backoff(2, 1))), "bad_combination"),
        (
            office().child(diary.lamp("a").restart(Restart::Temporary).backoff(backoff(1, 2))),
            "bad_combination",
        ),
    ] {
        let why = why(spec);
        assert!(why.starts_with(begins), "{why}");
    }
    let counted = office().child(ChildSpec::dynamic::<Lamp>("a").count(2));
    assert_eq!(counted.validate(), Err(SpecError::DynamicCount { id: "a".into() }));
}

/// OTP 14.14: a supervisor with a bad spec starts nobody, and says why.
#[test]
fn a_supervisor_with_a_bad_spec_does_not_start() {
    on(2, |rt| {
        let diary = Diary::default();
        let spec = diary.lamps("ab").child(diary.lamp("a"));
        let failed = rt.block_on(rt.start(Tree(spec))).map(drop).expect_err("a is there twice");
        let StartError::Init(ExitReason::Error(why)) = &failed else { panic!("{failed}") };
        assert!(why.contains("duplicate_child_name"), "{why}");
        assert_eq!(diary.all(), "");
    });
}

/// OTP 14.15: a supervisor that is not there is noproc, whatever is asked of it.
#[test]
fn requests_to_a_supervisor_that_is_gone_are_noproc() {
    on(2, |rt| {
        let diary = Diary::default();
        let tree = open(rt, diary.lamps("a"));
        tree.stop(ExitReason::Shutdown).blocking();
        let gone = || CallError::Failed(CallFailure::NoProc);
        assert_eq!(block_on(tree.which_children()), Err(CallFailure::NoProc));
        assert_eq!(block_on(tree.count_children()), Err(CallFailure::NoProc));
        assert_eq!(block_on(tree.which_child("a")), Err(gone()));
        assert_eq!(block_on(tree.start_child(diary.lamp("b"))), Err(gone()));
        assert_eq!(block_on(tree.terminate_child("a")), Err(gone()));
        assert_eq!(block_on(tree.restart_child("a")), Err(gone()));
        assert_eq!(block_on(tree.delete_child("a")), Err(gone()));
    });
}

/// OTP 14.15: a request waits while a child starts, however long that takes.
#[test]
fn a_request_waits_while_a_child_starts() {
    on(2, |rt| {
        let diary = Diary::default();
        let tree = open(rt, diary.lamps("a"));
        let (go, gate) = futures::channel::oneshot::channel();
        diary.plan("b", [Plan::Wait(gate)]);
        let starting = {
            let (tree, b) = (tree.clone(), diary.lamp("b"));
            std::thread::spawn(move || block_on(tree.start_child(b)))
        };
        crate::kit::until("b starts", || diary.ends_with("~b"));
        let mut asked = Box::pin(tree.count_children());
        let mut poll = || futures::FutureExt::now_or_never(asked.as_mut());
        assert!(poll().is_none());
        go.send(()).expect("b waits");
        assert!(starting.join().expect("it does not panic").is_ok());
        assert_eq!(block_on(asked).expect("it answers").active, 2);
    });
}

/// OTP 14.3, 14.7: a child that is added and fails, by an error or by a panic, is not kept.
#[test]
fn a_child_that_is_added_and_fails_is_not_kept() {
    on(2, |rt| {
        let diary = Diary::default();
        let tree = open(rt, diary.lamps("a"));
        for plan in [Plan::Fail, Plan::Panic] {
            diary.plan("b", [plan]);
            let failed = block_on(tree.start_child(diary.lamp("b"))).expect_err("it fails");
            assert!(matches!(failed, CallError::Handler(ChildAdminError::Start(_))), "{failed}");
            assert_eq!(status(&tree, "b"), None);
        }
        assert!(block_on(tree.start_child(diary.lamp("b"))).expect("it starts").is_some());
    });
}

/// OTP 14.26: who chooses not to start again is left without a process, and that counts once.
#[test]
fn a_restart_that_is_ignored_counts_once() {
    on(2, |rt| {
        let diary = Diary::default();
        let tree = open(rt, diary.lamps("ab").intensity(1));
        diary.plan("a", [Plan::Ignore]);
        fell(&tree, "a", crate::trees::boom());
        settled(&tree);
        assert_eq!(status(&tree, "a"), Some(ChildStatus::Stopped));
        let closed = tree.closed();
        fell(&tree, "b", crate::trees::boom());
        assert_eq!(closed.blocking(), ExitReason::Shutdown, "it was the second restart");
    });
}

/// OTP 14.13: a child that is being restarted, or that chose not to start, is counted and not
/// active.
#[test]
fn a_child_that_is_being_restarted_is_not_active() {
    on(2, |rt| {
        let diary = Diary::default();
        diary.plan("b", [Plan::Ignore]);
        let long = Duration::from_secs(3_600);
        let waits = diary.lamp("c").backoff(Backoff::new(long, long));
        let tree = open(rt, diary.lamps("ab").child(waits));
        crate::trees::end(&tree, "c", crate::trees::boom());
        let counts = block_on(tree.count_children()).expect("it answers");
        assert_eq!((counts.specs, counts.active, counts.workers), (3, 1, 3));
    });
}
