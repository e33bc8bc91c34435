//! Time as a process sees it: sleeps, bounds on futures, and the shortest wait of all, a yield
//! (`timers` has the messages that come later).

use std::{
    fmt,
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll, Waker},
    time::Duration,
};

use super::timers::granted;
use crate::{
    runtime::{self, Core},
    timer::{Action, TimerId},
};

/// A wait of some time: the future of [`Context::sleep`](crate::Context::sleep), which has the
/// example. Dropping it disarms its timer.
#[must_use = "a sleep does nothing unless awaited"]
pub struct Sleep {
    core: Arc<Core>,
    deadline: u64,
    armed: Option<(TimerId, Waker)>,
}

impl Sleep {
    pub(super) fn new(core: Arc<Core>, delay: Duration) -> Self {
        let deadline = core.after(delay);
        Self { core, deadline, armed: None }
    }

    fn disarm(&mut self) {
        if let Some((id, _)) = self.armed.take() {
            self.core.timers.cancel(id);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        if self.core.now() >= self.deadline {
            self.disarm();
            return Poll::Ready(());
        }
        if self.armed.as_ref().is_none_or(|(_, waker)| !waker.will_wake(cx.waker())) {
            self.disarm();
            let waker = cx.waker().clone();
            let id = granted(self.core.try_arm(self.deadline, Action::Wake(waker.clone())));
            self.armed = Some((id, waker));
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.disarm();
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sleep")
    }
}

/// Resolves after some time, never early, by the runtime of this thread: what
/// [`Context::sleep`](crate::Context::sleep) is inside a handler. Virtual in a simulation.
///
/// # Panics
/// Where there is no runtime: see [`StartError::NoRuntime`](crate::StartError::NoRuntime).
///
/// ```
/// use std::time::{Duration, Instant};
/// let before = Instant::now();
/// actor_core::Runtime::new()?.block_on(async {
///     actor_core::sleep(Duration::from_millis(2)).await;
/// });
/// assert!(before.elapsed() >= Duration::from_millis(2));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn sleep(delay: Duration) -> Sleep {
    let core = runtime::current().expect(
        "no runtime here: use `#[actor_core::main]` or `Runtime::enter`, or `Context::sleep`",
    );
    Sleep::new(core, delay)
}

/// Lets others run first: at this point of a long handler a kill takes effect, and whoever else is
/// ready gets a turn. The process's own next message still waits for the end of the handler.
///
/// Works on any executor.
///
/// ```
/// use actor_core::{prelude::*, yield_now};
///
/// #[derive(Process)]
/// struct Summer;
/// #[handlers]
/// impl Summer {
///     #[call]
///     async fn sum(&self, to: u64) -> u64 {
///         let mut sum = 0;
///         for number in 1..=to {
///             sum += number;
///             if number.is_multiple_of(1_000) {
///                 yield_now().await;
///             }
///         }
///         sum
///     }
/// }
/// # let rt = Runtime::new()?;
/// assert_eq!(rt.spawn(Summer)?.sum(10_000).blocking()?, 50_005_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn yield_now() {
    let mut is_back = false;
    poll_fn(|cx| {
        if mem::replace(&mut is_back, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The bound of [`Context::timeout`](crate::Context::timeout) has passed; which one it was.
///
/// ```
/// use actor_core::Elapsed;
/// use std::time::Duration;
/// assert_eq!(Elapsed(Duration::from_secs(5)).to_string(), "not done within 5s");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not done within {0:?}")]
pub struct Elapsed(pub Duration);

/// A future with a bound on its time: the future of [`Context::timeout`](crate::Context::timeout),
/// which has the example.
#[must_use = "a future does nothing unless awaited"]
pub struct Timeout<F> {
    future: Pin<Box<F>>,
    sleep: Sleep,
    limit: Duration,
}

impl<F: Future> Timeout<F> {
    pub(super) fn new(core: Arc<Core>, limit: Duration, future: F) -> Self {
        Self { future: Box::pin(future), sleep: Sleep::new(core, limit), limit }
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = self.future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        Pin::new(&mut self.sleep).poll(cx).map(|()| Err(Elapsed(self.limit)))
    }
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout").field("limit", &self.limit).finish_non_exhaustive()
    }
}
