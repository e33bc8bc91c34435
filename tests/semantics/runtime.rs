//! Runtimes: several in one OS process, started and stopped often, by whoever holds them.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use actor_core::{CallFailure, ExitReason, Process, Runtime, SendError, StartError, handlers};
use futures::channel::oneshot;
use futures::executor::block_on;

use crate::kit::{PuppetRef, bounded, made, on, plain, trapper, until, up};
use crate::trees::{Diary, open};

fn runtime(workers: usize) -> Runtime {
    Runtime::builder().workers(workers).build().expect("threads")
}

/// The threads of this OS process whose names begin like this.
fn threads(name: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("linux");
    tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .filter(|comm| comm.starts_with(name))
        .count()
}

/// Invariant 8: two hundred runtimes in a row end, and leave no thread.
#[test]
fn two_hundred_runtimes_in_a_row_leave_no_thread() {
    bounded(|| {
        for turn in 0..200 {
            let workers = turn % 4 + 1;
            let rt = Runtime::builder().workers(workers).name("row").build().expect("threads");
            assert_eq!(rt.workers(), workers);
            plain(&rt).sync();
            if turn % 2 == 0 {
                rt.shutdown().expect("it ends")
            } else {
                drop(rt)
            }
            until("its threads have gone", || threads("row-") == 0);
        }
    });
}

/// Several runtimes work side by side, and call each other.
#[test]
fn runtimes_work_side_by_side_and_call_each_other() {
    bounded(|| {
        let runtimes: Vec<Runtime> = (0..6).map(|n| runtime(n % 3 + 1)).collect();
        let puppets: Vec<PuppetRef> = runtimes.iter().map(plain).collect();
        for pair in puppets.windows(2) {
            let next = pair[1].clone();
            let call = pair[0].does(move |_| next.act(Box::new(|_| ())).request());
            assert_eq!(block_on(call), Ok(()));
        }
        // In any order, each at its own time.
        for rt in runtimes.into_iter().rev() {
            rt.shutdown().expect("it ends");
        }
        for puppet in puppets {
            assert_eq!(puppet.say(1), Err(SendError::NoProc));
        }
    });
}

/// Refs that outlive their runtime answer noproc, and free it when they go.
#[test]
fn refs_that_outlive_their_runtime_are_noproc() {
    bounded(|| {
        let rt = runtime(2);
        let puppet = plain(&rt);
        let handle = rt.handle();
        let hanging = puppet.hang().no_timeout().request();
        rt.shutdown().expect("it ends");
        assert!(matches!(block_on(hanging), Err(CallFailure::Exited(ExitReason::Shutdown))));
        assert!(!puppet.is_alive());
        assert_eq!(puppet.say(1), Err(SendError::NoProc));
        assert_eq!(puppet.hang().blocking(), Err(CallFailure::NoProc));
        assert_eq!(puppet.closed().blocking(), ExitReason::Shutdown);
        assert_eq!(handle.process_count(), 0);
        assert!(matches!(handle.spawn(made(false).0), Err(StartError::ShuttingDown)));
        thread::spawn(move || drop((puppet, handle))).join().expect("no panic");
    });
}

/// A runtime with one worker does everything, one with more workers than cores too.
#[test]
fn one_worker_is_enough_and_many_are_not_too_many() {
    for workers in [1, 8, 32] {
        on(workers, |rt| {
            crate::panic::all_is_well(rt);
            let puppets: Vec<_> = (0..100).map(|_| plain(rt)).collect();
            for pair in puppets.windows(2) {
                let next = pair[1].clone();
                let call = pair[0].does(move |_| next.act(Box::new(|_| ())).request());
                assert_eq!(block_on(call), Ok(()));
            }
        });
    }
}

/// Invariant 8: a runtime that is busy with messages, timers, calls and starts ends.
#[test]
fn a_busy_runtime_ends() {
    bounded(|| {
        for workers in [1, 2, 4] {
            let rt = runtime(workers);
            let (a, b) = (plain(&rt), plain(&rt));
            let threads: Vec<_> = (0..2)
                .map(|_| {
                    let (a, b, rt) = (a.clone(), b.clone(), rt.handle());
                    thread::spawn(move || {
                        while rt.spawn(made(false).0).is_ok() {
                            let _ = (a.say(1), b.say(2));
                            let _ = a.act(Box::new(|_| ())).blocking();
                        }
                    })
                })
                .collect();
            let hanging: Vec<_> = (0..100).map(|_| b.hang().no_timeout().request()).collect();
            until("it is busy", || rt.process_count() > 200);
            let begin = Instant::now();
            rt.shutdown().expect("it ends");
            assert!(begin.elapsed() < Duration::from_secs(4), "after {:?}", begin.elapsed());
            threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
            assert!(hanging.into_iter().all(|call| block_on(call).is_err()));
        }
    });
}

/// Invariant 8: trees stop in order at a shutdown, the youngest first.
#[test]
fn trees_stop_in_order_at_a_shutdown() {
    bounded(|| {
        let rt = runtime(2);
        let diary = Diary::default();
        let _first = open(&rt, diary.lamps("ab"));
        let _second = open(&rt, diary.lamps("xy"));
        diary.read();
        rt.shutdown().expect("it ends");
        assert_eq!(diary.read(), "-y -x -b -a");
    });
}

