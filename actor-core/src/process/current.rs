//! The one thread-local: which process runs on this thread, and what its last panic said.
//!
//! Set by the turn, and restored like a stack (a simulation's turn may run inside another thread's
//! code). Everything that must know "who is calling" asks here: the source of a signal, the caller
//! of a call, the reason of a dropped reply, the panic hook.

use std::{
    cell::{Cell, OnceCell, RefCell},
    num::NonZeroUsize,
    panic,
    sync::{Arc, Once},
};

use super::{
    custody::{Before, Custody},
    header::{RawCell, Running},
    reductions::Reductions,
    reply::Owed,
    state::Phase,
};
use crate::{error::CallFailure, exit::ExitReason, pid::Pid};

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
    /// What it shows of the process it runs, if that may be taken from it.
    custody: OnceCell<Arc<Custody>>,
    /// How much longer the process may go on.
    reductions: Reductions,
}

impl Current {
    const fn new() -> Self {
        Self {
            cell: Cell::new(None),
            seat: Cell::new(None),
            panic: RefCell::new(None),
            custody: OnceCell::new(),
            reductions: Reductions::new(),
        }
    }
}

thread_local! {
    static CURRENT: Current = const { Current::new() };
}

/// While it lives, its process is the current one of this thread.
pub(crate) struct Entered {
    cell: Option<RawCell>,
    granted: u32,
    stood: Option<Before>,
}

/// Enters a process, to take it apart.
pub(crate) fn enter(running: &Running) -> Entered {
    enter_turn(running, false)
}

/// Enters a process's turn; `limited` says whether reductions end it.
pub(crate) fn enter_turn(running: &Running, limited: bool) -> Entered {
    install_hook();
    CURRENT.with(|current| Entered {
        cell: current.cell.replace(Some(running.raw())),
        granted: current.reductions.begin(limited),
        stood: current.custody.get().map(|custody| custody.begin(address(running.raw()))),
    })
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.with(|current| {
            current.cell.set(self.cell);
            current.reductions.end(self.granted);
            if let (Some(custody), Some(stood)) = (current.custody.get(), self.stood) {
                custody.end(stood);
            }
        });
    }
}

fn address(cell: RawCell) -> NonZeroUsize {
    cell.header().addr()
}

/// What this thread runs may be taken from it, by whoever has this.
pub(crate) fn enroll(custody: Arc<Custody>) {
    // A thread serves one runtime for life.
    let _ = CURRENT.with(|current| current.custody.set(custody));
}

/// This thread's custody, if it has one.
fn with_custody<R>(act: impl FnOnce(&Custody) -> R) -> Option<R> {
    CURRENT.try_with(|current| current.custody.get().map(|custody| act(custody))).ok().flatten()
}

/// A process's own code runs now.
#[inline]
pub(super) fn leave() -> Option<bool> {
    with_custody(Custody::leave)
}

/// It is done. False: the process was taken from this thread meanwhile.
#[inline]
pub(super) fn come_back(cell: RawCell, left: Option<bool>) -> bool {
    let Some(inside) = left else { return true };
    with_custody(|custody| custody.come_back(address(cell), inside)).unwrap_or(true)
}

/// Does something to a process, unless it was taken from this thread.
#[inline]
pub(crate) fn act<R>(cell: RawCell, act: impl FnOnce() -> R) -> Option<R> {
    let mut act = Some(act);
    let done = with_custody(|custody| {
        let act = act.take();
        custody.act(address(cell), || act.map(|act| act()))
    });
    match done {
        Some(done) => done.flatten(),
        // Nobody takes anything from this thread.
        None => act.map(|act| act()),
    }
}

/// Does something for the running process, unless that was taken from this thread. Without one it
/// is just done.
#[inline]
pub(crate) fn act_here<R>(act: impl FnOnce() -> R) -> Option<R> {
    let mut act = Some(act);
    let mut run = || act.take().map(|act| act());
    let done = CURRENT.try_with(|current| match (current.custody.get(), current.cell.get()) {
        (Some(custody), Some(cell)) => custody.act(address(cell), &mut run).flatten(),
        _ => run(),
    });
    // A thread that ends runs no process.
    done.unwrap_or_else(|_| run())
}

/// Whether the process was taken from this thread, which runs its code still.
pub(crate) fn is_taken(cell: RawCell) -> bool {
    act(cell, || ()).is_none()
}

/// The same of the running process.
pub(crate) fn is_taken_here() -> bool {
    cell().is_some_and(is_taken)
}

/// Nothing is left of a process that was taken from this thread.
pub(crate) fn forget_taken() {
    with_custody(Custody::forget);
}

/// The running process, or `None` on a foreign thread (and while a thread ends).
pub(crate) fn cell() -> Option<RawCell> {
    CURRENT.try_with(|current| current.cell.get()).ok().flatten()
}

/// Counts a reduction of the running process; true if its turn is over. Never so outside of one,
/// nor in a simulation, which chooses itself where turns end.
#[inline]
pub(crate) fn reduce() -> bool {
    CURRENT.try_with(|current| current.reductions.spend()).unwrap_or(false)
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
    if is_taken(running.raw()) {
        return Some(ExitReason::Killed);
    }
    let known = running.extras_if_any(|extras| extras.exit.clone()).flatten();
    // Who ends normally leaves no note of it.
    known.or_else(|| (running.state().phase() >= Phase::Exiting).then_some(ExitReason::Normal))
}

/// The running process owes a reply.
pub(crate) fn owe(reply: Box<dyn Owed>) {
    if is_taken_here() {
        reply.fail(CallFailure::Exited(ExitReason::Killed));
    } else if let Some(running) = running() {
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
