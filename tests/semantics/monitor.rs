//! Monitors: each brings one DOWN, with the real reason, when nothing is left of who ended.

use std::sync::mpsc::channel;

use actor_core::{Context, ExitReason, MonitorRef, Pid, Process, Start, handlers};

use crate::kit::{Ear, Heard, PuppetRef, listener, made, on, plain, trapper, why};

fn monitor(a: &PuppetRef, b: &PuppetRef) -> MonitorRef {
    let to = b.clone();
    a.does(move |cx| cx.monitor(&to))
}

/// All that the watcher hears from here to its end.
fn hears(watcher: &PuppetRef, ear: Ear) -> Vec<Heard> {
    watcher.end(ExitReason::Normal);
    ear.rest()
}

/// 4.1: each monitor brings one DOWN; many monitors of one process bring as many.
#[test]
fn each_monitor_brings_exactly_one_down() {
    on(2, |rt| {
        let (a, ear) = listener(rt);
        let b = plain(rt);
        let mut monitors: Vec<MonitorRef> = (0..50).map(|_| monitor(&a, &b)).collect();
        b.end(why());
        let mut heard: Vec<MonitorRef> = hears(&a, ear)
            .into_iter()
            .map(|heard| match heard {
                Heard::Down(monitor, pid, reason) if pid == b.id() && reason == why() => monitor,
                other => panic!("{other:?}"),
            })
            .collect();
        monitors.sort_unstable();
        heard.sort_unstable();
        assert_eq!(heard, monitors);
    });
}

/// 4.2: a monitor of the dead is answered at once by `noproc`.
#[test]
fn a_monitor_of_the_dead_is_answered_by_noproc() {
    on(2, |rt| {
        let dead = plain(rt);
        dead.end(why());
        let (a, ear) = listener(rt);
        let by_ref = monitor(&a, &dead);
        let pid = dead.id();
        let by_pid = a.does(move |cx| cx.monitor(&pid));
        let noproc = |monitor| Heard::Down(monitor, pid, ExitReason::NoProc);
        assert_eq!(hears(&a, ear), [noproc(by_ref), noproc(by_pid)]);
    });
}

/// 4.3: the DOWN's reason is the real one, `normal` and `killed` included.
#[test]
fn the_downs_reason_is_the_real_one() {
    on(2, |rt| {
        let (a, ear) = listener(rt);
        for (reason, seen) in [
            (ExitReason::Normal, ExitReason::Normal),
            (ExitReason::Shutdown, ExitReason::Shutdown),
            (ExitReason::ShutdownWith("x".into()), ExitReason::ShutdownWith("x".into())),
            (ExitReason::error("no"), ExitReason::error("no")),
        ] {
            let b = plain(rt);
            let set = monitor(&a, &b);
            b.end(reason);
            assert_eq!(ear.next(), Heard::Down(set, b.id(), seen));
        }
        let b = plain(rt);
        let set = monitor(&a, &b);
        b.kill();
        assert_eq!(ear.next(), Heard::Down(set, b.id(), ExitReason::Killed));
    });
}

/// 4.5, 8.3: when the DOWN arrives the name is free, and can be taken at once.
#[test]
fn the_name_is_free_when_the_down_arrives() {
    #[derive(Process)]
    struct Heir(std::sync::mpsc::Sender<bool>);
    #[handlers]
    impl Heir {
        #[call]
        fn watch(&mut self, cx: &mut Context<Self>, pid: Pid) {
            cx.monitor(&pid);
        }
        #[down]
        fn down(&mut self, cx: &mut Context<Self>, _down: actor_core::Down) {
            let (puppet, _) = made(false);
            let on = cx.runtime();
            let _ = self.0.send(puppet.with().name("crown").on(&on).spawn().is_ok());
        }
    }
    on(2, |rt| {
        let (tell, told) = channel();
        let heir = rt.spawn(Heir(tell)).expect("it starts");
        // Told after the heir, they keep the king's end busy while the heir acts on it.
        let crowd = plain(rt);
        let (puppet, _) = made(false);
        let mut king = rt.block_on(puppet.with().name("crown").on(rt).start()).expect("free");
        for _ in 0..30 {
            heir.watch(king.id()).blocking().expect("it watches");
            let pid = king.id();
            crowd.does(move |cx| (0..2_000).for_each(|_| _ = cx.monitor(&pid)));
            king.kill();
            assert_eq!(told.recv(), Ok(true), "the name was free");
            king = rt.whereis::<crate::kit::Puppet>("crown").expect("type").expect("heir");
        }
    });
}

