//! The header of a cell, and the handles to it.
//!
//! A cell is a header, then the process's context and state (`cell`). Headers are type-stable: a
//! slab hands the same addresses to one header after another, and an all-zero header is a free
//! cell, so a stale pointer may always look at `refs` and `pid`.
//!
//! Who may touch what, when:
//! 1. `inbox`, `state`, `pid`, `refs`, `backlog` are atomics: anybody who holds a pin, any time.
//! 2. `inner`, `extras` and everything behind the header belong to the thread that runs the process
//!    ([`Running`]), or visits it while nobody does ([`CellRef::visit`]); before it can run, to its
//!    spawner; after its end, to whoever drops the last pin. Two exceptions: who takes a process
//!    from its thread in mid-turn (`custody`) has all of this but the state and the handler, and
//!    that thread no more; and once `state` says `Dead` (read with `Acquire`), `extras` is frozen
//!    until the last pin goes, and anybody with a pin may read it.
//! 3. A pin is a count in `refs`. A living process holds one itself. A pin keeps the cell, not the
//!    process. From zero the count never rises again but by a new process.
//! 4. No Rust reference spans header and state, and none is `&mut` to the header: a pending handler
//!    holds `&mut` to the state.
#![allow(unsafe_code)]

mod backlog;
mod mailbox;

use std::{
    cell::{Cell, UnsafeCell},
    fmt,
    marker::PhantomData,
    ptr::{self, NonNull},
};

use super::{
    Machine, anchor,
    attic::Attic,
    cell::CellTable,
    current,
    extras::Extras,
    node::Mail,
    state::{Phase, StateWord},
};
use crate::{
    error::SendError,
    exit::ExitReason,
    limits,
    pid::Pid,
    priority::Priority,
    queue::{Fifo, Inbox, Pushed, Refused},
    slab,
    sync::{AtomicPtr, AtomicU32, AtomicU64, Ordering, acquire_fence},
};

pub(crate) use mailbox::Arrived;
pub(super) use mailbox::Shelf;

/// The first 64 bytes of a cell.
#[repr(C, align(16))]
pub(crate) struct Header {
    /// The shared queue, and who may schedule the process.
    inbox: Inbox,
    /// The life cycle, and what everybody may know.
    state: StateWord,
    /// What can be done with the body; null in a free cell.
    table: AtomicPtr<CellTable>,
    /// The private queue: messages taken from the inbox, in order.
    inner: UnsafeCell<Fifo>,
    /// The identity, as bits; zero in a free cell.
    pid: AtomicU64,
    /// How many pins there are.
    refs: AtomicU32,
    /// How many messages wait in `inner`, plus what the inbox's own count could not hold.
    backlog: AtomicU32,
    /// What only some processes need.
    extras: UnsafeCell<Attic>,
}

const _: () = assert!(size_of::<Header>() == 64);

/// The address of a cell, without a pin: good for comparing, and for handing a living process to
/// whoever runs it (a living process pins its own cell).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct RawCell(NonNull<Header>);

// SAFETY: an address; what is done with it has rules of its own (above).
unsafe impl Send for RawCell {}
// SAFETY: as above.
unsafe impl Sync for RawCell {}

impl From<RawCell> for usize {
    fn from(cell: RawCell) -> Self {
        cell.0.as_ptr().expose_provenance()
    }
}

impl RawCell {
    /// The cell of an address that came from `usize::from`.
    pub(crate) fn from_address(address: usize) -> Option<Self> {
        NonNull::new(ptr::with_exposed_provenance_mut(address)).map(Self)
    }

    pub(super) fn header(self) -> NonNull<Header> {
        self.0
    }

    pub(super) fn from_header(header: NonNull<Header>) -> Self {
        Self(header)
    }

    /// As an untyped pointer, for the process table.
    pub(crate) fn erase(self) -> NonNull<()> {
        self.0.cast()
    }

    fn get(&self) -> &Header {
        // SAFETY: rule of type-stable headers: the address always holds a header, and this
        // reference is only used for its atomics (rule 4).
        unsafe { self.0.as_ref() }
    }

    /// Takes the right to run the process. Only for the one that was told to run it (by `ready`,
    /// with nothing in between), for its spawner before it is published, and for a simulation's
    /// driver while nothing runs: then it is the only one.
    pub(crate) fn take_turn(self) -> Running {
        Running(self, PhantomData)
    }

    /// Pins a cell that is alive by other reasons (it runs, or is queued to run).
    pub(crate) fn pin(self) -> CellRef {
        // Relaxed: a new pin is made from an existing one, as for `Arc`.
        let before = self.get().refs.fetch_add(1, Ordering::Relaxed);
        assert!(before > 0 && before < u32::MAX / 2, "a pin needs a living cell");
        CellRef(self)
    }

