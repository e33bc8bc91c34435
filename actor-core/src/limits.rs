//! Every bound of the runtime, by name.
//!
//! What grows has a bound that somebody set; here is where to read, and in which option to change
//! it. A constant's source is named where it has one. Bounded by who uses them alone are the keys
//! of a keyed registry, the children of a dynamic supervisor unless `max_children` is said, and
//! what the next list names so.
//!
//! ```
//! use actor_core::limits;
//! use std::time::Duration;
//! assert_eq!(limits::PROCESSES, 134_217_727);
//! assert_eq!(limits::CALL_TIMEOUT, Duration::from_secs(5));
//! assert!(limits::MAILBOX_RANGE.contains(&limits::MAILBOX));
//! ```
//!
//! # What needs no room in a mailbox
//!
//! The bound of a mailbox ([`MAILBOX`]) is for messages, whoever sends them: other processes,
//! threads, and timers too, one's own and others'. These need none of it, and each has its own:
//!
//! - **Signals**, as in OTP: what could not be told without them would be lost for good. A process
//!   has as many downs and exits of links as it set monitors and has links, and a notice of a timer
//!   that is aimed at it for each that is armed ([`TIMERS`]). Requests of `sys` and to stop, and
//!   exit signals to a process that traps them, are bounded by their senders alone.
//! - **Replies**: each has a place that its call made.
//! - **Notices** of groups and keyed registries, of which none may be missing: up to the hard mark
//!   ([`mailbox_hard`]) they go in, and a process that has fallen so far behind is killed. Those of
//!   tables: one for each table that changes its owner ([`HOLDINGS`]).
//! - **What waited in a supervised child's gap** ([`GAP_MAIL`]), and what a state machine sends
//!   itself ([`MACHINE_QUEUE`]).

use std::time::Duration;

/// How many processes one runtime can hold at once: 2^27 - 1, the BEAM's own maximum, and the
/// default. [`Builder::processes`](crate::Builder::processes) lowers it.
pub const PROCESSES: u32 = (1 << 27) - 1;

/// How many unhandled messages a mailbox holds (2^16) unless the process says otherwise
/// ([`ProcessOptions::mailbox`](crate::ProcessOptions::mailbox)): its *high mark*. What happens to
/// a cast beyond it, [`Overflow`](crate::Overflow) says. What needs no room, the
/// [module](self#what-needs-no-room-in-a-mailbox) says.
pub const MAILBOX: usize = 1 << 16;

/// The *low mark* of a mailbox: down to so many messages it must be drained before the processes
/// that it holds go on.
///
/// ```
/// assert_eq!(actor_core::limits::mailbox_low(64), 32);
/// ```
#[must_use]
pub const fn mailbox_low(mailbox: usize) -> usize {
    mailbox / 2
}

/// The *hard mark* of a mailbox, above which nothing goes in and every sender gets
/// [`SendError::Full`](crate::SendError::Full): 16 times the high mark, and at least 65,536, so
/// that what a process sends in one handler is not lost to a small mailbox.
///
/// ```
/// use actor_core::limits::{MAILBOX, mailbox_hard};
/// assert_eq!((mailbox_hard(64), mailbox_hard(MAILBOX)), (65_536, 1_048_576));
/// ```
#[must_use]
pub const fn mailbox_hard(mailbox: usize) -> usize {
    let hard = mailbox.saturating_mul(16);
    if hard < HARD_LEAST {
        HARD_LEAST
    } else if hard > *MAILBOX_RANGE.end() {
        *MAILBOX_RANGE.end()
    } else {
        hard
    }
}

/// The least hard mark.
const HARD_LEAST: usize = 1 << 16;

/// How long a process that overfills another's mailbox is held, at most, each time.
pub const HOLD: Duration = Duration::from_millis(10);

/// How many of those who wait for a mailbox are told in one go when it has drained; they count as
/// messages of the turn.
pub(crate) const TOLD_AT_ONCE: usize = 64;

