//! Two things whose type is forgotten without a box: a call under way as its deadline sees it, and
//! a call as its caller holds it. A box of the standard library would be two more allocations in
//! each call.

#![allow(unsafe_code, reason = "the standard library forgets the types of its own boxes only")]

use std::{
    fmt,
    ops::{Deref, DerefMut},
    ptr::NonNull,
    task::{Context, Poll},
    time::Duration,
};

use super::reply::Line;
use crate::{
    error::CallFailure,
    oneshot::Ticket,
    pool::{Counted, Pooled},
};

/// A call as its deadline sees it.
pub(crate) trait Expire: Send + Sync {
    /// Whether an answer is still wanted.
    fn is_waiting(&self) -> bool;
    /// The deadline is armed. False: the call is over, and it is to be disarmed.
    fn arm(&self, ticket: Ticket) -> bool;
    /// The time is up.
    fn expire(&self, after: Duration);
}

impl<R: Send + 'static> Expire for Line<R> {
    fn is_waiting(&self) -> bool {
        self.slot().is_waiting()
    }

    fn arm(&self, ticket: Ticket) -> bool {
        self.slot().arm(ticket)
    }

    fn expire(&self, after: Duration) {
        self.slot().complete(Err(CallFailure::Timeout(after)));
    }
}

/// See [`Expire`].
pub(crate) struct Expiring(Counted<dyn Expire>);

impl Expiring {
    pub(crate) fn new<R: Send + 'static>(line: Counted<Line<R>>) -> Self {
        // SAFETY: the function is the coercion alone.
        Self(unsafe { line.unsize(|line| line as NonNull<_>) })
    }
}

impl Expiring {
    /// Another owner.
    pub(crate) fn share(&self) -> Self {
        Self(self.0.clone())
    }
}

impl Deref for Expiring {
    type Target = dyn Expire;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

/// A call as its caller holds it, whose message type is forgotten.
pub(crate) trait Errand<T, E>: Send {
    /// How long to wait; `None` is for ever.
    fn set_timeout(&mut self, timeout: Option<Duration>);
    /// Sends the message, once.
    fn send(&mut self);
    /// Sends it if need be, and looks for the answer.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, E>>;
}

/// See [`Errand`].
pub(crate) struct ErasedCall<T, E>(Pooled<dyn Errand<T, E>>);

impl<T, E> ErasedCall<T, E> {
    /// Of what `make` makes, in its place; see [`Pooled::with`].
    #[inline(always)]
    pub(crate) fn with<C: Errand<T, E> + 'static>(make: impl FnOnce() -> C) -> Self {
        let raw: NonNull<dyn Errand<T, E>> = Pooled::with(make).into_raw();
        // SAFETY: let go of in the line before; the type is forgotten, the value is the same.
        Self(unsafe { Pooled::from_raw(raw) })
    }
}

impl<T, E> Deref for ErasedCall<T, E> {
    type Target = dyn Errand<T, E>;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl<T, E> DerefMut for ErasedCall<T, E> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut *self.0
    }
}

impl<T, E> fmt::Debug for ErasedCall<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ErasedCall")
    }
}