    /// Pins the candidate that the process table holds for `pid`, if it is that process's cell.
    pub(crate) fn pin_candidate(candidate: NonNull<()>, pid: Pid) -> Option<CellRef> {
        let cell = Self(candidate.cast());
        let header = cell.get();
        // Acquire: pairs with the release of `begin`'s stores, so that `pid` below is the present
        // occupant's.
        header
            .refs
            .fetch_update(Ordering::Acquire, Ordering::Relaxed, |refs| {
                if refs == 0 { None } else { Some(refs + 1) }
            })
            .ok()?;
        let pin = CellRef(cell);
        (pin.pid() == pid).then_some(pin)
    }

    /// Pins whatever process is in the candidate's cell.
    pub(crate) fn pin_any(candidate: NonNull<()>) -> Option<CellRef> {
        let pid = Pid::from_bits(Self(candidate.cast()).get().pid.load(Ordering::Acquire))?;
        Self::pin_candidate(candidate, pid)
    }

    /// Makes a free cell (header all zero) the cell of a process: not yet published, not idle.
    /// The pin of the living process is in the count, beside the one that is answered.
    ///
    /// # Safety
    /// `self` is a free cell of the slab, given to the caller alone.
    pub(super) unsafe fn begin(
        self,
        pid: Pid,
        table: &'static CellTable,
        simulated: bool,
    ) -> CellRef {
        let header = self.get();
        header.inbox.reset(false, simulated);
        header.table.store(ptr::from_ref(table).cast_mut(), Ordering::Relaxed);
        header.backlog.store(0, Ordering::Relaxed);
        // SAFETY: a free cell given to us alone (the caller's promise); both fields are dead.
        unsafe { ptr::write(header.inner.get(), Fifo::new()) };
        // SAFETY: as above.
        unsafe { ptr::write(header.extras.get(), Attic::new()) };
        header.pid.store(pid.bits(), Ordering::Relaxed);
        // Release: whoever pins the cell from here on sees all of the above.
        header.refs.store(2, Ordering::Release);
        CellRef(self)
    }
}

impl fmt::Debug for RawCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawCell({:p})", self.0)
    }
}

/// A pinned cell: what an address holds.
pub(crate) struct CellRef(RawCell);

impl Clone for CellRef {
    fn clone(&self) -> Self {
        self.0.pin()
    }
}

impl Drop for CellRef {
    fn drop(&mut self) {
        let header = self.0.get();
        // Release: what we did with the cell comes before its end. Acquire below, by the last one.
        if header.refs.fetch_sub(1, Ordering::Release) != 1 {
            return;
        }
        acquire_fence(|order| header.refs.load(order));
        debug_assert_eq!(self.phase(), Phase::Dead, "the last pin of a living process");
        // SAFETY: rule 2: the last pin is gone, nobody else touches it.
        let extras = unsafe { (*header.extras.get()).take() };
        drop(extras);
        // A free cell is all zero; who looks at it by a stale address sees no pins and no pid.
        header.pid.store(0, Ordering::Relaxed);
        header.table.store(ptr::null_mut(), Ordering::Relaxed);
        header.backlog.store(0, Ordering::Relaxed);
        header.inbox.reset(false, false);
        header.state.clear();
        // SAFETY: rule 2; an empty queue is all zero, one that was used is not.
        unsafe { header.inner.get().write(Fifo::new()) };
        // SAFETY: no pin is left, the header is as a free cell's, the address came from the slab.
        unsafe { slab::free(self.0.0.cast()) };
    }
}

/// What became of a push.
#[must_use]
pub(crate) enum Push {
    /// The process must be made ready.
    Ready,
    /// It runs or is queued already.
    Queued,
}

impl CellRef {
    /// The address.
    pub(crate) fn raw(&self) -> RawCell {
        self.0
    }

    fn header(&self) -> &Header {
        self.0.get()
    }

    /// The identity.
    pub(crate) fn pid(&self) -> Pid {
        let bits = self.header().pid.load(Ordering::Relaxed);
        Pid::from_bits(bits).expect("a pinned cell has a pid")
    }

    /// Where the process is in its life.
    pub(crate) fn phase(&self) -> Phase {
        self.header().state.phase()
    }

    /// Takes over a pin that is in the count already.
    pub(super) fn adopt(cell: RawCell) -> Self {
        Self(cell)
    }

    /// Asks for a turn; true if the caller must make it ready.
    #[must_use]
    pub(super) fn wake(&self) -> bool {
        self.header().inbox.wake()
    }

    /// Whether it takes mail.
    pub(crate) fn is_alive(&self) -> bool {
        !self.header().inbox.is_closed()
    }

    /// Whether a simulation runs it.
    pub(crate) fn is_simulated(&self) -> bool {
        self.header().inbox.is_sim()
    }

