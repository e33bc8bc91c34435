//! Supervised refs: a child's ref is good across its restarts. In a gap calls wait and casts are
//! kept, in order, up to a bound; when there will be no next incarnation both are noproc.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actor_core::supervisor::{ChildSpec, Restart, Shutdown, SupervisorRef, SupervisorSpec};
use actor_core::{CallFailure, Context, ExitReason, Process, Runtime, SendError, handlers, limits};
use futures::channel::oneshot;
use futures::executor::block_on;

use crate::kit::{Heard, on, trapper};
use crate::trees::{Diary, Lamp, Plan, Tree, boom, end, fell, lamp, open, settled};

/// An office whose lamp `a` has ended, and what its next start waits for; the starts after that
/// follow the plans.
fn gap(
    rt: &Runtime,
    intensity: u32,
    then: impl IntoIterator<Item = Plan>,
) -> (Diary, SupervisorRef, oneshot::Sender<()>) {
    let diary = Diary::default();
    let office = open(rt, diary.lamps("a").intensity(intensity));
    let (go, gate) = oneshot::channel();
    diary.plan("a", std::iter::once(Plan::Wait(gate)).chain(then));
    fell(&office, "a", boom());
    (diary, office, go)
}

/// Calls and casts in a gap are for the next incarnation, in the order sent.
#[test]
fn casts_are_kept_in_order_and_calls_wait_for_the_next_incarnation() {
    on(2, |rt| {
        let diary = Diary::default();
        let office = open(rt, diary.lamps("a"));
        let a = lamp(&office, "a");
        let (go, gate) = oneshot::channel();
        diary.plan("a", [Plan::Wait(gate)]);
        let before = a.who().blocking().expect("it runs");
        fell(&office, "a", boom());
        (0..100).for_each(|word| a.say(word).expect("it is kept"));
        let call = a.who().no_timeout().request();
        (100..200).for_each(|word| a.say(word).expect("it is kept"));
        assert!(!a.is_alive() && a.pid().is_none());
        go.send(()).expect("the restart waits");
        let now = block_on(call).expect("the next incarnation answers");
        assert_ne!(now, before);
        assert_eq!(a.pid(), Some(now));
        assert_eq!(a.who().blocking(), Ok(now));
        let words: Vec<String> = (0..200).map(|word: u64| word.to_string()).collect();
        assert_eq!(diary.read(), format!("+a ~a +a {}", words.join(" ")));
    });
}

/// A call in a gap has its deadline all the same.
#[test]
fn a_call_in_a_gap_keeps_its_deadline() {
    on(2, |rt| {
        let (_, office, go) = gap(rt, 1, []);
        let (begin, limit) = (Instant::now(), Duration::from_millis(20));
        let late = lamp(&office, "a").who().timeout(limit).blocking();
        assert_eq!(late, Err(CallFailure::Timeout(limit)));
        assert!(begin.elapsed() >= limit);
        go.send(()).expect("the restart waits");
        settled(&office);
    });
}

/// A call to a child that has not started for the first time has its deadline too, from a thread
/// that knows of no runtime.
#[test]
fn a_call_before_the_first_start_keeps_its_deadline() {
    on(2, |rt| {
        let diary = Diary::default();
        let (go, gate) = oneshot::channel();
        diary.plan("a", [Plan::Wait(gate)]);
        let office = rt.spawn(Tree(diary.lamps("a"))).expect("room");
        let limit = Duration::from_millis(20);
        let late = lamp(&office, "a").who().timeout(limit).blocking();
        assert_eq!(late, Err(CallFailure::Timeout(limit)));
        let in_time = lamp(&office, "a").who().request();
        go.send(()).expect("the start waits");
        assert!(block_on(in_time).is_ok());
    });
}

/// A gap keeps so many casts and refuses the next.
#[test]
fn a_gap_keeps_casts_up_to_its_bound() {
    on(2, |rt| {
        let (diary, office, go) = gap(rt, 1, []);
        let a = lamp(&office, "a");
        for word in 0..limits::GAP_MAIL as u64 {
            a.say(word).expect("there is room");
        }
        assert_eq!(a.say(0), Err(SendError::Full));
        assert_eq!(a.who().blocking(), Err(CallFailure::Full));
        go.send(()).expect("the restart waits");
        settled(&office);
        assert!(a.who().blocking().is_ok());
        let kept = diary.read().split(' ').count() - 3;
        assert_eq!(kept, limits::GAP_MAIL, "all that was kept has arrived");
    });
}

