//! What a process has to do with others: links and exit signals (`monitors` has the monitors).
//!
//! The rules of who hears what are in `process::links` and `exit`; here is the asking side.

use super::{AnyRef, Context, Server, any_ref::PeerKind};
use crate::{
    exit::ExitReason,
    pid::Pid,
    process::{CellRef, Mail, current, tell},
    runtime::{
        Core,
        route::{self, Tie},
    },
    signal::Signal,
    trace::{Trace, TraceKind, TraceOrder},
};

impl<P: Server> Context<P> {
    /// Links this process and that: when one ends, the other gets an exit signal. There is at most
    /// one link between two processes; a second `link` does nothing.
    ///
    /// # If the process is gone
    /// This one gets its exit signal at once, with reason `NoProc`. A process of another runtime
    /// cannot be linked: the reason is then `NoConnection`.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {}
    /// #[derive(Process)]
    /// struct Clerk;
    /// #[handlers]
    /// impl Clerk {
    ///     #[call] fn rely_on(&mut self, cx: &mut Context<Self>, counter: CounterRef) {
    ///         cx.link(&counter);
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// let (clerk, counter) = (rt.spawn(Clerk)?, rt.spawn(Counter(0))?);
    /// clerk.rely_on(counter.clone()).blocking()?;
    /// let closed = clerk.closed();
    /// counter.exit(ExitReason::other("fire"));
    /// assert_eq!(closed.blocking(), ExitReason::other("fire"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn link(&mut self, to: &impl AnyRef) {
        self.link_so(to, false);
    }

    /// The same, and the exit that comes of it, if this process traps exits, is a [priority
    /// message](crate::AliasOptions::priority): it goes before all ordinary ones (OTP's `link/2`).
    /// Of several calls the last decides. Only the place in the queue differs: the exit signal
    /// itself comes no sooner.
    ///
    /// # If the process is gone
    /// As for [`link`](Self::link).
    ///
    /// ```
    /// use actor_core::{Pid, prelude::*};
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {}
    /// #[derive(Process)]
    /// struct Clerk { open: bool }
    /// #[handlers]
    /// impl Clerk {
    ///     #[call] fn rely_on(&mut self, cx: &mut Context<Self>, counter: CounterRef) {
    ///         cx.link_priority(&counter);
    ///     }
    ///     #[exit] fn exit(&mut self, _from: Pid, _reason: ExitReason) { self.open = false }
    ///     #[call] fn is_open(&self) -> bool { self.open }
    /// }
    /// # let rt = Runtime::new()?;
    /// let (clerk, counter) = (rt.spawn(Clerk { open: true })?, rt.spawn(Counter(0))?);
    /// clerk.rely_on(counter.clone()).blocking()?;
    /// counter.stop(ExitReason::Normal).blocking();
    /// assert!(!clerk.is_open().blocking()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn link_priority(&mut self, to: &impl AnyRef) {
        self.link_so(to, true);
    }

    /// Whoever traces what this process links itself to traces that one.
    #[cold]
    fn pass_trace_on(&self, to: &CellRef) {
        let heirs = self.running().heirs_of_trace(Trace::SET_ON_LINK, Trace::SET_ON_FIRST_LINK);
        for heir in heirs {
            let order = TraceOrder { set: Some(heir), done: Box::new(|_| ()) };
            route::signal_cell(to, Mail::signal(Signal::Trace(Box::new(order))));
        }
    }

    fn link_so(&mut self, to: &impl AnyRef, urgent: bool) {
        let me = self.pid();
        match self.find(to) {
            Found::Here(cell) if cell.pid() == me => {}
            Found::Here(cell) => {
                if current::is_traced() {
                    tell(Trace::PROCS, || TraceKind::Link { to: cell.pid() });
                    self.pass_trace_on(&cell);
                }
                // Told even if we are linked already: the other side may have unlinked itself just
                // now, and then this makes the link anew on both sides.
                let _ = self.running().extras(|extras| extras.links.link(cell.pid(), urgent));
                route::tie(&cell, Tie::Link { from: me });
            }
            Found::Gone(pid, reason) => {
                let _ = self.running().extras(|extras| extras.links.link(pid, urgent));
                let exit = Signal::Exit { from: pid, reason, linked: true };
                route::signal_cell(&self.pin(), Mail::signal(exit));
            }
        }
    }

    /// Removes the link with that process, if there is one. No later exit signal comes from it; one
    /// that has become a message stays.
    ///
    /// # If the process is gone
    /// Nothing happens.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {}
    /// #[derive(Process)]
    /// struct Clerk;
    /// #[handlers]
    /// impl Clerk {
    ///     #[call] fn forget(&mut self, cx: &mut Context<Self>, counter: CounterRef) {
    ///         cx.link(&counter);
    ///         cx.unlink(&counter);
    ///     }
    ///     #[call] fn idle(&self) {}
    /// }
    /// # let rt = Runtime::new()?;
    /// let (clerk, counter) = (rt.spawn(Clerk)?, rt.spawn(Counter(0))?);
    /// clerk.forget(counter.clone()).blocking()?;
    /// counter.stop(ExitReason::other("fire")).blocking();
    /// assert_eq!(clerk.idle().blocking(), Ok(()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unlink(&mut self, to: &impl AnyRef) {
        if let Some(pid) = to.pid() {
            self.unlink_pid(pid);
        }
    }

    pub(crate) fn unlink_pid(&mut self, pid: Pid) {
        if self.running().extras_if_any(|extras| extras.links.unlink(pid)) == Some(true) {
            let from = self.pid();
            if current::is_traced() {
                tell(Trace::PROCS, || TraceKind::Unlink { from: pid });
            }
            if let Some(cell) = self.here().pin(pid) {
                route::tie(&cell, Tie::Unlink { from });
            }
        }
    }

    /// Sends an exit signal to that process; see [`Address::exit`](crate::Address::exit).
    ///
    /// # If the process is gone
    /// Nothing happens.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {}
    /// #[derive(Process)]
    /// struct Clerk;
    /// #[handlers]
    /// impl Clerk {
    ///     #[cast] fn dismiss(&mut self, cx: &mut Context<Self>, counter: CounterRef) {
    ///         cx.exit(&counter, ExitReason::Shutdown);
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// let (clerk, counter) = (rt.spawn(Clerk)?, rt.spawn(Counter(0))?);
    /// let closed = counter.closed();
    /// clerk.dismiss(counter.clone())?;
    /// assert_eq!(closed.blocking(), ExitReason::Shutdown);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn exit(&self, to: &impl AnyRef, reason: ExitReason) {
        if let Found::Here(cell) = self.find(to) {
            let exit = Signal::Exit { from: self.pid(), reason, linked: false };
            route::signal_cell(&cell, Mail::signal(exit));
        }
    }

    pub(super) fn find(&self, peer: &impl AnyRef) -> Found {
        let core = self.here();
        match peer.peer().0 {
            PeerKind::Pid(pid) => match core.pin(pid) {
                Some(cell) => Found::Here(cell),
                None => Found::Gone(pid, ExitReason::NoProc),
            },
            // Links and monitors do not reach into another runtime.
            PeerKind::Cell(cell) if !std::ptr::eq(Core::at(&cell), core) => {
                Found::Gone(cell.pid(), ExitReason::NoConnection)
            }
            PeerKind::Cell(cell) => Found::Here(cell),
            PeerKind::Nobody(last) => {
                Found::Gone(last.unwrap_or(Pid::local(0, 0)), ExitReason::NoProc)
            }
        }
    }
}

/// What a ref led to.
pub(super) enum Found {
    Here(CellRef),
    Gone(Pid, ExitReason),
}
