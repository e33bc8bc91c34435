//! The runtime as a value: [`Runtime`] owns the threads, [`RuntimeHandle`] refers to them.

use std::{future::Future, io, sync::Arc, time::Instant};

use super::{
    Core,
    builder::Builder,
    enter,
    spawn::{Birth, Options, spawn},
};
use crate::{
    error::{ShutdownError, StartError},
    exit::ExitReason,
    pid::Pid,
    process::{Body, Install, Next, Running, StartFailure, Starter},
    signal::Down,
    sync::mpsc::{Receiver, channel},
};

/// A runtime: worker threads, and the processes they run. Several may live in one OS process; they
/// share nothing.
///
/// Dropping it shuts it down, as [`shutdown`](Self::shutdown) does, waiting for it unless it is
/// dropped inside one of its own processes (then it ends in the background).
///
/// ```
/// use actor_core::prelude::*;
///
/// #[derive(Process)]
/// struct Counter(u64);
/// #[handlers]
/// impl Counter {
///     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// }
///
/// let rt = Runtime::new()?;
/// let counter = rt.spawn(Counter(40))?;
/// assert_eq!(counter.add(2).blocking()?, 42);
/// rt.shutdown()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Runtime {
    handle: RuntimeHandle,
    /// It was shut down already, as far as it goes.
    ended: bool,
}

impl Runtime {
    /// The owner of a runtime whose threads run.
    pub(super) fn of(core: Arc<Core>) -> Self {
        Self { handle: RuntimeHandle::new(core), ended: false }
    }

    /// A runtime with one worker a core. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// What the operating system says if it gives no thread.
    pub fn new() -> io::Result<Self> {
        Self::builder().build()
    }

    /// A runtime with other than default settings; see [`Builder`] for an example.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// A handle that can be cloned and sent, and does not keep the runtime running.
    ///
    /// ```
    /// let rt = actor_core::Runtime::new()?;
    /// let handle = rt.handle();
    /// let count = std::thread::spawn(move || handle.process_count()).join();
    /// assert_eq!(count.ok(), Some(0));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn handle(&self) -> RuntimeHandle {
        self.handle.clone()
    }

    /// Stops everything in order, then joins the threads: supervisors first (the youngest first,
    /// each stopping its children in reverse order within their shutdown times, and all of them
    /// within [`Builder::shutdown_trees`]: what is left then is killed), then every other process
    /// by `shutdown`, and after [`limits::SHUTDOWN`](crate::limits::SHUTDOWN) and
    /// [`limits::SHUTDOWN_EACH`](crate::limits::SHUTDOWN_EACH) for each process by `kill`. From its
    /// begin on nothing is started any more: [`StartError::ShuttingDown`].
    ///
    /// # Errors
    /// Says how many processes, and which threads, could not be ended in time; they are left alone,
    /// and their memory with them. Inside one of its own processes a runtime cannot be waited for:
    /// that is an error at once, and it ends in the background.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(0))?;
    /// rt.shutdown()?;
    /// assert!(!counter.is_alive());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown(mut self) -> Result<(), ShutdownError> {
        // Inside one of its own processes nothing is done yet: the drop sees to it.
        self.ended = !self.handle.core.runs_here();
        self.handle.core.shutdown()
    }
}

impl std::ops::Deref for Runtime {
    type Target = RuntimeHandle;

    fn deref(&self) -> &RuntimeHandle {
        &self.handle
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let core = self.handle.core.clone();
        if core.runs_here() {
            // A process cannot wait for its own end.
            let end = move || drop(core.shutdown());
            let named = crate::sync::thread::Builder::new().name("actor-shutdown".to_owned());
            drop(named.spawn(end));
            return;
        }
        drop(core.shutdown());
    }
}

/// Refers to a [`Runtime`], which it does not keep running. Cheap to clone, usable from any thread.
/// All that can be done with a runtime besides ending it is here, and a `Runtime` derefs to it.
///
/// ```
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// # let rt = Runtime::new()?;
/// let handle: actor_core::RuntimeHandle = rt.handle();
/// assert_eq!(handle.spawn(Counter(40))?.add(2).blocking()?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RuntimeHandle {
    core: Arc<Core>,
}

impl std::fmt::Debug for RuntimeHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runtime").field("processes", &self.process_count()).finish_non_exhaustive()
    }
}

/// While it lives, its runtime is the one that [`spawn`](crate::spawn()), [`start`](crate::start())
/// and the other free functions use on this thread. Guards nest; drop the youngest first.
/// [`RuntimeHandle::enter`] has the example.
#[must_use = "the runtime is entered for as long as the guard lives"]
pub struct EnterGuard {
    _entered: enter::Entered,
    /// It belongs to its thread.
    _not_send: std::marker::PhantomData<*const ()>,
}