/// A small mailbox makes a small gap: what is kept is what the child can take.
#[test]
fn a_gap_keeps_no_more_than_the_childs_mailbox_holds() {
    #[derive(Process)]
    #[process(mailbox = 4)]
    struct Small(Vec<u32>);
    #[handlers]
    impl Small {
        #[cast]
        fn add(&mut self, n: u32) {
            self.0.push(n);
        }
        #[call]
        fn all(&self) -> Vec<u32> {
            self.0.clone()
        }
    }
    on(2, |rt| {
        let gate = Arc::new(std::sync::Mutex::new(None::<oneshot::Receiver<()>>));
        let planned = gate.clone();
        let spec = SupervisorSpec::new("office").child(ChildSpec::new("small", move |_| {
            let gate = planned.lock().expect("no panic").take();
            async move {
                if let Some(gate) = gate {
                    let _ = gate.await;
                }
                Ok(Some(Small(Vec::new())))
            }
        }));
        let office = open(rt, spec);
        let small = office.child::<Small>("small");
        let (go, waits) = oneshot::channel();
        *gate.lock().expect("no panic") = Some(waits);
        let closed = small.closed();
        small.kill();
        closed.blocking();
        for n in 0..4 {
            assert_eq!(small.add(n), Ok(()));
        }
        assert_eq!(small.add(4), Err(SendError::Full));
        go.send(()).expect("the restart waits");
        settled(&office);
        crate::kit::until("there is room", || small.mailbox_len() == 0);
        assert_eq!(small.all().blocking(), Ok(vec![0, 1, 2, 3]), "nothing was lost in silence");
    });
}

/// An incarnation that dies before its supervisor has seen it start is one more gap: what was kept
/// goes to the one after it.
#[test]
fn mail_outlasts_an_incarnation_that_dies_at_once() {
    for workers in [1, 2] {
        on(workers, |rt| {
            let (diary, office, go) = gap(rt, 10, [Plan::Crash, Plan::Crash]);
            let a = lamp(&office, "a");
            let call = a.who().no_timeout().request();
            a.say(1).expect("it is kept");
            // This start fails, the next two die at once.
            drop(go);
            assert!(block_on(call).is_ok(), "the third incarnation answers");
            settled(&office);
            a.who().blocking().expect("it runs");
            assert_eq!(diary.read(), "+a ~a +a 1");
        });
    }
}

/// When the supervisor gives up, or will not restart the child, both end in noproc.
#[test]
fn when_nobody_will_come_back_calls_and_casts_are_noproc() {
    on(2, |rt| {
        let diary = Diary::default();
        let office = open(rt, diary.lamps("a").intensity(0));
        let a = lamp(&office, "a");
        let closed = office.closed();
        fell(&office, "a", boom());
        assert_eq!(closed.blocking(), ExitReason::Shutdown);
        assert_eq!(a.say(1), Err(SendError::NoProc));
        assert_eq!(a.who().blocking(), Err(CallFailure::NoProc));
        let transient = diary.lamp("t").restart(Restart::Transient);
        let office = open(rt, SupervisorSpec::new("office").child(transient));
        let t = lamp(&office, "t");
        end(&office, "t", ExitReason::Normal);
        assert_eq!(t.say(1), Err(SendError::NoProc));
        assert_eq!(block_on(t.ready()), Err(SendError::NoProc));
        assert_eq!(lamp(&office, "unknown").say(1), Err(SendError::NoProc));
    });
}

/// A call that waits in a gap is failed when the supervisor gives up, or is killed.
#[test]
fn a_waiting_call_ends_with_its_supervisor() {
    on(2, |rt| {
        for kill in [false, true] {
            let (_, office, go) = gap(rt, 1, [Plan::Fail]);
            let call = lamp(&office, "a").who().no_timeout().request();
            let ready = lamp(&office, "a").ready();
            if kill {
                office.kill()
            } else {
                drop(go)
            }
            assert_eq!(block_on(call), Err(CallFailure::NoProc));
            assert_eq!(block_on(ready), Err(SendError::NoProc));
        }
    });
}

