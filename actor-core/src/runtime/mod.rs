//! The runtime: the only place where processes, scheduler, timers and names are joined.
//!
//! | file | what it is |
//! |---|---|
//! | `mod` | [`Core`], what all the rest shares; the scheduler's hooks |
//! | `config` | [`Runtime`], its builder and [`RuntimeHandle`] |
//! | `enter` | which runtime free functions use |
//! | `spawn` | how a process begins |
//! | `route` | the send funnel: how anything reaches an inbox |
//! | `overflow` | above a mailbox's mark: refuse, drop, hold |
//! | `late` | who asks while a process is being taken apart |
//! | `holdings` | what processes hold beside them, and give back at their end |
//! | `steps` | how much of an end is done in one turn |
//! | `terminate` | how a process ends, step by step |
//! | `leaving` | processes whose end takes several turns |
//! | `shutdown` | how a runtime ends, step by step |
//! | `door` | a start that meets a shutdown |
//! | `observe` | crash reports and events |
//! | `online` | workers out of use |
//! | `system` | events of the machine itself |
//! | `throttle` | how often something is said |
//! | `traces` | trace sessions |
//! | `hogs` | which types are run beside the workers |
//! | `detached` | the kill of a process whose turn does not end |
//! | `env` | the simulation seam |
//!
//! It knows nothing of actors or supervisors: a process is a `Body` here.

mod builder;
mod config;
mod detached;
mod doomed;
mod door;
mod enter;
pub(crate) mod env;
mod hogs;
pub(crate) mod holdings;
mod late;
mod leaving;
mod legacy;
mod observe;
mod online;
pub(crate) mod overflow;
pub(crate) mod route;
mod shutdown;
pub(crate) mod spawn;
pub(crate) mod steps;
mod system;
mod terminate;
mod throttle;
mod traces;

use std::{
    num::NonZeroUsize,
    sync::{Arc, OnceLock, Weak},
    time::{Duration, Instant},
};

pub use builder::Builder;
pub(crate) use config::block_on;
pub use config::{EnterGuard, Runtime, RuntimeHandle};
pub(crate) use enter::{Here, current, here};
pub(crate) use observe::{guarded, report};
pub use online::WorkersOnlineError;
pub use system::SystemEvent;
pub(crate) use traces::Session;

use self::{
    door::Door,
    env::{Access, Environment, Event, ProcessInfo, Runnable},
};
use crate::{
    error::SystemLimit,
    group::Groups,
    limits,
    pid::Pid,
    priority::Priority,
    process::{
        Anchor, Budget, CellRef, Expiring, Machine, Phase, RawCell, Running, TimerPlace, TurnEnd,
        current, turn,
    },
    registry::{Holder, Registry},
    scheduler::{After, Hooks, Scheduler, Stuck, Task},
    slab::Slab,
    sync::{AtomicU64, Crew, Fences, Ordering, leave_crew},
    table::Table,
    tables,
    timer::{Action, TimerId, Timers},
};

/// Everything a runtime is.
pub(crate) struct Core {
    me: Weak<Self>,
    slab: Slab,
    /// What the slab points back to.
    _anchor: Arc<Anchor>,
    /// Which slab shard foreign threads use.
    foreign: usize,
    table: Table,
    /// How many processes may be alive.
    processes_max: u32,
    pub(crate) timers: Timers,
    /// How many timers may be armed.
    timers_max: u32,
    pub(crate) registry: Registry,
    pub(crate) groups: Groups,
    /// Those that have a name.
    pub(crate) tables: tables::Names,
    /// The threads; none in a simulation.
    scheduler: OnceLock<Arc<Scheduler<RawCell>>>,
    environment: Option<Arc<dyn Environment>>,
    /// Time is counted from here.
    epoch: Instant,
    /// No more processes are started from outside.
    door: Door,
    /// Numbers the supervisors that no other supervises, in the order of their start.
    sequence: AtomicU64,
    ending: shutdown::Ending,
    latecomers: late::Latecomers,
    hogs: hogs::Hogs,
    detached: detached::Detached,
    listener: Option<system::Listener>,
    overflows: overflow::Overflows,
    leavings: leaving::Leavings,
    traces: traces::Traces,
    reports: throttle::Throttle,
    long_queues: throttle::Throttle,
    holdings: holdings::Holdings,
    /// The threads that keep pids and cells at hand.
    crew: Crew,
}

