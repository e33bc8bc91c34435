//! What a handler sees of its own process.

use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Address, AnyRef, Handle, ProcessRef, Server, Sleep, Slot, Start, StartOptions, Timeout, Timer,
    address::PeerKind,
    time,
};
use crate::{
    error::StartError,
    exit::ExitReason,
    pid::{MonitorRef, Pid},
    process::{Accepts, CellRef, Mail, ReplyPort, Running},
    runtime::{Core, RuntimeHandle, route},
    signal::{Down, Signal},
};

/// The process as its own handlers see it: take it as the second parameter, `cx: &mut Context<Self>`.
///
/// ```
/// use actor_core::prelude::*;
/// use std::time::Duration;
///
/// #[derive(Process)]
/// struct Heart { beats: u32 }
///
/// #[handlers]
/// impl Heart {
///     #[init] fn begin(&mut self, cx: &mut Context<Self>) {
///         cx.send_interval(Duration::from_millis(1), || HeartMessage::Beat);
///     }
///     #[cast] fn beat(&mut self, cx: &mut Context<Self>) {
///         self.beats += 1;
///         if self.beats == 3 { cx.stop(ExitReason::Normal) }
///     }
/// }
///
/// let rt = Runtime::new()?;
/// let heart = rt.spawn(Heart { beats: 0 })?;
/// assert_eq!(heart.closed().blocking(), ExitReason::Normal);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Context<P: Server> {
    running: Running,
    process: PhantomData<fn(P)>,
}

impl<P: Server> fmt::Debug for Context<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Context<{}>({})", P::NAME, self.pid())
    }
}

impl<P: Server> Context<P> {
    pub(super) fn new(running: Running) -> Self {
        Self { running, process: PhantomData }
    }

    pub(super) fn running(&self) -> &Running {
        &self.running
    }

    fn pin(&self) -> CellRef {
        self.running.pin()
    }

    pub(super) fn core(&self) -> Arc<Core> {
        Core::of(&self.pin())
    }

    /// The process's own pid.
    pub fn pid(&self) -> Pid {
        self.running.pid()
    }

    /// Who started it with a link: its supervisor, as a rule.
    pub fn parent(&self) -> Option<Pid> {
        self.running.extras_if_any(|extras| extras.parent).flatten()
    }

    /// Its registered name.
    pub fn name(&self) -> Option<String> {
        let name = self.running.extras_if_any(|extras| extras.name.clone()).flatten();
        name.map(|name| name.to_string())
    }

    /// The runtime it runs in.
    pub fn runtime(&self) -> RuntimeHandle {
        RuntimeHandle::new(self.core())
    }

    /// The present time; virtual in a simulation, so use it in place of `Instant::now`.
    pub fn now(&self) -> Instant {
        self.core().instant_now()
    }

    /// A random word; reproducible in a simulation, so use it in place of other sources of chance.
    pub fn random(&self) -> u64 {
        self.core().random()
    }

    /// Ends the process after this handler, its `#[terminate]` included.
    pub fn stop(&mut self, reason: ExitReason) {
        self.running.extras(|extras| extras.stop = Some(reason));
    }

    /// Whether exit signals become calls of `#[exit]` instead of ending the process. A type with
    /// that hook traps from the start.
    pub fn trap_exit(&mut self, on: bool) {
        self.running.state().set_trap_exit(on);
    }

    /// Resolves after some time, never early.
    pub fn sleep(&self, delay: Duration) -> Sleep {
        Sleep::new(self.core(), delay)
    }

    /// Bounds a future's time.
    pub fn timeout<F: Future>(&self, limit: Duration, future: F) -> Timeout<F> {
        Timeout::new(self.core(), limit, future)
    }

    /// Links this process and that: when one ends, the other gets an exit signal. There is at most
    /// one link between two processes.
    ///
    /// # If the process is gone
    /// This one gets its exit signal at once, with reason `NoProc`.
    pub fn link(&mut self, to: &impl AnyRef) {
        let me = self.pid();
        match self.find(to) {
            Found::Here(cell) if cell.pid() == me => {}
            Found::Here(cell) => {
                // Told even if we are linked already: the other side may have unlinked itself just
                // now, and then this makes the link anew on both sides.
                let _ = self.running.extras(|extras| extras.links.link(cell.pid()));
                route::signal_cell(&cell, Mail::signal(Signal::Link { from: me }));
            }
            Found::Gone(pid, reason) => {
                let _ = self.running.extras(|extras| extras.links.link(pid));
                let exit = Signal::Exit { from: pid, reason, linked: true };
                route::signal_cell(&self.pin(), Mail::signal(exit));
            }
        }
    }

    /// Removes the link with that process, if there is one. No later exit signal comes from it; one
    /// that has become a message stays.
    pub fn unlink(&mut self, to: &impl AnyRef) {
        if let Some(pid) = to.pid() {
            self.unlink_pid(pid);
        }
    }

    pub(crate) fn unlink_pid(&mut self, pid: Pid) {
        if self.running.extras_if_any(|extras| extras.links.unlink(pid)) == Some(true) {
            let from = self.pid();
            route::signal(&self.core(), pid, Mail::signal(Signal::Unlink { from }));
        }
    }

    /// Watches that process: one `#[down]` will tell its end. Each monitor is one of its own.
    ///
    /// # If the process is gone
    /// The `#[down]` comes at once, with reason `NoProc`.
    pub fn monitor(&mut self, target: &impl AnyRef) -> MonitorRef {
        let me = self.pid();
        match self.find(target) {
            Found::Here(cell) => {
                let monitor = self.running.extras(|extras| extras.links.monitor(me, cell.pid()));
                if cell.pid() != me {
                    route::signal_cell(&cell, Mail::signal(Signal::Monitor { monitor }));
                }
                monitor
            }
            Found::Gone(pid, reason) => {
                let monitor = self.running.extras(|extras| extras.links.monitor(me, pid));
                let down = Signal::Down(Down { monitor, pid, reason });
                route::signal_cell(&self.pin(), Mail::signal(down));
                monitor
            }
        }
    }

