//! Tasks: processes that do one thing and have a result.
//!
//! A [`Task`] is started with a future, and runs it in a process of its own. Who started it is its
//! owner: linked to it, and the only one that can have the result, since a `Task` is not cloned.
//!
//! - The result is the reply to a call that was made when the task was started. So it passes by
//!   the owner's mailbox, one that comes too late vanishes, and the end of the task is told as the
//!   failure of that call.
//! - [`TaskSupervisor`] starts tasks that are not linked to their owners, under a supervisor.
//! - [`async_stream`] has many tasks do the same to many items, so many at a time.
//!
//! What is Elixir's `Task` is the same here, but that a wait which is too long is an error of the
//! wait: it ends nobody. This module is an actor's user: it knows nothing below `actor`.

mod many;
mod process;
mod stream;
mod supervisor;

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context as TaskContext, Poll, Waker},
    time::Duration,
};

pub use self::{
    many::await_many,
    process::{Run, TaskProcess},
    stream::{AsyncStream, async_stream},
    supervisor::{TaskSupervisor, TaskSupervisorRef},
};
use crate::{
    actor::{Address, Context, Request, Server, Start, callers_here, is_in_process, unlink_here},
    error::{CallFailure, StartError},
    exit::ExitReason,
    pid::Pid,
};

/// A process that does one thing, and its result.
///
/// Awaiting it gives the result, or the reason for which the task ended without one. It waits as
/// long as it takes; [`await_timeout`](Self::await_timeout) and [`yield_for`](Self::yield_for) wait
/// no longer than they are told.
///
/// The two are linked, if a process started it: a task that crashes takes its owner with it, unless
/// that traps exits, and an owner that ends abnormally takes its tasks. So an error that is to be
/// handled belongs in the result (`Task<Result<T, E>>`).
///
/// Dropping it discards the result, and the task runs on, linked as it was;
/// [`ignore`](Self::ignore) unlinks it, [`shutdown`](Self::shutdown) ends it. It belongs to the
/// process that started it: another one may await it, but not unlink it. There is one of it, and
/// one result:
///
/// ```compile_fail
/// # use actor_core::task::Task;
/// fn twice(task: Task<u32>) -> (Task<u32>, Task<u32>) {
///     (task.clone(), task)
/// }
/// ```
///
/// ```
/// use actor_core::{prelude::*, task::Task};
/// # let rt = Runtime::new()?;
/// # rt.run(async {
/// let answer = Task::spawn(async { 6 * 7 })?;
/// assert_eq!(answer.await, Ok(42));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping a task discards its result"]
pub struct Task<T: Send + 'static> {
    address: Address<Run<T>>,
    /// None when the result has been given.
    result: Option<Request<T>>,
}

/// Why a wait for a task gave no result.
///
/// ```
/// use actor_core::{ExitReason, task::TaskError};
/// use std::time::Duration;
/// assert_eq!(TaskError::Exited(ExitReason::Killed).to_string(), "the task ended: killed");
/// assert_eq!(TaskError::Timeout(Duration::from_secs(5)).to_string(), "no result within 5s");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TaskError {
    /// It ended without a result.
    #[error("the task ended: {0}")]
    Exited(ExitReason),
    /// It had none in time.
    #[error("no result within {0:?}")]
    Timeout(Duration),
    /// It could not be started.
    #[error("the task did not start: {0}")]
    NotStarted(StartError),
}

impl From<TaskError> for ExitReason {
    fn from(error: TaskError) -> Self {
        match error {
            TaskError::Exited(reason) => reason,
            other => Self::error(other),
        }
    }
}

/// For whom the running process works (Elixir's `$callers`): who started this task; if that is a
/// task itself, who started that, and so on, the nearest first, up to
/// [`limits::CALLERS`](crate::limits::CALLERS). Empty in a process that is no task, and in a task
/// that no process started.
///
/// Whoever is asked by a task and wants to know on whose behalf (a mock that belongs to a test, a
/// quota of a user) is told so by the task, or finds it by
/// [`inspect`](crate::RuntimeHandle::inspect). They may be dead.
///
/// ```
/// use actor_core::{prelude::*, task::{self, Task, TaskSupervisor}};
/// # let rt = Runtime::new()?;
/// # rt.run(async {
/// let outer = Task::spawn(async {
///     let tasks = TaskSupervisor::new().start().await?;
///     let inner = tasks.async_nolink(async { task::callers() }).await?;
///     Ok::<_, ExitReason>((task::callers(), inner.await?))
/// })?;
/// let me = outer.address().pid();
/// let (of_outer, of_inner) = outer.await??;
/// assert_eq!((of_outer.len(), of_inner.len()), (1, 2));
/// assert_eq!((Some(of_inner[0]), of_inner[1]), (me, of_outer[0]));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn callers() -> Vec<Pid> {
    callers_here().map_or_else(Vec::new, |callers| callers.to_vec())
}

