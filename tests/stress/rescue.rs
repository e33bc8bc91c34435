//! Turns that compute or block for long harm nobody but those who wait for them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actor_core::{ExitReason, Process, Runtime, SystemEvent, handlers, limits};

use crate::kit::{Dice, bounded, on_all, until};

const LIMIT: Duration = Duration::from_secs(30);

/// Does what a good process does not.
#[derive(Process)]
struct Hog {
    free: Arc<AtomicBool>,
    peers: Vec<CounterRef>,
}

#[handlers]
impl Hog {
    /// Computes until it is let go.
    #[cast]
    fn spin(&mut self) {
        while !self.free.load(SeqCst) {
            std::hint::spin_loop();
        }
    }

    /// Blocks until it is told to go on.
    #[call]
    fn block(&mut self, begun: Sender<()>, go_on: Receiver<()>) -> bool {
        let _ = begun.send(());
        go_on.recv_timeout(LIMIT).is_ok()
    }

    /// Computes so long; tells the others before and after.
    #[call]
    fn work(&mut self, time: Duration) -> usize {
        let tell = |peers: &[CounterRef]| peers.iter().filter(|peer| peer.add(1).is_ok()).count();
        let before = tell(&self.peers);
        let begin = Instant::now();
        while begin.elapsed() < time {
            std::hint::spin_loop();
        }
        before + tell(&self.peers)
    }
}

#[derive(Process)]
struct Counter(u64);

#[handlers]
impl Counter {
    #[cast]
    fn add(&mut self, by: u64) {
        self.0 += by;
    }
    #[call]
    fn count(&self) -> u64 {
        self.0
    }
}

fn hog(rt: &Runtime, free: &Arc<AtomicBool>) -> HogRef {
    rt.spawn(Hog { free: free.clone(), peers: Vec::new() }).expect("room")
}

#[test]
fn with_more_hogs_than_workers_all_others_go_on() {
    on_all(|rt, until| {
        let free = Arc::new(AtomicBool::new(false));
        let hogs = (0..2 * rt.workers() + 4).map(|_| hog(rt, &free)).collect::<Vec<_>>();
        hogs.iter().for_each(|hog| hog.spin().expect("room"));
        let counter = rt.spawn(Counter(0)).expect("room");
        let mut added = 0;
        while until.goes_on() || added == 0 {
            counter.add(1).expect("room");
            added += 1;
            assert_eq!(counter.count().timeout(LIMIT).blocking(), Ok(added));
        }
        free.store(true, SeqCst);
        // A hog is a process like any other when it is done.
        let (begun, _) = channel();
        for hog in hogs {
            let (go_on, waits) = channel();
            go_on.send(()).expect("it is kept");
            assert_eq!(hog.block(begun.clone(), waits).timeout(LIMIT).blocking(), Ok(true));
        }
    });
}

#[test]
fn handlers_that_block_on_each_other_through_the_runtime_all_end() {
    // Each waits, in its thread, for the one before it to begin, and the last one begins first:
    // with a worker each there would be no end.
    on_all(|rt, _| {
        let free = Arc::new(AtomicBool::new(true));
        let count = 3 * rt.workers() + 3;
        let mut chain = Vec::new();
        let (first, mut waits) = channel();
        for _ in 0..count {
            let (begun, next) = channel();
            chain.push((begun, std::mem::replace(&mut waits, next)));
        }
        let block = |(begun, waits)| hog(rt, &free).block(begun, waits).timeout(LIMIT).request();
        let calls: Vec<_> = chain.into_iter().rev().map(block).collect();
        first.send(()).expect("it waits");
        for call in calls {
            assert_eq!(rt.block_on(call), Ok(true));
        }
    });
}

