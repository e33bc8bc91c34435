//! Calls: one answer or one failure, never early and never late.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
    mpsc,
};
use std::time::{Duration, Instant};

use actor_core::{
    CallError, CallFailure, ExitReason, Process, Reply, SendError, StartError, handlers, yield_now,
};

use crate::kit::{listener, on, plain, trapper, up};

const SHORT: Duration = Duration::from_millis(30);

/// A desk with a counter, and a door that keeps it waiting.
#[derive(Process)]
#[process(mailbox = 4)]
struct Desk {
    count: Arc<AtomicU32>,
    kept: Vec<Reply<u32>>,
}

#[handlers]
impl Desk {
    #[call]
    fn next(&mut self) -> u32 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }
    #[call]
    fn half(&self, of: u32) -> Result<u32, String> {
        if of.is_multiple_of(2) { Ok(of / 2) } else { Err(format!("{of} is odd")) }
    }
    #[call]
    async fn wait(&mut self, gate: Gate) -> bool {
        gate.await.is_ok()
    }
    /// Blocks its thread, so that no mail is taken meanwhile.
    #[call]
    fn begin_and_block(&mut self, begun: mpsc::Sender<()>, gate: mpsc::Receiver<()>) -> bool {
        begun.send(()).is_ok() && gate.recv().is_ok()
    }
    #[call]
    fn keep(&mut self, reply: Reply<u32>) {
        self.kept.push(reply);
    }
    #[call]
    fn owed(&self) -> usize {
        self.kept.len()
    }
    #[call(on_err = crash)]
    fn share(&mut self, by: u32) -> Result<u32, &'static str> {
        100_u32.checked_div(by).ok_or("nobody to share with")
    }
    #[call(on_err = crash, result)]
    async fn share_late(&mut self, by: u32) -> Shares<u32> {
        yield_now().await;
        self.share(by)
    }
    #[call(timeout = infinity)]
    async fn spin(&mut self) -> u32 {
        loop {
            yield_now().await;
        }
    }
    #[cast]
    fn answer(&mut self, with: u32) {
        self.kept.drain(..).for_each(|reply| reply.send(with));
    }
}

type Shares<T> = Result<T, &'static str>;
type Gate = futures::channel::oneshot::Receiver<()>;

fn desk() -> (Desk, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    (Desk { count: count.clone(), kept: Vec::new() }, count)
}

/// 10.4: a call to the dead is noproc.
#[test]
fn a_call_to_the_dead_is_noproc() {
    on(2, |rt| {
        let dead = up(rt, desk().0);
        dead.kill();
        dead.closed().blocking();
        assert_eq!(dead.next().blocking(), Err(CallFailure::NoProc));
        assert_eq!(dead.half(2).blocking(), Err(CallError::Failed(CallFailure::NoProc)));
        let dead = dead.clone();
        assert_eq!(plain(rt).does(move |_| dead.next().request()).now(), Err(CallFailure::NoProc));
    });
}

/// Waits for a request on this plain thread.
trait Now<T> {
    fn now(self) -> T;
}

impl<T, F: Future<Output = T>> Now<T> for F {
    fn now(self) -> T {
        futures::executor::block_on(self)
    }
}

/// 10.4: whoever is in the queue or in hand when the process ends hears its reason, whatever it is.
#[test]
fn calls_in_hand_and_in_the_queue_hear_the_exit_reason() {
    on(2, |rt| {
        for reason in [ExitReason::Normal, ExitReason::Shutdown, ExitReason::other("x")] {
            let desk = up(rt, desk().0);
            let (_open, gate) = futures::channel::oneshot::channel();
            let in_hand = desk.wait(gate).request();
            let queued = desk.next().request();
            let expected = match &reason {
                // A normal signal of another does nothing.
                ExitReason::Normal => {
                    desk.kill();
                    ExitReason::Killed
                }
                reason => {
                    desk.exit(reason.clone());
                    reason.clone()
                }
            };
            assert_eq!(in_hand.now(), Err(CallFailure::Exited(expected.clone())));
            assert_eq!(queued.now(), Err(CallFailure::Exited(expected)));
        }
    });
}

/// An `Err` of a call that crashes is no reply but the end of the process, as a panic is: who waits
/// hears the reason, and only when the process is closed.
#[test]
fn a_call_that_crashes_on_its_error_fails_with_the_exit_reason() {
    on(2, |rt| {
        for late in [false, true] {
            let (desk, _) = desk();
            let desk = up(rt, desk);
            let share = |by| match late {
                false => desk.share(by),
                true => desk.share_late(by),
            };
            assert_eq!(share(5).blocking(), Ok(20));
            let closed = desk.closed();
            let kept = desk.keep().request();
            let (open, gate) = futures::channel::oneshot::channel();
            let before = desk.wait(gate).request();
            let (crashing, behind) = (share(0).request(), desk.next().request());
            open.send(()).expect("it waits");
            assert_eq!(before.now(), Ok(true));
            let reason = ExitReason::error("nobody to share with");
            assert_eq!(crashing.now(), Err(CallFailure::Exited(reason.clone())));
            assert!(!desk.is_alive(), "who hears of the crash finds nobody");
            assert_eq!(behind.now(), Err(CallFailure::Exited(reason.clone())));
            assert_eq!(kept.now(), Err(CallFailure::Exited(reason.clone())));
            assert_eq!(closed.now(), reason);
        }
    });
}

