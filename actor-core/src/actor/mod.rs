//! What a user writes and holds: behaviours, contexts, addresses, calls.
//!
//! The macros generate nothing but implementations of these traits, so whatever they do can be
//! written by hand. Nothing here knows of queues or threads.

mod address;
mod alias;
mod any_ref;
mod ask;
mod bulk;
mod call;
mod child;
mod closed;
mod context;
mod function;
mod here;
mod holdings;
mod in_runtime;
mod info;
mod init;
mod inspect;
mod monitors;
mod names;
mod peek;
mod reduce;
mod relations;
mod requests;
mod server;
mod slot;
mod start;
mod start_context;
pub(crate) mod state_machine;
mod system;
mod time;
mod timers;
mod trace;

use std::{fmt, future::Future, time::Duration};

pub(crate) use crate::{
    process::{FunctionBody, Handled, Message, Next, ReplyPort},
    runtime::env::Event,
};
pub use address::Address;
pub use alias::{Alias, AliasOptions};
pub use any_ref::AnyRef;
pub use bulk::spawn_many;
pub(crate) use call::call;
pub use call::{Call, Request};
pub(crate) use child::Starting;
pub use closed::{Closed, ClosedTimeout, Ready};
pub use context::Context;
pub use function::{FnProcess, Inbox, IntoExit, Item, Receive, ReceiveAfter, Received, spawn_fn};
pub(crate) use here::{
    callers_here, callers_of_next, caught, is_in_process, unlink_here, works_for,
};
pub use holdings::{
    BagTable, Change, Group, GroupError, GroupEvent, GroupMonitor, OrderedTable, Registry,
    RegistryError, RegistryEvent, Scope, ScopeEvent, Table, TableAccess, TableError, TableInfo,
    TableOptions, Transfer, Via, WrongTable,
};
pub(crate) use in_runtime::whereis_in;
pub use info::Info;
pub use init::Init;
pub(crate) use init::ignore;
pub use monitors::MonitorOptions;
pub use reduce::reduce;
pub use requests::{MultiReply, RequestSet, multi_call};
pub(crate) use slot::{Home, Slot};
pub use start::{StartOptions, spawn, start, start_with};
pub use start_context::StartContext;
pub use system::{ServerRef, StateError, Suspension, Sys, SysStatus};
pub use time::{Elapsed, Sleep, Timeout, sleep, yield_now};
pub use timers::Timer;
pub use trace::TraceSession;

use crate::{
    error::StartError, exit::ExitReason, limits, overflow::Overflow, pid::Pid, priority::Priority,
    signal::Down,
};

/// A type of process: its name, its ref, its defaults. `#[derive(Process)]` implements it.
///
/// By hand, with the trait API alone:
///
/// ```
/// use actor_core::{prelude::*, *};
///
/// struct Counter(u64);
/// struct Add(u64);
///
/// impl Message for Add {
///     type Reply = u64;
/// }
/// impl Process for Counter {
///     type Ref = Address<Add>;
///     const NAME: &'static str = "Counter";
/// }
/// impl Server for Counter {
///     type Message = Add;
/// }
/// impl Handle<Add> for Counter {
///     fn handle(
///         &mut self,
///         Add(by): Add,
///         reply: ReplyPort<u64>,
///         _: &mut Context<Self>,
///     ) -> Handled<impl Future<Output = Next> + Send> {
///         self.0 += by;
///         reply.send(self.0);
///         Handled::<std::future::Ready<Next>>::Done(Next::Continue)
///     }
/// }
/// impl Start for Counter {
///     type Ref = Address<Add>;
///     type Process = Self;
///     const KIND: ChildKind = ChildKind::Worker;
///     fn into_process(self) -> Self {
///         self
///     }
///     fn make_ref(address: Address<Add>) -> Address<Add> {
///         address
///     }
/// }
///
/// let rt = Runtime::new()?;
/// let counter = rt.spawn(Counter(40))?;
/// assert_eq!(counter.call_message(Add(2)).blocking()?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Process: Sized + Send + 'static {
    /// What its users hold.
    type Ref: ProcessRef;
    /// A stable name of the type: crash reports, charts and, one day, upgrades show it.
    const NAME: &'static str;
    /// The version of its state, for upgrades.
    const VERSION: u32 = 0;

    /// What every process of this type starts with, unless its start says otherwise.
    fn options() -> ProcessOptions {
        ProcessOptions::new()
    }
}

