//! Many items, each in a task of its own, so many at a time.
//!
//! The stream holds the tasks whose results it has not given: never more than it may. It takes the
//! next item when it is asked for a result and has room, so nothing runs ahead of who reads it.
//! Dropping the stream ends its tasks; it lives in its owner's future or state, so the owner's end
//! does too.

use std::{
    collections::VecDeque,
    fmt,
    future::{Future, poll_fn},
    iter::Fuse,
    pin::Pin,
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use futures_core::Stream;

use super::{Task, TaskError};
use crate::{
    actor::{Sleep, is_in_process},
    limits,
};

/// Has a task do the same to each item, several at a time, and gives the results as a stream.
///
/// Unless told otherwise: [`limits::STREAM_TASKS`] at a time, results in the order of the items,
/// [`limits::TASK_TIMEOUT`] for each, tasks linked to the process that reads the stream.
///
/// ```
/// use actor_core::{prelude::*, task::async_stream};
/// # let rt = Runtime::new()?;
/// # rt.run(async {
/// let mut squares = async_stream(1..=4_u64, |n| async move { n * n }).max_concurrency(2);
/// let mut sum = 0;
/// while let Some(square) = squares.next().await {
///     sum += square?;
/// }
/// assert_eq!(sum, 30);
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn async_stream<I, F, Fut>(items: I, work: F) -> AsyncStream<I::IntoIter, F, Fut::Output>
where
    I: IntoIterator,
    F: FnMut(I::Item) -> Fut,
    Fut: Future<Output: Send + 'static> + Send + 'static,
{
    AsyncStream {
        items: items.into_iter().fuse(),
        work,
        tasks: VecDeque::new(),
        most: limits::STREAM_TASKS,
        limit: Some(limits::TASK_TIMEOUT),
        ordered: true,
        goes_on: false,
        linked: true,
        is_over: false,
    }
}

/// The stream of [`async_stream`], which has an example. Reading it is what makes it go on.
///
/// It is a `Stream` of `Result<T, TaskError>`; [`next`](Self::next) reads it without one's traits.
/// An `Err` is the end of one item: its task ended without a result (of which a linked owner hears
/// only if it traps exits), took too long, or could not be started.
#[must_use = "a stream does nothing unless it is read"]
pub struct AsyncStream<I: Iterator, F, T: Send + 'static> {
    items: Fuse<I>,
    work: F,
    /// In the order of their items.
    tasks: VecDeque<Place<T>>,
    most: usize,
    limit: Option<Duration>,
    ordered: bool,
    /// Whether an item that takes too long is the end of that item alone.
    goes_on: bool,
    linked: bool,
    is_over: bool,
}

/// One item under way.
enum Place<T: Send + 'static> {
    Runs(Task<T>, Option<Sleep>),
    Done(Result<T, TaskError>),
}

impl<I: Iterator, F, T: Send + 'static> AsyncStream<I, F, T> {
    /// So many tasks at a time, results that were not read included; at least one.
    ///
    /// ```
    /// use actor_core::{prelude::*, task::async_stream};
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let mut one_by_one = async_stream(["a", "b"], async |it| it.len()).max_concurrency(1);
    /// assert_eq!(one_by_one.next().await, Some(Ok(1)));
    /// # }).unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn max_concurrency(mut self, tasks: usize) -> Self {
        self.most = tasks.max(1);
        self
    }

    /// Gives each result when it is there, whatever the order of the items.
    ///
    /// ```
    /// use actor_core::{prelude::*, sleep, task::async_stream};
    /// # use std::time::Duration;
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let naps = [20, 1].map(Duration::from_millis);
    /// let mut naps = async_stream(naps, |nap| async move { sleep(nap).await; nap }).unordered();
    /// assert_eq!(naps.next().await, Some(Ok(Duration::from_millis(1))));
    /// # }).unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unordered(mut self) -> Self {
        self.ordered = false;
        self
    }

    /// So long for each item, from the start of its task; `None` is for ever. One that takes longer
    /// is killed, and is the end of the stream, unless it is to [go on](Self::kill_task).
    /// [`kill_task`](Self::kill_task) has an example.
    pub fn timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limit = limit.into();
        self
    }

    /// An item that takes too long is the end of its task and not of the stream (Elixir's
    /// `on_timeout: :kill_task`).
    ///
    /// ```
    /// use actor_core::{prelude::*, task::{TaskError, async_stream}};
    /// # use std::time::Duration;
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let limit = Duration::from_millis(5);
    /// let work = |endless| async move {
    ///     if endless { std::future::pending().await }
    /// };
    /// let mut stream = async_stream([true, false], work).timeout(limit).kill_task();
    /// assert_eq!(stream.next().await, Some(Err(TaskError::Timeout(limit))));
    /// assert_eq!(stream.next().await, Some(Ok(())));
    /// assert_eq!(stream.next().await, None);
    /// # }).unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn kill_task(mut self) -> Self {
        self.goes_on = true;
        self
    }

    /// Does not link the tasks: one that crashes is an `Err` and no more.
    ///
    /// ```
    /// use actor_core::{prelude::*, task::async_stream};
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let work = |n: u32| async move { 10 / n };
    /// let mut quotients = async_stream([0, 5], work).nolink();
    /// assert!(quotients.next().await.is_some_and(|it| it.is_err()));
    /// assert_eq!(quotients.next().await, Some(Ok(2)));
    /// # }).unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn nolink(mut self) -> Self {
        self.linked = false;
        self
    }
}

