//! Addresses: how messages find a process.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll},
};

use super::{Call, Handle, ProcessRef, Slot, call::call};
use crate::{
    error::{CallFailure, SendError},
    exit::ExitReason,
    pid::Pid,
    process::{Accepts, CellRef, Mail, Message, ReplyPort, ReplySlot, current},
    runtime::{Core, route},
    signal::{Signal, Watch},
};

/// Where messages `M` can be sent: one process, or a supervised child whoever is in its place.
///
/// Cheap to clone, usable from processes, from any executor and from plain threads. It keeps the
/// process's cell and not the process: dropping addresses stops nothing.
///
/// A *plain* address names one incarnation, as a pid does. A *supervised* one (from a supervisor's
/// ref) names the child: in a restart gap its calls wait until their deadline, its casts are kept
/// and go to the next incarnation; `pid`, `monitor` and the like mean the present incarnation.
pub struct Address<M: Message> {
    target: Target,
    accepts: Accepts<M>,
}

#[derive(Clone)]
enum Target {
    Cell(CellRef),
    Slot(Arc<Slot>),
}

impl<M: Message> Clone for Address<M> {
    fn clone(&self) -> Self {
        Self { target: self.target.clone(), accepts: self.accepts }
    }
}

impl<M: Message> fmt::Debug for Address<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.last_pid() {
            Some(pid) => write!(f, "{}({pid})", self.accepts.type_name()),
            None => write!(f, "{}(not started)", self.accepts.type_name()),
        }
    }
}

impl<M: Message> ProcessRef for Address<M> {
    type Message = M;

    fn from_address(address: Self) -> Self {
        address
    }

    fn as_address(&self) -> &Self {
        self
    }
}

impl<M: Message> Address<M> {
    /// The address of a process with the behaviour `P`.
    pub(crate) fn plain<P: Handle<M>>(cell: CellRef) -> Self {
        Self { target: Target::Cell(cell), accepts: Accepts::by::<P>() }
    }

    /// The address of whoever is in the slot; all of them are `P`.
    pub(crate) fn supervised<P: Handle<M>>(slot: Arc<Slot>) -> Self {
        Self { target: Target::Slot(slot), accepts: Accepts::by::<P>() }
    }

    /// The slot behind a supervised address.
    pub(crate) fn slot(&self) -> Option<&Arc<Slot>> {
        match &self.target {
            Target::Cell(_) => None,
            Target::Slot(slot) => Some(slot),
        }
    }

    /// The present process, pinned.
    pub(crate) fn cell(&self) -> Option<CellRef> {
        match &self.target {
            Target::Cell(cell) => Some(cell.clone()),
            Target::Slot(slot) => slot.present(),
        }
    }

    fn last_pid(&self) -> Option<Pid> {
        match &self.target {
            Target::Cell(cell) => Some(cell.pid()),
            Target::Slot(slot) => slot.last_pid(),
        }
    }

    /// The runtime; unknown for a child that was never started.
    pub(crate) fn core(&self) -> Option<Arc<Core>> {
        match &self.target {
            Target::Cell(cell) => Some(Core::of(cell)),
            Target::Slot(slot) => slot.core().cloned(),
        }
    }

    pub(crate) fn post(&self, message: M, reply: ReplyPort<M::Reply>) -> Result<(), SendError> {
        let mail = Mail::message(self.accepts, message, reply);
        let sent = match &self.target {
            Target::Cell(cell) => route::send(cell, mail),
            Target::Slot(slot) => slot.send(mail),
        };
        sent.map_err(|(error, mail)| {
            mail.fail(error.into());
            error
        })
    }

    /// The identity of the process; for a supervised child, of the present incarnation, and `None`
    /// in a gap.
    pub fn pid(&self) -> Option<Pid> {
        match &self.target {
            Target::Cell(cell) => Some(cell.pid()),
            Target::Slot(slot) => slot.pid(),
        }
    }

    /// Whether it takes messages at this moment.
    pub fn is_alive(&self) -> bool {
        match &self.target {
            Target::Cell(cell) => cell.is_alive(),
            Target::Slot(slot) => slot.is_up(),
        }
    }

    /// How many messages wait in its mailbox, roughly.
    pub fn mailbox_len(&self) -> usize {
        self.cell().map_or(0, |cell| cell.mailbox_len())
    }

    /// Sends a message and waits for nothing: a cast. A call's message is handled as well, and its
    /// reply discarded.
    ///
    /// # Errors
    /// [`SendError::Full`] if the mailbox is at its bound.
    ///
    /// # If the process is gone
    /// [`SendError::NoProc`]. A supervised child in its gap is not gone: the message is kept for the
    /// next incarnation.
    pub fn send(&self, message: M) -> Result<(), SendError> {
        self.post(message, ReplyPort::none())
    }

    /// Sends a message and waits for its reply, whole. Lazy: nothing is sent before it is awaited.
    ///
    /// # If the process is gone
    /// The call fails with [`CallFailure::NoProc`].
    pub fn call_message(&self, message: M) -> Call<M::Reply, CallFailure> {
        call(self, message, super::DEFAULT_CALL_TIMEOUT, |reply| Some(Ok(reply)))
    }

    /// Passes a message on together with the way back of its reply.
    ///
    /// # Errors
    /// As for [`send`](Self::send); the call behind `reply` fails with the same.
    pub fn forward(&self, message: M, reply: ReplyPort<M::Reply>) -> Result<(), SendError> {
        self.post(message, reply)
    }

