//! Applications: what a program is made of, started in the order of what needs what.
//!
//! An application is a supervision tree with a name, a configuration and the applications that it
//! depends on. One process, the *controller*, starts and stops them as OTP's does:
//!
//! 1. An application starts when all it depends on runs, else it is
//!    [`ApplicationError::NotStarted`] ([`ApplicationsRef::ensure_all_started`] starts those
//!    first). It is configured, its tree is started, and when that is up its phases run, in order.
//! 2. It stops by `prep_stop`, then its tree, then `stop` when that is dead.
//! 3. When a tree ends by itself, the application's [`RestartType`] says whether that is the end of
//!    all: of a permanent one always, of a transient one unless the reason is `normal`, of a
//!    temporary one never. Nothing is restarted: that is what the tree is for.
//! 4. At the end of all, the applications stop in the reverse order of their starts, within the
//!    time that [`Applications::shutdown`] gives to all of them together.
//!
//! [`derive(Application)`](macro@crate::Application) and
//! [`application`](macro@crate::application) write what an application is; the trait
//! [`Application`] has one by hand.
//!
//! The controller is the parent of the trees, traps exits, and does one thing at a time: while it
//! starts or stops an application, other requests wait. So code of an application that is being
//! started must not ask it for something. A panic in such code fails that start, and nothing else.

mod controller;
pub(crate) mod env;
mod reference;

use std::{fmt, future::Future};

pub use self::{
    controller::{ApplicationsMessage, ApplicationsReply, Controller},
    env::{ConfigError, Env},
    reference::{Applications, ApplicationsRef},
};
use crate::{
    actor::{AnyRef, Start},
    error::StartError,
    exit::ExitReason,
    pid::Pid,
};

/// How an application is started. Failover and takeover will be others: they need several nodes.
/// A child of the tree that is restarted sees no other: its arguments are those of the first start.
/// [`Application`] has the example.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartType {
    /// By a request.
    #[default]
    Normal,
}

/// What the end of an application means for the others. [`ApplicationsRef`] has the example.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RestartType {
    /// Its end, for whatever reason, is the end of all.
    Permanent,
    /// Its end is that of all unless the reason is [`ExitReason::Normal`]. (A supervisor that has
    /// given up ends by `Shutdown`, so that is of little use, as in OTP.)
    Transient,
    /// Its end is told, and that is all.
    #[default]
    Temporary,
}

/// A type whose value is read from an application's environment: the configuration of one.
/// [`derive(Application)`](macro@crate::Application) writes it. [`Application`] has the example.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no configuration that can be read",
    label = "what is it configured by?",
    note = "add `#[derive(Application)]`: its fields are the configuration, and it may have none"
)]
pub trait Configure: Sized {
    /// Reads it, at each start.
    ///
    /// # Errors
    /// A value that cannot be read; [`Env::get`] says which.
    fn configure(env: &Env) -> Result<Self, ConfigError>;
}

