//! Typed processes, links, monitors and supervisors: the Erlang machine in native Rust.
//!
//! ```
//! use actor_core::prelude::*;
//!
//! /// A bank account.
//! #[derive(Process)]
//! struct Account {
//!     balance: u64,
//! }
//!
//! #[handlers] // `enum AccountMessage`, and the methods of `AccountRef`
//! impl Account {
//!     /// The balance, in cents.
//!     #[call]
//!     fn balance(&self) -> u64 {
//!         self.balance
//!     }
//!
//!     #[cast]
//!     fn deposit(&mut self, amount: u64) {
//!         self.balance += amount;
//!     }
//! }
//!
//! #[actor_core::main] // the body is a process: when it returns, what it started is stopped
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let account = Account { balance: 100 }.start().await?;
//!     account.deposit(50)?; // a cast: done when it is in the mailbox
//!     assert_eq!(account.balance().await?, 150); // a call: waits for the answer, 5 s at most
//!     Ok(())
//! }
//! ```
//!
//! # Where to find what
//!
//! - **Processes**: [`derive(Process)`](macro@Process) makes a type one, [`handlers`] its methods
//!   its messages; [`Context`] is what a handler sees of its own process. [`spawn()`], [`start()`],
//!   [`start_with()`] and [`Start::with`] start one, [`Runtime`] is where it runs, [`main`] the
//!   shortest way to have one.
//! - **Calls and casts**: The methods of a ref: a [`Call`] is awaited or [blocked
//!   on](Call::blocking), a cast is a send. [`Reply`] answers later. What can go wrong:
//!   [`CallFailure`], [`CallError`], [`SendError`].
//! - **Several calls at once**: [`RequestSet`], [`multi_call`].
//! - **Servers**: the hooks of [`handlers`]; [`Init`], [`Info`], [`Context::idle_timeout`],
//!   [`Context::continue_with`], [`Context::hibernate`].
//! - **Looking into a process**, and suspending it: [`Sys`], from [`ServerRef::sys`].
//! - **Refs**: [`Address`]: the built-ins of every ref (`stop`, `closed`, `kill`, `pid`, ..). By
//!   name: [`RuntimeHandle::whereis`].
//! - **Links and monitors**: [`Context::link`], [`Context::monitor`], [`Context::monitor_name`],
//!   [`Context::trap_exit`]; the hooks `#[exit]` and `#[down]` of [`handlers`]; [`ExitReason`],
//!   [`Down`].
//! - **Names**: [`StartOptions::name`], [`Context::register`], [`RuntimeHandle::whereis`],
//!   [`RuntimeHandle::registered`].
//! - **Aliases**: [`Context::alias`], a ref that can be taken back, and the way of [priority
//!   messages](AliasOptions::priority).
//! - **Function processes**: [`spawn_fn`] and [`FnProcess`]: one async function that owns its
//!   [`Inbox`], with selective receive.
//! - **Tasks, agents, event managers**: [`task`], [`agent`], [`event`].
//! - **Supervisors**: [`supervisor`](mod@supervisor), and the macros
//!   [`derive(Supervisor)`](macro@Supervisor) and [`supervisor`](macro@supervisor).
//! - **State machines**: [`derive(StateMachine)`](macro@StateMachine) and
//!   [`machine`](macro@machine); the module [`machine`](mod@machine) has the rest.
//! - **Groups, tables, keys**: [`pg`]: process groups; [`ets`]: tables that processes share;
//!   [`keyed`]: processes by keys of your own. All of it goes back with its process.
//! - **Applications**: [`application`](mod@application): trees with dependencies, configuration and
//!   an exit code, by [`derive(Application)`](macro@Application) and
//!   [`application`](macro@application).
//! - **Timers**: [`Context::send_after`], [`Context::send_at`], [`Context::send_interval`]; to
//!   others [`Address::send_after`], by name [`RuntimeHandle::send_after`]; [`Context::sleep`],
//!   [`Context::timeout`], [`sleep()`].
//! - **Looking at it**: [`RuntimeHandle::processes`], [`process_info`](RuntimeHandle::process_info)
//!   at once, [`inspect`](RuntimeHandle::inspect) in full; [`RuntimeHandle::trace`] tells what
//!   happens to chosen processes, [`Builder::system_monitor`] what happens to the machine.
//! - **Reports**: crashes go to `tracing` (target `actor_core::crash`, level error), or to standard
//!   error if the program has no subscriber; those of supervisors have the target
//!   `actor_core::supervisor`, those of the runtime itself `actor_core::system`.
//! - **Full mailboxes**: [`Overflow`], [`Address::ready`], [`MailboxStats`].
//! - **Scheduling**: [`Priority`], [`reduce`](reduce()), [`spawn_many`],
//!   [`RuntimeHandle::set_workers_online`].
//! - **Bounds**: [`limits`]: each with its name, its number and the option that changes it.
//! - **Coming from Erlang**: [`otp`], what OTP does and what happens here.
//! - **By hand**: Whatever the macros write can be written without them: see the trait
//!   [`Process`](trait@Process).
//! - **Testing**: The crate `actor-testkit` runs these same processes under virtual time and many
//!   schedules. [`sim`] is the seam it uses.
//!
//! # What is not promised
//!
//! A process's panic is the end of that process alone. But one program is one operating-system
//! process, and some ends are the ends of all:
//!
//! - `abort`, a stack overflow, memory that runs out, and a second panic while the first one
//!   unwinds end the program. `panic = "abort"` would turn every panic into that, so it does not
//!   compile.
//! - After `fork` without `exec` a runtime must not be used in the child: its threads are not
//!   there.
//! - A signal of the operating system (Ctrl-C, `SIGTERM`) ends the program at once, as it does any:
//!   nothing is stopped in order. Who wants that catches it with a library for such signals and
//!   calls [`Runtime::shutdown`], or stops the application.
//! - Nothing is a sandbox. `unsafe` code, a lock or a static that processes share can hurt across
//!   them; what is isolated is what goes by messages.
//! - A handler that computes or blocks for long keeps its own process busy and no other. The loops
//!   of async handlers that await let others run after the turn's share ([`reduce`](reduce())). Any
//!   other goes on, and after [`limits::STUCK`] its core is given to another thread, and it goes on
//!   beside it. That holds for [`limits::RESCUE_THREADS`] such handlers at a time; each one more
//!   costs a worker until one of them ends. One that is known to block says `#[call(blocking)]`. A
//!   kill of its process takes effect at once for all others, and a supervisor starts the next; the
//!   code itself runs on to its end, with its state, and what it asks of the runtime is refused
//!   ([`SendError::Exiting`]). So for a while there may be two of it. A shutdown names the thread,
//!   and leaves it alone with what it may touch.
//! - The runtime drives no I/O of its own yet. Futures of another executor work in handlers if that
//!   executor runs beside this one.
//!
//! # Memory and allocators
//!
//! Cells of processes, messages, calls and pending handlers live in pages of the runtime's own,
//! which go back to the system after a burst, but for a rest with a bound. All else is the global
//! allocator's. glibc's has up to eight arenas a core, each of which keeps about the most that it
//! ever held, and work moves between threads: so after some minutes of bursts a program may stay at
//! several times of what it uses, and come to rest there. Where that matters, start it with
//! `MALLOC_ARENA_MAX=2`, or choose another global allocator and measure.
//!
//! # Guarantees
//!
//! Let *P* and *Q* be processes of one runtime, and *m*, *n* anything that *P* sends to *Q* by
//! plain refs or a pid: messages, replies, exit signals, links, monitors, downs.
//!
//! 1. **At most once.** *m* is received once or not at all. `Ok` of a send says that *Q* has it in
//!    its mailbox, or that it is kept in a supervised child's gap; it is handled unless *Q* ends
//!    before, or is of a kind that drops messages ([`Overflow::DropNewest`],
//!    [`Overflow::DropOldest`], a state machine beyond [`limits::POSTPONED`]).
//! 2. **Order for each pair.** If *P* sends *m* before *n* and both are messages, *Q* handles *m*
//!    before *n*. A trapped exit and the `#[down]` of a monitor are messages in this order: *Q*
//!    hears of *P*'s end after everything that *P* sent. Any other signal may be acted on before
//!    the messages that wait, and a [priority message](AliasOptions::priority) is handled before
//!    the ordinary ones that do, behind the priority messages that came before it. There is no
//!    order between what different senders send.
//! 3. **One at a time.** *Q*'s handlers and hooks never overlap, also while one is pending at an
//!    `.await`; what one did is visible to the next, whatever threads they run on.
//! 4. **A message carries memory.** What *P* did before it sent *m* happens before what *Q* does on
//!    receiving it, as by a release and an acquire. Waiting for a reply carries it back.
//! 5. **An end is an end.** When *P* ends, in this order: its mailbox closes, its state is dropped,
//!    its name is free and its groups, tables and keys are given back, its callers fail, its links
//!    and monitors hear. So who hears of the end can take the name at once, and sends to *P* get
//!    `NoProc` from there on. Each monitor brings exactly one `#[down]` unless it is taken back; a
//!    pid is never used again in the life of its runtime. The state of one that is killed in a
//!    handler that does not end goes when that does.
//! 6. **A call ends once**: by its reply, its deadline, the end of the process, a refusal (`Full`,
//!    `NoProc`, `CallingSelf`, ..), or `NoReply`.
//! 7. **Timers are never early.** How late they are depends on the load.
//! 8. **A supervised ref keeps the order of each sender** through a restart: what was kept in the
//!    gap is in the next process's mailbox before what is sent to it then. Mail that a process had
//!    in its mailbox when it ended ends with it.
//!
//! What happens at present, and may change: a process handles up to [`limits::TURN_MESSAGES`]
//! messages, [`limits::TURN_REDUCTIONS`] or [`limits::TURN_TIME`] before the next one's turn; one
//! that is woken by a process tends to run on the same core; processes of priority `Low` get about
//! one turn in eight.
//!
//! # Differences from OTP
//!
//! Names and semantics are OTP's. [`otp`] goes through them item by item, each with the test that
//! shows it, and lists [where they differ](otp#differences-from-otp) and why.
//!
//! Not there yet: distribution, code upgrade.

