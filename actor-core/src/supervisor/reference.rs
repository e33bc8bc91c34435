//! The ref to a running supervisor: its children's refs, and the requests.

use std::{fmt, future::Future, ops::Deref, pin::Pin, sync::Arc};

use super::{
    child::{ChildSpec, Shutdown},
    draw::{Drawing, Row},
    message::{
        Answer, ChildAdminError, ChildCounts, ChildInfo, ChildStatus, Description, Request,
        SupervisorMessage, SupervisorReply,
    },
    process::SupervisorProcess,
    siblings::{self, Siblings},
    strategy::Restart,
    tree::Tree,
};
use crate::{
    actor::{Address, ProcessRef, Start},
    error::{CallError, CallFailure, StartError},
    exit::ExitReason,
    pid::Pid,
};

/// A supervisor, and through it its children.
///
/// Requests wait for their answer without a timeout, as in OTP: a supervisor that is starting a
/// child answers when that is done. So a child's init must not ask its own supervisor.
///
/// ```no_run
/// # use actor_core::prelude::*;
/// # use actor_core::{CallFailure, supervisor::SupervisorRef};
/// # async fn example(bank: SupervisorRef) -> Result<(), CallFailure> {
/// for child in bank.which_children().await? {
///     println!("{}: {:?}", child.id, child.status);
/// }
/// println!("{}", bank.tree().await?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SupervisorRef {
    address: Address<SupervisorMessage>,
    tree: Arc<Tree>,
}

impl SupervisorRef {
    /// The ref for an address. Refs to children need the supervisor's seat, which a ref that
    /// [`start`](crate::Start::start) or another supervisor gave has; through an address without
    /// one, requests work and every child is unknown.
    pub fn from_address(address: Address<SupervisorMessage>) -> Self {
        let tree = match address.slot() {
            Some(slot) => Tree::of(slot),
            None => Arc::new(Tree::unseated()),
        };
        Self { address, tree }
    }

    /// The supervised ref of a single child.
    ///
    /// # Panics
    /// If the child is of another type than `S`.
    ///
    /// # If the process is gone
    /// The ref is made whether the child runs or not: in a restart gap calls wait and casts are
    /// kept; if the child is not coming back, or there is no such child, both end in noproc.
    pub fn child<S: Start>(&self, id: &str) -> S::Ref {
        siblings::supervised::<S>(&self.tree.find_or_nobody::<S>(id))
    }

    /// The supervised ref of a child that may have chosen not to start: `None` if it has, or if
    /// there is no such child.
    ///
    /// # Panics
    /// If the child is of another type than `S`.
    pub fn child_optional<S: Start>(&self, id: &str) -> Option<S::Ref> {
        siblings::optional::<S>(&self.tree, id)
    }

    /// The supervised ref of one of a counted child, by its number from 0; `None` if there are
    /// not so many.
    ///
    /// # Panics
    /// If the child is of another type than `S`.
    pub fn child_at<S: Start>(&self, id: &str, index: usize) -> Option<S::Ref> {
        siblings::numbered::<S>(&self.tree, id, index)
    }

    /// The supervised refs of a counted child, in order of their numbers.
    ///
    /// # Panics
    /// If the child is of another type than `S`.
    pub fn children<S: Start>(&self, id: &str) -> Vec<S::Ref> {
        siblings::many::<S>(&self.tree, id)
    }

    /// All children, the one that comes last in the start order first, as in OTP.
    ///
    /// # Errors
    /// When the supervisor did not answer.
    ///
    /// # If the process is gone
    /// `CallFailure::NoProc`, or `Exited` if it ends before it answers.
    pub async fn which_children(&self) -> Result<Vec<ChildInfo>, CallFailure> {
        match self.ask(Request::WhichChildren).await? {
            Answer::Children(children) => Ok(children),
            _ => Err(CallFailure::WrongReply),
        }
    }

