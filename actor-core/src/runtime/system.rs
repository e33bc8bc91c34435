//! What happens to the machine itself, rather than to a process: events for whoever watches over a
//! program, as BEAM's `system_monitor`.
//!
//! Each goes to `tracing` (target `actor_core::system`) and to the function that the builder was
//! given. They are rare by nature, or reported once for many.

use std::{fmt, sync::Arc};

use super::{Core, guarded, throttle::Admitted};
use crate::{
    pid::Pid,
    process::{CellRef, RawCell},
    scheduler::Stuck,
};

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
    /// A mailbox has got more messages than it is to hold (`long`), [`ProcessOptions::mailbox`],
    /// its high mark; or it had, and has drained to its low mark since. Each is told once between
    /// two of the other; that of a process that ends is not told to have drained. At most
    /// [`limits::LONG_QUEUES`](crate::limits::LONG_QUEUES) a second grow long. Told on the thread
    /// of a sender, or of the process. BEAM calls it `long_message_queue`.
    ///
    /// [`ProcessOptions::mailbox`]: crate::ProcessOptions::mailbox
    LongMessageQueue {
        /// Whose mailbox.
        pid: Pid,
        /// Its type.
        name: &'static str,
        /// How many messages waited.
        message_queue_len: usize,
        /// It has grown long; otherwise it has drained.
        long: bool,
    },
    /// A process was held, because it has overfilled this one's mailbox. Told of the first, each
    /// time that the mailbox has grown long. As BEAM's `busy_port`, of a process.
    BusyReceiver {
        /// Whose mailbox.
        pid: Pid,
        /// Its type.
        name: &'static str,
        /// Who was held.
        held: Pid,
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

    /// A message has found this mailbox at its high mark.
    pub(super) fn queue_grew(&self, of: &CellRef) {
        // The tag says that it is known, or that somebody waits, before which this was asked.
        if of.is_drain_awaited() || self.environment.is_some() {
            return;
        }
        if !matches!(self.long_queues.admit(self.now()), Admitted::Yes { .. })
            || !self.overflows.begin_long(of)
        {
            return;
        }
        self.tell_queue(of, true);
        if self.overflows.told_long(of) {
            self.queue_shrank(of);
        }
    }

    /// It has drained, which is to be told.
    pub(super) fn queue_shrank(&self, of: &CellRef) {
        self.tell_queue(of, false);
        self.overflows.end_long(of);
    }

    fn tell_queue(&self, of: &CellRef, long: bool) {
        let (pid, name, message_queue_len) = (of.pid(), of.table().name, of.mailbox_len());
        let event = SystemEvent::LongMessageQueue { pid, name, message_queue_len, long };
        self.tell_system(&event);
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
            SystemEvent::LongMessageQueue { pid, name, message_queue_len, long } => {
                tracing::debug!(
                    target: "actor_core::system",
                    pid = tracing::field::display(pid),
                    name,
                    message_queue_len,
                    long,
                    "a mailbox has passed a mark",
                )
            }
            SystemEvent::BusyReceiver { pid, name, held } => tracing::debug!(
                target: "actor_core::system",
                pid = tracing::field::display(pid),
                name,
                held = tracing::field::display(held),
                "a process is held because another's mailbox is full",
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