#[test]
fn what_long_turns_send_before_and_after_losing_their_worker_all_arrives() {
    on_all(|rt, until| {
        let free = Arc::new(AtomicBool::new(false));
        let peers: Vec<_> = (0..4).map(|_| rt.spawn(Counter(0)).expect("room")).collect();
        let hogs: Vec<_> = (0..6)
            .map(|_| rt.spawn(Hog { free: free.clone(), peers: peers.clone() }).expect("room"))
            .collect();
        let mut dice = Dice::new(7);
        let mut sent = 0;
        while until.goes_on() || sent == 0 {
            // Around the length at which a turn is rescued.
            let work = |hog: &HogRef| {
                let time = Duration::from_micros(dice.roll(3 * limits::STUCK.as_micros() as u64));
                hog.work(time).timeout(LIMIT).request()
            };
            let calls: Vec<_> = hogs.iter().map(work).collect();
            for call in calls {
                sent += rt.block_on(call).expect("it works") as u64;
            }
        }
        let arrived: u64 =
            peers.iter().map(|peer| peer.count().timeout(LIMIT).blocking().expect("alive")).sum();
        assert_eq!(arrived, sent);
    });
}

#[test]
fn a_worker_that_is_lost_for_a_while_is_reported() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let events = told.clone();
    let rt = Runtime::builder()
        .workers(1)
        .system_monitor(move |event| events.lock().expect("no panic").push(event.clone()))
        .build()
        .expect("threads");
    let free = Arc::new(AtomicBool::new(false));
    let hog = hog(&rt, &free);
    let (begun, begins) = channel();
    let (go_on, waits) = channel();
    let call = hog.block(begun, waits).timeout(LIMIT).request();
    begins.recv_timeout(LIMIT).expect("it begins");
    until("the event", || !told.lock().expect("no panic").is_empty());
    go_on.send(()).expect("it waits");
    assert_eq!(rt.block_on(call), Ok(true));
    let told = std::mem::take(&mut *told.lock().expect("no panic"));
    let [SystemEvent::LongSchedule { pid, name, blocked: true }] = &told[..] else {
        panic!("{told:?}");
    };
    assert_eq!(*pid, hog.pid());
    assert!(name.ends_with("Hog"), "{name}");
    rt.shutdown().expect("everything ends");
}

/// Says what it does.
#[derive(Process)]
struct Polite;

#[handlers]
impl Polite {
    #[call(blocking)]
    fn wait(&mut self, begun: Sender<()>, go_on: Receiver<()>) -> bool {
        let _ = begun.send(());
        go_on.recv_timeout(LIMIT).is_ok()
    }
    #[cast(blocking)]
    fn tell(&self, whom: CounterRef) {
        let _ = whom.add(1);
    }
    #[call]
    fn thread(&self) -> Option<String> {
        std::thread::current().name().map(str::to_owned)
    }
}

#[test]
fn a_handler_that_says_that_it_blocks_costs_no_worker() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let events = told.clone();
    let rt = Runtime::builder()
        .workers(1)
        .name("polite")
        .system_monitor(move |event| events.lock().expect("no panic").push(event.clone()))
        .build()
        .expect("threads");
    let mut waits = Vec::new();
    for _ in 0..20 {
        let polite = rt.spawn(Polite).expect("room");
        let counter = rt.spawn(Counter(0)).expect("room");
        let (begun, begins) = channel();
        let (go_on, going) = channel();
        polite.tell(counter.clone()).expect("room");
        let call = polite.wait(begun, going).timeout(LIMIT).request();
        begins.recv_timeout(LIMIT).expect("it begins");
        assert_eq!(counter.count().timeout(LIMIT).blocking(), Ok(1), "messages keep their order");
        waits.push((polite, call, go_on));
    }
    for (polite, call, go_on) in waits {
        go_on.send(()).expect("it waits");
        assert_eq!(rt.block_on(call), Ok(true));
        let thread = polite.thread().timeout(LIMIT).blocking();
        assert_eq!(thread, Ok(Some("polite-0".to_owned())), "afterwards it is like any other");
    }
    assert_eq!(*told.lock().expect("no panic"), []);
    rt.shutdown().expect("everything ends");
}

