//! OTP's theme 5: refs that their owner can close.

use std::sync::mpsc::channel;

use actor_core::{Alias, AliasOptions, CallFailure, ExitReason, Overflow, SendError, Start};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::kit::{bounded, on};
use crate::scribe::{ScribeMessage, job, made, plain, scribe, why, word};

/// OTP 5.1: what comes by an alias is handled as long as that is active, and then no more.
#[test]
fn what_comes_by_an_alias_that_was_given_up_is_dropped() {
    on(2, |rt| {
        let (a, notes) = plain(rt);
        let alias = a.does(|cx| cx.alias());
        alias.send(word(1)).expect("room");
        let other = alias.clone();
        std::thread::spawn(move || other.send(word(2))).join().expect("no panic").expect("room");
        a.sync();
        let given_up = alias.clone();
        assert!(a.does(move |cx| cx.unalias(&given_up)));
        assert_eq!(alias.send(word(3)), Ok(()), "nobody is told");
        a.say(4).expect("the process itself can be sent to");
        a.sync();
        assert_eq!(notes.words(), [1, 2, 4]);
    });
}

/// OTP 5.2: what was received before stays, what was on its way is dropped: of the process's own
/// messages, too.
#[test]
fn unalias_keeps_what_was_received_and_drops_what_was_on_its_way() {
    on(2, |rt| {
        let (a, notes) = plain(rt);
        let alias = a.does(|cx| cx.alias());
        let go = a.busy();
        let given_up = alias.clone();
        a.later(job(move |cx| {
            given_up.send(word(2)).expect("room");
            assert!(cx.unalias(&given_up));
        }))
        .expect("room");
        // Received with the job, and so before it is done.
        alias.send(word(1)).expect("room");
        drop(go);
        a.sync();
        alias.send(word(3)).expect("room");
        a.sync();
        assert_eq!(notes.words(), [1]);
    });
}

/// OTP 5.4: unalias says whether the alias was active, and only its owner can do it.
#[test]
fn unalias_says_whether_it_was_active() {
    on(2, |rt| {
        let ((a, notes), (b, _)) = (plain(rt), plain(rt));
        let alias = a.does(|cx| cx.alias());
        let others = alias.clone();
        assert!(!b.does(move |cx| cx.unalias(&others)), "it is not its");
        alias.send(word(1)).expect("room");
        let own = alias.clone();
        assert_eq!(a.does(move |cx| [cx.unalias(&own), cx.unalias(&own)]), [true, false]);
        a.sync();
        assert_eq!(notes.words(), [1]);
    });
}

/// OTP 5.4: an alias for a reply takes one message, however many are sent.
#[test]
fn an_alias_for_a_reply_takes_one_message() {
    on(2, |rt| {
        let (a, notes) = plain(rt);
        let alias = a.does(|cx| cx.alias_with(AliasOptions::new().reply()));
        let senders: Vec<_> = (0..4)
            .map(|n| {
                let alias: Alias<ScribeMessage> = alias.clone();
                std::thread::spawn(move || (0..100).try_for_each(|_| alias.send(word(n))))
            })
            .collect();
        let sent = senders.into_iter().all(|sender| sender.join().expect("no panic").is_ok());
        a.sync();
        assert!(sent && notes.words().len() == 1, "{:?}", notes.words());
        assert!(!a.does(move |cx| cx.unalias(&alias)), "it has had its message");
    });
}

/// OTP 5.1: an alias ends with its process.
#[test]
fn an_alias_ends_with_its_process() {
    on(2, |rt| {
        let (a, _) = plain(rt);
        let alias = a.does(|cx| cx.alias());
        a.end(why());
        assert_eq!(alias.send(word(1)), Err(SendError::NoProc));
        assert_eq!(alias.send_priority(word(1)), Err(SendError::NoProc));
    });
}

/// What comes by an alias takes room as any message does, and gives it back, whatever becomes of
/// it.
#[test]
fn what_comes_by_an_alias_takes_room() {
    on(2, |rt| {
        let (what, notes) = made(false);
        let options = what.with().mailbox(8).overflow(Overflow::Reject).on(rt);
        let a = rt.block_on(options.start()).expect("it starts");
        let own = a.does(|cx| [cx.alias(), cx.alias_with(AliasOptions::new().priority())]);
        for given_up in [false, true] {
            let go = a.busy();
            let aliases = own.clone();
            let sent = (0..20).filter(|n| aliases[n % 2].send_priority(word(1)).is_ok());
            assert_eq!(sent.count(), 8, "no more than the mailbox holds");
            drop(go);
            // Not by its length, which may be too low for an instant while it takes what has come.
            while a.act(job(|_| ())).blocking() == Err(CallFailure::Full) {
                std::thread::yield_now();
            }
            if !given_up {
                let own = own.clone();
                a.does(move |cx| own.iter().for_each(|alias| assert!(cx.unalias(alias))));
            }
        }
        assert_eq!(notes.words().len(), 8);
        a.sync();
        assert_eq!(a.mailbox_len(), 0);
    });
}

