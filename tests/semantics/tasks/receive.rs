//! Selective receive.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actor_core::{AliasOptions, FnProcess, Inbox, Item, prelude::*};
use actor_testkit::{TestKit, TestResult, actor_test};
use futures::{StreamExt, stream::FuturesUnordered};

use crate::kit::{Word, gate, is_number, number, numbers, on, said};

/// Takes every third of nine numbers first, then what is left.
fn picky() -> FnProcess<Word> {
    FnProcess::new(async |mut inbox: Inbox<Word>| {
        gate(&mut inbox).await;
        let mut got = Vec::new();
        for _ in 0..3 {
            let third = |word: &Word| matches!(word, Word::Number(n) if n % 3 == 2);
            let Word::Number(number) = inbox.receive_match(third).await.message else { break };
            got.push(number);
        }
        for _ in 0..6 {
            got.push(number(&mut inbox).await);
        }
        said(&got)
    })
}

fn thirds_first() -> ExitReason {
    said(&[2, 5, 8, 0, 1, 3, 4, 6, 7])
}

/// OTP 7.1.
#[test]
fn a_receive_takes_the_oldest_match_and_leaves_the_rest_in_order() {
    on(2, |rt| {
        let picky = rt.spawn(picky()).expect("room");
        let closed = picky.closed();
        (0..9).for_each(|n| picky.send(Word::Number(n)).expect("room"));
        picky.send(Word::Go).expect("room");
        assert_eq!(closed.blocking(), thirds_first());
    });
}

/// OTP 7.1: wherever the turns end.
#[actor_test(schedules = 1000)]
async fn a_receive_takes_the_oldest_match_under_every_schedule(t: TestKit) -> TestResult {
    let picky = t.start(picky()).await?;
    let go = t.random() % 10;
    for n in 0..9 {
        if n == go {
            picky.send(Word::Go)?;
        }
        picky.send(Word::Number(u32::try_from(n)?))?;
    }
    if go == 9 {
        picky.send(Word::Go)?;
    }
    assert_eq!(picky.closed().await, thirds_first());
    Ok(())
}

/// OTP 7.2: also at what has arrived in the midst of the turn, and beyond a turn's share of mail.
#[test]
fn zero_looks_at_the_whole_queue_before_it_gives_up() {
    on(1, |rt| {
        let function = async |mut inbox: Inbox<Word>| {
            let me = inbox.me();
            (0..1000).try_for_each(|n| me.send(Word::Number(n)))?;
            let last = |word: &Word| *word == Word::Number(999);
            assert!(inbox.receive_match(last).after(Duration::ZERO).await.is_some());
            assert!(inbox.receive_match(last).after(Duration::ZERO).await.is_none());
            assert_eq!(numbers(&mut inbox).await, (0..999).collect::<Vec<_>>());
            Ok::<_, ExitReason>(())
        };
        assert_eq!(rt.spawn_fn(function).expect("room").closed().blocking(), ExitReason::Normal);
    });
}

/// OTP 7.3: on real threads: however much arrives meanwhile, the time is over at some time.
#[test]
fn a_receive_gives_up_however_much_arrives() {
    on(2, |rt| {
        const LIMIT: Duration = Duration::from_millis(50);
        let waiter = rt.spawn(FnProcess::new(async |mut inbox: Inbox<Word>| {
            let begin = inbox.with(|cx| cx.now());
            let never = inbox.receive_match(|word| *word == Word::Go).after(LIMIT);
            assert!(never.await.is_none());
            said(&(inbox.with(|cx| cx.now()) - begin >= LIMIT))
        }));
        let waiter = waiter.expect("room");
        let closed = waiter.closed();
        while waiter.is_alive() {
            if waiter.mailbox_len() < 100 {
                let _ = waiter.send(Word::Number(1));
            }
        }
        assert_eq!(closed.blocking(), said(&true));
    });
}

