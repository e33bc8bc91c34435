//! Workers: how many run, and on which threads.

use std::collections::HashSet;
use std::sync::{Arc, Barrier};
use std::thread::{self, ThreadId};
use std::time::Duration;

use actor_core::{Context, Process, Runtime, WorkersOnlineError, handlers};

use futures::executor::block_on;

use crate::kit::bounded;

#[derive(Process)]
struct Somebody;

#[handlers]
impl Somebody {
    #[call]
    fn place(&self) -> ThreadId {
        thread::current().id()
    }
    #[call]
    fn meet(&self, others: Arc<Barrier>) {
        others.wait();
    }
    #[call]
    async fn nap(&self, cx: &mut Context<Self>) {
        cx.sleep(Duration::from_millis(1)).await;
    }
}

/// Turns stay on the workers' own threads.
fn runtime(workers: usize) -> Runtime {
    Runtime::builder().workers(workers).rescue_threads(0).build().expect("threads")
}

fn crowd(rt: &Runtime) -> Vec<SomebodyRef> {
    (0..32).map(|_| rt.spawn(Somebody).expect("there is room")).collect()
}

/// Where each has answered one call.
fn places(crowd: &[SomebodyRef]) -> Vec<ThreadId> {
    let asked: Vec<_> = crowd.iter().map(|one| one.place().request()).collect();
    asked.into_iter().map(|place| block_on(place).expect("it answers")).collect()
}

#[test]
fn with_one_worker_online_all_processes_run_on_one_thread() {
    bounded(|| {
        let rt = runtime(4);
        let crowd = crowd(&rt);
        assert_eq!(rt.set_workers_online(1), Ok(4));
        let turns: Vec<ThreadId> = (0..50).flat_map(|_| places(&crowd)).collect();
        let mut counts = std::collections::HashMap::new();
        turns.iter().for_each(|place| *counts.entry(*place).or_insert(0) += 1);
        let most = counts.values().max().expect("there were turns");
        // Each of the others may have had one more turn before it looked.
        assert!(turns.len() - most < rt.workers(), "{counts:?}");
        rt.shutdown().expect("everything ends");
    });
}

#[test]
fn workers_that_are_back_online_run_processes_at_the_same_time() {
    bounded(|| {
        let rt = runtime(4);
        let crowd = crowd(&rt);
        for online in [1, 3, 2, 4] {
            rt.set_workers_online(online).expect("so many there are");
            assert_eq!((rt.workers_online(), rt.workers()), (online, 4));
            // All of them at once, each in a handler that waits for the others.
            let barrier = Arc::new(Barrier::new(online));
            let meet = |one: &SomebodyRef| one.meet(barrier.clone()).request();
            let met: Vec<_> = crowd.iter().take(online).map(meet).collect();
            met.into_iter().for_each(|met| block_on(met).expect("they met"));
            let seen: HashSet<_> = places(&crowd).into_iter().collect();
            assert!(!seen.is_empty());
        }
        rt.shutdown().expect("everything ends");
    });
}

#[test]
fn timers_go_on_when_the_worker_that_kept_time_goes_offline() {
    bounded(|| {
        let rt = runtime(3);
        let crowd = crowd(&rt);
        for round in 0..60 {
            let naps: Vec<_> = crowd.iter().map(|one| one.nap().request()).collect();
            rt.set_workers_online(1 + round % 3).expect("so many there are");
            naps.into_iter().for_each(|nap| block_on(nap).expect("it wakes"));
        }
        rt.shutdown().expect("everything ends");
    });
}

#[test]
fn no_workers_or_more_than_there_are_cannot_be_online() {
    let rt = runtime(2);
    for asked in [0, 3] {
        let refused = WorkersOnlineError { asked, all: 2 };
        assert_eq!(rt.set_workers_online(asked), Err(refused));
    }
    assert_eq!(rt.workers_online(), 2);
}