/// The smallest and largest mailbox that can be asked for.
pub const MAILBOX_RANGE: std::ops::RangeInclusive<usize> = 1..=u32::MAX as usize;

/// How many casts a supervised ref keeps while its process is being restarted, unless the child's
/// own mailbox is smaller. A cast beyond it is [`SendError::Full`](crate::SendError::Full).
pub const GAP_MAIL: usize = 1 << 15;

/// How many events a state machine postpones at most, unless it says `#[machine(postponed = ..)]`.
/// One more is not postponed: a call fails with [`CallFailure::Full`](crate::CallFailure::Full),
/// anything else is dropped, and that is reported.
pub const POSTPONED: usize = 1 << 15;

/// How many events wait inside of a state machine at most: those that it inserted, and those that
/// were postponed and are to be handled again. One that inserts more ends with an error.
pub const MACHINE_QUEUE: usize = 1 << 16;

/// How many steps a state machine makes for one message before it counts them as reductions, so
/// that one that is kept busy by events of its own lets others run.
pub(crate) const MACHINE_STEPS: usize = 64;

/// How long a call waits for its reply unless told otherwise: the default of OTP's
/// `gen_server:call`.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// How many events of one process [`Sys::log`](crate::Sys::log) keeps at most.
pub const SYS_LOG: usize = 10_000;

/// How many functions can be installed in one process at once, by
/// [`Sys::install`](crate::Sys::install).
pub const SYS_FUNCTIONS: usize = 64;

/// How many handlers an [`EventManager`](crate::event::EventManager) has at most: each of them sees
/// each event.
pub const EVENT_HANDLERS: usize = 1_024;

/// How many tasks an [`async_stream`](crate::task::async_stream) has at a time unless told
/// otherwise.
pub const STREAM_TASKS: usize = 16;

/// How long a task of an [`async_stream`](crate::task::async_stream) may take unless told
/// otherwise: Elixir's default.
pub const TASK_TIMEOUT: Duration = Duration::from_secs(5);

/// How long [`RuntimeHandle::inspect`](crate::RuntimeHandle::inspect) and the like wait for a
/// process that does not come to act on signals: as long as a call.
pub const INSPECT_TIMEOUT: Duration = CALL_TIMEOUT;

/// How many links, monitors and watchers of a process are named one by one by an
/// [`Inspection`](crate::Inspection), each; all of them are counted.
pub const INSPECTED: usize = 1_000;

/// How far [`RuntimeHandle::ancestors`](crate::RuntimeHandle::ancestors) goes.
pub const ANCESTORS: usize = 256;

/// How many events wait for the tracer of a [`TraceSession`](crate::TraceSession); what comes
/// beyond is lost, and counted.
pub const TRACE_EVENTS: usize = 1 << 14;

/// How many events a second a [`TraceSession`](crate::TraceSession) takes unless
/// [set](crate::TraceSession::rate); what comes beyond is lost, and counted.
pub const TRACE_RATE: u32 = 100_000;

/// How many crash reports a runtime writes a second at most; what comes beyond is left out, and
/// counted.
pub const REPORTS: u32 = 100;

/// How many mailboxes a second a runtime tells of at most when they grow long
/// ([`SystemEvent::LongMessageQueue`](crate::SystemEvent::LongMessageQueue)). Of one that is left
/// out nothing is told until it has drained and grows again.
pub const LONG_QUEUES: u32 = 1_000;

/// How many messages a process handles before it gives way to the next.
pub const TURN_MESSAGES: u32 = 256;

/// How many checks a process's handlers pass in one turn before they give way: rounds of loops that
/// `await`, and [`reduce`](crate::reduce). As many as the BEAM's reductions.
pub const TURN_REDUCTIONS: u32 = 4_000;

/// How long a process may handle messages before it gives way to the next, checked between
/// messages, and between rounds of the loops that [`TURN_REDUCTIONS`] counts.
pub const TURN_TIME: Duration = Duration::from_micros(50);