impl RuntimeHandle {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// The runtime that free functions use here, if there is one: the running process's, or the one
    /// entered on this thread.
    ///
    /// ```
    /// use actor_core::{Runtime, RuntimeHandle};
    /// assert!(RuntimeHandle::current().is_none());
    /// let rt = Runtime::new()?;
    /// let _entered = rt.enter();
    /// assert!(RuntimeHandle::current().is_some());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn current() -> Option<Self> {
        enter::current().map(Self::new)
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Makes it the runtime of the free functions on this thread, until the guard is dropped.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let entered = rt.enter();
    /// let counter = spawn(Counter(40))?;
    /// drop(entered);
    /// assert_eq!(counter.add(2).blocking()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn enter(&self) -> EnterGuard {
        EnterGuard { _entered: enter::enter(&self.core), _not_send: std::marker::PhantomData }
    }

    /// Runs a future on this thread, with the runtime entered. The future is no process; to have
    /// one, see [`run`](Self::run).
    ///
    /// # Panics
    /// Inside a process, which must not block: `.await` the future there.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.block_on(start(Counter(40)))?;
    /// let sum = rt.block_on(counter.add(2))?;
    /// assert_eq!(sum, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        assert!(
            !crate::process::current::is_running(),
            "`block_on` inside a process would block its worker thread; `.await` the future instead"
        );
        let _entered = self.enter();
        block_on(future)
    }

    /// Runs `body` as a process and waits for it on this thread; when it has returned, the
    /// supervisors started meanwhile and supervised by nobody are stopped, the youngest first, all
    /// of them within [`Builder::shutdown_trees`].
    ///
    /// # Errors
    /// The body's exit reason if it did not return: it panicked, or was killed.
    ///
    /// # Panics
    /// Inside a process, which must not block.
    ///
    /// ```
    /// use actor_core::Runtime;
    /// let rt = Runtime::new()?;
    /// assert_eq!(rt.run(async { 6 * 7 }), Ok(42));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn run<F>(&self, body: F) -> Result<F::Output, ExitReason>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        assert!(
            !crate::process::current::is_running(),
            "`run` inside a process would block its worker thread; `.await` the future instead"
        );
        let first = self.core.next_sequence();
        let outcome = match self.spawn_body(body) {
            Ok((_, outcome)) => outcome.recv().unwrap_or(Err(ExitReason::Killed)),
            Err(error) => Err(ExitReason::error(error)),
        };
        self.core.stop_trees(first);
        outcome
    }

    /// Starts `body` as a process; its outcome comes by the channel.
    pub(crate) fn spawn_body<F>(&self, body: F) -> Result<(Pid, Outcome<F::Output>), StartError>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let (tell, outcome) = channel();
        let failed = tell.clone();
        let make = Box::new(move || -> crate::process::Making {
            crate::pool::PooledFuture::new(async move {
                let output = body.await;
                drop(tell.send(Ok(output)));
                Ok(None::<Install>)
            })
        });
        let starter = Box::new(move |started: crate::process::Started| {
            if let Err(StartFailure::Ended(reason)) = started {
                drop(failed.send(Err(reason)));
            }
        });
        let mut options = Options { starter: Some(Starter::Told(starter)), ..Options::default() };
        let (pin, _) = spawn::<Function>(&self.core, Birth::Make(make), &mut options)?;
        Ok((pin.pid(), outcome))
    }

    /// How many processes are alive.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(0))?;
    /// assert_eq!(rt.process_count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn process_count(&self) -> usize {
        self.core.process_count()
    }

    /// How many worker threads there are; 0 in a simulation. [`Builder::workers`] has the example.
    pub fn workers(&self) -> usize {
        self.core.scheduler.get().map_or(0, |scheduler| scheduler.workers())
    }

    /// How many timers are armed: sleeps, deadlines of calls, `send_after`, `send_interval`.
    ///
    /// ```
    /// let rt = actor_core::Runtime::new()?;
    /// assert_eq!(rt.timer_count(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn timer_count(&self) -> usize {
        self.core.timers.len()
    }

    /// All registered names, sorted.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// Counter(0).with().name("till").on(&rt).spawn()?;
    /// Counter(0).with().name("cellar").on(&rt).spawn()?;
    /// assert_eq!(rt.registered(), ["cellar", "till"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn registered(&self) -> Vec<String> {
        self.core.registry.names().iter().map(ToString::to_string).collect()
    }

    /// The present time, virtual in a simulation.
    ///
    /// ```
    /// let rt = actor_core::Runtime::new()?;
    /// assert!(rt.now() <= std::time::Instant::now());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn now(&self) -> Instant {
        self.core.instant_now()
    }
}

/// Drives a future on a plain thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    use std::{
        pin::pin,
        task::{Context, Poll, Wake},
    };
    struct Unpark(crate::sync::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(crate::sync::thread::current())).into();
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(output) => return output,
            Poll::Pending => crate::sync::thread::park(),
        }
    }
}

/// Where the outcome of a body comes.
type Outcome<T> = Receiver<Result<T, ExitReason>>;

/// The body of a process that is one function: it never has a state, it ends instead.
enum Function {}

impl Body for Function {
    type Context = Running;
    const NAME: &'static str = "function";
    const HAS_INIT: bool = false;
    const HAS_TERMINATE: bool = false;
    const TRAP_EXIT: bool = false;

    fn context(running: Running) -> Running {
        running
    }

    async fn init(&mut self, _: &mut Running) -> Result<(), ExitReason> {
        match *self {}
    }

    async fn exit(&mut self, _: &mut Running, _: Pid, _: ExitReason) -> Next {
        match *self {}
    }

    async fn down(&mut self, _: &mut Running, _: Down) -> Next {
        match *self {}
    }

    async fn terminate(&mut self, _: &mut Running, _: ExitReason) {
        match *self {}
    }
}
