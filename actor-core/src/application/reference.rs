//! The applications of a program, and the ref to those that run.

use std::{fmt, marker::PhantomData, ops::Deref, process::ExitCode, sync::Arc, time::Duration};

use super::{
    Application, ApplicationError, ApplicationInfo, RestartType,
    controller::{Answer, ApplicationsMessage, Controller, Loaded, Of, Request},
    env::Values,
};
use crate::{
    actor::{Address, ChildKind, ProcessRef, Start},
    error::{CallError, CallFailure},
    exit::ExitReason,
    limits,
};

/// The applications that a program can start.
///
/// ```
/// use actor_core::{application::*, prelude::*};
/// # #[derive(Supervisor)] struct Tree;
/// # #[supervisor] impl Tree {}
/// #[derive(Application)]
/// struct Ledger {
///     #[env(default = 100)]
///     lines: u64,
/// }
/// #[application]
/// impl Ledger {
///     #[start]
///     fn start(&self) -> Result<Tree, &'static str> {
///         if self.lines > 0 { Ok(Tree) } else { Err("no paper") }
///     }
/// }
/// # let rt = Runtime::new()?;
/// # rt.run(async {
/// let all = Applications::new()
///     .load::<Ledger>()
///     .set_env("ledger", "lines", 50)
///     .shutdown(std::time::Duration::from_secs(10));
/// let applications: ApplicationsRef = all.start().await?;
/// applications.start_application(Ledger::NAME, RestartType::Permanent).await?;
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Applications {
    loaded: Vec<Arc<dyn Loaded>>,
    set: Values,
    shutdown: Duration,
}

impl Default for Applications {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Applications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.loaded.iter().map(|loaded| loaded.name())).finish()
    }
}

impl Applications {
    /// None so far. The [type's example](Self) uses it.
    pub fn new() -> Self {
        let (loaded, set) = (Vec::new(), Values::new());
        Self { loaded, set, shutdown: limits::APPLICATIONS_SHUTDOWN }
    }

    /// One more. One that is loaded twice fails the start. The [type's example](Self) uses it.
    #[must_use]
    pub fn load<A: Application>(mut self) -> Self {
        self.loaded.push(Arc::new(Of::<A>(PhantomData)));
        self
    }

    /// Sets a value of an application's environment; a variable of the operating system goes before
    /// it. The [type's example](Self) uses it.
    #[must_use]
    pub fn set_env(mut self, application: &str, key: &str, value: impl fmt::Display) -> Self {
        self.set.insert((application.to_owned(), key.to_owned()), value.to_string());
        self
    }

    /// How long all of them together have to stop at the end; then they are killed. Unless set,
    /// [`limits::APPLICATIONS_SHUTDOWN`]. The [type's example](Self) uses it.
    #[must_use]
    pub fn shutdown(mut self, limit: Duration) -> Self {
        self.shutdown = limit;
        self
    }
}

impl Start for Applications {
    type Ref = ApplicationsRef;
    type Process = Controller;
    /// What a runtime stops first at its end, as all trees that no other supervises.
    const KIND: ChildKind = ChildKind::Supervisor;

    fn into_process(self) -> Controller {
        Controller::new(self.loaded, Arc::new(self.set), self.shutdown)
    }

    fn make_ref(address: Address<ApplicationsMessage>) -> ApplicationsRef {
        ApplicationsRef(address)
    }
}

/// The process that starts and stops the applications of a program (OTP's `application` module).
/// Requests wait for their answer without a timeout, as in OTP.
///
/// ```no_run
/// use actor_core::{application::*, prelude::*};
/// use std::process::ExitCode;
/// # #[derive(Supervisor)] struct Tree;
/// # #[supervisor] impl Tree {}
/// # #[derive(Application)] struct Ledger;
/// # #[application] impl Ledger { #[start] fn start(&self) -> Tree { Tree } }
/// # #[derive(Application)] struct Shop;
/// # #[application(depends = Ledger)] impl Shop { #[start] fn start(&self) -> Tree { Tree } }
///
/// #[actor_core::main]
/// async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
///     let applications = Applications::new().load::<Ledger>().load::<Shop>().start().await?;
///     let early = applications.start_application("shop", RestartType::Permanent).await;
///     let missing = ApplicationError::NotStarted("ledger".into());
///     assert_eq!(early, Err(CallError::Handler(missing)));
///
///     let started = applications.ensure_all_started("shop", RestartType::Permanent).await?;
///     assert_eq!(started, ["ledger", "shop"]);
///     Ok(applications.wait().await) // until a permanent one ends
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ApplicationsRef(Address<ApplicationsMessage>);

impl Deref for ApplicationsRef {
    type Target = Address<ApplicationsMessage>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl ProcessRef for ApplicationsRef {
    type Message = ApplicationsMessage;

    fn from_address(address: Address<ApplicationsMessage>) -> Self {
        Self(address)
    }

    fn as_address(&self) -> &Address<ApplicationsMessage> {
        &self.0
    }
}

type Outcome<T> = Result<T, CallError<ApplicationError>>;

impl ApplicationsRef {
    async fn ask(&self, request: Request) -> Result<Answer, CallFailure> {
        let reply = self.0.call_message(ApplicationsMessage(request)).no_timeout().await;
        reply.map(|reply| reply.0)
    }

