//! The one thread-local: which process runs on this thread, and what its last panic said.
//!
//! Set by the turn, and restored like a stack (a simulation's turn may run inside another thread's
//! code). Everything that must know "who is calling" asks here: the source of a signal, the caller
//! of a call, the reason of a dropped reply, the panic hook.

use std::{
    cell::{Cell, RefCell},
    fmt::Write as _,
    num::NonZeroUsize,
    panic,
    sync::Once,
};

use super::{
    custody::{Before, Custody},
    header::{RawCell, Running},
    reductions::Reductions,
    reply::Owed,
    state::Phase,
};
use crate::{error::CallFailure, exit::ExitReason, pid::Pid, sync::Fences};

/// What the panic hook saw.
#[derive(Default)]
pub(crate) struct PanicInfo {
    pub(crate) message: String,
    pub(crate) location: Option<String>,
}

/// What is asked for with every message. It needs no destructor, so it is there while a thread
/// ends, and costs no look at whether it is.
struct Current {
    cell: Cell<Option<RawCell>>,
    /// Which seat this thread works on, if it is a worker.
    seat: Cell<Option<usize>>,
    /// What it shows of the process it runs, if that may be taken from it.
    custody: Cell<Option<&'static Custody>>,
    /// How much longer the process may go on.
    reductions: Reductions,
    /// It is in a turn that is traced, or was called from one.
    traced: Cell<bool>,
}

thread_local! {
    static CURRENT: Current = const {
        Current {
            cell: Cell::new(None),
            seat: Cell::new(None),
            custody: Cell::new(None),
            reductions: Reductions::new(),
            traced: Cell::new(false),
        }
    };
    static PANIC: RefCell<Option<PanicInfo>> = const { RefCell::new(None) };
}

/// While it lives, its process is the current one of this thread.
pub(crate) struct Entered {
    cell: Option<RawCell>,
    granted: u32,
    stood: Option<(&'static Custody, Before)>,
}

/// Enters a process, to take it apart.
pub(crate) fn enter(running: &Running) -> Entered {
    enter_turn(running, false)
}

/// Enters a process's turn; `limited` says whether reductions end it.
#[inline]
pub(crate) fn enter_turn(running: &Running, limited: bool) -> Entered {
    install_hook();
    CURRENT.with(|current| Entered {
        cell: current.cell.replace(Some(running.raw())),
        granted: current.reductions.begin(limited),
        stood: current
            .custody
            .get()
            .map(|custody| (custody, custody.begin(address(running.raw())))),
    })
}

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        CURRENT.with(|current| {
            current.cell.set(self.cell);
            current.reductions.end(self.granted);
        });
        if let Some((custody, stood)) = self.stood {
            custody.end(stood);
        }
    }
}

/// While it lives, what runs on this thread is asked whether it is traced.
pub(super) struct Tracing(bool);

/// A turn is traced.
pub(super) fn trace_turn() -> Tracing {
    Tracing(CURRENT.with(|current| current.traced.replace(true)))
}

impl Drop for Tracing {
    fn drop(&mut self) {
        CURRENT.with(|current| current.traced.set(self.0));
    }
}

/// Whether what runs on this thread may be traced.
#[inline]
pub(crate) fn is_traced() -> bool {
    CURRENT.with(|current| current.traced.get())
}

fn address(cell: RawCell) -> NonZeroUsize {
    cell.header().addr()
}

/// From now on what this thread runs may be taken from it, by whoever has what is answered.
pub(crate) fn enroll(fences: Fences) -> &'static Custody {
    let custody = Custody::lend(fences);
    CURRENT.with(|current| current.custody.set(Some(custody)));
    custody
}

/// The end of that; nobody has it any more.
pub(crate) fn dismiss() {
    if let Some(custody) = CURRENT.with(|current| current.custody.take()) {
        custody.give_back();
    }
}

#[inline]
fn custody() -> Option<&'static Custody> {
    CURRENT.with(|current| current.custody.get())
}

/// While it lives, a process's own code runs.
pub(super) struct Outside(Option<(&'static Custody, bool)>);

/// A process's own code runs now.
#[inline]
pub(super) fn leave() -> Outside {
    Outside(custody().map(|custody| (custody, custody.leave())))
}

impl Outside {
    /// It is done. False: the process was taken from this thread meanwhile.
    #[inline]
    pub(super) fn come_back(&self, cell: RawCell) -> bool {
        self.0.is_none_or(|(custody, inside)| custody.come_back(address(cell), inside))
    }
}

/// While it lives, this thread may do something to the process it was made for.
pub(crate) struct Acting(Option<(&'static Custody, bool)>);

impl Drop for Acting {
    #[inline]
    fn drop(&mut self) {
        if let Some((custody, stood)) = self.0 {
            custody.done(stood);
        }
    }
}

/// This thread is about to do something to a process. `None`: that was taken from it.
#[inline]
pub(crate) fn act(cell: RawCell) -> Option<Acting> {
    // Without a custody nobody takes anything from this thread.
    let Some(custody) = custody() else { return Some(Acting(None)) };
    custody.act(address(cell)).map(|stood| Acting(Some((custody, stood))))
}

/// The same for the running process; without one there is nothing to take.
#[inline]
pub(crate) fn act_here() -> Option<Acting> {
    cell().map_or(Some(Acting(None)), act)
}

/// Whether the process was taken from this thread, which runs its code still.
pub(crate) fn is_taken(cell: RawCell) -> bool {
    act(cell).is_none()
}

/// The same of the running process.
pub(crate) fn is_taken_here() -> bool {
    cell().is_some_and(is_taken)
}

/// Nothing is left of a process that was taken from this thread.
pub(crate) fn forget_taken() {
    if let Some(custody) = custody() {
        custody.forget();
    }
}

/// The running process, or `None` on a foreign thread.
pub(crate) fn cell() -> Option<RawCell> {
    CURRENT.with(|current| current.cell.get())
}

/// Counts a reduction of the running process; true if its turn is over. Never so outside of one,
/// nor in a simulation, which chooses itself where turns end.
#[inline]
pub(crate) fn reduce() -> bool {
    CURRENT.with(|current| current.reductions.spend())
}

/// How many reductions were counted in this turn.
pub(super) fn spent() -> u32 {
    CURRENT.with(|current| current.reductions.spent())
}

/// Whether a process runs on this thread.
pub(crate) fn is_running() -> bool {
    cell().is_some()
}

/// This thread's seat, if it is a worker's.
pub(crate) fn seat() -> Option<usize> {
    CURRENT.with(|current| current.seat.get())
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
    PANIC.with(RefCell::take)
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
            let location = info.location().map(|at| {
                // Room for the numbers, so that it is written in one go.
                let mut text = String::with_capacity(at.file().len() + 16);
                let _ = write!(text, "{at}");
                text
            });
            // A panic while unwinding aborts anyway; the first one's story is kept.
            let _ = PANIC.try_with(|panic| {
                if let Ok(mut slot) = panic.try_borrow_mut() {
                    *slot = Some(PanicInfo { message, location });
                }
            });
        }));
    });
}
