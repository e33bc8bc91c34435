//! What a supervisor is told: its flags and its children, in start order.
//!
//! A spec is plain, cheap to clone, and can be drawn and checked without running anything. It is
//! the one input of a supervisor, whether the macros wrote it or a hand did. The defaults are
//! OTP's.

use std::any::Any;
use std::{collections::HashSet, fmt, sync::Arc, time::Duration};

use super::{
    child::{ChildSpec, numbered},
    draw::{Drawing, Row},
    strategy::{AutoShutdown, Strategy},
};

/// Restarts within the period before a supervisor gives up, unless it says otherwise.
const INTENSITY: u32 = 1;

/// The period, unless it says otherwise.
const PERIOD: Duration = Duration::from_secs(5);

/// A supervision tree of one level, as data: flags and children.
///
/// Its `Display` draws it. A child that is itself a supervisor appears as one line: its own
/// children are known when it runs (`SupervisorRef::tree`).
///
/// ```
/// use std::time::Duration;
/// use actor_core::supervisor::{ChildSpec, Restart, Strategy, SupervisorSpec};
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Ledger;
/// # #[handlers] impl Ledger {}
/// # #[derive(Process)] struct Shard;
/// # #[handlers] impl Shard {}
/// let spec = SupervisorSpec::new("bank")
///     .strategy(Strategy::RestForOne)
///     .intensity(3)
///     .child(
///         ChildSpec::new("ledger", |_| async { Ok(Some(Ledger)) }).restart(Restart::Transient),
///     )
///     .child(ChildSpec::new("shard", |_| async { Ok(Some(Shard)) }).count(4));
/// assert!(spec.validate().is_ok());
/// assert_eq!(
///     spec.to_string(),
///     "bank  rest_for_one, intensity 3 in 5s\n\
///      ├─ ledger    Ledger  transient, shutdown 5s\n\
///      └─ shard[4]  Shard   permanent, shutdown 5s"
/// );
/// ```
#[derive(Clone)]
#[must_use]
pub struct SupervisorSpec {
    pub(crate) name: Arc<str>,
    pub(crate) strategy: Strategy,
    pub(crate) intensity: u32,
    pub(crate) period: Duration,
    pub(crate) auto_shutdown: AutoShutdown,
    pub(crate) children: Vec<ChildSpec>,
    /// What dynamic children are made from, besides their own arguments.
    pub(crate) arguments: Option<Arc<dyn Any + Send + Sync>>,
}

