//! Who there is.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use actor_core::{Address, ExitReason, Pid, Process, Start, handlers};

use crate::kit::{on, plain, until};

/// Does nothing.
#[derive(Process)]
struct Idle;

#[handlers]
impl Idle {}

const MANY: usize = 100_000;

/// OTP 21.9, 22.8
#[test]
fn processes_has_everyone_who_lives_during_the_whole_call_once() {
    on(2, |rt| {
        let residents = rt.spawn_many((0..MANY).map(|_| Idle)).expect("there is room");
        let pids: Vec<Pid> = residents.iter().filter_map(|idle| idle.pid()).collect();
        let over = Arc::new(AtomicBool::new(false));
        let churn = |over: Arc<AtomicBool>| {
            let rt = rt.handle();
            thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let lot = rt.spawn_many((0..100).map(|_| Idle)).expect("there is room");
                    lot.iter().for_each(|idle| idle.kill());
                    lot.iter().for_each(|idle| _ = idle.closed().blocking());
                }
            })
        };
        let churners = [churn(over.clone()), churn(over.clone())];
        for _ in 0..5 {
            let seen = rt.processes();
            let set: HashSet<Pid> = seen.iter().copied().collect();
            assert_eq!(set.len(), seen.len(), "one is there twice");
            let missing = pids.iter().filter(|pid| !set.contains(pid)).count();
            assert_eq!(missing, 0, "of {MANY} who live");
        }
        over.store(true, Ordering::Relaxed);
        churners.into_iter().for_each(|thread| thread.join().expect("no panic"));
        until("the others have ended", || rt.process_count() == MANY);
        let seen: HashSet<Pid> = rt.processes().into_iter().collect();
        assert_eq!(seen, pids.into_iter().collect());
    });
}

/// OTP 21.9
#[test]
fn a_process_that_has_ended_is_not_among_the_processes() {
    on(1, |rt| {
        let (one, other) = (plain(rt), plain(rt));
        assert_eq!(rt.processes().len(), 2);
        one.stop(ExitReason::Normal).blocking();
        assert_eq!(rt.processes(), [other.id()]);
    });
}

/// OTP 21.9
#[test]
fn a_process_finds_itself_among_the_processes() {
    on(1, |rt| {
        let one = plain(rt);
        let (me, all) = one.does(|cx| (cx.pid(), cx.runtime().processes()));
        assert_eq!(all, [me]);
    });
}

/// OTP 21.8
#[test]
fn registered_names_are_those_of_the_living() {
    on(1, |rt| {
        let named = |name| rt.block_on(Idle.with().name(name).on(rt).start()).expect("it starts");
        let (one, _other) = (named("one"), named("other"));
        assert_eq!(rt.registered(), ["one", "other"]);
        assert_eq!(rt.whereis::<Idle>("one").ok().flatten().and_then(|it| it.pid()), one.pid());
        let address: &Address<_> = &one;
        address.stop(ExitReason::Normal).blocking();
        assert_eq!(rt.registered(), ["other"]);
    });
}