    /// Whether nobody runs it and nothing has come that it is to be run for.
    pub(crate) fn is_idle(&self) -> bool {
        self.header().inbox.is_idle()
    }

    /// How many bytes its cell has.
    pub(super) fn size(&self) -> usize {
        // SAFETY: the address came from a slab, and our pin keeps its chunk mapped.
        unsafe { slab::size_of_cell(self.0.0.cast()) }
    }

    /// The state word.
    pub(crate) fn state(&self) -> &StateWord {
        &self.header().state
    }

    /// Its type.
    pub(crate) fn table(&self) -> &'static CellTable {
        let table = self.header().table.load(Ordering::Relaxed);
        // SAFETY: `begin` stored a `&'static`, and a pinned cell keeps it.
        unsafe { &*table }
    }

    /// How many messages wait.
    pub(crate) fn mailbox_len(&self) -> usize {
        let header = self.header();
        header.backlog.load(Ordering::Relaxed) as usize + header.inbox.count() as usize
    }

    /// Whether it is down to its low mark. Acquire is in the exchange that came before, see
    /// `HOLD.md`.
    pub(crate) fn has_drained(&self) -> bool {
        self.mailbox_len() <= limits::mailbox_low(self.state().mailbox() as usize)
    }

    /// Says that somebody waits until it has drained; false if it has closed.
    #[must_use]
    pub(crate) fn await_drain(&self) -> bool {
        self.header().inbox.await_drain()
    }

    /// Whether somebody does, or did until just now.
    pub(crate) fn is_drain_awaited(&self) -> bool {
        self.header().inbox.is_drain_awaited()
    }

    /// Whether it takes mail; if so, its end sees what the caller did before: see
    /// `runtime/HOLDINGS.md`.
    #[must_use]
    pub(crate) fn touch(&self) -> bool {
        self.header().inbox.touch()
    }

    /// All that waited for that were told; for the process itself, and under the lock of the list
    /// of those.
    pub(crate) fn drain_told(&self) {
        self.header().inbox.drain_told();
    }

    /// Its runtime.
    pub(crate) fn machine(&self) -> &dyn Machine {
        // SAFETY: our pin outlives the reference.
        unsafe { anchor::machine(self.0) }
    }

    /// The same by its type.
    pub(crate) fn machine_as<M: Machine>(&self) -> &M {
        // SAFETY: as above.
        unsafe { anchor::machine_of_type(self.0) }
    }

    /// Puts mail into the inbox: the only place where that happens. A message is refused when the
    /// mailbox is at its high mark, a signal never is.
    pub(crate) fn push(&self, mail: Mail) -> Result<Push, (SendError, Mail)> {
        self.push_below(self.header().state.mailbox(), mail)
    }

    /// The same up to the hard mark.
    pub(crate) fn push_hard(&self, mail: Mail) -> Result<Push, (SendError, Mail)> {
        let hard = limits::mailbox_hard(self.header().state.mailbox() as usize);
        self.push_below(u32::try_from(hard).unwrap_or(u32::MAX), mail)
    }

    /// Does something to a process that nobody runs and that no mail waits for, in its place and
    /// at once. False, and nothing done, if it is not so or it is not plainly running. `f` is a few
    /// steps that send nothing and call nothing of anybody's own code. Beside the answer, what is
    /// left to do as after a push: something may have come meanwhile.
    pub(crate) fn visit(&self, f: impl FnOnce(&Running)) -> (bool, Push) {
        let Header { inbox, state, .. } = self.header();
        // Only the usual case: who begins or ends does each thing in its own time.
        if !state.is_plainly_running() || !inbox.visit() {
            return (false, Push::Queued);
        }
        let running = Running::of(self.0);
        // Asked again now that nobody can change it.
        let is_plain = state.is_plainly_running();
        if is_plain {
            f(&running);
        }
        (is_plain, if running.try_idle() { Push::Queued } else { Push::Ready })
    }

    fn push_below(&self, mark: u32, mail: Mail) -> Result<Push, (SendError, Mail)> {
        let header = self.header();
        let room = if mail.takes_room() {
            let backlog = header.backlog.load(Ordering::Relaxed);
            match mark.checked_sub(backlog) {
                None | Some(0) => return Err((SendError::Full, mail)),
                Some(room) => Some(room),
            }
        } else {
            None
        };
        self.push_into(mail, room)
    }

    /// The same for a message that has waited elsewhere, which the mailbox's bound does not refuse.
    pub(crate) fn push_anyway(&self, mail: Mail) -> Result<Push, (SendError, Mail)> {
        let room = mail.takes_room().then_some(u32::MAX);
        self.push_into(mail, room)
    }

    fn push_into(&self, mail: Mail, room: Option<u32>) -> Result<Push, (SendError, Mail)> {
        let header = self.header();
        let link = mail.into_link();
        // SAFETY: the node is ours until the push succeeds.
        match unsafe { header.inbox.push(link, room) } {
            Ok(Pushed::WasIdle) => Ok(Push::Ready),
            Ok(Pushed::Queued) => Ok(Push::Queued),
            Ok(Pushed::Saturated) => {
                // The word's count can hold no more: the rest is counted here, until the owner
                // looks.
                header.backlog.fetch_add(1, Ordering::Relaxed);
                Ok(Push::Queued)
            }
            Err(refused) => {
                let error = match refused {
                    Refused::Closed => SendError::NoProc,
                    Refused::Full => SendError::Full,
                };
                // SAFETY: a refused node is still ours.
                Err((error, unsafe { Mail::from_link(link) }))
            }
        }
    }

    /// Why it ended, if it has.
    pub(crate) fn exit_reason(&self) -> Option<ExitReason> {
        if self.phase() != Phase::Dead {
            return None;
        }
        // SAFETY: rule 2's exception: dead, seen with Acquire, and we hold a pin.
        let attic = unsafe { &*self.header().extras.get() };
        Some(attic.reason().unwrap_or(ExitReason::Normal))
    }
}

