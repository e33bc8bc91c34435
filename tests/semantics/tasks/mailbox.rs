//! The mailbox of a function process: what it keeps counts, and the bound holds.

use std::time::Duration;

use actor_core::{Address, CallFailure, FnProcess, Inbox, Overflow, StartOptions, prelude::*};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::kit::{Word, gate, number, numbers, on, said};

/// Keeps all numbers until it is told to go; then says which ones it has.
fn keeper(overflow: Overflow) -> StartOptions<FnProcess<Word>> {
    let keeper = FnProcess::new(async |mut inbox: Inbox<Word>| {
        gate(&mut inbox).await;
        said(&numbers(&mut inbox).await)
    });
    keeper.with().mailbox(4).overflow(overflow)
}

/// Waits until so many messages were handed to it.
async fn settled(of: &Address<Word>, messages: usize) {
    while of.mailbox_len() != messages {
        actor_core::yield_now().await;
    }
}

/// Under every schedule, messages that were handed over and not received fill the mailbox.
#[actor_test(schedules = 1000)]
async fn what_is_kept_counts_as_the_mailbox(t: TestKit) -> TestResult {
    let keeper = keeper(Overflow::Reject).on(&t.handle()).spawn()?;
    for n in 0..4 {
        keeper.send(Word::Number(n))?;
        t.settle().await;
    }
    assert_eq!(keeper.mailbox_len(), 4);
    assert_eq!(keeper.send(Word::Go), Err(SendError::Full));
    assert_eq!(keeper.call_message(Word::Go).await, Err(CallFailure::Full));
    t.kill(&keeper);
    Ok(())
}

/// On threads: with room again when something was received.
#[test]
fn a_receive_makes_room() {
    on(2, |rt| {
        let function = FnProcess::new(async |mut inbox: Inbox<Word>| {
            while number(&mut inbox).await != 99 {
                gate(&mut inbox).await;
            }
        });
        let options = function.with().mailbox(4).overflow(Overflow::Reject).on(rt);
        let function = options.spawn().expect("room");
        let closed = function.closed();
        (0..3).for_each(|n| function.send(Word::Number(n)).expect("room"));
        rt.block_on(settled(&function, 2));
        (3..5).for_each(|n| function.send(Word::Number(n)).expect("room"));
        assert_eq!(function.send(Word::Go), Err(SendError::Full));
        assert_eq!(function.mailbox_stats().refused, 1);
        function.kill();
        assert_eq!(closed.blocking(), ExitReason::Killed);
    });
}

/// The oldest of what it keeps is dropped, and a call among that fails.
#[test]
fn with_drop_oldest_the_oldest_letters_are_dropped() {
    on(1, |rt| {
        let keeper = keeper(Overflow::DropOldest).on(rt).spawn().expect("room");
        let closed = keeper.closed();
        let call = keeper.call_message(Word::Number(0)).request();
        (1..10).for_each(|n| keeper.send(Word::Number(n)).expect("it has room always"));
        assert_eq!(rt.block_on(call), Err(CallFailure::Full));
        keeper.send(Word::Go).expect("it has room always");
        // Four others wait behind the last that was dropped, one of them to go.
        let reason = closed.blocking();
        assert!(reason == said(&[7, 8, 9]) || reason == said(&[6, 7, 8, 9]), "{reason}");
    });
}

/// A function that overfills another's mailbox is held at its next pause, and not for ever.
#[test]
fn a_function_that_floods_is_held() {
    on(2, |rt| {
        let keeper = keeper(Overflow::Hold).on(rt).spawn().expect("room");
        let closed = keeper.closed();
        let to = keeper.clone();
        let flood = rt.spawn_fn(async move |inbox: Inbox<Word>| {
            for n in 0..20 {
                to.send(Word::Number(n))?;
                inbox.sleep(Duration::ZERO).await;
                actor_core::yield_now().await;
            }
            Ok::<_, ExitReason>(())
        });
        assert_eq!(flood.expect("room").closed().blocking(), ExitReason::Normal);
        assert!(keeper.mailbox_stats().held > 0);
        rt.run(async move { keeper.send(Word::Go) }).expect("it runs").expect("room");
        assert_eq!(closed.blocking(), said(&(0..20).collect::<Vec<_>>()));
    });
}

/// What a held function is asked ends the hold: two that hold each other do not wait for one
/// another's timers.
#[actor_test(schedules = 1000)]
async fn a_call_ends_the_hold_of_a_function(t: TestKit) -> TestResult {
    let keeper = keeper(Overflow::Hold).on(&t.handle()).spawn()?;
    let to = keeper.clone();
    let flood = FnProcess::new(async move |mut inbox: Inbox<Word>| {
        (0..8).try_for_each(|n| to.send(Word::Number(n)))?;
        let begin = inbox.with(|cx| cx.now());
        inbox.receive().await.reply.send(1);
        assert!(inbox.with(|cx| cx.now()) - begin < actor_core::limits::HOLD);
        Ok::<_, ExitReason>(())
    });
    let flood = t.start(flood).await?;
    let closed = flood.closed();
    assert_eq!(flood.call_message(Word::Go).await?, 1);
    assert_eq!(closed.await, ExitReason::Normal);
    t.kill(&keeper);
    Ok(())
}
