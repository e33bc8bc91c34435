//! A runtime that is dropped, in whatever state it is: it neither hangs, nor aborts, nor leaks.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use actor_core::{Context, Process, Reply, Runtime, Start, handlers};
use futures::channel::oneshot;

use crate::kit::{bounded, plain, until, up};

/// Counts what is alive: each part of a process has a clone.
type Token = Arc<()>;

/// A process with something of everything: mail, timers, a handler in mid-await, replies it owes.
#[derive(Process)]
#[process(mailbox = 4)]
struct Full {
    token: Token,
    owed: Vec<Reply<Token>>,
}

#[handlers]
impl Full {
    #[init]
    fn begin(&mut self, cx: &mut Context<Self>) {
        cx.send_after(Duration::from_secs(3_600), FullMessage::Keep { token: self.token.clone() });
    }
    #[cast]
    fn keep(&mut self, token: Token) {
        drop(token);
    }
    #[call]
    fn ask(&mut self, reply: Reply<Token>) {
        self.owed.push(reply);
    }
    #[cast]
    async fn hang(&mut self, token: Token) {
        std::future::pending::<()>().await;
        drop(token);
    }
    /// Overfills another's mailbox, and is held for that.
    #[cast]
    fn flood(&mut self, other: FullRef) {
        for _ in 0..8 {
            let _ = other.keep(self.token.clone());
        }
    }
}

fn full(token: &Token) -> Full {
    Full { token: token.clone(), owed: Vec::new() }
}

/// Fills a runtime with processes of all kinds.
fn fill(rt: &Runtime, token: &Token) {
    for _ in 0..100 {
        let (stuck, floods) = (up(rt, full(token)), up(rt, full(token)));
        drop(stuck.ask().request());
        stuck.hang(token.clone()).expect("room");
        for _ in 0..3 {
            floods.flood(stuck.clone()).expect("room");
        }
        drop(floods.ask().request());
    }
}

/// Nothing that a runtime held is alive.
fn all_is_gone(token: &Token) {
    until("nothing is left", || Arc::strong_count(token) == 1);
}

fn runtime(workers: usize) -> Runtime {
    Runtime::builder().workers(workers).build().expect("threads")
}

#[test]
fn a_runtime_that_was_never_used_can_be_dropped() {
    bounded(|| (0..50).for_each(|n| drop(runtime(n % 3 + 1))));
}

#[test]
fn a_runtime_full_of_processes_can_be_dropped() {
    bounded(|| {
        for workers in [1, 2, 4] {
            let (rt, token) = (runtime(workers), Token::default());
            fill(&rt, &token);
            drop(rt);
            all_is_gone(&token);
        }
    });
}

#[test]
fn a_runtime_can_be_dropped_inside_a_process_of_another() {
    bounded(|| {
        let (one, token) = (runtime(1), Token::default());
        for _ in 0..5 {
            let other = runtime(2);
            fill(&other, &token);
            plain(&one).does(move |_| drop(other));
            all_is_gone(&token);
        }
        one.shutdown().expect("it ends");
    });
}

#[test]
fn a_runtime_can_be_dropped_inside_a_process_of_its_own() {
    bounded(|| {
        let (rt, token) = (runtime(2), Token::default());
        fill(&rt, &token);
        let puppet = plain(&rt);
        let closed = puppet.closed();
        puppet.tries(move |_| drop(rt));
        closed.blocking();
        all_is_gone(&token);
    });
}

#[test]
fn a_runtime_can_be_dropped_while_processes_start_in_it() {
    bounded(|| {
        for _ in 0..20 {
            let (rt, token) = (runtime(2), Token::default());
            let starters: Vec<_> = (0..3)
                .map(|_| {
                    let (handle, token) = (rt.handle(), token.clone());
                    thread::spawn(move || {
                        while let Ok(started) = full(&token).with().on(&handle).spawn() {
                            let _ = started.hang(token.clone());
                        }
                    })
                })
                .collect();
            until("some have started", || rt.process_count() > 20);
            drop(rt);
            starters.into_iter().for_each(|starter| starter.join().expect("no panic"));
            all_is_gone(&token);
        }
    });
}

#[test]
fn a_runtime_can_be_dropped_while_it_unwinds() {
    bounded(|| {
        let token = Token::default();
        let of = token.clone();
        let caught = catch_unwind(AssertUnwindSafe(move || {
            let rt = runtime(2);
            fill(&rt, &of);
            std::panic::resume_unwind(Box::new("on the way out"));
        }));
        assert!(caught.is_err());
        all_is_gone(&token);
    });
}

#[test]
fn a_runtime_can_be_dropped_while_its_thread_ends() {
    thread_local! {
        static LAST: RefCell<Option<Runtime>> = const { RefCell::new(None) };
    }
    bounded(|| {
        let token = Token::default();
        let of = token.clone();
        let ends = thread::spawn(move || {
            // Before the runtime's own thread-locals, and so dropped after them.
            LAST.with(|_| ());
            let rt = runtime(2);
            fill(&rt, &of);
            drop(of);
            LAST.with(|last| *last.borrow_mut() = Some(rt));
        });
        ends.join().expect("no panic");
        all_is_gone(&token);
    });
}

#[test]
fn handles_and_refs_of_a_dropped_runtime_can_be_used_and_dropped() {
    bounded(|| {
        let (rt, token) = (runtime(2), Token::default());
        let (one, handle) = (up(&rt, full(&token)), rt.handle());
        let (_open, gate) = oneshot::channel::<()>();
        let task = handle.clone();
        let waits = thread::spawn(move || task.run(async { gate.await.is_ok() }));
        until("its body runs", || handle.process_count() == 2);
        drop(rt);
        assert!(waits.join().expect("no panic").is_err(), "its body was ended");
        assert!(one.keep(token.clone()).is_err());
        assert!(handle.spawn(full(&token)).is_err());
        drop((one, handle));
        all_is_gone(&token);
    });
}
