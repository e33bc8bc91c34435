//! One error type for each operation.

use std::{fmt, time::Duration};

use crate::{exit::ExitReason, pid::Pid};

/// Why a message could not be sent.
///
/// ```
/// use actor_core::SendError;
/// assert_eq!(SendError::NoProc.to_string(), "noproc: there is no such process any more");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The process has ended (for a supervised ref: and will not be restarted).
    #[error("noproc: there is no such process any more")]
    NoProc,
    /// Its mailbox is at its bound; the message was not queued. Send again later, or give the
    /// process a larger `mailbox`.
    #[error("the mailbox is full; send again later or give the process a larger one")]
    Full,
    /// The process that sends was killed, and its handler still runs: see
    /// [`CallFailure::Exiting`].
    #[error("exiting: the sender has been killed")]
    Exiting,
}

/// Why a process has not got the name that it asked for.
///
/// ```
/// use actor_core::RegisterError;
/// let error = RegisterError::HasName("till".into());
/// assert_eq!(error.to_string(), "the process has the name \"till\"; unregister that first");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// Another live process has it.
    #[error("the name {name:?} is taken by {pid}")]
    NameTaken {
        /// The name.
        name: String,
        /// Who has it.
        pid: Pid,
    },
    /// The process has a name already: this one or another. A process has one at most.
    #[error("the process has the name {0:?}; unregister that first")]
    HasName(String),
    /// The process was killed, and its handler still runs: see [`CallFailure::Exiting`].
    #[error("exiting: the process has been killed")]
    Exiting,
}

/// Why a call has no reply.
///
/// Only `NoProc`, `Full`, `Exiting`, `CallingSelf` and `BlockingInProcess` say that the request was
/// not handled; after the others it may have been, or may still be.
///
/// ```
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// # let rt = Runtime::new()?;
/// use actor_core::CallFailure;
/// let counter = rt.spawn(Counter(0))?;
/// counter.stop(ExitReason::Normal).blocking();
/// match counter.add(1).blocking() {
///     Err(CallFailure::NoProc) => {}
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallFailure {
    /// There is no such process.
    #[error("noproc: there is no such process any more")]
    NoProc,
    /// The process ended before it replied.
    #[error("the process ended before it replied: {0}")]
    Exited(ExitReason),
    /// No reply came in time. The request may still be handled; its reply will be discarded.
    #[error("no reply within {0:?}")]
    Timeout(Duration),
    /// Its mailbox is at its bound; the request was not queued.
    #[error("the mailbox is full; the request was not queued")]
    Full,
    /// A process called itself; it would have waited for itself for ever.
    #[error("calling_self: a process cannot call itself; use a method call or `cx.continue_with`")]
    CallingSelf,
    /// The handler dropped its `Reply` without an answer.
    #[error("no_reply: the handler dropped its `Reply` unanswered")]
    NoReply,
    /// `.blocking()` inside a process would block the scheduler; `.await` the call instead.
    #[error("`.blocking()` inside a process; `.await` the call instead")]
    BlockingInProcess,
    /// The process that calls was killed while its handler computed or blocked for long. Everybody
    /// else sees it ended; the handler runs on to its end, and all that it asks is refused.
    #[error("exiting: the caller has been killed")]
    Exiting,
    /// Whoever answered sent the reply of another request (a mock or a forwarder that mixes them
    /// up).
    #[error("the reply belongs to another request")]
    WrongReply,
}

impl From<SendError> for CallFailure {
    fn from(error: SendError) -> Self {
        match error {
            SendError::NoProc => Self::NoProc,
            SendError::Full => Self::Full,
            SendError::Exiting => Self::Exiting,
        }
    }
}

/// Why a call whose handler returns a `Result` failed: by the handler's own word, or on the way.
///
/// ```
/// use actor_core::{CallError, prelude::*};
/// #[derive(Debug, PartialEq)]
/// struct Overdrawn;
/// #[derive(Process)]
/// struct Account { balance: u64 }
/// #[handlers]
/// impl Account {
///     #[call] fn withdraw(&mut self, amount: u64) -> Result<u64, Overdrawn> {
///         self.balance = self.balance.checked_sub(amount).ok_or(Overdrawn)?;
///         Ok(self.balance)
///     }
/// }
/// # let rt = Runtime::new()?;
/// let account = rt.spawn(Account { balance: 10 })?;
/// assert_eq!(account.withdraw(30).blocking(), Err(CallError::Handler(Overdrawn)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError<E> {
    /// The handler answered with this error.
    Handler(E),
    /// There was no answer.
    Failed(CallFailure),
}

impl<E> CallError<E> {
    /// The handler's own error, if that is what it is.
    ///
    /// ```
    /// use actor_core::{CallError, CallFailure};
    /// assert_eq!(CallError::Handler("overdrawn").handler(), Some("overdrawn"));
    /// assert_eq!(CallError::<&str>::Failed(CallFailure::Full).handler(), None);
    /// ```
    pub fn handler(self) -> Option<E> {
        match self {
            Self::Handler(error) => Some(error),
            Self::Failed(_) => None,
        }
    }
}

impl<E> From<CallFailure> for CallError<E> {
    fn from(failure: CallFailure) -> Self {
        Self::Failed(failure)
    }
}

impl<E: fmt::Display> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handler(error) => error.fmt(f),
            Self::Failed(failure) => failure.fmt(f),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for CallError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Handler(error) => error.source(),
            Self::Failed(failure) => Some(failure),
        }
    }
}

// What a handler asked of another process failed, and it cannot go on: `?` makes that its reason.

