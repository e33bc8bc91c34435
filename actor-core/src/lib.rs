//! Typed processes, links, monitors and supervisors: the Erlang machine in native Rust.

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
mod error;
#[cfg(not(loom))]
mod exit;
#[cfg(not(loom))]
pub mod limits;
#[cfg(not(loom))]
mod pid;
#[cfg(not(loom))]
pub mod prelude;
mod priority;
#[cfg(not(loom))]
mod process;
// The state word alone: the rest of its module is beyond what the checker can explore.
mod queue;
#[cfg(not(loom))]
mod registry;
#[cfg(not(loom))]
mod runtime;
mod scheduler;
#[cfg(not(loom))]
mod signal;
mod slab;
#[cfg(all(test, loom))]
#[path = "process/state.rs"]
mod state;
#[cfg(not(loom))]
pub mod supervisor;
mod sync;
mod sys;
mod table;
#[cfg(not(loom))]
mod timer;
mod wheel;
#[cfg(not(loom))]
pub mod sim {
    //! The simulation seam, for testkits: see [`Environment`].
    pub use crate::runtime::env::{
        Access, Driver, Envelope, EnvelopeKind, Environment, Event, ProcessInfo, Runnable, Turn,
    };
}
#[cfg(not(loom))]
pub mod attr {
    //! The markers that [`handlers`](crate::handlers) and [`supervisor`](macro@crate::supervisor)
    //! look for. They need no import; outside of such a block each one says where it belongs.
    pub use actor_macros::{call, cast, child, down, exit, info, init, terminate};
}
#[cfg(not(loom))]
#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

#[cfg(not(loom))]
pub use actor_macros::{Process, Supervisor, handlers, main, supervisor};

#[cfg(not(loom))]
pub use crate::{
    actor::{
        Address, AnyRef, Call, ChildKind, Closed, Context, Elapsed, Handle, Process,
        ProcessOptions, ProcessRef, Ready, Request, Server, Sleep, Start, StartContext,
        StartOptions, Timeout, Timer, sleep, spawn, start, start_with,
    },
    error::{CallError, CallFailure, SendError, ShutdownError, StartError, SystemLimit, WrongType},
    exit::{ExitReason, PanicReport},
    pid::{MonitorRef, Pid},
    priority::Priority,
    process::{Handled, Message, Next, Reply, ReplyPort},
    runtime::{Builder, EnterGuard, Runtime, RuntimeHandle},
    signal::Down,
};
