//! Starting processes: the free functions, and the options.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use super::{
    Address, ChildKind, Handle, Home, ProcessRef, Server, Sleep, Slot, Start, StartContext, Via,
    timers,
};
use crate::{
    error::StartError,
    exit::ExitReason,
    limits,
    overflow::Overflow,
    pid::{MonitorRef, Pid},
    pool::{Counted, PooledFuture},
    priority::Priority,
    process::{
        ArmIdle, CellRef, Install, Make, Making, ReplySlot, StartFailure, Started, Starter,
        current, install, poll_reply,
    },
    runtime::{
        self, Core, Here, RuntimeHandle,
        spawn::{Birth, Options, Register, spawn as spawn_cell},
    },
};

/// Starts a process or supervisor in the runtime of this thread, and returns without waiting for
/// its `#[init]`. It lives until it ends by itself or is stopped: dropping refs stops nothing.
///
/// # Errors
/// See [`StartError`]; [`StartError::NoRuntime`] if there is no runtime here.
///
/// ```
/// use actor_core::prelude::*;
/// #[derive(Process)]
/// struct Adder(i64);
/// #[handlers]
/// impl Adder {
///     #[call] fn add(&mut self, by: i64) -> i64 { self.0 += by; self.0 }
/// }
///
/// let rt = Runtime::new()?;
/// let _entered = rt.enter();
/// let adder = spawn(Adder(1))?;
/// assert_eq!(adder.add(2).blocking()?, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn spawn<S: Start>(what: S) -> Result<S::Ref, StartError> {
    what.with().spawn()
}

/// Starts a process or supervisor in the runtime of this thread, and returns when it is ready:
/// after its `#[init]`, or when all of a supervisor's children are.
///
/// # Errors
/// See [`StartError`]; nothing of it is left then.
///
/// ```
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// # let rt = Runtime::new()?;
/// # rt.run(async {
/// let counter = start(Counter(40)).await?;
/// assert_eq!(counter.add(2).await?, 42);
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn start<S: Start>(what: S) -> Result<S::Ref, StartError> {
    what.with().start().await
}

/// Starts a process whose state is made inside it: the place for what takes time, can fail, or must
/// belong to the process.
///
/// # Errors
/// [`StartError::Init`] with the function's error or panic; else see [`StartError`].
///
/// ```
/// use actor_core::prelude::*;
/// #[derive(Process)]
/// struct Journal(String);
/// #[handlers]
/// impl Journal {
///     #[call] fn first_line(&self) -> String { self.0.clone() }
/// }
///
/// let rt = Runtime::new()?;
/// let journal = rt.block_on(start_with(async |_cx| {
///     Ok::<_, std::io::Error>(Journal("day one".into()))
/// }))?;
/// assert_eq!(journal.first_line().blocking()?, "day one");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn start_with<P, E, F, Fut>(make: F) -> Result<P::Ref, StartError>
where
    P: Server + Handle<<P as Server>::Message>,
    E: fmt::Display + 'static,
    F: FnOnce(StartContext<P>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<P, E>> + Send + 'static,
{
    let core = runtime::current().ok_or(StartError::NoRuntime)?;
    let make: Make = Box::new(move || -> Making {
        let made = make(StartContext::new(here()));
        PooledFuture::new(async move {
            match made.await {
                Ok(process) => Ok(Some(install(process))),
                Err(error) => Err(ExitReason::of(error)),
            }
        })
    });
    let begun = begin::<P>(&core, Birth::Make(make), &mut Settings::default(), true)?;
    let pin = begun.wait().await?;
    Ok(P::Ref::from_address(Address::plain::<P>(pin)))
}

/// The process in whose turn this is called.
fn here() -> CellRef {
    current::cell().expect("a start function is called inside the new process").pin()
}

/// What can be set at a start; what is not is the type's default.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) name: Option<Arc<str>>,
    pub(super) mailbox: Option<usize>,
    pub(super) overflow: Option<Overflow>,
    pub(super) priority: Option<Priority>,
    pub(super) hibernate_after: Option<Duration>,
    pub(super) link: bool,
    pub(super) monitor: bool,
    pub(super) supervisor: bool,
    pub(super) slot: Option<Arc<Slot>>,
    pub(super) place: Option<Register>,
}