/// A typed ref over an [`Address`]: what `#[derive(Process)]` and `#[derive(Supervisor)]` generate,
/// or an address itself.
///
/// ```
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// # let rt = Runtime::new()?;
/// use actor_core::{Address, ProcessRef};
/// let counter = rt.spawn(Counter(40))?;
/// let address: Address<CounterMessage> = counter.as_address().clone();
/// assert_eq!(CounterRef::from_address(address).add(2).blocking()?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ProcessRef: Clone + Send + Sync + 'static {
    /// What can be sent by it.
    type Message: Message;
    /// The ref of an address: the way to put a probe, a mock or a forwarder behind it.
    fn from_address(address: Address<Self::Message>) -> Self;
    /// The address behind it.
    fn as_address(&self) -> &Address<Self::Message>;
}

/// A process's hooks, and its (first) message type. `#[handlers]` implements it; [`Process`] has an
/// example by hand, and this is a hook:
///
/// ```
/// use actor_core::{prelude::*, *};
/// struct Sensor(u32);
/// struct Read;
/// impl Message for Read {
///     type Reply = u32;
/// }
/// # impl Process for Sensor { type Ref = Address<Read>; const NAME: &'static str = "Sensor"; }
/// impl Server for Sensor {
///     type Message = Read;
///     const HAS_INIT: bool = true;
///     async fn init(&mut self, _: &mut Context<Self>) -> Result<(), ExitReason> {
///         if self.0 > 0 { Ok(()) } else { Err(ExitReason::error("no such pin")) }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no message handlers",
    label = "this process handles nothing yet",
    note = "add `#[handlers] impl {Self} {{ .. }}` (an empty block will do)"
)]
pub trait Server: Process<Ref: ProcessRef<Message = <Self as Server>::Message>> {
    /// What its ref sends.
    type Message: Message;
    /// Whether [`init`](Self::init) does anything: a process without one costs no turn before its
    /// first message.
    const HAS_INIT: bool = false;
    /// Whether [`terminate`](Self::terminate) does anything.
    const HAS_TERMINATE: bool = false;
    /// Whether it traps exits from the start.
    const TRAP_EXIT: bool = false;
    /// Whether [`timeout`](Self::timeout) does anything.
    const HAS_TIMEOUT: bool = false;
    /// Whether it is a [function process](FnProcess).
    #[doc(hidden)]
    const IS_FUNCTION: bool = false;

    /// Begins the function of a function process.
    #[doc(hidden)]
    fn begin_function(&mut self) -> Option<FunctionBody> {
        None
    }

    /// Runs before the first message, inside the process. An error or a panic ends the process
    /// before it was ready: its starter hears it, and nobody else.
    ///
    /// # Errors
    /// Why it cannot start.
    fn init(
        &mut self,
        cx: &mut Context<Self>,
    ) -> impl Future<Output = Result<(), ExitReason>> + Send {
        let _ = cx;
        async { Ok(()) }
    }

    /// Runs when the process ends by itself or with its parent; not when it is killed, or ends by
    /// an exit signal that it does not trap.
    fn terminate(
        &mut self,
        cx: &mut Context<Self>,
        reason: &ExitReason,
    ) -> impl Future<Output = ()> + Send {
        let _ = (cx, reason);
        async {}
    }

    /// A linked process has ended, and this one traps exits.
    fn exit(
        &mut self,
        cx: &mut Context<Self>,
        from: Pid,
        reason: ExitReason,
    ) -> impl Future<Output = Next> + Send {
        let _ = (cx, from, reason);
        async { Next::Continue }
    }

    /// No message came for as long as [`Context::idle_timeout`] said.
    fn timeout(&mut self, cx: &mut Context<Self>) -> impl Future<Output = Next> + Send {
        let _ = cx;
        async { Next::Continue }
    }

    /// It hibernates, and may shrink its state first: [`Context::hibernate`] says when.
    fn hibernate(&mut self, cx: &mut Context<Self>) {
        let _ = cx;
    }

    /// A monitored process has ended.
    fn down(&mut self, cx: &mut Context<Self>, down: Down) -> impl Future<Output = Next> + Send {
        let _ = (cx, down);
        async { Next::Continue }
    }
}

/// A type whose `#[handlers]` block says which messages its ref sends. `#[handlers]` implements it,
/// so that `#[derive(Process)]`, which sees only the struct, can name them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no message handlers",
    label = "this process handles nothing yet",
    note = "add `#[handlers] impl {Self} {{ .. }}` (an empty block will do)"
)]
#[doc(hidden)]
pub trait Speaks {
    /// What its ref sends.
    type Message: Message;
}

/// A process that handles messages `M`. `#[handlers]` implements it for the enum it generates;
/// [`Process`] has an example by hand. A process may handle more than one type of message:
/// [`Address::narrow`] finds the others.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle `{M}`",
    note = "its handlers are the methods of a `#[handlers]` block"
)]
pub trait Handle<M: Message>: Server {
    /// Handles one message: at once, or by a future that the next message waits for. `reply` is the
    /// way back of a call; for a cast it leads nowhere.
    fn handle(
        &mut self,
        message: M,
        reply: ReplyPort<M::Reply>,
        cx: &mut Context<Self>,
    ) -> Handled<impl Future<Output = Next> + Send>;
}