    async fn launch(
        &self,
        name: &str,
        restart: RestartType,
        all: bool,
    ) -> Outcome<Vec<&'static str>> {
        match self.ask(Request::Start(name.to_owned(), restart, all)).await? {
            Answer::Started(started) => started.map_err(CallError::Handler),
            _ => Err(CallFailure::WrongReply.into()),
        }
    }

    /// Starts an application; all that it depends on must run. The [type's example](Self) uses it.
    ///
    /// # Errors
    /// [`ApplicationError`]; nothing of it runs then.
    ///
    /// # If the process is gone
    /// [`CallFailure::NoProc`].
    pub async fn start_application(&self, name: &str, restart: RestartType) -> Outcome<()> {
        self.launch(name, restart, false).await.map(drop)
    }

    /// Starts an application, and first all that it depends on and that does not run, each with the
    /// same restart type; the names of those that were started, in order. The [type's
    /// example](Self) uses it.
    ///
    /// # Errors
    /// [`ApplicationError`]; those that were started are stopped again then.
    ///
    /// # If the process is gone
    /// [`CallFailure::NoProc`].
    pub async fn ensure_all_started(
        &self,
        name: &str,
        restart: RestartType,
    ) -> Outcome<Vec<&'static str>> {
        self.launch(name, restart, true).await
    }

    /// Starts all applications that are loaded and do not run, each after what it depends on and
    /// with the restart type that it names itself; the names of those that were started, in order.
    ///
    /// # Errors
    /// [`ApplicationError`]; those that were started are stopped again then.
    ///
    /// # If the process is gone
    /// [`CallFailure::NoProc`].
    ///
    /// ```
    /// # use actor_core::{application::*, prelude::*};
    /// # #[derive(Supervisor)] struct Tree;
    /// # #[supervisor] impl Tree {}
    /// #[derive(Application)]
    /// struct Ledger;
    /// #[application(restart = transient)]
    /// impl Ledger { #[start] fn start(&self) -> Tree { Tree } }
    ///
    /// #[derive(Application)]
    /// struct Shop;
    /// #[application(depends = Ledger)]
    /// impl Shop { #[start] fn start(&self) -> Tree { Tree } }
    ///
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let applications = Applications::new().load::<Shop>().load::<Ledger>().start().await?;
    /// assert_eq!(applications.boot().await?, ["ledger", "shop"]);
    /// let running = applications.which_applications().await?;
    /// assert_eq!(running[0].restart, RestartType::Transient);
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn boot(&self) -> Outcome<Vec<&'static str>> {
        match self.ask(Request::Boot).await? {
            Answer::Started(started) => started.map_err(CallError::Handler),
            _ => Err(CallFailure::WrongReply.into()),
        }
    }

    /// Stops an application, whatever its restart type; others go on, also those that depend on it.
    ///
    /// # Errors
    /// [`ApplicationError::NotStarted`].
    ///
    /// # If the process is gone
    /// [`CallFailure::NoProc`].
    ///
    /// ```
    /// # use actor_core::{application::*, prelude::*};
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let applications = Applications::new().start().await?;
    /// let failed = applications.stop_application("shop").await.unwrap_err();
    /// assert_eq!(failed.handler(), Some(ApplicationError::NotStarted("shop".into())));
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn stop_application(&self, name: &str) -> Outcome<()> {
        match self.ask(Request::Stop(name.to_owned())).await? {
            Answer::Stopped(stopped) => stopped.map_err(CallError::Handler),
            _ => Err(CallFailure::WrongReply.into()),
        }
    }

    /// The applications that run, in the order of their starts.
    ///
    /// # Errors
    /// See [`CallFailure`].
    ///
    /// # If the process is gone
    /// [`CallFailure::NoProc`].
    ///
    /// ```
    /// # use actor_core::{application::*, prelude::*};
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let applications = Applications::new().start().await?;
    /// assert!(applications.which_applications().await?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn which_applications(&self) -> Result<Vec<ApplicationInfo>, CallFailure> {
        match self.ask(Request::Which).await? {
            Answer::Which(running) => Ok(running),
            _ => Err(CallFailure::WrongReply),
        }
    }

    /// Waits until all is over, and says how, for the operating system: success if it was asked to
    /// stop, failure if a permanent application has ended. The [type's example](Self) uses it.
    ///
    /// # If the process is gone
    /// At once.
    pub async fn wait(&self) -> ExitCode {
        exit_code(&self.0.closed().await)
    }
}

/// OTP's: a node that was asked to stop has done well, and one that lost what is permanent has not.
fn exit_code(reason: &ExitReason) -> ExitCode {
    if reason.is_normal() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
