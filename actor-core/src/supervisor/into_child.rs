//! What a child's start function may return.

use std::fmt;

use crate::{actor::Start, exit::ExitReason};

/// Anything that is a child, may be one, or failed to become one: `S`, `Option<S>`,
/// `Result<S, E>`, and these nested.
///
/// ```
/// use actor_core::{ExitReason, supervisor::IntoChild};
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Audit;
/// # #[handlers] impl Audit {}
/// let ignored: Option<Audit> = None;
/// assert!(matches!(ignored.into_child(), Ok(None)));
/// let failed: Result<Audit, &str> = Err("no such file");
/// assert!(matches!(failed.into_child(), Err(ExitReason::Error(_))));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no child",
    note = "a child method returns a process or a supervisor, or a `Result` or an `Option` of it"
)]
pub trait IntoChild {
    /// The child's type.
    type Child: Start;

    /// The child; `Ok(None)` is OTP's `ignore`. The [trait's example](Self) uses it.
    ///
    /// # Errors
    /// Why it cannot start.
    fn into_child(self) -> Result<Option<Self::Child>, ExitReason>;
}

impl<S: Start> IntoChild for S {
    type Child = S;

    fn into_child(self) -> Result<Option<S>, ExitReason> {
        Ok(Some(self))
    }
}

impl<C: IntoChild> IntoChild for Option<C> {
    type Child = C::Child;

    fn into_child(self) -> Result<Option<C::Child>, ExitReason> {
        self.map_or(Ok(None), C::into_child)
    }
}

impl<C: IntoChild, E: fmt::Display + 'static> IntoChild for Result<C, E> {
    type Child = C::Child;

    fn into_child(self) -> Result<Option<C::Child>, ExitReason> {
        self.map_err(ExitReason::of)?.into_child()
    }
}