#![cfg_attr(loom, allow(dead_code, unreachable_pub, unused_imports))]

#[cfg(not(target_pointer_width = "64"))]
compile_error!("actor-core needs 64-bit pointers: an inbox packs one into a word with its tags");

#[cfg(not(panic = "unwind"))]
compile_error!(
    "actor-core needs `panic = \"unwind\"`: a process's panic is its exit, not the program's"
);

#[cfg(not(loom))]
mod actor;
#[cfg(not(loom))]
pub mod agent;
#[cfg(not(loom))]
pub mod application;
#[cfg(not(loom))]
mod assertions;
#[cfg(not(loom))]
mod error;
#[cfg(not(loom))]
pub mod event;
#[cfg(not(loom))]
mod exit;
#[cfg(not(loom))]
mod group;
#[cfg(not(loom))]
mod inspection;
pub mod limits;
mod oneshot;
#[cfg(not(loom))]
pub mod otp;
mod overflow;
mod pid;
mod pool;
#[cfg(not(loom))]
pub mod prelude;
mod priority;
#[cfg(not(loom))]
mod process;
mod queue;
#[cfg(not(loom))]
mod registry;
#[cfg(not(loom))]
mod runtime;
mod scheduler;
#[cfg(not(loom))]
mod signal;
mod slab;
// The state word, the custody, the door, the list of the doomed and a shard of names: the rest of
// their modules is beyond what the checker can explore.
#[cfg(all(test, loom))]
#[path = "process/custody.rs"]
mod custody;
#[cfg(all(test, loom))]
#[path = "runtime/doomed.rs"]
mod doomed;
#[cfg(all(test, loom))]
#[path = "runtime/door.rs"]
mod door;
#[cfg(all(test, loom))]
#[path = "registry/shard.rs"]
mod shard;
#[cfg(all(test, loom))]
#[path = "process/state.rs"]
mod state;
#[cfg(not(loom))]
pub mod supervisor;
mod sync;
mod sys;
mod table;
#[cfg(not(loom))]
mod tables;
#[cfg(not(loom))]
pub mod task;
#[cfg(not(loom))]
mod timer;
#[cfg(not(loom))]
mod trace;
mod wheel;
#[cfg(not(loom))]
pub mod sim {
    //! The simulation seam, for testkits: see [`Environment`].
    pub use crate::runtime::env::{
        Access, Driver, Envelope, EnvelopeKind, Environment, Event, ProcessInfo, Runnable, Turn,
    };
}
#[cfg(not(loom))]
pub mod machine {
    //! State machines: `gen_statem`, with states that are types. See
    //! [`derive(StateMachine)`](macro@crate::StateMachine) and [`machine`](macro@crate::machine);
    //! [`StateMachine`] is what they write, and has an example by hand.
    pub use crate::actor::state_machine::{
        Arrow, Diagram, Entered, Includes, IntoEvent, Machine, MachineEvent, MayPostpone, Outcome,
        Postpone, State, StateContext, StateMachine, Step, Targets, TimerName, To,
    };
}
#[cfg(not(loom))]
pub mod ets {
    //! Tables that processes share: see [`Table`].
    pub use crate::actor::{
        BagTable, OrderedTable, Table, TableAccess, TableError, TableInfo, TableOptions, Transfer,
        WrongTable,
    };
}
#[cfg(not(loom))]
pub mod keyed {
    //! Processes by keys of a program's own type: see [`Registry`].
    pub use crate::actor::{Registry, RegistryError, RegistryEvent, Via};
}
#[cfg(not(loom))]
pub mod pg {
    //! Process groups: see [`Group`].
    pub use crate::actor::{
        Change, Group, GroupError, GroupEvent, GroupMonitor, Scope, ScopeEvent,
    };
}
#[cfg(not(loom))]
pub mod attr {
    //! The markers that [`handlers`](crate::handlers), [`supervisor`](macro@crate::supervisor) and
    //! the other blocks look for. They need no import; outside of such a block each one says where
    //! it belongs.
    pub use actor_macros::{
        call, cast, child, down, enter, exit, hibernate, info, init, internal, phase, prep_stop,
        start, stop, terminate, timeout,
    };
}
#[cfg(not(loom))]
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

