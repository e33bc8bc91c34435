//! OTP's theme 6 beyond what `order.rs` has: all kinds of signal, every schedule.

use std::sync::mpsc::channel;

use actor_core::{ExitReason, Start};
use actor_testkit::__private::{Config, run};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::kit::on;
use crate::scribe::{Note, job, made, plain, scribe, trapper, why, word};

/// OTP 6.3: 2,000 times: what a process sent before it ended comes before its EXIT and its DOWN.
#[test]
fn the_last_words_come_before_the_end_2000_times() {
    on(2, |rt| {
        let (a, notes) = trapper(rt);
        for n in 0..2_000 {
            let (b, _) = plain(rt);
            let (to, target) = (a.clone(), b.clone());
            a.does(move |cx| {
                cx.link(&target);
                cx.monitor(&target);
            });
            b.later(job(move |cx| {
                to.say(n).expect("it lives");
                cx.stop(why());
            }))
            .expect("room");
            b.closed().blocking();
        }
        a.sync();
        let all = notes.all();
        assert_eq!(all.len(), 6_000);
        for (n, three) in (0..).zip(all.chunks(3)) {
            assert_eq!(three[0], Note::Word(n), "{three:?}");
        }
    });
}

/// OTP 6.2: 500 times: of "message, exit signal, message" the second message is never seen, and it
/// does not matter whether the receiver is at work.
#[test]
fn nothing_sent_after_a_fatal_signal_is_seen_500_times() {
    on(2, |rt| {
        let (killer, _) = plain(rt);
        for n in 0..500 {
            let (victim, notes) = plain(rt);
            let to = victim.clone();
            let go = (n % 2 == 0).then(|| victim.busy());
            killer.does(move |cx| {
                let _ = to.say(1);
                cx.exit(&to, why());
                let _ = to.say(2);
            });
            drop(go);
            assert_eq!(victim.closed().blocking(), why());
            assert!(!notes.words().contains(&2));
        }
    });
}