    /// The same process under another of its message types.
    ///
    /// `P` is the process's type; an address of another type's process is answered with `None`.
    pub fn narrow<P: Handle<M> + Handle<N>, N: Message>(&self) -> Option<Address<N>> {
        let known = self.accepts == Accepts::by::<P>();
        known.then(|| Address { target: self.target.clone(), accepts: Accepts::by::<P>() })
    }

    fn signal(&self, signal: Signal) -> Result<(), SendError> {
        let cell = self.cell().ok_or(SendError::NoProc)?;
        route::signal_cell(&cell, Mail::signal(signal));
        Ok(())
    }

    /// Sends an exit signal, as if the running process had sent it, and waits for nothing. What it
    /// does is OTP's rule: it ends a process that does not trap exits (unless the reason is
    /// `Normal`); `Kill` ends any.
    ///
    /// # If the process is gone
    /// Nothing happens.
    pub fn exit(&self, reason: ExitReason) {
        let Some(core) = self.core() else { return };
        // To another runtime's process the running one is nobody: its pid means somebody else there.
        let near = crate::runtime::current().is_some_and(|here| Arc::ptr_eq(&here, &core));
        let from = current::pid().filter(|_| near).unwrap_or(Pid::local(0, 0));
        let _ = self.signal(Signal::Exit { from, reason, linked: false });
    }

    /// Ends the process at once: no `terminate`, and it cannot be trapped. Its exit reason is
    /// `Killed`.
    pub fn kill(&self) {
        self.exit(ExitReason::Kill);
    }

    /// Asks the process to stop with this reason when it comes to that in its mailbox, its
    /// `terminate` included; resolves to its exit reason when it has ended. The request is sent at
    /// once, also if the future is dropped.
    ///
    /// # If the process is gone
    /// Resolves at once, as [`closed`](Self::closed) does.
    pub fn stop(&self, reason: ExitReason) -> Closed {
        let closed = self.closed();
        let _ = self.signal(Signal::Stop(reason));
        closed
    }

    /// Resolves to the exit reason when the process has ended: after its names are free, and its
    /// links and monitors told. For a supervised child: the present incarnation.
    ///
    /// # If the process is gone
    /// Resolves at once, to its exit reason if that is still known, else to `NoProc`.
    pub fn closed(&self) -> Closed {
        let slot = ReplySlot::new();
        match self.cell() {
            Some(cell) => {
                let watch = Signal::Watch(Arc::new(Watching(slot.clone())));
                route::signal_cell(&cell, Mail::signal(watch));
            }
            None => Watching(slot.clone()).ended(&ExitReason::NoProc),
        }
        Closed(slot)
    }

    /// Resolves when there is a process to send to: at once for a plain address, at the end of its
    /// gap for a supervised one.
    ///
    /// # Errors
    /// [`SendError::NoProc`] when there is none and will be none.
    pub fn ready(&self) -> Ready {
        Ready(match &self.target {
            Target::Cell(cell) if cell.is_alive() => Waiting::Known(Ok(())),
            Target::Cell(_) => Waiting::Known(Err(SendError::NoProc)),
            Target::Slot(slot) => Waiting::Slot(slot.clone()),
        })
    }
}

/// The future of [`Address::closed`] and [`Address::stop`].
#[must_use = "a future does nothing unless awaited"]
pub struct Closed(Arc<ReplySlot<ExitReason>>);

impl Closed {
    /// Waits on this plain thread.
    ///
    /// # Panics
    /// Inside a process, which must not block.
    pub fn blocking(self) -> ExitReason {
        assert!(!current::is_running(), "`blocking` inside a process; `.await` it instead");
        crate::runtime::block_on(self)
    }
}

impl Future for Closed {
    type Output = ExitReason;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<ExitReason> {
        self.0.poll(cx.waker()).map(|reason| reason.unwrap_or(ExitReason::NoProc))
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

/// The future of [`Address::ready`].
#[must_use = "a future does nothing unless awaited"]
pub struct Ready(Waiting);

enum Waiting {
    Known(Result<(), SendError>),
    Slot(Arc<Slot>),
}

impl Future for Ready {
    type Output = Result<(), SendError>;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        match &self.0 {
            Waiting::Known(known) => Poll::Ready(*known),
            Waiting::Slot(slot) => slot.poll_ready(cx.waker()),
        }
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ready")
    }
}

/// Whatever names a process: a pid, an address, a generated ref.
pub trait AnyRef: sealed::Sealed {
    /// The process's pid, `None` for a supervised child in its gap.
    fn pid(&self) -> Option<Pid>;

    #[doc(hidden)]
    fn peer(&self) -> Peer;
}

/// How a ref finds its process.
#[doc(hidden)]
#[derive(Debug)]
pub struct Peer(pub(crate) PeerKind);

pub(crate) enum PeerKind {
    /// In the runtime of whoever asks.
    Pid(Pid),
    /// This very process.
    Cell(CellRef),
    /// Nobody; who it was last.
    Nobody(Option<Pid>),
}

impl fmt::Debug for PeerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Peer")
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Pid {}
    impl<R: super::ProcessRef> Sealed for R {}
}

impl AnyRef for Pid {
    fn pid(&self) -> Option<Pid> {
        Some(*self)
    }

    fn peer(&self) -> Peer {
        Peer(PeerKind::Pid(*self))
    }
}

impl<R: ProcessRef> AnyRef for R {
    fn pid(&self) -> Option<Pid> {
        self.as_address().pid()
    }

    fn peer(&self) -> Peer {
        let address = self.as_address();
        Peer(match address.cell() {
            Some(cell) => PeerKind::Cell(cell),
            None => PeerKind::Nobody(address.last_pid()),
        })
    }
}
