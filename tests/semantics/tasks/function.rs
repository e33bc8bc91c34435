//! The life of a function process.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::channel,
    },
    time::Duration,
};

use actor_core::{CallFailure, FnProcess, Inbox, Item, prelude::*};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::kit::{Word, gate, number, on, said};

/// OTP 1.2, 1.3.
#[test]
fn what_the_function_returns_is_why_it_ends() {
    fn check<F, Fut>(rt: &Runtime, function: F, expected: &ExitReason)
    where
        F: FnOnce(Inbox<Word>) -> Fut + Send + 'static,
        Fut: Future<Output: actor_core::IntoExit> + Send + 'static,
    {
        let closed = rt.spawn_fn(function).expect("room").closed();
        assert_eq!(closed.blocking(), *expected);
    }
    on(1, |rt| {
        check(rt, async |_| (), &ExitReason::Normal);
        check(rt, async |_| ExitReason::Shutdown, &ExitReason::Shutdown);
        check(rt, async |_| Ok::<_, ExitReason>(()), &ExitReason::Normal);
        check(rt, async |_| Err::<(), _>(ExitReason::other("x")), &ExitReason::other("x"));
        let failed = ExitReason::error(CallFailure::NoReply);
        check(rt, async |_| Err::<(), _>(CallFailure::NoReply), &failed);
        let panics = rt.spawn_fn(async |mut inbox: Inbox<Word>| {
            inbox.receive().after(Duration::ZERO).await;
            panic!("over a chair");
        });
        assert!(panics.expect("room").closed().blocking().is_panic("over a chair"));
        // The function itself, before there is a future of it.
        let panics = rt.spawn_fn(|_: Inbox<Word>| -> std::future::Ready<()> { panic!("at once") });
        assert!(panics.expect("room").closed().blocking().is_panic("at once"));
    });
}

