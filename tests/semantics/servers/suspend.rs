//! Themes 13 and 21: processes that are suspended: who keeps them so, who waits for them, and what
//! of all that holds for function processes.

use std::time::Duration;

use actor_core::{Address, CallFailure, FnProcess, Inbox, Message, SysEvent, limits, prelude::*};
use actor_testkit::{TestKit, TestResult, actor_test};
use futures::channel::oneshot;
use futures::executor::block_on;

use crate::both::both;
use crate::kit::{on, until};

/// Takes numbers, and can be stopped at a gate.
#[derive(Process)]
#[process(mailbox = 2)]
struct Sink(Vec<u32>);

#[handlers]
impl Sink {
    #[cast]
    fn take(&mut self, number: u32) {
        self.0.push(number);
    }
    #[cast]
    async fn wait(&mut self, gate: oneshot::Receiver<()>) {
        let _ = gate.await;
    }
    #[call]
    fn all(&self) -> Vec<u32> {
        self.0.clone()
    }
}

/// Floods a sink, and ends.
#[derive(Process)]
struct Source(SinkRef);

#[handlers]
impl Source {
    #[cast]
    fn pour(&mut self, from: u32) {
        (from..from + 4).for_each(|number| self.0.take(number).expect("room"));
    }
    #[cast]
    fn last(&mut self, cx: &mut Context<Self>) {
        cx.stop(ExitReason::Normal);
    }
}

/// OTP 7.5: a sender waits for a receiver that is busy, and not for one that is suspended.
#[actor_test(schedules = 1000)]
async fn a_suspended_receiver_lets_go_who_is_held_for_it_and_holds_nobody(
    t: TestKit,
) -> TestResult {
    let sink = t.start(Sink(Vec::new())).await?;
    let (go, gate) = oneshot::channel();
    sink.wait(gate)?;
    let suspended = sink.sys().suspend().request();
    t.settle().await;
    let held = t.start(Source(sink.clone())).await?;
    held.pour(0)?;
    t.settle().await;
    held.last()?;
    t.settle().await;
    assert_eq!((sink.mailbox_stats().held, held.is_alive()), (1, true));
    drop(go);
    assert_eq!(held.closed().await, ExitReason::Normal);
    suspended.await?;
    let free = t.start(Source(sink.clone())).await?;
    free.pour(4)?;
    t.settle().await;
    free.last()?;
    assert_eq!(free.closed().await, ExitReason::Normal);
    assert_eq!(sink.mailbox_stats().held, 1);
    assert!(t.elapsed() < limits::HOLD, "no hold ended by its time");
    sink.sys().resume().await?;
    assert_eq!(sink.all().await?, (0..8).collect::<Vec<_>>());
    Ok(())
}

/// And resumed it holds again.
#[actor_test(schedules = 1000)]
async fn a_receiver_that_was_suspended_holds_again(t: TestKit) -> TestResult {
    let sink = t.start(Sink(Vec::new())).await?;
    sink.sys().suspend().await?;
    sink.sys().resume().await?;
    let (go, gate) = oneshot::channel();
    sink.wait(gate)?;
    t.settle().await;
    let source = t.start(Source(sink.clone())).await?;
    source.pour(0)?;
    t.settle().await;
    source.last()?;
    t.settle().await;
    assert_eq!((sink.mailbox_stats().held, source.is_alive()), (1, true));
    drop(go);
    source.closed().await;
    assert_eq!(sink.all().await?, [0, 1, 2, 3]);
    Ok(())
}

/// What the function processes are sent.
enum Word {
    Number(u32),
    Ask,
    End,
}

impl Message for Word {
    type Reply = u32;
}

both! {
    /// OTP 21.11: suspensions count, `sys`'s and those of others apart, and one that is kept by a
    /// process ends with that.
    async fn a_suspension_counts_and_ends_with_the_process_that_keeps_it(t) {
        let sink = t.start(Sink(Vec::new())).await?;
        let sys = sink.sys();
        let keeper = |of: SinkRef, begun: oneshot::Sender<()>| {
            FnProcess::new(async move |mut inbox: Inbox<Word>| {
                let _suspension = of.sys().suspend_process().await?;
                let _ = begun.send(());
                inbox.receive_match(|word| matches!(word, Word::End)).await;
                Ok::<_, ExitReason>(())
            })
        };
        let ((tell, told), (tell_too, told_too)) = (oneshot::channel(), oneshot::channel());
        let first = t.start(keeper(sink.clone(), tell)).await?;
        let second = t.start(keeper(sink.clone(), tell_too)).await?;
        told.await?;
        told_too.await?;
        sys.suspend().await?;
        sink.take(1)?;
        sys.resume().await?;
        assert!(sys.get_status().await?.suspended, "two others keep it so");
        first.send(Word::End)?;
        assert_eq!(first.closed().await, ExitReason::Normal);
        assert!(sys.get_status().await?.suspended, "another keeps it so");
        sys.suspend().await?;
        second.kill();
        assert_eq!(second.closed().await, ExitReason::Killed);
        assert!(sys.get_status().await?.suspended, "`sys` has it so");
        assert_eq!(sink.mailbox_len(), 1);
        sys.resume().await?;
        assert_eq!(sink.all().await?, [1]);
        assert!(!sys.get_status().await?.suspended);
        Ok(())
    }
}