/// OTP 7.2: whatever the schedule, what was sent before is found.
#[actor_test(schedules = 1000)]
async fn zero_finds_what_was_sent_before_under_every_schedule(t: TestKit) -> TestResult {
    let looker = FnProcess::new(async |mut inbox: Inbox<Word>| {
        gate(&mut inbox).await;
        let last = |word: &Word| *word == Word::Number(19);
        let found = inbox.receive_match(last).after(Duration::ZERO).await.is_some();
        let again = inbox.receive_match(last).after(Duration::ZERO).await.is_some();
        said(&(found, again, numbers(&mut inbox).await.len()))
    });
    let looker = t.start(looker).await?;
    let closed = looker.closed();
    (0..20).try_for_each(|n| looker.send(Word::Number(n)))?;
    looker.send(Word::Go)?;
    let begin = t.now();
    assert_eq!(closed.await, said(&(true, false, 19)));
    assert_eq!(t.now(), begin);
    Ok(())
}

/// OTP 7.3: the time is that of the first poll, and what arrives unwanted changes nothing.
#[actor_test(schedules = 1000)]
async fn what_does_not_match_does_not_restart_the_time(t: TestKit) -> TestResult {
    const LIMIT: Duration = Duration::from_secs(10);
    let waiter = FnProcess::new(async |mut inbox: Inbox<Word>| {
        gate(&mut inbox).await;
        let begin = inbox.with(|cx| cx.now());
        let never = inbox.receive_match(|word| *word == Word::Go).after(LIMIT);
        assert!(never.await.is_none());
        let passed = inbox.with(|cx| cx.now()) - begin;
        let left = numbers(&mut inbox).await.len();
        said(&(passed, left))
    });
    let waiter = t.start(waiter).await?;
    waiter.send(Word::Go)?;
    let closed = waiter.closed();
    for second in 0..9 {
        actor_core::sleep(Duration::from_secs(1)).await;
        waiter.send(Word::Number(second))?;
    }
    assert_eq!(closed.await, said(&(LIMIT, 9)));
    Ok(())
}

#[derive(Process)]
struct Echo;

#[handlers]
impl Echo {
    #[call]
    fn echo(&self, number: u32) -> u32 {
        number
    }
}

/// OTP 7.4: the reply passes by the inbox.
#[test]
fn a_call_with_100_000_messages_waiting_looks_at_none_of_them() {
    const CROWD: u32 = 100_000;
    on(2, |rt| {
        let echo = rt.spawn(Echo).expect("room");
        let looks = Arc::new(AtomicUsize::new(0));
        let looked = looks.clone();
        let function = FnProcess::new(async move |mut inbox: Inbox<Word>| {
            let go = |word: &Word| {
                looked.fetch_add(1, Ordering::Relaxed);
                *word == Word::Go
            };
            inbox.receive_match(go).await;
            let before = looked.load(Ordering::Relaxed);
            assert_eq!(echo.echo(7).await, Ok(7));
            assert_eq!(looked.load(Ordering::Relaxed), before);
            said(&numbers(&mut inbox).await.len())
        });
        let options = function.with().mailbox(CROWD as usize + 1).on(rt);
        let function = options.spawn().expect("room");
        let closed = function.closed();
        (0..CROWD).for_each(|n| function.send(Word::Number(n)).expect("room"));
        function.send(Word::Go).expect("room");
        assert_eq!(closed.blocking(), said(&CROWD));
        // However often the first receive was polled.
        assert_eq!(looks.load(Ordering::Relaxed), CROWD as usize + 1);
    });
}

/// 7.1: under every schedule, too, a receive looks at each message once.
#[actor_test(schedules = 1000)]
async fn a_receive_that_waits_looks_at_each_message_once(t: TestKit) -> TestResult {
    let looks = Arc::new(AtomicUsize::new(0));
    let looked = looks.clone();
    let function = FnProcess::new(async move |mut inbox: Inbox<Word>| {
        let go = |word: &Word| {
            looked.fetch_add(1, Ordering::Relaxed);
            *word == Word::Go
        };
        inbox.receive_match(go).await;
    });
    let function = t.start(function).await?;
    (0..20).try_for_each(|n| function.send(Word::Number(n)))?;
    function.send(Word::Go)?;
    assert_eq!(function.closed().await, ExitReason::Normal);
    assert_eq!(looks.load(Ordering::Relaxed), 21);
    Ok(())
}

