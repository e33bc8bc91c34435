//! One child's part of a spec: who it is, how it starts, when it is restarted, how it is stopped.

use std::{any::TypeId, fmt, future::Future, sync::Arc, time::Duration};

use super::{
    backoff::Backoff,
    siblings::Siblings,
    spec::SpecError,
    starter::{StartChild, Starter},
    strategy::{AutoShutdown, Restart},
};
use crate::{
    actor::{ChildKind, Process, Start},
    exit::ExitReason,
};

/// How long a worker may take to stop unless its spec says otherwise.
const SHUTDOWN: Duration = Duration::from_secs(5);

const SIGNIFICANT_PERMANENT: &str =
    "is significant and permanent: it would be started again; make it transient or temporary";
const SIGNIFICANT_DYNAMIC: &str = "is significant and dynamic: only children of the spec, and \
     those added by `start_child`, can be significant";
const SIGNIFICANT_NEVER: &str = "is significant, but the supervisor's auto_shutdown is never: \
     set any_significant or all_significant";
const BACKOFF_TEMPORARY: &str =
    "has a backoff and is temporary: it is never started again; remove one of the two";
const BACKOFF_UNSOUND: &str =
    "has a backoff that begins with no time, or with more than its longest";
const PARTITIONS_DYNAMIC: &str = "is dynamic and has partitions: remove one of the two";
const PARTITIONS_ZERO: &str = "has no partitions at all: nobody would have a key";
const KEEP_TEMPORARY: &str = "keeps its mailbox and is temporary: there is no next process to \
     have it; remove one of the two";
const KEEP_SUPERVISOR: &str = "keeps its mailbox and is a supervisor: what its last process was \
     asked makes no sense to the next";
