//! The one thread-local: which process runs on this thread, and what its last panic said.
//!
//! Set by the turn, and restored like a stack (a simulation's turn may run inside another thread's
//! code). Everything that must know "who is calling" asks here: the source of a signal, the caller
//! of a call, the reason of a dropped reply, the panic hook.

use std::{
    cell::{Cell, RefCell},
    panic,
    sync::Once,
};

use super::{
    header::{RawCell, Running},
    reply::Owed,
    state::Phase,
};
use crate::{exit::ExitReason, pid::Pid};

/// What the panic hook saw.
#[derive(Default)]
pub(crate) struct PanicInfo {
    pub(crate) message: String,
    pub(crate) location: Option<String>,
}

struct Current {
    cell: Cell<Option<RawCell>>,
    /// Which seat this thread works on, if it is a worker.
    seat: Cell<Option<usize>>,
    panic: RefCell<Option<PanicInfo>>,
}

impl Current {
    const fn new() -> Self {
        Self { cell: Cell::new(None), seat: Cell::new(None), panic: RefCell::new(None) }
    }
}

thread_local! {
    static CURRENT: Current = const { Current::new() };
}

/// While it lives, its process is the current one of this thread.
pub(crate) struct Entered(Option<RawCell>);

/// Enters a process's turn.
pub(crate) fn enter(running: &Running) -> Entered {
    install_hook();
    Entered(CURRENT.with(|current| current.cell.replace(Some(running.raw()))))
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.with(|current| current.cell.set(self.0));
    }
}

/// The running process, or `None` on a foreign thread (and while a thread ends).
pub(crate) fn cell() -> Option<RawCell> {
    CURRENT.try_with(|current| current.cell.get()).ok().flatten()
}

/// Whether a process runs on this thread.
pub(crate) fn is_running() -> bool {
    cell().is_some()
}

/// This thread's seat, if it is a worker's.
pub(crate) fn seat() -> Option<usize> {
    CURRENT.try_with(|current| current.seat.get()).ok().flatten()
}

/// Says which seat this thread works on.
pub(crate) fn set_seat(seat: Option<usize>) {
    CURRENT.with(|current| current.seat.set(seat));
}

/// The running process's right to itself.
pub(crate) fn running() -> Option<Running> {
    cell().map(Running::of)
}

/// The running process's pid.
pub(crate) fn pid() -> Option<Pid> {
    running().map(|running| running.pid())
}

/// The running process's exit reason, if it is being taken apart.
pub(crate) fn ending() -> Option<ExitReason> {
    let running = running()?;
    let known = running.extras_if_any(|extras| extras.exit.clone()).flatten();
    // Who ends normally leaves no note of it.
    known.or_else(|| (running.state().phase() >= Phase::Exiting).then_some(ExitReason::Normal))
}

/// The running process owes a reply.
pub(crate) fn owe(reply: Box<dyn Owed>) {
    if let Some(running) = running() {
        running.extras(|extras| extras.owe(reply));
    }
}

/// What the hook saw of the panic that was just caught.
pub(crate) fn take_panic() -> Option<PanicInfo> {
    CURRENT.with(|current| current.panic.take())
}

/// Installed once for the OS process and chained: a panic of a process is kept for its exit reason,
/// any other goes to the hook that was there before.
fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !is_running() {
                return before(info);
            }
            let message = info.payload_as_str().unwrap_or_default().to_owned();
            let location = info.location().map(ToString::to_string);
            // A panic while unwinding aborts anyway; the first one's story is kept.
            let _ = CURRENT.try_with(|current| {
                if let Ok(mut slot) = current.panic.try_borrow_mut() {
                    *slot = Some(PanicInfo { message, location });
                }
            });
        }));
    });
}
