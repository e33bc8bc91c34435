//! What can be asked of a running supervisor: each request is a call without a deadline.

use std::{future::Future, pin::Pin, sync::Arc};

use super::{
    child::{ChildSpec, Shutdown},
    draw::{Drawing, Row},
    message::{
        Answer, ChildAdminError, ChildCounts, ChildInfo, ChildName, ChildStatus, Description,
        Request, SupervisorMessage, SupervisorReply,
    },
    process::SupervisorProcess,
    reference::SupervisorRef,
    siblings::{self, Siblings},
    strategy::Restart,
};
use crate::{
    actor::{Address, Start},
    error::{CallError, CallFailure, StartError},
    exit::ExitReason,
    pid::Pid,
};

impl SupervisorRef {
    /// All children, the one that comes last in the start order first, as in OTP.
    ///
    /// # Errors
    /// When the supervisor did not answer.
    ///
    /// # If the process is gone
    /// `CallFailure::NoProc`, or `Exited` if the supervisor ends before it answers.
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
    /// assert_eq!((&*children[0].id, &*children[4].id), ("shard[2]", "hall"));
    /// assert_eq!(children[3].status, ChildStatus::Stopped);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn which_children(&self) -> Result<Vec<ChildInfo>, CallFailure> {
        match self.ask(Request::WhichChildren).await? {
            Answer::Children(children) => Ok(children),
            _ => Err(CallFailure::WrongReply),
        }
    }

    /// One child, called by its id or by the pid of its process.
    ///
    /// # Errors
    /// `NotFound`; else when the supervisor did not answer.
    ///
    /// # If the process is gone
    /// `CallFailure::NoProc`, or `Exited` if the supervisor ends before it answers.
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
    /// let hall = bank.which_child("hall").await?;
    /// assert_eq!(hall.pid(), bank.hall().pid());
    /// let pid = hall.pid().expect("it runs");
    /// assert_eq!(&*bank.which_child(pid).await?.id, "hall");
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn which_child(
        &self,
        child: impl Into<ChildName>,
    ) -> Result<ChildInfo, CallError<ChildAdminError>> {
        match self.ask(Request::WhichChild(child.into())).await? {
            Answer::Child(child) => child.map_err(CallError::Handler),
            _ => Err(CallFailure::WrongReply.into()),
        }
    }

    /// How many children there are.
    ///
    /// # Errors
    /// When the supervisor did not answer.
    ///
    /// # If the process is gone
    /// `CallFailure::NoProc`, or `Exited` if the supervisor ends before it answers.
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
    /// let counts = bank.count_children().await?;
    /// assert_eq!((counts.specs, counts.active), (5, 4));
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn count_children(&self) -> Result<ChildCounts, CallFailure> {
        match self.ask(Request::CountChildren).await? {
            Answer::Counts(counts) => Ok(counts),
            _ => Err(CallFailure::WrongReply),
        }
    }

    /// Adds a child at the end of the start order and starts it. `Ok(None)`: it chose not to
    /// start, and is kept unless it is temporary. It belongs to the running supervisor: one that is
    /// restarted starts the children of its spec alone.
    ///
    /// # Errors
    /// `AlreadyStarted` or `AlreadyPresent` if the id is taken, `Start` if it did not start (it is
    /// then not kept), `Spec` if the spec is counted or dynamic or has no id.
    ///
    /// # If the process is gone
    /// `CallFailure::NoProc`, or `Exited` if the supervisor ends before it answers.
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
    /// let cellar = ChildSpec::new("cellar", |_| async { Ok(Some(Shard(8))) });
    /// assert!(bank.start_child(cellar).await?.is_some());
    /// assert_eq!(bank.child::<Shard>("cellar").index().await?, 8);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    /// child's `make` runs once and is then dropped. Under `#[supervisor]`, `#[child(dynamic)]`
    /// writes the call.
    ///
    /// # Errors
    /// `Init` if it did not start, `Ignored` if it chose not to: nothing is kept of it then;
    /// `MaxChildren` if there are as many as the spec allows of this kind.
    ///
    /// # If the process is gone
    /// `StartError::Supervisor`.
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
    /// let make = |_| async { Ok(Some(Teller { name: "Ann".into() })) };
    /// let ann = bank
    ///     .start_dynamic::<Teller, _, _>("teller", Restart::Temporary, Shutdown::BrutalKill, make)
    ///     .await?;
    /// assert_eq!(ann.name().await?, "Ann");
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
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
        let child = ChildSpec::new(kind, make).restart(restart).shutdown(shutdown);
        self.clone().dynamic::<S>(Request::StartDynamic(child))
    }

    /// The dynamic child of this kind with this key, which is started if it is not there: as
    /// [`start_dynamic`](Self::start_dynamic), but with the id `kind:key`. Who asks for one key at
    /// the same time gets the same child, which `make` has made once. When it has ended for good,
    /// it is forgotten, and the key starts another.
    ///
    /// Under `#[supervisor]`, `#[child(dynamic, key = name)]` writes the call.
    ///
    /// # Errors
    /// As of `start_dynamic`; `Options` if the child of this id is of another type.
    ///
    /// # If the process is gone
    /// `StartError::Supervisor`.
    ///
    /// ```
    /// use actor_core::{prelude::*, supervisor::*};
    /// # #[derive(Process)] struct Teller { name: String }
    /// # #[handlers] impl Teller { #[call] fn name(&self) -> String { self.name.clone() } }
    /// # #[derive(Supervisor)] struct Bank;
    /// # #[supervisor] impl Bank {}
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let bank = Bank.start().await?;
    /// let open = |name: &str| {
    ///     let owner = name.to_owned();
    ///     let make = move |_| {
    ///         let name = owner.clone();
    ///         async move { Ok(Some(Teller { name })) }
    ///     };
    ///     bank.start_keyed::<Teller, _, _>(
    ///         "teller", name, Restart::Transient, Shutdown::BrutalKill, make,
    ///     )
    /// };
    /// let (ann, again, bob) = (open("Ann").await?, open("Ann").await?, open("Bob").await?);
    /// assert_eq!(ann.pid(), again.pid());
    /// assert_ne!(ann.pid(), bob.pid());
    /// assert_eq!(bank.keyed::<Teller>("teller", "Ann").and_then(|ann| ann.pid()), ann.pid());
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start_keyed<S, F, Fut>(
        &self,
        kind: &'static str,
        key: &str,
        restart: Restart,
        shutdown: Shutdown,
        make: F,
    ) -> impl Future<Output = Result<S::Ref, StartError>> + Send + use<S, F, Fut>
    where
        S: Start,
        F: Fn(Siblings) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<S>, ExitReason>> + Send + 'static,
    {
        let child = ChildSpec::new(kind, make).restart(restart).shutdown(shutdown);
        let id = siblings::keyed_id(kind, key);
        self.clone().dynamic::<S>(Request::StartKeyed(child, id))
    }

    async fn dynamic<S: Start>(self, request: Request) -> Result<S::Ref, StartError> {
        match self.ask(request).await.map_err(StartError::Supervisor)? {
            Answer::Dynamic(started) => started.map(|seat| siblings::supervised::<S>(&seat)),
            _ => Err(StartError::Supervisor(CallFailure::WrongReply)),
        }
    }

    /// Stops a child, called by its id or its pid, and leaves it stopped; a temporary or dynamic
    /// one is forgotten. Ends the retries of one that cannot be restarted. Counts as no restart,
    /// touches no sibling, and, be the child significant, does not end the supervisor.
    ///
    /// # Errors
    /// `NotFound`: no child has this id, or the process of this pid lives and is no child. A child
    /// that does not run, or a pid of nobody, is no error, as in OTP.
    ///
    /// # If the process is gone
    /// `CallFailure::NoProc`, or `Exited` if the supervisor ends before it answers.
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
    /// let hall = bank.hall();
    /// bank.terminate_child("hall").await?;
    /// assert!(!hall.is_alive());
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn terminate_child(
        &self,
        child: impl Into<ChildName>,
    ) -> Result<(), CallError<ChildAdminError>> {
        self.done(Request::TerminateChild(child.into())).await
    }

    /// Starts a child that does not run. `Ok(None)`: it chose not to start. Counts as no restart.
    /// Refs that were made before find it again.
    ///
    /// # Errors
    /// `NotFound`, `Running`, `Restarting`, or `Start` if it did not start (it stays stopped).
    ///
    /// # If the process is gone
    /// `CallFailure::NoProc`, or `Exited` if the supervisor ends before it answers.
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
    /// let hall = bank.hall();
    /// bank.terminate_child("hall").await?;
    /// bank.restart_child("hall").await?;
    /// assert_eq!(hall.index().await?, 7);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    /// bank.terminate_child("hall").await?;
    /// bank.delete_child("hall").await?;
    /// assert_eq!(bank.count_children().await?.specs, 4);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    /// `CallFailure::NoProc`, or `Exited` if the supervisor ends before it answers.
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
    /// assert!(bank.tree().await?.contains("├─ shard[0]"));
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
