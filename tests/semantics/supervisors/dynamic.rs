//! Dynamic children: how many there may be, how they are called, when they are forgotten.

use actor_core::supervisor::{
    Backoff, ChildAdminError, ChildSpec, ChildStatus, Restart, Shutdown, Siblings, SupervisorRef,
    SupervisorSpec,
};
use actor_core::{CallError, CallFailure, ExitReason, Pid, Runtime, StartError, prelude::*};
use futures::executor::block_on;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::kit::{on, plain, up};
use crate::trees::{Diary, Lamp, LampRef, boom, open, settled, started, status};

const LONG: Duration = Duration::from_secs(3_600);

/// Starts a lamp of the kind `d`.
fn add(tree: &SupervisorRef, diary: &Diary, restart: Restart) -> Result<LampRef, StartError> {
    let diary = diary.clone();
    let make = move |siblings: Siblings| {
        let (diary, id) = (diary.clone(), siblings.id().to_owned());
        async move { started(diary, id).await }
    };
    block_on(tree.start_dynamic("d", restart, Shutdown::Infinity, make))
}

/// Ends a lamp; returns when the supervisor has acted on it.
fn ends(tree: &SupervisorRef, lamp: &LampRef, reason: ExitReason) {
    let closed = lamp.closed();
    lamp.end(reason).expect("it runs");
    closed.blocking();
    settled(tree);
}

fn specs(tree: &SupervisorRef) -> usize {
    block_on(tree.count_children()).expect("it answers").specs
}

/// A tree with the kind `d`, and so much of it.
fn house(rt: &Runtime, kind: impl FnOnce(ChildSpec) -> ChildSpec) -> SupervisorRef {
    let kind = kind(ChildSpec::dynamic::<Lamp>("d"));
    open(rt, SupervisorSpec::new("house").intensity(100).child(kind))
}

/// OTP 14.11, 15.2: a dynamic child is terminated by its pid, and forgotten.
#[test]
fn a_dynamic_child_is_terminated_by_its_pid() {
    on(2, |rt| {
        let diary = Diary::default();
        let tree = house(rt, |kind| kind);
        let one = add(&tree, &diary, Restart::Permanent).expect("it starts");
        let two = add(&tree, &diary, Restart::Permanent).expect("it starts");
        let pid = one.pid().expect("it runs");
        assert_eq!(block_on(tree.terminate_child(pid)), Ok(()));
        assert_eq!(diary.read(), "+d#1 +d#2 -d#1");
        assert_eq!(one.who().blocking(), Err(CallFailure::NoProc));
        assert_eq!(specs(&tree), 1);
        assert_eq!(block_on(tree.terminate_child(pid)), Ok(()), "a dead pid is no error");
        let stranger: Pid = plain(rt).id();
        let refused = Err(CallError::Handler(ChildAdminError::NotFound));
        assert_eq!(block_on(tree.terminate_child(stranger)), refused);
        assert!(two.who().blocking().is_ok());
    });
}

/// OTP 15.2: also one that is being restarted, by the pid it had.
#[test]
fn a_dynamic_child_that_is_being_restarted_is_terminated_by_its_last_pid() {
    on(2, |rt| {
        let diary = Diary::default();
        let tree = house(rt, |kind| kind.backoff(Backoff::new(LONG, LONG)));
        let one = add(&tree, &diary, Restart::Permanent).expect("it starts");
        let pid = one.pid().expect("it runs");
        ends(&tree, &one, boom());
        assert_eq!(status(&tree, "d#1"), Some(ChildStatus::Restarting));
        assert_eq!(block_on(tree.terminate_child(pid)), Ok(()));
        assert_eq!(specs(&tree), 0);
        assert_eq!(one.who().blocking(), Err(CallFailure::NoProc));
    });
}

/// OTP 15.1: so many and no more, those that are being restarted included.
#[test]
fn there_are_no_more_dynamic_children_than_may_be() {
    on(2, |rt| {
        let diary = Diary::default();
        let waits = Backoff::new(LONG, LONG);
        let tree = house(rt, |kind| kind.max_children(2).backoff(waits));
        let one = add(&tree, &diary, Restart::Permanent).expect("room");
        let two = add(&tree, &diary, Restart::Temporary).expect("room");
        let full = || add(&tree, &diary, Restart::Permanent).map(drop);
        assert_eq!(full(), Err(StartError::MaxChildren(2)));
        ends(&tree, &one, boom());
        assert_eq!(full(), Err(StartError::MaxChildren(2)), "one is to come back");
        ends(&tree, &two, boom());
        assert_eq!(full(), Ok(()), "a temporary one has left");
        assert_eq!(full(), Err(StartError::MaxChildren(2)));
        block_on(tree.terminate_child("d#1")).expect("it is known");
        assert_eq!(full(), Ok(()));
        assert_eq!(diary.all(), "+d#1 +d#2 +d#3 +d#4");
    });
}