/// What failed elsewhere can be the reason for one's own end.
#[test]
fn a_question_mark_turns_the_failures_of_others_into_an_exit_reason() {
    fn reason<E>(error: E) -> Result<(), ExitReason>
    where
        ExitReason: From<E>,
    {
        Err(error)?
    }
    let noproc = ExitReason::error("noproc: there is no such process any more");
    assert_eq!(reason(CallFailure::NoProc), Err(noproc.clone()));
    assert_eq!(reason(SendError::NoProc), Err(noproc.clone()));
    assert_eq!(reason(CallError::<String>::Failed(CallFailure::NoProc)), Err(noproc));
    assert_eq!(reason(CallError::Handler("3 is odd")), Err(ExitReason::error("3 is odd")));
    let ignored = ExitReason::error("it chose not to start");
    assert_eq!(reason(StartError::Ignored), Err(ignored));
}

/// A long handler that yields can be killed in the middle, and lets others run on its thread.
#[test]
fn a_handler_that_yields_can_be_killed_and_holds_up_nobody() {
    on(1, |rt| {
        let (desk, other) = (up(rt, desk().0), up(rt, desk().0));
        let spin = desk.spin().request();
        assert_eq!(other.next().blocking(), Ok(0), "there is one thread");
        desk.kill();
        assert_eq!(spin.now(), Err(CallFailure::Exited(ExitReason::Killed)));
    });
}

/// 10.4: a process that stops normally with calls in its queue fails them by `normal`.
#[test]
fn calls_in_the_queue_of_who_stops_normally_hear_normal() {
    on(2, |rt| {
        let puppet = plain(rt);
        let go = puppet.busy(|cx| cx.stop(ExitReason::Normal));
        let queued = puppet.act(Box::new(|_| ())).request();
        drop(go);
        assert_eq!(queued.now(), Err(CallFailure::Exited(ExitReason::Normal)));
    });
}

/// 10.2: a call that nobody answers fails at its deadline, never early; the server goes on and
/// still handles the request.
#[test]
fn a_call_times_out_never_early_and_the_server_goes_on() {
    on(2, |rt| {
        let (desk, count) = desk();
        let desk = up(rt, desk);
        let (open, gate) = futures::channel::oneshot::channel();
        let wait = desk.wait(gate).request();
        for _ in 0..3 {
            let begin = Instant::now();
            let late = desk.next().timeout(SHORT).blocking();
            assert!(begin.elapsed() >= SHORT, "early by {:?}", SHORT - begin.elapsed());
            assert_eq!(late, Err(CallFailure::Timeout(SHORT)));
        }
        open.send(()).expect("it waits");
        assert_eq!(wait.now(), Ok(true));
        assert_eq!(desk.next().blocking(), Ok(3), "the requests were handled");
        assert_eq!(count.load(Ordering::Relaxed), 4);
    });
}

/// 10.3: a late reply goes nowhere; it is not the answer to a later call.
#[test]
fn a_late_reply_goes_nowhere() {
    on(2, |rt| {
        let (caller, ear) = listener(rt);
        let desk = up(rt, desk().0);
        assert_eq!(desk.keep().timeout(SHORT).blocking(), Err(CallFailure::Timeout(SHORT)));
        let second = desk.keep().request();
        let to = desk.clone();
        let late = caller.does(move |_| to.keep().timeout(SHORT).request());
        assert_eq!(late.now(), Err(CallFailure::Timeout(SHORT)));
        desk.answer(9).expect("room");
        assert_eq!(second.now(), Ok(9));
        assert_eq!(desk.next().blocking(), Ok(0));
        caller.sync();
        assert_eq!(ear.so_far(), []);
    });
}

/// 10.2: a call waits five seconds unless told otherwise, and as long as told.
#[test]
fn a_deadline_in_a_process_is_kept() {
    on(2, |rt| {
        let desk = up(rt, desk().0);
        let outcome = rt.run(async move {
            let begin = Instant::now();
            let late = desk.keep().timeout(SHORT).await;
            (late, begin.elapsed())
        });
        let (late, took) = outcome.expect("the body returns");
        assert_eq!(late, Err(CallFailure::Timeout(SHORT)));
        assert!(took >= SHORT);
        assert_eq!(rt.timer_count(), 0);
    });
}