/// How something is to be started: made by [`Start::with`]. Options that are not set are the type's
/// ([`ProcessOptions`](crate::ProcessOptions)).
///
/// ```
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// # let rt = Runtime::new()?;
/// use actor_core::Priority;
/// let options = Counter(40).with().name("tills").mailbox(64).priority(Priority::High);
/// let counter = rt.block_on(options.start())?;
/// assert_eq!(counter.add(2).blocking()?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "options start nothing; finish with `.spawn()` or `.start().await`"]
pub struct StartOptions<S: Start> {
    what: S,
    settings: Settings,
    timeout: Option<Duration>,
    core: Option<Arc<Core>>,
}

impl<S: Start> fmt::Debug for StartOptions<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartOptions").field("name", &self.settings.name).finish_non_exhaustive()
    }
}

impl<S: Start> StartOptions<S> {
    pub(super) fn new(what: S) -> Self {
        Self { what, settings: Settings::default(), timeout: None, core: None }
    }

    /// Registers it under this name, which no other live process of the runtime may have: the start
    /// fails with [`StartError::NameTaken`] otherwise. The name is free again when the process
    /// ends, before anybody hears of that.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = Counter(0).with().name("till").on(&rt).spawn()?;
    /// assert_eq!(rt.whereis::<Counter>("till")?.and_then(|found| found.pid()), counter.pid());
    /// assert!(Counter(0).with().name("till").on(&rt).spawn().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn name(mut self, name: impl AsRef<str>) -> Self {
        self.settings.name = Some(name.as_ref().into());
        self
    }

    /// Registers it in a registry, before its first instant (OTP's `{via, Module, Name}`): the
    /// start fails with [`StartError::NameTaken`] if the key is taken, and no `#[init]` runs.
    /// [`Registry::via`](crate::keyed::Registry::via) has the example.
    pub fn via(mut self, via: Via<S::Ref>) -> Self {
        self.settings.place = Some(Box::new(move |cell| {
            via.register(&S::make_ref(Address::plain::<S::Process>(cell.clone())))
        }));
        self
    }

    /// How many messages its mailbox holds: [`limits::MAILBOX`] unless set. A number out of
    /// [`limits::MAILBOX_RANGE`] fails the start.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// # use actor_core::StartError;
    /// let refused = Counter(0).with().mailbox(0).on(&rt).spawn();
    /// assert!(matches!(refused, Err(StartError::Options(_))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn mailbox(mut self, messages: usize) -> Self {
        self.settings.mailbox = Some(messages);
        self
    }

    /// What happens to a cast when it holds that many; [`Overflow`] has the example.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.settings.overflow = Some(overflow);
        self
    }

    /// How it is scheduled. The [type's example](Self) uses it.
    pub fn priority(mut self, priority: Priority) -> Self {
        self.settings.priority = Some(priority);
        self
    }

    /// Has it hibernate by itself when no message came for so long:
    /// [`ProcessOptions::hibernate_after`](crate::ProcessOptions::hibernate_after) has the example.
    pub fn hibernate_after(mut self, idle: Duration) -> Self {
        self.settings.hibernate_after = Some(idle);
        self
    }

    /// Links it to the running process from its first instant on; outside of any process there is
    /// nobody to link to, and the start fails with [`StartError::Options`].
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let counter = Counter(40).with().link().start().await?;
    /// assert_eq!(counter.add(2).await?, 42);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// assert!(Counter(0).with().link().on(&rt).spawn().is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn link(mut self) -> Self {
        self.settings.link = true;
        self
    }

    /// How long [`start`](Self::start) waits until it is ready; then it is killed. No bound unless
    /// set, as in OTP. [`spawn`](Self::spawn) does not wait, and ignores it.
    ///
    /// ```
    /// use actor_core::{StartError, prelude::*};
    /// # use std::time::Duration;
    /// #[derive(Process)]
    /// struct Sleepy;
    /// #[handlers]
    /// impl Sleepy {
    ///     #[init] async fn begin(&mut self) { std::future::pending().await }
    /// }
    /// # let rt = Runtime::new()?;
    /// let limit = Duration::from_millis(1);
    /// let late = rt.block_on(Sleepy.with().timeout(limit).start());
    /// assert_eq!(late.unwrap_err(), StartError::Timeout(limit));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = Some(limit);
        self
    }

    /// Starts it in this runtime, whatever runtime this thread is in.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = Counter(40).with().on(&rt).spawn()?;
    /// assert_eq!(counter.add(2).blocking()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on(mut self, runtime: &RuntimeHandle) -> Self {
        self.core = Some(runtime.core().clone());
        self
    }

    /// Starts it, and returns without waiting for its `#[init]`.
    ///
    /// # Errors
    /// See [`StartError`]; a failing `#[init]` is none, since it comes later.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = Counter(40).with().on(&rt).spawn()?;
    /// assert_eq!(counter.add(2).blocking()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn(self) -> Result<S::Ref, StartError> {
        self.begin(false).map(|(begun, target)| target.make_ref::<S>(begun.pin))
    }

    /// The same in a runtime that is at hand.
    pub(super) fn spawn_in(mut self, core: &Core) -> Result<(Pid, S::Ref), StartError> {
        let (begun, target) = begin_start(core, self.what, &mut self.settings, false)?;
        Ok((begun.pin.pid(), target.make_ref::<S>(begun.pin)))
    }

    /// The same, with a monitor by the running process.
    pub(super) fn spawn_monitor(mut self) -> Result<(S::Ref, MonitorRef), StartError> {
        self.settings.monitor = true;
        let (begun, target) = self.begin(false)?;
        let monitor = begun.monitor.ok_or_else(no_process)?;
        Ok((target.make_ref::<S>(begun.pin), monitor))
    }

    /// Starts it, and returns when it is ready.
    ///
    /// # Errors
    /// See [`StartError`]; nothing of it is left then.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.block_on(Counter(40).with().name("till").start())?;
    /// assert_eq!(counter.add(2).blocking()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn start(self) -> Result<S::Ref, StartError> {
        let timeout = self.timeout;
        let (begun, target) = self.begin(true)?;
        let pin = match timeout {
            None => begun.wait().await?,
            Some(limit) => begun.wait_for(limit).await?,
        };
        Ok(target.make_ref::<S>(pin))
    }

    fn begin(mut self, waits: bool) -> Result<(Begun, Place), StartError> {
        if (self.settings.link || self.settings.monitor) && !current::is_running() {
            return Err(no_process());
        }
        let here = self.core.take().map(Here::Entered).or_else(runtime::here);
        let core = here.ok_or(StartError::NoRuntime)?;
        begin_start(&core, self.what, &mut self.settings, waits)
    }
}

