//! What most programs use: `use actor_core::prelude::*;`.

pub use crate::{
    Context, Down, ExitReason, Next, Process, Reply, Runtime, Start, Supervisor, handlers, spawn,
    start, start_with, supervisor,
};