/// 10.5: a process that calls itself is told so at once.
#[test]
fn a_call_to_oneself_fails_at_once() {
    on(2, |rt| {
        let puppet = plain(rt);
        let request = puppet.does(|cx| cx.me().hang().request());
        assert_eq!(request.now(), Err(CallFailure::CallingSelf));
    });
}

/// A full mailbox refuses calls and casts at its bound exactly; the call is not queued.
#[test]
fn a_full_mailbox_refuses_calls_and_casts() {
    on(2, |rt| {
        let (desk, count) = desk();
        let desk = up(rt, desk);
        let (open, gate) = mpsc::channel();
        let (begin, begun) = mpsc::channel();
        let wait = desk.begin_and_block(begin, gate).request();
        // While it is being handled, the box is empty: four more fit. The bound is exact as long as
        // the process takes no mail, which it does not while its handler runs.
        begun.recv().expect("the handler begins");
        let fit: Vec<_> = (0..4).map(|_| desk.next().request()).collect();
        assert_eq!(desk.next().blocking(), Err(CallFailure::Full));
        assert_eq!(desk.answer(1), Err(actor_core::SendError::Full));
        open.send(()).expect("it waits");
        assert_eq!(wait.now(), Ok(true));
        for (n, call) in (0..).zip(fit) {
            assert_eq!(call.now(), Ok(n));
        }
        assert_eq!(count.load(Ordering::Relaxed), 4);
        assert_eq!(desk.next().blocking(), Ok(4), "there is room again");
    });
}

/// A call is lazy: dropped before it is awaited it sends nothing; dropped later it discards the
/// reply and not the message.
#[test]
fn a_dropped_call_discards_what_it_should() {
    on(2, |rt| {
        let (desk, count) = desk();
        let desk = up(rt, desk);
        drop(desk.next());
        assert_eq!(desk.next().blocking(), Ok(0), "nothing was sent");
        drop(desk.next().request());
        assert_eq!(desk.next().blocking(), Ok(2), "it was sent and handled");
        assert_eq!(count.load(Ordering::Relaxed), 3);
        assert_eq!(rt.timer_count(), 0, "no deadline is left behind");
    });
}

/// A handler's own error and a failure on the way are told apart.
#[test]
fn a_handlers_error_is_not_a_failure() {
    on(2, |rt| {
        let desk = up(rt, desk().0);
        assert_eq!(desk.half(8).blocking(), Ok(4));
        assert_eq!(desk.half(7).blocking(), Err(CallError::Handler("7 is odd".into())));
    });
}

/// 10.26: several requests may be out at once and be collected in any order.
#[test]
fn requests_can_be_collected_in_any_order() {
    on(2, |rt| {
        let desks: Vec<_> = (0..50).map(|_| up(rt, desk().0)).collect();
        let requests: Vec<_> = desks.iter().map(|desk| desk.half(10).request()).collect();
        for request in requests.into_iter().rev() {
            assert_eq!(request.now(), Ok(5));
        }
    });
}

/// `.blocking()` inside a process is an error, not a deadlock.
#[test]
fn blocking_in_a_process_is_an_error() {
    on(1, |rt| {
        let desk = up(rt, desk().0);
        let puppet = plain(rt);
        let answer = puppet.does(move |_| desk.next().blocking());
        assert_eq!(answer, Err(CallFailure::BlockingInProcess));
    });
}

/// A call whole, by its message; and a message passed on with the way back of its reply.
#[test]
fn messages_can_be_sent_whole_and_passed_on() {
    on(2, |rt| {
        let desk = up(rt, desk().0);
        let reply = desk.call_message(DeskMessage::Half { of: 6 }).blocking();
        assert!(matches!(reply, Ok(DeskReply::Half(Ok(3)))));
        desk.send(DeskMessage::Next).expect("a call's message may be cast");
        assert_eq!(desk.next().blocking(), Ok(1));
        assert_eq!(desk.owed().blocking(), Ok(0));
    });
}

/// A deadline that nobody needs any more is disarmed.
#[test]
fn an_answered_call_leaves_no_timer() {
    on(2, |rt| {
        let desk = up(rt, desk().0);
        let (caller, _) = trapper(rt);
        for _ in 0..100 {
            let to = desk.clone();
            assert!(caller.does(move |_| to.next().request()).now().is_ok());
        }
        assert_eq!(rt.timer_count(), 0);
    });
}

/// A call whose caller's runtime has ended still has its deadline.
#[test]
fn a_deadline_does_not_hang_on_a_runtime_that_has_ended() {
    on(2, |rt| {
        let desk = up(rt, desk().0);
        let other = actor_core::Runtime::builder().workers(1).build().expect("threads");
        let _entered = other.enter();
        other.shutdown().expect("it ends");
        assert_eq!(desk.keep().timeout(SHORT).blocking(), Err(CallFailure::Timeout(SHORT)));
    });
}
