//! Exit reasons and exit signals: who dies of what, and what others hear.

use actor_core::{ExitReason, Runtime};

use crate::kit::{Heard, PuppetRef, on, plain, trapper};

/// What is left of a puppet that was sent this by another process.
fn sent(rt: &Runtime, victim: &PuppetRef, reason: ExitReason) {
    let (killer, to) = (plain(rt), victim.clone());
    killer.does(move |cx| cx.exit(&to, reason));
}

/// 2.2: an exit signal ends who does not trap, with its reason verbatim.
#[test]
fn an_exit_signal_ends_a_process_with_its_reason() {
    on(2, |rt| {
        for reason in [
            ExitReason::Shutdown,
            ExitReason::ShutdownWith("to rest".into()),
            ExitReason::other("x".repeat(1 << 20)),
            ExitReason::error("io"),
            ExitReason::NoProc,
            ExitReason::Killed,
        ] {
            let victim = plain(rt);
            sent(rt, &victim, reason.clone());
            assert_eq!(victim.closed().blocking(), reason);
        }
    });
}

/// 2.4: kill cannot be trapped, and its victim's reason is killed.
#[test]
fn a_kill_cannot_be_trapped_and_reads_killed() {
    on(2, |rt| {
        let (watcher, ear) = trapper(rt);
        let (victim, last) = trapper(rt);
        let to = victim.clone();
        watcher.does(move |cx| cx.link(&to));
        sent(rt, &victim, ExitReason::Kill);
        assert_eq!(victim.closed().blocking(), ExitReason::Killed);
        assert_eq!(ear.next(), Heard::Exit(victim.id(), ExitReason::Killed));
        assert_eq!(last.rest(), []);
    });
}

/// 2.5: who ends by itself with `kill` passes on `kill`, which a linked process can trap.
#[test]
fn a_kill_along_a_link_can_be_trapped() {
    on(2, |rt| {
        let (watcher, ear) = trapper(rt);
        let (victim, other) = (plain(rt), plain(rt));
        let to = victim.clone();
        watcher.does(move |cx| cx.link(&to));
        let to = victim.clone();
        other.does(move |cx| cx.link(&to));
        victim.tries(|cx| cx.stop(ExitReason::Kill));
        assert_eq!(ear.next(), Heard::Exit(victim.id(), ExitReason::Kill));
        assert_eq!(other.closed().blocking(), ExitReason::Kill);
        watcher.sync();
    });
}

/// 2.7: a normal exit signal of another is nothing to who does not trap, and a message to who does.
#[test]
fn a_normal_exit_signal_of_another_does_nothing() {
    on(2, |rt| {
        let victim = plain(rt);
        sent(rt, &victim, ExitReason::Normal);
        victim.exit(ExitReason::Normal);
        victim.sync();
        let (trapping, ear) = trapper(rt);
        sent(rt, &trapping, ExitReason::Normal);
        trapping.sync();
        assert!(matches!(ear.so_far()[..], [Heard::Exit(_, ExitReason::Normal)]));
    });
}

/// 2.7: a normal exit signal to oneself is the end.
#[test]
fn a_normal_exit_signal_to_oneself_ends_it() {
    on(2, |rt| {
        let victim = plain(rt);
        victim.tries(|cx| {
            let me = cx.me();
            cx.exit(&me, ExitReason::Normal);
        });
        assert_eq!(victim.closed().blocking(), ExitReason::Normal);
    });
}

/// 1.9: a signal to the dead is silent.
#[test]
fn an_exit_signal_to_the_dead_is_silent() {
    on(2, |rt| {
        let dead = plain(rt);
        dead.kill();
        dead.closed().blocking();
        sent(rt, &dead, ExitReason::Kill);
        dead.exit(ExitReason::other("again"));
        assert_eq!(dead.closed().blocking(), ExitReason::Killed, "the reason stands");
        assert!(!dead.is_alive());
    });
}

/// 1.9: a pid is not given to another process.
#[test]
fn a_pid_is_not_given_twice() {
    on(2, |rt| {
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..2_000 {
            let puppet = rt.spawn(crate::kit::made(false).0).expect("it starts");
            assert!(seen.insert(puppet.id()), "{:?} lived before", puppet.id());
            puppet.kill();
            puppet.closed().blocking();
        }
    });
}

/// 1.7: once a fatal signal is received no more of its code runs.
#[test]
fn a_handler_that_waits_is_dropped_by_a_kill() {
    on(2, |rt| {
        let victim = plain(rt);
        let call = victim.hang().no_timeout().request();
        victim.kill();
        let failure = actor_core::CallFailure::Exited(ExitReason::Killed);
        assert_eq!(rt.block_on(call), Err(failure));
        assert_eq!(victim.closed().blocking(), ExitReason::Killed);
    });
}

/// 2.7 and several runtimes: nobody's exit signal is taken for one's own because of its number.
#[test]
fn a_signal_from_another_runtime_is_a_strangers() {
    on(1, |rt| {
        let elsewhere = Runtime::builder().workers(1).build().expect("threads");
        let (here, there) = (plain(rt), plain(&elsewhere));
        assert_eq!(here.id(), there.id(), "the same number in both");
        let to = there.clone();
        here.does(move |_| to.exit(ExitReason::Normal));
        assert_eq!(there.act(Box::new(|_| ())).blocking(), Ok(()), "it lives");
        elsewhere.shutdown().expect("it ends");
    });
}