/// Starts what a [`StartOptions`] holds: by its parts, since to move the whole of it costs more
/// than all the rest does.
fn begin_start<S: Start>(
    core: &Core,
    what: S,
    settings: &mut Settings,
    waits: bool,
) -> Result<(Begun, Place), StartError> {
    let mut slot = None;
    if S::KIND == ChildKind::Supervisor {
        // A supervisor's ref finds its children by the slot it is in.
        let own = Slot::new(false, limits::MAILBOX, Home::of(&core.arc()));
        settings.slot = Some(own.clone());
        settings.supervisor = true;
        slot = Some(own);
    }
    let birth = Birth::State(what.into_process());
    let begun = begin::<S::Process>(core, birth, settings, waits)?;
    if let Some(slot) = &slot {
        slot.running_in(&core.arc(), begun.pin.pid());
    }
    Ok((begun, Place(slot)))
}

fn no_process() -> StartError {
    StartError::Options(
        "a link or monitor needs a process to hold it; start it inside one, or without".to_owned(),
    )
}

/// Where it was started: in a slot, or nowhere in particular.
struct Place(Option<Arc<Slot>>);

impl Place {
    fn make_ref<S: Start>(self, pin: CellRef) -> S::Ref {
        S::make_ref(match self.0 {
            None => Address::plain::<S::Process>(pin),
            Some(slot) => Address::supervised::<S::Process>(slot),
        })
    }
}

