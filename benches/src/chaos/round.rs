//! One round: the flood, and the ebb.

use std::{
    fmt,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use actor_core::{Request, prelude::*};

use super::{
    books::Totals,
    flies::Home,
    flood::{Drain, MAILBOX, Pourer, PourerRef},
    keeper::{Keeper, KeeperRef},
    outside,
    tree::Trunk,
};
use crate::measure::resident;

/// How long an end may take before it counts as never.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many there are of each.
const KEEPERS: u64 = 6;
const GUESTS: u64 = 2;
const POURERS: usize = 3;

/// What the names of the runtime's threads begin with. That of the first thread is the program's,
/// and those of plain threads are that of who made them.
pub(super) const RUNTIME: &str = "chaos-rt";

/// The names of all threads.
fn threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    // One that ends just now has none.
    tasks.filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok()).collect()
}

/// What there is at one moment.
#[derive(Clone, Copy, Default)]
pub(super) struct Level {
    pub(super) allocated: u64,
    pub(super) resident: u64,
    processes: usize,
    threads: usize,
    /// Those of them that are the runtime's: its workers, its monitor, and those of its rescue.
    ours: usize,
    timers: usize,
}

impl Level {
    fn now(rt: &Runtime, allocated: fn() -> u64) -> Self {
        let names = threads();
        let ours = names.iter().filter(|name| name.starts_with(RUNTIME)).count();
        let (processes, timers) = (rt.process_count(), rt.timer_count());
        let (allocated, resident) = (allocated(), resident());
        Self { allocated, resident, processes, threads: names.len(), ours, timers }
    }

    fn rise(&mut self, to: Self) {
        self.allocated = self.allocated.max(to.allocated);
        self.resident = self.resident.max(to.resident);
        self.processes = self.processes.max(to.processes);
        self.threads = self.threads.max(to.threads);
        self.ours = self.ours.max(to.ours);
        self.timers = self.timers.max(to.timers);
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { allocated, resident, processes, threads, ours, timers } = self;
        let mb = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let (allocated, resident) = (mb(*allocated), mb(*resident));
        write!(f, "allocated_mb={allocated:.1} rss_mb={resident:.1} ")?;
        write!(f, "processes={processes} threads={threads} ours={ours} timers={timers}")
    }
}

/// What one round showed.
pub(super) struct Flood {
    pub(super) most: Level,
    pub(super) ebb: Level,
    pub(super) totals: Totals,
}

/// The flood for so long, and the ebb. The error says what did not end, or does not balance.
pub(super) fn round(
    rt: &Runtime,
    number: u64,
    time: Duration,
    allocated: fn() -> u64,
) -> Result<Flood, String> {
    let home = Home::new(rt);
    let end = Instant::now() + time;
    let seed = |who: u64| number * 100 + who;
    let room = |error: StartError| error.to_string();
    let trunk = rt.block_on(rt.start(Trunk { home: home.clone() })).map_err(room)?;
    let drain = Drain(home.clone()).with().mailbox(MAILBOX).on(rt).spawn().map_err(room)?;
    let pourers: Vec<PourerRef> = (0..POURERS)
        .map(|_| rt.spawn(Pourer { home: home.clone(), drain: drain.clone() }))
        .collect::<Result<_, _>>()
        .map_err(room)?;
    pourers.iter().for_each(|pourer| pourer.pour().expect("room"));
    let keepers: Vec<KeeperRef> = (0..KEEPERS)
        .map(|who| rt.spawn(Keeper::new(&home, seed(who), end)))
        .collect::<Result<_, _>>()
        .map_err(room)?;
    let churning: Vec<Request<(), CallFailure>> =
        keepers.iter().map(|keeper| keeper.churn().no_timeout().request()).collect();
    let mut most = Level::default();
    thread::scope(|scope| {
        (0..GUESTS).for_each(|who| {
            let (home, seed) = (&home, seed(20 + who));
            scope.spawn(move || outside::guest(rt, home, seed, end));
        });
        scope.spawn(|| outside::herd(rt, &home, seed(30), end));
        scope.spawn(|| outside::gardener(rt, &home, &trunk, seed(31), end));
        scope.spawn(|| outside::crowds(rt, &home, end));
        scope.spawn(|| outside::runtimes(end, seed(32), &home));
        while Instant::now() < end {
            most.rise(Level::now(rt, allocated));
            thread::sleep(Duration::from_millis(100));
        }
    });
    for call in churning {
        rt.block_on(call).map_err(|failure| format!("a keeper: {failure}"))?;
    }
    pourers.iter().for_each(|pourer| pourer.kill());
    rt.block_on(trunk.stop(ExitReason::Shutdown));
    let pourers = || pourers.iter().any(|pourer| pourer.is_alive());
    wait(rt, &home, "the last has poured", || !pourers())?;
    let drained = || home.books.poured.get() == home.books.drained.get();
    wait(rt, &home, "all that was poured is drained", drained)?;
    rt.block_on(drain.stop(ExitReason::Shutdown));
    let open = |keeper: &KeeperRef| keeper.open().blocking() != Ok(0);
    wait(rt, &home, "each monitor brings its DOWN", || !keepers.iter().any(open))?;
    for keeper in keepers {
        rt.block_on(keeper.stop(ExitReason::Shutdown));
    }
    drop((trunk, drain));
    ebb(rt, &home)?;
    Ok(Flood { most, ebb: Level::now(rt, allocated), totals: home.books.totals() })
}

/// Nothing is left, and the books balance.
fn ebb(rt: &Runtime, home: &Arc<Home>) -> Result<(), String> {
    wait(rt, home, "all processes end", || rt.process_count() == 0)?;
    wait(rt, home, "all timers are disarmed", || rt.timer_count() == 0)?;
    wait(rt, home, "the books balance", || home.books.balance())?;
    // Given back before the end could be seen, so there is nothing to wait for.
    let members: Vec<_> = home.group.members().iter().map(|fly| fly.pid()).collect();
    let left = (rt.registered(), members, home.keys.count());
    if left != (Vec::new(), Vec::new(), 0) {
        return Err(format!("names, members, keys are left: {left:?}"));
    }
    Ok(())
}

/// Waits until something that nobody announces is so.
fn wait(rt: &Runtime, home: &Home, what: &str, so: impl Fn() -> bool) -> Result<(), String> {
    let begin = Instant::now();
    while !so() {
        if begin.elapsed() > PATIENCE {
            let books = home.books.check().err().unwrap_or_default();
            let some = rt.processes().into_iter().take(10);
            let left: Vec<_> = some.map(|pid| rt.process_info(&pid)).collect();
            let (processes, timers) = (rt.process_count(), rt.timer_count());
            let counts = format!("{processes} processes, {timers} timers");
            return Err(format!("never: {what}. {counts}. {books}. {left:?}"));
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}