/// The right to act as the process: held by the thread that runs or visits it. Neither copied nor
/// shared: it moves with a turn from thread to thread, and is not `Sync` (the marker sees to that),
/// so it cannot be used from two at once.
pub(crate) struct Running(RawCell, PhantomData<Cell<()>>);

impl Running {
    pub(crate) fn raw(&self) -> RawCell {
        self.0
    }

    /// Another handle of the same right: for the context that lives in the cell, and for what asks
    /// the thread-local; both are used inside the turn alone.
    pub(super) fn of(cell: RawCell) -> Self {
        Self(cell, PhantomData)
    }

    /// The same for a context beside the one in the cell, which lives as long as one handler.
    pub(crate) fn again(&self) -> Self {
        Self::of(self.0)
    }

    pub(crate) fn pin(&self) -> CellRef {
        self.0.pin()
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_bits(self.0.get().pid.load(Ordering::Relaxed)).expect("a running process")
    }

    pub(crate) fn state(&self) -> &StateWord {
        &self.0.get().state
    }

    pub(crate) fn inbox(&self) -> &Inbox {
        &self.0.get().inbox
    }

    pub(crate) fn priority(&self) -> Priority {
        self.state().priority()
    }

    pub(crate) fn table(&self) -> &'static CellTable {
        // SAFETY: `begin` stored a `&'static`.
        unsafe { &*self.0.get().table.load(Ordering::Relaxed) }
    }

    /// Its runtime, by its type.
    pub(crate) fn machine_as<M: Machine>(&self) -> &M {
        // SAFETY: a living process pins its cell, and outlives the right to run it.
        unsafe { anchor::machine_of_type(self.0) }
    }

    /// Sets trap_exit.
    pub(crate) fn set_trap_exit(&self, on: bool) {
        if let Some(_acting) = current::act(self.0) {
            self.state().set_trap_exit(on);
        }
    }

    /// The extras, if there are any. `f` calls nothing of the process's own code.
    #[inline]
    pub(crate) fn extras_if_any<R>(&self, f: impl FnOnce(&mut Extras) -> R) -> Option<R> {
        let _acting = current::act(self.0)?;
        // SAFETY: rule 2; the reference ends with `f`, which does not come back here.
        let extras = unsafe { &mut *self.0.get().extras.get() };
        extras.get_mut().map(f)
    }

    /// The same for the turn, between two stretches of the process's own code: there nobody takes
    /// the process from its thread, and one that was taken does not come here any more.
    #[inline]
    pub(super) fn extras_in_turn<R>(&self, f: impl FnOnce(&mut Extras) -> R) -> Option<R> {
        // SAFETY: rule 2; the reference ends with `f`, which does not come back here.
        let extras = unsafe { &mut *self.0.get().extras.get() };
        extras.get_mut().map(f)
    }

    /// The extras, made if need be. `f` calls nothing of the process's own code.
    #[inline]
    pub(crate) fn extras<R>(&self, f: impl FnOnce(&mut Extras) -> R) -> R {
        let Some(_acting) = current::act(self.0) else {
            // The process was taken from this thread: what its code does to it has no effect.
            return f(&mut Extras::new());
        };
        // SAFETY: rule 2; the reference ends with `f`, which does not come back here.
        let extras = unsafe { &mut *self.0.get().extras.get() };
        f(extras.get_or_make())
    }

    /// The word for what only some processes have: rule 2.
    pub(super) fn attic(&self) -> *mut Attic {
        self.0.get().extras.get()
    }

    /// Gives up the pin of the living process: the last thing done for it.
    pub(crate) fn release(self) {
        // The pin was counted by `begin`; this is its drop.
        drop(CellRef(self.0));
    }
}
