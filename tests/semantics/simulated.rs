//! Promises about order, under every schedule that the simulation tries.

use actor_core::{ExitReason, Pid};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::kit::{Ear, Heard, PuppetRef, job, made};
use crate::trees::{Diary, Tree, boom, lamp};

/// A puppet under simulation.
async fn puppet(t: &TestKit, traps: bool) -> Result<(PuppetRef, Ear), actor_testkit::TestError> {
    let (puppet, ear) = made(traps);
    Ok((t.start(puppet).await?, ear))
}

fn id(puppet: &PuppetRef) -> Pid {
    puppet.id()
}

/// 3.5: however unlinks and links of both sides cross, a later link works in both directions.
#[actor_test(schedules = 1000)]
async fn a_link_made_after_crossing_unlinks_works(t: TestKit) -> TestResult {
    let ((a, heard_a), (b, heard_b)) = (puppet(&t, true).await?, puppet(&t, true).await?);
    let (to_a, to_b) = (a.clone(), b.clone());
    a.act(job(move |cx| cx.link(&to_b))).await?;
    let to_b = b.clone();
    a.later(job(move |cx| {
        cx.unlink(&to_b);
        cx.link(&to_b);
    }))?;
    b.later(job(move |cx| cx.unlink(&to_a)))?;
    t.settle().await;
    let first = t.choose(&[true, false]);
    let (from, to) = if first { (&a, &b) } else { (&b, &a) };
    let target = to.clone();
    from.act(job(move |cx| cx.link(&target))).await?;
    t.settle().await;
    let dies = t.choose(&[true, false]);
    let dead = if dies { &a } else { &b };
    t.kill(dead);
    t.settle().await;
    let heard = if dies { heard_b.so_far() } else { heard_a.so_far() };
    assert_eq!(heard, [Heard::Exit(id(dead), ExitReason::Killed)]);
    Ok(())
}

/// 3.1: linked from both sides at once and unlinked from one, then linked again: one link.
#[actor_test(schedules = 1000)]
async fn crossing_links_are_one_link(t: TestKit) -> TestResult {
    let ((a, heard), (b, _)) = (puppet(&t, true).await?, puppet(&t, true).await?);
    let (to_a, to_b) = (a.clone(), b.clone());
    a.later(job(move |cx| {
        cx.link(&to_b);
        cx.unlink(&to_b);
        cx.link(&to_b);
    }))?;
    b.later(job(move |cx| cx.link(&to_a)))?;
    t.settle().await;
    t.kill(&b);
    t.settle().await;
    assert_eq!(heard.so_far(), [Heard::Exit(id(&b), ExitReason::Killed)]);
    Ok(())
}

/// 6.1, 6.3: messages, the EXIT and the DOWN of one sender come in the order sent.
#[actor_test(schedules = 1000)]
async fn what_one_sends_before_its_end_comes_before_its_end(t: TestKit) -> TestResult {
    let ((a, heard), (b, _)) = (puppet(&t, true).await?, puppet(&t, false).await?);
    let (to_a, to_b) = (a.clone(), b.clone());
    a.act(job(move |cx| {
        cx.link(&to_b);
        cx.monitor(&to_b);
    }))
    .await?;
    b.later(job(move |cx| {
        (0..3).for_each(|word| to_a.say(word).expect("room"));
        cx.stop(ExitReason::other("x"));
    }))?;
    t.settle().await;
    let heard = heard.so_far();
    assert_eq!(heard[..3], [Heard::Word(0), Heard::Word(1), Heard::Word(2)]);
    assert_eq!(heard.len(), 5);
    Ok(())
}

/// 6.2: of "message, exit signal, message" the second message is never seen.
#[actor_test(schedules = 1000)]
async fn nothing_is_seen_after_a_fatal_signal(t: TestKit) -> TestResult {
    let ((a, heard), (b, _)) = (puppet(&t, false).await?, puppet(&t, false).await?);
    let to_a = a.clone();
    b.later(job(move |cx| {
        let _ = to_a.say(1);
        cx.exit(&to_a, ExitReason::other("x"));
        let _ = to_a.say(2);
    }))?;
    assert_eq!(a.closed().await, ExitReason::other("x"));
    t.settle().await;
    assert!(!heard.so_far().contains(&Heard::Word(2)));
    Ok(())
}

/// 4.1: however a monitor, a demonitor and the end race, there is at most one DOWN, and none after
/// a demonitor that came in time.
#[actor_test(schedules = 1000)]
async fn a_monitor_that_races_brings_at_most_one_down(t: TestKit) -> TestResult {
    let ((a, heard), (b, _)) = (puppet(&t, false).await?, puppet(&t, false).await?);
    let to_b = b.clone();
    let removes = t.choose(&[true, false]);
    a.later(job(move |cx| {
        let set = cx.monitor(&to_b);
        if removes {
            cx.demonitor(set);
        }
    }))?;
    t.kill(&b);
    t.settle().await;
    assert_eq!(heard.so_far().len(), usize::from(!removes));
    Ok(())
}

/// 10.4: a call that races with the end of who is called is answered or failed.
#[actor_test(schedules = 1000)]
async fn a_call_that_races_with_death_ends(t: TestKit) -> TestResult {
    let ((a, _), (b, _)) = (puppet(&t, false).await?, puppet(&t, false).await?);
    let to_b = b.clone();
    a.later(job(move |cx| cx.exit(&to_b, ExitReason::other("x"))))?;
    let outcome = b.act(job(|_| ())).no_timeout().await;
    use actor_core::CallFailure::{Exited, NoProc};
    let allowed = [Ok(()), Err(NoProc), Err(Exited(ExitReason::other("x")))];
    assert!(allowed.contains(&outcome), "{outcome:?}");
    Ok(())
}

/// Casts to a supervised ref arrive at most once and in order, whatever is restarted meanwhile; the
/// last incarnation answers.
#[actor_test(schedules = 1000)]
async fn casts_through_restarts_stay_in_order(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let office = t.start(Tree(diary.lamps("a").intensity(5))).await?;
    let a = lamp(&office, "a");
    for word in 0..6 {
        if word % 2 == 1 {
            a.end(boom())?;
        }
        a.say(word)?;
    }
    // A call is its incarnation's, and ends with it; the last one answers.
    while let Err(failure) = a.who().no_timeout().await {
        assert!(matches!(failure, actor_core::CallFailure::Exited(_)), "{failure}");
    }
    t.settle().await;
    let all = diary.all();
    let words: Vec<u64> = all.split(' ').filter_map(|word| word.parse().ok()).collect();
    assert!(words.windows(2).all(|pair| pair[0] < pair[1]), "{all}");
    Ok(())
}
