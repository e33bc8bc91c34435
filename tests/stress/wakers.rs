//! Lost wake-ups: handlers wait for what foreign threads do, while messages, kills and timers come
//! in between. Everything must finish.

use std::pin::Pin;
use std::sync::mpsc::channel;
use std::task::{Context as TaskContext, Poll};
use std::thread;
use std::time::Duration;

use actor_core::{CallFailure, Context, ExitReason, Process, handlers};
use futures::channel::oneshot;

use crate::kit::{Dice, on_all, until};

/// Gives way to the others once.
pub(crate) fn yield_now() -> impl Future<Output = ()> {
    struct Yield(bool);
    impl Future for Yield {
        type Output = ();
        fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
            if std::mem::replace(&mut self.0, true) {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    }
    Yield(false)
}

/// Waits in its handlers.
#[derive(Process, Default)]
struct Waiter {
    noise: u64,
}

#[handlers]
impl Waiter {
    #[call]
    async fn wait(&mut self, word: oneshot::Receiver<u64>) -> Option<u64> {
        word.await.ok()
    }
    #[call]
    async fn wait_twice(
        &mut self,
        cx: &mut Context<Self>,
        word: oneshot::Receiver<u64>,
    ) -> Option<u64> {
        let soon = Duration::from_micros(word_of(&word) % 50);
        cx.sleep(soon).await;
        word.await.ok()
    }
    #[call]
    async fn ask(&mut self, other: WaiterRef, word: oneshot::Receiver<u64>) -> Option<u64> {
        other.wait(word).no_timeout().await.ok().flatten()
    }
    #[cast]
    fn make_noise(&mut self) {
        self.noise += 1;
    }
}

/// Some number that differs from word to word.
fn word_of<T>(word: &T) -> u64 {
    std::ptr::from_ref(word).addr() as u64 >> 4
}

#[test]
fn a_handler_that_waits_for_a_foreign_thread_always_goes_on() {
    on_all(|rt, time| {
        let (tell, words) = channel::<(oneshot::Sender<u64>, u64)>();
        let words = std::sync::Arc::new(std::sync::Mutex::new(words));
        let wakers: Vec<_> = (0..3)
            .map(|_| {
                let words = words.clone();
                thread::spawn(move || {
                    loop {
                        let next = words.lock().expect("no panic").recv();
                        let Ok((word, n)) = next else { return };
                        // Whoever waits may have been killed.
                        let _ = word.send(n);
                    }
                })
            })
            .collect();
        let mut dice = Dice::new(3);
        while time.goes_on() {
            let waiters: Vec<WaiterRef> =
                (0..6).map(|_| rt.spawn(Waiter::default()).expect("room")).collect();
            let calls: Vec<_> = (0..60)
                .map(|n| {
                    let at = dice.roll(6) as usize;
                    let (sender, word) = oneshot::channel();
                    let call = match dice.roll(3) {
                        0 => waiters[at].wait(word),
                        1 => waiters[at].wait_twice(word),
                        // Upwards alone, so that nobody waits in a circle.
                        _ if at < 5 => waiters[at].ask(waiters[at + 1].clone(), word),
                        _ => waiters[at].wait(word),
                    };
                    let call = call.no_timeout().request();
                    tell.send((sender, n)).expect("they listen");
                    if dice.roll(3) == 0 {
                        let _ = waiters[dice.roll(6) as usize].make_noise();
                    }
                    (n, call)
                })
                .collect();
            let shot = dice.roll(3) == 0;
            if shot {
                waiters[dice.roll(6) as usize].kill();
            }
            for (n, call) in calls {
                match rt.block_on(call) {
                    Ok(Some(answer)) => assert_eq!(answer, n),
                    Ok(None) | Err(CallFailure::NoProc) => assert!(shot),
                    Err(CallFailure::Exited(ExitReason::Killed)) => assert!(shot),
                    Err(other) => panic!("{other}"),
                }
            }
            waiters.iter().for_each(|waiter| waiter.kill());
        }
        drop(tell);
        wakers.into_iter().for_each(|waker| waker.join().expect("no panic"));
        until("all are dead", || rt.process_count() == 0);
        until("no timer is left", || rt.timer_count() == 0);
    });
}

/// Timers, cancelled and fired, from many processes at once.
#[derive(Process, Default)]
struct Sleeper {
    rung: u64,
}

#[handlers]
impl Sleeper {
    #[call]
    async fn sleep_often(&mut self, cx: &mut Context<Self>, seed: u64) -> u64 {
        let mut dice = Dice::new(seed);
        let mut early = 0;
        for _ in 0..20 {
            let delay = Duration::from_micros(dice.roll(300));
            let begin = std::time::Instant::now();
            let limit = Duration::from_micros(dice.roll(300));
            let outcome = cx.timeout(limit, cx.sleep(delay)).await;
            early += u64::from(begin.elapsed() < outcome.map_or(limit, |()| delay));
            let timer = cx.send_after(delay, SleeperMessage::Ring);
            if dice.roll(2) == 0 {
                timer.cancel();
            }
        }
        early
    }
    #[cast]
    fn ring(&mut self) {
        self.rung += 1;
    }
}

#[test]
fn sleeps_and_timers_of_many_processes_all_end_and_are_never_early() {
    on_all(|rt, time| {
        let mut seed = 0;
        while time.goes_on() {
            let sleepers: Vec<SleeperRef> =
                (0..50).map(|_| rt.spawn(Sleeper::default()).expect("room")).collect();
            let calls: Vec<_> = sleepers
                .iter()
                .map(|sleeper| {
                    seed += 1;
                    sleeper.sleep_often(seed).no_timeout().request()
                })
                .collect();
            for call in calls {
                assert_eq!(rt.block_on(call), Ok(0), "too early");
            }
            sleepers.iter().for_each(|sleeper| sleeper.kill());
        }
        until("all are dead", || rt.process_count() == 0);
        until("no timer is left", || rt.timer_count() == 0);
    });
}
