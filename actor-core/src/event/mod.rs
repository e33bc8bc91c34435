//! Event managers: one process, many handlers, each of which sees every event (OTP's `gen_event`).
//!
//! Handlers are state and callbacks, not processes: they run in the manager, one after the other,
//! in the order in which they were added. So an event is done when the last of them has seen it, a
//! slow one holds up the rest, and the manager must outlive what any of them does: a panic of a
//! handler is contained, and removes that handler alone.
//!
//! This module is an actor's user: it knows nothing below `actor`.

mod handler;
mod manager;
mod reference;

pub use self::{
    handler::{
        After, EventCall, EventHandler, HandlerError, HandlerExit, Left, Removal, Successor,
    },
    manager::{EventManager, EventMessage},
    reference::EventManagerRef,
};