    /// Watches no longer: no `#[down]` of this monitor is queued from here on; one that was queued
    /// stays.
    pub fn demonitor(&mut self, monitor: MonitorRef) {
        let target = self.running.extras_if_any(|extras| extras.links.demonitor(monitor)).flatten();
        if let Some(target) = target {
            route::signal(&self.core(), target, Mail::signal(Signal::Demonitor { monitor }));
        }
    }

    /// Sends an exit signal to that process; see [`Address::exit`].
    pub fn exit(&self, to: &impl AnyRef, reason: ExitReason) {
        if let Found::Here(cell) = self.find(to) {
            let exit = Signal::Exit { from: self.pid(), reason, linked: false };
            route::signal_cell(&cell, Mail::signal(exit));
        }
    }

    fn find(&self, peer: &impl AnyRef) -> Found {
        let core = self.core();
        match peer.peer().0 {
            PeerKind::Pid(pid) => match core.pin(pid) {
                Some(cell) => Found::Here(cell),
                None => Found::Gone(pid, ExitReason::NoProc),
            },
            // Links and monitors do not reach into another runtime.
            PeerKind::Cell(cell) if !Arc::ptr_eq(&Core::of(&cell), &core) => {
                Found::Gone(cell.pid(), ExitReason::NoConnection)
            }
            PeerKind::Cell(cell) => Found::Here(cell),
            PeerKind::Nobody(last) => {
                Found::Gone(last.unwrap_or(Pid::local(0, 0)), ExitReason::NoProc)
            }
        }
    }

    /// Starts a process or supervisor; returns without waiting for its `#[init]`.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn spawn<S: Start>(&mut self, what: S) -> Result<S::Ref, StartError> {
        what.with().spawn()
    }

    /// The same, linked to this process from its first instant on.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn spawn_link<S: Start>(&mut self, what: S) -> Result<S::Ref, StartError> {
        what.with().link().spawn()
    }

    /// The same, watched by this process from its first instant on.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn spawn_monitor<S: Start>(
        &mut self,
        what: S,
    ) -> Result<(S::Ref, MonitorRef), StartError> {
        StartOptions::new(what).spawn_monitor()
    }

    /// The slot this process is in, if a supervisor started it.
    pub(crate) fn own_slot(&self) -> Option<Arc<Slot>> {
        let slot = self.running.extras_if_any(|extras| extras.slot.clone()).flatten()?;
        slot.downcast().ok()
    }
}

enum Found {
    Here(CellRef),
    Gone(Pid, ExitReason),
}

impl<P: Handle<<P as Server>::Message>> Context<P> {
    /// A ref to this very process.
    pub fn me(&self) -> P::Ref {
        P::Ref::from_address(Address::plain::<P>(self.pin()))
    }

    /// A ref to this process's place in its supervision tree, which outlives it; the same as
    /// [`me`](Self::me) if no supervisor started it.
    pub fn slot(&self) -> P::Ref {
        match self.own_slot() {
            Some(slot) => P::Ref::from_address(Address::supervised::<P>(slot)),
            None => self.me(),
        }
    }

    /// Sends `message` to this process after `delay`, never early. The timer dies with the process.
    pub fn send_after(&mut self, delay: Duration, message: P::Message) -> Timer {
        let (timer, armed) = time::send_after(self.pin(), Accepts::by::<P>(), delay, message);
        self.running.extras(|extras| extras.add_timer(armed));
        timer
    }

    /// Sends this process what `make` makes, every `period`, the first after one; ticks do not
    /// drift, and those that were missed are left out. The timer dies with the process, and with a
    /// panic of `make`.
    pub fn send_interval(
        &mut self,
        period: Duration,
        make: impl FnMut() -> P::Message + Send + 'static,
    ) -> Timer {
        let (timer, armed) = time::send_interval(self.pin(), Accepts::by::<P>(), period, make);
        self.running.extras(|extras| extras.add_timer(armed));
        timer
    }

    /// Handles `message` next, before anything that waits in the mailbox (OTP's `continue`).
    pub fn continue_with(&mut self, message: P::Message) {
        let mail = Mail::message(Accepts::by::<P>(), message, ReplyPort::none());
        self.running.push_mail_front(mail);
    }
}

/// What a start function sees: the process that it makes the state of.
pub struct StartContext<P: Server> {
    cell: CellRef,
    process: PhantomData<fn(P)>,
}

impl<P: Server> StartContext<P> {
    pub(super) fn new(cell: CellRef) -> Self {
        Self { cell, process: PhantomData }
    }

    /// The process's own pid.
    pub fn pid(&self) -> Pid {
        self.cell.pid()
    }

    /// The runtime it runs in.
    pub fn runtime(&self) -> RuntimeHandle {
        RuntimeHandle::new(Core::of(&self.cell))
    }

    /// Resolves after some time, never early.
    pub fn sleep(&self, delay: Duration) -> Sleep {
        Sleep::new(Core::of(&self.cell), delay)
    }
}

impl<P: Handle<<P as Server>::Message>> StartContext<P> {
    /// A ref to the process; it handles nothing before its state is made.
    pub fn me(&self) -> P::Ref {
        P::Ref::from_address(Address::plain::<P>(self.cell.clone()))
    }
}

impl<P: Server> fmt::Debug for StartContext<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StartContext<{}>({})", P::NAME, self.pid())
    }
}
