//! Other executors and plain threads: refs work from anywhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use actor_core::{CallFailure, ExitReason, Process, handlers};
use futures::channel::oneshot;
use futures::executor::block_on;

use crate::kit::{on, up};

/// Adds, waits and answers.
#[derive(Process, Default)]
struct Adder {
    sum: u64,
}

#[handlers]
impl Adder {
    #[call]
    fn add(&mut self, by: u64) -> u64 {
        self.sum += by;
        self.sum
    }
    #[call]
    async fn wait_for(&mut self, word: oneshot::Receiver<u64>) -> Option<u64> {
        word.await.ok()
    }
    #[call]
    async fn await_tokio(&mut self, word: tokio::sync::oneshot::Receiver<u64>) -> Option<u64> {
        word.await.ok()
    }
}

fn tokio_runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().expect("it")
}

/// Calls work in tokio's tasks, many at once.
#[test]
fn calls_work_in_tokio_tasks() {
    on(2, |rt| {
        let adder = up(rt, Adder::default());
        tokio_runtime().block_on(async {
            let tasks: Vec<_> = (0..200)
                .map(|_| {
                    let adder = adder.clone();
                    tokio::spawn(async move {
                        for _ in 0..10 {
                            adder.add(1).await.expect("it answers");
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("no panic");
            }
        });
        assert_eq!(adder.add(0).blocking(), Ok(2_000));
    });
}

/// A deadline is kept in tokio's tasks, and a call can be raced with tokio's own timer.
#[test]
fn deadlines_work_in_tokio_tasks() {
    on(2, |rt| {
        let adder = up(rt, Adder::default());
        let (_open, word) = oneshot::channel();
        let limit = Duration::from_millis(20);
        tokio_runtime().block_on(async {
            let begin = Instant::now();
            let late = adder.wait_for(word).timeout(limit).await;
            assert_eq!(late, Err(CallFailure::Timeout(limit)));
            assert!(begin.elapsed() >= limit);
            let raced = tokio::time::timeout(limit, adder.add(1).no_timeout()).await;
            assert!(raced.is_err(), "the handler still waits");
        });
        adder.kill();
        adder.closed().blocking();
        assert_eq!(rt.timer_count(), 0);
    });
}

/// Calls work under another executor and on plain threads at the same time.
#[test]
fn calls_work_under_any_executor_and_on_threads() {
    on(2, |rt| {
        let adder = up(rt, Adder::default());
        let threads: Vec<_> = (0..6)
            .map(|n| {
                let adder = adder.clone();
                thread::spawn(move || {
                    for _ in 0..500 {
                        let sum = if n % 2 == 0 {
                            block_on(adder.add(1))
                        } else {
                            adder.add(1).blocking()
                        };
                        sum.expect("it answers");
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        assert_eq!(adder.add(0).blocking(), Ok(3_000));
    });
}

/// A handler may wait for what another thread or executor will do.
#[test]
fn a_handler_may_wait_for_another_executor() {
    on(2, |rt| {
        let tokio = tokio_runtime();
        let adder = up(rt, Adder::default());
        for n in 0..500 {
            let (tell, word) = tokio::sync::oneshot::channel();
            let call = adder.await_tokio(word).request();
            tokio.spawn(async move { tell.send(n) });
            assert_eq!(block_on(call), Ok(Some(n)));
        }
    });
}

/// A call that is polled by one task and then by another wakes the one that polled it last.
#[test]
fn a_request_may_move_from_task_to_task() {
    on(2, |rt| {
        let adder = up(rt, Adder::default());
        let (tell, word) = oneshot::channel();
        let mut request = adder.wait_for(word).request();
        let mut task = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(std::pin::Pin::new(&mut request).poll(&mut task).is_pending());
        let waits = thread::spawn(move || block_on(request));
        tell.send(5).expect("it waits");
        assert_eq!(waits.join().expect("no panic"), Ok(Some(5)));
    });
}

/// A waker that is used late, often and from many threads wakes nobody wrongly, and nobody twice.
#[test]
fn a_late_waker_harms_nobody() {
    struct Wakers(Arc<std::sync::Mutex<Vec<std::task::Waker>>>, Arc<AtomicU64>);
    impl Future for Wakers {
        type Output = ();
        fn poll(
            self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<()> {
            self.0.lock().expect("no panic").push(cx.waker().clone());
            match self.1.fetch_add(1, Ordering::Relaxed) {
                3 => std::task::Poll::Ready(()),
                _ => std::task::Poll::Pending,
            }
        }
    }
    #[derive(Process)]
    struct Sleeper;
    #[handlers]
    impl Sleeper {
        #[call]
        async fn sleep(&mut self, wakers: Wakers) {
            wakers.await;
        }
    }
    on(2, |rt| {
        let (wakers, polls) = (Arc::default(), Arc::new(AtomicU64::new(0)));
        let sleeper = up(rt, Sleeper);
        let call = sleeper.sleep(Wakers(Arc::clone(&wakers), polls.clone())).request();
        let waker = |n: usize| {
            crate::kit::until("it was polled", || wakers.lock().expect("no panic").len() > n);
            wakers.lock().expect("no panic")[n].clone()
        };
        (0..3).for_each(|n| waker(n).wake());
        assert_eq!(block_on(call), Ok(()));
        assert_eq!(polls.load(Ordering::Relaxed), 4);
        let late = waker(0);
        late.wake_by_ref();
        sleeper.kill();
        assert_eq!(sleeper.closed().blocking(), ExitReason::Killed);
        late.wake();
        wakers.lock().expect("no panic").drain(..).for_each(std::task::Waker::wake);
    });
}
