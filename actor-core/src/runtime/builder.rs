//! How a runtime is set up.

use std::{io, sync::Arc, time::Duration};

use super::{Core, Runtime, SystemEvent, Turns, system::Listener};
use crate::{
    limits,
    scheduler::{Config, Pin, Scheduler},
};

/// Sets up a [`Runtime`].
///
/// ```
/// use actor_core::Runtime;
/// let rt = Runtime::builder().workers(2).name("shop").build()?;
/// assert_eq!(rt.workers(), 2);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    workers: usize,
    processes: u32,
    timers: u32,
    name: String,
    pin: bool,
    rescuers: usize,
    trees: Duration,
    listener: Option<Listener>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            workers: 0,
            processes: limits::PROCESSES,
            timers: limits::TIMERS,
            name: "actor".to_owned(),
            pin: true,
            rescuers: limits::RESCUE_THREADS,
            trees: limits::SHUTDOWN_TREES,
            listener: None,
        }
    }

    /// How many worker threads, from 1 to [`limits::WORKERS`]; 0, the default, is one a core of the
    /// process's CPU set.
    ///
    /// ```
    /// let rt = actor_core::Runtime::builder().workers(2).build()?;
    /// assert_eq!(rt.workers(), 2);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// How many processes may be alive at once, at most (and by default) [`limits::PROCESSES`]. A
    /// start beyond it is [`SystemLimit::Processes`](crate::SystemLimit::Processes), which has the
    /// example.
    pub fn processes(mut self, processes: u32) -> Self {
        self.processes = processes;
        self
    }

    /// How many timers may be armed at once, at most (and by default) [`limits::TIMERS`]. Each
    /// worker has an equal share, rounded up.
    ///
    /// ```
    /// use actor_core::{Runtime, prelude::*};
    /// use std::time::Duration;
    /// #[derive(Process)]
    /// struct Greedy;
    /// #[handlers]
    /// impl Greedy {
    ///     #[cast] fn later(&mut self, cx: &mut Context<Self>) {
    ///         cx.send_after(Duration::from_secs(60), GreedyMessage::Later);
    ///     }
    /// }
    /// let rt = Runtime::builder().workers(1).timers(1).build()?;
    /// let greedy = rt.spawn(Greedy)?;
    /// greedy.later()?;
    /// greedy.later()?;
    /// let reason = greedy.closed().blocking();
    /// assert!(reason.to_string().contains("system_limit: 1 timers"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timers(mut self, timers: u32) -> Self {
        self.timers = timers;
        self
    }

    /// What the threads are called, before a hyphen and their number; default `actor`. The
    /// [type's example](Self) uses it.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Whether worker threads may be pinned to cores; the default is yes, and then they are unless
    /// a CPU quota makes that harmful.
    ///
    /// ```
    /// let rt = actor_core::Runtime::builder().workers(1).pin(false).build()?;
    /// # assert_eq!(rt.workers(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn pin(mut self, pin: bool) -> Self {
        self.pin = pin;
        self
    }

    /// How many threads there may be beyond the workers, from 0 to [`limits::RESCUE_THREADS`], the
    /// default. They take over the cores of workers that are stuck in one turn, and run handlers
    /// that say that they block. They are started when they are needed. With 0, such a turn keeps
    /// its worker from all others.
    ///
    /// ```
    /// let rt = actor_core::Runtime::builder().rescue_threads(0).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn rescue_threads(mut self, threads: usize) -> Self {
        self.rescuers = threads;
        self
    }

    /// How long the trees of supervisors have to stop at [`Runtime::shutdown`], and at the end of
    /// [`RuntimeHandle::run`](crate::RuntimeHandle::run): all of them together, whatever the
    /// shutdown times of their children; default [`limits::SHUTDOWN_TREES`]. What is left then is
    /// killed, without its `terminate`. With `Duration::MAX` a child whose shutdown time is
    /// infinite is waited for as long as it takes, as in OTP.
    ///
    /// ```
    /// use std::time::Duration;
    /// let rt = actor_core::Runtime::builder().shutdown_trees(Duration::from_secs(300)).build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown_trees(mut self, limit: Duration) -> Self {
        self.trees = limit;
        self
    }

    /// Is told of what happens to the runtime itself, on a thread that must not be held up: what
    /// the function does is short. A later function replaces an earlier one.
    ///
    /// ```
    /// use actor_core::{Runtime, SystemEvent};
    /// let rt = Runtime::builder()
    ///     .system_monitor(|event| {
    ///         if let SystemEvent::LongSchedule { name, .. } = event {
    ///             eprintln!("a {name} takes its time");
    ///         }
    ///     })
    ///     .build()?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn system_monitor(
        mut self,
        listener: impl Fn(&SystemEvent) + Send + Sync + 'static,
    ) -> Self {
        self.listener = Some(Listener(Arc::new(listener)));
        self
    }

    /// Starts the threads.
    ///
    /// # Errors
    /// `InvalidInput` if a number is out of its range; otherwise what the operating system says if
    /// it gives no thread.
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// let refused = actor_core::Runtime::builder().processes(0).build();
    /// assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidInput);
    /// ```
    pub fn build(self) -> io::Result<Runtime> {
        let bad = |what: String| Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        if self.workers > limits::WORKERS {
            return bad(format!("{} workers; at most {} work", self.workers, limits::WORKERS));
        }
        if self.processes == 0 || self.processes > limits::PROCESSES {
            let most = limits::PROCESSES;
            return bad(format!("{} processes; 1 to {most} are possible", self.processes));
        }
        if self.timers > limits::TIMERS {
            return bad(format!("{} timers; at most {} are possible", self.timers, limits::TIMERS));
        }
        if self.rescuers > limits::RESCUE_THREADS {
            let most = limits::RESCUE_THREADS;
            return bad(format!("{} rescue threads; at most {most} are possible", self.rescuers));
        }
        let workers = match self.workers {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            workers => workers,
        };
        let workers = workers.min(limits::WORKERS);
        let core = Core::new(workers, [self.processes, self.timers], None, self.listener);
        core.bound_trees(self.trees);
        let pin = if self.pin { Pin::Auto } else { Pin::Never };
        let (rescuers, idle) = (self.rescuers, limits::RESCUE_IDLE);
        let config = Config { workers, pin, rescuers, idle, thread_name: self.name };
        let turns = Turns { core: core.clone(), rescues: self.rescuers > 0 };
        let scheduler = Scheduler::start(config, Arc::new(turns))?;
        if core.scheduler.set(scheduler).is_err() {
            unreachable!("a new runtime has no scheduler");
        }
        Ok(Runtime::of(core))
    }
}