/// A receive that is given up takes nothing, and the next one begins with the oldest.
#[test]
fn a_receive_that_is_dropped_takes_nothing() {
    on(1, |rt| {
        let function = async |mut inbox: Inbox<Word>| {
            inbox.me().send(Word::Number(1))?;
            drop(inbox.receive());
            let never = inbox.receive_match(|word| *word == Word::Go);
            let short = inbox_timeout(never).await;
            assert!(short.is_none());
            assert_eq!(number(&mut inbox).await, 1);
            Ok::<_, ExitReason>(())
        };
        assert_eq!(rt.spawn_fn(function).expect("room").closed().blocking(), ExitReason::Normal);
    });
}

/// Drops a future that is not ready within a millisecond.
async fn inbox_timeout<F: Future + Unpin>(future: F) -> Option<F::Output> {
    use futures::future::{Either, select};
    match select(future, actor_core::sleep(Duration::from_millis(1))).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(_) => None,
    }
}

/// What stands between the process and the receive has a waker of its own, which is called.
#[test]
fn a_receive_inside_another_executor_of_futures_is_woken() {
    on(1, |rt| {
        let function = rt.spawn_fn(async |mut inbox: Inbox<Word>| {
            let mut futures: FuturesUnordered<_> =
                [inbox.receive_match(is_number)].into_iter().collect();
            let received = futures.next().await.expect("one");
            received.reply.send(1);
        });
        let function = function.expect("room");
        assert_eq!(function.call_message(Word::Number(1)).blocking(), Ok(1));
    });
}

/// Exits and downs wait in one order with the messages of the same sender (OTP 6.1, 6.3).
#[actor_test(schedules = 1000)]
async fn exits_and_downs_are_items_in_order_with_messages(t: TestKit) -> TestResult {
    let function = FnProcess::new(async |mut inbox: Inbox<Word>| {
        inbox.trap_exit(true);
        let me = inbox.me();
        let child = FnProcess::new(async move |mut inbox: Inbox<Word>| {
            gate(&mut inbox).await;
            me.send(Word::Number(1))?;
            me.send(Word::Number(2))?;
            Err::<(), _>(ExitReason::other("x"))
        });
        let child = inbox.spawn_link(child)?;
        let monitor = inbox.monitor(&child);
        child.send(Word::Go)?;
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(match inbox.receive_any().await {
                Item::Message(received) => format!("{:?}", received.message),
                Item::Exit { from, reason } if Some(from) == child.pid() => {
                    format!("exit {reason}")
                }
                Item::Down(down) if down.monitor == monitor => format!("down {}", down.reason),
                other => format!("{other:?}"),
            });
        }
        assert_eq!(seen[..2], ["Number(1)", "Number(2)"]);
        seen[2..].sort();
        assert_eq!(seen[2..], ["down x", "exit x"]);
        Ok::<_, ExitReason>(())
    });
    let function = t.start(function).await?;
    assert_eq!(function.closed().await, ExitReason::Normal);
    Ok(())
}

/// A receive of messages leaves exits where they are.
#[test]
fn a_receive_of_messages_leaves_exits_and_downs() {
    on(1, |rt| {
        let function = rt.spawn_fn(async |mut inbox: Inbox<Word>| {
            inbox.trap_exit(true);
            inbox.receive().await.reply.send(0);
            gate(&mut inbox).await;
            matches!(inbox.receive_any().await, Item::Exit { reason: ExitReason::Shutdown, .. })
                .then_some(())
                .ok_or(ExitReason::other("something else"))
        });
        let function = function.expect("room");
        let closed = function.closed();
        assert_eq!(function.call_message(Word::Number(0)).blocking(), Ok(0));
        function.exit(ExitReason::Shutdown);
        function.send(Word::Go).expect("room");
        assert_eq!(closed.blocking(), ExitReason::Normal);
    });
}

