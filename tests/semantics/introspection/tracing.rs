//! Tracing of chosen processes.

use actor_core::{
    CallFailure, ExitReason, Pid, Process, Runtime, Start, Trace, TraceEvent, TraceKind,
    TraceSession, handlers, limits,
};

use crate::kit::{Heard, Puppet, PuppetRef, made, on, plain, trapper, until, up};

/// All but `SET_ON_SPAWN`.
pub(crate) fn all() -> Trace {
    Trace::SEND | Trace::RECEIVE | Trace::CALL | Trace::PROCS | Trace::RUNNING
}

pub(crate) fn add(rt: &Runtime, session: &TraceSession, to: &PuppetRef) {
    rt.block_on(session.add(to)).expect("it lives");
}

/// What was told of a process so far.
fn told(rt: &Runtime, session: &TraceSession, of: &PuppetRef) -> Vec<TraceKind> {
    rt.block_on(session.delivered(of)).expect("it answers");
    events(session).into_iter().filter(|event| event.pid == of.id()).map(|it| it.what).collect()
}

pub(crate) fn events(session: &TraceSession) -> Vec<TraceEvent> {
    std::iter::from_fn(|| session.try_next()).collect()
}

/// What was told of each of these.
fn told_of<const N: usize>(
    rt: &Runtime,
    session: &TraceSession,
    of: [&PuppetRef; N],
) -> [Vec<TraceKind>; N] {
    of.iter().for_each(|it| rt.block_on(session.delivered(*it)).expect("it answers"));
    let told = events(session);
    of.map(|it| {
        let its = told.iter().filter(|event| event.pid == it.id());
        its.map(|event| event.what.clone()).collect()
    })
}

/// A handler that was called, and has returned.
pub(crate) fn call(message: &'static str) -> [TraceKind; 2] {
    [TraceKind::Call { message }, TraceKind::Return { message }]
}

/// OTP 21.1, 21.2
#[test]
fn a_traced_process_tells_what_it_receives_handles_and_sends_in_order() {
    on(1, |rt| {
        let (it, other) = (plain(rt), plain(rt));
        let session = rt.trace(Trace::SEND | Trace::RECEIVE | Trace::CALL);
        add(rt, &session, &it);
        let to = other.clone();
        it.does(move |_| to.say(7).expect("room"));
        let [call, end] = call("Act");
        let send = TraceKind::Send { to: other.id(), message: "Say" };
        let receive = TraceKind::Receive { message: "Act" };
        assert_eq!(told(rt, &session, &it), [receive, call, send, end]);
        assert_eq!(told(rt, &session, &other), [], "it is not traced");
    });
}

/// OTP 21.1
#[test]
fn only_what_is_asked_for_is_told() {
    on(1, |rt| {
        let (it, other) = (plain(rt), plain(rt));
        let session = rt.trace(Trace::SEND);
        add(rt, &session, &it);
        let to = other.clone();
        it.does(move |cx| {
            to.say(1).expect("room");
            cx.link(&to);
        });
        let send = TraceKind::Send { to: other.id(), message: "Say" };
        assert_eq!(told(rt, &session, &it), [send]);
    });
}

/// OTP 21.1: `send_to_non_existing_process`.
#[test]
fn a_message_to_the_dead_is_told_as_such() {
    on(1, |rt| {
        let (it, dead) = (plain(rt), plain(rt));
        dead.stop(ExitReason::Normal).blocking();
        let session = rt.trace(Trace::SEND);
        add(rt, &session, &it);
        let to = dead.clone();
        it.does(move |_| assert!(to.say(1).is_err()));
        let send = TraceKind::SendToNonExisting { to: dead.id(), message: "Say" };
        assert_eq!(told(rt, &session, &it), [send]);
    });
}

