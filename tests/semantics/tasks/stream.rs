//! Streams of tasks (OTP 15.7). What is left running at the end of a test fails it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actor_core::{
    FnProcess, Inbox, Item,
    prelude::*,
    sleep,
    task::{TaskError, async_stream},
};
use actor_testkit::{TestKit, TestResult, actor_test};
use futures::StreamExt;

use crate::both::both;
use crate::kit::{MOMENT, Word, on};

const SECOND: Duration = Duration::from_secs(1);

/// Counts who is at work, and the most there ever were.
#[derive(Clone, Default)]
struct Workshop(Arc<[AtomicUsize; 2]>);

impl Workshop {
    async fn work(self, nap: Duration) -> Duration {
        let [now, most] = &*self.0;
        let here = now.fetch_add(1, Ordering::Relaxed) + 1;
        most.fetch_max(here, Ordering::Relaxed);
        sleep(nap).await;
        now.fetch_sub(1, Ordering::Relaxed);
        nap
    }

    fn most(&self) -> usize {
        self.0[1].load(Ordering::Relaxed)
    }
}

fn naps() -> [Duration; 6] {
    [3, 1, 4, 1, 5, 2].map(Duration::from_secs)
}

/// OTP 15.7: results in the order of the items, and never more tasks than it says.
#[actor_test(schedules = 1000)]
async fn an_ordered_stream_keeps_the_order_and_the_bound(t: TestKit) -> TestResult {
    let most = t.choose(&[1, 2, 3, 10]);
    let workshop = Workshop::default();
    let its = workshop.clone();
    let mut stream =
        async_stream(naps(), |nap| its.clone().work(nap)).max_concurrency(most).timeout(None);
    let mut results = Vec::new();
    while let Some(result) = stream.next().await {
        results.push(result?);
    }
    assert_eq!(results, naps());
    assert_eq!(workshop.most(), most.min(6));
    assert_eq!(stream.next().await, None);
    Ok(())
}

/// OTP 15.7: on real threads, too.
#[test]
fn on_real_threads_a_stream_keeps_the_order_and_the_bound() {
    on(2, |rt| {
        for most in [1, 2, 3, 10] {
            let (workshop, items) = (Workshop::default(), 0..40_u64);
            let its = workshop.clone();
            let work = move |n| {
                let its = its.clone();
                async move {
                    its.work(Duration::from_micros(n * 7 % 5)).await;
                    n
                }
            };
            let stream = async_stream(items.clone(), work).max_concurrency(most).timeout(None);
            let results = rt.run(stream.collect::<Vec<_>>()).expect("main ends in order");
            assert_eq!(results, items.map(Ok).collect::<Vec<_>>());
            assert!((1..=most).contains(&workshop.most()), "{} of {most}", workshop.most());
        }
    });
}

/// OTP 15.7: or as they come.
#[actor_test(schedules = 1000)]
async fn an_unordered_stream_gives_results_as_they_come(t: TestKit) -> TestResult {
    let workshop = Workshop::default();
    let its = workshop.clone();
    let begin = t.now();
    let stream = async_stream(naps(), |nap| its.clone().work(nap)).timeout(None);
    let stream = stream.unordered().max_concurrency(2);
    let results: Vec<_> = stream.map(|result| result.map(|nap| nap.as_secs())).collect().await;
    // At 1, 3, 4, 5, 7 (4 has 3 to go when 2 begins at 5) and 9 s.
    assert_eq!(results, [1, 3, 1, 4, 2, 5].map(Ok));
    assert_eq!(t.now() - begin, 9 * SECOND);
    assert_eq!(workshop.most(), 2);
    Ok(())
}

/// OTP 15.7: nothing runs ahead of who reads.
#[actor_test(schedules = 1000)]
async fn a_stream_takes_items_as_it_is_read(t: TestKit) -> TestResult {
    let taken = Arc::new(AtomicUsize::new(0));
    let takes = taken.clone();
    let items = (0..100).inspect(move |_| _ = takes.fetch_add(1, Ordering::Relaxed));
    let mut stream = async_stream(items, async |n| n).max_concurrency(3);
    assert_eq!(taken.load(Ordering::Relaxed), 0);
    for read in 1..=10 {
        assert_eq!(stream.next().await, Some(Ok(read - 1)));
        t.settle().await;
        let ahead = taken.load(Ordering::Relaxed);
        assert!(ahead <= usize::try_from(read)? + 2, "{ahead} items for {read} results");
    }
    // What still runs is ended with the stream.
    drop(stream);
    t.settle().await;
    assert!(t.processes().iter().all(|process| process.name != "Task"));
    Ok(())
}

