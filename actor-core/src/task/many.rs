//! Many tasks, one deadline.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
    time::Duration,
};

use super::{Task, TaskError};

/// Waits for all of these tasks, all together so long (Elixir's `await_many`), and answers in their
/// order. Who has no result by then has [`TaskError::Timeout`]; its task goes on, as with
/// [`Task::await_timeout`].
///
/// ```
/// use actor_core::{prelude::*, task::{Task, TaskError, await_many}};
/// # use std::time::Duration;
/// # let rt = Runtime::new()?;
/// # rt.run(async {
/// let quick = Task::spawn(async { 7 })?;
/// let endless = Task::spawn(std::future::pending())?;
/// let limit = Duration::from_millis(5);
/// let results = await_many([endless, quick], limit).await;
/// assert_eq!(results, [Err(TaskError::Timeout(limit)), Ok(7)]);
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn await_many<T: Send + 'static>(
    tasks: impl IntoIterator<Item = Task<T>>,
    limit: Duration,
) -> Vec<Result<T, TaskError>> {
    let mut tasks: Vec<_> = tasks.into_iter().collect();
    let mut sleep = tasks.first().map(|task| task.address.sleep(limit));
    let mut is_over = false;
    let mut results = Vec::with_capacity(tasks.len());
    // One after the other: the last of them is as late as all together.
    for task in &mut tasks {
        let result = poll_fn(|cx| {
            if let Poll::Ready(outcome) = task.poll_result(cx) {
                return Poll::Ready(outcome.map_err(TaskError::Exited));
            }
            if let Some(sleep) = sleep.as_mut().filter(|_| !is_over) {
                is_over = Pin::new(sleep).poll(cx).is_ready();
            }
            if is_over { Poll::Ready(Err(TaskError::Timeout(limit))) } else { Poll::Pending }
        });
        results.push(result.await);
    }
    results
}