    /// How many children there are.
    ///
    /// # Errors
    /// When the supervisor did not answer.
    ///
    /// # If the process is gone
    /// `CallFailure::NoProc`, or `Exited` if it ends before it answers.
    pub async fn count_children(&self) -> Result<ChildCounts, CallFailure> {
        match self.ask(Request::CountChildren).await? {
            Answer::Counts(counts) => Ok(counts),
            _ => Err(CallFailure::WrongReply),
        }
    }

    /// Adds a child at the end of the start order and starts it. `Ok(None)`: it chose not to
    /// start, and is kept unless it is temporary.
    ///
    /// # Errors
    /// `AlreadyStarted` or `AlreadyPresent` if the id is taken, `Start` if it did not start (it is
    /// then not kept), `Spec` if the spec is counted or dynamic or has no id.
    ///
    /// # If the process is gone
    /// `CallFailure::NoProc`, or `Exited` if the supervisor ends before it answers.
    pub async fn start_child(
        &self,
        child: ChildSpec,
    ) -> Result<Option<Pid>, CallError<ChildAdminError>> {
        self.started(Request::StartChild(child)).await
    }

    /// Starts one more child of a dynamic kind, at the end of the start order, and gives its
    /// supervised ref. Its id is `kind#n`, with a number that was not given before.
    ///
    /// `make` runs inside the child's process, at its start and at each restart. A temporary
    /// child's `make` runs once and is then dropped.
    ///
    /// # Errors
    /// `Init` if it did not start, `Ignored` if it chose not to: nothing is kept of it then.
    ///
    /// # If the process is gone
    /// `StartError::Supervisor`.
    ///
    /// ```no_run
    /// # use actor_core::{StartError, prelude::*};
    /// # use actor_core::supervisor::{Restart, Shutdown, SupervisorRef};
    /// # #[derive(Process)] struct Teller { name: String }
    /// # #[handlers] impl Teller {}
    /// # async fn example(bank: SupervisorRef) -> Result<(), StartError> {
    /// let make = |_| async { Ok(Some(Teller { name: "Ann".into() })) };
    /// let ann = bank
    ///     .start_dynamic("teller", Restart::Temporary, Shutdown::BrutalKill, make)
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn start_dynamic<S, F, Fut>(
        &self,
        kind: &'static str,
        restart: Restart,
        shutdown: Shutdown,
        make: F,
    ) -> impl Future<Output = Result<S::Ref, StartError>> + Send + use<S, F, Fut>
    where
        S: Start,
        F: Fn(Siblings) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<S>, ExitReason>> + Send + 'static,
    {
        let this = self.clone();
        let child = ChildSpec::new(kind, make).restart(restart).shutdown(shutdown);
        async move {
            let answer = this.ask(Request::StartDynamic(child)).await;
            match answer.map_err(StartError::Supervisor)? {
                Answer::Dynamic(Ok(Some(seat))) => Ok(siblings::supervised::<S>(&seat)),
                Answer::Dynamic(Ok(None)) => Err(StartError::Ignored),
                Answer::Dynamic(Err(reason)) => Err(StartError::Init(reason)),
                _ => Err(StartError::Supervisor(CallFailure::WrongReply)),
            }
        }
    }

    /// Stops a child and leaves it stopped; a temporary one is forgotten. Ends the retries of one
    /// that cannot be restarted. Counts as no restart, and touches no sibling.
    ///
    /// # Errors
    /// `NotFound`. A child that does not run is no error.
    ///
    /// # If the process is gone
    /// `CallFailure::NoProc`, or `Exited` if the supervisor ends before it answers.
    pub async fn terminate_child(&self, id: &str) -> Result<(), CallError<ChildAdminError>> {
        self.done(Request::TerminateChild(id.to_owned())).await
    }

    /// Starts a child that does not run. `Ok(None)`: it chose not to start. Counts as no restart.
    ///
    /// # Errors
    /// `NotFound`, `Running`, `Restarting`, or `Start` if it did not start (it stays stopped).
    ///
    /// # If the process is gone
    /// `CallFailure::NoProc`, or `Exited` if the supervisor ends before it answers.
    pub async fn restart_child(&self, id: &str) -> Result<Option<Pid>, CallError<ChildAdminError>> {
        self.started(Request::RestartChild(id.to_owned())).await
    }

