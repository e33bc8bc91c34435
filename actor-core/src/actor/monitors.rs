//! Monitors: the asking side. What is kept of them is in `process::links`.
//!
//! With what a monitor was set beside its target (a name, a number, that its DOWN is to go first)
//! is the watcher's business: its own record of the monitor knows it, and the target does not.

use std::sync::Arc;

use super::{AnyRef, Context, Server, relations::Found};
use crate::{
    exit::ExitReason,
    pid::{MonitorRef, Pid},
    process::Mail,
    runtime::{
        env::Access,
        route::{self, Tie},
    },
    signal::{Fired, Note, Signal},
};

/// With what a monitor is set: for [`Context::monitor_with`].
///
/// ```
/// use actor_core::{MonitorOptions, prelude::*};
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {}
/// #[derive(Process)]
/// struct Clerk { down: [bool; 2] }
/// #[handlers]
/// impl Clerk {
///     #[call] fn watch(&mut self, cx: &mut Context<Self>, desk: u64, counter: CounterRef) {
///         cx.monitor_with(&counter, MonitorOptions::new().tag(desk).priority());
///     }
///     #[down] fn down(&mut self, down: Down) {
///         if let Some(desk) = down.tag() { self.down[desk as usize] = true }
///     }
///     #[call] fn state(&self) -> [bool; 2] { self.down }
/// }
/// # let rt = Runtime::new()?;
/// let clerk = rt.spawn(Clerk { down: [false; 2] })?;
/// let [a, b] = [rt.spawn(Counter(0))?, rt.spawn(Counter(0))?];
/// clerk.watch(0, a).blocking()?;
/// clerk.watch(1, b.clone()).blocking()?;
/// b.stop(ExitReason::Normal).blocking();
/// assert_eq!(clerk.state().blocking()?, [false, true]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MonitorOptions {
    tag: Option<u64>,
    priority: bool,
}

impl MonitorOptions {
    /// As [`Context::monitor`] sets it. The [type's example](Self) uses it.
    pub const fn new() -> Self {
        Self { tag: None, priority: false }
    }

    /// Its `#[down]` carries this number, as [`Down::tag`](crate::Down::tag): an index, say, of
    /// what the process keeps of the watched one. It is what OTP's custom tag of a DOWN is for. The
    /// [type's example](Self) uses it.
    #[must_use]
    pub const fn tag(mut self, tag: u64) -> Self {
        self.tag = Some(tag);
        self
    }

    /// Its `#[down]` is a [priority message](crate::AliasOptions::priority): it goes before all
    /// ordinary ones. The [type's example](Self) uses it.
    #[must_use]
    pub const fn priority(mut self) -> Self {
        self.priority = true;
        self
    }

    fn note(self, name: Option<&str>) -> Option<Arc<Note>> {
        let Self { tag, priority: urgent } = self;
        let plain = name.is_none() && self == Self::new();
        (!plain).then(|| Arc::new(Note { name: name.map(Into::into), tag, urgent }))
    }
}

