//! Exit reasons: why a process ended, in OTP's terms.
//!
//! A reason is plain, cheap to clone, and compares by value: it travels with links and monitors to
//! processes that know nothing of the one that ended, later also to other nodes. So an error is
//! kept as its text, not as its type.

mod text;

use std::{any::Any, error::Error, fmt, sync::Arc};

pub use text::Text;

/// Why a process ended; what links, monitors and supervisors hear.
///
/// OTP's rule for what a supervisor calls *normal* ([`is_normal`](Self::is_normal)) is `Normal`,
/// `Shutdown` and `ShutdownWith`; everything else is abnormal.
///
/// ```
/// use actor_core::ExitReason;
/// assert!(ExitReason::Shutdown.is_normal());
/// assert!(!ExitReason::Killed.is_normal());
/// assert_eq!(ExitReason::error("disk full").to_string(), "error: disk full");
/// ```
// A word says which: a smaller tag would be moved with what lies beside it, in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(usize)]
pub enum ExitReason {
    /// It had nothing left to do. Linked processes take no harm from it.
    Normal,
    /// It was asked to stop, in order.
    Shutdown,
    /// It was asked to stop, with a word why.
    ShutdownWith(Text),
    /// As an exit signal's reason: cannot be trapped. The victim's own reason is then `Killed`.
    Kill,
    /// It was killed.
    Killed,
    /// There is no such process: the answer to a link, monitor or call to a dead one.
    NoProc,
    /// The connection to it is lost; it may live on.
    NoConnection,
    /// A handler, hook or destructor panicked.
    Panic(Arc<PanicReport>),
    /// A handler, hook or start function ended with an error: its text, sources included. One
    /// whose error is an `ExitReason`, as it is or boxed by `?`, ended with that one instead.
    Error(Text),
    /// Anything else that a program wants to say.
    Other(Text),
}

/// What is known of a panic that ended a process: what [`ExitReason::Panic`] holds.
///
/// ```
/// use actor_core::prelude::*;
/// #[derive(Process)]
/// struct Clerk;
/// #[handlers]
/// impl Clerk {
///     #[cast] fn stumble(&mut self) { panic!("over a chair") }
/// }
/// # let rt = Runtime::new()?;
/// let clerk = rt.spawn(Clerk)?;
/// let closed = clerk.closed();
/// clerk.stumble()?;
/// let ExitReason::Panic(report) = closed.blocking() else { panic!("it panicked") };
/// assert_eq!((report.message.as_str(), report.process.as_str()), ("over a chair", "Clerk"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PanicReport {
    /// The panic's message; empty if its payload was no text.
    pub message: String,
    /// `file:line:column` of the panic, if the panic hook saw it.
    pub location: Option<String>,
    /// The type name of the process.
    pub process: String,
}

