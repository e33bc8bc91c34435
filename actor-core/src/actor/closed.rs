//! Waiting for the end of a process, and for its (next) beginning.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll},
};

use super::Slot;
use crate::{
    error::SendError,
    exit::ExitReason,
    pid::Pid,
    process::{CellRef, Mail, ReplySlot, current, poll_reply},
    runtime::{Core, overflow::Room, route},
    signal::{Signal, Watch},
};

/// The future of [`Address::closed`](crate::Address::closed) and
/// [`Address::stop`](crate::Address::stop): the exit reason of a process. Dropping it stops the
/// wait and nothing else.
///
/// ```
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// # let rt = Runtime::new()?;
/// let counter = rt.spawn(Counter(0))?;
/// let reason = rt.block_on(async { counter.stop(ExitReason::Normal).await });
/// assert_eq!(reason, ExitReason::Normal);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a future does nothing unless awaited"]
pub struct Closed(Arc<ReplySlot<ExitReason>>);

impl Closed {
    /// Of a process; without one it is resolved already.
    pub(super) fn of(process: Option<&CellRef>) -> Self {
        let slot = ReplySlot::new();
        match process {
            Some(cell) => {
                let watch = Signal::Watch(Arc::new(Watching(slot.clone())));
                route::signal_cell(cell, Mail::signal(watch));
            }
            None => Watching(slot.clone()).ended(&ExitReason::NoProc),
        }
        Self(slot)
    }

    /// Waits on this plain thread.
    ///
    /// # Panics
    /// Inside a process, which must not block.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(0))?;
    /// assert_eq!(counter.stop(ExitReason::Normal).blocking(), ExitReason::Normal);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn blocking(self) -> ExitReason {
        assert!(!current::is_running(), "`blocking` inside a process; `.await` it instead");
        crate::runtime::block_on(self)
    }
}

impl Future for Closed {
    type Output = ExitReason;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<ExitReason> {
        poll_reply(&self.0, cx.waker()).map(|reason| reason.unwrap_or(ExitReason::NoProc))
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

impl fmt::Debug for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closed")
    }
}

struct Watching(Arc<ReplySlot<ExitReason>>);

impl Watch for Watching {
    fn ended(&self, reason: &ExitReason) {
        self.0.complete(Ok(reason.clone()));
    }

    fn is_wanted(&self) -> bool {
        self.0.is_waiting()
    }
}

/// Resolves when the process of a pid has ended.
pub(crate) fn closed_pid(core: &Core, pid: Pid) -> Closed {
    let slot = ReplySlot::new();
    let watch = Signal::Watch(Arc::new(Watching(slot.clone())));
    route::signal(core, pid, Mail::signal(watch));
    Closed(slot)
}

/// The future of [`Address::ready`](crate::Address::ready), which has the example.
#[must_use = "a future does nothing unless awaited"]
pub struct Ready(Waiting);

enum Waiting {
    /// For room, in the mailbox of this process.
    Room(Room),
    /// For a process in this slot, and then for room.
    Slot(Arc<Slot>, Option<Room>),
}

impl Ready {
    pub(super) fn room(of: CellRef) -> Self {
        Self(Waiting::Room(Room::new(of)))
    }

    pub(super) fn slot(slot: Arc<Slot>) -> Self {
        Self(Waiting::Slot(slot, None))
    }
}

impl Future for Ready {
    type Output = Result<(), SendError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let (slot, room) = match &mut self.0 {
            Waiting::Room(room) => return room.poll(cx.waker()),
            Waiting::Slot(slot, room) => (slot, room),
        };
        loop {
            match slot.poll_ready(cx.waker()) {
                Poll::Ready(Ok(())) => {}
                other => return other,
            }
            // Whoever is in it may end at any moment; then it is the slot that says what follows.
            let Some(cell) = slot.present() else { continue };
            match room.insert(Room::new(cell)).poll(cx.waker()) {
                Poll::Ready(Err(SendError::NoProc)) => {}
                other => return other,
            }
        }
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ready")
    }
}
