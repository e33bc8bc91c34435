//! What a process is in the middle of, and how that goes on: one poll at a time, contained.

use std::{
    mem,
    pin::Pin,
    task::{Context as TaskContext, Poll},
};

use super::{
    contain::contain,
    current,
    extras::{Activity, Extras, Make},
    header::Running,
    state::Phase,
};
use crate::exit::ExitReason;

impl Extras {
    /// Whether something is in mid-await.
    pub(super) fn is_pending(&self) -> bool {
        !matches!(self.activity, Activity::Idle)
    }

    /// Whether it waits for mail, and for nothing else.
    pub(super) fn waits_for_mail(&self) -> bool {
        !self.is_pending() || self.letters.as_ref().is_some_and(|letters| letters.is_awaited())
    }

    pub(super) fn is_function(&self) -> bool {
        matches!(self.activity, Activity::Function(_))
    }

    /// What it is in the middle of, and how it was to begin; most processes are in nothing.
    pub(crate) fn take_pending(&mut self) -> Option<(Activity, Option<Make>)> {
        let is_nothing = !self.is_pending() && self.make.is_none();
        (!is_nothing).then(|| (self.begin(), self.make.take()))
    }

    pub(crate) fn begin(&mut self) -> Activity {
        mem::replace(&mut self.activity, Activity::Idle)
    }
}

impl Running {
    /// Ends the process with this reason when the handler that runs is done. The last reason
    /// stands.
    pub(crate) fn stop_later(&self, reason: ExitReason) {
        if let Some(_acting) = current::act(self.raw()) {
            self.state().set_stopping();
        }
        // `Normal` needs no note, and so no memory.
        let replaced = match reason {
            ExitReason::Normal => self.extras_if_any(|extras| extras.stop.take()).flatten(),
            other => self.extras(|extras| extras.stop.replace(other)),
        };
        drop(replaced);
    }

    /// Whether it is in no handler, hook or start function; or in a function that waits for mail.
    pub(crate) fn is_waiting_for_mail(&self) -> bool {
        self.extras_if_any(|extras| extras.waits_for_mail()).unwrap_or(true)
    }

    /// Whether the state can be looked at: it is there, and no handler borrows it.
    pub(super) fn is_quiet(&self) -> bool {
        self.state().phase() == Phase::Running
            && !self.extras_if_any(|extras| extras.is_pending()).unwrap_or(false)
    }
}

/// What a poll came to.
pub(super) enum Polled<T> {
    /// The future is where it was.
    Waits,
    Done(T),
    Failed(ExitReason),
}

/// Polls once, contained; a future that is done or has panicked is dropped, contained too. There is
/// one: an option, so that what waits stays where it is.
#[inline]
pub(super) fn poll<F: Future + Unpin>(
    running: &Running,
    place: &mut Option<F>,
) -> Polled<F::Output> {
    let Some(future) = place else { unreachable!("it is polled once more after its end") };
    let waker = running.borrowed_waker();
    let mut cx = TaskContext::from_waker(&waker);
    // Beside the answer: to wrap it would be to move it.
    let mut polled = Poll::Pending;
    match contain(running, || polled = Pin::new(future).poll(&mut cx)) {
        Ok(()) => {}
        Err(reason) => {
            let _ = contain(running, || drop(polled));
            let _ = contain(running, || *place = None);
            return Polled::Failed(reason);
        }
    }
    match polled {
        Poll::Pending => Polled::Waits,
        Poll::Ready(value) => match contain(running, || drop(place.take())) {
            Ok(()) => Polled::Done(value),
            Err(reason) => {
                let _ = contain(running, || drop(value));
                Polled::Failed(reason)
            }
        },
    }
}