impl<T: Send + 'static> Task<T> {
    /// Starts a task (Elixir's `Task.async`), linked to the running process, if there is one.
    ///
    /// # Errors
    /// See [`StartError`]. The [type's example](Self) uses it.
    pub fn spawn(work: impl Future<Output = T> + Send + 'static) -> Result<Self, StartError> {
        Self::start(work, is_in_process())
    }

    fn start(
        work: impl Future<Output = T> + Send + 'static,
        linked: bool,
    ) -> Result<Self, StartError> {
        let options = TaskProcess::new(work).with();
        let options = if linked { options.link() } else { options };
        options.spawn().map(Self::of)
    }

    /// The task whose process this is.
    fn of(address: Address<Run<T>>) -> Self {
        let result = Some(address.call_message(Run::NOW).no_timeout().request());
        Self { address, result }
    }

    /// The task's process: to monitor it, to see whether it lives.
    ///
    /// ```
    /// use actor_core::{prelude::*, task::Task};
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let endless = Task::spawn(std::future::pending::<()>())?;
    /// assert!(endless.address().is_alive());
    /// assert_eq!(endless.shutdown(std::time::Duration::from_secs(5)).await, None);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn address(&self) -> &Address<impl crate::actor::Message + use<T>> {
        &self.address
    }

    fn poll_result(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<T, ExitReason>> {
        let Some(result) = &mut self.result else {
            return Poll::Ready(Err(ExitReason::NoProc));
        };
        let Poll::Ready(outcome) = Pin::new(result).poll(cx) else { return Poll::Pending };
        self.result = None;
        Poll::Ready(outcome.map_err(|failure| match failure {
            CallFailure::Exited(reason) => reason,
            CallFailure::NoProc => ExitReason::NoProc,
            other => ExitReason::error(other),
        }))
    }

    /// The result, if it is there.
    fn take_now(&mut self) -> Option<Result<T, ExitReason>> {
        self.result.as_ref()?;
        match self.poll_result(&mut TaskContext::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => None,
        }
    }

    /// Waits for the result, so long (Elixir's `await`). Too long a wait discards the result,
    /// whenever it comes, and leaves the task and its owner as they are.
    ///
    /// # Errors
    /// [`TaskError::Timeout`], or [`TaskError::Exited`] if the task ended without a result.
    ///
    /// ```
    /// use actor_core::{prelude::*, task::{Task, TaskError}};
    /// # use std::time::Duration;
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let limit = Duration::from_millis(1);
    /// let endless = Task::spawn(std::future::pending::<()>())?;
    /// assert_eq!(endless.await_timeout(limit).await, Err(TaskError::Timeout(limit)));
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn await_timeout(mut self, limit: Duration) -> Result<T, TaskError> {
        match self.yield_for(limit).await {
            Some(outcome) => outcome.map_err(TaskError::Exited),
            None => Err(TaskError::Timeout(limit)),
        }
    }

    /// Waits for the result, so long, and may be asked again (Elixir's `yield`): `None` says that
    /// it is not there yet, or was given before.
    ///
    /// ```
    /// use actor_core::{prelude::*, sleep, task::Task};
    /// # use std::time::Duration;
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let mut slow = Task::spawn(async {
    ///     sleep(Duration::from_millis(5)).await;
    ///     7
    /// })?;
    /// let answer = loop {
    ///     match slow.yield_for(Duration::from_millis(1)).await {
    ///         Some(answer) => break answer,
    ///         None => println!("still at it"),
    ///     }
    /// };
    /// assert_eq!(answer, Ok(7));
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn yield_for(&mut self, limit: Duration) -> Option<Result<T, ExitReason>> {
        self.result.as_ref()?;
        let mut sleep = self.address.sleep(limit);
        poll_fn(|cx| match self.poll_result(cx) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending => Pin::new(&mut sleep).poll(cx).map(|()| None),
        })
        .await
    }

    /// Ends the task, and returns when it has ended: by `Shutdown`, and by a kill after `limit`. A
    /// result that was there is given all the same. It is unlinked first, so its owner takes no
    /// harm. `None`: it was ended without a result.
    ///
    /// # If the process is gone
    /// What it ended with is answered at once: its result, or why it had none.
    ///
    /// ```
    /// use actor_core::{prelude::*, task::Task};
    /// # use std::time::Duration;
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let limit = Duration::from_secs(5);
    /// let quick = Task::spawn(async { 7 })?;
    /// quick.address().closed().await;
    /// assert_eq!(quick.shutdown(limit).await, Some(Ok(7)));
    /// let endless = Task::spawn(std::future::pending::<()>())?;
    /// assert_eq!(endless.shutdown(limit).await, None);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn shutdown(mut self, limit: Duration) -> Option<Result<T, ExitReason>> {
        if let Some(outcome) = self.take_now() {
            return Some(outcome);
        }
        self.unlink();
        self.address.exit(ExitReason::Shutdown);
        let Some(outcome) = self.yield_for(limit).await else { return self.kill().await };
        self.address.closed().await;
        outcome.map_or_else(ended, |value| Some(Ok(value)))
    }

    /// Kills the task, and returns when it has ended (Elixir's `shutdown` with `brutal_kill`). The
    /// answers are those of [`shutdown`](Self::shutdown), which has the example.
    pub async fn kill(mut self) -> Option<Result<T, ExitReason>> {
        if let Some(outcome) = self.take_now() {
            return Some(outcome);
        }
        self.unlink();
        self.address.kill();
        let outcome = poll_fn(|cx| self.poll_result(cx)).await;
        self.address.closed().await;
        outcome.map_or_else(ended, |value| Some(Ok(value)))
    }

    /// Lets the task be: it is unlinked, runs on, and its result is discarded. Answers the result
    /// if that is there already.
    ///
    /// ```
    /// use actor_core::{prelude::*, task::Task};
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let doomed = Task::spawn(async {
    ///     actor_core::sleep(std::time::Duration::from_millis(5)).await;
    ///     panic!("nobody minds");
    /// })?;
    /// let closed = doomed.address().closed();
    /// assert_eq!(doomed.ignore(), None::<Result<(), _>>);
    /// assert!(closed.await.is_panic("nobody minds"));
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ignore(mut self) -> Option<Result<T, ExitReason>> {
        let outcome = self.take_now();
        self.unlink();
        outcome
    }

    /// The running process is linked to it no more.
    fn unlink(&self) {
        if let Some(pid) = self.address.pid() {
            unlink_here(pid);
        }
    }

    /// Ends it and waits for nothing.
    fn abort(&self) {
        self.unlink();
        self.address.kill();
    }
}

/// How a task that was told to end has ended.
fn ended<T>(reason: ExitReason) -> Option<Result<T, ExitReason>> {
    let as_told = matches!(reason, ExitReason::Shutdown | ExitReason::Killed);
    (!as_told).then_some(Err(reason))
}

impl<T: Send + 'static> Future for Task<T> {
    type Output = Result<T, ExitReason>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        self.poll_result(cx)
    }
}

impl<T: Send + 'static> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Task({:?})", self.address.pid())
    }
}

impl<P: Server> Context<P> {
    /// Starts a task of this process: [`Task::spawn`].
    ///
    /// # Errors
    /// See [`StartError`].
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # #[derive(Process)] struct Clerk;
    /// #[handlers]
    /// impl Clerk {
    ///     #[call] async fn sum(&mut self, cx: &mut Context<Self>) -> Result<u64, ExitReason> {
    ///         let (low, high) = (cx.spawn_task(async { 1 })?, cx.spawn_task(async { 2 })?);
    ///         Ok(low.await? + high.await?)
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// assert_eq!(rt.spawn(Clerk)?.sum().blocking(), Ok(3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn_task<T: Send + 'static>(
        &mut self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<Task<T>, StartError> {
        Task::spawn(work)
    }
}