/// OTP 21.1: the flag `procs`.
#[test]
fn links_spawns_and_the_end_are_told() {
    on(1, |rt| {
        let ((it, _), (other, _)) = (trapper(rt), trapper(rt));
        let session = rt.trace(Trace::PROCS);
        add(rt, &session, &it);
        let to = other.clone();
        let child = it.does(move |cx| {
            cx.link(&to);
            cx.unlink(&to);
            cx.spawn_link(made(false).0).expect("it starts").id()
        });
        let to = it.clone();
        other.does(move |cx| {
            cx.link(&to);
            cx.unlink(&to);
        });
        it.stop(ExitReason::Shutdown).blocking();
        let (to, by) = (other.id(), other.id());
        let expected = [
            TraceKind::Link { to },
            TraceKind::Unlink { from: to },
            TraceKind::Spawn { pid: child, type_name: "Puppet" },
            TraceKind::Link { to: child },
            TraceKind::GettingLinked { by },
            TraceKind::GettingUnlinked { by },
            TraceKind::Exit { reason: ExitReason::Shutdown },
        ];
        assert_eq!(told(rt, &session, &it), expected);
    });
}

/// OTP 21.1: a signal that becomes a message is received as one.
#[test]
fn a_trapped_exit_and_a_down_are_received_and_handled() {
    on(1, |rt| {
        let (it, ear) = trapper(rt);
        let other = plain(rt);
        let to = other.clone();
        it.does(move |cx| {
            cx.link(&to);
            cx.monitor(&to);
        });
        let session = rt.trace(Trace::RECEIVE | Trace::CALL);
        add(rt, &session, &it);
        other.kill();
        assert!(matches!((ear.next(), ear.next()), (Heard::Exit(..), Heard::Down(..))));
        let told = told(rt, &session, &it);
        for message in ["exit", "down"] {
            let [call, end] = call(message);
            let at = |kind: &TraceKind| told.iter().position(|told| told == kind);
            let places = [at(&TraceKind::Receive { message }), at(&call), at(&end)];
            assert!(places.is_sorted() && places[0].is_some(), "{told:?}");
        }
    });
}

/// OTP 21.1: the flag `running`; 21.2.
#[test]
fn a_process_goes_in_and_out_by_turns() {
    on(2, |rt| {
        let it = plain(rt);
        let session = rt.trace(Trace::RUNNING);
        add(rt, &session, &it);
        let senders: Vec<_> = (0..4).map(|_| plain(rt)).collect();
        for sender in &senders {
            let to = it.clone();
            sender.tries(move |_| (0..1_000).for_each(|word| to.say(word).expect("room")));
        }
        senders.iter().for_each(PuppetRef::sync);
        it.sync();
        let told = told(rt, &session, &it);
        assert!(told.len() > 2 && session.lost() == 0);
        let in_turn = |(number, kind): (usize, &TraceKind)| match number % 2 {
            0 => *kind == TraceKind::In,
            _ => *kind == TraceKind::Out,
        };
        // The turn in which it began to be traced is its last that was not.
        assert!(told.iter().enumerate().all(in_turn), "{told:?}");
    });
}

/// OTP 21.1: `set_on_spawn`.
#[test]
fn what_a_traced_process_spawns_is_traced_if_that_is_asked_for() {
    on(1, |rt| {
        for (inherits, flags) in [(true, Trace::SET_ON_SPAWN | Trace::CALL), (false, Trace::CALL)] {
            let it = plain(rt);
            let session = rt.trace(flags);
            add(rt, &session, &it);
            let child = it.does(|cx| cx.spawn(made(false).0).expect("it starts"));
            let grandchild = child.does(|cx| cx.spawn(made(false).0).expect("it starts"));
            grandchild.sync();
            let expected = if inherits { call("Act").to_vec() } else { Vec::new() };
            // The init is no message.
            assert_eq!(told(rt, &session, &grandchild), expected);
        }
    });
}

/// OTP 21.1: `set_on_link`, also by a spawn that links.
#[test]
fn what_a_traced_process_links_itself_to_is_traced_if_that_is_asked_for() {
    on(1, |rt| {
        for (inherits, flags) in [(true, Trace::SET_ON_LINK | Trace::CALL), (false, Trace::CALL)] {
            let (it, other, stranger) = (plain(rt), plain(rt), plain(rt));
            let session = rt.trace(flags);
            add(rt, &session, &it);
            let to = other.clone();
            it.does(move |cx| cx.link(&to));
            // Passed on, and not to whom it is linked from the other side.
            let (to, from) = (it.clone(), stranger.clone());
            stranger.does(move |cx| cx.link(&to));
            let child = other.does(|cx| cx.spawn_link(made(false).0).expect("it starts"));
            let unlinked = other.does(|cx| cx.spawn(made(false).0).expect("it starts"));
            [&child, &unlinked, &from].into_iter().for_each(PuppetRef::sync);
            let expected = if inherits { call("Act").to_vec() } else { Vec::new() };
            let told = told_of(rt, &session, [&child, &unlinked, &from]);
            assert_eq!(told, [expected, vec![], vec![]]);
        }
    });
}

