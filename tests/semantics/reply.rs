//! Replies that are given later, by somebody else, or never.

use std::thread;

use actor_core::{
    Address, CallFailure, ChildKind, Context, ExitReason, Handle, Handled, Message, Next, Process,
    Reply, ReplyPort, Server, Start, handlers,
};
use futures::executor::block_on;

use crate::kit::{on, up};

/// A counter where replies are left, answered, passed on and dropped.
#[derive(Process, Default)]
struct Till {
    kept: Vec<Reply<u32>>,
    other: Option<TillRef>,
}

#[handlers]
impl Till {
    #[call]
    fn keep(&mut self, reply: Reply<u32>) {
        self.kept.push(reply);
    }
    #[call]
    fn drop_it(&mut self, reply: Reply<u32>) {
        drop(reply);
    }
    #[call]
    fn pass_on(&mut self, reply: Reply<u32>) {
        if let Some(other) = &self.other {
            let _ = other.take(vec![reply]);
        }
    }
    #[call]
    async fn drop_later(
        &mut self,
        reply: Reply<u32>,
        gate: futures::channel::oneshot::Receiver<()>,
    ) {
        let _ = gate.await;
        drop(reply);
    }
    #[call]
    fn hand_out(&mut self, reply: Reply<u32>, to: std::sync::mpsc::Sender<Reply<u32>>) {
        let _ = to.send(reply);
    }
    #[cast]
    fn take(&mut self, replies: Vec<Reply<u32>>) {
        self.kept.extend(replies);
    }
    #[cast]
    fn answer(&mut self, with: u32) {
        self.kept.drain(..).for_each(|reply| reply.send(with));
    }
    #[cast]
    fn forget(&mut self) {
        self.kept.clear();
    }
    #[call]
    fn sync(&self) -> usize {
        self.kept.len()
    }
}

/// 10.7: a reply that was kept is given later, and the caller goes on then.
#[test]
fn a_kept_reply_is_given_later() {
    on(2, |rt| {
        let till = up(rt, Till::default());
        let calls: Vec<_> = (0..10).map(|_| till.keep().request()).collect();
        assert_eq!(till.sync().blocking(), Ok(10));
        till.answer(3).expect("room");
        for call in calls {
            assert_eq!(block_on(call), Ok(3));
        }
    });
}

/// A dropped reply is `NoReply`, at once: now, after an await, or when the keeper forgets it.
#[test]
fn a_dropped_reply_is_no_reply_at_once() {
    on(2, |rt| {
        let till = up(rt, Till::default());
        assert_eq!(till.drop_it().no_timeout().blocking(), Err(CallFailure::NoReply));
        let (open, gate) = futures::channel::oneshot::channel();
        let call = till.drop_later(gate).no_timeout().request();
        open.send(()).expect("it waits");
        assert_eq!(block_on(call), Err(CallFailure::NoReply));
        let call = till.keep().no_timeout().request();
        till.forget().expect("room");
        assert_eq!(block_on(call), Err(CallFailure::NoReply));
    });
}

/// 10.7: any process may answer.
#[test]
fn another_process_may_answer() {
    on(2, |rt| {
        let other = up(rt, Till::default());
        let till = up(rt, Till { other: Some(other.clone()), ..Till::default() });
        let call = till.pass_on().request();
        assert_eq!(till.sync().blocking(), Ok(0));
        other.answer(4).expect("room");
        assert_eq!(block_on(call), Ok(4));
    });
}

/// A plain thread may answer, also after the process that was asked went on.
#[test]
fn a_plain_thread_may_answer() {
    on(2, |rt| {
        let till = up(rt, Till::default());
        let (tell, told) = std::sync::mpsc::channel();
        let answers = thread::spawn(move || told.recv().map(|reply: Reply<u32>| reply.send(5)));
        assert_eq!(till.hand_out(tell).blocking(), Ok(5));
        answers.join().expect("no panic").expect("it was handed out");
    });
}

