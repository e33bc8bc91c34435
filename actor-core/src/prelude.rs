//! What most programs use: `use actor_core::prelude::*;`.

pub use crate::{
    Context, Down, ExitReason, Next, Process, Reply, Runtime, Start, handlers, spawn, start,
    start_with, supervisor, Supervisor,
};