/// OTP 15.7: an item that takes too long is the end of the stream, and of all its tasks.
#[actor_test(schedules = 1000)]
async fn an_item_that_takes_too_long_ends_the_stream(t: TestKit) -> TestResult {
    let begin = t.now();
    let mut stream =
        async_stream([1, 9, 2, 9], |seconds| sleep(seconds * SECOND)).timeout(3 * SECOND);
    assert_eq!(stream.next().await, Some(Ok(())));
    assert_eq!(stream.next().await, Some(Err(TaskError::Timeout(3 * SECOND))));
    assert_eq!(stream.next().await, None);
    assert_eq!(t.now() - begin, 3 * SECOND);
    t.settle().await;
    assert!(t.processes().iter().all(|process| process.name != "Task"));
    Ok(())
}

/// OTP 15.7: on real threads, too. Who does nothing may take as long as the machine likes: then the
/// next time is longer.
#[test]
fn on_real_threads_with_kill_task_the_stream_goes_on() {
    on(2, |rt| {
        let goes_on = |time| {
            let work = |hangs| async move {
                if hangs {
                    std::future::pending::<()>().await;
                }
            };
            let stream = async_stream([false, true, false], work).timeout(time).kill_task();
            let results = rt.run(stream.max_concurrency(2).collect::<Vec<_>>());
            let results = results.expect("main ends in order");
            assert_eq!((results.len(), &results[1]), (3, &Err(TaskError::Timeout(time))));
            results[0].is_ok() && results[2].is_ok()
        };
        assert!([50, 500, 5_000, 20_000].map(Duration::from_millis).into_iter().any(goes_on));
    });
}

/// OTP 15.7: or of its task alone.
#[actor_test(schedules = 1000)]
async fn with_kill_task_the_stream_goes_on(t: TestKit) -> TestResult {
    let work = |seconds| async move {
        sleep(seconds * SECOND).await;
        seconds
    };
    let stream = async_stream([1, 9, 2], work).timeout(3 * SECOND).kill_task();
    let results: Vec<_> = stream.max_concurrency(2).collect().await;
    assert_eq!(results, [Ok(1), Err(TaskError::Timeout(3 * SECOND)), Ok(2)]);
    t.settle().await;
    assert!(t.processes().iter().all(|process| process.name != "Task"));
    Ok(())
}

both! {
    /// OTP 15.7: nothing is left of it in the owner's mailbox but the exits that it traps.
    async fn a_stream_leaves_no_message_behind(t) {
        let owner = FnProcess::<Word>::new(async |mut inbox: Inbox<Word>| {
            inbox.trap_exit(true);
            let work = |n: u32| async move {
                assert!(n != 2, "two");
                n
            };
            let stream = async_stream(0..4, work).max_concurrency(2);
            let results: Vec<_> = stream.collect().await;
            assert_eq!((&results[0], &results[1], &results[3]), (&Ok(0), &Ok(1), &Ok(3)));
            let Err(TaskError::Exited(reason)) = &results[2] else { panic!("{results:?}") };
            assert!(reason.is_panic("two"));
            let mut exits = 0;
            while let Some(item) = inbox.receive_any().after(MOMENT).await {
                assert!(matches!(item, Item::Exit { .. }));
                exits += 1;
            }
            assert_eq!(exits, 4);
        });
        assert_eq!(t.start(owner).await?.closed().await, ExitReason::Normal);
        Ok(())
    }
}

/// A stream whose owner is killed ends with all its tasks.
#[actor_test(schedules = 1000)]
async fn the_end_of_the_owner_is_the_end_of_the_stream(t: TestKit) -> TestResult {
    let linked = t.choose(&[true, false]);
    let owner = FnProcess::<Word>::new(async move |_| {
        let mut stream = async_stream(0..10, |_| std::future::pending::<()>()).timeout(None);
        if !linked {
            stream = stream.nolink();
        }
        stream.next().await;
    });
    let owner = t.start(owner).await?;
    t.settle().await;
    t.kill(&owner);
    t.settle().await;
    assert!(t.processes().iter().all(|process| process.name != "Task"));
    Ok(())
}

/// On real threads: many items, and all of them once.
#[test]
fn a_stream_of_many_items_gives_each_once() {
    on(2, |rt| {
        let sum = rt.run(async {
            let mut stream = async_stream(0..2_000_u64, |n| async move { n }).unordered();
            let mut sum = 0;
            while let Some(result) = stream.next().await {
                sum += result.expect("it has a result");
            }
            sum
        });
        assert_eq!(sum, Ok(1_999_000));
    });
}
