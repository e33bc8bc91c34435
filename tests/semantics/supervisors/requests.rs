//! What is asked of a supervisor, whatever happens to its children meanwhile: the tests of
//! `semantics` and of the files beside this one show the same where nothing else happens.

use actor_core::supervisor::{
    AutoShutdown, Backoff, ChildAdminError, ChildSpec, ChildStatus, Restart, Shutdown, Siblings,
    SupervisorRef, SupervisorSpec,
};
use actor_core::{CallError, CallFailure, ExitReason, StartError};
use actor_testkit::{TestKit, TestResult, actor_test};
use futures::FutureExt as _;
use std::time::Duration;
use tests::Tree;

use crate::both::{Side, both};
use crate::trees::{Diary, Lamp, LampRef, Plan, boom, lamp, started};

const LONG: Duration = Duration::from_secs(3_600);

fn refused<T>(error: ChildAdminError) -> Result<T, CallError<ChildAdminError>> {
    Err(CallError::Handler(error))
}

/// Ends it, and returns when it has ended.
async fn fell(lamp: &LampRef, reason: ExitReason) -> TestResult {
    let closed = lamp.closed();
    lamp.end(reason)?;
    closed.await;
    Ok(())
}

/// Starts a lamp of the kind `d`.
async fn add(tree: &SupervisorRef, diary: &Diary, restart: Restart) -> Result<LampRef, StartError> {
    let diary = diary.clone();
    let make = move |siblings: Siblings| {
        let (diary, id) = (diary.clone(), siblings.id().to_owned());
        async move { started(diary, id).await }
    };
    tree.start_dynamic("d", restart, Shutdown::Infinity, make).await
}

fn house(kind: impl FnOnce(ChildSpec) -> ChildSpec) -> Tree {
    let kind = kind(ChildSpec::dynamic::<Lamp>("d"));
    Tree(SupervisorSpec::new("house").intensity(100).child(kind))
}

