//! What most programs use: `use actor_core::prelude::*;`.

pub use crate::{
    CallError, CallFailure, Context, Down, ExitReason, MonitorRef, Next, Pid, Process, Reply,
    Runtime, SendError, ServerRef, Start, StartError, StateMachine, Supervisor, handlers, machine,
    machine::{Postpone, StateContext, StateMachine, To},
    spawn, start, start_with, supervisor,
};
