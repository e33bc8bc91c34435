//! OTP's theme 3 and the links of theme 2 beyond what `link.rs` has: every schedule.

use actor_core::{ExitReason, Text};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::kit::on;
use crate::scribe::{Note, ScribeRef, job, plain, scribe, trapper, why};

/// OTP 2.2: the reason comes along a link as it is, whatever it is.
#[test]
fn a_linked_exit_keeps_its_reason() {
    on(2, |rt| {
        for reason in [
            ExitReason::Shutdown,
            ExitReason::ShutdownWith("to rest".into()),
            ExitReason::error("io"),
            ExitReason::NoProc,
            ExitReason::Killed,
            why(),
        ] {
            let ((a, _), (b, notes), (c, _)) = (plain(rt), trapper(rt), plain(rt));
            for watcher in [&a, &b] {
                let to = c.clone();
                watcher.does(move |cx| cx.link(&to));
            }
            c.end(reason.clone());
            assert_eq!(a.closed().blocking(), reason);
            b.sync();
            assert_eq!(notes.exits(), [(c.id(), reason)]);
        }
    });
}

/// OTP 2.10: however large a reason is, it arrives, and is not copied for each who hears it.
#[test]
fn a_large_reason_arrives_intact() {
    on(2, |rt| {
        let ((a, notes), (b, _)) = (trapper(rt), plain(rt));
        let text: Text = "x".repeat(1 << 22).into();
        let to = b.clone();
        a.does(move |cx| {
            cx.link(&to);
            cx.monitor(&to);
        });
        b.end(ExitReason::Other(text.clone()));
        a.sync();
        let [(_, ExitReason::Other(heard))] = &notes.exits()[..] else { panic!("one exit") };
        assert!(std::ptr::eq(&**heard, &*text));
        let downs = notes.downs();
        let [down] = &downs[..] else { panic!("one down") };
        assert_eq!(down.reason, ExitReason::Other(text));
    });
}

/// OTP 3.4: a link to the dead, in one turn many times and by ref and pid: one exit for each link
/// that there was, and a process that does not trap dies of the first.
#[test]
fn a_link_to_the_dead_by_pid_is_noproc() {
    on(2, |rt| {
        let ((a, notes), (dead, _)) = (trapper(rt), plain(rt));
        dead.end(why());
        let pid = dead.id();
        a.does(move |cx| cx.link(&pid));
        a.sync();
        a.does(move |cx| {
            cx.link(&pid);
            cx.unlink(&pid);
        });
        a.sync();
        assert_eq!(notes.exits(), [(pid, ExitReason::NoProc)], "the second was taken back");
        let (b, _) = plain(rt);
        b.does(move |cx| cx.link(&pid));
        assert_eq!(b.closed().blocking(), ExitReason::NoProc);
    });
}

/// A chain of so many links, each to the next.
async fn chain(t: &TestKit, links: usize) -> Result<Vec<ScribeRef>, actor_testkit::TestError> {
    let mut chain = vec![scribe(t, false).await?.0];
    for _ in 0..links {
        let next = scribe(t, false).await?.0;
        let to = chain[chain.len() - 1].clone();
        next.act(job(move |cx| cx.link(&to))).await?;
        chain.push(next);
    }
    Ok(chain)
}

/// OTP 2.6: a chain of 1, 2, 9 or 10 links whose tail is killed ends, and every hop says `killed`.
#[actor_test(schedules = 1000)]
async fn a_chain_of_links_ends_and_every_hop_says_killed(t: TestKit) -> TestResult {
    let links = t.choose(&[1, 2, 9, 10]);
    let chain = chain(&t, links).await?;
    let closed: Vec<_> = chain.iter().map(|link| link.closed()).collect();
    t.settle().await;
    t.kill(&chain[links]);
    for closed in closed {
        assert_eq!(closed.await, ExitReason::Killed);
    }
    Ok(())
}

/// OTP 2.5: the same with a tail that ends by itself with `kill`: every hop says `kill`, and who
/// traps survives it.
#[actor_test(schedules = 1000)]
async fn a_kill_of_ones_own_runs_along_links_as_it_is(t: TestKit) -> TestResult {
    let chain = chain(&t, 3).await?;
    let (watcher, notes) = scribe(&t, true).await?;
    let head = chain[0].clone();
    watcher.act(job(move |cx| cx.link(&head))).await?;
    t.settle().await;
    chain[3].later(job(|cx| cx.stop(ExitReason::Kill)))?;
    t.settle().await;
    assert_eq!(notes.exits(), [(chain[0].id(), ExitReason::Kill)]);
    assert!(watcher.is_alive());
    Ok(())
}