both! {
    /// OTP 14.4: who chooses not to start is kept without a process, and can be started later; a
    /// temporary one is forgotten.
    async fn who_ignores_its_start_is_kept_unless_it_is_temporary(t) {
        let diary = Diary::default();
        diary.plan("a", [Plan::Ignore]);
        diary.plan("b", [Plan::Ignore]);
        let temporary = diary.lamp("b").restart(Restart::Temporary);
        let spec = SupervisorSpec::new("office").child(diary.lamp("a")).child(temporary);
        let tree = t.up(Tree(spec.child(diary.lamp("c")))).await;
        assert_eq!(tree.which_child("a").await?.status, ChildStatus::Stopped);
        assert_eq!(tree.which_child("b").await, refused(ChildAdminError::NotFound));
        lamp(&tree, "c").end(boom())?;
        assert!(tree.restart_child("a").await?.is_some());
        lamp(&tree, "a").who().await?;
        assert!(diary.all().starts_with("?a ?b +c"), "{}", diary.all());
        Ok(())
    }

    /// OTP 14.6, 14.7: an id is taken as long as it is known, whether its child lives, is being
    /// restarted or was stopped; who is added and fails leaves nothing.
    async fn an_id_is_taken_while_it_is_known(t) {
        let diary = Diary::default();
        let tree = t.up(Tree(diary.lamps("a").intensity(100))).await;
        lamp(&tree, "a").end(boom())?;
        let taken = tree.start_child(diary.lamp("a")).await;
        assert!(
            matches!(taken, Err(CallError::Handler(ChildAdminError::AlreadyStarted(_)))),
            "{taken:?}"
        );
        tree.terminate_child("a").await?;
        let present = tree.start_child(diary.lamp("a")).await;
        assert_eq!(present, refused(ChildAdminError::AlreadyPresent));
        for plan in [Plan::Fail, Plan::Panic] {
            diary.plan("b", [plan]);
            let failed = tree.start_child(diary.lamp("b")).await;
            assert!(matches!(failed, Err(CallError::Handler(ChildAdminError::Start(_)))));
            assert_eq!(tree.which_child("b").await, refused(ChildAdminError::NotFound));
        }
        let pid = tree.start_child(diary.lamp("b")).await?;
        assert_eq!(tree.which_child("b").await?.pid(), pid);
        let all = tree.which_children().await?;
        assert_eq!(all.iter().map(|child| &*child.id).collect::<String>(), "ba");
        Ok(())
    }

    /// OTP 14.9, 14.10: whenever a child ends, terminate_child is ok and the child is not started
    /// again; it can be deleted then, and not before.
    async fn a_terminated_child_stays_down_whenever_it_ends(t) {
        let diary = Diary::default();
        let tree = t.up(Tree(diary.lamps("ab").intensity(100))).await;
        let deleted = tree.delete_child("a").await;
        assert_eq!(deleted, refused(ChildAdminError::Running));
        lamp(&tree, "a").end(boom())?;
        tree.terminate_child("a").await?;
        tree.terminate_child("a").await?;
        let before = diary.all();
        t.settle().await;
        assert_eq!(tree.which_child("a").await?.status, ChildStatus::Stopped);
        assert_eq!(diary.all(), before);
        tree.delete_child("a").await?;
        assert_eq!(tree.delete_child("a").await, refused(ChildAdminError::NotFound));
        assert_eq!(lamp_of(&tree, "b").await, Ok(()));
        Ok(())
    }

    /// OTP 14.13: whoever ends, in the end all are counted and those that run are active.
    async fn all_are_counted_and_those_that_run_are_active(t) {
        let diary = Diary::default();
        diary.plan("c", [Plan::Ignore]);
        let below = Tree::child("below", diary.lamps("x"));
        let tree = t.up(Tree(diary.lamps("abc").intensity(100).child(below))).await;
        lamp(&tree, "a").end(boom())?;
        tree.terminate_child("b").await?;
        // The one that was told to end answers when it has been started again.
        while lamp(&tree, "a").who().no_timeout().await.is_err() {}
        let counts = tree.count_children().await?;
        assert_eq!((counts.specs, counts.active), (4, 2));
        assert_eq!((counts.supervisors, counts.workers), (1, 3));
        Ok(())
    }

    /// OTP 14.15: a request waits while a child starts, and is `noproc` without its supervisor.
    async fn a_request_waits_for_a_start_and_not_for_the_dead(t) {
        let diary = Diary::default();
        let tree = t.up(Tree(diary.lamps("a"))).await;
        let (go, gate) = futures::channel::oneshot::channel();
        diary.plan("b", [Plan::Wait(gate)]);
        let mut starting = Box::pin(tree.start_child(diary.lamp("b")));
        assert!(starting.as_mut().now_or_never().is_none());
        t.until("b starts", || diary.ends_with("~b")).await;
        let mut asked = Box::pin(tree.count_children());
        assert!(asked.as_mut().now_or_never().is_none());
        t.settle().await;
        assert!(asked.as_mut().now_or_never().is_none(), "b does not run yet");
        go.send(()).expect("b waits");
        assert!(starting.await?.is_some());
        assert_eq!(asked.await?.active, 2);
        let stopped = tree.stop(ExitReason::Shutdown);
        let late = tree.count_children().await;
        let allowed = [CallFailure::NoProc, CallFailure::Exited(ExitReason::Shutdown)];
        assert!(late.as_ref().is_err_and(|late| allowed.contains(late)), "{late:?}");
        stopped.await;
        assert_eq!(tree.count_children().await, Err(CallFailure::NoProc));
        assert_eq!(tree.terminate_child("a").await, Err(CallError::Failed(CallFailure::NoProc)));
        Ok(())
    }

    /// OTP 14.26: who chooses not to start again is left without a process, and that counts once.
    async fn an_ignored_restart_counts_once(t) {
        let diary = Diary::default();
        let tree = t.up(Tree(diary.lamps("ab").intensity(1))).await;
        diary.plan("a", [Plan::Ignore]);
        fell(&lamp(&tree, "a"), boom()).await?;
        while tree.which_child("a").await?.status != ChildStatus::Stopped {}
        let closed = tree.closed();
        lamp(&tree, "b").end(boom())?;
        assert_eq!(closed.await, ExitReason::Shutdown, "it was the second restart");
        Ok(())
    }

    /// OTP 14.34: a supervisor that gave up is started again with its static children and without
    /// those that were added; a transient one is not.
    async fn a_supervisor_that_gave_up_comes_back_as_it_was_written(t) {
        for restart in [Restart::Permanent, Restart::Transient] {
            let diary = Diary::default();
            let below = Tree::child("below", diary.lamps("a").intensity(0)).restart(restart);
            let tree = t.up(Tree(SupervisorSpec::new("top").child(below))).await;
            let below = tree.child::<Tree>("below");
            below.start_child(diary.lamp("b")).await?;
            let (a, before) = (lamp(&below, "a"), tree.which_child("below").await?.pid());
            a.end(boom())?;
            let mut after = tree.which_child("below").await?;
            while after.pid() == before || after.status == ChildStatus::Restarting {
                after = tree.which_child("below").await?;
            }
            match restart {
                Restart::Permanent => {
                    assert_eq!(below.count_children().await?.specs, 1);
                    assert_eq!(lamp_of(&below, "a").await, Ok(()));
                    assert_eq!(diary.all(), "+a +b -b +a");
                }
                _ => {
                    assert_eq!(after.status, ChildStatus::Stopped);
                    assert_eq!(diary.all(), "+a +b -b");
                }
            }
        }
        Ok(())
    }

    /// OTP 14.45: only who is significant ends its supervisor by its end.
    async fn only_a_significant_end_is_the_supervisors(t) {
        let diary = Diary::default();
        let transient = |id| diary.lamp(id).restart(Restart::Transient);
        let spec = SupervisorSpec::new("office").auto_shutdown(AutoShutdown::AnySignificant);
        let spec = spec.child(transient("a")).child(transient("b").significant());
        let tree = t.up(Tree(spec)).await;
        let closed = tree.closed();
        fell(&lamp(&tree, "a"), ExitReason::Normal).await?;
        while tree.which_child("a").await?.status != ChildStatus::Stopped {}
        lamp(&tree, "b").who().await?;
        lamp(&tree, "b").end(ExitReason::Normal)?;
        assert_eq!(closed.await, ExitReason::Shutdown);
        Ok(())
    }

    /// OTP 14.11, 15.2: a dynamic child is terminated by its pid, whenever it ends, and forgotten;
    /// so is one that is being restarted, by the pid it had.
    async fn a_dynamic_child_can_be_terminated_by_its_pid_whenever_it_ends(t) {
        for waits in [false, true] {
            let diary = Diary::default();
            let backoff = Backoff::new(LONG, LONG);
            let tree = house(|kind| if waits { kind.backoff(backoff) } else { kind });
            let tree = t.up(tree).await;
            let one = add(&tree, &diary, Restart::Permanent).await?;
            let two = add(&tree, &diary, Restart::Permanent).await?;
            let pid = one.pid().expect("it runs");
            match waits {
                true => fell(&one, boom()).await?,
                false => tree.terminate_child(pid).await?,
            }
            tree.terminate_child(pid).await?;
            assert_eq!(one.who().await, Err(CallFailure::NoProc));
            two.who().await?;
            let stranger = t.up(nobodys_child()).await;
            let pid = stranger.pid().expect("it runs");
            assert_eq!(tree.terminate_child(pid).await, refused(ChildAdminError::NotFound));
        }
        Ok(())
    }

    /// OTP 15.1: there are never more than may be, whoever asks at the same time; who has ended for
    /// good makes room.
    async fn there_are_never_more_than_may_be(t) {
        let diary = Diary::default();
        let tree = t.up(house(|kind| kind.max_children(2))).await;
        let asks = (0..4).map(|_| add(&tree, &diary, Restart::Temporary));
        let started = futures::future::join_all(asks).await;
        let full = |it: &&Result<LampRef, _>| matches!(it, Err(StartError::MaxChildren(2)));
        assert_eq!(started.iter().filter(full).count(), 2, "{started:?}");
        let one = started.into_iter().find_map(Result::ok).expect("two of them");
        fell(&one, boom()).await?;
        while tree.count_children().await?.specs == 2 {}
        assert!(add(&tree, &diary, Restart::Permanent).await.is_ok());
        let late = add(&tree, &diary, Restart::Permanent).await;
        assert!(full(&&late), "{late:?}");
        Ok(())
    }

    /// OTP 14.28: each instance is restarted with its own arguments, in whatever order they end.
    async fn an_instance_comes_back_with_its_own_arguments(t) {
        let diary = Diary::default();
        let tree = t.up(house(|kind| kind)).await;
        let mut lamps = Vec::new();
        for word in ["ann", "bob"] {
            let diary = diary.clone();
            let make = move |_: Siblings| {
                let diary = diary.clone();
                async move { started(diary, word.to_owned()).await }
            };
            let stops = Shutdown::Infinity;
            let made = tree.start_dynamic::<Lamp, _, _>("d", Restart::Permanent, stops, make);
            lamps.push(made.await?);
        }
        diary.read();
        lamps[0].end(boom())?;
        lamps[1].end(boom())?;
        t.until("both are back", || {
            ["+ann +bob", "+bob +ann"].contains(&&*diary.all())
        })
        .await;
        for lamp in lamps {
            lamp.who().no_timeout().await?;
        }
        Ok(())
    }

    /// OTP 14.41: dynamic children stop together: all are asked before any has stopped, and one
    /// that does not is killed when its time is over.
    async fn dynamic_children_are_asked_together(t) {
        let diary = Diary::default();
        let limit = Duration::from_millis(50);
        let (mut gates, mut lamps) = (Vec::new(), Vec::new());
        let tree = t.up(house(|kind| kind)).await;
        for _ in 0..3 {
            let (open, gate) = futures::channel::oneshot::channel::<()>();
            let gate = std::sync::Arc::new(std::sync::Mutex::new(Some(gate)));
            gates.push(open);
            let its = diary.clone();
            let make = move |siblings: Siblings| {
                let (diary, gate, id) = (its.clone(), gate.clone(), siblings.id().to_owned());
                async move { Ok::<_, ExitReason>(Some(Lamp::waiting(diary, id, gate))) }
            };
            let stops = Shutdown::After(limit);
            let made = tree.start_dynamic::<Lamp, _, _>("d", Restart::Permanent, stops, make);
            lamps.push(made.await?);
        }
        let closed: Vec<_> = lamps.iter().map(|lamp| lamp.closed()).collect();
        let begin = t.now();
        assert_eq!(tree.stop(ExitReason::Shutdown).await, ExitReason::Shutdown);
        t.passed(begin, limit);
        for closed in closed {
            assert_eq!(closed.await, ExitReason::Killed);
        }
        let all = diary.all();
        assert!(["(d#1", "(d#2", "(d#3"].iter().all(|asked| all.contains(asked)), "{all}");
        assert!(!all.contains('-'), "{all}");
        drop(gates);
        Ok(())
    }
}

/// Whether it answers.
async fn lamp_of(tree: &SupervisorRef, id: &str) -> Result<(), CallFailure> {
    lamp(tree, id).who().no_timeout().await.map(drop)
}

/// A process that is no child.
fn nobodys_child() -> Tree {
    Tree(SupervisorSpec::new("stranger"))
}
