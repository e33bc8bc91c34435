//! What a process shows, and what it tells when it is asked.

use std::{
    future::Future,
    pin::pin,
    sync::mpsc::{Receiver, channel},
    task::{Context as TaskContext, Poll, Waker},
    time::Instant,
};

use actor_core::{
    CallFailure, ExitReason, Overflow, Priority, Process, Runtime, Start, Status, handlers, limits,
    supervisor::{ChildSpec, SupervisorSpec},
};
use tests::Tree;

use crate::kit::{PuppetRef, listener, made, on, plain, trapper, until, up};

fn status(rt: &Runtime, of: &PuppetRef) -> Option<Status> {
    rt.process_info(of).map(|vitals| vitals.status)
}

/// OTP 21.8
#[test]
fn a_process_tells_its_links_monitors_and_watchers() {
    on(1, |rt| {
        let ((a, _), (b, _), c) = (trapper(rt), trapper(rt), plain(rt));
        let (to_b, to_c) = (b.clone(), c.clone());
        a.does(move |cx| {
            cx.link(&to_b);
            cx.monitor(&to_c);
            cx.monitor(&to_c);
        });
        let to_a = a.clone();
        b.does(move |cx| _ = cx.monitor(&to_a));
        let seen = rt.block_on(rt.inspect(&a)).expect("it answers");
        assert_eq!(seen.links.first, [b.id()]);
        assert_eq!((seen.monitors.count, seen.monitors.first), (2, vec![c.id(), c.id()]));
        assert_eq!(seen.monitored_by.first, [b.id()]);
        let other = rt.block_on(rt.inspect(&b.id())).expect("it answers");
        assert_eq!((other.links.first, other.monitors.first), (vec![a.id()], vec![a.id()]));
        let to_b = b.clone();
        a.does(move |cx| cx.unlink(&to_b));
        assert_eq!(rt.block_on(rt.inspect(&a)).map(|seen| seen.links.count), Ok(0));
        assert_eq!(rt.block_on(rt.inspect(&b)).map(|seen| seen.links.count), Ok(0));
    });
}

/// OTP 21.8: the lists are bounded, the counts are not.
#[test]
fn of_very_many_watchers_all_are_counted_and_some_are_named() {
    on(2, |rt| {
        let (watched, watcher) = (plain(rt), plain(rt));
        let many = limits::INSPECTED + 7;
        let target = watched.clone();
        watcher.does(move |cx| (0..many).for_each(|_| _ = cx.monitor(&target)));
        watched.sync();
        let seen = rt.block_on(rt.inspect(&watched)).expect("it answers");
        assert_eq!(seen.monitored_by.count, many);
        assert_eq!(seen.monitored_by.first, vec![watcher.id(); limits::INSPECTED]);
    });
}

/// OTP 21.8
#[test]
fn a_process_shows_what_it_was_started_with() {
    on(1, |rt| {
        let options = made(true).0.with().name("it").mailbox(7).overflow(Overflow::Reject);
        let it = rt.block_on(options.priority(Priority::High).on(rt).start()).expect("it starts");
        let vitals = rt.process_info(&it).expect("it lives");
        assert_eq!((vitals.pid, vitals.type_name), (it.id(), "Puppet"));
        assert_eq!((vitals.mailbox, vitals.overflow), (7, Overflow::Reject));
        assert_eq!((vitals.priority, vitals.trap_exit), (Priority::High, true));
        let seen = rt.block_on(rt.inspect(&it)).expect("it answers");
        assert_eq!(seen.registered_name.as_deref(), Some("it"));
        let status = seen.vitals.status;
        let mut now = rt.process_info(&it).expect("it lives");
        now.status = status;
        assert_eq!(seen.vitals, now);
        it.does(|cx| cx.trap_exit(false));
        assert_eq!(rt.process_info(&it).map(|vitals| vitals.trap_exit), Some(false));
    });
}

/// OTP 21.8: the label of OTP 27.
#[test]
fn a_label_is_told_and_the_last_one_stands() {
    on(1, |rt| {
        let it = plain(rt);
        let label = || rt.block_on(rt.inspect(&it)).expect("it answers").label;
        assert_eq!(label(), None);
        it.does(|cx| cx.set_label("one"));
        it.does(|cx| cx.set_label(format!("an{}", "other")));
        assert_eq!(label().as_deref(), Some("another"));
        assert_eq!(rt.registered(), [""; 0], "it is no name");
    });
}