/// OTP 21.1: `set_on_first_spawn`, `set_on_first_link`.
#[test]
fn only_the_first_that_a_traced_process_spawns_or_links_itself_to_may_be_traced() {
    on(1, |rt| {
        let it = plain(rt);
        let session = rt.trace(Trace::SET_ON_FIRST_SPAWN | Trace::CALL);
        add(rt, &session, &it);
        let [first, second] =
            [(); 2].map(|()| it.does(|cx| cx.spawn(made(false).0).expect("it starts")));
        let grandchild = first.does(|cx| cx.spawn(made(false).0).expect("it starts"));
        [&second, &grandchild].into_iter().for_each(PuppetRef::sync);
        let told = told_of(rt, &session, [&first, &second, &grandchild]);
        assert_eq!(told, [call("Act").to_vec(), vec![], vec![]]);
        let (it, first, second) = (plain(rt), plain(rt), plain(rt));
        let session = rt.trace(Trace::SET_ON_FIRST_LINK | Trace::CALL);
        add(rt, &session, &it);
        for to in [first.clone(), second.clone()] {
            it.does(move |cx| cx.link(&to));
        }
        [&first, &second].into_iter().for_each(PuppetRef::sync);
        let told = told_of(rt, &session, [&first, &second]);
        assert_eq!(told, [call("Act").to_vec(), vec![]]);
    });
}

/// OTP 21.1: `new_processes`; here also all of a type.
#[test]
fn new_processes_and_those_of_a_type_are_traced() {
    #[derive(Process)]
    struct Other;
    #[handlers]
    impl Other {}

    on(1, |rt| {
        let (old, pid) = (plain(rt), |it: Option<Pid>| it.expect("it was started"));
        let (new, typed) = (rt.trace(Trace::PROCS), rt.trace(Trace::PROCS | Trace::CALL));
        new.add_new();
        typed.add_type::<Puppet>();
        old.sync();
        let (one, other) = (plain(rt), up(rt, Other));
        one.kill();
        other.kill();
        until("all have ended", || rt.process_count() == 1);
        let spawned = |session: &TraceSession| -> Vec<Pid> {
            let births = events(session).into_iter();
            births
                .filter(|it| it.what == TraceKind::Spawned { by: None })
                .map(|it| it.pid)
                .collect()
        };
        assert_eq!(spawned(&new), [one.id(), pid(other.pid())]);
        let told = events(&typed);
        let is_of = |it: &PuppetRef| told.iter().any(|event| event.pid == it.id());
        assert!(is_of(&one) && is_of(&old), "{told:?}");
        assert!(told.iter().all(|event| event.pid != pid(other.pid())), "{told:?}");
    });
}

/// OTP 21.1: `register` and `unregister`.
#[test]
fn a_name_is_told_when_it_is_given_and_when_it_is_free() {
    on(1, |rt| {
        let session = rt.trace(Trace::PROCS);
        session.add_new();
        let named = made(false).0.with().name("it").on(rt).start();
        let it = rt.block_on(named).expect("it starts");
        it.stop(ExitReason::Normal).blocking();
        let name = || "it".into();
        let expected = [
            TraceKind::Spawned { by: None },
            TraceKind::Register { name: name() },
            TraceKind::Unregister { name: name() },
            TraceKind::Exit { reason: ExitReason::Normal },
        ];
        assert_eq!(told(rt, &session, &it), expected);
        let other = plain(rt);
        other.does(|cx| {
            cx.register("it").expect("it is free");
            cx.unregister();
        });
        let expected = [
            TraceKind::Spawned { by: None },
            TraceKind::Register { name: name() },
            TraceKind::Unregister { name: name() },
        ];
        assert_eq!(told(rt, &session, &other), expected);
    });
}