/// OTP 2: an exit signal ends a function wherever it waits, and nothing of it runs after that.
#[test]
fn a_signal_ends_a_function_in_mid_receive() {
    struct Guard(std::sync::mpsc::Sender<()>);
    impl Drop for Guard {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    on(2, |rt| {
        for (reason, expected) in
            [(ExitReason::Kill, ExitReason::Killed), (ExitReason::Shutdown, ExitReason::Shutdown)]
        {
            let (tell, told) = channel();
            let function = rt.spawn_fn(async move |mut inbox: Inbox<Word>| {
                let _guard = Guard(tell);
                inbox.receive().await.reply.send(0);
                inbox.receive().await;
                unreachable!("it was ended");
            });
            let function = function.expect("room");
            function.call_message(Word::Go).blocking().expect("it runs");
            let closed = function.closed();
            function.exit(reason);
            assert_eq!(closed.blocking(), expected);
            told.recv().expect("its future was dropped");
        }
    });
}

/// A call that waits in the inbox fails by the exit reason; one that was received and not answered
/// fails when its `Received` is dropped, which is before the end if the function returns.
#[test]
fn its_callers_fail_with_its_exit_reason() {
    on(2, |rt| {
        let function = rt.spawn_fn(async |mut inbox: Inbox<Word>| {
            let _received = inbox.receive().await;
            gate(&mut inbox).await;
            ExitReason::other("enough")
        });
        let function = function.expect("room");
        let calls: Vec<_> =
            (0..3).map(|n| function.call_message(Word::Number(n)).request()).collect();
        function.send(Word::Go).expect("room");
        let mut calls = calls.into_iter();
        let first = rt.block_on(calls.next().expect("there are three"));
        assert_eq!(first, Err(CallFailure::NoReply));
        for call in calls {
            let failure = CallFailure::Exited(ExitReason::other("enough"));
            assert_eq!(rt.block_on(call), Err(failure));
        }
    });
}

/// A kill takes effect at once though the function's turn goes on: who waits for it hears of it,
/// whether the call was handed over before or came later.
#[test]
fn a_kill_in_a_turn_that_goes_on_fails_its_callers_at_once() {
    on(2, |rt| {
        let (go, stuck) = channel::<()>();
        let (tell, told) = channel();
        let function = rt.spawn_fn(async move |mut inbox: Inbox<Word>| {
            gate(&mut inbox).await;
            let _ = tell.send(());
            let _ = stuck.recv();
            // It is dead to all others, and cannot tell.
            inbox.receive().await.reply.send(7);
        });
        let function = function.expect("room");
        let before = function.call_message(Word::Number(1)).request();
        function.send(Word::Go).expect("room");
        told.recv().expect("it goes on");
        let after = function.call_message(Word::Number(2)).request();
        let closed = function.closed();
        function.kill();
        assert_eq!(closed.blocking(), ExitReason::Killed);
        let killed = Err(CallFailure::Exited(ExitReason::Killed));
        assert_eq!(rt.block_on(before), killed);
        assert_eq!(rt.block_on(after), killed);
        go.send(()).expect("its thread waits");
    });
}

/// OTP 3: as in OTP, a function process that traps exits hears its parent's like any other.
#[test]
fn a_parents_exit_is_an_item_like_any_other() {
    on(2, |rt| {
        let (tell, told) = channel();
        let parent = rt.spawn_fn(async move |mut inbox: Inbox<Word>| {
            let child = FnProcess::new(async move |mut inbox: Inbox<Word>| {
                inbox.trap_exit(true);
                inbox.receive().await.reply.send(0);
                if let Item::Exit { reason, .. } = inbox.receive_any().await {
                    let _ = tell.send(reason);
                }
            });
            let child = inbox.spawn_link(child)?;
            child.call_message(Word::Go).await?;
            Err::<(), _>(ExitReason::other("x"))
        });
        assert_eq!(parent.expect("room").closed().blocking(), ExitReason::other("x"));
        assert_eq!(told.recv(), Ok(ExitReason::other("x")));
    });
}

/// What was sent before a request to stop is received before.
#[actor_test(schedules = 1000)]
async fn a_request_to_stop_waits_its_turn(t: TestKit) -> TestResult {
    let probe = Arc::new(AtomicBool::new(false));
    let seen = probe.clone();
    let function = FnProcess::new(async move |mut inbox: Inbox<Word>| {
        assert_eq!(number(&mut inbox).await, 1);
        seen.store(true, Ordering::Relaxed);
        // A call it makes is not disturbed by it.
        inbox.sleep(Duration::from_secs(1)).await;
        inbox.receive().await;
        unreachable!("the request was first");
    });
    let function = t.start(function).await?;
    function.send(Word::Number(1))?;
    let closed = function.stop(ExitReason::Shutdown);
    function.send(Word::Number(2))?;
    assert_eq!(closed.await, ExitReason::Shutdown);
    assert!(probe.load(Ordering::Relaxed));
    Ok(())
}

/// However much mail there is, others get their turns.
#[test]
fn a_function_that_always_has_mail_lets_others_run() {
    on(1, |rt| {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let busy = rt.spawn_fn(async move |mut inbox: Inbox<Word>| {
            let me = inbox.me();
            me.send(Word::Number(0))?;
            while !stopped.load(Ordering::Relaxed) {
                inbox.receive().await;
                me.send(Word::Number(0))?;
                me.send(Word::Number(0))?;
                inbox.receive().await;
            }
            Ok::<_, ExitReason>(())
        });
        let closed = busy.expect("room").closed();
        for n in 0..10 {
            let echo = rt.spawn_fn(async |mut inbox: Inbox<Word>| {
                let received = inbox.receive().await;
                received.reply.send(7);
            });
            let reply = echo.expect("room").call_message(Word::Number(n)).blocking();
            assert_eq!(reply, Ok(7));
        }
        stop.store(true, Ordering::Relaxed);
        assert_eq!(closed.blocking(), ExitReason::Normal);
    });
}

/// It has a name, is found by it, and is supervised as any process is.
#[test]
fn a_function_process_has_a_name_and_is_found_by_it() {
    on(1, |rt| {
        let function = FnProcess::new(async |mut inbox: Inbox<Word>| {
            inbox.receive().await.reply.send(1);
        });
        let function = function.with().name("adder").on(rt).spawn().expect("room");
        let found = rt.whereis::<FnProcess<Word>>("adder").expect("its type").expect("it lives");
        assert_eq!(found.pid(), function.pid());
        assert_eq!(found.call_message(Word::Go).blocking(), Ok(1));
    });
}

/// A tree with a function in it.
#[derive(Supervisor)]
struct House;

#[supervisor(intensity = 3)]
impl House {
    #[child]
    fn sums(&self) -> FnProcess<Word> {
        FnProcess::new(async |mut inbox: Inbox<Word>| {
            let mut sum = 0;
            loop {
                let received = inbox.receive().await;
                let Word::Number(number) = received.message else {
                    return ExitReason::other("told to go");
                };
                sum += number;
                received.reply.send(sum);
            }
        })
    }
}

#[actor_test(schedules = 1000)]
async fn a_supervised_function_is_started_again(t: TestKit) -> TestResult {
    let house = t.start(House).await?;
    let sums = house.sums();
    assert_eq!(sums.call_message(Word::Number(2)).await?, 2);
    assert_eq!(sums.call_message(Word::Number(3)).await?, 5);
    sums.send(Word::Go)?;
    assert_eq!(sums.closed().await, ExitReason::other("told to go"));
    // Called in the gap, or after it: the next one begins anew.
    assert_eq!(sums.call_message(Word::Number(4)).await?, 4);
    Ok(())
}

/// An inbox outside of its process refuses to act for it.
#[test]
fn an_inbox_is_of_no_use_to_another_process() {
    on(2, |rt| {
        let (give, given) = channel();
        let owner = rt.spawn_fn(async move |inbox: Inbox<Word>| {
            let _ = give.send(inbox);
            std::future::pending::<()>().await;
        });
        let owner = owner.expect("room");
        let mut inbox = given.recv().expect("the inbox");
        let thief = rt.spawn_fn(async move |_: Inbox<Word>| {
            inbox.receive().await;
        });
        let reason = thief.expect("room").closed().blocking();
        let advice = "an inbox acts for its own process: use it in the function that was given it";
        assert!(reason.is_panic(advice), "{reason}");
        owner.kill();
        assert_eq!(owner.closed().blocking(), ExitReason::Killed);
        assert_eq!(said(&1), ExitReason::other("1"));
    });
}
