//! What can be known of a process from outside: the answers of `process_info` and `inspect`.
//!
//! There are two, since nobody but a process itself touches what is its own. [`Vitals`] is what
//! anybody may read at any time, a few atomics. [`Inspection`] is the rest: the process is asked by
//! a signal and answers when it next acts on signals, all of it at one moment. Data only; how it is
//! come by is known above.

use crate::{overflow::Overflow, pid::Pid, priority::Priority};

/// What a process is doing, as OTP's `process_info(Pid, status)`. It may have changed by the time
/// it is looked at.
///
/// ```
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// # let rt = Runtime::new()?;
/// use actor_core::Status;
/// let counter = rt.spawn(Counter(0))?;
/// let vitals = rt.process_info(&counter).expect("it lives");
/// assert_eq!(vitals.status, Status::Waiting);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// It waits: for mail, or in a handler for whatever that awaits.
    Waiting,
    /// It has something to do, and waits for its turn.
    Runnable,
    /// A thread runs it. Where no thread may be rescued ([`Builder::rescue_threads`] is 0), a
    /// process in its turn shows as `Runnable`.
    ///
    /// [`Builder::rescue_threads`]: crate::Builder::rescue_threads
    Running,
    /// It has overfilled another's mailbox and waits until that has drained. An [`Inspection`]
    /// tells it; to [`Vitals`] it is `Waiting`.
    Held,
    /// Its mailbox is closed, and it is being taken apart.
    Exiting,
}

/// What anybody can see of a process at once: the answer of
/// [`RuntimeHandle::process_info`](crate::RuntimeHandle::process_info), which has the example.
///
/// The parts are read one after the other while the process goes on, so they need not be of one
/// moment; those of an [`Inspection`] are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vitals {
    /// Its identity.
    pub pid: Pid,
    /// Its type: in OTP, the initial call.
    pub type_name: &'static str,
    /// What it is doing.
    pub status: Status,
    /// How many messages wait.
    pub message_queue_len: usize,
    /// Whether exit signals become messages.
    pub trap_exit: bool,
    /// How it is scheduled.
    pub priority: Priority,
    /// How many messages its mailbox holds: the high mark.
    pub mailbox: usize,
    /// What happens above that.
    pub overflow: Overflow,
}

/// Processes that one is related to: all of them counted, the first
/// [`limits::INSPECTED`](crate::limits::INSPECTED) named. [`Inspection`] has the example.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peers {
    /// How many there are.
    pub count: usize,
    /// Some of them, in the order of their pids or monitors.
    pub first: Vec<Pid>,
}

impl Peers {
    pub(crate) fn new(count: usize, first: Vec<Pid>) -> Self {
        Self { count, first }
    }

    /// Whether it is known that this one is among them. The [type's example](Inspection) uses it.
    pub fn contains(&self, pid: Pid) -> bool {
        self.first.contains(&pid)
    }
}

/// What a process says of itself, all at one moment: the answer of
/// [`RuntimeHandle::inspect`](crate::RuntimeHandle::inspect), as OTP's `process_info/1`.
///
/// ```
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// #[derive(Process)]
/// struct Clerk;
/// #[handlers]
/// impl Clerk {
///     #[call] fn rely_on(&mut self, cx: &mut Context<Self>, counter: CounterRef) {
///         cx.set_label("the one at the till");
///         cx.link(&counter);
///     }
/// }
/// # let rt = Runtime::new()?;
/// let (clerk, counter) = (rt.spawn(Clerk)?, rt.spawn(Counter(0))?);
/// clerk.rely_on(counter.clone()).blocking()?;
/// let seen = rt.block_on(rt.inspect(&clerk))?;
/// assert_eq!(seen.links.count, 1);
/// assert!(seen.links.contains(counter.pid().expect("it was started")));
/// assert_eq!(seen.label.as_deref(), Some("the one at the till"));
/// assert_eq!(seen.reductions, 1);
/// assert!(seen.memory >= 80);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// What everybody can see. The status is what the process did when it was asked.
    pub vitals: Vitals,
    /// Its registered name.
    pub registered_name: Option<String>,
    /// What it calls itself: [`Context::set_label`](crate::Context::set_label).
    pub label: Option<String>,
    /// Who started it with a link: its supervisor, as a rule. It may be dead.
    pub parent: Option<Pid>,
    /// For whom it works, if it is a task: [`task::callers`](crate::task::callers).
    pub callers: Vec<Pid>,
    /// Whom it is linked to.
    pub links: Peers,
    /// Whom it watches; one that it watches twice is there twice.
    pub monitors: Peers,
    /// Who watches it; one that watches it twice is there twice.
    pub monitored_by: Peers,
    /// Whether it is inside a handler, hook or start function, which awaits something: messages
    /// wait until that is done.
    pub in_handler: bool,
    /// The message whose handler that is. Known only of one that began while calls were traced
    /// ([`Trace::CALL`](crate::Trace::CALL)).
    pub handling: Option<&'static str>,
    /// How many handlers and hooks it has run to their end: the work that it has done. Neither the
    /// checks of [`limits::TURN_REDUCTIONS`](crate::limits::TURN_REDUCTIONS) nor the reductions of
    /// [`Sys::get_statistics`](crate::Sys::get_statistics), which count those as well.
    pub reductions: u64,
    /// About how many bytes it takes: its cell, what lies beside that, the handler that is pending,
    /// and the messages that wait (the first [`limits::TURN_MESSAGES`] of them are measured, the
    /// others taken to be like them). What its state and its messages point to is theirs, and not
    /// counted.
    ///
    /// [`limits::TURN_MESSAGES`]: crate::limits::TURN_MESSAGES
    pub memory: usize,
}

/// The line of a process's parents: the answer of
/// [`RuntimeHandle::ancestors`](crate::RuntimeHandle::ancestors), which has the example.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ancestors {
    /// The parent, its parent, and so on: those that live, and the first that does not.
    pub pids: Vec<Pid>,
    /// The last one has no parent. Otherwise it is dead and says no more, or there are more than
    /// [`limits::ANCESTORS`](crate::limits::ANCESTORS).
    pub is_complete: bool,
}
