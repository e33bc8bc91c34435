//! Random graphs of processes with small mailboxes that cast and call each other.
//!
//! Each node knows some others, itself and circles included, and does some work for each message it
//! gets: it casts to some and calls some. However that goes, these hold:
//!
//! - no run ends with a process that is held, or with mail that nobody handles; and where no circle
//!   of casts is possible, no hold needs its time to end;
//! - no call fails, nor waits for a hold (calls go up, so no two nodes call each other);
//! - no cast is lost, and each pair's are handled in the order in which they were sent.
//!
//! Every schedule has its own random numbers, so every schedule is another graph.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actor_core::{CallFailure, Context, Process, SendError, Start, handlers, limits};
use actor_testkit::__private::{Config, run};
use actor_testkit::{TestKit, TestResult};

/// How many graphs are tried, and how many from each seed.
const SEEDS: u64 = 50;
const GRAPHS: usize = 100;

/// How much work is done in a graph.
const FUEL: u32 = 120;

/// What all nodes of a graph share.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Book>>);

#[derive(Default)]
struct Book {
    /// What is left to be done.
    fuel: u32,
    /// The next number from one node to another, as sent and as handled.
    sent: BTreeMap<(usize, usize), u64>,
    handled: BTreeMap<(usize, usize), u64>,
    calls: u32,
    longest: Duration,
    failed: Vec<CallFailure>,
    refused: Vec<SendError>,
}

impl Log {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Process)]
struct Node {
    number: usize,
    log: Log,
    peers: Vec<(usize, NodeRef)>,
}

#[handlers]
impl Node {
    #[cast]
    fn meet(&mut self, peers: Vec<(usize, NodeRef)>) {
        self.peers = peers;
    }

    #[cast]
    async fn work(&mut self, cx: &mut Context<Self>, from: usize, serial: u64) {
        {
            let mut book = self.log.book();
            let next = book.handled.entry((from, self.number)).or_default();
            assert_eq!(serial, *next, "{from} to {}: out of order, or lost", self.number);
            *next += 1;
        }
        for _ in 0..1 + cx.random() % 4 {
            let Some(index) = cx.random().checked_rem(self.peers.len() as u64) else { return };
            let (to, peer) = self.peers[index as usize].clone();
            if cx.random().is_multiple_of(4) && to > self.number {
                let begun = cx.now();
                let asked = peer.ask().await;
                let mut book = self.log.book();
                book.calls += 1;
                book.longest = book.longest.max(cx.now() - begun);
                book.failed.extend(asked.err());
            } else {
                self.pass(to, &peer);
            }
        }
    }

    /// Answers, and works a little for it.
    #[call]
    fn ask(&mut self, cx: &mut Context<Self>) -> u64 {
        if let Some(index) = cx.random().checked_rem(self.peers.len() as u64) {
            let (to, peer) = self.peers[index as usize].clone();
            self.pass(to, &peer);
        }
        cx.random()
    }
}

impl Node {
    /// Casts, as long as there is anything to be done.
    fn pass(&self, to: usize, peer: &NodeRef) {
        let mut book = self.log.book();
        if book.fuel == 0 {
            return;
        }
        book.fuel -= 1;
        let next = book.sent.entry((self.number, to)).or_default();
        let serial = *next;
        *next += 1;
        if let Err(error) = peer.work(self.number, serial) {
            book.refused.push(error);
        }
    }
}

async fn a_graph_works(t: TestKit, held: Arc<AtomicU64>) -> TestResult {
    let pick = |below: u64| (t.random() % below) as usize;
    let (log, mut nodes) = (Log::default(), Vec::new());
    log.book().fuel = FUEL;
    let count = 2 + pick(5);
    for number in 0..count {
        let node = Node { number, log: log.clone(), peers: Vec::new() };
        let node = node.with().mailbox(1 + pick(4)).on(&t.handle()).start().await?;
        nodes.push(node);
    }
    let circles = t.choose(&[false, true]);
    for (number, node) in nodes.iter().enumerate() {
        let some = nodes.iter().cloned().enumerate();
        let some = some.filter(|(other, _)| (circles || *other > number) && pick(3) > 0);
        node.meet(some.collect())?;
    }
    t.settle().await;
    let outside = count;
    for serial in 0..3 {
        for (number, node) in nodes.iter().enumerate() {
            if node.work(outside, serial).is_ok() {
                *log.book().sent.entry((outside, number)).or_default() += 1;
            }
        }
    }
    t.settle().await;
    if circles {
        // As long as a circle of holds can take, and far less than a call waits.
        t.advance(limits::HOLD * FUEL).await;
    }
    let holds = nodes.iter().map(|node| node.mailbox_stats().held);
    held.fetch_add(holds.sum(), Ordering::Relaxed);
    for process in t.processes() {
        assert!(!process.held, "{} is held at the end", process.path);
        assert_eq!(process.mailbox, 0, "{} has mail at the end", process.path);
    }
    let book = log.book();
    assert_eq!(book.failed, [], "of {} calls", book.calls);
    assert_eq!(book.longest, Duration::ZERO, "no call waits for a hold");
    assert_eq!(book.refused, []);
    assert_eq!(book.sent, book.handled);
    Ok(())
}

#[test]
fn no_graph_of_floods_ends_held_or_fails_a_call() {
    let held = Arc::new(AtomicU64::new(0));
    for seed in 0..SEEDS {
        let name = "floods::no_graph_of_floods_ends_held_or_fails_a_call";
        let config = Config::new(name).seed(seed).schedules(GRAPHS);
        let held = held.clone();
        let report = run(&config, move |t| a_graph_works(t, held.clone()));
        assert!(report.passed(), "{report}");
    }
    // It is about holds, so there must be some.
    assert!(held.load(Ordering::Relaxed) > SEEDS * GRAPHS as u64);
}