#[cfg(not(loom))]
pub use actor_macros::{
    Application, Process, StateMachine, Supervisor, application, handlers, machine, main,
    supervisor,
};

#[cfg(not(loom))]
pub use crate::{
    actor::{
        Address, Alias, AliasOptions, AnyRef, Call, ChildKind, Closed, ClosedTimeout, Context,
        Elapsed, FnProcess, Handle, Inbox, Info, Init, IntoExit, Item, MonitorOptions, MultiReply,
        Process, ProcessOptions, ProcessRef, Ready, Receive, ReceiveAfter, Received, Request,
        RequestSet, Server, ServerRef, Sleep, Start, StartContext, StartOptions, StateError,
        Suspension, Sys, SysStatus, Timeout, Timer, TraceSession, multi_call, reduce, sleep, spawn,
        spawn_fn, spawn_many, start, start_with, yield_now,
    },
    error::{
        CallError, CallFailure, RegisterError, SendError, ShutdownError, StartError, SystemLimit,
        WrongType,
    },
    exit::{ExitReason, PanicReport, Text},
    inspection::{Ancestors, Inspection, Peers, Status, Vitals},
    overflow::{MailboxStats, Overflow},
    pid::{MonitorRef, Pid},
    priority::Priority,
    process::{Handled, Message, Next, Reply, ReplyPort, Statistics, SysEvent},
    runtime::{Builder, EnterGuard, Runtime, RuntimeHandle, SystemEvent, WorkersOnlineError},
    signal::Down,
    trace::{Trace, TraceEvent, TraceKind},
};