/// OTP 21.8
#[test]
fn the_dead_show_and_tell_nothing() {
    on(1, |rt| {
        let it = plain(rt);
        it.stop(ExitReason::Normal).blocking();
        assert_eq!(rt.process_info(&it), None);
        assert_eq!(rt.process_info(&it.id()), None);
        assert_eq!(rt.block_on(rt.inspect(&it)), Err(CallFailure::NoProc));
        assert_eq!(rt.block_on(rt.inspect(&it.id())), Err(CallFailure::NoProc));
        assert_eq!(rt.block_on(rt.ancestors(&it)), Err(CallFailure::NoProc));
    });
}

/// OTP 21.8
#[test]
fn one_that_waits_waits_and_one_in_its_turn_runs_and_others_are_runnable() {
    on(1, |rt| {
        let (busy, next) = (plain(rt), plain(rt));
        assert_eq!(status(rt, &busy), Some(Status::Waiting));
        let go = busy.busy(|_| ());
        assert_eq!(status(rt, &busy), Some(Status::Running));
        drop(go);
        busy.sync();
        until("it waits again", || status(rt, &busy) == Some(Status::Waiting));
        let me = busy.id();
        let own = busy.does(move |cx| cx.runtime().process_info(&me).map(|vitals| vitals.status));
        assert_eq!(own, Some(Status::Running));
        // In a turn of its only worker, nobody else has one.
        let other = next.clone();
        let runnable = busy.does(move |cx| {
            other.say(1).expect("room");
            cx.runtime()
                .process_info(&other)
                .map(|vitals| (vitals.status, vitals.message_queue_len))
        });
        assert_eq!(runnable, Some((Status::Runnable, 1)));
    });
}

/// Tells when its state is dropped, and waits there.
struct Gate(std::sync::mpsc::Sender<()>, Receiver<()>);

impl Drop for Gate {
    fn drop(&mut self) {
        let _ = (self.0.send(()), self.1.recv());
    }
}

#[derive(Process)]
struct Gated {
    _gate: std::sync::Mutex<Gate>,
}

#[handlers]
impl Gated {}

/// OTP 21.8
#[test]
fn one_that_is_taken_apart_is_exiting_and_among_the_processes() {
    on(2, |rt| {
        let ((tell, told), (go, gate)) = (channel(), channel::<()>());
        let gated = up(rt, Gated { _gate: std::sync::Mutex::new(Gate(tell, gate)) });
        let pid = gated.pid().expect("it was started");
        gated.kill();
        told.recv().expect("its state is dropped");
        let vitals = rt.process_info(&pid).expect("it is not dead");
        assert_eq!(vitals.status, Status::Exiting);
        assert_eq!(rt.processes(), [pid]);
        let asked = rt.inspect(&pid);
        drop(go);
        assert_eq!(rt.block_on(asked), Err(CallFailure::NoProc));
        until("it is dead", || rt.process_info(&pid).is_none());
    });
}

/// OTP 21.8
#[test]
fn one_that_is_held_says_so() {
    on(1, |rt| {
        let small = made(false).0.with().mailbox(4).on(rt).spawn().expect("it starts");
        let flood = plain(rt);
        let go = small.hang().request();
        let hangs = || rt.block_on(rt.inspect(&small)).is_ok_and(|seen| seen.in_handler);
        until("it hangs", hangs);
        let to = small.clone();
        flood.does(move |_| (0..5).for_each(|word| to.say(word).expect("room")));
        let held = || rt.block_on(rt.inspect(&flood)).expect("it answers").vitals.status;
        // Each cast above the mark holds it once, for a time: it is caught at one of them.
        let to = small.clone();
        until("it is held", || {
            let to = to.clone();
            flood.tries(move |_| _ = to.say(5));
            held() == Status::Held
        });
        small.kill();
        flood.sync();
        until("it goes on", || held() == Status::Waiting);
        drop(go);
    });
}

/// OTP 21.8
#[test]
fn one_that_awaits_in_a_handler_answers_all_the_same() {
    on(1, |rt| {
        let it = plain(rt);
        it.sync();
        let before = rt.block_on(rt.inspect(&it)).expect("it answers");
        assert!(!before.in_handler);
        let hang = it.hang().request();
        until("it hangs", || rt.block_on(rt.inspect(&it)).is_ok_and(|seen| seen.in_handler));
        (0..3).for_each(|word| it.say(word).expect("room"));
        let seen = rt.block_on(rt.inspect(&it)).expect("it answers");
        assert_eq!((seen.vitals.message_queue_len, seen.reductions), (3, before.reductions));
        assert_eq!(seen.vitals.status, Status::Waiting);
        assert!(seen.memory > before.memory, "{} > {}", seen.memory, before.memory);
        it.kill();
        drop(hang);
    });
}