/// OTP 6.2 under every schedule.
#[actor_test(schedules = 1000)]
async fn nothing_sent_after_a_fatal_signal_is_seen(t: TestKit) -> TestResult {
    let ((victim, notes), (killer, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
    let (to, closed) = (victim.clone(), victim.closed());
    killer.later(job(move |cx| {
        let _ = to.say(1);
        cx.exit(&to, why());
        let _ = to.say(2);
    }))?;
    assert_eq!(closed.await, why());
    t.settle().await;
    assert!([vec![], vec![1]].contains(&notes.words()));
    Ok(())
}

/// OTP 6.1, 6.3: messages, trapped exit signals, links and unlinks, monitors and demonitors of one
/// sender in any order, then its end: all is received in the order sent.
#[actor_test(schedules = 1000)]
async fn signals_of_all_kinds_keep_their_order(t: TestKit) -> TestResult {
    let ((a, notes), (b, _)) = (scribe(&t, true).await?, scribe(&t, false).await?);
    let script: Vec<u64> = (0..8).map(|_| t.random() % 6).collect();
    let (to, steps) = (a.clone(), script.clone());
    b.later(job(move |cx| {
        for (n, step) in (0..).zip(steps) {
            match step {
                0 | 1 => to.say(n).expect("room"),
                2 | 3 => cx.exit(&to, ExitReason::other(n.to_string())),
                4 => cx.link(&to),
                _ => cx.unlink(&to),
            }
        }
        cx.stop(why());
    }))?;
    t.settle().await;
    let mut expected = Vec::new();
    let mut linked = false;
    for (n, step) in (0..).zip(&script) {
        match step {
            0 | 1 => expected.push(Note::Word(n)),
            2 | 3 => expected.push(Note::Exit(b.id(), ExitReason::other(n.to_string()))),
            4 => linked = true,
            _ => linked = false,
        }
    }
    expected.extend(linked.then(|| Note::Exit(b.id(), why())));
    assert_eq!(notes.all(), expected, "{script:?}");
    Ok(())
}

/// OTP 6.4: between different senders no order is promised: both are seen.
#[test]
fn signals_of_different_senders_come_in_any_order() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static SEEN: [AtomicUsize; 2] = [const { AtomicUsize::new(0) }; 2];
    let report = run(&Config::new("any_order").schedules(1000), |t: TestKit| async move {
        let (a, notes) = scribe(&t, false).await?;
        for n in 0..2 {
            let (sender, to) = (scribe(&t, false).await?.0, a.clone());
            sender.later(job(move |_| to.say(n).expect("room")))?;
        }
        t.settle().await;
        SEEN[notes.words()[0] as usize].fetch_add(1, Ordering::Relaxed);
        TestResult::Ok(())
    });
    assert!(report.passed(), "{report}");
    assert!(SEEN.iter().all(|seen| seen.load(Ordering::Relaxed) > 0));
}

/// OTP 6.4: nor between the EXIT and the DOWN of one death, but each comes once.
#[actor_test(schedules = 1000)]
async fn the_exit_and_the_down_of_one_death_come_once_each(t: TestKit) -> TestResult {
    let ((a, notes), (b, _)) = (scribe(&t, true).await?, scribe(&t, false).await?);
    let to = b.clone();
    a.act(job(move |cx| {
        cx.monitor(&to);
        cx.link(&to);
    }))
    .await?;
    b.later(job(|cx| cx.stop(why())))?;
    t.settle().await;
    assert_eq!((notes.exits().len(), notes.downs().len()), (1, 1));
    Ok(())
}

/// OTP 6.5: a ref, a name, a pid and an alias of one process share one order.
#[test]
fn all_ways_to_a_process_share_one_order() {
    on(2, |rt| {
        let (what, notes) = made(true);
        let a = rt.block_on(what.with().name("a").on(rt).start()).expect("it is free");
        let alias = a.does(|cx| cx.alias());
        let (b, _) = plain(rt);
        let (found, pid) = (rt.whereis::<crate::scribe::Scribe>("a"), a.id());
        let (found, to) = (found.expect("its type").expect("it lives"), a.clone());
        b.does(move |cx| {
            for n in 0..1_000 {
                match n % 4 {
                    0 => to.say(n).expect("room"),
                    1 => alias.send(word(n)).expect("room"),
                    2 => found.say(n).expect("room"),
                    _ => cx.exit(&pid, ExitReason::other(n.to_string())),
                }
            }
        });
        a.sync();
        let order = notes.all().into_iter().map(|note| match note {
            Note::Word(n) => n,
            Note::Exit(_, reason) => reason.to_string().parse().expect("a number"),
            Note::Down(down) => panic!("{down:?}"),
        });
        assert!(order.eq(0..1_000));
    });
}

/// OTP 6.5 under every schedule.
#[actor_test(schedules = 1000)]
async fn all_ways_share_one_order_under_every_schedule(t: TestKit) -> TestResult {
    let ((a, notes), (b, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
    let (tell, told) = channel();
    a.act(job(move |cx| _ = tell.send(cx.alias()))).await?;
    let (alias, to) = (told.recv()?, a.clone());
    b.later(job(move |_| {
        for n in 0..6 {
            if n % 2 == 0 { to.say(n) } else { alias.send(word(n)) }.expect("room");
        }
    }))?;
    t.settle().await;
    assert_eq!(notes.words(), [0, 1, 2, 3, 4, 5]);
    Ok(())
}

/// OTP 6.6: to send to the dead is no crash: it is an answer.
#[test]
fn to_send_to_the_dead_crashes_nobody() {
    on(2, |rt| {
        let ((a, _), (dead, _)) = (plain(rt), plain(rt));
        dead.end(why());
        a.does(move |cx| {
            assert_eq!(dead.say(1), Err(actor_core::SendError::NoProc));
            cx.exit(&dead, ExitReason::Kill);
            cx.unlink(&dead);
        });
        a.sync();
    });
}