/// Sums up what it is sent, and tells when it is asked; keeps what it has no use for.
fn adder() -> FnProcess<Word> {
    FnProcess::new(async move |mut inbox: Inbox<Word>| {
        let mut sum = 0;
        loop {
            let received = inbox.receive_match(|word| !matches!(word, Word::End)).await;
            match received.message {
                Word::Number(number) => sum += number,
                Word::Ask | Word::End => received.reply.send(sum),
            }
        }
    })
}

/// OTP 13.1: also of one that has no loop of its own for it.
#[actor_test(schedules = 1000)]
async fn a_function_process_is_a_system_too(t: TestKit) -> TestResult {
    let adder: Address<Word> = t.start(adder()).await?;
    let sys = adder.sys();
    assert_eq!(sys.get_status().await?.process, "FnProcess");
    sys.statistics(true).await?;
    sys.log(2).await?;
    adder.send(Word::Number(1))?;
    adder.send(Word::Number(2))?;
    assert_eq!(adder.call_message(Word::Ask).await?, 3);
    let counted = sys.get_statistics().await?.expect("they are on");
    assert_eq!((counted.messages_in, counted.messages_out), (3, 0));
    assert!(matches!(sys.get_log().await?[..], [_, SysEvent::In { call: true, .. }]));
    sys.no_debug().await?;
    assert_eq!(sys.get_statistics().await?, None);
    sys.terminate(ExitReason::Shutdown).await?;
    assert_eq!(adder.closed().await, ExitReason::Shutdown);
    Ok(())
}

/// OTP 13.2: its messages wait, and so does its own work; 13.4: then they are handled in order.
#[actor_test(schedules = 1000)]
async fn a_suspended_function_process_does_nothing_and_loses_nothing(t: TestKit) -> TestResult {
    let adder = t.start(adder()).await?;
    let sys = adder.sys();
    adder.send(Word::End)?; // it keeps that
    let first = sys.suspend().request();
    adder.send(Word::Number(1))?;
    let sum = adder.call_message(Word::Ask).request();
    first.await?;
    sys.suspend().await?;
    adder.send(Word::Number(2))?;
    t.advance(Duration::from_secs(1)).await;
    assert_eq!((sys.get_status().await?.mailbox_len, adder.mailbox_len()), (4, 4));
    sys.resume().await?;
    assert_eq!(sum.await?, 1);
    assert_eq!(adder.call_message(Word::Ask).await?, 3);
    assert_eq!(adder.mailbox_len(), 1);
    Ok(())
}

/// OTP 13.2: also a body that awaits something else, which goes on when it is resumed.
#[test]
fn a_suspended_function_process_does_not_wake_for_what_it_awaits() {
    on(2, |rt| {
        let ((go, gate), (tell, told)) = (oneshot::channel::<()>(), oneshot::channel());
        let body = rt.spawn_fn(async move |_: Inbox<Word>| {
            let _ = gate.await;
            let _ = tell.send(());
        });
        let body = body.expect("room");
        body.sys().suspend().blocking().expect("it answers");
        drop(go);
        for _ in 0..100 {
            assert_eq!(body.sys().get_status().blocking().map(|it| it.suspended), Ok(true));
        }
        assert!(body.is_alive(), "it has not been told to go on");
        body.sys().resume().blocking().expect("it answers");
        assert_eq!(block_on(told), Ok(()));
        assert_eq!(body.closed().blocking(), ExitReason::Normal);
    });
}

/// OTP 13.3, 13.10: it can be stopped and killed, and follows its parent.
#[test]
fn a_suspended_function_process_ends_when_it_is_told_to() {
    on(2, |rt| {
        let suspended = || {
            let adder = rt.spawn_fn(async |mut inbox: Inbox<Word>| {
                inbox.trap_exit(true);
                std::future::pending::<()>().await;
            });
            let adder = adder.expect("room");
            adder.sys().suspend().blocking().expect("it answers");
            adder
        };
        let stopped = suspended();
        assert_eq!(stopped.stop(ExitReason::Shutdown).blocking(), ExitReason::Shutdown);
        let killed = suspended();
        let kept = killed.call_message(Word::Ask).request();
        until("it has come", || killed.mailbox_len() == 1);
        killed.kill();
        assert_eq!(block_on(kept), Err(CallFailure::Exited(ExitReason::Killed)));
        let (tell, told) = oneshot::channel();
        let parent = rt.spawn_fn(async move |mut inbox: Inbox<Word>| {
            let child = inbox.spawn_link(FnProcess::new(async |mut inbox: Inbox<Word>| {
                inbox.trap_exit(true);
                std::future::pending::<()>().await;
            }))?;
            child.sys().suspend().await?;
            let _ = tell.send(child);
            inbox.receive().await;
            Err::<(), _>(ExitReason::other("the end"))
        });
        let child = block_on(told).expect("it has started it");
        parent.expect("room").send(Word::End).expect("room");
        assert_eq!(child.closed().blocking(), ExitReason::other("the end"));
    });
}