/// OTP 2.8: what was trapped stays a message, and what comes after trapping is off is fatal:
/// whenever the signals come.
#[actor_test(schedules = 1000)]
async fn trapping_is_decided_as_each_signal_is_received(t: TestKit) -> TestResult {
    let ((a, notes), (b, _)) = (scribe(&t, true).await?, scribe(&t, false).await?);
    let to = a.clone();
    b.later(job(move |cx| {
        cx.exit(&to, ExitReason::other("one"));
        cx.exit(&to, ExitReason::other("two"));
    }))?;
    a.later(job(|cx| cx.trap_exit(false)))?;
    t.settle().await;
    let reasons: Vec<_> = notes.exits().into_iter().map(|(_, reason)| reason).collect();
    let both = [ExitReason::other("one"), ExitReason::other("two")];
    if a.is_alive() {
        assert_eq!(reasons, both);
        return Ok(());
    }
    // What was trapped and waited when the fatal one came is not handled.
    let died_of = a.closed().await;
    let fatal = both.iter().position(|reason| *reason == died_of).expect("one of them");
    assert!(both[..fatal].starts_with(&reasons), "{reasons:?}, then {died_of}");
    Ok(())
}

/// OTP 2.9, 3.2: however an unlink and the end of the other cross, there is one exit or none; and
/// none after the unlink.
#[actor_test(schedules = 1000)]
async fn no_exit_is_received_after_unlink(t: TestKit) -> TestResult {
    let ((a, notes), (b, _)) = (scribe(&t, true).await?, scribe(&t, false).await?);
    let to = b.clone();
    a.act(job(move |cx| cx.link(&to))).await?;
    t.settle().await;
    t.kill(&b);
    let to = b.clone();
    let before = notes.clone();
    let (tell, told) = std::sync::mpsc::channel();
    a.act(job(move |cx| {
        cx.unlink(&to);
        let _ = tell.send(before.exits().len());
        cx.trap_exit(false);
    }))
    .await?;
    t.settle().await;
    let (before, after) = (told.recv()?, notes.exits().len());
    assert!(a.is_alive() && before <= after && after <= 1);
    Ok(())
}

/// OTP 3.5: unlink and link again at once, with the end of the other at any time: one exit.
#[actor_test(schedules = 1000)]
async fn a_fast_relink_brings_one_exit_whenever_the_other_ends(t: TestKit) -> TestResult {
    let ((a, notes), (b, _)) = (scribe(&t, true).await?, scribe(&t, false).await?);
    let to = b.clone();
    a.act(job(move |cx| cx.link(&to))).await?;
    t.settle().await;
    let to = b.clone();
    a.later(job(move |cx| {
        for _ in 0..2 {
            cx.unlink(&to);
            cx.link(&to);
        }
    }))?;
    t.kill(&b);
    t.settle().await;
    let exits = notes.exits();
    // One that had become a message is followed by that of the link that was made of the dead.
    let reasons: Vec<_> = exits.iter().map(|(_, reason)| reason.clone()).collect();
    let one = [vec![ExitReason::Killed], vec![ExitReason::NoProc]].contains(&reasons);
    let two = reasons == [ExitReason::Killed, ExitReason::NoProc];
    assert!(one || two, "{exits:?}");
    Ok(())
}

/// OTP 3.1, 3.3: links of both sides, to oneself and unlinks of strangers in any order: each end
/// tells the other once at most, and nobody hears of itself.
#[actor_test(schedules = 1000)]
async fn links_from_both_sides_are_one(t: TestKit) -> TestResult {
    let ((a, of_a), (b, of_b)) = (scribe(&t, true).await?, scribe(&t, true).await?);
    for (own, other) in [(&a, &b), (&b, &a)] {
        let (me, to) = (own.clone(), other.clone());
        own.later(job(move |cx| {
            cx.unlink(&to);
            cx.link(&me);
            cx.link(&to);
            cx.link(&to);
            cx.unlink(&me);
        }))?;
    }
    t.settle().await;
    t.kill(&a);
    t.settle().await;
    assert_eq!(of_a.all(), []);
    assert_eq!(of_b.all(), [Note::Exit(a.id(), ExitReason::Killed)]);
    Ok(())
}
