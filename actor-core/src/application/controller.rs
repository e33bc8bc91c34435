//! The process that starts and stops applications.

use std::{
    collections::BTreeSet,
    fmt,
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Application, ApplicationError, ApplicationInfo, ApplicationsRef, Env, RestartType, StartType,
    env::Values,
};
use crate::{
    actor::{AnyRef, Context, Handle, Handled, Message, Next, Process, ReplyPort, Server, Start},
    exit::ExitReason,
    pid::Pid,
    process::caught,
    runtime::report,
};

/// A request to the controller; what is in it is nobody's business. It is named where the
/// controller's address is, as in `Address<ApplicationsMessage>`; [`ApplicationsRef`] has an
/// example of what makes it.
#[derive(Debug)]
pub struct ApplicationsMessage(pub(super) Request);

/// The answer to an [`ApplicationsMessage`]; it comes out of the methods of [`ApplicationsRef`],
/// which has the example.
#[derive(Debug)]
pub struct ApplicationsReply(pub(super) Answer);

#[derive(Debug)]
pub(super) enum Request {
    /// One, or with all that it depends on.
    Start(String, RestartType, bool),
    /// All of them, each as it says.
    Boot,
    Stop(String),
    Which,
}

#[derive(Debug)]
pub(super) enum Answer {
    Started(Result<Vec<&'static str>, ApplicationError>),
    Stopped(Result<(), ApplicationError>),
    Which(Vec<ApplicationInfo>),
}

impl Message for ApplicationsMessage {
    type Reply = ApplicationsReply;

    fn name(&self) -> &'static str {
        match self.0 {
            Request::Start(..) => "Start",
            Request::Boot => "Boot",
            Request::Stop(_) => "Stop",
            Request::Which => "Which",
        }
    }
}

pub(super) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a start came to: the tree, and what else is to be done with it.
type Launch = Result<(Pid, Arc<dyn Started>), ApplicationError>;

/// An application whose type is forgotten.
pub(super) trait Loaded: Send + Sync {
    fn name(&self) -> &'static str;
    fn dependencies(&self) -> &'static [&'static str];
    fn restart(&self) -> RestartType;
    /// Its tree, started and linked to the running process.
    fn start(&self, env: Env) -> Boxed<'_, Launch>;
}

/// The same with its tree.
pub(super) trait Started: Send + Sync {
    fn phases(&self) -> Boxed<'_, Result<(), ApplicationError>>;
    fn prep_stop(&self) -> Boxed<'_, ()>;
    fn stop(&self) -> Boxed<'_, ()>;
}

/// The one implementor of [`Loaded`].
pub(super) struct Of<A>(pub(super) std::marker::PhantomData<fn() -> A>);

/// The one implementor of [`Started`].
struct Up<A: Application> {
    application: A,
    tree: <A::Tree as Start>::Ref,
}

impl<A: Application> Loaded for Of<A> {
    fn name(&self) -> &'static str {
        A::NAME
    }

    fn dependencies(&self) -> &'static [&'static str] {
        A::DEPENDENCIES
    }

    fn restart(&self) -> RestartType {
        A::RESTART
    }

    fn start(&self, env: Env) -> Boxed<'_, Launch> {
        let fails = |reason| ApplicationError::Start { application: A::NAME.to_owned(), reason };
        Box::pin(async move {
            let (application, tree) = contained(A::NAME, async {
                let application = A::configure(&env)?;
                let tree = application.start(StartType::Normal).map_err(fails)?;
                Ok((application, tree))
            })
            .await
            .unwrap_or_else(|panic| Err(fails(panic)))?;
            let tree = tree.with().link().start().await.map_err(|error| {
                ApplicationError::Tree { application: A::NAME.to_owned(), error }
            })?;
            let pid = tree.pid().ok_or_else(|| fails(ExitReason::NoProc))?;
            let up: Arc<dyn Started> = Arc::new(Up::<A> { application, tree });
            Ok((pid, up))
        })
    }
}

impl<A: Application> Started for Up<A> {
    fn phases(&self) -> Boxed<'_, Result<(), ApplicationError>> {
        Box::pin(async move {
            for &phase in A::PHASES {
                let done = self.application.start_phase(phase, &self.tree);
                let done = contained(A::NAME, done).await.unwrap_or_else(Err);
                let application = A::NAME.to_owned();
                done.map_err(|reason| ApplicationError::Phase { application, phase, reason })?;
            }
            Ok(())
        })
    }

    fn prep_stop(&self) -> Boxed<'_, ()> {
        Box::pin(told(A::NAME, "prep_stop", self.application.prep_stop(&self.tree)))
    }

    fn stop(&self) -> Boxed<'_, ()> {
        Box::pin(told(A::NAME, "stop", self.application.stop()))
    }
}

