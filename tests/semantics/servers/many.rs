//! Theme 10: several calls at once.

use std::time::Duration;

use actor_core::{
    CallFailure, Context, ExitReason, MultiReply, Process, Reply, RequestSet, handlers, multi_call,
};
use actor_testkit::{TestKit, TestResult, actor_test};
use futures::executor::block_on;

use crate::kit::{on, up};

const LIMIT: Duration = Duration::from_secs(1);

/// Answers at once, later or never.
#[derive(Process, Default)]
struct Desk {
    kept: Vec<Reply<u32>>,
    late: bool,
}

#[handlers]
impl Desk {
    #[call]
    fn ask(&mut self, reply: Reply<u32>) {
        match self.late {
            true => self.kept.push(reply),
            false => reply.send(1),
        }
    }
    #[cast]
    fn answer(&mut self, with: u32) {
        self.kept.drain(..).for_each(|reply| reply.send(with));
    }
    #[call]
    fn double(&self, of: u32) -> u32 {
        2 * of
    }
    /// Asks all of them, and itself.
    #[call]
    async fn ask_all(
        &mut self,
        cx: &mut Context<Self>,
        desks: Vec<DeskRef>,
    ) -> MultiReply<usize, u32> {
        let own = (desks.len(), cx.me().ask());
        let calls = desks.iter().enumerate().map(|(at, desk)| (at, desk.ask()));
        multi_call(calls.chain([own]), LIMIT).await
    }
}

fn desk(late: bool) -> Desk {
    Desk { late, ..Desk::default() }
}

/// 10.25: one call to many, with one deadline: each is among the replies or among those that
/// failed, with why: dead, dying, hung, or the caller itself. Late replies go nowhere.
#[actor_test(schedules = 1000)]
async fn one_call_to_many_tells_who_answered_and_why_others_did_not(t: TestKit) -> TestResult {
    let (caller, good, hung) =
        (t.start(desk(false)).await?, t.start(desk(false)).await?, t.start(desk(true)).await?);
    let (dead, dying) = (t.start(desk(false)).await?, t.start(desk(true)).await?);
    t.kill(&dead);
    t.settle().await;
    let begin = t.now();
    let desks = vec![good.clone(), dead, hung.clone(), dying.clone()];
    let asked = caller.ask_all(desks).request();
    t.settle().await;
    t.kill(&dying);
    let all = asked.await?;
    assert_eq!(t.now() - begin, LIMIT, "the time of the slowest, and of no more");
    assert_eq!(all.replies, [(0, 1)]);
    let failed = [
        (1, CallFailure::NoProc),
        (2, CallFailure::Timeout(LIMIT)),
        (3, CallFailure::Exited(ExitReason::Killed)),
        (4, CallFailure::CallingSelf),
    ];
    assert_eq!(all.failed, failed);
    hung.answer(9)?;
    assert_eq!(caller.double(4).await?, 8, "no late reply is taken for another");
    Ok(())
}

/// 10.25: with all there, all answer, in the order in which they were asked.
#[test]
fn one_call_to_many_keeps_their_order() {
    on(2, |rt| {
        let desks: Vec<_> = (0..200).map(|_| up(rt, desk(false))).collect();
        let calls = (0..).zip(&desks).map(|(n, desk)| (n, desk.double(n)));
        let all = block_on(multi_call(calls, Duration::from_secs(60)));
        assert_eq!(all.failed, []);
        assert_eq!(all.replies, (0..200).map(|n| (n, 2 * n)).collect::<Vec<_>>());
        assert_eq!(rt.timer_count(), 0);
    });
}

/// 10.26: requests of a set are collected in the order in which they end, each with its label.
#[actor_test(schedules = 1000)]
async fn a_set_gives_its_requests_in_the_order_in_which_they_end(t: TestKit) -> TestResult {
    let mut set = RequestSet::new();
    let mut desks = Vec::new();
    for label in ["a", "b", "c"] {
        let desk = t.start(desk(true)).await?;
        set.add(label, desk.ask().no_timeout().request());
        desks.push(desk);
    }
    let first = t.choose(&[0, 1, 2]);
    let order = [first, (first + 1) % 3, (first + 2) % 3];
    t.settle().await;
    for (at, with) in order.into_iter().zip(0..) {
        assert_eq!(set.check_response(), None);
        desks[at].answer(with)?;
        assert_eq!(set.receive_response().await, Some((["a", "b", "c"][at], Ok(with))));
    }
    assert!(set.is_empty());
    assert_eq!(set.receive_response().await, None);
    Ok(())
}

/// 10.26: none is lost or given twice, whoever answers, dies or is late, and however the answers
/// race.
#[actor_test(schedules = 1000)]
async fn a_set_gives_each_request_once(t: TestKit) -> TestResult {
    let (good, late, dying) =
        (t.start(desk(false)).await?, t.start(desk(true)).await?, t.start(desk(true)).await?);
    let mut set = RequestSet::new();
    set.add(0, late.ask().timeout(LIMIT).request());
    set.add(1, dying.ask().request());
    set.extend((2..6).map(|label| (label, good.ask().request())));
    t.kill(&dying);
    let mut collected = Vec::new();
    while let Some(response) = set.receive_response().await {
        collected.push(response);
    }
    collected.sort_by_key(|(label, _)| *label);
    let dead = collected.remove(1);
    let allowed = [CallFailure::NoProc, CallFailure::Exited(ExitReason::Killed)];
    assert!(dead.1.as_ref().is_err_and(|why| allowed.contains(why)), "{dead:?}");
    let rest: Vec<_> = collected.iter().map(|(label, result)| (*label, result.clone())).collect();
    let timeout = Err(CallFailure::Timeout(LIMIT));
    assert_eq!(rest, [(0, timeout), (2, Ok(1)), (3, Ok(1)), (4, Ok(1)), (5, Ok(1))]);
    Ok(())
}

/// 10.26: a wait that is given up loses nothing; what is abandoned leaves no deadline behind, and
/// its reply goes nowhere.
#[test]
fn what_is_abandoned_leaves_nothing() {
    on(2, |rt| {
        let late = up(rt, desk(true));
        let mut set: RequestSet<_, _> =
            (0..100).map(|label| (label, late.ask().request())).collect();
        assert_eq!(late.double(1).blocking(), Ok(2));
        assert_eq!(rt.timer_count(), 100);
        let mut wait = Box::pin(set.receive_response());
        let mut task = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(wait.as_mut().poll(&mut task).is_pending());
        drop(wait);
        set.retain(|label| label % 2 == 0);
        assert_eq!((set.len(), set.labels().count(), rt.timer_count()), (50, 50, 50));
        late.answer(7).expect("room");
        let mut labels: Vec<_> = (0..50)
            .map(|_| block_on(set.receive_response()).expect("there are more"))
            .inspect(|(_, reply)| assert_eq!(*reply, Ok(7)))
            .map(|(label, _)| label)
            .collect();
        labels.sort_unstable();
        assert_eq!(labels, (0..100).step_by(2).collect::<Vec<_>>());
        // The places of those that are gone are used again.
        set.add(1, late.ask().request());
        set.add(2, late.ask().request());
        drop(set);
        assert_eq!(late.double(1).blocking(), Ok(2));
        assert_eq!(rt.timer_count(), 0);
    });
}