/// OTP 21.4
#[test]
fn sessions_do_not_see_each_other_and_the_end_of_one_is_that_of_one() {
    on(1, |rt| {
        let it = plain(rt);
        let (calls, turns) = (rt.trace(Trace::CALL), rt.trace(Trace::RUNNING));
        add(rt, &calls, &it);
        add(rt, &turns, &it);
        it.sync();
        assert_eq!(told(rt, &calls, &it), call("Act"));
        let turned = told(rt, &turns, &it);
        assert!(turned.iter().all(|kind| matches!(kind, TraceKind::In | TraceKind::Out)));
        drop(turns);
        it.sync();
        assert_eq!(told(rt, &calls, &it), call("Act"));
        rt.block_on(calls.remove(&it)).expect("it lives");
        it.sync();
        assert_eq!(told(rt, &calls, &it), []);
    });
}

/// OTP 21.3, 21.4: what a session has left in a process is gone with it.
#[test]
fn the_end_of_a_tracer_clears_its_flags() {
    #[derive(Process)]
    struct Tracer {
        session: TraceSession,
    }
    #[handlers]
    impl Tracer {
        #[call]
        fn is_told(&self) -> bool {
            self.session.try_next().is_some()
        }
    }

    on(1, |rt| {
        let it = plain(rt);
        let memory = || rt.block_on(rt.inspect(&it)).expect("it answers").memory;
        let session = rt.trace(all());
        add(rt, &session, &it);
        it.sync();
        let traced = memory();
        let tracer = up(rt, Tracer { session });
        assert_eq!(tracer.is_told().blocking(), Ok(true));
        tracer.kill();
        until("nothing of it is left", || memory() < traced);
        let other = rt.trace(Trace::CALL);
        add(rt, &other, &it);
        it.sync();
        assert_eq!(told(rt, &other, &it), call("Act"), "another may come");
    });
}

/// OTP 21.12, of tracing: a tracer that does not fetch costs a bounded piece of memory.
#[test]
fn what_a_tracer_does_not_fetch_is_lost_and_counted() {
    on(1, |rt| {
        let it = plain(rt);
        let session = rt.trace(Trace::RECEIVE).rate(u32::MAX);
        add(rt, &session, &it);
        let many = limits::TRACE_EVENTS as u64 + 100;
        for word in 0..many {
            it.say(word).expect("room");
        }
        it.sync();
        assert_eq!(session.lost(), 101, "one is of the last call");
        assert_eq!(events(&session).len(), limits::TRACE_EVENTS);
        it.sync();
        assert_eq!(told(rt, &session, &it), [TraceKind::Receive { message: "Act" }]);
    });
}

/// OTP 21.8: of `current_function`; known of what is traced.
#[test]
fn a_traced_process_tells_which_message_it_is_handling() {
    on(1, |rt| {
        let it = plain(rt);
        let session = rt.trace(Trace::CALL);
        add(rt, &session, &it);
        let hang = it.hang().request();
        let handling = || rt.block_on(rt.inspect(&it)).expect("it answers").handling;
        until("it hangs", || handling() == Some("Hang"));
        it.kill();
        drop(hang);
    });
}

/// OTP 21.1: who is dead cannot be traced.
#[test]
fn the_dead_are_not_traced() {
    on(1, |rt| {
        let it = plain(rt);
        it.stop(ExitReason::Normal).blocking();
        let session = rt.trace(all());
        assert_eq!(rt.block_on(session.add(&it)), Err(CallFailure::NoProc));
        assert_eq!(rt.block_on(session.delivered(&it)), Ok(()), "all is told that there is");
    });
}

/// OTP 21.3: of a panic, a kill and an exit signal there is an end to be told, and nothing else.
#[test]
fn an_abnormal_end_is_told_with_its_reason() {
    on(1, |rt| {
        type Ending = (fn(&PuppetRef), fn(&ExitReason) -> bool);
        let endings: [Ending; 3] = [
            (|it| it.kill(), |reason| *reason == ExitReason::Killed),
            (|it| it.exit(ExitReason::other("x")), |reason| *reason == ExitReason::other("x")),
            (|it| it.tries(|_| panic!("a bang")), |reason| reason.is_panic("a bang")),
        ];
        for (ending, is_its) in endings {
            let it = plain(rt);
            let session = rt.trace(Trace::PROCS);
            add(rt, &session, &it);
            ending(&it);
            it.closed().blocking();
            match &told(rt, &session, &it)[..] {
                [TraceKind::Exit { reason }] if is_its(reason) => {}
                other => panic!("{other:?}"),
            }
        }
    });
}
