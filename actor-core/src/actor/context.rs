//! What a handler sees of its own process.

use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Address, Handle, ProcessRef, Server, Sleep, Slot, Start, StartOptions, Timeout, timers,
};
use crate::{
    error::StartError,
    exit::ExitReason,
    pid::{MonitorRef, Pid},
    process::{Accepts, CellRef, Mail, ReplyPort, Running},
    runtime::{Core, RuntimeHandle},
};

/// The process as its own handlers see it: take it as the second parameter, `cx: &mut
/// Context<Self>`.
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

    pub(super) fn pin(&self) -> CellRef {
        self.running.pin()
    }

    /// Its runtime, not counted: a count that all processes share is no place to meet.
    pub(super) fn here(&self) -> &Core {
        self.running.machine_as()
    }

    pub(super) fn core(&self) -> Arc<Core> {
        Core::of(&self.pin())
    }

    /// The process's own pid.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// #[derive(Process)]
    /// struct Clerk;
    /// #[handlers]
    /// impl Clerk {
    ///     #[call] fn who(&self, cx: &mut Context<Self>) -> String { cx.pid().to_string() }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.spawn(Clerk)?;
    /// assert_eq!(format!("Some({})", clerk.who().blocking()?), format!("{:?}", clerk.pid()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pid(&self) -> Pid {
        self.running.pid()
    }

    /// Who started it with a link: its supervisor, as a rule.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// #[derive(Process)]
    /// struct Clerk;
    /// #[handlers]
    /// impl Clerk {
    ///     #[call] fn has_parent(&self, cx: &mut Context<Self>) -> bool { cx.parent().is_some() }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.spawn(Clerk)?;
    /// assert!(!clerk.has_parent().blocking()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parent(&self) -> Option<Pid> {
        self.running.extras_if_any(|extras| extras.parent).flatten()
    }

    /// Its registered name: [`StartOptions::name`] gave it.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// #[derive(Process)]
    /// struct Clerk;
    /// #[handlers]
    /// impl Clerk {
    ///     #[call] fn name(&self, cx: &mut Context<Self>) -> Option<String> { cx.name() }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.block_on(Clerk.with().name("front desk").on(&rt).start())?;
    /// assert_eq!(clerk.name().blocking()?.as_deref(), Some("front desk"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn name(&self) -> Option<String> {
        let name = self.running.extras_if_any(|extras| extras.name.clone()).flatten();
        name.map(|name| name.to_string())
    }

    /// The runtime it runs in.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// #[derive(Process)]
    /// struct Clerk;
    /// #[handlers]
    /// impl Clerk {
    ///     #[call] fn crowd(&self, cx: &mut Context<Self>) -> usize {
    ///         cx.runtime().process_count()
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.spawn(Clerk)?;
    /// assert_eq!(clerk.crowd().blocking()?, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn runtime(&self) -> RuntimeHandle {
        RuntimeHandle::new(self.core())
    }

    /// The present time; virtual in a simulation, so use it in place of `Instant::now`.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// #[derive(Process)]
    /// struct Clerk { since: std::time::Instant }
    /// #[handlers]
    /// impl Clerk {
    ///     #[call] fn age(&self, cx: &mut Context<Self>) -> Duration { cx.now() - self.since }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.spawn(Clerk { since: rt.now() })?;
    /// assert!(clerk.age().blocking()? < Duration::from_secs(60));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn now(&self) -> Instant {
        self.here().instant_now()
    }

    /// A random word; reproducible in a simulation, so use it in place of other sources of chance.
    /// Not for secrets.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// #[derive(Process)]
    /// struct Clerk;
    /// #[handlers]
    /// impl Clerk {
    ///     #[call] fn roll(&self, cx: &mut Context<Self>) -> u64 { cx.random() % 6 + 1 }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.spawn(Clerk)?;
    /// assert!((1..=6).contains(&clerk.roll().blocking()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn random(&self) -> u64 {
        self.core().random()
    }

    /// Ends the process after this handler, its `#[terminate]` included. Messages that wait are not
    /// handled; calls among them fail with this reason. If this handler is a call's, what it
    /// returns is its answer (OTP's `{stop, Reason, Reply, State}`), which is given when
    /// `#[terminate]` is over, even if that panics, and before anybody hears of the end.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// #[derive(Process)]
    /// struct Clerk;
    /// #[handlers]
    /// impl Clerk {
    ///     #[cast] fn go_home(&mut self, cx: &mut Context<Self>) { cx.stop(ExitReason::Normal) }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.spawn(Clerk)?;
    /// let closed = clerk.closed();
    /// clerk.go_home()?;
    /// assert_eq!(closed.blocking(), ExitReason::Normal);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stop(&mut self, reason: ExitReason) {
        self.running.stop_later(reason);
    }

    /// Whether exit signals become calls of `#[exit]` instead of ending the process (OTP's
    /// `trap_exit`). A type with that hook traps from the start. `Kill` is never trapped.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// #[derive(Process)]
    /// struct Clerk;
    /// #[handlers]
    /// impl Clerk {
    ///     #[cast] fn shield(&mut self, cx: &mut Context<Self>) { cx.trap_exit(true) }
    ///     #[call] fn idle(&self) {}
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.spawn(Clerk)?;
    /// clerk.shield()?;
    /// clerk.idle().blocking()?;
    /// clerk.exit(ExitReason::other("an idea"));
    /// assert_eq!(clerk.idle().blocking(), Ok(()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn trap_exit(&mut self, on: bool) {
        self.running.set_trap_exit(on);
    }

    /// Resolves after some time, never early. The process handles no message meanwhile, but can be
    /// killed; to go on working, use [`send_after`](Self::send_after).
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// #[derive(Process)]
    /// struct Clerk;
    /// #[handlers]
    /// impl Clerk {
    ///     #[call] async fn nap(&mut self, cx: &mut Context<Self>) {
    ///         cx.sleep(Duration::from_millis(1)).await;
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.spawn(Clerk)?;
    /// clerk.nap().blocking()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sleep(&self, delay: Duration) -> Sleep {
        Sleep::new(self.core(), delay)
    }

    /// Bounds a future's time. One that is late is not polled again; it is dropped with the answer.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// #[derive(Process)]
    /// struct Clerk;
    /// #[handlers]
    /// impl Clerk {
    ///     #[call] async fn hurry(&mut self, cx: &mut Context<Self>) -> bool {
    ///         cx.timeout(Duration::from_millis(1), std::future::pending::<()>()).await.is_err()
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.spawn(Clerk)?;
    /// assert!(clerk.hurry().blocking()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout<F: Future>(&self, limit: Duration, future: F) -> Timeout<F> {
        Timeout::new(self.core(), limit, future)
    }

    /// Has `#[timeout]` run if no message comes for so long after this handler or hook (OTP's
    /// returned timeout). Any message, foreign ones, trapped exits and DOWNs among them, forgets it
    /// for good; a request of [`Sys`](crate::Sys) begins the wait anew. Zero lets what waits
    /// already go first, and is forgotten then. The last one of a handler counts.
    ///
    /// A process without a `#[timeout]` does not compile if it asks for one:
    ///
    /// ```compile_fail
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)]
    /// # struct Session;
    /// #[handlers]
    /// impl Session {
    ///     #[init] fn begin(&mut self, cx: &mut Context<Self>) { cx.idle_timeout(WEEK) }
    /// }
    /// # const WEEK: std::time::Duration = std::time::Duration::from_secs(604_800);
    /// # let _ = Runtime::new().unwrap().spawn(Session);
    /// ```
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// #[derive(Process)]
    /// struct Session;
    /// #[handlers]
    /// impl Session {
    ///     #[cast] fn touch(&mut self, cx: &mut Context<Self>) {
    ///         cx.idle_timeout(Duration::from_millis(1));
    ///     }
    ///     #[timeout] fn end(&mut self, cx: &mut Context<Self>) { cx.stop(ExitReason::Shutdown) }
    /// }
    /// # let rt = Runtime::new()?;
    /// let session = rt.spawn(Session)?;
    /// session.touch()?;
    /// assert_eq!(session.closed().blocking(), ExitReason::Shutdown);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn idle_timeout(&mut self, after: Duration) {
        const {
            assert!(
                P::HAS_TIMEOUT,
                "`idle_timeout` needs a `#[timeout]` in the `#[handlers]` block"
            );
        }
        self.running.wish_idle(after, timers::arm_idle);
    }

    /// Hibernates after this handler or hook, when nothing of it is pending: `#[hibernate]` runs,
    /// in which the process may shrink its state, and then it gives back what it has grown besides:
    /// the room of lists of timers, replies and links that are over, and, if it has none of these
    /// left, all but its one allocation. The next message wakes it, one that waits already at once.
    ///
    /// A native process has no heap of its own to compact: what its state points to is where it
    /// was, the more so if the state does not shrink itself; and its stack is its thread's.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// #[derive(Process)]
    /// struct Cache { seen: Vec<u8> }
    /// #[handlers]
    /// impl Cache {
    ///     #[call] fn fill(&mut self, cx: &mut Context<Self>) -> usize {
    ///         self.seen.resize(1 << 20, 0);
    ///         self.seen.truncate(3);
    ///         cx.hibernate();
    ///         self.seen.capacity()
    ///     }
    ///     #[hibernate] fn shrink(&mut self) { self.seen.shrink_to_fit() }
    ///     #[call] fn room(&self) -> usize { self.seen.capacity() }
    /// }
    /// # let rt = Runtime::new()?;
    /// let cache = rt.spawn(Cache { seen: vec![] })?;
    /// assert!(cache.fill().blocking()? >= 1 << 20);
    /// assert!(cache.room().blocking()? < 1 << 10);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn hibernate(&mut self) {
        self.running.hibernate();
    }

    /// Starts a process or supervisor; returns without waiting for its `#[init]`. The two are not
    /// linked: each lives on when the other ends.
    ///
    /// # Errors
    /// See [`StartError`].
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
    ///     #[call] fn hire(&mut self, cx: &mut Context<Self>) -> bool {
    ///         cx.spawn(Counter(0)).is_ok()
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.spawn(Clerk)?;
    /// assert!(clerk.hire().blocking()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn<S: Start>(&mut self, what: S) -> Result<S::Ref, StartError> {
        what.with().spawn()
    }

    /// The same, linked to this process from its first instant on: whichever ends abnormally takes
    /// the other along, unless it traps exits.
    ///
    /// # Errors
    /// See [`StartError`].
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
    ///     #[call] fn hire(&mut self, cx: &mut Context<Self>) -> bool {
    ///         cx.spawn_link(Counter(0)).is_ok_and(|counter| counter.is_alive())
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.spawn(Clerk)?;
    /// assert!(clerk.hire().blocking()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn_link<S: Start>(&mut self, what: S) -> Result<S::Ref, StartError> {
        what.with().link().spawn()
    }

    /// The same, watched by this process from its first instant on: its `#[down]` will tell the
    /// end.
    ///
    /// # Errors
    /// See [`StartError`].
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
    ///     #[call] fn hire(&mut self, cx: &mut Context<Self>) -> bool {
    ///         let Ok((counter, _monitor)) = cx.spawn_monitor(Counter(0)) else { return false };
    ///         counter.is_alive()
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.spawn(Clerk)?;
    /// assert!(clerk.hire().blocking()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn_monitor<S: Start>(&mut self, what: S) -> Result<(S::Ref, MonitorRef), StartError> {
        StartOptions::new(what).spawn_monitor()
    }

    /// The slot this process is in, if a supervisor started it.
    pub(crate) fn own_slot(&self) -> Option<Arc<Slot>> {
        let slot = self.running.extras_if_any(|extras| extras.slot.clone()).flatten()?;
        slot.downcast().ok()
    }
}