    /// Forgets a child that does not run.
    ///
    /// # Errors
    /// `NotFound`, `Running` or `Restarting`.
    ///
    /// # If the process is gone
    /// `CallFailure::NoProc`, or `Exited` if the supervisor ends before it answers.
    pub async fn delete_child(&self, id: &str) -> Result<(), CallError<ChildAdminError>> {
        self.done(Request::DeleteChild(id.to_owned())).await
    }

    /// A drawing of the running tree, with pids, down through the supervisors below.
    ///
    /// ```text
    /// bank <0.17.1>  rest_for_one, intensity 3 in 5s
    /// ├─ ledger  Ledger  <0.18.4>  3 restarts
    /// └─ hall    Hall    <0.19.1>
    ///    └─ lamp  Lamp  restarting
    /// ```
    ///
    /// # Errors
    /// When this supervisor did not answer. One below that does not is drawn without children.
    ///
    /// # If the process is gone
    /// `CallFailure::NoProc`, or `Exited` if it ends before it answers.
    pub async fn tree(&self) -> Result<String, CallFailure> {
        Ok(self.clone().draw().await?.to_string())
    }

    fn draw(self) -> Pin<Box<dyn Future<Output = Result<Drawing, CallFailure>> + Send>> {
        Box::pin(async move {
            let Answer::Description(Description { headline, children }) =
                self.ask(Request::Describe).await?
            else {
                return Err(CallFailure::WrongReply);
            };
            let mut rows = Vec::with_capacity(children.len());
            for (child, seat) in children {
                // One that does not run would answer when it does.
                let under = match seat.filter(|_| child.pid().is_some()) {
                    Some(seat) => {
                        let slot = Arc::clone(seat.slot());
                        let address = Address::supervised::<SupervisorProcess>(slot);
                        let below = Self::from_address(address).draw().await;
                        below.map_or_else(|_| Vec::new(), Drawing::into_under)
                    }
                    None => Vec::new(),
                };
                let columns = [child.id.to_string(), child.type_name.to_owned(), state(&child)];
                rows.push(Row { columns, under });
            }
            Ok(Drawing::new(headline, rows))
        })
    }

    async fn ask(&self, request: Request) -> Result<Answer, CallFailure> {
        let call = self.address.call_message(SupervisorMessage(request)).no_timeout();
        let SupervisorReply(answer) = call.await?;
        Ok(answer)
    }

    async fn started(&self, request: Request) -> Result<Option<Pid>, CallError<ChildAdminError>> {
        match self.ask(request).await? {
            Answer::Started(result) => result.map_err(CallError::Handler),
            _ => Err(CallFailure::WrongReply.into()),
        }
    }

    async fn done(&self, request: Request) -> Result<(), CallError<ChildAdminError>> {
        match self.ask(request).await? {
            Answer::Done(result) => result.map_err(CallError::Handler),
            _ => Err(CallFailure::WrongReply.into()),
        }
    }
}

fn state(child: &ChildInfo) -> String {
    let state = match child.status {
        ChildStatus::Running(pid) => pid.to_string(),
        ChildStatus::Restarting => "restarting".to_owned(),
        ChildStatus::Stopped => "stopped".to_owned(),
    };
    match child.restarts {
        0 => state,
        1 => format!("{state}  1 restart"),
        more => format!("{state}  {more} restarts"),
    }
}

impl Deref for SupervisorRef {
    type Target = Address<SupervisorMessage>;

    fn deref(&self) -> &Self::Target {
        &self.address
    }
}

impl ProcessRef for SupervisorRef {
    type Message = SupervisorMessage;

    fn from_address(address: Address<SupervisorMessage>) -> Self {
        Self::from_address(address)
    }

    fn as_address(&self) -> &Address<SupervisorMessage> {
        &self.address
    }
}

impl fmt::Debug for SupervisorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.address.pid() {
            Some(pid) => write!(f, "SupervisorRef({pid})"),
            None => f.write_str("SupervisorRef(not running)"),
        }
    }
}