/// A process cannot wait for its own runtime's end; dropping it there ends it in the background.
#[test]
fn a_shutdown_inside_a_process_does_not_wait_for_itself() {
    bounded(|| {
        for drops in [false, true] {
            let rt = Runtime::builder().workers(2).name("inside").build().expect("threads");
            let puppet = plain(&rt);
            let (tell, told) = channel();
            let closed = puppet.closed();
            puppet.tries(move |_| {
                let failed = if drops {
                    drop(rt);
                    true
                } else {
                    rt.shutdown().is_err()
                };
                let _ = tell.send(failed);
            });
            assert_eq!(told.recv(), Ok(true));
            closed.blocking();
            until("its threads have gone", || threads("inside") == 0);
        }
    });
}

/// A runtime can be ended from a process of another.
#[test]
fn a_runtime_can_be_ended_from_a_process_of_another() {
    bounded(|| {
        let (one, other) = (runtime(1), runtime(2));
        plain(&other).sync();
        let puppet = plain(&one);
        assert_eq!(puppet.does(move |_| other.shutdown()), Ok(()));
        one.shutdown().expect("it ends");
    });
}

/// The last ref of a runtime that has ended may be dropped anywhere, its own processes included.
#[test]
fn a_runtime_is_freed_from_anywhere() {
    bounded(|| {
        let (one, other) = (runtime(1), runtime(1));
        let (a, b) = (plain(&one), plain(&other));
        let handle = one.handle();
        one.shutdown().expect("it ends");
        b.does(move |_| drop((a, handle)));
        other.shutdown().expect("it ends");
    });
}

/// `run` gives what its body returns, stops the trees it started, and tells of its panic.
#[test]
fn a_body_is_a_process() {
    on(2, |rt| {
        assert_eq!(rt.run(async { 6 * 7 }), Ok(42));
        let diary = Diary::default();
        let spec = diary.lamps("ab");
        let outcome = rt.run(async move {
            let office = actor_core::start(crate::trees::Tree(spec)).await.expect("it starts");
            office.count_children().await.expect("it lives").active
        });
        assert_eq!(outcome, Ok(2));
        assert_eq!(diary.read(), "+a +b -b -a");
        let failed: Result<(), _> = rt.run(async { panic!("in the body") });
        assert!(failed.expect_err("it panics").is_panic("in the body"));
        // Others are left alone.
        let puppet = plain(rt);
        assert_eq!(rt.run(async {}), Ok(()));
        puppet.sync();
    });
}

/// Waiting on a thread inside a process is refused with advice, not a deadlock.
#[test]
fn to_wait_on_the_thread_inside_a_process_panics_with_advice() {
    on(1, |rt| {
        let puppet = plain(rt);
        let handle = rt.handle();
        puppet.tries(move |_| handle.block_on(async {}));
        let reason = puppet.closed().blocking();
        assert!(reason.to_string().contains(".await"), "{reason}");
        let (puppet, _) = trapper(rt);
        let dead = plain(rt);
        puppet.tries(move |_| drop(dead.closed().blocking()));
        assert!(puppet.closed().blocking().to_string().contains(".await"));
    });
}

/// A process that sits in its handler at a shutdown, waiting for something outside, is ended.
#[test]
fn a_process_that_waits_for_the_world_is_ended() {
    #[derive(Process)]
    struct Waits;
    #[handlers]
    impl Waits {
        #[call]
        async fn wait(&mut self, gate: oneshot::Receiver<()>) -> bool {
            gate.await.is_ok()
        }
        #[terminate]
        async fn terminate(&mut self) {}
    }
    bounded(|| {
        let rt = runtime(2);
        let waits = up(&rt, Waits);
        let (open, gate) = oneshot::channel();
        let call = waits.wait(gate).no_timeout().request();
        until("it waits", || waits.mailbox_len() == 0);
        let ends = thread::spawn(move || rt.shutdown());
        assert!(matches!(block_on(call), Err(CallFailure::Exited(_))));
        assert_eq!(ends.join().expect("no panic"), Ok(()));
        assert!(open.send(()).is_err(), "the handler was dropped");
    });
}

/// A handler that wakes itself while it is polled gives way, also on the only worker.
#[test]
fn a_handler_that_wakes_itself_lets_others_run() {
    #[derive(Process)]
    struct Restless(Arc<AtomicBool>);
    #[handlers]
    impl Restless {
        #[call]
        async fn wait(&mut self) {
            let told = Arc::clone(&self.0);
            poll_fn(move |cx| {
                cx.waker().wake_by_ref();
                if told.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
    }
    on(1, |rt| {
        let told = Arc::new(AtomicBool::new(false));
        let wait = up(rt, Restless(Arc::clone(&told))).wait().request();
        plain(rt).does(move |_| told.store(true, Ordering::Relaxed));
        assert_eq!(block_on(wait), Ok(()));
    });
}
