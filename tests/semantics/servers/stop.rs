//! Theme 10: a handler that stops its process, and what its caller hears.

use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use actor_core::{CallFailure, Context, Down, Elapsed, ExitReason, Process, Reply, handlers};
use actor_testkit::{TestKit, TestResult, actor_test};
use futures::channel::oneshot;
use futures::executor::block_on;

use crate::kit::{WATCHDOG, on, up};

/// What its `terminate` does.
#[derive(Default)]
enum Last {
    #[default]
    Nothing,
    Crash,
    Wait(oneshot::Receiver<()>),
}

/// Answers and stops.
#[derive(Process)]
struct Guest {
    tell: Sender<&'static str>,
    last: Last,
}

#[handlers]
impl Guest {
    /// OTP's `{stop, Reason, Reply, State}`.
    #[call]
    fn bye(&mut self, cx: &mut Context<Self>, reason: ExitReason) -> u32 {
        cx.stop(reason);
        7
    }
    /// The same, after a wait.
    #[call]
    async fn bye_later(&mut self, cx: &mut Context<Self>) -> u32 {
        actor_core::yield_now().await;
        cx.stop(ExitReason::Normal);
        8
    }
    /// OTP's `{stop, Reason, State}`.
    #[call]
    fn go(&mut self, cx: &mut Context<Self>, reply: Reply<u32>, reason: ExitReason) {
        cx.stop(reason);
        drop(reply);
    }
    /// OTP's `gen_server:reply` and then `{stop, Reason, State}`.
    #[call]
    fn answer_and_go(&mut self, cx: &mut Context<Self>, reply: Reply<u32>) {
        cx.stop(ExitReason::Normal);
        reply.send(9);
    }
    #[call]
    fn is_here(&self, cx: &mut Context<Self>) -> bool {
        cx.parent().is_none()
    }
    #[terminate]
    async fn terminate(&mut self) {
        let _ = self.tell.send("terminate");
        match std::mem::take(&mut self.last) {
            Last::Nothing => {}
            Last::Crash => panic!("in terminate"),
            Last::Wait(gate) => drop(gate.await),
        }
    }
}

type Told = std::sync::mpsc::Receiver<&'static str>;

fn guest(last: Last) -> (Guest, Told) {
    let (tell, told) = channel();
    (Guest { tell, last }, told)
}

/// 10.9: the answer of a handler that stops its process is given when `terminate` is over, and by
/// then the process is gone: its name is free, its state dropped.
#[test]
fn the_answer_of_a_handler_that_stops_comes_after_terminate() {
    use actor_core::Start;
    on(2, |rt| {
        let (open, gate) = oneshot::channel();
        let (what, told) = guest(Last::Wait(gate));
        let guest = block_on(what.with().name("g").on(rt).start()).expect("it starts");
        let mut bye = guest.bye(ExitReason::Normal).request();
        assert_eq!(told.recv(), Ok("terminate"));
        let mut task = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(std::pin::Pin::new(&mut bye).poll(&mut task).is_pending(), "it terminates still");
        open.send(()).expect("it waits");
        assert_eq!(block_on(bye), Ok(7));
        assert!(!guest.is_alive());
        assert_eq!(rt.registered(), [""; 0]);
        assert!(told.recv().is_err(), "the state is dropped");
        assert_eq!(guest.closed().blocking(), ExitReason::Normal);
    });
}

/// 10.9: so it is with any reason, after a wait in the handler, and without a `terminate`.
#[test]
fn a_handler_that_stops_answers_whatever_the_reason() {
    #[derive(Process)]
    struct Plain;
    #[handlers]
    impl Plain {
        #[call]
        fn bye(&mut self, cx: &mut Context<Self>) -> u32 {
            cx.stop(ExitReason::Normal);
            5
        }
        #[call(on_err = crash)]
        fn half(&mut self, cx: &mut Context<Self>, of: u32) -> Result<u32, &'static str> {
            cx.stop(ExitReason::other("asked"));
            if of.is_multiple_of(2) { Ok(of / 2) } else { Err("odd") }
        }
    }
    on(2, |rt| {
        for reason in [ExitReason::Normal, ExitReason::Shutdown, ExitReason::other("x")] {
            let guest = up(rt, guest(Last::Nothing).0);
            let closed = guest.closed();
            assert_eq!(guest.bye(reason.clone()).blocking(), Ok(7));
            assert_eq!(closed.blocking(), reason);
        }
        assert_eq!(up(rt, guest(Last::Nothing).0).bye_later().blocking(), Ok(8));
        let plain = up(rt, Plain);
        assert_eq!(plain.bye().blocking(), Ok(5));
        assert!(!plain.is_alive());
        let plain = up(rt, Plain);
        assert_eq!(plain.half(6).blocking(), Ok(3));
        assert_eq!(plain.closed().blocking(), ExitReason::other("asked"));
        let odd = Err(CallFailure::Exited(ExitReason::error("odd")));
        assert_eq!(up(rt, Plain).half(5).blocking(), odd);
    });
}

/// 10.9, 10.18: even if `terminate` crashes the answer is given; the process ends with the crash.
#[test]
fn the_answer_is_given_even_if_terminate_crashes() {
    on(2, |rt| {
        let (what, told) = guest(Last::Crash);
        let guest = up(rt, what);
        let closed = guest.closed();
        assert_eq!(guest.bye(ExitReason::Normal).blocking(), Ok(7));
        assert!(closed.blocking().is_panic("in terminate"));
        assert_eq!(told.iter().collect::<Vec<_>>(), ["terminate"]);
    });
}

