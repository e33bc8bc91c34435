//! The simulation seam: what a testkit puts in the place of threads, clocks and chance.
//!
//! A runtime made by [`Driver::new`] has no threads. Everything that would enter one of its
//! processes' inboxes is given to [`Environment::stage`], everything that becomes runnable to
//! [`Environment::ready`]; the environment decides what happens next, and makes it happen by
//! [`Envelope::deliver`], [`Driver::run`] and [`Driver::fire_timers`]. The cells, inboxes, timers,
//! names and supervisors are the real ones: a message to a process of a simulation differs from
//! any other by one bit in the inbox's word.
//!
//! This module is for testkits; programs use `actor_testkit`.

use std::{sync::Arc, time::Instant};

use super::{Core, RuntimeHandle, route};
use crate::{
    exit::ExitReason,
    pid::Pid,
    process as cells,
    process::{Body, Budget, CellRef, Mail, RawCell},
};

/// What a testkit provides. [`Driver`] has an example.
///
/// All methods are called on the thread that drives the simulation, from inside turns, deliveries
/// and timers; they must not call back into the [`Driver`].
pub trait Environment: Send + Sync + 'static {
    /// The virtual time. Never goes back.
    fn now(&self) -> Instant;
    /// The send funnel: takes what would enter an inbox.
    fn stage(&self, envelope: Envelope);
    /// The wake funnel: takes a process that has become runnable.
    fn ready(&self, runnable: Runnable);
    /// A random word, for the process that asks.
    fn random(&self, process: Option<Pid>) -> u64;
    /// A process reads or writes something that all share: the registry, by name.
    fn shared(&self, object: &str, access: Access);
    /// Something happened.
    fn observe(&self, event: &Event);
    /// A process has ended whose mailbox outlasts it: gives back the messages that were staged for
    /// it, by their age. They were sent before its end, and so are part of that mailbox.
    fn recall(&self, to: Pid) -> Vec<Envelope> {
        let _ = to;
        Vec::new()
    }
}

/// How shared state is touched: the argument of [`Environment::shared`].
///
/// ```
/// use actor_core::sim::Access;
/// /// Two steps that only read the same object can be exchanged, others cannot.
/// fn conflict(one: Access, other: Access) -> bool {
///     (one, other) != (Access::Read, Access::Read)
/// }
/// assert!(conflict(Access::Read, Access::Write));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It is looked at.
    Read,
    /// It is changed.
    Write,
}

/// What a runtime tells of itself, to an [`Environment`] and to `tracing`: the argument of
/// [`Environment::observe`].
///
/// ```
/// use actor_core::sim::Event;
/// /// What a testkit prints of an event, if it is worth a line.
/// fn line(event: &Event) -> Option<String> {
///     match event {
///         Event::Exited { name, reason, .. } if !reason.is_normal() => {
///             Some(format!("{name} crashed: {reason}"))
///         }
///         Event::SupervisorGaveUp { supervisor } => Some(format!("{supervisor} gave up")),
///         _ => None,
///     }
/// }
/// # let _ = line;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A process was started.
    Spawned {
        /// It.
        pid: Pid,
        /// The process that started it.
        parent: Option<Pid>,
        /// Its type.
        name: &'static str,
    },
    /// A process has ended; its links and monitors are told next.
    Exited {
        /// It.
        pid: Pid,
        /// Its type.
        name: &'static str,
        /// Why.
        reason: ExitReason,
    },
    /// A supervisor has started a child, for the first time or again.
    ChildStarted {
        /// The supervisor.
        supervisor: Pid,
        /// The child's id.
        id: Arc<str>,
        /// The child.
        pid: Pid,
        /// How many times it was started before.
        restarts: u64,
    },
    /// A supervisor has seen a child end.
    ChildExited {
        /// The supervisor.
        supervisor: Pid,
        /// The child's id.
        id: Arc<str>,
        /// The child.
        pid: Pid,
        /// Why it ended.
        reason: ExitReason,
    },
    /// A supervisor could not start a child.
    ChildFailed {
        /// The supervisor.
        supervisor: Pid,
        /// The child's id.
        id: Arc<str>,
        /// Why.
        reason: ExitReason,
    },
    /// A supervisor has seen more restarts than its intensity allows, and gives up.
    SupervisorGaveUp {
        /// The supervisor.
        supervisor: Pid,
    },
}