impl<P: Handle<<P as Server>::Message>> Context<P> {
    /// A ref to this very process, to be handed to others. A call on it from inside would wait for
    /// itself: it fails with `CallingSelf`, and the macros refuse `cx.me().method()` in a handler.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// #[derive(Process)]
    /// struct Clerk;
    /// #[handlers]
    /// impl Clerk {
    ///     #[call] fn card(&self, cx: &mut Context<Self>) -> ClerkRef { cx.me() }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.spawn(Clerk)?;
    /// assert_eq!(clerk.card().blocking()?.pid(), clerk.pid());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn me(&self) -> P::Ref {
        P::Ref::from_address(Address::plain::<P>(self.pin()))
    }

    /// A ref to this process's place in its supervision tree, which outlives it; the same as
    /// [`me`](Self::me) if no supervisor started it. Hand this one out if others should find
    /// whoever comes after a restart. A call on it from inside fails with `CallingSelf`.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// #[derive(Process)]
    /// struct Clerk;
    /// #[handlers]
    /// impl Clerk {
    ///     #[call] fn desk(&self, cx: &mut Context<Self>) -> ClerkRef { cx.slot() }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.spawn(Clerk)?;
    /// assert_eq!(clerk.desk().blocking()?.pid(), clerk.pid());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn slot(&self) -> P::Ref {
        match self.own_slot() {
            Some(slot) => P::Ref::from_address(Address::supervised::<P>(slot)),
            None => self.me(),
        }
    }

    /// Handles `message` next, before anything that waits in the mailbox (OTP's `continue`): to
    /// split long work, or to do after `#[init]` what its starter need not wait for.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// #[derive(Process)]
    /// struct Clerk { loaded: bool }
    /// #[handlers]
    /// impl Clerk {
    ///     #[init] fn begin(&mut self, cx: &mut Context<Self>) {
    ///         cx.continue_with(ClerkMessage::Load);
    ///     }
    ///     #[cast] fn load(&mut self) { self.loaded = true }
    ///     #[call] fn is_loaded(&self) -> bool { self.loaded }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.spawn(Clerk { loaded: false })?;
    /// assert!(clerk.is_loaded().blocking()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn continue_with(&mut self, message: P::Message) {
        let mail = Mail::message(Accepts::first_by::<P>(), message, ReplyPort::none());
        self.running.push_mail_front(mail);
    }
}
