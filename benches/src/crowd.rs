//! What it costs that many are there: time of messages among them, memory of those that wait.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use actor_core::prelude::*;

use crate::{
    measure::{Latch, Line, Rng, Run, bytes_each, cpu_time, resident, resident_slots},
    messages::rally,
    runtime,
    spawning::crowd,
};

/// A message that goes from one process to a random other, so many times.
struct Walk {
    stops: Arc<[StopRef]>,
    random: Rng,
    left: u64,
    done: Arc<Latch>,
}

#[derive(Process)]
struct Stop {
    visits: u64,
}

#[handlers]
impl Stop {
    #[cast]
    fn visit(&mut self, mut walk: Box<Walk>) {
        self.visits += 1;
        if walk.left == 0 {
            return walk.done.dec();
        }
        walk.left -= 1;
        let next = walk.random.below(walk.stops.len());
        walk.stops[next].clone().visit(walk).expect("room");
    }
}

/// A message to a random one of `n` processes, which sends it to a random one, and so on: `ops`
/// hops, each to memory that is likely in no cache.
pub(crate) fn random(run: &Run) -> Line {
    let rt = runtime(run);
    let n = run.n;
    let stops: Result<Arc<[StopRef]>, _> =
        rt.run(
            async move { (0..n).map(|_| spawn(Stop { visits: 0 }).expect("a process")).collect() },
        );
    let stops = stops.expect("no crash");
    let done = Latch::new(1);
    let (random, left) = (Rng::new(1), run.ops);
    let walk = Walk { stops: stops.clone(), random, left, done: done.clone() };
    let since = Instant::now();
    stops[0].visit(Box::new(walk)).expect("room");
    Line::new(done.wait(since), run.ops)
}

/// `ops` round trips between two processes while `n` others are alive.
pub(crate) fn ping_pong_among(run: &Run) -> Line {
    let rt = runtime(run);
    crowd(rt, run.n);
    rally(rt, run.ops)
}

/// CPU time over ten seconds in which `n` processes are alive and have nothing to do.
pub(crate) fn idle(run: &Run) -> Line {
    let rt = runtime(run);
    crowd(rt, run.n);
    // Whoever still looks for work gives up first.
    thread::sleep(Duration::from_millis(200));
    let (since, cpu) = (Instant::now(), cpu_time());
    thread::sleep(run.window(Duration::from_secs(10)));
    let (time, cpu) = (since.elapsed(), cpu_time() - cpu);
    let percent = cpu.as_secs_f64() / time.as_secs_f64() * 100.0;
    Line::new(time, run.n)
        .with(format!("idle_cpu_s={:.6} idle_percent={percent:.4}", cpu.as_secs_f64()))
}

/// Never answers, but for the count of those that wait.
#[derive(Process)]
struct Wall {
    waiting: Vec<Option<Reply<u64>>>,
    asked: usize,
    all: Arc<Latch>,
}

#[handlers]
impl Wall {
    #[call(timeout = "1h")]
    fn ask(&mut self, reply: Reply<u64>) {
        self.waiting[self.asked] = Some(reply);
        self.asked += 1;
        self.all.dec();
    }
}

#[derive(Process)]
struct Caller {
    wall: WallRef,
}

#[handlers]
impl Caller {
    #[cast]
    fn begin(&mut self, ready: Arc<Latch>) {
        ready.dec();
    }

    #[cast]
    async fn call(&mut self) {
        let _ = self.wall.ask().await;
    }
}

/// `n` processes, each of them pending in a call with a deadline; what the call costs beside the
/// process that makes it. The server's list of replies is resident before, and not counted.
pub(crate) fn pending_calls(run: &Run) -> Line {
    let rt = runtime(run);
    let n = run.n;
    let (ready, all) = (Latch::new(n), Latch::new(n));
    let wall = Wall { waiting: resident_slots(n), asked: 0, all: all.clone() };
    let wall = rt.spawn(wall).expect("a process");
    let before = resident();
    let begun = ready.clone();
    let callers: Result<Vec<CallerRef>, _> = rt.run(async move {
        let caller = |_| {
            let caller = spawn(Caller { wall: wall.clone() }).expect("a process");
            caller.begin(begun.clone()).expect("room");
            caller
        };
        (0..n).map(caller).collect()
    });
    let callers = callers.expect("no crash");
    ready.wait(Instant::now());
    let idle = bytes_each(before, n);
    let since = Instant::now();
    for caller in &callers {
        caller.call().expect("room");
    }
    let time = all.wait(since);
    let pending = bytes_each(before, n);
    Line::new(time, n).with(format!(
        "bytes_per={pending:.0} idle_bytes={idle:.0} call_bytes={:.0}",
        pending - idle
    ))
}

/// Takes nothing from its mailbox while it dozes.
#[derive(Process)]
#[process(mailbox = 1_000_000_000)]
struct Dozer {
    sum: u64,
}

#[handlers]
impl Dozer {
    #[cast]
    async fn doze(&mut self, asleep: Arc<Latch>) {
        asleep.dec();
        std::future::pending::<()>().await;
    }

    #[cast]
    fn add(&mut self, value: u64) {
        self.sum += value;
    }
}

/// `n` messages of eight bytes in the mailbox of one process.
pub(crate) fn queued(run: &Run) -> Line {
    let rt = runtime(run);
    let n = run.n;
    let asleep = Latch::new(1);
    let dozer = rt.spawn(Dozer { sum: 0 }).expect("a process");
    dozer.doze(asleep.clone()).expect("room");
    asleep.wait(Instant::now());
    let before = resident();
    let sent = dozer.clone();
    let time = rt.run(async move {
        let since = Instant::now();
        (0..n).for_each(|i| sent.add(i).expect("room"));
        since.elapsed()
    });
    // The dozer is still taking in what has come.
    thread::sleep(Duration::from_millis(200));
    let bytes = bytes_each(before, n);
    let waiting = dozer.mailbox_len();
    Line::new(time.expect("no crash"), n).with(format!("bytes_per={bytes:.0} queued={waiting}"))
}
