//! A handler that goes on for long gives way in its loops, without a word from its author.
//!
//! All of this is on one worker that nobody rescues: whoever keeps it keeps it.

use std::future::{Future, ready};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll, Waker};

use actor_core::{ExitReason, Process, Runtime, handlers, limits, reduce, spawn};

use crate::kit::{WATCHDOG, bounded};

/// More rounds than a turn has.
const ROUNDS: u64 = 10 * limits::TURN_REDUCTIONS as u64;

/// Runs a test's body with one worker that cannot be rescued.
fn alone(body: impl FnOnce(&Runtime) + Send + 'static) {
    bounded(move || {
        let rt = Runtime::builder().workers(1).rescue_threads(0).build().expect("a thread");
        body(&rt);
        rt.shutdown().expect("everything ends");
    });
}

/// Rings a bell, if it is let.
#[derive(Process)]
struct Ringer {
    rung: Arc<AtomicBool>,
}

#[handlers]
impl Ringer {
    #[cast]
    fn ring(&mut self) {
        self.rung.store(true, Ordering::Relaxed);
    }
}

async fn until_rung(rung: &AtomicBool) -> u64 {
    let mut rounds = 0;
    while !rung.load(Ordering::Relaxed) {
        reduce().await;
        rounds += 1;
    }
    rounds
}

/// Goes round until the bell has rung, by every kind of loop. Each handler has another process ring
/// it, which can do so only when this one gives way, and tells when it has heard.
#[derive(Process)]
struct Walker {
    rung: Arc<AtomicBool>,
    heard: Sender<u64>,
}

impl Walker {
    fn have_it_rung(&self) {
        let ringer = spawn(Ringer { rung: self.rung.clone() }).expect("it is spawned");
        ringer.ring().expect("it lives");
    }

    fn is_rung(&self) -> bool {
        self.rung.load(Ordering::Relaxed)
    }

    fn tell(&self, rounds: u64) {
        let _ = self.heard.send(rounds);
    }
}

#[handlers]
impl Walker {
    #[init]
    async fn begin(&mut self) {
        self.have_it_rung();
        while !self.is_rung() {
            ready(()).await;
        }
        self.rung.store(false, Ordering::Relaxed);
    }

    #[cast]
    async fn walk_for(&mut self) {
        self.have_it_rung();
        for rounds in 0.. {
            if self.is_rung() {
                return self.tell(rounds);
            }
            ready(()).await;
        }
    }

    #[cast]
    async fn walk_while(&mut self) {
        self.have_it_rung();
        let mut rounds = 0;
        while ready(!self.is_rung()).await {
            rounds += 1;
        }
        self.tell(rounds);
    }

    #[cast]
    async fn walk_loop(&mut self) {
        self.have_it_rung();
        let mut rounds = 0;
        let rounds = 'all: loop {
            loop {
                if self.is_rung() {
                    break 'all rounds;
                }
                let Some(one) = ready(Some(1)).await else { continue 'all };
                rounds += one;
            }
        };
        self.tell(rounds);
    }

    /// Awaits nothing.
    #[cast(yields)]
    async fn walk_silently(&mut self) {
        self.have_it_rung();
        let mut rounds = 0;
        while !self.is_rung() {
            rounds += 1;
        }
        self.tell(rounds);
    }

    /// Loops in a function that the macro does not see.
    #[cast]
    async fn walk_elsewhere(&mut self) {
        self.have_it_rung();
        let rounds = until_rung(&self.rung).await;
        self.tell(rounds);
    }

    /// Loops in a block that is awaited where it stands.
    #[cast]
    async fn walk_in_block(&mut self) {
        self.have_it_rung();
        let rounds = async {
            let mut rounds = 0;
            while !self.is_rung() {
                rounds += ready(1).await;
            }
            rounds
        }
        .await;
        self.tell(rounds);
    }