impl Core {
    fn new(
        workers: usize,
        [processes, timers]: [u32; 2],
        environment: Option<Arc<dyn Environment>>,
        listener: Option<system::Listener>,
    ) -> Arc<Self> {
        let anchor = Anchor::new();
        // Twice as many threads as there are seats, and some: the others of the pool share.
        let fences = if environment.is_none() { Fences::best() } else { Fences::Equal };
        let crew = Crew::new(if environment.is_none() { 2 * workers + 2 } else { 0 }, fences);
        let epoch = environment.as_ref().map_or_else(Instant::now, |env| env.now());
        let core = Arc::new_cyclic(|me| Self {
            me: me.clone(),
            // A simulation ends in one step, which could not wait for what is kept.
            slab: anchor.slab(workers + 1, &crew, environment.is_none()),
            _anchor: anchor.clone(),
            foreign: workers,
            table: Table::new(processes, &crew),
            crew,
            processes_max: processes,
            timers: Timers::new(workers, timers),
            timers_max: timers,
            registry: Registry::new(),
            groups: Groups::new(),
            tables: tables::Names::new(),
            scheduler: OnceLock::new(),
            environment,
            epoch,
            door: Door::open(),
            sequence: AtomicU64::new(1),
            ending: shutdown::Ending::new(),
            latecomers: late::Latecomers::new(fences),
            hogs: hogs::Hogs::new(),
            detached: detached::Detached::new(),
            listener,
            overflows: overflow::Overflows::new(),
            leavings: leaving::Leavings::new(),
            traces: traces::Traces::new(),
            reports: throttle::Throttle::new(limits::REPORTS),
            long_queues: throttle::Throttle::new(limits::LONG_QUEUES),
            holdings: holdings::Holdings::new(),
        });
        anchor.tie(&core);
        core
    }

    /// A runtime without threads.
    pub(crate) fn simulated(environment: Arc<dyn Environment>) -> Arc<Self> {
        Self::new(1, [limits::PROCESSES, limits::TIMERS], Some(environment), None)
    }

    /// A counted handle to itself.
    pub(crate) fn arc(&self) -> Arc<Self> {
        self.me.upgrade().expect("a runtime in use is alive")
    }

    /// The runtime of a cell.
    pub(crate) fn of(cell: &CellRef) -> Arc<Self> {
        Self::at(cell).arc()
    }

    /// The same, for as long as the pin is held.
    pub(crate) fn at(cell: &CellRef) -> &Self {
        cell.machine_as()
    }

    pub(crate) fn environment(&self) -> Option<&Arc<dyn Environment>> {
        self.environment.as_ref()
    }

    /// Nanoseconds since the runtime's start.
    pub(crate) fn now(&self) -> u64 {
        self.nanos(self.instant_now())
    }

    /// The present time, virtual in a simulation.
    pub(crate) fn instant_now(&self) -> Instant {
        self.environment.as_ref().map_or_else(Instant::now, |env| env.now())
    }