/// OTP 21.8: who computes cannot be asked, and whoever asks is not held up for ever.
#[test]
fn one_that_is_stuck_is_given_up_and_still_shows_what_anybody_can_see() {
    on(1, |rt| {
        let it = plain(rt);
        let go = it.busy(|_| ());
        let begin = Instant::now();
        let mut asked = pin!(rt.inspect(&it));
        let mut cx = TaskContext::from_waker(Waker::noop());
        assert!(matches!(asked.as_mut().poll(&mut cx), Poll::Pending));
        assert_eq!(status(rt, &it), Some(Status::Running));
        let limit = limits::INSPECT_TIMEOUT;
        assert_eq!(rt.block_on(asked), Err(CallFailure::Timeout(limit)));
        assert!(begin.elapsed() >= limit);
        drop(go);
        assert!(rt.block_on(rt.inspect(&it)).is_ok(), "it can be asked again");
    });
}

/// OTP 21.8
#[test]
fn each_handler_that_ends_is_a_reduction() {
    on(1, |rt| {
        let (it, _ear) = listener(rt);
        let reductions = || rt.block_on(rt.inspect(&it)).expect("it answers").reductions;
        it.sync();
        let before = reductions();
        (0..1_000).for_each(|word| it.say(word).expect("room"));
        it.sync();
        assert_eq!(reductions(), before + 1_001);
        assert_eq!(reductions(), before + 1_001, "to be asked is none");
    });
}

/// Its state is too large for its cell, and its messages are large.
#[derive(Process)]
struct Large {
    _space: [u8; 10_000],
}

#[handlers]
impl Large {
    #[cast]
    fn take(&mut self, load: [u8; 1_000]) {
        let _ = load;
    }
    #[cast]
    async fn hang(&mut self) {
        let load = [1_u8; 5_000];
        std::future::pending::<()>().await;
        std::hint::black_box(load);
    }
}

/// OTP 21.8
#[test]
fn memory_is_the_state_the_pending_handler_and_what_waits() {
    on(1, |rt| {
        let large = up(rt, Large { _space: [0; 10_000] });
        let seen = || rt.block_on(rt.inspect(&large)).expect("it answers");
        let near = |bytes: usize, about: usize| {
            assert!((about..about + about / 4).contains(&bytes), "{bytes}, about {about}");
        };
        near(seen().memory, 10_000);
        large.hang().expect("room");
        until("it hangs", || seen().in_handler);
        near(seen().memory, 15_000);
        (0..1_000).for_each(|_| large.take([0; 1_000]).expect("room"));
        near(seen().memory, 1_015_000);
        large.kill();
    });
}

/// OTP 15.8: of `$ancestors`; they are found by asking, and so as far as they live.
#[test]
fn ancestors_are_the_living_line_of_linked_starts() {
    on(1, |rt| {
        let leaf = || ChildSpec::new("leaf", |_| async { Ok(Some(made(false).0)) });
        let inner = SupervisorSpec::new("inner").child(leaf());
        let outer = up(rt, Tree(SupervisorSpec::new("outer").child(Tree::child("inner", inner))));
        let named = |name: &str| {
            let is_it = |pid: &&actor_core::Pid| {
                rt.process_info(*pid).is_some_and(|vitals| vitals.type_name == name)
            };
            rt.processes().iter().find(is_it).copied().expect("it lives")
        };
        let leaf = named("Puppet");
        let line = rt.block_on(rt.ancestors(&leaf)).expect("all answer");
        assert_eq!(line.pids.len(), 2);
        assert_eq!(line.pids.last().copied(), outer.pid());
        assert!(line.is_complete);
        // One that is linked no more outlives its parent, whose line is lost.
        let (parent, child) = (plain(rt), made(true).0);
        let child = parent.does(|cx| cx.spawn_link(child).expect("it starts"));
        let to = parent.clone();
        child.does(move |cx| cx.unlink(&to));
        parent.stop(ExitReason::Normal).blocking();
        until("the child outlives it", || !parent.is_alive());
        let line = rt.block_on(rt.ancestors(&child)).expect("it lives");
        assert_eq!((line.pids, line.is_complete), (vec![parent.id()], false));
        assert!(rt.block_on(rt.ancestors(&plain(rt))).is_ok_and(|line| line.pids.is_empty()));
    });
}