impl ExitReason {
    /// The reason for ending with `error`: its text.
    ///
    /// What a handler, hook or start function returns needs no call of it, and an `ExitReason`
    /// that it returns is kept as it is (OTP's `{stop, Reason}`).
    ///
    /// ```
    /// use actor_core::ExitReason;
    /// let error = "x".parse::<u32>().unwrap_err();
    /// assert_eq!(ExitReason::error(error).to_string(), "error: invalid digit found in string");
    /// ```
    ///
    /// In a handler or hook whose error it is, `?` makes it of a failed call, cast or start:
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Ledger;
    /// # #[handlers] impl Ledger { #[call] fn lines(&self) -> u64 { 7 } }
    /// # #[derive(Process)] struct Auditor { ledger: LedgerRef }
    /// #[handlers]
    /// impl Auditor {
    ///     #[init]
    ///     async fn look(&mut self) -> Result<(), ExitReason> {
    ///         let lines = self.ledger.lines().await?;
    ///         if lines > 0 { Ok(()) } else { Err(ExitReason::other("nothing to audit")) }
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// # let ledger = rt.spawn(Ledger)?;
    /// assert!(rt.block_on(rt.start(Auditor { ledger: ledger.clone() })).is_ok());
    /// ledger.kill();
    /// assert!(rt.block_on(rt.start(Auditor { ledger })).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn error(error: impl fmt::Display) -> Self {
        Self::Error(error.to_string().into())
    }

    /// The reason for ending with an error of unknown type: what it is if it is a reason, or one
    /// that `?` put in a box; else its text.
    pub(crate) fn of<E: fmt::Display + 'static>(error: E) -> Self {
        let any: &dyn Any = &error;
        let boxed = || -> Option<&Self> {
            if let Some(inner) = any.downcast_ref::<Box<dyn Error + Send + Sync>>() {
                inner.downcast_ref()
            } else if let Some(inner) = any.downcast_ref::<Box<dyn Error + Send>>() {
                inner.downcast_ref()
            } else {
                any.downcast_ref::<Box<dyn Error>>()?.downcast_ref()
            }
        };
        match any.downcast_ref().or_else(boxed) {
            Some(reason) => Self::clone(reason),
            None => Self::error(error),
        }
    }

    /// A reason of the program's own: abnormal, like every reason but the three of
    /// [`is_normal`](Self::is_normal).
    ///
    /// ```
    /// use actor_core::ExitReason;
    /// assert_eq!(ExitReason::other("bored").to_string(), "bored");
    /// assert!(!ExitReason::other("bored").is_normal());
    /// ```
    pub fn other(what: impl Into<Text>) -> Self {
        Self::Other(what.into())
    }

    /// Whether a supervisor takes this for a normal end: `Normal`, `Shutdown` or `ShutdownWith`.
    ///
    /// ```
    /// use actor_core::ExitReason;
    /// assert!(ExitReason::ShutdownWith("for the night".into()).is_normal());
    /// assert!(!ExitReason::NoProc.is_normal());
    /// ```
    pub fn is_normal(&self) -> bool {
        matches!(self, Self::Normal | Self::Shutdown | Self::ShutdownWith(_))
    }

    /// Whether this is a panic with exactly this message: for tests.
    ///
    /// ```
    /// use actor_core::ExitReason;
    /// assert!(!ExitReason::error("over a chair").is_panic("over a chair"));
    /// ```
    pub fn is_panic(&self, message: &str) -> bool {
        matches!(self, Self::Panic(report) if report.message == message)
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal => f.write_str("normal"),
            Self::Shutdown => f.write_str("shutdown"),
            Self::ShutdownWith(why) => write!(f, "shutdown: {why}"),
            Self::Kill => f.write_str("kill"),
            Self::Killed => f.write_str("killed"),
            Self::NoProc => f.write_str("noproc"),
            Self::NoConnection => f.write_str("noconnection"),
            Self::Panic(report) => write!(f, "{report}"),
            Self::Error(error) => write!(f, "error: {error}"),
            Self::Other(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for ExitReason {}

impl fmt::Display for PanicReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "panic in {}: {}", self.process, self.message)?;
        match &self.location {
            Some(location) => write!(f, " at {location}"),
            None => Ok(()),
        }
    }
}

/// What an exit signal does to the process that receives it.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum ExitEffect {
    /// Nothing.
    Ignore,
    /// It becomes a message at the end of the queue.
    Trap,
    /// The process ends with this reason.
    Die(ExitReason),
}

/// The propagation rule (OTP's "Receiving Exit Signals"): `linked` says that the signal came by a
/// link and not by an explicit exit, `to_self` that sender and receiver are one.
pub(crate) fn receive_exit(
    reason: &ExitReason,
    linked: bool,
    to_self: bool,
    trapping: bool,
) -> ExitEffect {
    match reason {
        // A link carries `kill` as any other reason; only an explicit signal cannot be trapped.
        ExitReason::Kill if !linked => ExitEffect::Die(ExitReason::Killed),
        _ if trapping => ExitEffect::Trap,
        ExitReason::Normal if !to_self => ExitEffect::Ignore,
        reason => ExitEffect::Die(reason.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_is_a_reason_is_that_reason_in_whatever_box() {
        let reason = || ExitReason::ShutdownWith("for the night".into());
        assert_eq!(ExitReason::of(reason()), reason());
        assert_eq!(ExitReason::of(Box::<dyn Error>::from(reason())), reason());
        assert_eq!(ExitReason::of(Box::<dyn Error + Send + Sync>::from(reason())), reason());
        let boxed: Box<dyn Error + Send> = Box::new(reason());
        assert_eq!(ExitReason::of(boxed), reason());
        let other = Box::<dyn Error>::from("for the night");
        assert_eq!(ExitReason::of(other), ExitReason::error("for the night"));
        assert_eq!(ExitReason::of("no"), ExitReason::error("no"));
    }

    #[test]
    fn the_propagation_rule_is_otps() {
        use ExitEffect::{Die, Ignore, Trap};
        use ExitReason::{Kill, Killed, Normal, Shutdown};
        let check = |reason: &ExitReason, linked, to_self, trapping, effect| {
            assert_eq!(receive_exit(reason, linked, to_self, trapping), effect);
        };
        check(&Normal, true, false, false, Ignore);
        check(&Normal, true, false, true, Trap);
        check(&Normal, false, false, false, Ignore);
        check(&Normal, false, true, false, Die(Normal));
        check(&Shutdown, true, false, false, Die(Shutdown));
        check(&Shutdown, false, false, true, Trap);
        check(&Kill, false, false, true, Die(Killed));
        check(&Kill, false, false, false, Die(Killed));
        check(&Kill, true, false, true, Trap);
        check(&Kill, true, false, false, Die(Kill));
    }
}