/// A plain ref names one incarnation; a monitor means the present one.
#[test]
fn a_plain_ref_dies_with_its_incarnation() {
    on(2, |rt| {
        let diary = Diary::default();
        let office = open(rt, diary.lamps("a"));
        let a = lamp(&office, "a");
        let pid = a.pid().expect("it runs");
        let (watcher, ear) = trapper(rt);
        let target = a.clone();
        let set = watcher.does(move |cx| cx.monitor(&target));
        end(&office, "a", boom());
        assert_eq!(ear.next(), Heard::Down(set, pid, boom()));
        let gone = watcher.does(move |cx| cx.monitor(&pid));
        assert_eq!(ear.next(), Heard::Down(gone, pid, ExitReason::NoProc));
        assert!(a.is_alive() && a.pid() != Some(pid));
    });
}

/// `ready` resolves at the end of the gap.
#[test]
fn ready_resolves_at_the_end_of_the_gap() {
    on(2, |rt| {
        let (_, office, go) = gap(rt, 1, []);
        let ready = lamp(&office, "a").ready();
        go.send(()).expect("the restart waits");
        assert_eq!(block_on(ready), Ok(()));
        assert!(lamp(&office, "a").is_alive());
    });
}

/// Refs reach through a nested supervisor's restart.
#[test]
fn refs_stay_good_through_the_restart_of_a_nested_supervisor() {
    on(2, |rt| {
        let diary = Diary::default();
        let inner = diary.lamps("ab");
        let below = Tree::child("below", inner);
        let top = open(rt, SupervisorSpec::new("top").child(below));
        let below = top.child::<Tree>("below");
        let b = lamp(&below, "b");
        let before = b.who().blocking().expect("it runs");
        let closed = below.closed();
        below.kill();
        closed.blocking();
        b.say(7).expect("kept or handled");
        let after = b.who().blocking().expect("it runs again");
        assert_ne!(before, after);
        assert!(diary.all().contains('7'), "{}", diary.all());
        // 14.43: a killed supervisor's children hear its link; they trap, so they stop in order,
        // while the next ones start.
        crate::kit::until("the old ones stop", || {
            ["-a", "-b"].iter().all(|line| diary.all().contains(line))
        });
    });
}

/// A child that calls its own place would wait for itself: once it is ready, and before.
#[test]
fn a_child_that_calls_its_own_slot_is_told_at_once() {
    #[derive(Process)]
    struct Narcissus(std::sync::mpsc::Sender<Result<(), CallFailure>>);
    #[handlers]
    impl Narcissus {
        #[init]
        async fn look(&mut self, cx: &mut Context<Self>) {
            self.look_again(cx).await;
        }
        #[call]
        async fn look_again(&mut self, cx: &mut Context<Self>) {
            let _ = self.0.send(ask(cx.slot()).await);
        }
    }
    // Elsewhere, where the macros see no call on oneself.
    async fn ask(who: NarcissusRef) -> Result<(), CallFailure> {
        who.look_again().no_timeout().await
    }
    on(2, |rt| {
        let (tell, told) = std::sync::mpsc::channel();
        let child = ChildSpec::new("narcissus", move |_| {
            let tell = tell.clone();
            async move { Ok(Some(Narcissus(tell))) }
        });
        let office = open(rt, SupervisorSpec::new("office").child(child));
        office.child::<Narcissus>("narcissus").look_again().blocking().expect("it is ready");
        let told: Vec<_> = told.try_iter().collect();
        assert_eq!(told, [Err(CallFailure::CallingSelf), Err(CallFailure::CallingSelf)]);
    });
}

/// A child's own place: its slot outlives it.
#[test]
fn a_dynamic_childs_ref_is_supervised_too() {
    on(2, |rt| {
        let diary = Diary::default();
        let office = open(rt, SupervisorSpec::new("office").child(ChildSpec::dynamic::<Lamp>("d")));
        let make = |diary: &Diary| {
            let diary = diary.clone();
            move |siblings: actor_core::supervisor::Siblings| {
                let (diary, id) = (diary.clone(), siblings.id().to_owned());
                async move { crate::trees::started(diary, id).await }
            }
        };
        let start = |restart| {
            let child = office.start_dynamic("d", restart, Shutdown::BrutalKill, make(&diary));
            block_on(child).expect("it starts")
        };
        let (kept, lost) = (start(Restart::Permanent), start(Restart::Temporary));
        assert_eq!(diary.read(), "+d#1 +d#2");
        for each in [&kept, &lost] {
            let closed = each.closed();
            each.kill();
            closed.blocking();
        }
        settled(&office);
        assert!(kept.who().blocking().is_ok());
        assert_eq!(lost.who().blocking(), Err(CallFailure::NoProc));
        assert_eq!(diary.read(), "+d#1");
    });
}