    /// An instant as a time of this runtime, which begins with it.
    pub(crate) fn nanos(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.epoch).as_nanos()).unwrap_or(u64::MAX)
    }

    /// The instant of a time of this runtime.
    pub(crate) fn instant(&self, nanos: u64) -> Instant {
        self.epoch + Duration::from_nanos(nanos)
    }

    /// A random word for the running process.
    pub(crate) fn random(&self) -> u64 {
        match &self.environment {
            Some(environment) => environment.random(current::pid()),
            None => {
                use std::hash::{BuildHasher, RandomState};
                RandomState::new().hash_one(self.now())
            }
        }
    }

    /// Says that the registry is touched.
    pub(crate) fn shared(&self, name: &str, access: Access) {
        if let Some(environment) = &self.environment {
            environment.shared(name, access);
        }
    }

    /// The living process of a pid, pinned.
    pub(crate) fn pin(&self, pid: Pid) -> Option<CellRef> {
        RawCell::pin_candidate(self.table.lookup(pid.index())?, pid)
    }

    /// The process that has a name, pinned; none if it has ended since it was found.
    pub(crate) fn pin_named(&self, name: &str) -> Option<CellRef> {
        let Holder { pid, cell } = self.registry.whereis(name)?;
        RawCell::pin_candidate(cell, pid)
    }

    /// How many processes may be alive.
    pub(crate) fn processes_max(&self) -> u32 {
        self.processes_max
    }

    /// How many more may be started now; others may take that room.
    pub(crate) fn room(&self) -> usize {
        (self.processes_max as usize).saturating_sub(self.process_count())
    }

    /// How many processes are alive.
    pub(crate) fn process_count(&self) -> usize {
        self.table.len()
    }

    /// Does something with every process that is alive during the whole call, and with some of
    /// those that are not.
    pub(crate) fn each(&self, mut with: impl FnMut(&CellRef)) {
        self.table.for_each(|index, candidate| {
            // A cell may have been used again since it was read from its slot: then its process is
            // found by a slot of its own, and not twice.
            let is_its = |pin: &CellRef| pin.pid().index() == index && pin.phase() != Phase::Dead;
            let pin = RawCell::pin_any(candidate).filter(is_its);
            pin.iter().for_each(&mut with);
        });
    }

    /// Whether a thread runs it, as far as that can be seen.
    pub(crate) fn runs(&self, process: &CellRef) -> bool {
        let own = current::running().is_some_and(|running| running.raw() == process.raw());
        own || self.detached.runs(process.raw())
    }

    /// All those.
    pub(crate) fn pins(&self) -> Vec<CellRef> {
        let mut pins = Vec::new();
        self.each(|pin| pins.push(pin.clone()));
        pins
    }

    pub(crate) fn processes(&self) -> Vec<ProcessInfo> {
        let looked = |pin: &CellRef, at: fn(&Running) -> bool| {
            pin.is_simulated() && at(&pin.raw().take_turn())
        };
        let info = |pin: CellRef| ProcessInfo {
            pid: pin.pid(),
            name: pin.table().name,
            mailbox_len: pin.mailbox_len(),
            pending: looked(&pin, |running| !running.is_waiting_for_mail()),
            held: looked(&pin, Running::is_held),
        };
        self.pins().into_iter().map(info).collect()
    }

    /// Arms a timer that a program asked for, at `at` nanoseconds, if there is room for it.
    pub(crate) fn try_arm(
        &self,
        at: u64,
        action: Action,
    ) -> Result<TimerId, (SystemLimit, Action)> {
        let armed = self.timers.arm_within(current::seat().unwrap_or(0), at, action);
        armed
            .map(|armed| self.armed(armed))
            .map_err(|action| (SystemLimit::Timers(self.timers_max), action))
    }

    /// Arms a timer of the runtime's own, or one that was armed before.
    pub(crate) fn arm(&self, at: u64, action: Action) -> TimerId {
        self.armed(self.timers.arm(current::seat().unwrap_or(0), at, action))
    }

    fn armed(&self, (id, earlier): (TimerId, bool)) -> TimerId {
        if earlier && let Some(scheduler) = self.scheduler.get() {
            scheduler.timers_changed();
        }
        id
    }

    /// Sees to it that a call which is not answered in time fails.
    pub(crate) fn expect_reply(&self, mut call: Expiring, limit: Duration) {
        // On a worker of ours the next tick arms it, if it is not answered by then.
        if self.environment.is_none()
            && let Some(running) = current::running()
            && std::ptr::eq(self, running.machine_as::<Self>())
            && let Some(seat) = current::seat()
        {
            call = match self.timers.leave(seat, call, limit) {
                Ok(()) => return self.call_was_left(),
                Err(call) => call,
            }
        }
        let (seat, at) = (current::seat().unwrap_or(0), self.after(limit));
        let earlier = self.timers.arm_call(seat, at, call, limit);
        if earlier && let Some(scheduler) = self.scheduler.get() {
            scheduler.timers_changed();
        }
    }

    /// A call was left to the next tick. Who has lost its seat is nobody's next tick; who loses it
    /// now has left it to the next one there.
    fn call_was_left(&self) {
        if let Some(scheduler) = self.scheduler.get()
            && !scheduler.keeps_time()
        {
            self.timers.arm_young(|| self.now());
            scheduler.timers_changed();
        }
    }

    /// Performs what is due at `now`, all or about so many; answers how many.
    pub(crate) fn fire_timers(&self, now: u64, enough: usize) -> usize {
        self.timers.fire(now, enough, |action| guarded("a timer", || perform(action)))
    }

    /// The time that lies `delay` ahead, in nanoseconds.
    pub(crate) fn after(&self, delay: Duration) -> u64 {
        self.now().saturating_add(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX))
    }

    /// The number of the next supervisor that no other supervises.
    pub(crate) fn next_sequence(&self) -> u64 {
        self.sequence.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether a turn may lose its worker.
    fn rescues(&self) -> bool {
        self.scheduler.get().is_some_and(|scheduler| scheduler.rescues())
    }

    /// Tells the environment.
    pub(crate) fn observe(&self, event: &Event) {
        if let Some(environment) = &self.environment {
            environment.observe(event);
        }
    }

    /// The slab shard of this thread.
    fn shard(&self) -> usize {
        current::seat().unwrap_or(self.foreign).min(self.foreign)
    }
}

