//! The check by which long code gives way.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use crate::process::current;

/// Counts one reduction, and lets others run if the turn has none left: [`TURN_REDUCTIONS`], or the
/// work of [`TURN_TIME`]. What [`handlers`](crate::handlers) puts into the loops of async handlers;
/// by hand, for the loops that it does not see: in free functions, other methods, and `async`
/// blocks that are handed on.
///
/// It costs a nanosecond or two as long as it does not yield, so it may stand in any loop.
/// [`yield_now`](crate::yield_now) yields every time. In a simulation, which chooses itself where
/// turns end, and outside of processes it does nothing.
///
/// ```
/// use actor_core::{prelude::*, reduce};
///
/// async fn sum(numbers: &[u64]) -> u64 {
///     let mut sum = 0;
///     for number in numbers {
///         reduce().await;
///         sum += number;
///     }
///     sum
/// }
///
/// #[derive(Process)]
/// struct Ledger { entries: Vec<u64> }
/// #[handlers]
/// impl Ledger {
///     #[call]
///     async fn total(&self) -> u64 { sum(&self.entries).await }
/// }
/// # let rt = Runtime::new()?;
/// let ledger = rt.spawn(Ledger { entries: (1..=10_000).collect() })?;
/// assert_eq!(ledger.total().blocking()?, 50_005_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [`TURN_REDUCTIONS`]: crate::limits::TURN_REDUCTIONS
/// [`TURN_TIME`]: crate::limits::TURN_TIME
#[inline]
pub fn reduce() -> impl Future<Output = ()> + Send {
    Reduce { has_yielded: false }
}

struct Reduce {
    has_yielded: bool,
}

impl Future for Reduce {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // Once it has yielded it is done, though it be polled again in the same turn.
        if self.has_yielded || !current::reduce() {
            return Poll::Ready(());
        }
        self.has_yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
