//! What the function of a function process may return.

use crate::exit::ExitReason;

/// What the function of a [function process](crate::FnProcess) may return: `()`, the reason itself,
/// a `Result` whose error becomes one, or nothing ever.
///
/// ```
/// use actor_core::{ExitReason, IntoExit, SendError};
/// assert_eq!(().into_exit(), ExitReason::Normal);
/// assert_eq!(Ok::<(), ExitReason>(()).into_exit(), ExitReason::Normal);
/// assert_eq!(Err::<(), _>(ExitReason::other("bored")).into_exit(), ExitReason::other("bored"));
/// let failed: Result<(), SendError> = Err(SendError::NoProc);
/// assert_eq!(failed.into_exit(), ExitReason::error(SendError::NoProc));
/// ```
#[diagnostic::on_unimplemented(
    message = "a function process cannot end with `{Self}`",
    note = "it returns `()`, an `ExitReason`, or a `Result<(), E>` whose error is or becomes one; \
            `.map_err(ExitReason::error)` makes a reason of any error"
)]
pub trait IntoExit {
    /// Why the process ends. The [trait's example](Self) uses it.
    fn into_exit(self) -> ExitReason;
}

impl IntoExit for () {
    fn into_exit(self) -> ExitReason {
        ExitReason::Normal
    }
}

impl IntoExit for ExitReason {
    fn into_exit(self) -> ExitReason {
        self
    }
}

impl<E: Into<ExitReason>> IntoExit for Result<(), E> {
    fn into_exit(self) -> ExitReason {
        match self {
            Ok(()) => ExitReason::Normal,
            Err(error) => error.into(),
        }
    }
}

/// The way to name the type of what never returns.
#[doc(hidden)]
pub trait Returns {
    type Output;
}

impl<T> Returns for fn() -> T {
    type Output = T;
}

impl IntoExit for <fn() -> ! as Returns>::Output {
    fn into_exit(self) -> ExitReason {
        self
    }
}
