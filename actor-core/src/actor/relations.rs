//! What a process has to do with others: links, monitors, exit signals.
//!
//! The rules of who hears what are in `process::links` and `exit`; here is the asking side.

use std::sync::Arc;

use super::{AnyRef, Context, Server, any_ref::PeerKind};
use crate::{
    exit::ExitReason,
    pid::{MonitorRef, Pid},
    process::{CellRef, Mail, current, tell},
    runtime::{Core, route},
    signal::{Down, Signal},
    trace::{Trace, TraceKind},
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
        let me = self.pid();
        match self.find(to) {
            Found::Here(cell) if cell.pid() == me => {}
            Found::Here(cell) => {
                if current::is_traced() {
                    tell(Trace::PROCS, || TraceKind::Link { to: cell.pid() });
                }
                // Told even if we are linked already: the other side may have unlinked itself just
                // now, and then this makes the link anew on both sides.
                let _ = self.running().extras(|extras| extras.links.link(cell.pid()));
                route::signal_cell(&cell, Mail::signal(Signal::Link { from: me }));
            }
            Found::Gone(pid, reason) => {
                let _ = self.running().extras(|extras| extras.links.link(pid));
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
            route::signal(&self.core(), pid, Mail::signal(Signal::Unlink { from }));
        }
    }

    /// Watches that process: one `#[down]` will tell its end. Each monitor is one of its own.
    ///
    /// # If the process is gone
    /// The `#[down]` comes at once, with reason `NoProc`. A process of another runtime cannot be
    /// watched: the reason is then `NoConnection`.
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
    ///     #[call] fn watch(&mut self, cx: &mut Context<Self>, counter: CounterRef) {
    ///         cx.monitor(&counter);
    ///     }
    ///     #[down] fn down(&mut self, cx: &mut Context<Self>, down: Down) { cx.stop(down.reason) }
    /// }
    /// # let rt = Runtime::new()?;
    /// let (clerk, counter) = (rt.spawn(Clerk)?, rt.spawn(Counter(0))?);
    /// clerk.watch(counter.clone()).blocking()?;
    /// let closed = clerk.closed();
    /// counter.kill();
    /// assert_eq!(closed.blocking(), ExitReason::Killed);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn monitor(&mut self, target: &impl AnyRef) -> MonitorRef {
        let me = self.pid();
        match self.find(target) {
            Found::Here(cell) => {
                let monitor = self.running().extras(|extras| extras.links.monitor(me, cell.pid()));
                if cell.pid() != me {
                    route::signal_cell(&cell, Mail::signal(Signal::Monitor { monitor }));
                }
                monitor
            }
            Found::Gone(pid, reason) => {
                let monitor = self.running().extras(|extras| extras.links.monitor(me, pid));
                let down = Signal::Down(Down { monitor, pid, reason });
                route::signal_cell(&self.pin(), Mail::signal(down));
                monitor
            }
        }
    }

    /// Watches no longer: no `#[down]` of this monitor is queued from here on; one that was queued
    /// stays.
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
    ///     #[call] fn glance(&mut self, cx: &mut Context<Self>, counter: CounterRef) {
    ///         let monitor = cx.monitor(&counter);
    ///         cx.demonitor(monitor);
    ///     }
    ///     #[down] fn down(&mut self, cx: &mut Context<Self>, down: Down) { cx.stop(down.reason) }
    /// }
    /// # let rt = Runtime::new()?;
    /// let (clerk, counter) = (rt.spawn(Clerk)?, rt.spawn(Counter(0))?);
    /// clerk.glance(counter.clone()).blocking()?;
    /// counter.stop(ExitReason::other("fire")).blocking();
    /// assert!(clerk.glance(counter).blocking().is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn demonitor(&mut self, monitor: MonitorRef) {
        let target =
            self.running().extras_if_any(|extras| extras.links.demonitor(monitor)).flatten();
        if let Some(target) = target {
            route::signal(&self.core(), target, Mail::signal(Signal::Demonitor { monitor }));
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
}

enum Found {
    Here(CellRef),
    Gone(Pid, ExitReason),
}
