//! What can be asked of a supervisor, and what it answers.

use std::sync::Arc;

use super::{child::ChildSpec, spec::SpecError, strategy::Restart, tree::Seat};
use crate::{
    actor::{ChildKind, Message},
    error::StartError,
    exit::ExitReason,
    pid::Pid,
};

/// A request to a supervisor. Made by the methods of [`SupervisorRef`](super::SupervisorRef); what
/// is in it is nobody's business.
///
/// It is named where a supervisor's address is:
///
/// ```
/// use actor_core::{Address, prelude::*, supervisor::{SupervisorMessage, SupervisorRef}};
/// #[derive(Supervisor)]
/// struct Bank;
/// #[supervisor]
/// impl Bank {}
///
/// # let rt = Runtime::new()?;
/// let bank = rt.block_on(rt.start(Bank))?;
/// let address: &Address<SupervisorMessage> = &bank;
/// assert_eq!(SupervisorRef::from_address(address.clone()).pid(), bank.pid());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SupervisorMessage(pub(super) Request);

/// The answer to a [`SupervisorMessage`]; what is in it comes out of the methods of
/// [`SupervisorRef`](super::SupervisorRef).
///
/// ```
/// use actor_core::{Message, supervisor::{SupervisorMessage, SupervisorReply}};
/// fn is_answered_by<M: Message<Reply = R>, R>() {}
/// is_answered_by::<SupervisorMessage, SupervisorReply>();
/// ```
#[derive(Debug)]
pub struct SupervisorReply(pub(super) Answer);

/// Which child a request is about: one is called by its id, with its number if it has one, or by
/// the pid of its process. The methods of [`SupervisorRef`](super::SupervisorRef) take whatever can
/// be made into one.
///
/// ```
/// use actor_core::supervisor::ChildName;
/// assert_eq!(ChildName::from("shard[3]"), ChildName::Id("shard[3]".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ChildName {
    /// Its id: `alice`, `shard[3]`, `teller#1`.
    Id(Arc<str>),
    /// The pid of its process; of one that is being restarted, that of its last.
    Pid(Pid),
}

impl From<&str> for ChildName {
    fn from(id: &str) -> Self {
        Self::Id(id.into())
    }
}

impl From<&String> for ChildName {
    fn from(id: &String) -> Self {
        Self::Id(id.as_str().into())
    }
}

impl From<&Arc<str>> for ChildName {
    fn from(id: &Arc<str>) -> Self {
        Self::Id(Arc::clone(id))
    }
}

impl From<Pid> for ChildName {
    fn from(pid: Pid) -> Self {
        Self::Pid(pid)
    }
}

#[derive(Clone, Debug)]
pub(super) enum Request {
    WhichChildren,
    WhichChild(ChildName),
    CountChildren,
    StartChild(ChildSpec),
    /// The id is the kind's; the supervisor numbers it.
    StartDynamic(ChildSpec),
    /// The same, unless the one of this id is there.
    StartKeyed(ChildSpec, Arc<str>),
    TerminateChild(ChildName),
    RestartChild(String),
    DeleteChild(String),
    Describe,
    /// The supervisor to itself: the restart failed, do it again. `attempt` says which; a child
    /// that was stopped or started meanwhile has another.
    TryAgain {
        child: u64,
        attempt: u64,
    },
}

#[derive(Debug)]
pub(super) enum Answer {
    Children(Vec<ChildInfo>),
    Child(Result<ChildInfo, ChildAdminError>),
    Counts(ChildCounts),
    Started(Result<Option<Pid>, ChildAdminError>),
    Dynamic(Result<Arc<Seat>, StartError>),
    Done(Result<(), ChildAdminError>),
    Description(Description),
}

/// A running tree of one level.
#[derive(Debug)]
pub(super) struct Description {
    pub(super) headline: String,
    /// In start order, each with its seat if it is a supervisor.
    pub(super) children: Vec<(ChildInfo, Option<Arc<Seat>>)>,
}

impl Message for SupervisorMessage {
    type Reply = SupervisorReply;