/// Runs an application's own code; its panic is its own failure.
async fn contained<T>(name: &str, code: impl Future<Output = T>) -> Result<T, ExitReason> {
    let mut code = pin!(code);
    std::future::poll_fn(|cx| match caught(|| code.as_mut().poll(cx), name) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => std::task::Poll::Ready(Err(ExitReason::Panic(Arc::new(panic)))),
    })
    .await
}

/// The same where nothing can fail any more.
async fn told(name: &str, hook: &str, code: impl Future<Output = ()>) {
    if let Err(panic) = contained(name, code).await {
        report(format_args!("application {name}, in {hook}: {panic}"));
    }
}

struct Running {
    info: ApplicationInfo,
    up: Arc<dyn Started>,
}

/// The process behind [`Applications`](super::Applications), which has the example.
pub struct Controller {
    pub(super) loaded: Vec<Arc<dyn Loaded>>,
    pub(super) set: Arc<Values>,
    pub(super) shutdown: Duration,
    /// In the order of their starts.
    running: Vec<Running>,
}

impl fmt::Debug for Controller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Controller").field("running", &self.running.len()).finish_non_exhaustive()
    }
}

impl Controller {
    pub(super) fn new(loaded: Vec<Arc<dyn Loaded>>, set: Arc<Values>, shutdown: Duration) -> Self {
        Self { loaded, set, shutdown, running: Vec::new() }
    }

    fn find(&self, name: &str) -> Result<Arc<dyn Loaded>, ApplicationError> {
        let found = self.loaded.iter().find(|loaded| loaded.name() == name);
        found.cloned().ok_or_else(|| ApplicationError::NotLoaded(name.to_owned()))
    }

    fn runs(&self, name: &str) -> bool {
        self.running.iter().any(|running| running.info.name == name)
    }

    /// Starts one application.
    async fn start_one(
        &mut self,
        cx: &mut Context<Self>,
        loaded: &dyn Loaded,
        restart: RestartType,
    ) -> Result<&'static str, ApplicationError> {
        let name = loaded.name();
        if self.runs(name) {
            return Err(ApplicationError::AlreadyStarted(name.to_owned()));
        }
        if let Some(missing) = loaded.dependencies().iter().find(|needed| !self.runs(needed)) {
            return Err(ApplicationError::NotStarted((*missing).to_owned()));
        }
        // A simulation must repeat.
        let outside = cx.runtime().workers() > 0;
        let (pid, up) = loaded.start(Env::new(name, self.set.clone(), outside)).await?;
        let running = Running { info: ApplicationInfo { name, restart, pid }, up };
        if let Err(error) = running.up.phases().await {
            end_tree(cx, pid, None).await;
            running.up.stop().await;
            return Err(error);
        }
        self.running.push(running);
        Ok(name)
    }

    /// Starts applications and all that they depend on, each as is said, else as it says itself; if
    /// one fails, those that were started are stopped again.
    async fn start_all(
        &mut self,
        cx: &mut Context<Self>,
        names: &[&str],
        restart: Option<RestartType>,
    ) -> Result<Vec<&'static str>, ApplicationError> {
        let mut order = Vec::new();
        for name in names {
            self.order(name, &mut BTreeSet::new(), &mut order)?;
        }
        let mut started = Vec::new();
        for loaded in order {
            match self.start_one(cx, &*loaded, restart.unwrap_or(loaded.restart())).await {
                Ok(name) => started.push(name),
                Err(error) => {
                    for name in started.into_iter().rev() {
                        let _ = self.stop_one(cx, name, None).await;
                    }
                    return Err(error);
                }
            }
        }
        Ok(started)
    }

    /// What is to be started for an application, in order.
    fn order(
        &self,
        name: &str,
        above: &mut BTreeSet<&'static str>,
        order: &mut Vec<Arc<dyn Loaded>>,
    ) -> Result<(), ApplicationError> {
        let loaded = self.find(name)?;
        let name = loaded.name();
        if self.runs(name) || order.iter().any(|other| other.name() == name) {
            return Ok(());
        }
        if !above.insert(name) {
            return Err(ApplicationError::Circular(name.to_owned()));
        }
        for needed in loaded.dependencies() {
            self.order(needed, above, order)?;
        }
        above.remove(name);
        order.push(loaded);
        Ok(())
    }

    /// Stops one application, until `deadline` if there is one.
    async fn stop_one(
        &mut self,
        cx: &mut Context<Self>,
        name: &str,
        deadline: Option<Instant>,
    ) -> Result<(), ApplicationError> {
        let at = self.running.iter().position(|running| running.info.name == name);
        let at = at.ok_or_else(|| ApplicationError::NotStarted(name.to_owned()))?;
        let Running { info, up } = self.running.remove(at);
        within(cx, deadline, up.prep_stop()).await;
        end_tree(cx, info.pid, deadline).await;
        within(cx, deadline, up.stop()).await;
        Ok(())
    }

    async fn answer(&mut self, cx: &mut Context<Self>, request: Request) -> Answer {
        match request {
            Request::Start(name, restart, true) => {
                Answer::Started(self.start_all(cx, &[&name], Some(restart)).await)
            }
            Request::Start(name, restart, false) => Answer::Started(match self.find(&name) {
                Ok(loaded) => self.start_one(cx, &*loaded, restart).await.map(|name| vec![name]),
                Err(error) => Err(error),
            }),
            Request::Boot => {
                let names: Vec<&str> = self.loaded.iter().map(|loaded| loaded.name()).collect();
                Answer::Started(self.start_all(cx, &names, None).await)
            }
            Request::Stop(name) => Answer::Stopped(self.stop_one(cx, &name, None).await),
            Request::Which => {
                Answer::Which(self.running.iter().map(|running| running.info.clone()).collect())
            }
        }
    }
}