const MAX_OF_ONE: &str = "has max_children, which only a dynamic kind can have";

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
    pub(crate) significant: bool,
    pub(crate) backoff: Option<Backoff>,
    pub(crate) keep_mailbox: bool,
    /// Its many are found by key. Without a `count`, as many as there are workers.
    pub(crate) partitioned: bool,
    /// Of a dynamic kind: how many there may be.
    pub(crate) max_children: Option<usize>,
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
            significant: false,
            backoff: None,
            keep_mailbox: false,
            partitioned: false,
            max_children: None,
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

    /// So many children, as [`count`](Self::count) makes them, of which each has its share of some
    /// keys: OTP has this from Elixir's `PartitionSupervisor`. `None` is one for each worker of the
    /// runtime, and one in a simulation.
    /// [`SupervisorRef::partition`](super::SupervisorRef::partition) finds the one that
    /// has a key. 0 is refused.
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Ledger;
    /// # #[handlers] impl Ledger {}
    /// let child = ChildSpec::new("ledger", |_| async { Ok(Some(Ledger)) })
    ///     .partitions(4);
    /// let bank = SupervisorSpec::new("bank").child(child);
    /// assert!(bank.to_string().contains("ledger[4]"));
    /// assert!(bank.to_string().ends_with("shutdown 5s, partitions"));
    /// ```
    pub fn partitions(mut self, partitions: impl Into<Option<usize>>) -> Self {
        self.count = partitions.into();
        self.partitioned = true;
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

    /// Makes its end count for the supervisor's
    /// [`auto_shutdown`](super::SupervisorSpec::auto_shutdown), as in OTP: of a transient child an
    /// end that is not restarted (`Normal`, `Shutdown`, `ShutdownWith`), of a temporary one any
    /// end. What does not count: that it was terminated by hand, or stopped because of a sibling.
    ///
    /// A spec is refused if the child is permanent or dynamic, or the supervisor has no
    /// `auto_shutdown`.
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # use std::time::Duration;
    /// # #[derive(Process)] struct Ledger;
    /// # #[handlers] impl Ledger {}
    /// let import = ChildSpec::new("import", |_| async { Ok(Some(Ledger)) })
    ///     .restart(Restart::Transient)
    ///     .significant();
    /// let job = SupervisorSpec::new("job").child(import);
    /// assert!(job.validate().is_err());
    /// assert!(job.auto_shutdown(AutoShutdown::AnySignificant).validate().is_ok());
    /// ```
    pub fn significant(mut self) -> Self {
        self.significant = true;
        self
    }

    /// Lets it wait before each restart, longer each time: see [`Backoff`]. Without it a child is
    /// restarted at once, as in OTP.
    ///
    /// While it waits it is [`Restarting`](super::ChildStatus::Restarting), its siblings run, calls
    /// on its supervised refs wait and casts are kept, and the supervisor answers requests:
    /// `terminate_child` ends the wait. An attempt counts for the
    /// [`intensity`](super::SupervisorSpec::intensity) when it is made, not when the child ended:
    /// so waits that are longer than the period never lead to giving up. The strategy takes hold
    /// when the attempt is made, too: not before do siblings stop. A group that is restarted
    /// because of another child is restarted as a whole, and who waits waits no longer.
    ///
    /// The waits begin with the first again when the child ran for the longest of them, or was
    /// terminated by hand. Chance comes from [`Context::random`](crate::Context::random) of the
    /// supervisor. A spec is refused if the child is temporary.
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # use std::time::Duration;
    /// # #[derive(Process)] struct Ledger;
    /// # #[handlers] impl Ledger {}
    /// let child = ChildSpec::new("ledger", |_| async { Ok(Some(Ledger)) })
    ///     .backoff(Backoff::new(Duration::from_millis(100), Duration::from_secs(30)));
    /// let bank = SupervisorSpec::new("bank").child(child);
    /// assert!(bank.to_string().ends_with("permanent, shutdown 5s, backoff 100ms..30s"));
    /// ```
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = Some(backoff);
        self
    }

    /// Lets the next process of the child have the mailbox of the last. Without it, mail that has
    /// reached a process ends with it, as in OTP, and only what is sent in the restart gap to a
    /// supervised ref is kept. Message by message, when the process ends, however it does:
    ///
    /// | | |
    /// |---|---|
    /// | the one in whose handler it ended | not handled twice; a call fails with the reason |
    /// | calls whose reply it still owes | fail with the reason: their handlers have run |
    /// | casts and calls that wait | the next process handles them, in order; deadlines hold |
    /// | what a function process has not received | the next process finds it, in order |
    /// | messages to itself that wait | likewise: those of timers that had fired, `continue_with` |
    /// | timers that had not fired | end with it |
    /// | requests to stop, trapped exits, DOWNs | end with it, as its links and monitors do |
    /// | if it is not restarted | casts are dropped, calls fail with the reason |
    ///
    /// What was sent in the gap is handled after these. It makes no difference by which ref a
    /// message was sent. A message that ends every process
    /// that handles it ends one of them. What was kept counts as mail of the gap: with it, the
    /// bound of [`limits::GAP_MAIL`](crate::limits::GAP_MAIL) holds for what is sent in the gap.
    ///
    /// A spec is refused if the child is temporary or a supervisor.
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # use std::time::Duration;
    /// # #[derive(Process)] struct Ledger;
    /// # #[handlers] impl Ledger {}
    /// let child = ChildSpec::new("ledger", |_| async { Ok(Some(Ledger)) }).keep_mailbox();
    /// let bank = SupervisorSpec::new("bank").child(child);
    /// assert!(bank.to_string().ends_with("permanent, shutdown 5s, keep_mailbox"));
    /// ```
    pub fn keep_mailbox(mut self) -> Self {
        self.keep_mailbox = true;
        self
    }

    /// How many children of this dynamic kind there may be, those that are being restarted
    /// included; more are refused with [`StartError::MaxChildren`](crate::StartError::MaxChildren).
    /// Any number unless set. Only for a kind made by [`dynamic`](Self::dynamic).
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # use std::time::Duration;
    /// # #[derive(Process)] struct Ledger;
    /// # #[handlers] impl Ledger {}
    /// let kind = ChildSpec::dynamic::<Ledger>("ledger").max_children(100);
    /// let bank = SupervisorSpec::new("bank").child(kind);
    /// assert!(bank.to_string().ends_with("dynamic, max_children 100"));
    /// ```
    pub fn max_children(mut self, children: usize) -> Self {
        self.max_children = Some(children);
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

    /// A child that is started as one of a kind which the spec declares: what the kind says besides
    /// what is given with each start.
    pub(crate) fn declared_as(mut self, kind: &Self) -> Self {
        self.backoff = kind.backoff;
        self.keep_mailbox = kind.keep_mailbox;
        self
    }

    /// The same with a number of its own, if it is to be as many as there are workers.
    pub(crate) fn for_workers(mut self, workers: usize) -> Self {
        if self.partitioned {
            self.count.get_or_insert(workers.max(1));
        }
        self
    }

    /// Whether it can be a child of a supervisor that shuts down so.
    pub(crate) fn validate(&self, auto_shutdown: AutoShutdown) -> Result<(), SpecError> {
        if self.id.is_empty() {
            return Err(SpecError::EmptyId);
        }
        if self.count.is_some() && self.dynamic {
            return Err(SpecError::DynamicCount { id: self.id.to_string() });
        }
        let never_ends = self.restart == Restart::Permanent;
        let never_again = self.restart == Restart::Temporary;
        let unsound = self.backoff.is_some_and(|backoff| !backoff.is_sound());
        let rules = [
            (self.significant && never_ends, SIGNIFICANT_PERMANENT),
            (self.significant && self.dynamic, SIGNIFICANT_DYNAMIC),
            (self.significant && auto_shutdown == AutoShutdown::Never, SIGNIFICANT_NEVER),
            (self.backoff.is_some() && never_again, BACKOFF_TEMPORARY),
            (unsound, BACKOFF_UNSOUND),
            (self.max_children.is_some() && !self.dynamic, MAX_OF_ONE),
            (self.partitioned && self.dynamic, PARTITIONS_DYNAMIC),
            (self.partitioned && self.count == Some(0), PARTITIONS_ZERO),
            (self.keep_mailbox && never_again, KEEP_TEMPORARY),
            (self.keep_mailbox && self.is_supervisor(), KEEP_SUPERVISOR),
        ];
        match rules.into_iter().find(|(broken, _)| *broken) {
            Some((_, why)) => Err(SpecError::BadCombination { id: self.id.to_string(), why }),
            None => Ok(()),
        }
    }

    /// Whether it can be added to a running supervisor.
    pub(crate) fn validate_single(&self, auto_shutdown: AutoShutdown) -> Result<(), SpecError> {
        self.validate(auto_shutdown)?;
        let what = match (self.count, self.dynamic) {
            (None, false) => return Ok(()),
            (Some(_), _) => "counted",
            _ if self.partitioned => "counted",
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
            .field("significant", &self.significant)
            .field("backoff", &self.backoff)
            .field("keep_mailbox", &self.keep_mailbox)
            .field("partitioned", &self.partitioned)
            .field("max_children", &self.max_children)
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