    fn name(&self) -> &'static str {
        match self.0 {
            Request::WhichChildren => "WhichChildren",
            Request::WhichChild(_) => "WhichChild",
            Request::CountChildren => "CountChildren",
            Request::StartChild(_) => "StartChild",
            Request::StartDynamic(_) => "StartDynamic",
            Request::StartKeyed(..) => "StartKeyed",
            Request::TerminateChild(_) => "TerminateChild",
            Request::RestartChild(_) => "RestartChild",
            Request::DeleteChild(_) => "DeleteChild",
            Request::Describe => "Describe",
            Request::TryAgain { .. } => "TryAgain",
        }
    }
}

/// One child, as the supervisor sees it: what
/// [`SupervisorRef::which_children`](super::SupervisorRef::which_children) answers, which has an
/// example.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildInfo {
    /// Its id, with its number: `alice`, `shard[3]`, `teller#1`.
    pub id: Arc<str>,
    /// Whether it runs.
    pub status: ChildStatus,
    /// Worker or supervisor.
    pub kind: ChildKind,
    /// The name of its type.
    pub type_name: &'static str,
    /// When it is started again.
    pub restart: Restart,
    /// How often it has been started again, by itself or with others, since the supervisor
    /// started.
    pub restarts: u64,
}

impl ChildInfo {
    /// Its pid, if it runs.
    ///
    /// ```
    /// # use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Shard(usize);
    /// # #[handlers] impl Shard { #[call] fn index(&self) -> usize { self.0 } }
    /// # #[derive(Process)] struct Teller { name: String }
    /// # #[handlers] impl Teller { #[call] fn name(&self) -> String { self.name.clone() } }
    /// # #[derive(Supervisor)] struct Bank;
    /// # #[supervisor] impl Bank {
    /// #     #[child] fn hall(&self) -> Shard { Shard(7) }
    /// #     #[child] fn annex(&self) -> Option<Shard> { None }
    /// #     #[child(count = 3)] fn shard(&self, index: usize) -> Shard { Shard(index) }
    /// # }
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let bank = Bank.start().await?;
    /// let children = bank.which_children().await?;
    /// assert_eq!(children[4].pid(), bank.hall().pid());
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn pid(&self) -> Option<Pid> {
        if let ChildStatus::Running(pid) = self.status { Some(pid) } else { None }
    }
}

/// Whether a child runs. [`SupervisorRef::which_children`](super::SupervisorRef::which_children)
/// has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChildStatus {
    /// It does.
    Running(Pid),
    /// Its last restart failed; the supervisor is trying again.
    Restarting,
    /// It chose not to start, ended and is not to be restarted, or was stopped.
    Stopped,
}

/// How many children a supervisor has.
///
/// ```
/// use actor_core::supervisor::ChildCounts;
/// assert_eq!(ChildCounts::default().active, 0);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ChildCounts {
    /// All, running or not.
    pub specs: usize,
    /// Those that run.
    pub active: usize,
    /// Those that are supervisors, running or not.
    pub supervisors: usize,
    /// Those that are workers, running or not.
    pub workers: usize,
}

/// Why a supervisor refused a request about a child.
///
/// ```
/// use actor_core::supervisor::ChildAdminError;
/// assert_eq!(ChildAdminError::NotFound.to_string(), "not_found: there is no such child");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChildAdminError {
    /// There is no such child.
    #[error("not_found: there is no such child")]
    NotFound,
    /// It runs; terminate it first.
    #[error("running: the child runs; terminate it first")]
    Running,
    /// It is being restarted; terminate it first.
    #[error("restarting: the child is being restarted; terminate it first")]
    Restarting,
    /// A child with this id exists and does not run; restart or delete it.
    #[error("already_present: a child with this id exists; restart or delete it")]
    AlreadyPresent,
    /// A child with this id runs.
    #[error("already_started: a child with this id runs as {0}")]
    AlreadyStarted(Pid),
    /// It did not start.
    #[error("the child did not start: {0}")]
    Start(ExitReason),
    /// The spec cannot work.
    #[error(transparent)]
    Spec(#[from] SpecError),
}
