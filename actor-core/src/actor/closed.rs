//! Waiting for the end of a process, and for its (next) beginning.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use super::{Elapsed, Sleep, Slot};
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
pub struct Closed {
    slot: Arc<ReplySlot<ExitReason>>,
    /// By which runtime a bound is kept, as long as there is one.
    core: Weak<Core>,
}

impl Closed {
    /// Of a process; without one it is resolved already.
    pub(super) fn of(process: Option<&CellRef>) -> Self {
        let slot = ReplySlot::new();
        match process {
            Some(cell) => {
                let watch = Signal::Watch(Arc::new(Watching(slot.clone())));
                route::signal_cell(cell, Mail::signal(watch));
            }
            None => slot.complete(Ok(ExitReason::NoProc)),
        }
        let core = process.map(|cell| Arc::downgrade(&Core::of(cell))).unwrap_or_default();
        Self { slot, core }
    }

    /// Waits at most this long, from now on: OTP's `stop(Server, Reason, Timeout)`. A process that
    /// was asked to stop stops all the same, later.
    ///
    /// ```
    /// use actor_core::{Elapsed, prelude::*};
    /// use std::time::Duration;
    /// #[derive(Process)]
    /// struct Stubborn;
    /// #[handlers]
    /// impl Stubborn {
    ///     #[terminate] async fn end(&mut self) { std::future::pending().await }
    /// }
    /// # let rt = Runtime::new()?;
    /// let stubborn = rt.spawn(Stubborn)?;
    /// let limit = Duration::from_millis(1);
    /// let stopped = stubborn.stop(ExitReason::Shutdown).timeout(limit).blocking();
    /// assert_eq!(stopped, Err(Elapsed(limit)));
    /// stubborn.kill();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(self, limit: Duration) -> ClosedTimeout {
        let sleep = self.core.upgrade().map(|core| Sleep::new(core, limit));
        ClosedTimeout { closed: self, sleep, limit }
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
        refuse_in_process();
        crate::runtime::block_on(self)
    }
}

fn refuse_in_process() {
    assert!(!current::is_running(), "`blocking` inside a process; `.await` it instead");
}

/// The future of [`Closed::timeout`], which has the example: the exit reason, or that it did not
/// come in time.
#[must_use = "a future does nothing unless awaited"]
pub struct ClosedTimeout {
    closed: Closed,
    /// None if the process's runtime is gone, and the process with it.
    sleep: Option<Sleep>,
    limit: Duration,
}

impl ClosedTimeout {
    /// Waits on this plain thread. The example of [`Closed::timeout`] uses it.
    ///
    /// # Errors
    /// [`Elapsed`] if the process has not ended by then.
    ///
    /// # Panics
    /// Inside a process, which must not block.
    pub fn blocking(self) -> Result<ExitReason, Elapsed> {
        refuse_in_process();
        crate::runtime::block_on(self)
    }
}

impl Future for ClosedTimeout {
    type Output = Result<ExitReason, Elapsed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(reason) = Pin::new(&mut self.closed).poll(cx) {
            return Poll::Ready(Ok(reason));
        }
        let limit = self.limit;
        match &mut self.sleep {
            Some(sleep) => Pin::new(sleep).poll(cx).map(|()| Err(Elapsed(limit))),
            None => Poll::Pending,
        }
    }
}

impl fmt::Debug for ClosedTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClosedTimeout").field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl Future for Closed {
    type Output = ExitReason;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<ExitReason> {
        poll_reply(&self.slot, cx.waker()).map(|reason| reason.unwrap_or(ExitReason::NoProc))
    }
}

impl Drop for Closed {
    fn drop(&mut self) {
        self.slot.abandon();
    }
}

impl fmt::Debug for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Closed")
    }
}

struct Watching(Arc<ReplySlot<ExitReason>>);

impl Watch for Watching {
    fn ended(&self, _: Pid, reason: &ExitReason) {
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
    Closed { slot, core: Arc::downgrade(&core.arc()) }
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
