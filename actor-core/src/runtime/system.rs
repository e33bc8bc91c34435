//! What happens to the machine itself, rather than to a process: events for whoever watches over a
//! program, as BEAM's `system_monitor`.
//!
//! Each goes to `tracing` (target `actor_core::system`) and to the function that the builder was
//! given. They are rare by nature, or reported once for many.

use std::{fmt, sync::Arc};

use super::{Core, guarded};
use crate::{pid::Pid, process::RawCell, scheduler::Stuck};

/// Something that whoever runs a program may want to know: the argument of
/// [`Builder::system_monitor`](crate::Builder::system_monitor), which has an example.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SystemEvent {
    /// A turn lasted longer than [`limits::STUCK`](crate::limits::STUCK), and its worker's core was
    /// given to another thread. The turn goes on. BEAM calls it `long_schedule`.
    LongSchedule {
        /// Whose turn, unless it has ended meanwhile.
        pid: Option<Pid>,
        /// Its type.
        name: &'static str,
        /// It waits in the operating system; otherwise it computes.
        blocked: bool,
    },
    /// A turn lasts too long, and all of the runtime's rescue threads are in use: it costs a worker
    /// until one of them is free.
    RescueLimit {
        /// It waits in the operating system; otherwise it computes.
        blocked: bool,
    },
}

/// A program's own function for events.
#[derive(Clone)]
pub(super) struct Listener(pub(super) Arc<dyn Fn(&SystemEvent) + Send + Sync>);

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener")
    }
}

impl Core {
    /// A worker was stuck in a turn of this process, and has lost its core.
    pub(super) fn rescued(&self, cell: RawCell, how: Stuck) {
        // The process may have ended since, and its cell may be another's by now: then that one is
        // reported for it. Cells are type-stable, so there is no harm in a look.
        let pin = RawCell::pin_any(cell.erase());
        let (pid, name) = match &pin {
            Some(pin) => {
                self.hogs.rescued(type_key(pin.raw()));
                (Some(pin.pid()), pin.table().name)
            }
            None => (None, "a process that has ended"),
        };
        drop(pin);
        self.tell_system(&SystemEvent::LongSchedule { pid, name, blocked: how == Stuck::Sleeps });
    }

    /// Tells whoever watches.
    pub(super) fn tell_system(&self, event: &SystemEvent) {
        match event {
            SystemEvent::LongSchedule { pid, name, blocked } => tracing::debug!(
                target: "actor_core::system",
                pid = pid.map(tracing::field::display),
                name,
                blocked,
                "a turn lasts long; another thread serves its worker's core",
            ),
            SystemEvent::RescueLimit { blocked } => tracing::warn!(
                target: "actor_core::system",
                blocked,
                "a turn lasts long, and all rescue threads are in use; it costs a worker",
            ),
        }
        if let Some(Listener(listener)) = &self.listener {
            guarded("a system monitor", || listener(event));
        }
    }
}

/// The name of a process's type in the table of hogs.
pub(super) fn type_key(cell: RawCell) -> usize {
    std::ptr::from_ref(cell.take_turn().table()).addr()
}