impl SupervisorSpec {
    /// No children yet, `OneForOne`, one restart in five seconds: OTP's defaults. The name is for
    /// reports and drawings; it is not registered.
    ///
    /// ```
    /// use actor_core::supervisor::*;
    /// # use std::time::Duration;
    /// let spec = SupervisorSpec::new("bank");
    /// assert_eq!(spec.to_string(), "bank  one_for_one, intensity 1 in 5s");
    /// ```
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into().into(),
            strategy: Strategy::default(),
            intensity: INTENSITY,
            period: PERIOD,
            auto_shutdown: AutoShutdown::default(),
            children: Vec::new(),
            arguments: None,
        }
    }

    /// The tree's arguments: what the start functions of dynamic children find again by
    /// [`Siblings::arguments`](super::Siblings::arguments), which has the example.
    pub fn arguments(mut self, arguments: Arc<impl Any + Send + Sync>) -> Self {
        self.arguments = Some(arguments);
        self
    }

    /// Which other children a child's death touches.
    ///
    /// ```
    /// use actor_core::supervisor::*;
    /// # use std::time::Duration;
    /// let spec = SupervisorSpec::new("bank").strategy(Strategy::OneForAll);
    /// assert_eq!(spec.to_string(), "bank  one_for_all, intensity 1 in 5s");
    /// ```
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// How many restarts are allowed within the period; one more and the supervisor stops its
    /// children and exits `Shutdown`. 0 gives up at the first.
    ///
    /// ```
    /// use actor_core::supervisor::*;
    /// # use std::time::Duration;
    /// let spec = SupervisorSpec::new("bank").intensity(0);
    /// assert_eq!(spec.to_string(), "bank  one_for_one, intensity 0 in 5s");
    /// ```
    pub fn intensity(mut self, restarts: u32) -> Self {
        self.intensity = restarts;
        self
    }

    /// The time within which `intensity` counts; more than zero. Whole seconds are counted as OTP
    /// counts them (by the clock's whole seconds), anything else to the nanosecond.
    ///
    /// ```
    /// use actor_core::supervisor::*;
    /// # use std::time::Duration;
    /// let spec = SupervisorSpec::new("bank").period(Duration::from_millis(100));
    /// assert_eq!(spec.to_string(), "bank  one_for_one, intensity 1 in 100ms");
    /// ```
    pub fn period(mut self, period: Duration) -> Self {
        self.period = period;
        self
    }

    /// Whether it ends by itself when its significant children have; never unless set.
    /// [`AutoShutdown`] has the rules.
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Import;
    /// # #[handlers] impl Import {
    /// #     #[cast] fn finish(&mut self, cx: &mut Context<Self>) { cx.stop(ExitReason::Normal) }
    /// # }
    /// # struct Job(SupervisorSpec);
    /// # impl Start for Job {
    /// #     type Ref = SupervisorRef;
    /// #     type Process = SupervisorProcess;
    /// #     const KIND: actor_core::ChildKind = actor_core::ChildKind::Supervisor;
    /// #     fn into_process(self) -> SupervisorProcess { SupervisorProcess::of(|| self.0) }
    /// #     fn make_ref(address: actor_core::Address<SupervisorMessage>) -> SupervisorRef {
    /// #         SupervisorRef::from_address(address)
    /// #     }
    /// # }
    /// let import = ChildSpec::new("import", |_| async { Ok(Some(Import)) })
    ///     .restart(Restart::Transient)
    ///     .significant();
    /// let spec =
    ///     SupervisorSpec::new("job").auto_shutdown(AutoShutdown::AnySignificant).child(import);
    /// # let rt = Runtime::new()?;
    /// let job = rt.block_on(rt.start(Job(spec)))?;
    /// let closed = job.closed();
    /// job.child::<Import>("import").finish()?;
    /// assert_eq!(closed.blocking(), ExitReason::Shutdown);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn auto_shutdown(mut self, auto_shutdown: AutoShutdown) -> Self {
        self.auto_shutdown = auto_shutdown;
        self
    }

    /// One more child, started after those before it and stopped before them. The [type's
    /// example](Self) uses it.
    pub fn child(mut self, child: ChildSpec) -> Self {
        self.children.push(child);
        self
    }

    /// The name given to [`new`](Self::new).
    ///
    /// ```
    /// use actor_core::supervisor::SupervisorSpec;
    /// assert_eq!(SupervisorSpec::new("bank").name(), "bank");
    /// ```
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The children in start order; [`Supervisor`](super::Supervisor) has an example.
    pub fn children(&self) -> &[ChildSpec] {
        &self.children
    }

    /// Checks what the types cannot. A supervisor checks its spec itself before it starts a child.
    ///
    /// # Errors
    /// The first thing that is wrong: see [`SpecError`], which has the example.
    pub fn validate(&self) -> Result<(), SpecError> {
        if self.period.is_zero() {
            return Err(SpecError::ZeroPeriod);
        }
        let mut ids = HashSet::new();
        for child in &self.children {
            child.validate(self.auto_shutdown)?;
            // A counted child owns its bare id as well: refs name it by id and number.
            for id in std::iter::once(child.id().to_owned()).chain(child.numbered_ids()) {
                if let Some(id) = ids.replace(id) {
                    return Err(SpecError::DuplicateId { id });
                }
            }
        }
        Ok(())
    }
}

/// What is wrong with a [`SupervisorSpec`] or a [`ChildSpec`].
///
/// ```
/// use actor_core::supervisor::{SpecError, SupervisorSpec};
/// use std::time::Duration;
/// let spec = SupervisorSpec::new("bank").period(Duration::ZERO);
/// assert_eq!(spec.validate(), Err(SpecError::ZeroPeriod));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// The period must be more than zero.
    #[error("invalid_period: a supervisor's period must be more than zero")]
    ZeroPeriod,
    /// A child's id is empty.
    #[error("missing_id: a child's id is empty")]
    EmptyId,
    /// Two children have one id.
    #[error("duplicate_child_name: two children have the id {id:?}")]
    DuplicateId {
        /// The id.
        id: String,
    },
    /// What a child's options say does not fit together, or not with the supervisor's.
    #[error("bad_combination: child {id:?} {why}")]
    BadCombination {
        /// The child's id.
        id: String,
        /// What does not fit, and what to do.
        why: &'static str,
    },
    /// A dynamic child is a kind of child, not a number of them.
    #[error("bad_combination: child {id:?} is dynamic, so it can have no count")]
    DynamicCount {
        /// The child's id.
        id: String,
    },
    /// Only a single child can be added to a running supervisor.
    #[error(
        "bad_combination: child {id:?} is {what}; only a single child can be added at run time"
    )]
    NotSingle {
        /// The child's id.
        id: String,
        /// `counted` or `dynamic`.
        what: &'static str,
    },
}

impl fmt::Display for SupervisorSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.children.iter().map(row).collect();
        Drawing::new(self.headline(""), rows).fmt(f)
    }
}

impl SupervisorSpec {
    /// The first line of a drawing; `who` stands after the name.
    pub(super) fn headline(&self, who: &str) -> String {
        let Self { name, strategy, intensity, period, auto_shutdown, .. } = self;
        let auto_shutdown = match auto_shutdown {
            AutoShutdown::Never => String::new(),
            other => format!(", auto_shutdown {other}"),
        };
        format!("{name}{who}  {strategy}, intensity {intensity} in {period:?}{auto_shutdown}")
    }
}