/// What an [`Envelope`] holds; that one's [example](Envelope) asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvelopeKind {
    /// A message.
    Message,
    /// A signal: exit, link, monitor, down and the like.
    Signal,
    /// The reply to a call.
    Reply,
    /// A message sent by a timer.
    Timer,
}

enum Load {
    Mail(Mail),
    Reply(Box<dyn FnOnce() + Send>),
}

/// A piece of mail on its way to a process of a simulation.
///
/// Dropping it loses the mail, as a network would: a call in it fails with `NoReply`.
///
/// ```
/// # use actor_core::{*, prelude::*, sim::*};
/// # use std::{collections::VecDeque, sync::{Arc, Mutex}, time::Instant};
/// # enum Step { Mail(Envelope), Run(Runnable) }
/// # struct Fifo { start: Instant, steps: Mutex<VecDeque<Step>> }
/// # impl Environment for Fifo {
/// #     fn now(&self) -> Instant { self.start }
/// #     fn stage(&self, it: Envelope) { self.steps.lock().unwrap().push_back(Step::Mail(it)) }
/// #     fn ready(&self, it: Runnable) { self.steps.lock().unwrap().push_back(Step::Run(it)) }
/// #     fn random(&self, _: Option<Pid>) -> u64 { 4 }
/// #     fn shared(&self, _: &str, _: Access) {}
/// #     fn observe(&self, _: &Event) {}
/// # }
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[cast] fn add(&mut self, by: u64) { self.0 += by }
/// # }
/// # let fifo = Arc::new(Fifo { start: Instant::now(), steps: Mutex::default() });
/// # let driver = Driver::new(fifo.clone());
/// # let step = || fifo.steps.lock().unwrap().pop_front();
/// let counter = driver.handle().spawn(Counter(40))?;
/// counter.add(2)?;
/// let Some(Step::Mail(mail)) = step() else { panic!("the cast was staged") };
/// assert_eq!((mail.source(), Some(mail.destination())), (None, counter.pid()));
/// assert_eq!((mail.kind(), mail.label()), (EnvelopeKind::Message, "Add"));
/// mail.deliver();
/// # drop(fifo.steps.lock().unwrap().drain(..).collect::<Vec<_>>());
/// # driver.shutdown();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Envelope {
    source: Option<Pid>,
    to: CellRef,
    kind: EnvelopeKind,
    load: Load,
}

impl Envelope {
    /// The message in it, if it is one.
    pub(super) fn into_message(self) -> Option<Mail> {
        match self.load {
            Load::Mail(mail) if mail.is_message() => Some(mail),
            Load::Mail(_) | Load::Reply(_) => None,
        }
    }

    pub(crate) fn mail(source: Option<Pid>, to: CellRef, mail: Mail, timer: bool) -> Self {
        let kind = match (timer, mail.takes_room()) {
            (true, _) => EnvelopeKind::Timer,
            (false, true) => EnvelopeKind::Message,
            (false, false) => EnvelopeKind::Signal,
        };
        Self { source, to, kind, load: Load::Mail(mail) }
    }

    pub(crate) fn reply(to: CellRef, deliver: Box<dyn FnOnce() + Send>) -> Self {
        let source = cells::current::pid();
        Self { source, to, kind: EnvelopeKind::Reply, load: Load::Reply(deliver) }
    }

    /// Who sent it; `None` for a timer, or from outside of any process. The [type's example](Self)
    /// uses it.
    pub fn source(&self) -> Option<Pid> {
        self.source
    }

    /// To whom it goes. The [type's example](Self) uses it.
    pub fn destination(&self) -> Pid {
        self.to.pid()
    }

    /// What it is. The [type's example](Self) uses it.
    pub fn kind(&self) -> EnvelopeKind {
        self.kind
    }

    /// The message's or signal's name. The [type's example](Self) uses it.
    pub fn label(&self) -> &'static str {
        match &self.load {
            Load::Mail(mail) => mail.name(),
            Load::Reply(_) => "reply",
        }
    }

    /// Puts it into the real inbox, which may call [`Environment::ready`]. If the process has ended
    /// meanwhile, a message is lost as mail of the dead is, and a signal is answered as the dead
    /// answer. The [type's example](Self) uses it.
    pub fn deliver(self) {
        match self.load {
            Load::Mail(mail) => route::deliver(self.source, &self.to, mail),
            Load::Reply(deliver) => deliver(),
        }
    }
}