/// An application. The value is its configuration.
/// [`derive(Application)`](macro@crate::Application) and
/// [`application`](macro@crate::application) write this:
///
/// ```
/// use actor_core::{application::*, prelude::*};
/// # #[derive(Process)] struct Till { number: usize, open: bool }
/// # #[handlers] impl Till { #[cast] fn open(&mut self) { self.open = self.number == 0 } }
/// #[derive(Supervisor)]
/// struct ShopTree { tills: usize }
/// #[supervisor]
/// impl ShopTree {
///     #[child(count = self.tills)]
///     fn till(&self, index: usize) -> Till { Till { number: index, open: false } }
/// }
///
/// struct Shop { tills: usize }
/// impl Configure for Shop {
///     fn configure(env: &Env) -> Result<Self, ConfigError> {
///         Ok(Self { tills: env.get("tills", 2)? }) // SHOP_TILLS=3 overrides it
///     }
/// }
/// impl Application for Shop {
///     const NAME: &'static str = "shop";
///     const DEPENDENCIES: &'static [&'static str] = &["ledger"];
///     const PHASES: &'static [&'static str] = &["open"];
///     type Tree = ShopTree;
///
///     fn start(&self, _how: StartType) -> Result<ShopTree, ExitReason> {
///         Ok(ShopTree { tills: self.tills })
///     }
///     async fn start_phase(&self, phase: &str, shop: &ShopTreeRef) -> Result<(), ExitReason> {
///         assert_eq!(phase, "open");
///         shop.till(0).map_or(Ok(()), |till| till.open()).map_err(ExitReason::from)
///     }
/// }
/// assert_eq!(Shop::configure(&Env::of("shop"))?.tills, 2);
/// # Ok::<(), ConfigError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no application",
    label = "nothing says what it starts",
    note = "add `#[application] impl {Self} {{ #[start] fn start(&self) -> .. }}`"
)]
pub trait Application: Configure + Send + Sync + 'static {
    /// Its name.
    const NAME: &'static str;
    /// What must run before it starts.
    const DEPENDENCIES: &'static [&'static str] = &[];
    /// What is done after its tree is up, in this order, before its start is over.
    const PHASES: &'static [&'static str] = &[];
    /// What its end means for the others when [`ApplicationsRef::boot`] starts it; the default is a
    /// release's.
    const RESTART: RestartType = RestartType::Permanent;
    /// Its tree: a supervisor, as a rule.
    type Tree: Start<Ref: AnyRef>;

    /// The tree to be started.
    ///
    /// # Errors
    /// Why it cannot start.
    fn start(&self, how: StartType) -> Result<Self::Tree, ExitReason>;

    /// One of [`PHASES`](Self::PHASES).
    ///
    /// # Errors
    /// Why the start fails; the tree is stopped then.
    fn start_phase(
        &self,
        phase: &'static str,
        tree: &<Self::Tree as Start>::Ref,
    ) -> impl Future<Output = Result<(), ExitReason>> + Send {
        let _ = (phase, tree);
        async { Ok(()) }
    }

    /// It is about to be stopped; its tree runs still.
    fn prep_stop(&self, tree: &<Self::Tree as Start>::Ref) -> impl Future<Output = ()> + Send {
        let _ = tree;
        async {}
    }

    /// It has stopped: its tree is dead, by a request or by itself.
    fn stop(&self) -> impl Future<Output = ()> + Send {
        async {}
    }
}

/// Why an application was not started or stopped. [`ApplicationsRef`] has an example.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplicationError {
    /// There is no application of this name.
    #[error("not_loaded: there is no application {0:?}")]
    NotLoaded(String),
    /// It runs.
    #[error("already_started: {0}")]
    AlreadyStarted(String),
    /// It does not run; or, of a start, one that it depends on does not.
    #[error("not_started: {0}")]
    NotStarted(String),
    /// Applications depend on each other in a circle: this is one of them.
    #[error("{0} depends on itself, by way of others")]
    Circular(String),
    /// Its configuration cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Its start function failed.
    #[error("{application} did not start: {reason}")]
    Start {
        /// Which.
        application: String,
        /// Why.
        reason: ExitReason,
    },
    /// Its tree did not start.
    #[error("the tree of {application} did not start: {error}")]
    Tree {
        /// Whose.
        application: String,
        /// Why.
        error: StartError,
    },
    /// A phase failed; the tree was stopped again.
    #[error("{application} failed in its phase {phase:?}: {reason}")]
    Phase {
        /// Whose.
        application: String,
        /// Which.
        phase: &'static str,
        /// Why.
        reason: ExitReason,
    },
}

/// An application that runs. [`ApplicationsRef::which_applications`] has the example.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApplicationInfo {
    /// Its name.
    pub name: &'static str,
    /// What its end means.
    pub restart: RestartType,
    /// Its tree's uppermost process.
    pub pid: Pid,
}

impl fmt::Display for RestartType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permanent => "permanent",
            Self::Transient => "transient",
            Self::Temporary => "temporary",
        })
    }
}
