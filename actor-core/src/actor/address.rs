//! Addresses: how messages find a process.

use std::{fmt, ptr, sync::Arc};

use super::{Call, Closed, Handle, Home, ProcessRef, Ready, Slot, call::call};
use crate::{
    error::{CallFailure, SendError},
    exit::ExitReason,
    overflow::MailboxStats,
    pid::Pid,
    process::{Accepts, CellRef, Gate, Mail, Message, Parcel, ReplyPort, current},
    runtime::{Core, overflow, route},
    signal::Signal,
};

/// Where messages `M` can be sent: one process, or a supervised child whoever is in its place.
///
/// Cheap to clone, usable from processes, from any executor and from plain threads. It keeps the
/// process's cell and not the process: dropping addresses stops nothing.
///
/// A *plain* address names one incarnation, as a pid does. A *supervised* one (from a supervisor's
/// ref) names the child: in a restart gap its calls wait until their deadline, its casts are kept
/// (up to [`limits::GAP_MAIL`](crate::limits::GAP_MAIL)) and go to the next incarnation; `pid`,
/// `monitor` and the like mean the present incarnation.
///
/// A generated ref derefs to it, so all that is here works on `AccountRef` too.
///
/// ```
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// # let rt = Runtime::new()?;
/// let counter: CounterRef = rt.spawn(Counter(40))?;
/// let address: actor_core::Address<CounterMessage> = counter.clone().into();
/// address.send(CounterMessage::Add { by: 2 })?;
/// assert_eq!(counter.add(0).blocking()?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Address<M: Message> {
    target: Target,
    accepts: Accepts<M>,
}

#[derive(Clone)]
enum Target {
    Cell(CellRef),
    Slot(Arc<Slot>),
}

impl Target {
    fn post(&self, mail: Mail) -> Result<(), SendError> {
        let sent = match self {
            Self::Cell(cell) => route::send(cell, mail),
            Self::Slot(slot) => slot.send(mail),
        };
        sent.map_err(|(error, mail)| {
            mail.fail(error.into());
            error
        })
    }
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

    /// The address of this process, which is in the slot, or is the target.
    pub(crate) fn plainly(&self, cell: CellRef) -> Self {
        Self { target: Target::Cell(cell), accepts: self.accepts }
    }

    /// A message to it, as mail.
    pub(crate) fn mail(&self, message: M) -> Mail {
        Mail::message(self.accepts, message, ReplyPort::none())
    }

    /// The address of nobody: what is sent there ends in noproc.
    pub(crate) fn nobody<P: Handle<M>>() -> Self {
        let slot = Slot::new(false, 0, Home::default());
        slot.gone();
        Self::supervised::<P>(slot)
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

    pub(super) fn last_pid(&self) -> Option<Pid> {
        match &self.target {
            Target::Cell(cell) => Some(cell.pid()),
            Target::Slot(slot) => slot.last_pid(),
        }
    }

    /// Where it leads: to one process, or to who is in a slot.
    pub(super) fn place(&self) -> Result<&CellRef, &Arc<Slot>> {
        match &self.target {
            Target::Cell(cell) => Ok(cell),
            Target::Slot(slot) => Err(slot),
        }
    }

    /// A message for it that nobody waits for.
    pub(super) fn to_mail(&self, message: M) -> Mail {
        Mail::message(self.accepts, message, ReplyPort::none())
    }

    /// The runtime; unknown for a child that was never started.
    pub(crate) fn with_core<R>(&self, act: impl FnOnce(&Core) -> R) -> Option<R> {
        match &self.target {
            Target::Cell(cell) => Some(act(Core::at(cell))),
            Target::Slot(slot) => slot.core().map(|core| act(core)),
        }
    }

    /// Whether it leads to the running process: now, or when that is ready.
    pub(super) fn is_running_process(&self) -> bool {
        let Some(running) = current::running() else { return false };
        match &self.target {
            Target::Cell(cell) => cell.raw() == running.raw(),
            Target::Slot(slot) => {
                let is_own = |own: &Arc<_>| ptr::addr_eq(Arc::as_ptr(own), Arc::as_ptr(slot));
                let own = running.extras_if_any(|extras| extras.slot.as_ref().is_some_and(is_own));
                own == Some(true) || slot.present().is_some_and(|it| it.raw() == running.raw())
            }
        }
    }

    /// The runtime, if it is known.
    pub(crate) fn core(&self) -> Option<Arc<Core>> {
        match &self.target {
            Target::Cell(cell) => Some(Core::of(cell)),
            Target::Slot(slot) => slot.core().cloned(),
        }
    }

    /// Inlined up to where the message is in its node: one that is handed about by memory is
    /// written in parts and read as a whole, which waits for the parts.
    #[inline(always)]
    pub(crate) fn post(&self, message: M, reply: ReplyPort<M::Reply>) -> Result<(), SendError> {
        self.target.post(Mail::message(self.accepts, message, reply))
    }

    /// The same by an alias, which its owner may have closed.
    pub(super) fn post_by(
        &self,
        gate: &Arc<Gate>,
        message: M,
        priority: bool,
    ) -> Result<(), SendError> {
        let parcel = Mail::parcel(Parcel::new(gate.clone(), self.to_mail(message), priority));
        let Some(cell) = self.cell() else { return Err(SendError::NoProc) };
        route::send(&cell, parcel).map_err(|(error, _)| error)
    }

    /// The identity of the process; for a supervised child, of the present incarnation, and `None`
    /// in a gap. It stays the same after the end of the process.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(0))?;
    /// assert_eq!(counter.pid(), counter.clone().pid());
    /// assert_ne!(counter.pid(), rt.spawn(Counter(0))?.pid());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pid(&self) -> Option<Pid> {
        match &self.target {
            Target::Cell(cell) => Some(cell.pid()),
            Target::Slot(slot) => slot.pid(),
        }
    }

