//! Trapped exits: signals that become messages, at the end of the queue.

use std::sync::mpsc::channel;

use actor_core::{Context, ExitReason, Pid, Process, Runtime, handlers};

use crate::kit::{Heard, listener, on, plain, trapper};

/// 2.3: a trapped exit goes to the end of the queue, behind the messages that came before.
#[test]
fn a_trapped_exit_waits_its_turn_in_the_queue() {
    on(2, |rt| {
        let (a, ear) = trapper(rt);
        let b = plain(rt);
        let (to, target) = (a.clone(), b.clone());
        a.does(move |cx| cx.link(&target));
        b.sync();
        let go = a.busy(|_| ());
        b.does(move |cx| {
            to.say(1).expect("room");
            to.say(2).expect("room");
            cx.stop(ExitReason::Shutdown);
        });
        b.closed().blocking();
        a.say(3).expect("room");
        drop(go);
        a.sync();
        let exit = Heard::Exit(b.id(), ExitReason::Shutdown);
        let (one, two, three) = (Heard::Word(1), Heard::Word(2), Heard::Word(3));
        // Signals are received before the backlog is handled, and then wait behind it.
        let heard = ear.so_far();
        assert!(
            heard == [one.clone(), two.clone(), exit.clone(), three.clone()]
                || heard == [one, two, three, exit],
            "{heard:?}"
        );
    });
}

/// 2.8: what was trapped stays a message when trapping is switched off; what comes later is fatal.
#[test]
fn trapping_is_decided_when_the_signal_is_received() {
    on(2, |rt| {
        let (a, ear) = trapper(rt);
        a.exit(ExitReason::other("one"));
        a.sync();
        a.does(|cx| cx.trap_exit(false));
        a.exit(ExitReason::other("two"));
        assert_eq!(a.closed().blocking(), ExitReason::other("two"));
        let heard = ear.rest();
        assert!(matches!(&heard[..], [Heard::Exit(_, one)] if *one == ExitReason::other("one")));
    });
}

/// 2.8: a process can begin to trap at any time.
#[test]
fn a_process_can_begin_to_trap_at_any_time() {
    on(2, |rt| {
        let (a, ear) = listener(rt);
        a.does(|cx| cx.trap_exit(true));
        a.exit(ExitReason::Shutdown);
        a.sync();
        assert_eq!(ear.so_far().len(), 1);
    });
}

/// Who runs a child, and what it is told of it.
#[derive(Process)]
struct Child {
    tell: std::sync::mpsc::Sender<&'static str>,
}

#[handlers]
impl Child {
    #[exit]
    fn exit(&mut self, _from: Pid, _reason: ExitReason) {
        let _ = self.tell.send("exit");
    }
    #[terminate]
    fn terminate(&mut self, _reason: &ExitReason) {
        let _ = self.tell.send("terminate");
    }
    #[call]
    fn sync(&self) {}
}

fn family(
    rt: &Runtime,
) -> (crate::kit::PuppetRef, ChildRef, std::sync::mpsc::Receiver<&'static str>) {
    let (tell, told) = channel();
    let (parent, _) = trapper(rt);
    let child =
        parent.does(move |cx: &mut Context<_>| cx.spawn_link(Child { tell }).expect("room"));
    (parent, child, told)
}

/// 10.19: the parent's exit ends a process that traps, with the parent's reason, `normal` too, and
/// not by way of its `exit` hook; its `terminate` runs.
#[test]
fn the_parents_exit_ends_a_process_that_traps() {
    on(2, |rt| {
        for reason in [ExitReason::Normal, ExitReason::Shutdown, ExitReason::other("x")] {
            let (parent, child, told) = family(rt);
            let seen = reason.clone();
            parent.tries(move |cx| cx.stop(reason));
            assert_eq!(child.closed().blocking(), seen);
            assert_eq!(told.iter().collect::<Vec<_>>(), ["terminate"]);
        }
    });
}

/// 10.20: a stranger's `shutdown` is a message to a process that traps.
#[test]
fn a_strangers_exit_goes_to_the_hook() {
    on(2, |rt| {
        let (_parent, child, told) = family(rt);
        child.exit(ExitReason::Shutdown);
        assert_eq!(child.sync().blocking(), Ok(()));
        assert_eq!(told.try_iter().collect::<Vec<_>>(), ["exit"]);
    });
}

/// 10.21: neither a kill nor an exit signal that is not trapped runs `terminate`.
#[test]
fn a_kill_runs_no_terminate() {
    on(2, |rt| {
        let (_parent, child, told) = family(rt);
        child.kill();
        assert_eq!(child.closed().blocking(), ExitReason::Killed);
        assert_eq!(told.iter().collect::<Vec<_>>(), [""; 0]);
    });
}
