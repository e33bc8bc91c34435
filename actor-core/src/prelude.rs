//! What most programs use: `use actor_core::prelude::*;`.

pub use crate::{
    Application, CallError, CallFailure, Context, Down, ExitReason, MonitorRef, Next, Pid, Process,
    Reply, Runtime, SendError, ServerRef, Start, StartError, StateMachine, Supervisor, application,
    application::Application,
    handlers, machine,
    machine::{Postpone, StateContext, StateMachine, To},
    spawn, start, start_with, supervisor,
};