impl std::fmt::Debug for Envelope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Envelope")
            .field("source", &self.source)
            .field("destination", &self.destination())
            .field("label", &self.label())
            .finish()
    }
}

/// The right to run one process for one turn. Dropping it would leave the process runnable for
/// ever, and never run.
///
/// ```
/// # use actor_core::{*, prelude::*, sim::*};
/// # use std::{collections::VecDeque, sync::{Arc, Mutex}, time::Instant};
/// # enum Step { Mail(Envelope), Run(Runnable) }
/// # struct Fifo { start: Instant, steps: Mutex<VecDeque<Step>> }
/// # impl Environment for Fifo {
/// #     fn now(&self) -> Instant { self.start }
/// #     fn stage(&self, it: Envelope) { self.steps.lock().unwrap().push_back(Step::Mail(it)) }
/// #     fn ready(&self, it: Runnable) { self.steps.lock().unwrap().push_back(Step::Run(it)) }
/// #     fn random(&self, _: Option<Pid>) -> u64 { 4 }
/// #     fn shared(&self, _: &str, _: Access) {}
/// #     fn observe(&self, _: &Event) {}
/// # }
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[cast] fn add(&mut self, by: u64) { self.0 += by }
/// # }
/// # let fifo = Arc::new(Fifo { start: Instant::now(), steps: Mutex::default() });
/// # let driver = Driver::new(fifo.clone());
/// # let step = || fifo.steps.lock().unwrap().pop_front();
/// let counter = driver.handle().spawn(Counter(40))?;
/// counter.add(2)?;
/// let Some(Step::Mail(mail)) = step() else { panic!("the cast was staged") };
/// mail.deliver();
/// let Some(Step::Run(who)) = step() else { panic!("the counter was idle") };
/// assert_eq!(Some(who.pid()), counter.pid());
/// assert!(matches!(driver.run(who, 8), Turn::Done));
/// # drop(fifo.steps.lock().unwrap().drain(..).collect::<Vec<_>>());
/// # driver.shutdown();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a process that is ready must be run"]
pub struct Runnable {
    cell: RawCell,
    pid: Pid,
}

impl Runnable {
    pub(crate) fn new(cell: RawCell) -> Self {
        Self { cell, pid: cell.pin().pid() }
    }

    /// Whom to run. The [type's example](Self) uses it.
    pub fn pid(&self) -> Pid {
        self.pid
    }
}

impl std::fmt::Debug for Runnable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Runnable({})", self.pid)
    }
}

/// How a turn ended: what [`Driver::run`] answers. The [driver's example](Driver) acts on it.
#[derive(Debug)]
#[must_use]
pub enum Turn {
    /// The process waits, or has ended.
    Done,
    /// It has more to do; [`Environment::ready`] was not called for it.
    Again(Runnable),
}

/// What can be seen of a process from outside, at one moment. [`Driver::processes`] has an example.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessInfo {
    /// Its identity.
    pub pid: Pid,
    /// Its type.
    pub name: &'static str,
    /// How many messages wait.
    pub mailbox_len: usize,
    /// Whether it waits inside a handler, hook or start function.
    pub pending: bool,
    /// Whether it is held, because it has overfilled another's mailbox.
    pub held: bool,
}