impl<I, F, Fut, T> AsyncStream<I, F, T>
where
    I: Iterator,
    F: FnMut(I::Item) -> Fut,
    Fut: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    /// The next result; `None` when all are given. [`async_stream`] has an example.
    pub async fn next(&mut self) -> Option<Result<T, TaskError>> {
        poll_fn(|cx| self.poll_result(cx)).await
    }

    fn poll_result(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<T, TaskError>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        self.fill();
        for place in &mut self.tasks {
            place.poll(self.limit, cx);
        }
        let is_done = |place: &Place<T>| matches!(place, Place::Done(_));
        let at = match self.ordered {
            true => self.tasks.front().is_some_and(is_done).then_some(0),
            false => self.tasks.iter().position(is_done),
        };
        match at.and_then(|at| self.tasks.remove(at)) {
            Some(Place::Done(result)) => {
                if matches!(result, Err(TaskError::Timeout(_))) && !self.goes_on {
                    self.end();
                }
                Poll::Ready(Some(result))
            }
            _ if self.tasks.is_empty() => {
                self.end();
                Poll::Ready(None)
            }
            _ => Poll::Pending,
        }
    }

    /// Starts as many as may run.
    fn fill(&mut self) {
        while self.tasks.len() < self.most {
            let Some(item) = self.items.next() else { return };
            let linked = self.linked && is_in_process();
            self.tasks.push_back(match Task::start((self.work)(item), linked) {
                Ok(task) => {
                    let sleep = self.limit.map(|limit| task.address.sleep(limit));
                    Place::Runs(task, sleep)
                }
                Err(error) => Place::Done(Err(TaskError::NotStarted(error))),
            });
        }
    }
}

impl<I: Iterator, F, T: Send + 'static> AsyncStream<I, F, T> {
    /// No more is read: what runs is ended.
    fn end(&mut self) {
        self.is_over = true;
        for place in self.tasks.drain(..) {
            if let Place::Runs(task, _) = place {
                task.abort();
            }
        }
    }
}

impl<T: Send + 'static> Place<T> {
    fn poll(&mut self, limit: Option<Duration>, cx: &mut TaskContext<'_>) {
        let Self::Runs(task, sleep) = self else { return };
        if let Poll::Ready(outcome) = task.poll_result(cx) {
            *self = Self::Done(outcome.map_err(TaskError::Exited));
            return;
        }
        let is_late = sleep.as_mut().is_some_and(|sleep| Pin::new(sleep).poll(cx).is_ready());
        if let (true, Some(limit)) = (is_late, limit) {
            task.abort();
            *self = Self::Done(Err(TaskError::Timeout(limit)));
        }
    }
}

impl<I, F, Fut, T> Stream for AsyncStream<I, F, T>
where
    I: Iterator,
    F: FnMut(I::Item) -> Fut,
    Fut: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    type Item = Result<T, TaskError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Option<Self::Item>> {
        self.poll_result(cx)
    }
}

/// It holds nothing that must stay where it is.
impl<I: Iterator, F, T: Send + 'static> Unpin for AsyncStream<I, F, T> {}

impl<I: Iterator, F, T: Send + 'static> Drop for AsyncStream<I, F, T> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<I: Iterator, F, T: Send + 'static> fmt::Debug for AsyncStream<I, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncStream").field("tasks", &self.tasks.len()).finish_non_exhaustive()
    }
}