/// OTP 7.6: a priority message goes before all ordinary ones, also those that were handed over,
/// and behind the priority messages before it.
#[actor_test(schedules = 1000)]
async fn priority_messages_are_received_first(t: TestKit) -> TestResult {
    let function = FnProcess::new(async |mut inbox: Inbox<Word>| {
        let bell = inbox.with(|cx| cx.alias_with(AliasOptions::new().priority()));
        let me = inbox.me();
        (0..3).try_for_each(|n| me.send(Word::Number(n)))?;
        // They are handed over, and seen.
        assert!(inbox.receive_match(|_| false).after(Duration::from_secs(1)).await.is_none());
        bell.send_priority(Word::Number(10))?;
        bell.send_priority(Word::Number(11))?;
        bell.send(Word::Number(3))?;
        me.send(Word::Go)?;
        gate(&mut inbox).await;
        let all = numbers(&mut inbox).await;
        assert_eq!(all, [10, 11, 0, 1, 2, 3]);
        Ok::<_, ExitReason>(())
    });
    assert_eq!(t.start(function).await?.closed().await, ExitReason::Normal);
    Ok(())
}

/// OTP 7.6: a receive that waits is shown what is urgent, and nothing twice.
#[actor_test(schedules = 1000)]
async fn a_receive_that_waits_is_shown_a_priority_message(t: TestKit) -> TestResult {
    let function = FnProcess::new(async |mut inbox: Inbox<Word>| {
        let bell = inbox.with(|cx| cx.alias_with(AliasOptions::new().priority()));
        let me = inbox.me();
        (0..3).try_for_each(|n| me.send(Word::Number(n)))?;
        let ringer = FnProcess::<Word>::new(async move |inbox: Inbox<Word>| {
            inbox.sleep(Duration::from_secs(1)).await;
            let _ = bell.send_priority(Word::Number(10));
        });
        inbox.spawn_link(ringer)?;
        let mut shown = Vec::new();
        let ten = |word: &Word| {
            shown.push(word.clone());
            *word == Word::Number(10)
        };
        inbox.receive_match(ten).await;
        assert_eq!(shown, [0, 1, 2, 10].map(Word::Number));
        Ok::<_, ExitReason>(())
    });
    assert_eq!(t.start(function).await?.closed().await, ExitReason::Normal);
    Ok(())
}

/// OTP 5.1: what comes by an alias that was given up is dropped, and takes no room.
#[actor_test(schedules = 1000)]
async fn what_comes_by_an_alias_that_was_given_up_is_dropped(t: TestKit) -> TestResult {
    let function = FnProcess::new(async |mut inbox: Inbox<Word>| {
        let alias = inbox.with(|cx| cx.alias());
        let me = inbox.me();
        alias.send(Word::Number(1))?;
        inbox.with(|cx| cx.unalias(&alias));
        let late = inbox.receive().after(Duration::from_secs(1)).await;
        assert!(late.is_none() && me.mailbox_len() == 0);
        Ok::<_, ExitReason>(())
    });
    assert_eq!(t.start(function).await?.closed().await, ExitReason::Normal);
    Ok(())
}

/// OTP 4.7: `demonitor` with `flush` takes the DOWN out, wherever it waits.
#[actor_test(schedules = 1000)]
async fn a_down_that_was_handed_over_can_be_flushed(t: TestKit) -> TestResult {
    let function = FnProcess::new(async |mut inbox: Inbox<Word>| {
        let me = inbox.me();
        let child = FnProcess::new(async |mut inbox: Inbox<Word>| gate(&mut inbox).await);
        let child = inbox.spawn_link(child)?;
        let monitor = inbox.monitor(&child);
        child.send(Word::Go)?;
        assert_eq!(child.closed().await, ExitReason::Normal);
        me.send(Word::Number(1))?;
        // By now it is among the letters.
        assert!(inbox.receive_match(|_| false).after(Duration::from_secs(1)).await.is_none());
        inbox.with(|cx| cx.demonitor_flush(monitor));
        assert!(matches!(inbox.receive_any().await, Item::Message(_)));
        assert!(inbox.receive_any().after(Duration::from_secs(1)).await.is_none());
        Ok::<_, ExitReason>(())
    });
    assert_eq!(t.start(function).await?.closed().await, ExitReason::Normal);
    Ok(())
}
