//! The simulation: an environment for the runtime in which nothing happens by itself.
//!
//! The runtime hands everything that would make something happen to its environment: mail on its
//! way into an inbox, and processes that became runnable. Here both are kept, and let go one at a
//! time, on one thread. A step is one of:
//!
//! - *deliver*: the first envelope of a channel enters its inbox, and the receiver takes one turn;
//! - *run*: a process that can go on takes one turn;
//! - *fire*: the clock jumps to the next deadline and the timers due there fire. What they send is
//!   staged like everything else: that a timer fires and that its message arrives are two steps.
//!
//! The clock moves only when nothing else can happen, so an hour of virtual time costs nothing.
//!
//! **The rule of the lock.** The world is behind a mutex because the environment must be `Sync`,
//! not because two threads meet here. It is never held while anything of the runtime is called, nor
//! while an envelope, a waker or a runnable is dropped: each of them may come back here.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use actor_core::Pid;
use actor_core::sim::{Access, Driver, Envelope, Environment, Event, Runnable, Turn};

use crate::supervision::Record;
use crate::trace::Action;
use crate::wait::Until;
use crate::world::{Todo, World};

/// How many messages a process handles in a turn: one, so that every message is a step.
const BUDGET: u32 = 1;

/// An environment in which nothing happens by itself.
pub(crate) struct Simulation {
    world: Mutex<World>,
    driver: Mutex<Option<Arc<Driver>>>,
}

/// What came of a quiet moment.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Quiet {
    /// Something can happen again.
    Over,
    /// Nothing can ever happen again.
    Forever,
}

/// The instant at which all tests start. An `Instant` cannot be made from nothing, so it is the
/// first one that any test asked for; tests see only differences.
fn start() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}

impl Simulation {
    /// A simulation of `world`, with its driver.
    pub(crate) fn new(world: World) -> Arc<Self> {
        let simulation = Arc::new(Self { world: Mutex::new(world), driver: Mutex::new(None) });
        let driver = Arc::new(Driver::new(simulation.clone()));
        *simulation.driver.lock().unwrap_or_else(PoisonError::into_inner) = Some(driver);
        simulation
    }

    /// Looks at the world. `look` must call nothing of the runtime.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The driver, while the schedule lasts.
    pub(crate) fn driver(&self) -> Option<Arc<Driver>> {
        self.driver.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The time since the start of the test.
    pub(crate) fn clock(&self) -> Duration {
        self.with(|world| world.clock)
    }

    /// Does one thing, if anything can happen now.
    pub(crate) fn step(&self, driver: &Driver) -> bool {
        match self.with(World::next) {
            Todo::Nothing => return false,
            Todo::Run(runnable) => self.turn(driver, runnable),
            Todo::Deliver(envelope) => {
                let to = envelope.destination();
                envelope.deliver();
                if let Some(runnable) = self.with(|world| world.take_ready(to)) {
                    self.turn(driver, runnable);
                }
            }
        }
        self.wake_watchers();
        true
    }

    /// Wakes those who wait for the end of a process. Not where the end is reported: that is in the
    /// midst of the runtime's work.
    fn wake_watchers(&self) {
        let watchers = self.with(|world| {
            let seen = std::mem::take(&mut world.exits_unseen);
            if seen { std::mem::take(&mut world.watchers) } else { Vec::new() }
        });
        watchers.into_iter().for_each(std::task::Waker::wake);
    }

    /// Lets a process take a turn.
    fn turn(&self, driver: &Driver, runnable: Runnable) {
        if let Turn::Again(runnable) = driver.run(runnable, BUDGET) {
            self.ready(runnable);
        }
    }

    /// What to do when nothing can happen: end waits, or let time pass. Timers that are due go
    /// first, then whoever waits for this very moment, then the clock moves.
    pub(crate) fn quiet(&self, driver: &Driver) -> Quiet {
        let next = driver.next_timer().map(|at| at.saturating_duration_since(start()));
        let (horizon, moves, auto, now) = self.with(|world| {
            let (horizon, moves) = (world.waits.horizon(), world.waits.moves_clock());
            (horizon, moves, world.auto_time, world.clock)
        });
        let due = next.is_some_and(|at| at <= now);
        if !due && self.end_waits(|until| until == Until::Settled) {
            return Quiet::Over;
        }
        // Without a wait of the testkit's own the body waits for something in the system, and only
        // time can bring it.
        let horizon = match (horizon, auto || moves) {
            (_, false) => now,
            (Some(at), true) => at.max(now),
            (None, true) => Duration::MAX,
        };
        match next {
            Some(at) if at <= horizon => {
                self.fire(driver, at.max(now));
                Quiet::Over
            }
            _ if self.end_at(horizon, next.is_some() && (auto || moves)) => Quiet::Over,
            _ => Quiet::Forever,
        }
    }

    /// Moves the clock to `at` and fires what is due.
    fn fire(&self, driver: &Driver, at: Duration) {
        self.with(|world| world.clock = at);
        let timers = driver.fire_timers();
        self.with(|world| world.write(Action::Fire { timers }, false));
    }

    /// Nothing is due up to `horizon`: ends the waits for it, and moves the clock if one of them is
    /// about the clock. Unless something may come `later`, all hope is lost for the others too.
    fn end_at(&self, horizon: Duration, later: bool) -> bool {
        if self.end_waits(|until| matches!(until, Until::Clock(at) if at <= horizon)) {
            self.with(|world| world.clock = horizon);
            return true;
        }
        self.end_waits(|until| matches!(until, Until::Hopeless(at) if !later || at <= horizon))
    }

    /// Ends the waits that `test` accepts; says whether there were any.
    fn end_waits(&self, test: impl Fn(Until) -> bool) -> bool {
        let wakers = self.with(|world| world.waits.end(test));
        let any = !wakers.is_empty();
        wakers.into_iter().for_each(std::task::Waker::wake);
        any
    }

    /// Ends the schedule: kills what still lives and drops what is on its way.
    pub(crate) fn close(&self) {
        let left = self.with(World::close);
        drop(left);
        let driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(driver) = driver.and_then(Arc::into_inner) {
            driver.shutdown();
        }
    }
}

impl Environment for Simulation {
    fn now(&self) -> Instant {
        start() + self.clock()
    }

    fn stage(&self, envelope: Envelope) {
        // What is refused at the end is dropped here, outside of the lock.
        let _refused = self.with(|world| world.stage(envelope));
    }

    fn ready(&self, runnable: Runnable) {
        // What is refused at the end is dropped here, outside of the lock.
        let _refused = self.with(|world| world.ready(runnable));
    }

    fn random(&self, process: Option<Pid>) -> u64 {
        self.with(|world| world.random(process))
    }

    fn shared(&self, _object: &str, _access: Access) {
        // A turn is one step here, shared objects included: nothing can come between.
    }

    fn recall(&self, to: Pid) -> Vec<Envelope> {
        self.with(|world| world.recall(to))
    }

    fn observe(&self, event: &Event) {
        self.with(|world| {
            match event {
                Event::Spawned { pid, parent, name, .. } => {
                    world.identities.spawned(*pid, *parent, name);
                }
                Event::Exited { pid, reason, .. } => {
                    world.identities.exited(*pid, reason.clone());
                    world.exits_unseen = true;
                }
                _ => {}
            }
            let record = Record::new(event, world.clock, &mut world.identities);
            world.records.extend(record);
        });
    }
}