/// Ends a tree as its parent, and waits for that; at the deadline it is killed.
async fn end_tree(cx: &mut Context<Controller>, pid: Pid, deadline: Option<Instant>) {
    cx.unlink_pid(pid);
    cx.exit_pid(pid, ExitReason::Shutdown);
    let closed = cx.closed_pid(pid);
    if !within(cx, deadline, closed).await {
        cx.exit_pid(pid, ExitReason::Kill);
        cx.closed_pid(pid).await;
    }
}

/// Waits until the deadline; false: it was too late.
async fn within<T>(
    cx: &mut Context<Controller>,
    deadline: Option<Instant>,
    what: impl Future<Output = T>,
) -> bool {
    match deadline {
        None => {
            what.await;
            true
        }
        Some(deadline) => {
            let left = deadline.saturating_duration_since(cx.now());
            let timely = cx.timeout(left, what);
            timely.await.is_ok()
        }
    }
}

impl Process for Controller {
    type Ref = ApplicationsRef;
    const NAME: &'static str = "Applications";
}

impl Server for Controller {
    type Message = ApplicationsMessage;
    const HAS_INIT: bool = true;
    const HAS_TERMINATE: bool = true;
    const TRAP_EXIT: bool = true;

    async fn init(&mut self, _: &mut Context<Self>) -> Result<(), ExitReason> {
        let mut names = BTreeSet::new();
        match self.loaded.iter().find(|loaded| !names.insert(loaded.name())) {
            Some(twice) => Err(ExitReason::error(format!("already_loaded: {}", twice.name()))),
            None => Ok(()),
        }
    }

    async fn exit(&mut self, cx: &mut Context<Self>, from: Pid, reason: ExitReason) -> Next {
        if cx.parent() == Some(from) {
            return Next::Stop(reason);
        }
        let at = self.running.iter().position(|running| running.info.pid == from);
        let Some(Running { info, up }) = at.map(|at| self.running.remove(at)) else {
            return Next::Continue;
        };
        up.stop().await;
        let ApplicationInfo { name, restart, .. } = info;
        tracing::info!(target: "actor_core::application", "{name} ({restart}) exited: {reason}");
        let ends_all = match restart {
            RestartType::Permanent => true,
            RestartType::Transient => reason != ExitReason::Normal,
            RestartType::Temporary => false,
        };
        if !ends_all {
            return Next::Continue;
        }
        Next::Stop(ExitReason::error(format!("application_terminated: {name}: {reason}")))
    }

    async fn terminate(&mut self, cx: &mut Context<Self>, _: &ExitReason) {
        let deadline = cx.now() + self.shutdown;
        while let Some(name) = self.running.last().map(|running| running.info.name) {
            let _ = self.stop_one(cx, name, Some(deadline)).await;
        }
    }
}

impl Handle<ApplicationsMessage> for Controller {
    fn handle(
        &mut self,
        ApplicationsMessage(request): ApplicationsMessage,
        reply: ReplyPort<ApplicationsReply>,
        cx: &mut Context<Self>,
    ) -> Handled<impl Future<Output = Next> + Send> {
        Handled::Future(async move {
            let answer = self.answer(cx, request).await;
            reply.send(ApplicationsReply(answer));
            Next::Continue
        })
    }
}