impl<E: fmt::Display + 'static> From<CallError<E>> for ExitReason {
    fn from(error: CallError<E>) -> Self {
        match error {
            CallError::Handler(error) => Self::of(error),
            CallError::Failed(failure) => Self::error(failure),
        }
    }
}

impl From<CallFailure> for ExitReason {
    fn from(failure: CallFailure) -> Self {
        Self::error(failure)
    }
}

impl From<SendError> for ExitReason {
    fn from(error: SendError) -> Self {
        Self::error(error)
    }
}

impl From<StartError> for ExitReason {
    fn from(error: StartError) -> Self {
        Self::error(error)
    }
}

/// A bound of the runtime was reached; see [`limits`](crate::limits).
///
/// ```
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// # let rt = Runtime::new()?;
/// use actor_core::{StartError, SystemLimit};
/// let rt = Runtime::builder().workers(1).processes(1).build()?;
/// let only = rt.spawn(Counter(0))?;
/// let refused = rt.spawn(Counter(0));
/// assert_eq!(refused.unwrap_err(), StartError::SystemLimit(SystemLimit::Processes(1)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SystemLimit {
    /// As many processes as the runtime may hold are alive.
    #[error("system_limit: {0} processes are alive, as many as this runtime may hold")]
    Processes(u32),
    /// The worker's share of the timers that the runtime may hold ([`limits::TIMERS`]) is armed. A
    /// process that asks for another (by `send_after`, `send_interval`, `sleep` or `timeout`)
    /// panics with this text, and so ends.
    ///
    /// [`limits::TIMERS`]: crate::limits::TIMERS
    #[error("system_limit: {0} timers are armed, as many as this runtime may hold")]
    Timers(u32),
    /// The process holds as many things as one may ([`limits::HOLDINGS`]): groups it is in or
    /// watches, tables, registries it has keys in.
    ///
    /// [`limits::HOLDINGS`]: crate::limits::HOLDINGS
    #[error("system_limit: the process holds {0} things, as many as one may")]
    Holdings(usize),
    /// The operating system gave no memory for another process.
    #[error("system_limit: no memory for another process")]
    Memory,
}

/// Why a process did not start. Nothing of it is left when this is returned.
///
/// ```
/// use actor_core::{StartError, prelude::*};
/// #[derive(Process)]
/// struct Journal;
/// #[handlers]
/// impl Journal {
///     #[init] fn open(&mut self) -> Result<(), &'static str> { Err("the disk is full") }
/// }
/// # let rt = Runtime::new()?;
/// let failed = rt.block_on(rt.start(Journal)).unwrap_err();
/// assert_eq!(failed, StartError::Init(ExitReason::error("the disk is full")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Its start function or `#[init]` failed, or it ended before that was done.
    #[error("it did not start: {0}")]
    Init(ExitReason),
    /// Its start function chose not to start (OTP's `ignore`).
    #[error("it chose not to start")]
    Ignored,
    /// The name belongs to a live process.
    #[error("the name {name:?} is taken by {pid}")]
    NameTaken {
        /// The name asked for.
        name: String,
        /// Who has it.
        pid: Pid,
    },
    /// A bound was reached.
    #[error(transparent)]
    SystemLimit(#[from] SystemLimit),
    /// It was not ready in time, and was killed.
    #[error("it was not ready within {0:?}, and was killed")]
    Timeout(Duration),
    /// The process that starts it was killed, and its handler still runs: see
    /// [`CallFailure::Exiting`].
    #[error("exiting: the process that starts it has been killed")]
    Exiting,
    /// No runtime is entered on this thread: start it inside a process, under
    /// `#[actor_core::main]`, between `Runtime::enter` and the drop of its guard, or by the
    /// methods of `Runtime`.
    #[error("no runtime here: use `#[actor_core::main]`, `Runtime::enter`, or `runtime.start(..)`")]
    NoRuntime,
    /// The runtime is shutting down.
    #[error("the runtime is shutting down")]
    ShuttingDown,
    /// A child of the supervisor did not start; those before it were stopped again.
    #[error("child {id:?} did not start: {reason}")]
    Child {
        /// The child's id.
        id: String,
        /// Why.
        reason: ExitReason,
    },
    /// The supervisor has as many children of this dynamic kind as its spec allows, those that are
    /// being restarted included.
    #[error("max_children: there are {0} children of this kind, as many as there may be")]
    MaxChildren(usize),
    /// The supervisor could not be asked.
    #[error("the supervisor did not answer: {0}")]
    Supervisor(CallFailure),
    /// An option does not fit; says which and why.
    #[error("{0}")]
    Options(String),
}

/// The name belongs to a process that takes other messages.
///
/// ```
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// # let rt = Runtime::new()?;
/// # #[derive(Process)] struct Clerk;
/// # #[handlers] impl Clerk {}
/// Clerk.with().name("till").on(&rt).spawn()?;
/// let wrong = rt.whereis::<Counter>("till").unwrap_err();
/// assert_eq!((wrong.name.as_str(), wrong.found), ("till", "Clerk"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} names a process of another type ({found})")]
pub struct WrongType {
    /// The name asked for.
    pub name: String,
    /// The type of the process behind it.
    pub found: &'static str,
}

/// What `Runtime::shutdown` could not end within its bound. It is left alone: its threads are not
/// joined, its memory not freed.
///
/// ```
/// use actor_core::ShutdownError;
/// let stuck = ShutdownError { processes: 1, threads: vec!["actor-0".into()] };
/// assert!(stuck.to_string().contains("1 processes"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the runtime did not end in time: {processes} processes and the threads {threads:?} are left"
)]
pub struct ShutdownError {
    /// How many processes were still alive.
    pub processes: usize,
    /// The names of the threads that did not return.
    pub threads: Vec<String>,
}