/// How much of a process that ends is taken apart before it gives way to the next: messages
/// dropped, links and monitors told. [`TURN_TIME`] holds as well.
pub const TURN_EXITS: u32 = 1024;

/// How many things one process holds in services beside it at once (2^20): groups it is in, tables
/// it owns, registries it has keys in, groups it watches. One more is
/// [`SystemLimit::Holdings`](crate::SystemLimit::Holdings).
pub const HOLDINGS: usize = 1 << 20;

/// How many entries a table holds (2^27) unless its options say otherwise
/// ([`TableOptions::limit`](crate::ets::TableOptions::limit)).
pub const TABLE: usize = 1 << 27;

/// About how many timers a worker fires before it runs processes again.
pub(crate) const TIMERS_AT_ONCE: usize = 512;

/// How many timers one runtime can have armed at once: 2^27 - 1, and the default;
/// [`Builder::timers`](crate::Builder::timers) lowers it. Each worker has an equal share. Who asks
/// for more ends with [`SystemLimit::Timers`](crate::SystemLimit::Timers). The deadlines of calls
/// are never refused: they come and go with the calls.
pub const TIMERS: u32 = (1 << 27) - 1;

/// Worker threads of one runtime at most.
pub const WORKERS: usize = 1024;

/// How long a turn may go on before its worker is given to another thread: processor time used, or
/// time since it began for a turn that sleeps in the system.
pub const STUCK: Duration = Duration::from_millis(1);

/// How many threads a runtime has beyond its workers at most, for turns that are stuck and for
/// handlers that say that they block. With so many of them at a time, each further stuck turn costs
/// a worker until one of them ends. [`Builder::rescue_threads`](crate::Builder::rescue_threads)
/// changes it.
pub const RESCUE_THREADS: usize = 256;

/// How long one of the [`RESCUE_THREADS`] has nothing to do before it ends: as long as tokio keeps
/// an idle thread of its blocking pool.
pub const RESCUE_IDLE: Duration = Duration::from_secs(10);

/// How many threads without anything to do stay all the same ([`RESCUE_IDLE`]): the next turns that
/// are stuck find them ready.
pub const RESCUE_WARM: usize = 2;

/// How long the trees of supervisors have to stop when their runtime is shut down, all of them
/// together, unless [`Builder::shutdown_trees`](crate::Builder::shutdown_trees) says otherwise. OTP
/// has no such bound: a child whose shutdown time is infinite holds up the end of its system.
pub const SHUTDOWN_TREES: Duration = Duration::from_secs(60);

/// How long [`Runtime::shutdown`](crate::Runtime::shutdown) waits for processes that no supervisor
/// stops (each is asked with `shutdown`), for the next of those to die that it kills then, and for
/// its threads. As long as an OTP worker has to stop by default.
pub const SHUTDOWN: Duration = Duration::from_secs(5);

/// How much longer than [`SHUTDOWN`] a shutdown waits for each process that it has asked: a million
/// that end at once need their time.
pub const SHUTDOWN_EACH: Duration = Duration::from_micros(10);

/// How many callers a task knows ([`task::callers`](crate::task::callers)): the nearest ones.
pub const CALLERS: usize = 32;

/// How long the applications of a program have to stop, all of them together, unless
/// [`Applications::shutdown`](crate::application::Applications::shutdown) says otherwise.
pub const APPLICATIONS_SHUTDOWN: Duration = Duration::from_secs(30);

/// State up to this size lives in the process's own cell, in bytes; larger state is boxed.
pub const INLINE_STATE: usize = 512;

const _: () = assert!(TURN_MESSAGES > 0);
// All that is postponed can be handled again.
const _: () = assert!(POSTPONED < MACHINE_QUEUE);
// A mailbox that has just got all that was kept is not full.
const _: () = assert!(GAP_MAIL <= mailbox_low(MAILBOX));