/// Does what a timer is for. What a program gave for it may panic.
fn perform(action: Action) {
    match action {
        // Refused mail is dropped here.
        Action::Send(to, mail) => drop(route::send_by_timer(&to, mail)),
        Action::Wake(waker) => waker.wake(),
        Action::Expire(call, after) => call.expire(Duration::from_nanos(after)),
        Action::Run(run) => run(),
    }
}

impl Machine for Core {
    fn ready(&self, cell: RawCell, priority: Priority) {
        if let Some(environment) = &self.environment {
            environment.ready(Runnable::new(cell));
        } else if let Some(scheduler) = self.scheduler.get() {
            scheduler.schedule(cell, priority);
        }
    }

    fn drained(&self, cell: &CellRef) -> bool {
        let told = self.overflows.tell(cell, false);
        if told.shrank {
            self.queue_shrank(cell);
        }
        told.all
    }

    fn dropped(&self, cell: &CellRef) {
        self.overflows.count(cell, |stats| stats.dropped += 1);
    }

    fn has_timer(&self, cell: RawCell, place: TimerPlace) -> bool {
        self.timers.is_at(place, cell)
    }
}

impl Task for RawCell {
    fn into_word(self) -> NonZeroUsize {
        NonZeroUsize::new(self.into()).expect("a cell's address")
    }

    fn from_word(word: NonZeroUsize) -> Self {
        Self::from_address(word.get()).expect("a cell's address")
    }
}

/// What the worker threads do with a runnable process.
struct Turns {
    core: Arc<Core>,
    /// Whether there are threads beside the workers.
    rescues: bool,
}

impl Hooks<RawCell> for Turns {
    fn run(&self, cell: RawCell, seat: Option<usize>) -> After {
        if self.core.ends_some()
            && let Some(more) = self.core.end_instead(cell)
        {
            return more.map_or(After::Done, |running| After::Again(running.priority()));
        }
        if seat.is_none() {
            return self.run_away(cell);
        }
        let messages = limits::TURN_MESSAGES;
        let budget = Budget { messages, timed: true, among_workers: self.rescues };
        self.turn(cell, budget)
    }

    fn is_away(&self, cell: RawCell) -> bool {
        !self.core.ends_some() && self.core.hogs.is_known(|| system::type_key(cell))
    }

    fn enroll(&self, thread: usize, fences: Fences) {
        self.core.crew.join();
        if self.rescues {
            self.core.detached.enroll(thread, fences);
        }
    }

    fn dismiss(&self, thread: usize) {
        leave_crew();
        self.core.detached.dismiss(thread);
    }

    fn sits(&self, thread: usize) {
        self.core.detached.set_away(thread, false);
    }

    fn rescued(&self, cell: RawCell, thread: usize, how: Stuck) {
        self.core.detached.set_away(thread, true);
        self.core.rescued(cell, how);
    }

    fn looked(&self) {
        self.core.look_for_killed();
    }

    fn exhausted(&self, how: Stuck) {
        self.core.tell_system(&SystemEvent::RescueLimit { blocked: how == Stuck::Sleeps });
    }

    fn tick(&self, _seat: usize) -> Option<Duration> {
        self.core.timers.arm_young(|| self.core.now());
        let next = self.core.timers.next_firing()?;
        let now = self.core.now();
        if next > now {
            return Some(Duration::from_nanos(next - now));
        }
        self.core.fire_timers(now, limits::TIMERS_AT_ONCE);
        let next = self.core.timers.next_firing()?;
        Some(Duration::from_nanos(next.saturating_sub(self.core.now())))
    }

    fn resting(&self, _seat: usize) {
        self.core.slab.tidy();
    }

    fn thread_started(&self, seat: usize) {
        current::set_seat(Some(seat));
    }

    fn thread_stopping(&self, _seat: usize) {
        current::set_seat(None);
    }
}

impl Turns {
    fn turn(&self, cell: RawCell, budget: Budget) -> After {
        let end = turn(cell.take_turn(), budget);
        if matches!(end, TurnEnd::Idle) {
            return After::Done;
        }
        match self.core.after_turn(end) {
            Some((running, true)) => After::Away(running.priority()),
            Some((running, false)) => After::Again(running.priority()),
            None => After::Done,
        }
    }

    /// A turn on a thread that keeps nobody from running. What it learns it says afterwards.
    fn run_away(&self, cell: RawCell) -> After {
        let key = system::type_key(cell);
        let begin = Instant::now();
        // One message a turn: the clock is the point.
        let after = self.turn(cell, Budget { messages: 1, timed: false, among_workers: false });
        self.core.hogs.ran(key, begin.elapsed());
        after
    }
}