    /// Whether it takes messages at this moment. That may have changed before you look at the
    /// answer, so it is for display; to act on it, send, and look at the error.
    ///
    /// # If the process is gone
    /// False; of a supervised child also in its gap.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(0))?;
    /// assert!(counter.is_alive());
    /// counter.stop(ExitReason::Normal).blocking();
    /// assert!(!counter.is_alive());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn is_alive(&self) -> bool {
        match &self.target {
            Target::Cell(cell) => cell.is_alive(),
            Target::Slot(slot) => slot.is_up(),
        }
    }

    /// How many messages wait in its mailbox, roughly: for display, and for shedding load.
    ///
    /// # If the process is gone
    /// 0; of a supervised child also in its gap, whatever is kept for the next incarnation.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(0))?;
    /// counter.add(1).blocking()?;
    /// assert_eq!(counter.mailbox_len(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn mailbox_len(&self) -> usize {
        self.cell().map_or(0, |cell| cell.mailbox_len())
    }

    /// How its mailbox is doing: what waits, and how often it was too much. For display.
    ///
    /// # If the process is gone
    /// All zero; of a supervised child also in its gap.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(0))?;
    /// counter.add(1).blocking()?;
    /// assert_eq!(counter.mailbox_stats(), actor_core::MailboxStats::default());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn mailbox_stats(&self) -> MailboxStats {
        self.cell().map_or(MailboxStats::default(), |cell| overflow::stats(&cell))
    }

    /// Sends a message and waits for nothing: a cast. A call's message is handled as well, and its
    /// reply discarded. `Ok` means that the message is in the mailbox (or, with
    /// [`Overflow::DropNewest`](crate::Overflow::DropNewest), was dropped), not that it was
    /// handled.
    ///
    /// # Errors
    /// [`SendError::Full`] if the mailbox is at its bound, as [`Overflow`](crate::Overflow) says;
    /// nothing was queued then.
    ///
    /// # If the process is gone
    /// [`SendError::NoProc`]. A supervised child in its gap is not gone: the message is kept for
    /// the next incarnation.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(40))?;
    /// counter.send(CounterMessage::Add { by: 2 })?;
    /// assert_eq!(counter.add(0).blocking()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline(always)]
    pub fn send(&self, message: M) -> Result<(), SendError> {
        self.post(message, ReplyPort::none())
    }

    /// Sends a message and waits for its reply, whole: the untyped form of a ref's own methods.
    /// Lazy as they are, with the same 5 s deadline.
    ///
    /// # Errors
    /// See [`CallFailure`].
    ///
    /// # If the process is gone
    /// The call fails with [`CallFailure::NoProc`].
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(40))?;
    /// let reply = counter.call_message(CounterMessage::Add { by: 2 }).blocking()?;
    /// assert!(matches!(reply, CounterReply::Add(42)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn call_message(&self, message: M) -> Call<M::Reply, CallFailure> {
        call(self, message, super::DEFAULT_CALL_TIMEOUT, |reply| Some(Ok(reply)))
    }

    /// Passes a message on together with the way back of its reply: who gets it answers the first
    /// caller, whose deadline runs on.
    ///
    /// # Errors
    /// As for [`send`](Self::send); the call behind `reply` fails with the same.
    ///
    /// # If the process is gone
    /// [`SendError::NoProc`], and the call behind `reply` fails with [`CallFailure::NoProc`].
    ///
    /// ```
    /// use actor_core::{prelude::*, *};
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// /// Speaks a counter's messages, and has them handled by another.
    /// struct Front(CounterRef);
    /// # impl Process for Front {
    /// #     type Ref = Address<CounterMessage>;
    /// #     const NAME: &'static str = "Front";
    /// # }
    /// # impl Server for Front { type Message = CounterMessage; }
    /// # impl Start for Front {
    /// #     type Ref = Address<CounterMessage>;
    /// #     type Process = Self;
    /// #     const KIND: ChildKind = ChildKind::Worker;
    /// #     fn into_process(self) -> Self { self }
    /// #     fn make_ref(address: Address<CounterMessage>) -> Address<CounterMessage> { address }
    /// # }
    /// impl Handle<CounterMessage> for Front {
    ///     fn handle(
    ///         &mut self,
    ///         message: CounterMessage,
    ///         reply: ReplyPort<CounterReply>,
    ///         _: &mut Context<Self>,
    ///     ) -> Handled<impl Future<Output = Next> + Send> {
    ///         let _ = self.0.forward(message, reply);
    ///         Handled::<std::future::Ready<Next>>::Done(Next::Continue)
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// let front = rt.spawn(Front(rt.spawn(Counter(40))?))?;
    /// assert_eq!(CounterRef::from_address(front).add(2).blocking()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn forward(&self, message: M, reply: ReplyPort<M::Reply>) -> Result<(), SendError> {
        self.post(message, reply)
    }

    /// The same process under another of its message types: those of a further `#[handlers]` block.
    ///
    /// `P` is the process's type; an address of another type's process is answered with `None`.
    ///
    /// ```
    /// use actor_core::{Address, prelude::*};
    /// #[derive(Process)]
    /// struct Counter(u64);
    /// #[handlers]
    /// impl Counter {
    ///     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// }
    /// #[handlers(name = AdminMessage)]
    /// impl Counter {
    ///     #[cast] fn reset(&mut self) { self.0 = 0 }
    /// }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(40))?;
    /// let admin: Address<AdminMessage> = counter.narrow::<Counter, _>().expect("it is a counter");
    /// admin.send(AdminMessage::Reset)?;
    /// assert_eq!(counter.add(2).blocking()?, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    /// `Normal`); `Kill` ends any. A signal is acted on before the messages that wait.
    ///
    /// # If the process is gone
    /// Nothing happens.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(0))?;
    /// let closed = counter.closed();
    /// counter.exit(ExitReason::Normal);
    /// counter.exit(ExitReason::other("bored"));
    /// assert_eq!(closed.blocking(), ExitReason::other("bored"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn exit(&self, reason: ExitReason) {
        let Some(core) = self.core() else { return };
        // To another runtime's process the running one is nobody: its pid means somebody else
        // there.
        let near = crate::runtime::current().is_some_and(|here| Arc::ptr_eq(&here, &core));
        let from = current::pid().filter(|_| near).unwrap_or(Pid::local(0, 0));
        let _ = self.signal(Signal::Exit { from, reason, linked: false });
    }

    /// Ends the process at once: no `terminate`, and it cannot be trapped. Its exit reason is
    /// `Killed`. A handler that runs is not interrupted before its next `.await` or its end.
    ///
    /// # If the process is gone
    /// Nothing happens.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(0))?;
    /// let closed = counter.closed();
    /// counter.kill();
    /// assert_eq!(closed.blocking(), ExitReason::Killed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn kill(&self) {
        self.exit(ExitReason::Kill);
    }

    /// Asks the process to stop with this reason when it comes to that in its mailbox, its
    /// `terminate` included; resolves to its exit reason when it has ended. The request is sent at
    /// once, also if the future is dropped. What was sent before is handled before.
    ///
    /// # If the process is gone
    /// Resolves at once, as [`closed`](Self::closed) does.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(0))?;
    /// assert_eq!(counter.stop(ExitReason::Shutdown).blocking(), ExitReason::Shutdown);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stop(&self, reason: ExitReason) -> Closed {
        let closed = self.closed();
        let _ = self.signal(Signal::Stop(reason));
        closed
    }

    /// Resolves to the exit reason when the process has ended: after its names are free, and its
    /// links and monitors told. For a supervised child: the present incarnation, or in a gap (and
    /// when there will be no other) the last one.
    ///
    /// # If the process is gone
    /// Resolves at once, to its exit reason if that is still known, else to `NoProc`.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(0))?;
    /// let closed = counter.closed();
    /// counter.exit(ExitReason::Shutdown);
    /// assert_eq!(rt.block_on(closed), ExitReason::Shutdown);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn closed(&self) -> Closed {
        let last = || self.slot().and_then(|slot| slot.last());
        Closed::of(self.cell().or_else(last).as_ref())
    }

    /// Resolves when there is a process to send to, with room in its mailbox. A supervised child in
    /// its gap is waited for; and a mailbox that is full, until it has drained to
    /// [half](crate::limits::mailbox_low). It has no deadline of its own. Others may take the room
    /// before you do, so send in a loop around it.
    ///
    /// # Errors
    /// [`SendError::NoProc`] when there is none and will be none.
    ///
    /// # If the process is gone
    /// That error, at once.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// # use actor_core::SendError;
    /// let counter = rt.spawn(Counter(0))?;
    /// assert_eq!(rt.block_on(counter.ready()), Ok(()));
    /// counter.stop(ExitReason::Normal).blocking();
    /// assert_eq!(rt.block_on(counter.ready()), Err(SendError::NoProc));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ready(&self) -> Ready {
        match &self.target {
            Target::Cell(cell) => Ready::room(cell.clone()),
            Target::Slot(slot) => Ready::slot(slot.clone()),
        }
    }
}