impl<P: Server> Context<P> {
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
        self.monitor_with(target, MonitorOptions::new())
    }

    /// The same with options, of which [`MonitorOptions`] has the example.
    ///
    /// # If the process is gone
    /// As for [`monitor`](Self::monitor).
    pub fn monitor_with(&mut self, target: &impl AnyRef, options: MonitorOptions) -> MonitorRef {
        let found = self.find(target);
        self.monitor_found(found, options.note(None))
    }

    /// Watches the process that has this name now, whatever becomes of the name later; the
    /// `#[down]` says the name ([`Down::name`](crate::Down::name)).
    ///
    /// # If the process is gone
    /// If nobody has the name the `#[down]` comes at once, with reason `NoProc`.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {}
    /// #[derive(Process)]
    /// struct Clerk { gone: String }
    /// #[handlers]
    /// impl Clerk {
    ///     #[call] fn watch(&mut self, cx: &mut Context<Self>, name: String) {
    ///         cx.monitor_name(&name);
    ///     }
    ///     #[down] fn down(&mut self, down: Down) {
    ///         self.gone = format!("{}: {}", down.name().unwrap_or_default(), down.reason);
    ///     }
    ///     #[call] fn gone(&self) -> String { self.gone.clone() }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.spawn(Clerk { gone: String::new() })?;
    /// let counter = Counter(0).with().name("till").on(&rt).spawn()?;
    /// clerk.watch("till".into()).blocking()?;
    /// counter.stop(ExitReason::Shutdown).blocking();
    /// assert_eq!(clerk.gone().blocking()?, "till: shutdown");
    /// clerk.watch("cellar".into()).blocking()?;
    /// assert_eq!(clerk.gone().blocking()?, "cellar: noproc");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn monitor_name(&mut self, name: &str) -> MonitorRef {
        self.monitor_name_with(name, MonitorOptions::new())
    }

    /// The same with options, of which [`MonitorOptions`] has the example.
    ///
    /// # If the process is gone
    /// As for [`monitor_name`](Self::monitor_name).
    pub fn monitor_name_with(&mut self, name: &str, options: MonitorOptions) -> MonitorRef {
        let core = self.here();
        core.shared(name, Access::Read);
        let found = match core.registry.whereis(name) {
            Some(holder) => self.find(&holder.pid),
            None => Found::Gone(Pid::local(0, 0), ExitReason::NoProc),
        };
        self.monitor_found(found, options.note(Some(name)))
    }

    fn monitor_found(&mut self, found: Found, note: Option<Arc<Note>>) -> MonitorRef {
        let me = self.pid();
        match found {
            Found::Here(cell) => {
                let target = cell.pid();
                let monitor =
                    self.running().extras(|extras| extras.links.monitor(me, target, note));
                if target != me {
                    route::tie(&cell, Tie::Monitor(monitor));
                }
                monitor
            }
            Found::Gone(pid, reason) => {
                let monitor = self.running().extras(|extras| extras.links.monitor(me, pid, note));
                let down = Signal::Down(Fired { monitor, pid, reason });
                route::signal_cell(&self.pin(), Mail::signal(down));
                monitor
            }
        }
    }

    /// Watches no longer: no `#[down]` of this monitor is queued from here on; one that was queued
    /// stays. True: there was such a monitor, and so no `#[down]` of it comes or has come (OTP's
    /// option `info`). False: its `#[down]` was queued, or was handled, or the monitor was removed
    /// before, or is another process's, which alone can remove it.
    ///
    /// # If the process is gone
    /// As if it were not: what counts is whether its `#[down]` was queued.
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
    ///         assert!(cx.demonitor(monitor));
    ///         assert!(!cx.demonitor(monitor));
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
    pub fn demonitor(&mut self, monitor: MonitorRef) -> bool {
        let me = self.pid();
        let target =
            self.running().extras_if_any(|extras| extras.links.demonitor(me, monitor)).flatten();
        if let Some(cell) = target.and_then(|target| self.here().pin(target)) {
            route::tie(&cell, Tie::Demonitor(monitor));
        }
        target.is_some()
    }

    /// The same, and a `#[down]` that was queued is taken out of the queue: whatever the answer,
    /// none is handled from here on. If the monitor has fired, all mail that this process has
    /// received and not handled is looked through, once; if it has not, nothing is.
    ///
    /// # If the process is gone
    /// As for [`demonitor`](Self::demonitor).
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {}
    /// #[derive(Process)]
    /// struct Clerk { watched: Option<actor_core::MonitorRef> }
    /// #[handlers]
    /// impl Clerk {
    ///     #[call] fn watch(&mut self, cx: &mut Context<Self>, counter: CounterRef) {
    ///         if let Some(before) = self.watched.replace(cx.monitor(&counter)) {
    ///             cx.demonitor_flush(before);
    ///         }
    ///     }
    ///     #[down] fn down(&mut self, down: Down) {
    ///         assert_eq!(self.watched, Some(down.monitor), "it is never an old one's");
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// # let (clerk, counter) = (rt.spawn(Clerk { watched: None })?, rt.spawn(Counter(0))?);
    /// # clerk.watch(counter.clone()).blocking()?;
    /// # counter.kill();
    /// # assert!(clerk.watch(counter).blocking().is_ok());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn demonitor_flush(&mut self, monitor: MonitorRef) -> bool {
        let was_there = self.demonitor(monitor);
        if !was_there && monitor.owner() == self.pid() {
            self.running().flush_down(monitor);
        }
        was_there
    }
}