/// If the process that was asked ends, the call fails with its reason wherever the reply is.
#[test]
fn the_end_of_who_was_asked_fails_the_call_wherever_the_reply_is() {
    on(2, |rt| {
        let other = up(rt, Till::default());
        for reason in [ExitReason::Killed, ExitReason::Normal, ExitReason::other("x")] {
            let till = up(rt, Till { other: Some(other.clone()), ..Till::default() });
            let (tell, told) = std::sync::mpsc::channel();
            let calls = [
                till.keep().no_timeout().request(),
                till.pass_on().no_timeout().request(),
                till.hand_out(tell).no_timeout().request(),
            ];
            let held = told.recv().expect("handed out");
            till.stop(reason.clone()).blocking();
            for call in calls {
                assert_eq!(block_on(call), Err(CallFailure::Exited(reason.clone())));
            }
            // Too late, and of no consequence.
            held.send(1);
            other.answer(2).expect("room");
        }
    });
}

/// 10.8: a reply is used up by its one use; the caller's giving up makes it go nowhere.
#[test]
fn a_reply_to_who_gave_up_goes_nowhere() {
    on(2, |rt| {
        let till = up(rt, Till::default());
        drop(till.keep().request());
        let kept = till.keep().request();
        till.answer(6).expect("room");
        assert_eq!(block_on(kept), Ok(6));
        assert_eq!(till.sync().blocking(), Ok(0));
    });
}

/// A process by hand, which keeps the port itself, or passes everything on.
#[derive(Default)]
struct Hand {
    kept: Vec<ReplyPort<u32>>,
    to: Option<Address<Ask>>,
}

struct Ask {
    keep: bool,
}

impl Message for Ask {
    type Reply = u32;
}

impl Process for Hand {
    type Ref = Address<Ask>;
    const NAME: &'static str = "Hand";
}

impl Server for Hand {
    type Message = Ask;
}

impl Handle<Ask> for Hand {
    fn handle(
        &mut self,
        ask: Ask,
        reply: ReplyPort<u32>,
        _: &mut Context<Self>,
    ) -> Handled<impl Future<Output = Next> + Send> {
        match &self.to {
            Some(to) => drop(to.forward(ask, reply)),
            None if ask.keep => self.kept.push(reply),
            None => reply.send(1),
        }
        Handled::<std::future::Ready<Next>>::Done(Next::Continue)
    }
}

impl Start for Hand {
    type Ref = Address<Ask>;
    type Process = Self;
    const KIND: ChildKind = ChildKind::Worker;
    fn into_process(self) -> Self {
        self
    }
    fn make_ref(address: Address<Ask>) -> Self::Ref {
        address
    }
}

/// A bare port in the state says the exit reason when the state is dropped.
#[test]
fn a_port_in_the_state_says_the_exit_reason() {
    on(2, |rt| {
        for (reason, seen) in [
            (ExitReason::Kill, ExitReason::Killed),
            (ExitReason::other("x"), ExitReason::other("x")),
        ] {
            let hand = up(rt, Hand::default());
            let kept = hand.call_message(Ask { keep: true }).request();
            assert_eq!(hand.call_message(Ask { keep: false }).blocking(), Ok(1));
            hand.exit(reason);
            assert_eq!(block_on(kept), Err(CallFailure::Exited(seen)));
        }
        let hand = up(rt, Hand::default());
        let kept = hand.call_message(Ask { keep: true }).request();
        drop(hand.stop(ExitReason::Normal));
        assert_eq!(block_on(kept), Err(CallFailure::Exited(ExitReason::Normal)));
    });
}

/// A forwarded message is answered by whom it was forwarded to.
#[test]
fn a_forwarded_call_is_answered_by_the_other() {
    on(2, |rt| {
        let hand = up(rt, Hand::default());
        let front = up(rt, Hand { to: Some(hand.clone()), ..Hand::default() });
        assert_eq!(front.call_message(Ask { keep: false }).blocking(), Ok(1));
        let kept = front.call_message(Ask { keep: true }).request();
        assert_eq!(front.call_message(Ask { keep: false }).blocking(), Ok(1));
        hand.kill();
        let failed = CallFailure::Exited(ExitReason::Killed);
        assert_eq!(block_on(kept), Err(failed));
        assert_eq!(front.call_message(Ask { keep: false }).blocking(), Err(CallFailure::NoProc));
    });
}
