//! One child's part of a spec: who it is, how it starts, when it is restarted, how it is stopped.

use std::{any::TypeId, fmt, future::Future, sync::Arc, time::Duration};

use super::{
    siblings::Siblings,
    spec::SpecError,
    starter::{StartChild, Starter},
    strategy::Restart,
};
use crate::{
    actor::{ChildKind, Process, Start},
    exit::ExitReason,
};

/// How long a worker may take to stop unless its spec says otherwise.
const SHUTDOWN: Duration = Duration::from_secs(5);

/// How a supervisor stops a child.
///
/// ```
/// use actor_core::supervisor::Shutdown;
/// assert_eq!(Shutdown::BrutalKill.to_string(), "brutal_kill");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shutdown {
    /// Kill it at once; its `terminate` does not run.
    BrutalKill,
    /// Ask it with `Shutdown`, wait this long, then kill it. Zero kills right after asking.
    After(Duration),
    /// Ask it with `Shutdown` and wait for ever. The default for supervisors, whose own children
    /// need their time.
    Infinity,
}

impl Shutdown {
    /// The default for that kind of child, OTP's: five seconds for a worker, any time for a
    /// supervisor.
    ///
    /// ```
    /// use actor_core::{ChildKind, supervisor::Shutdown};
    /// use std::time::Duration;
    /// assert_eq!(Shutdown::of(ChildKind::Worker), Shutdown::After(Duration::from_secs(5)));
    /// ```
    pub const fn of(kind: ChildKind) -> Self {
        match kind {
            ChildKind::Worker => Self::After(SHUTDOWN),
            ChildKind::Supervisor => Self::Infinity,
        }
    }
}

/// How to start one child, and what to do when it ends.
///
/// Defaults as in OTP: permanent; five seconds to stop for a worker, any time for a supervisor.
///
/// ```
/// use std::time::Duration;
/// use actor_core::supervisor::{ChildSpec, Restart, Shutdown};
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Ledger;
/// # #[handlers] impl Ledger {}
/// let spec = ChildSpec::new("ledger", |_| async { Ok(Some(Ledger)) })
///     .restart(Restart::Transient)
///     .shutdown(Shutdown::After(Duration::from_secs(10)));
/// assert_eq!(spec.id(), "ledger");
/// ```
#[derive(Clone)]
#[must_use]
pub struct ChildSpec {
    id: Arc<str>,
    pub(crate) type_name: &'static str,
    /// The type of the process, so that no ref of another type is made for it.
    pub(crate) process: TypeId,
    /// How many messages its mailbox holds, and so how many are kept for it in a gap.
    pub(crate) mailbox: usize,
    kind: ChildKind,
    pub(crate) restart: Restart,
    pub(crate) shutdown: Shutdown,
    /// So many separate children, `id[0]`, `id[1]`, ...
    pub(crate) count: Option<usize>,
    /// Started one by one later, `id#1`, `id#2`, ...; none at first.
    pub(crate) dynamic: bool,
    pub(crate) optional: bool,
    /// None for a dynamic kind, whose instances bring their own.
    pub(crate) starter: Option<Arc<dyn StartChild>>,
}

impl ChildSpec {
    /// A child whose state is made by `make`, inside the child's own process, at the first start
    /// and at every restart. `Ok(None)` is OTP's `ignore`: the child is kept without a process.
    /// An `Err` or a panic is its start failure.
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Ledger;
    /// # #[handlers] impl Ledger {}
    /// let child = ChildSpec::new("ledger", |_| async { Ok(Some(Ledger)) });
    /// let bank = SupervisorSpec::new("bank").child(child);
    /// assert!(bank.to_string().ends_with("ledger  Ledger  permanent, shutdown 5s"));
    /// ```
    pub fn new<S, F, Fut>(id: impl Into<String>, make: F) -> Self
    where
        S: Start,
        F: Fn(Siblings) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<S>, ExitReason>> + Send + 'static,
    {
        let starter = Arc::new(Starter::new(make));
        Self { starter: Some(starter), ..Self::of::<S>(id.into()) }
    }

    /// A kind of child that is started later, any number of times
    /// ([`SupervisorRef::start_dynamic`](super::SupervisorRef::start_dynamic)). In a spec it starts
    /// nothing: it is there to be drawn and to keep its id from others.
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Ledger;
    /// # #[handlers] impl Ledger {}
    /// let child = ChildSpec::dynamic::<Ledger>("ledger");
    /// let bank = SupervisorSpec::new("bank").child(child);
    /// assert!(bank.to_string().ends_with("ledger#  Ledger  permanent, shutdown 5s, dynamic"));
    /// ```
    pub fn dynamic<S: Start>(id: impl Into<String>) -> Self {
        Self { dynamic: true, ..Self::of::<S>(id.into()) }
    }

    fn of<S: Start>(id: String) -> Self {
        let supervisor = matches!(S::KIND, ChildKind::Supervisor);
        let worker_name = <S::Process as Process>::NAME;
        Self {
            id: id.into(),
            type_name: if supervisor { short_name::<S>() } else { worker_name },
            process: TypeId::of::<S::Process>(),
            mailbox: <S::Process as Process>::options().mailbox,
            kind: S::KIND,
            restart: Restart::default(),
            shutdown: if supervisor { Shutdown::Infinity } else { Shutdown::After(SHUTDOWN) },
            count: None,
            dynamic: false,
            optional: false,
            starter: None,
        }
    }

