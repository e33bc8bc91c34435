//! OTP's themes 5, 7 and 9 on both sides: what is let into a mailbox and when, by aliases, with
//! priority, and from timers.

use std::time::Duration;

use actor_core::{AliasOptions, MonitorOptions, Overflow, SendError, Start, Timer};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::both::{Side, both};
use crate::scribe::{Note, job, made, scribe, why, word};

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3_600);

both! {
    /// OTP 5.2: what was received by an alias and waits when that is given up is handled.
    async fn what_came_by_an_alias_stays_when_that_is_given_up(t) {
        let ((a, notes), (b, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
        let alias = a.asks(|cx| cx.alias_with(AliasOptions::new())).await;
        let open = a.held().await;
        let own = alias.clone();
        a.later(job(move |cx| assert!(cx.unalias(&own))))?;
        t.until("that waits", || a.mailbox_len() == 1).await;
        let sends = alias.clone();
        b.asks(move |_| (0..3).for_each(|n| sends.send(word(n)).expect("room"))).await;
        t.until("all of it is there", || a.mailbox_len() == 4).await;
        t.handle().inspect(&a).await?;
        drop(open);
        a.asks(|_| ()).await;
        alias.send(word(3))?;
        a.asks(|_| ()).await;
        assert_eq!(notes.words(), [0, 1, 2]);
        Ok(())
    }

    /// OTP 5.2: of what comes by an alias, what was received before it was given up stays, and all
    /// the rest is dropped: the process's own, which was on its way, too.
    async fn an_alias_lets_in_what_was_received_before_its_end(t) {
        let ((a, notes), (b, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
        let alias = a.asks(|cx| cx.alias_with(AliasOptions::new())).await;
        let sends = alias.clone();
        b.later(job(move |_| (0..6).for_each(|n| sends.send(word(n)).expect("room"))))?;
        let (own, seen) = (alias.clone(), notes.clone());
        a.later(job(move |cx| {
            own.send(word(50)).expect("room");
            assert!(cx.unalias(&own));
            let handled = seen.words().len() as u64;
            cx.continue_with(word(100 + handled));
        }))?;
        b.asks(|_| ()).await;
        alias.send(word(60))?;
        t.settle().await;
        a.asks(|_| ()).await;
        let words = notes.words();
        let by_alias: Vec<_> = words.iter().copied().filter(|word| *word < 100).collect();
        assert!(by_alias.iter().copied().eq(0..by_alias.len() as u64), "{words:?}");
        assert!(by_alias.len() <= 6 && words.len() == by_alias.len() + 1, "{words:?}");
        Ok(())
    }

    /// OTP 7.7: an EXIT and a DOWN that were asked for with priority go before what waits, others
    /// behind it.
    async fn an_exit_and_a_down_come_as_urgent_as_they_were_asked_for(t) {
        for urgent in [false, true] {
            let (a, notes) = scribe(&t, true).await?;
            let ((b, _), (c, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
            let (linked, watched) = (b.clone(), c.clone());
            a.asks(move |cx| match urgent {
                true => {
                    cx.link_priority(&linked);
                    cx.monitor_with(&watched, MonitorOptions::new().priority());
                }
                false => {
                    cx.link(&linked);
                    cx.monitor(&watched);
                }
            })
            .await;
            a.tells(&b, |_| ()).await;
            a.tells(&c, |_| ()).await;
            // What b and c send before their ends is before them, and all of it waits.
            let open = a.held().await;
            for who in [&b, &c] {
                let (to, closed) = (a.clone(), who.closed());
                who.later(job(move |cx| {
                    to.say(1).expect("room");
                    cx.stop(why());
                }))?;
                closed.await;
            }
            t.until("both words are there", || a.mailbox_len() >= 2).await;
            loop {
                let seen = t.handle().inspect(&a).await?;
                if (seen.links.count, seen.monitors.count) == (0, 0) {
                    break;
                }
            }
            drop(open);
            t.until("all is handled", || notes.all().len() == 4).await;
            let all = notes.all();
            let is_word = |note: &Note| matches!(note, Note::Word(_));
            match urgent {
                true => assert!(!all[..2].iter().any(is_word), "{all:?}"),
                // Each is behind its own word.
                false => assert!(is_word(&all[0]) && !is_word(&all[3]), "{all:?}"),
            }
        }
        Ok(())
    }

    /// OTP 7.5: a mailbox has a bound, which can be asked for; what finds no room is told so, and
    /// what is taken makes room again.
    async fn a_mailbox_that_is_full_says_so(t) {
        let (what, notes) = made(false);
        let a = what.with().mailbox(3).overflow(Overflow::Reject).on(&t.handle()).start().await?;
        let open = a.held().await;
        (0..3).try_for_each(|word| a.say(word))?;
        t.until("they are there", || a.mailbox_len() == 3).await;
        assert_eq!(a.say(3), Err(SendError::Full));
        drop(open);
        t.until("there is room again", || a.mailbox_len() == 0).await;
        a.say(4)?;
        t.until("all is handled", || notes.words().len() == 4).await;
        assert_eq!(notes.words(), [0, 1, 2, 4]);
        Ok(())
    }

    /// OTP 6.7: what is due at one moment comes in any order, and all of it comes.
    async fn timers_of_one_deadline_all_come(t) {
        let ((a, notes), (b, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
        let (begin, to) = (t.now(), a.clone());
        let due = begin + 20 * MS;
        b.asks(move |_| (0..10).for_each(|n| drop(to.send_at(due, word(n))))).await;
        a.asks(move |cx| (10..20).for_each(|n| drop(cx.send_at(due, word(n))))).await;
        (20..30).for_each(|n| drop(a.send_at(due, word(n))));
        t.until("all fire", || notes.words().len() == 30).await;
        assert!(t.now() >= due);
        let mut words = notes.words();
        words.sort_unstable();
        assert!(words.into_iter().eq(0..30));
        Ok(())
    }

    /// OTP 9.4: what has fired, was cancelled, or is to the dead has no time left and cannot be
    /// cancelled.
    async fn a_timer_that_is_over_has_no_time_left(t) {
        let is_over = |timer: &Timer| (timer.read(), timer.cancel()) == (None, None);
        let (a, notes) = scribe(&t, false).await?;
        let fired = a.asks(|cx| cx.send_after(Duration::ZERO, word(1))).await;
        t.until("it fires", || notes.words() == [1]).await;
        assert!(is_over(&fired));
        let cancelled = a.send_after(HOUR, word(2));
        assert!(cancelled.read().is_some() && cancelled.cancel().is_some());
        assert!(is_over(&cancelled));
        let own = a.asks(|cx| cx.send_after(HOUR, word(3))).await;
        let others = a.send_after(HOUR, word(4));
        a.kill();
        a.closed().await;
        t.until("they are gone", || own.read().is_none() && others.read().is_none()).await;
        assert!(is_over(&own) && is_over(&others) && is_over(&a.send_after(HOUR, word(5))));
        assert_eq!(notes.words(), [1]);
        Ok(())
    }

    /// OTP 9.5: a cancel that comes too late says nothing of the message, which may wait: it is
    /// handled later, once.
    async fn a_cancel_that_is_too_late_takes_no_message_back(t) {
        let (a, notes) = scribe(&t, false).await?;
        let open = a.held().await;
        let timer = a.send_after(MS, word(1));
        t.until("its message waits", || timer.read().is_none() && a.mailbox_len() > 0).await;
        assert_eq!((timer.cancel(), notes.words()), (None, vec![]));
        drop(open);
        t.until("it is handled", || notes.words() == [1]).await;
        Ok(())
    }

    /// OTP 9.9: a deadline that has passed is due at once, and before one that has not.
    async fn a_passed_deadline_is_due_before_one_to_come(t) {
        let (a, notes) = scribe(&t, false).await?;
        let begin = t.now();
        a.asks(move |cx| {
            cx.send_at(begin + 20 * MS, word(3));
            cx.send_at(begin, word(1));
            cx.send_at(begin.checked_sub(HOUR).unwrap_or(begin), word(1));
        })
        .await;
        t.until("all fire", || notes.words().len() == 3).await;
        assert!(t.now() >= begin + 20 * MS);
        assert_eq!(notes.words(), [1, 1, 3]);
        Ok(())
    }
}