/// A message that is dropped at a closed alias is dropped, whatever its drop does, and nobody else
/// is harmed.
#[test]
fn a_message_for_a_closed_alias_is_dropped_where_a_handler_would_run() {
    struct Loud(std::sync::mpsc::Sender<bool>);
    impl Drop for Loud {
        fn drop(&mut self) {
            let _ = self.0.send(std::thread::panicking());
        }
    }
    on(2, |rt| {
        let (a, _) = plain(rt);
        let alias = a.does(|cx| cx.alias());
        let closed = alias.clone();
        a.does(move |cx| cx.unalias(&closed));
        let (tell, told) = channel();
        let loud = Loud(tell);
        let message = ScribeMessage::Later { job: job(move |_| drop(loud)) };
        alias.send(message).expect("room");
        assert_eq!(told.recv(), Ok(false));
        a.sync();
    });
}

/// What waits by an alias when the process ends is dropped with the rest.
#[test]
fn the_end_drops_what_came_by_an_alias() {
    bounded(|| {
        let rt = actor_core::Runtime::builder().workers(2).build().expect("threads");
        let (a, notes) = plain(&rt);
        let alias = a.does(|cx| cx.alias_with(AliasOptions::new().priority()));
        let held = std::sync::Arc::new(());
        let go = a.busy();
        for urgent in [false, true, true] {
            let held = held.clone();
            let message = ScribeMessage::Later { job: job(move |_| drop(held)) };
            if urgent { alias.send_priority(message) } else { alias.send(message) }.expect("room");
        }
        a.kill();
        drop(go);
        assert_eq!(a.closed().blocking(), ExitReason::Killed);
        assert_eq!(std::sync::Arc::strong_count(&held), 1);
        assert_eq!(notes.all(), []);
        rt.shutdown().expect("it ends");
    });
}

/// OTP 5.1, 5.2: however a send by an alias and its end race, the message is handled if it was
/// received first, and what is received later is not.
#[actor_test(schedules = 1000)]
async fn nothing_is_received_by_an_alias_after_its_end(t: TestKit) -> TestResult {
    let ((a, notes), (b, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
    let (tell, told) = channel();
    a.act(job(move |cx| _ = tell.send(cx.alias()))).await?;
    let alias = told.recv()?;
    let (sender, late) = (alias.clone(), alias.clone());
    b.later(job(move |_| (0..3).for_each(|n| sender.send(word(n)).expect("room"))))?;
    a.act(job(move |cx| {
        assert!(cx.unalias(&alias));
        cx.continue_with(word(9));
    }))
    .await?;
    t.settle().await;
    let words = notes.words();
    let given_up = words.iter().position(|word| *word == 9).expect("it was said");
    let received = words.iter().filter(|word| **word < 9).count();
    let in_order = words.iter().filter(|word| **word < 9).eq([0, 1, 2][..received].iter());
    assert!(in_order && given_up <= received, "{words:?}");
    late.send(word(4))?;
    t.settle().await;
    assert_eq!(notes.words(), words);
    Ok(())
}

/// OTP 5.4: one message by an alias for a reply, under every schedule.
#[actor_test(schedules = 1000)]
async fn one_of_many_answers_is_received(t: TestKit) -> TestResult {
    let ((a, notes), (b, _), (c, _)) =
        (scribe(&t, false).await?, scribe(&t, false).await?, scribe(&t, false).await?);
    let (tell, told) = channel();
    a.act(job(move |cx| _ = tell.send(cx.alias_with(AliasOptions::new().reply())))).await?;
    let alias = told.recv()?;
    for (n, sender) in [(1, &b), (2, &c)] {
        let alias = alias.clone();
        sender.later(job(move |_| {
            alias.send(word(n)).expect("room");
            alias.send(word(n + 10)).expect("room");
        }))?;
    }
    t.settle().await;
    let words = notes.words();
    assert!(words == [1] || words == [2], "{words:?}");
    Ok(())
}