/// OTP 15.1: one that does not start takes no place.
#[test]
fn a_dynamic_child_that_does_not_start_takes_no_place() {
    on(2, |rt| {
        let diary = Diary::default();
        let tree = house(rt, |kind| kind.max_children(1));
        diary.plan("d#1", [crate::trees::Plan::Fail]);
        diary.plan("d#2", [crate::trees::Plan::Ignore]);
        assert!(matches!(add(&tree, &diary, Restart::Permanent), Err(StartError::Init(_))));
        assert!(matches!(add(&tree, &diary, Restart::Permanent), Err(StartError::Ignored)));
        assert!(add(&tree, &diary, Restart::Permanent).is_ok());
    });
}

/// OTP 14.11, 14.16: one that ended for good is forgotten, whatever its type: nobody could start
/// it again.
#[test]
fn a_dynamic_child_that_ended_in_order_is_forgotten() {
    on(2, |rt| {
        let diary = Diary::default();
        let tree = house(rt, |kind| kind);
        let one = add(&tree, &diary, Restart::Transient).expect("it starts");
        ends(&tree, &one, boom());
        assert!(one.who().blocking().is_ok(), "it was restarted");
        ends(&tree, &one, ExitReason::Normal);
        assert_eq!((specs(&tree), diary.read().as_str()), (0, "+d#1 +d#1"));
        assert_eq!(one.who().blocking(), Err(CallFailure::NoProc));
    });
}

/// What tellers say when they start.
type Said = Arc<Mutex<Vec<String>>>;

#[derive(Process)]
struct Teller {
    name: Name,
}

#[handlers]
impl Teller {
    #[cast]
    fn end(&mut self, cx: &mut Context<Self>) {
        cx.stop(boom());
    }

    #[call]
    fn name(&self) -> String {
        self.name.0.clone()
    }
}

/// A name that counts how many of it there are.
#[derive(Debug)]
struct Name(String, Arc<AtomicUsize>);

impl Name {
    fn new(name: &str, count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(name.to_owned(), count.clone())
    }
}

impl Clone for Name {
    fn clone(&self) -> Self {
        Self::new(&self.0, &self.1)
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Supervisor)]
struct Bank {
    said: Said,
}

#[supervisor(intensity = 100)]
impl Bank {
    #[child(dynamic, max_children = 3)]
    fn teller(&self, name: Name) -> Teller {
        self.said.lock().expect("nobody panics here").push(name.0.clone());
        Teller { name }
    }

    #[child(dynamic, restart = temporary, max_children = self.said.lock().unwrap().len())]
    fn guest(&self, name: Name) -> Teller {
        Teller { name }
    }
}

/// OTP 14.28: an instance is restarted with its own arguments; a temporary one keeps none.
#[test]
fn an_instance_is_restarted_with_the_arguments_of_its_start() {
    on(2, |rt| {
        let said = Said::default();
        said.lock().expect("nobody panics here").push("so that one guest may come".into());
        let bank = up(rt, Bank { said: said.clone() });
        let count = Arc::new(AtomicUsize::new(0));
        let start = |name| block_on(bank.start_teller(Name::new(name, &count)));
        let (ann, bob) = (start("Ann").expect("it starts"), start("Bob").expect("it starts"));
        for teller in [&ann, &bob, &ann] {
            let closed = teller.closed();
            teller.end().expect("it runs");
            closed.blocking();
            settled(&bank);
        }
        assert_eq!(ann.name().blocking().as_deref(), Ok("Ann"));
        assert_eq!(bob.name().blocking().as_deref(), Ok("Bob"));
        assert_eq!(
            said.lock().expect("nobody panics here")[1..],
            ["Ann", "Bob", "Ann", "Bob", "Ann"]
        );
        start("Cid").expect("room");
        assert_eq!(start("Dan").map(drop), Err(StartError::MaxChildren(3)));
        let before = count.load(Ordering::SeqCst);
        let guest = block_on(bank.start_guest(Name::new("Eve", &count))).expect("it starts");
        assert_eq!(count.load(Ordering::SeqCst), before + 1, "the guest alone has its name");
        let more = block_on(bank.start_guest(Name::new("Fay", &count))).map(drop);
        assert_eq!(more, Err(StartError::MaxChildren(1)));
        assert!(guest.name().blocking().is_ok());
    });
}