/// 4.6: after demonitor no DOWN is queued; an unknown monitor is nothing.
#[test]
fn a_removed_monitor_brings_nothing() {
    on(2, |rt| {
        let (a, ear) = listener(rt);
        let (other, _) = listener(rt);
        let b = plain(rt);
        let set = monitor(&a, &b);
        // 4.8: only its owner can remove it.
        other.does(move |cx| cx.demonitor(set));
        let kept = monitor(&a, &b);
        a.does(move |cx| {
            cx.demonitor(set);
            cx.demonitor(set);
        });
        b.end(why());
        assert_eq!(hears(&a, ear), [Heard::Down(kept, b.id(), why())]);
    });
}

/// 4.6: a DOWN that has arrived but was not received is taken back by demonitor.
#[test]
fn demonitor_takes_back_a_down_that_is_on_its_way() {
    on(2, |rt| {
        let (a, ear) = listener(rt);
        let b = plain(rt);
        let set = monitor(&a, &b);
        b.sync();
        let go = a.busy(move |cx| assert!(cx.demonitor(set)));
        b.end(why());
        drop(go);
        assert_eq!(hears(&a, ear), []);
    });
}

/// 4.7: a DOWN that is a message already stays.
#[test]
fn demonitor_leaves_a_down_that_has_become_a_message() {
    on(2, |rt| {
        let (a, ear) = listener(rt);
        let b = plain(rt);
        let set = monitor(&a, &b);
        b.end(why());
        a.sync();
        a.does(move |cx| cx.demonitor(set));
        assert_eq!(hears(&a, ear), [Heard::Down(set, b.id(), why())]);
    });
}

/// 4.9: a monitor of oneself never fires.
#[test]
fn a_monitor_of_oneself_never_fires() {
    on(2, |rt| {
        let (a, ear) = trapper(rt);
        a.does(|cx| {
            let me = cx.me();
            cx.monitor(&me);
        });
        a.end(why());
        assert_eq!(ear.rest(), []);
    });
}

/// 1.5: a child that dies on its first instruction still brings its DOWN.
#[test]
fn spawn_monitor_is_atomic() {
    on(2, |rt| {
        for _ in 0..200 {
            let (a, ear) = listener(rt);
            let (child, set) = a.does(|cx| {
                let (child, _) = made(false);
                let (child, set) = cx.spawn_monitor(child).expect("it starts");
                child.kill();
                (child, set)
            });
            assert_eq!(ear.next(), Heard::Down(set, child.id(), ExitReason::Killed));
            assert_eq!(hears(&a, ear), []);
        }
    });
}

/// 4.1, 4.2: however a monitor races with the end, there is one DOWN, with the reason or noproc.
#[test]
fn a_monitor_that_races_with_the_end_brings_one_down() {
    on(2, |rt| {
        for _ in 0..1_000 {
            let (a, ear) = listener(rt);
            let b = plain(rt);
            b.tries(|cx| cx.stop(why()));
            let set = monitor(&a, &b);
            let heard = ear.next();
            let down = |reason| Heard::Down(set, b.id(), reason);
            assert!(heard == down(why()) || heard == down(ExitReason::NoProc), "{heard:?}");
            assert_eq!(hears(&a, ear), []);
        }
    });
}
