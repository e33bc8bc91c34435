//! `terminate`: when it runs, what it may still do, and when the end is seen.

use std::sync::mpsc::{Sender, channel};

use actor_core::{CallFailure, Context, ExitReason, Pid, Process, Reply, Runtime, Start, handlers};
use futures::channel::oneshot;
use futures::executor::block_on;

use crate::kit::{Heard, bounded, on, trapper, up};

/// A process that tells of its end.
#[derive(Process)]
struct Mortal {
    tell: Sender<String>,
    gate: Option<oneshot::Receiver<()>>,
    reply: Option<Reply<u32>>,
    friend: Option<crate::kit::PuppetRef>,
}

#[handlers]
impl Mortal {
    #[cast]
    fn end(&mut self, cx: &mut Context<Self>, reason: ExitReason) {
        cx.stop(reason);
    }
    #[cast]
    fn die(&mut self) {
        panic!("in a handler");
    }
    #[call]
    fn keep(&mut self, cx: &mut Context<Self>, reply: Reply<u32>) {
        self.reply = Some(reply);
        cx.stop(ExitReason::Normal);
    }
    #[call]
    fn who(&self, cx: &mut Context<Self>) -> Pid {
        cx.pid()
    }
    #[cast(on_err = crash)]
    fn fail(&mut self) -> Result<(), String> {
        Err("no more".into())
    }
    #[terminate]
    async fn terminate(&mut self, cx: &mut Context<Self>, reason: &ExitReason) {
        let _ = self.tell.send(format!("{} {reason}", cx.name().unwrap_or_default()));
        if let Some(reply) = self.reply.take() {
            reply.send(8);
        }
        if let Some(friend) = &self.friend {
            let _ = friend.say(9);
        }
        if let Some(gate) = self.gate.take() {
            let _ = gate.await;
            let _ = self.tell.send("after the gate".into());
        }
    }
}

fn mortal() -> (Mortal, std::sync::mpsc::Receiver<String>) {
    let (tell, told) = channel();
    (Mortal { tell, gate: None, reply: None, friend: None }, told)
}

/// 10.10, 10.18, 10.23: it runs when a process stops itself, is asked to stop, fails or panics,
/// with the reason.
#[test]
fn it_runs_at_an_orderly_end_with_the_reason() {
    on(2, |rt| {
        let (what, told) = mortal();
        up(rt, what).end(ExitReason::other("own")).expect("room");
        assert_eq!(told.iter().collect::<Vec<_>>(), [" own"]);
        let (what, told) = mortal();
        let asked = up(rt, what).stop(ExitReason::Shutdown).blocking();
        assert_eq!(asked, ExitReason::Shutdown, "10.23: a stop answers with the reason");
        assert_eq!(told.iter().collect::<Vec<_>>(), [" shutdown"]);
        let (what, told) = mortal();
        up(rt, what).fail().expect("room");
        assert_eq!(told.iter().collect::<Vec<_>>(), [" error: no more"]);
        let (what, told) = mortal();
        up(rt, what).die().expect("room");
        assert!(told.recv().expect("told").contains("in a handler"));
    });
}

/// 10.21: it does not run at a kill, nor at an exit signal that is not trapped.
#[test]
fn it_does_not_run_at_a_signal() {
    on(2, |rt| {
        for reason in [ExitReason::Kill, ExitReason::Shutdown, ExitReason::other("x")] {
            let (what, told) = mortal();
            let mortal = up(rt, what);
            mortal.exit(reason);
            mortal.closed().blocking();
            assert_eq!(told.iter().count(), 0);
        }
    });
}

/// 10.9: a reply given in `terminate` arrives, before the end is seen.
#[test]
fn it_may_still_reply_and_send() {
    on(2, |rt| {
        let (friend, ear) = trapper(rt);
        let (what, _told) = mortal();
        let mortal = up(rt, Mortal { friend: Some(friend.clone()), ..what });
        let target = mortal.clone();
        friend.does(move |cx| cx.link(&target));
        assert_eq!(mortal.keep().blocking(), Ok(8));
        mortal.closed().blocking();
        friend.sync();
        let exit = Heard::Exit(mortal.pid().expect("plain"), ExitReason::Normal);
        assert_eq!(ear.so_far(), [Heard::Word(9), exit]);
    });
}

/// The process is alive while it terminates: it has its name, takes mail, and can be killed.
#[test]
fn a_terminating_process_is_alive_and_can_be_killed() {
    on(2, |rt| {
        let (what, told) = mortal();
        let (_open, gate) = oneshot::channel();
        let what = Mortal { gate: Some(gate), ..what };
        let mortal = block_on(what.with().name("m").on(rt).start()).expect("it starts");
        mortal.end(ExitReason::Normal).expect("room");
        assert_eq!(told.recv().as_deref(), Ok("m normal"));
        assert!(mortal.is_alive());
        assert_eq!(rt.registered(), ["m"]);
        let call = mortal.who().no_timeout().request();
        mortal.kill();
        assert_eq!(block_on(call), Err(CallFailure::Exited(ExitReason::Killed)));
        assert_eq!(mortal.closed().blocking(), ExitReason::Killed);
        assert_eq!(rt.registered(), [""; 0]);
        assert_eq!(told.iter().count(), 0, "the gate was not passed");
    });
}