#[test]
fn a_handler_that_says_that_it_blocks_runs_without_rescue_threads_too() {
    let rt = Runtime::builder().workers(1).rescue_threads(0).build().expect("threads");
    let polite = rt.spawn(Polite).expect("room");
    let counter = rt.spawn(Counter(0)).expect("room");
    polite.tell(counter.clone()).expect("room");
    assert!(polite.thread().timeout(LIMIT).blocking().is_ok());
    assert_eq!(counter.count().timeout(LIMIT).blocking(), Ok(1));
    rt.shutdown().expect("everything ends");
}

#[test]
fn a_state_that_takes_long_to_drop_delays_nobody() {
    // No deadline of ours ends it: the worker that would keep that is the one that is delayed.
    bounded(a_long_drop);
}

fn a_long_drop() {
    struct Slow(Arc<AtomicBool>, Sender<()>);
    impl Drop for Slow {
        fn drop(&mut self) {
            let _ = self.1.send(());
            while !self.0.load(SeqCst) {
                std::thread::yield_now();
            }
        }
    }
    #[derive(Process)]
    struct Heavy(#[expect(dead_code, reason = "it is there to be dropped")] Slow);
    #[handlers]
    impl Heavy {}
    let rt = Runtime::builder().workers(1).build().expect("threads");
    // Set also when the test fails: the runtime ends after that.
    let free = Free(Arc::new(AtomicBool::new(false)));
    let (begun, begins) = channel();
    let heavy = rt.spawn(Heavy(Slow(free.0.clone(), begun))).expect("room");
    let counter = rt.spawn(Counter(1)).expect("room");
    let closed = heavy.closed();
    heavy.exit(ExitReason::Kill);
    begins.recv_timeout(LIMIT).expect("it is dropped");
    assert_eq!(counter.count().timeout(LIMIT).blocking(), Ok(1));
    drop(free);
    assert_eq!(closed.blocking(), ExitReason::Killed);
    rt.shutdown().expect("everything ends");
}

/// Sets a flag when it goes.
struct Free(Arc<AtomicBool>);

impl Drop for Free {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// Handles its messages slowly, but each in less time than a rescue takes.
#[derive(Process)]
struct Slow(Arc<AtomicU64>);

#[handlers]
impl Slow {
    #[cast]
    fn work(&mut self) {
        let begin = Instant::now();
        while begin.elapsed() < 2 * limits::TURN_TIME {
            std::hint::spin_loop();
        }
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_process_with_slow_messages_gives_way_after_a_few() {
    let rt = Runtime::builder().workers(1).rescue_threads(0).build().expect("threads");
    let done = Arc::new(AtomicU64::new(0));
    let slow = rt.spawn(Slow(done.clone())).expect("room");
    let counter = rt.spawn(Counter(0)).expect("room");
    (0..2_000).for_each(|_| slow.work().expect("room"));
    until("it works", || done.load(SeqCst) > 0);
    // How many it handles from a call to its reply; the least of some, since this thread may be
    // held up itself.
    let between = (0..20).map(|_| {
        let before = done.load(SeqCst);
        counter.count().timeout(LIMIT).blocking().expect("alive");
        done.load(SeqCst) - before
    });
    let least = between.min().expect("some");
    assert!(least <= 4, "{least} messages before it gave way");
    rt.shutdown().expect("everything ends");
}

#[test]
fn a_runtime_without_rescue_threads_keeps_its_workers_where_they_are() {
    let told = Arc::new(AtomicU64::new(0));
    let events = told.clone();
    let rt = Runtime::builder()
        .workers(2)
        .rescue_threads(0)
        .system_monitor(move |_| _ = events.fetch_add(1, SeqCst))
        .build()
        .expect("threads");
    let free = Arc::new(AtomicBool::new(false));
    let hog = hog(&rt, &free);
    assert_eq!(hog.work(20 * limits::STUCK).timeout(LIMIT).blocking(), Ok(0));
    rt.shutdown().expect("everything ends");
    assert_eq!(told.load(SeqCst), 0);
}