/// 10.4, 10.9: one that is killed in its `terminate` has not answered: its caller hears the reason.
#[test]
fn the_answer_of_who_is_killed_in_terminate_is_its_reason() {
    on(2, |rt| {
        let (_open, gate) = oneshot::channel();
        let (what, told) = guest(Last::Wait(gate));
        let guest = up(rt, what);
        let bye = guest.bye(ExitReason::Normal).no_timeout().request();
        assert_eq!(told.recv(), Ok("terminate"));
        guest.kill();
        assert_eq!(block_on(bye), Err(CallFailure::Exited(ExitReason::Killed)));
    });
}

/// 10.10: without an answer, who waits hears the reason of the end, also if the handler has
/// dropped the reply: after `terminate`, and not that there was no reply.
#[test]
fn a_handler_that_stops_without_an_answer_fails_its_caller_with_the_reason() {
    on(2, |rt| {
        for reason in [ExitReason::Normal, ExitReason::Shutdown, ExitReason::other("x")] {
            let (what, told) = guest(Last::Nothing);
            let guest = up(rt, what);
            let queued = || guest.is_here().no_timeout().request();
            let go = guest.go(reason.clone()).no_timeout().request();
            let behind = queued();
            assert_eq!(block_on(go), Err(CallFailure::Exited(reason.clone())));
            let behind = block_on(behind);
            let allowed = [Err(CallFailure::Exited(reason)), Err(CallFailure::NoProc)];
            assert!(allowed.contains(&behind), "{behind:?}");
            assert_eq!(told.iter().collect::<Vec<_>>(), ["terminate"]);
        }
    });
}

/// 10.7: a reply that is given by hand is given at once, before `terminate`.
#[test]
fn a_reply_by_hand_does_not_wait_for_terminate() {
    on(2, |rt| {
        let (_open, gate) = oneshot::channel();
        let (what, told) = guest(Last::Wait(gate));
        let guest = up(rt, what);
        assert_eq!(guest.answer_and_go().blocking(), Ok(9));
        assert_eq!(told.recv(), Ok("terminate"), "which waits still");
        guest.kill();
    });
}

/// 10.23: `stop` answers with the reason of the end, whatever that is, or that it did not come in
/// time; the request stands then. Of the dead it is noproc.
#[test]
fn stop_answers_with_the_real_reason_or_that_it_took_too_long() {
    let limit = Duration::from_millis(5);
    on(2, move |rt| {
        let asked = up(rt, guest(Last::Nothing).0).stop(ExitReason::Shutdown);
        assert_eq!(asked.timeout(WATCHDOG).blocking(), Ok(ExitReason::Shutdown));
        let crashed = up(rt, guest(Last::Crash).0).stop(ExitReason::Normal).timeout(WATCHDOG);
        assert!(crashed.blocking().is_ok_and(|reason| reason.is_panic("in terminate")));
        let (open, gate) = oneshot::channel();
        let slow = up(rt, guest(Last::Wait(gate)).0);
        let late = slow.stop(ExitReason::Shutdown).timeout(limit).blocking();
        assert_eq!(late, Err(Elapsed(limit)));
        assert!(slow.is_alive());
        open.send(()).expect("it waits");
        assert_eq!(slow.closed().blocking(), ExitReason::Shutdown, "the request stands");
        let (_open, gate) = oneshot::channel();
        let (what, told) = guest(Last::Wait(gate));
        let killed = up(rt, what);
        let stopped = killed.stop(ExitReason::Shutdown).timeout(WATCHDOG);
        assert_eq!(told.recv(), Ok("terminate"));
        killed.kill();
        assert_eq!(stopped.blocking(), Ok(ExitReason::Killed));
        let parent = crate::kit::plain(rt);
        parent.kill();
        parent.closed().blocking();
        let gone = rt.sys(parent.id()).terminate(ExitReason::Normal).blocking();
        assert_eq!(gone, Err(CallFailure::NoProc));
        assert_eq!(
            parent.stop(ExitReason::Normal).timeout(limit).blocking(),
            Ok(ExitReason::Killed)
        );
        assert_eq!(rt.timer_count(), 0);
    });
}

/// 10.23: it waits that long and no longer, and the time is up at its end.
#[actor_test(schedules = 1000)]
async fn stop_waits_as_long_as_told(t: TestKit) -> TestResult {
    let (open, gate) = oneshot::channel();
    let slow = t.start(guest(Last::Wait(gate)).0).await?;
    let (begin, limit) = (t.now(), Duration::from_secs(3600));
    assert_eq!(slow.stop(ExitReason::Shutdown).timeout(limit).await, Err(Elapsed(limit)));
    assert_eq!(t.now() - begin, limit);
    open.send(()).expect("it waits");
    assert_eq!(slow.closed().timeout(limit).await, Ok(ExitReason::Shutdown));
    Ok(())
}

/// Watches a guest, asks it to go, and keeps what it hears in order.
#[derive(Process)]
struct Host {
    guest: GuestRef,
    heard: Vec<String>,
}

#[handlers]
impl Host {
    #[call]
    async fn part(&mut self, cx: &mut Context<Self>) {
        cx.monitor(&self.guest);
        let answer = self.guest.bye(ExitReason::other("x")).await;
        self.heard.push(format!("{answer:?}"));
    }
    #[call]
    fn heard(&self) -> Vec<String> {
        self.heard.clone()
    }
    #[down]
    fn down(&mut self, down: Down) {
        self.heard.push(down.reason.to_string());
    }
}

/// 10.9: the DOWN follows the answer.
#[actor_test(schedules = 1000)]
async fn the_down_follows_the_answer(t: TestKit) -> TestResult {
    let guest = t.start(guest(Last::Nothing).0).await?;
    let host = t.start(Host { guest, heard: Vec::new() }).await?;
    host.part().await?;
    t.settle().await;
    assert_eq!(host.heard().await?, ["Ok(7)", "x"]);
    Ok(())
}