/// A message that comes while it terminates is not handled.
#[test]
fn no_message_is_handled_while_it_terminates() {
    on(2, |rt| {
        let (what, told) = mortal();
        let (open, gate) = oneshot::channel();
        let mortal = up(rt, Mortal { gate: Some(gate), ..what });
        let stopped = mortal.stop(ExitReason::Shutdown);
        assert_eq!(told.recv().as_deref(), Ok(" shutdown"));
        let call = mortal.who().no_timeout().request();
        open.send(()).expect("it waits");
        assert_eq!(stopped.blocking(), ExitReason::Shutdown);
        assert_eq!(block_on(call), Err(CallFailure::Exited(ExitReason::Shutdown)));
        assert_eq!(told.iter().collect::<Vec<_>>(), ["after the gate"]);
    });
}

/// 9 of the invariants: the state is dropped by the time the end is seen.
#[test]
fn the_state_is_dropped_when_the_end_is_seen() {
    /// Takes its time to be dropped.
    struct Heavy(std::sync::Arc<()>);
    impl Drop for Heavy {
        fn drop(&mut self) {
            let begin = std::time::Instant::now();
            while begin.elapsed() < std::time::Duration::from_millis(1) {
                std::hint::spin_loop();
            }
        }
    }
    #[derive(Process)]
    struct Holder(Heavy);
    #[handlers]
    impl Holder {
        #[cast]
        fn end(&mut self, cx: &mut Context<Self>) {
            cx.stop(ExitReason::Normal);
        }
        #[call]
        fn holds(&self) -> bool {
            std::sync::Arc::strong_count(&self.0.0) > 1
        }
    }
    // Without rescue: so long a drop makes a type known for that, and a kill that meets one of its
    // handlers on a thread beside the workers leaves the state to that thread.
    bounded(|| {
        let rt = &Runtime::builder().workers(2).rescue_threads(0).build().expect("threads");
        for turn in 0..200 {
            let held = std::sync::Arc::new(());
            let holder = up(rt, Holder(Heavy(held.clone())));
            assert_eq!(holder.holds().blocking(), Ok(true));
            let (watcher, ear) = trapper(rt);
            let target = holder.clone();
            let set = watcher.does(move |cx| cx.monitor(&target));
            if turn % 2 == 0 {
                holder.kill()
            } else {
                holder.end().expect("room")
            }
            assert!(matches!(ear.next(), Heard::Down(monitor, ..) if monitor == set));
            assert_eq!(std::sync::Arc::strong_count(&held), 1, "the DOWN came before the drop");
            drop(holder);
        }
    });
}

/// What asks of a process while its state is being dropped is answered when that is done.
#[test]
fn who_asks_of_a_dying_process_is_answered_when_it_is_dead() {
    struct Slow(Sender<()>, std::sync::mpsc::Receiver<()>);
    impl Drop for Slow {
        fn drop(&mut self) {
            let _ = self.0.send(());
            let _ = self.1.recv();
        }
    }
    #[derive(Process)]
    struct Lingers(std::sync::Mutex<Slow>);
    #[handlers]
    impl Lingers {
        #[cast]
        fn never(&mut self) {
            drop(self.0.lock());
        }
    }
    on(2, |rt| {
        let (tell, dropping) = channel();
        let (go, gate) = channel();
        let what = Lingers(std::sync::Mutex::new(Slow(tell, gate)));
        let lingers = block_on(what.with().name("n").on(rt).start()).expect("it starts");
        let (watcher, ear) = trapper(rt);
        lingers.exit(ExitReason::other("x"));
        dropping.recv().expect("it is being dropped");
        let mut closed = lingers.closed();
        let target = lingers.clone();
        let set = watcher.does(move |cx| {
            cx.link(&target);
            cx.monitor(&target)
        });
        let mut task = std::task::Context::from_waker(std::task::Waker::noop());
        let pending = std::pin::Pin::new(&mut closed).poll(&mut task).is_pending();
        assert!(pending && ear.so_far().is_empty() && rt.registered() == ["n"]);
        go.send(()).expect("it waits");
        assert_eq!(closed.blocking(), ExitReason::other("x"));
        assert_eq!(rt.registered(), [""; 0]);
        let pid = lingers.pid().expect("plain");
        assert_eq!(ear.next(), Heard::Exit(pid, ExitReason::NoProc));
        assert_eq!(ear.next(), Heard::Down(set, pid, ExitReason::NoProc));
    });
}
