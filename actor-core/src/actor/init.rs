//! What `#[init]` may say besides an error.

use super::{Context, Server};
use crate::{exit::ExitReason, process::current};

/// How an `#[init]` ended that did not fail: what it returns, as it is or in a `Result`. An
/// `#[init]` that returns nothing is `Ready`.
///
/// ```
/// use actor_core::{Init, StartError, prelude::*};
///
/// #[derive(Process)]
/// struct Audit { enabled: bool }
///
/// #[handlers]
/// impl Audit {
///     #[init]
///     fn begin(&mut self) -> Init {
///         if self.enabled { Init::Ready } else { Init::Ignore }
///     }
/// }
///
/// # let rt = Runtime::new()?;
/// assert!(rt.block_on(rt.start(Audit { enabled: true })).is_ok());
/// let ignored = rt.block_on(rt.start(Audit { enabled: false }));
/// assert_eq!(ignored.unwrap_err(), StartError::Ignored);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Init {
    /// It handles messages from now on.
    #[default]
    Ready,
    /// It chose not to start, and that is no error (OTP's `ignore`): the process ends normally,
    /// without `#[terminate]`; its start answers [`StartError::Ignored`](crate::StartError).
    Ignore,
}

impl<P: Server> Context<P> {
    /// In an `init` by hand: the error to return for [`Init::Ignore`], which has the example for
    /// all others. Elsewhere it has no meaning.
    #[must_use = "`init` returns it"]
    pub fn ignore(&mut self) -> ExitReason {
        self.running().ignore();
        ExitReason::Normal
    }
}

/// The same in the `init` of the running process.
pub(crate) fn ignore() -> ExitReason {
    if let Some(running) = current::running() {
        running.ignore();
    }
    ExitReason::Normal
}