/// A runtime without threads, driven by hand; for testkits.
///
/// ```
/// use actor_core::{*, prelude::*, sim::*};
/// use std::{collections::VecDeque, sync::{Arc, Mutex}, time::Instant};
///
/// /// Everything happens in the order in which it became possible; time stands still.
/// enum Step { Mail(Envelope), Run(Runnable) }
/// struct Fifo { start: Instant, steps: Mutex<VecDeque<Step>> }
///
/// impl Environment for Fifo {
///     fn now(&self) -> Instant { self.start }
///     fn stage(&self, mail: Envelope) { self.steps.lock().unwrap().push_back(Step::Mail(mail)) }
///     fn ready(&self, who: Runnable) { self.steps.lock().unwrap().push_back(Step::Run(who)) }
///     fn random(&self, _: Option<Pid>) -> u64 { 4 }
///     fn shared(&self, _: &str, _: Access) {}
///     fn observe(&self, _: &Event) {}
/// }
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[cast] fn add(&mut self, by: u64) { self.0 += by }
/// # }
/// let fifo = Arc::new(Fifo { start: Instant::now(), steps: Mutex::default() });
/// let driver = Driver::new(fifo.clone());
/// let counter = driver.handle().spawn(Counter(40))?;
/// counter.add(2)?;
/// loop {
///     let step = fifo.steps.lock().unwrap().pop_front();
///     match step {
///         Some(Step::Mail(mail)) => mail.deliver(),
///         Some(Step::Run(who)) => {
///             if let Turn::Again(who) = driver.run(who, 1) { fifo.ready(who) }
///         }
///         None => break,
///     }
/// }
/// let pid = counter.pid().expect("it was started");
/// assert_eq!(driver.with_state(pid, |counter: &Counter| counter.0), Some(42));
/// assert_eq!((driver.timers_armed(), driver.next_timer(), driver.fire_timers()), (0, None, 0));
/// assert_eq!((driver.processes()[0].name, driver.names().len()), ("Counter", 0));
/// driver.ask_to_stop(pid);
/// driver.shutdown();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Driver {
    core: Arc<Core>,
}

impl Driver {
    /// A runtime in this environment. The [type's example](Self) uses it.
    pub fn new(environment: Arc<dyn Environment>) -> Self {
        Self { core: Core::simulated(environment) }
    }

    /// The runtime as programs see it. The [type's example](Self) uses it.
    pub fn handle(&self) -> RuntimeHandle {
        RuntimeHandle::new(self.core.clone())
    }

    /// Runs one turn of at most `messages` messages. The [type's example](Self) uses it.
    pub fn run(&self, runnable: Runnable, messages: u32) -> Turn {
        let _entered = super::enter::enter(&self.core);
        let budget = Budget { messages, timed: false, among_workers: false };
        let end = cells::turn(runnable.cell.take_turn(), budget);
        match self.core.after_turn(end) {
            Some((running, _)) => Turn::Again(Runnable::new(running.raw())),
            None => Turn::Done,
        }
    }

    /// When the earliest timer is due; `None` if none is armed. The [type's example](Self) uses it.
    pub fn next_timer(&self) -> Option<Instant> {
        self.core.timers.next().map(|at| self.core.instant(at))
    }

    /// Fires all timers that are due at the environment's time: each sends its mail or makes its
    /// process ready. Answers how many.
    /// The [type's example](Self) uses it.
    pub fn fire_timers(&self) -> usize {
        self.core.fire_timers(self.core.now(), usize::MAX)
    }

    /// How many timers are armed. The [type's example](Self) uses it.
    pub fn timers_armed(&self) -> usize {
        self.core.timers.len()
    }

    /// All living processes, in the order of their table slots. The [type's example](Self) uses it.
    pub fn processes(&self) -> Vec<ProcessInfo> {
        self.core.processes()
    }

    /// Asks a process to stop with `shutdown`, as the end of a runtime does: one that traps exits
    /// or has a `terminate` by a request that waits its turn, any other by an exit signal.
    ///
    /// # If the process is gone
    /// Nothing happens. The [type's example](Self) uses it.
    pub fn ask_to_stop(&self, pid: Pid) {
        if let Some(pin) = self.core.pin(pid) {
            super::shutdown::ask(&pin);
        }
    }

    /// All registered names, sorted. The [type's example](Self) uses it.
    pub fn names(&self) -> Vec<String> {
        self.core.registry.names().iter().map(ToString::to_string).collect()
    }

    /// Looks at a process's state, if it is of that type and in no handler. Only while nothing of
    /// the simulation runs.
    pub(crate) fn look<B: Body, T>(&self, pid: Pid, f: impl FnOnce(&B) -> T) -> Option<T> {
        let pin = self.core.pin(pid)?;
        // Nothing runs (the driver is the only thread), so the right to run is ours for a moment.
        pin.raw().take_turn().look(f)
    }

    /// Kills every process, runs what that makes runnable, and ends the runtime. Envelopes and
    /// runnables that the environment still holds are to be dropped or delivered before. The
    /// [type's example](Self) uses it.
    pub fn shutdown(self) {
        let _entered = super::enter::enter(&self.core);
        self.core.abandon();
    }
}