/// A process that was begun, and what it will say of its start.
pub(super) struct Begun {
    pub(super) pin: CellRef,
    monitor: Option<MonitorRef>,
    /// None if it was ready at once, or nobody waits.
    started: Option<Counted<ReplySlot<Started>>>,
    linked: bool,
}

/// Starts a process with these settings, of which what is owned is taken. Its readiness can be
/// waited for only if `waits`.
pub(super) fn begin<P: Server>(
    core: &Core,
    birth: Birth<P>,
    settings: &mut Settings,
    waits: bool,
) -> Result<Begun, StartError> {
    let defaults = P::options();
    let mailbox = settings.mailbox.unwrap_or(defaults.mailbox);
    if !limits::MAILBOX_RANGE.contains(&mailbox) {
        let (least, most) = (limits::MAILBOX_RANGE.start(), limits::MAILBOX_RANGE.end());
        let what = format!("a mailbox of {mailbox} messages; it may hold {least} to {most}");
        return Err(StartError::Options(what));
    }
    let waits = waits && (P::HAS_INIT || matches!(birth, Birth::Make(_)));
    let (started, starter) = waits
        .then(|| Counted::shared_by(ReplySlot::empty))
        .map(|[ours, its]| (ours, Starter::Slot(its)))
        .unzip();
    let rest = settings.hibernate_after.or(defaults.hibernate_after);
    let mut options = Options {
        name: settings.name.take(),
        mailbox: u32::try_from(mailbox).unwrap_or(u32::MAX),
        overflow: settings.overflow.unwrap_or(defaults.overflow),
        priority: settings.priority.unwrap_or(defaults.priority),
        rest: rest.map(|after| (after, timers::arm_idle as ArmIdle)),
        link: settings.link,
        monitor: settings.monitor,
        supervisor: settings.supervisor,
        slot: settings.slot.take().map(|slot| slot as _),
        starter,
        register: settings.place.take(),
    };
    let (pin, monitor) = spawn_cell::<P>(core, birth, &mut options)?;
    Ok(Begun { pin, monitor, started, linked: settings.link })
}

impl Begun {
    /// Waits until it is ready.
    pub(super) async fn wait(self) -> Result<CellRef, StartError> {
        let Some(started) = &self.started else { return Ok(self.pin) };
        let outcome = std::future::poll_fn(|cx| poll_reply(started, cx.waker())).await;
        self.outcome(outcome.unwrap_or(Err(StartFailure::Ended(ExitReason::Killed))))
    }

    async fn wait_for(self, limit: Duration) -> Result<CellRef, StartError> {
        let Some(started) = self.started.clone() else { return Ok(self.pin) };
        let mut sleep = Sleep::new(Core::of(&self.pin), limit);
        let mut late = false;
        let outcome = std::future::poll_fn(|cx| {
            use std::{pin::Pin, task::Poll};
            if let Poll::Ready(outcome) = poll_reply(&started, cx.waker()) {
                return Poll::Ready(outcome);
            }
            if !late && Pin::new(&mut sleep).poll(cx).is_ready() {
                late = true;
                runtime::route::kill(&self.pin);
            }
            Poll::Pending
        })
        .await;
        let outcome = outcome.unwrap_or(Err(StartFailure::Ended(ExitReason::Killed)));
        match self.outcome(outcome) {
            Err(StartError::Init(_)) if late => Err(StartError::Timeout(limit)),
            other => other,
        }
    }

    fn outcome(self, outcome: Started) -> Result<CellRef, StartError> {
        let Err(failure) = outcome else { return Ok(self.pin) };
        if let (true, Some(parent)) = (self.linked, current::running()) {
            // It is dead and sent no EXIT; our half of the link goes too.
            let _ = parent.extras(|extras| extras.links.unlink(self.pin.pid()));
        }
        Err(match failure {
            StartFailure::Ignored => StartError::Ignored,
            StartFailure::Ended(reason) => StartError::Init(reason),
        })
    }
}

/// The making of a `Start` value inside its process.
pub(super) fn making<S: Start, Fut>(made: Fut) -> Making
where
    Fut: Future<Output = Result<Option<S>, ExitReason>> + Send + 'static,
{
    PooledFuture::new(async move {
        let made: Option<Install> = made.await?.map(|what| install(what.into_process()));
        Ok(made)
    })
}