fn row(child: &ChildSpec) -> Row {
    let id = match child.count {
        Some(count) => numbered(child.id(), count),
        None if child.partitioned => format!("{}[workers]", child.id()),
        None if child.dynamic => format!("{}#", child.id()),
        None => child.id().to_owned(),
    };
    let mut rest = format!("{}, {}", child.restart, child.shutdown);
    for (is, word) in [
        (child.is_supervisor(), ", supervisor"),
        (child.optional, ", optional"),
        (child.dynamic, ", dynamic"),
        (child.significant, ", significant"),
        (child.keep_mailbox, ", keep_mailbox"),
        (child.partitioned, ", partitions"),
    ] {
        rest.push_str(if is { word } else { "" });
    }
    if let Some(backoff) = child.backoff {
        rest.push_str(&format!(", backoff {backoff}"));
    }
    if let Some(most) = child.max_children {
        rest.push_str(&format!(", max_children {most}"));
    }
    Row { columns: [id, child.type_name.to_owned(), rest], under: Vec::new() }
}

impl fmt::Debug for SupervisorSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SupervisorSpec")
            .field("name", &self.name)
            .field("strategy", &self.strategy)
            .field("intensity", &self.intensity)
            .field("period", &self.period)
            .field("auto_shutdown", &self.auto_shutdown)
            .field("children", &self.children)
            .finish()
    }
}

impl fmt::Display for AutoShutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "never",
            Self::AnySignificant => "any_significant",
            Self::AllSignificant => "all_significant",
        })
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OneForOne => "one_for_one",
            Self::OneForAll => "one_for_all",
            Self::RestForOne => "rest_for_one",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::supervisor::{
        Restart, Shutdown,
        testing::{Desk, House, Lamp},
    };

    fn lamp(id: &str) -> ChildSpec {
        House::default().child(id)
    }

    fn desk(id: &str) -> ChildSpec {
        Desk::child(SupervisorSpec::new(id))
    }

    #[test]
    fn a_spec_is_drawn_with_everything_it_says() {
        let spec = SupervisorSpec::new("office")
            .strategy(Strategy::OneForAll)
            .intensity(2)
            .period(Duration::from_millis(1_500))
            .child(lamp("hall").restart(Restart::Transient).shutdown(Shutdown::BrutalKill))
            .child(desk("desk").optional())
            .child(lamp("row").count(3).shutdown(Shutdown::Infinity))
            .child(ChildSpec::dynamic::<Lamp>("spot").restart(Restart::Temporary));
        let expected = "\
office  one_for_all, intensity 2 in 1.5s
├─ hall    Lamp  transient, brutal_kill
├─ desk    Desk  permanent, shutdown infinity, supervisor, optional
├─ row[3]  Lamp  permanent, shutdown infinity
└─ spot#   Lamp  temporary, shutdown 5s, dynamic";
        assert_eq!(spec.to_string(), expected);
    }

    #[test]
    fn the_defaults_are_otps() {
        let spec = SupervisorSpec::new("office").child(lamp("hall")).child(desk("desk"));
        let (hall, desk) = (&spec.children[0], &spec.children[1]);
        assert_eq!((spec.strategy, spec.intensity), (Strategy::OneForOne, 1));
        assert_eq!(spec.period, Duration::from_secs(5));
        assert_eq!((hall.restart, desk.restart), (Restart::Permanent, Restart::Permanent));
        assert_eq!(hall.shutdown, Shutdown::After(Duration::from_secs(5)));
        assert_eq!(desk.shutdown, Shutdown::Infinity);
    }

    #[test]
    fn a_spec_that_cannot_work_is_refused() {
        let check = |spec: SupervisorSpec, expected: Result<(), SpecError>| {
            assert_eq!(spec.validate(), expected);
        };
        let duplicate = |id: &str| Err(SpecError::DuplicateId { id: id.into() });
        let office = SupervisorSpec::new("office");
        check(office.clone(), Ok(()));
        check(office.clone().intensity(0).child(lamp("a")).child(lamp("b")), Ok(()));
        check(office.clone().period(Duration::ZERO), Err(SpecError::ZeroPeriod));
        check(office.clone().child(lamp("")), Err(SpecError::EmptyId));
        check(office.clone().child(lamp("a")).child(desk("a")), duplicate("a"));
        check(office.clone().child(lamp("a").count(2)).child(lamp("a")), duplicate("a"));
        check(office.clone().child(lamp("a").count(2)).child(lamp("a[1]")), duplicate("a[1]"));
        check(office.clone().child(lamp("a").count(2)).child(lamp("a[2]")), Ok(()));
        check(office.clone().child(lamp("a").count(0)), Ok(()));
        let counted = ChildSpec::dynamic::<Lamp>("a").count(2);
        check(office.child(counted), Err(SpecError::DynamicCount { id: "a".into() }));
    }
}