    /// Does not give way, and tells whether the bell has rung all the same.
    #[cast]
    async fn march(&mut self) {
        self.have_it_rung();
        #[no_yield]
        for _ in 0..ROUNDS {
            ready(()).await;
        }
        self.tell(u64::from(self.is_rung()));
    }

    /// Goes on for ever.
    #[call]
    async fn wander(&mut self) {
        self.tell(0);
        loop {
            ready(()).await;
        }
    }
}

/// A walker in whose `init` the bell has rung.
fn walker(rt: &Runtime) -> (WalkerRef, Receiver<u64>) {
    let (heard, hears) = channel();
    let walker = Walker { rung: Arc::default(), heard };
    (rt.block_on(rt.start(walker)).expect("it starts"), hears)
}

/// A walk ends, and not before a turn was used up.
#[track_caller]
fn check(walk: fn(&WalkerRef) -> Result<(), actor_core::SendError>) {
    alone(move |rt| {
        let (walker, hears) = walker(rt);
        walk(&walker).expect("it lives");
        let rounds = hears.recv_timeout(WATCHDOG).expect("the other process runs");
        assert!(rounds > 0, "it gave way before it had gone round");
    });
}

#[test]
fn an_init_that_awaits_what_is_ready_lets_others_run() {
    alone(|rt| drop(walker(rt)));
}

#[test]
fn a_for_loop_that_awaits_what_is_ready_lets_others_run() {
    check(WalkerRef::walk_for);
}

#[test]
fn a_while_loop_that_awaits_in_its_condition_lets_others_run() {
    check(WalkerRef::walk_while);
}

#[test]
fn a_loop_within_a_loop_lets_others_run() {
    check(WalkerRef::walk_loop);
}

#[test]
fn a_loop_without_an_await_lets_others_run_if_the_handler_says_that_it_yields() {
    check(WalkerRef::walk_silently);
}

#[test]
fn a_loop_in_a_function_lets_others_run_if_it_counts_its_reductions() {
    check(WalkerRef::walk_elsewhere);
}

#[test]
fn a_loop_in_a_block_that_is_awaited_on_the_spot_lets_others_run() {
    check(WalkerRef::walk_in_block);
}

#[test]
fn a_loop_under_no_yield_keeps_its_worker_to_its_end() {
    alone(|rt| {
        let (walker, hears) = walker(rt);
        walker.march().expect("it lives");
        assert_eq!(hears.recv_timeout(WATCHDOG), Ok(0), "the bell rang meanwhile");
    });
}

#[test]
fn a_kill_ends_a_loop_that_awaits_what_is_ready() {
    alone(|rt| {
        let (walker, hears) = walker(rt);
        let wandering = walker.wander().request();
        hears.recv_timeout(WATCHDOG).expect("it has begun");
        walker.kill();
        assert_eq!(
            rt.block_on(wandering),
            Err(actor_core::CallFailure::Exited(ExitReason::Killed))
        );
    });
}

/// Counts how often it is polled.
async fn counted(polls: &AtomicU64, future: impl Future<Output = ()>) {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| {
        polls.fetch_add(1, Ordering::Relaxed);
        future.as_mut().poll(cx)
    })
    .await;
}

#[test]
fn a_turn_ends_after_its_reductions_or_its_time_not_before() {
    alone(|rt| {
        let polls = Arc::new(AtomicU64::new(0));
        let inner = polls.clone();
        let run = rt.run(async move {
            counted(&inner, async {
                for _ in 0..ROUNDS {
                    reduce().await;
                }
            })
            .await;
        });
        run.expect("it ends");
        let (polls, least) =
            (polls.load(Ordering::Relaxed), ROUNDS / u64::from(limits::TURN_REDUCTIONS));
        assert!(polls >= least, "{polls} polls for {ROUNDS} reductions");
        assert!(polls <= ROUNDS / 4, "it yields all the time: {polls} polls");
    });
}

#[test]
fn outside_of_a_process_a_reduction_never_waits() {
    let mut all = pin!(async {
        for _ in 0..ROUNDS {
            reduce().await;
        }
    });
    let polled = all.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Ready(()));
}