/// Whether a child works or supervises.
///
/// ```
/// use actor_core::{ChildKind, supervisor::Shutdown};
/// assert_eq!(Shutdown::of(ChildKind::Supervisor), Shutdown::Infinity);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChildKind {
    /// It does the work.
    Worker,
    /// It watches over others.
    Supervisor,
}

/// What can be started: a process, or a supervisor with its tree. The derives implement it;
/// [`Process`] has an example by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a process nor a supervisor",
    note = "add `#[derive(Process)]` and `#[handlers]`, or `#[derive(Supervisor)]` and \
            `#[supervisor]`"
)]
pub trait Start: Sized + Send + 'static {
    /// What its users hold.
    type Ref: Clone + Send + Sync + fmt::Debug + 'static;
    /// The process that runs it.
    type Process: Server + Handle<<Self::Process as Server>::Message>;
    /// Whether it works or supervises.
    const KIND: ChildKind;

    /// The process's first state.
    fn into_process(self) -> Self::Process;

    /// The ref of an address.
    fn make_ref(address: Address<<Self::Process as Server>::Message>) -> Self::Ref;

    /// Starts it in the runtime of this thread, and returns when it is ready: after its `#[init]`,
    /// or when all of a supervisor's children are. There is no deadline unless
    /// [`StartOptions::timeout`] sets one, as in OTP.
    ///
    /// # Errors
    /// See [`StartError`]; nothing of it is left then.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let counter = Counter(40).start().await?;
    /// assert_eq!(counter.add(2).await?, 42);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn start(self) -> impl Future<Output = Result<Self::Ref, StartError>> + Send {
        self.with().start()
    }

    /// Starts it with other than default options.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// #[derive(Process)]
    /// struct Idle;
    /// #[handlers]
    /// impl Idle {}
    ///
    /// let rt = Runtime::new()?;
    /// let idle = rt.block_on(Idle.with().name("idle").mailbox(64).start())?;
    /// assert_eq!(rt.registered(), ["idle"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn with(self) -> StartOptions<Self> {
        StartOptions::new(self)
    }
}

/// What every process of a type starts with: `#[process(mailbox = .., overflow = ..,
/// priority = ..)]`, or [`Process::options`] by hand.
///
/// ```
/// use actor_core::{Overflow, Priority, ProcessOptions, limits};
/// let options = ProcessOptions::new().mailbox(64).priority(Priority::High);
/// let options = options.overflow(Overflow::Reject);
/// assert_eq!((options.mailbox, options.priority), (64, Priority::High));
/// assert_eq!(options.overflow, Overflow::Reject);
/// assert_eq!(ProcessOptions::default().mailbox, limits::MAILBOX);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessOptions {
    /// How many messages its mailbox holds; see [`limits::MAILBOX`].
    pub mailbox: usize,
    /// What happens to a cast when it holds that many.
    pub overflow: Overflow,
    /// How it is scheduled.
    pub priority: Priority,
    /// How long it is idle before it hibernates by itself; never if not set.
    pub hibernate_after: Option<Duration>,
}

impl ProcessOptions {
    /// The defaults: a mailbox of [`limits::MAILBOX`] messages that holds back who overfills it,
    /// normal priority. The [type's example](Self) uses it.
    pub const fn new() -> Self {
        Self {
            mailbox: limits::MAILBOX,
            overflow: Overflow::Hold,
            priority: Priority::Normal,
            hibernate_after: None,
        }
    }

    /// The same with another mailbox bound, in messages; see [`limits::MAILBOX_RANGE`]. The
    /// [type's example](Self) uses it.
    #[must_use]
    pub const fn mailbox(mut self, messages: usize) -> Self {
        self.mailbox = messages;
        self
    }

    /// The same with another answer to a full mailbox. The [type's example](Self) uses it.
    #[must_use]
    pub const fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// The same with another priority. The [type's example](Self) uses it.
    #[must_use]
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// The same, hibernating by itself when no message came for so long: [`Context::hibernate`]. It
    /// begins after twice that at the latest.
    ///
    /// ```
    /// use actor_core::ProcessOptions;
    /// use std::time::Duration;
    /// let options = ProcessOptions::new().hibernate_after(Duration::from_secs(60));
    /// assert_eq!(options.hibernate_after, Some(Duration::from_secs(60)));
    /// ```
    #[must_use]
    pub const fn hibernate_after(mut self, idle: Duration) -> Self {
        self.hibernate_after = Some(idle);
        self
    }
}

impl Default for ProcessOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// How long a call waits unless told otherwise.
pub(crate) const DEFAULT_CALL_TIMEOUT: Option<Duration> = Some(limits::CALL_TIMEOUT);
