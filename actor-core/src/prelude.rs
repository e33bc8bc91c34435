//! What most programs use: `use actor_core::prelude::*;`.

pub use crate::{
    CallError, CallFailure, Context, Down, ExitReason, MonitorRef, Next, Pid, Process, Reply,
    Runtime, SendError, ServerRef, Start, StartError, Supervisor, handlers, spawn, start,
    start_with, supervisor,
};
