//! One poll of what is pending, contained.

use std::{
    pin::Pin,
    task::{Context as TaskContext, Poll},
};

use super::{Running, contain};
use crate::exit::ExitReason;

/// What it came to.
pub(super) enum Polled<F, T> {
    Waits(F),
    Done(T),
    Failed(ExitReason),
}

/// Polls once, contained; a future that is done or has panicked is dropped, contained too.
pub(super) fn poll<F: Future + Unpin>(running: &Running, mut future: F) -> Polled<F, F::Output> {
    let waker = running.borrowed_waker();
    let mut cx = TaskContext::from_waker(&waker);
    let polled = contain(running, || Pin::new(&mut future).poll(&mut cx));
    match polled {
        Ok(Poll::Pending) => Polled::Waits(future),
        Ok(Poll::Ready(value)) => match contain(running, || drop(future)) {
            Ok(()) => Polled::Done(value),
            Err(reason) => Polled::Failed(reason),
        },
        Err(reason) => {
            let _ = contain(running, || drop(future));
            Polled::Failed(reason)
        }
    }
}