    /// When it is started again after it ended; [`Restart::Permanent`] unless set.
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Ledger;
    /// # #[handlers] impl Ledger {}
    /// let child = ChildSpec::new("ledger", |_| async { Ok(Some(Ledger)) })
    ///     .restart(Restart::Temporary);
    /// let bank = SupervisorSpec::new("bank").child(child);
    /// assert!(bank.to_string().ends_with("temporary, shutdown 5s"));
    /// ```
    pub fn restart(mut self, restart: Restart) -> Self {
        self.restart = restart;
        self
    }

    /// How it is stopped; [`Shutdown::of`] its kind unless set.
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Ledger;
    /// # #[handlers] impl Ledger {}
    /// let child = ChildSpec::new("ledger", |_| async { Ok(Some(Ledger)) })
    ///     .shutdown(Shutdown::BrutalKill);
    /// let bank = SupervisorSpec::new("bank").child(child);
    /// assert!(bank.to_string().ends_with("permanent, brutal_kill"));
    /// ```
    pub fn shutdown(mut self, shutdown: Shutdown) -> Self {
        self.shutdown = shutdown;
        self
    }

    /// So many children of this kind, each on its own: with the ids `id[0]`, `id[1]`, ..., and
    /// [`Siblings::index`] telling `make` which one it makes. 0 is none.
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Ledger;
    /// # #[handlers] impl Ledger {}
    /// let child = ChildSpec::new("ledger", |_| async { Ok(Some(Ledger)) })
    ///     .count(4);
    /// let bank = SupervisorSpec::new("bank").child(child);
    /// assert!(bank.to_string().ends_with("ledger[4]  Ledger  permanent, shutdown 5s"));
    /// ```
    pub fn count(mut self, count: usize) -> Self {
        self.count = Some(count);
        self
    }

    /// Says that `make` may answer `Ok(None)`; drawn, and checked by nobody.
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Ledger;
    /// # #[handlers] impl Ledger {}
    /// let make = |_| async { Ok(None::<Ledger>) };
    /// let child = ChildSpec::new("ledger", make).optional();
    /// let bank = SupervisorSpec::new("bank").child(child);
    /// assert!(bank.to_string().ends_with("shutdown 5s, optional"));
    /// ```
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The id, without a number. The [type's example](Self) uses it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether the child is itself a supervisor.
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::ChildSpec};
    /// # #[derive(Process)] struct Ledger;
    /// # #[handlers] impl Ledger {}
    /// assert!(!ChildSpec::dynamic::<Ledger>("ledger").is_supervisor());
    /// ```
    pub fn is_supervisor(&self) -> bool {
        matches!(self.kind, ChildKind::Supervisor)
    }

    pub(crate) fn shared_id(&self) -> Arc<str> {
        Arc::clone(&self.id)
    }

    pub(crate) fn kind(&self) -> ChildKind {
        self.kind
    }

    pub(crate) fn with_id(mut self, id: Arc<str>) -> Self {
        self.id = id;
        self
    }

    /// The ids of its children beside the bare one.
    pub(crate) fn numbered_ids(&self) -> impl Iterator<Item = String> {
        (0..self.count.unwrap_or(0)).map(|index| numbered(&self.id, index))
    }

    /// The numbers of its children: one without a number, or 0, 1, ...
    pub(crate) fn indices(&self) -> impl Iterator<Item = Option<usize>> + use<> {
        let one = (self.count.is_none() && !self.dynamic).then_some(None);
        one.into_iter().chain((0..self.count.unwrap_or(0)).map(Some))
    }

    pub(crate) fn validate(&self) -> Result<(), SpecError> {
        match self.count {
            _ if self.id.is_empty() => Err(SpecError::EmptyId),
            Some(_) if self.dynamic => Err(SpecError::DynamicCount { id: self.id.to_string() }),
            _ => Ok(()),
        }
    }

    /// Whether it can be added to a running supervisor.
    pub(crate) fn validate_single(&self) -> Result<(), SpecError> {
        self.validate()?;
        let what = match (self.count, self.dynamic) {
            (None, false) => return Ok(()),
            (Some(_), _) => "counted",
            (None, true) => "dynamic",
        };
        Err(SpecError::NotSingle { id: self.id.to_string(), what })
    }
}

/// The id of one of a counted child's processes.
pub(crate) fn numbered(id: &str, index: usize) -> String {
    format!("{id}[{index}]")
}

/// A type's name without its path and parameters.
fn short_name<T>() -> &'static str {
    let name = std::any::type_name::<T>();
    let plain = name.split_once('<').map_or(name, |(plain, _)| plain);
    plain.rsplit_once("::").map_or(plain, |(_, last)| last)
}

impl fmt::Debug for ChildSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildSpec")
            .field("id", &self.id)
            .field("process", &self.type_name)
            .field("restart", &self.restart)
            .field("shutdown", &self.shutdown)
            .field("count", &self.count)
            .field("dynamic", &self.dynamic)
            .field("optional", &self.optional)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permanent => "permanent",
            Self::Transient => "transient",
            Self::Temporary => "temporary",
        })
    }
}

impl fmt::Display for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BrutalKill => f.write_str("brutal_kill"),
            Self::After(time) => write!(f, "shutdown {time:?}"),
            Self::Infinity => f.write_str("shutdown infinity"),
        }
    }
}
