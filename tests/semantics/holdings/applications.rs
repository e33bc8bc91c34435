//! Applications: OTP's `application`, on one node.

use std::process::{ExitCode, Termination};
use std::sync::Mutex;
use std::time::Duration;

use actor_core::application::{
    Application, ApplicationError, Applications, ApplicationsRef, ConfigError, Configure, Env,
    RestartType, StartType,
};
use actor_core::{
    Application, CallError, Context, ExitReason, Process, Runtime, SendError, StartError,
    Supervisor, application, handlers, supervisor,
};
use actor_testkit::{TestKit, TestResult, actor_test};
use futures::executor::block_on;

use crate::kit::{bounded, until};

/// What has happened, in order, of one test: tests tell each other apart by a letter, with which
/// the names of their events begin.
static DIARY: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn note(event: impl Into<String>) {
    DIARY.lock().expect("no panic under it").push(event.into());
}

/// The events of one test so far; they are forgotten.
fn noted(test: char) -> String {
    let mut diary = DIARY.lock().expect("no panic under it");
    let (mine, others) = std::mem::take(&mut *diary).into_iter().partition(|e| e.starts_with(test));
    *diary = others;
    let mine: Vec<String> = mine;
    mine.iter().map(|event| &event[1..]).collect::<Vec<_>>().join(" ")
}

/// Notes its beginning and its end, and ends as it is told.
#[derive(Process)]
struct Lamp {
    test: char,
    name: &'static str,
}

#[handlers]
impl Lamp {
    #[init]
    fn begin(&mut self, cx: &mut Context<Self>) {
        cx.trap_exit(true);
        note(format!("{}+{}", self.test, self.name));
    }
    #[cast]
    fn end(&mut self, cx: &mut Context<Self>, reason: ExitReason) {
        cx.stop(reason);
    }
    #[exit]
    fn exited(&mut self, cx: &mut Context<Self>, _from: actor_core::Pid, reason: ExitReason) {
        cx.stop(reason);
    }
    #[cast]
    async fn hang(&mut self) {
        std::future::pending().await
    }
    #[terminate]
    fn ends(&mut self) {
        note(format!("{}-{}", self.test, self.name));
    }
}

/// A tree of one lamp, which it does not restart.
#[derive(Supervisor)]
struct Tree {
    test: char,
    name: &'static str,
}

#[supervisor(intensity = 0)]
impl Tree {
    #[child]
    fn lamp(&self) -> Lamp {
        Lamp { test: self.test, name: self.name }
    }
}

/// An application that notes all that is done to it. `T` is its test's letter.
struct Noted<const T: char, A>(std::marker::PhantomData<fn() -> A>, bool);

trait Spec: Send + Sync + 'static {
    const NAME: &'static str;
    const DEPENDENCIES: &'static [&'static str] = &[];
    const PHASES: &'static [&'static str] = &[];
    const RESTART: RestartType = RestartType::Permanent;
}

macro_rules! apps {
    ($($type:ident $name:literal $deps:expr, $phases:expr;)*) => { $(
        struct $type;
        impl Spec for $type {
            const NAME: &'static str = $name;
            const DEPENDENCIES: &'static [&'static str] = $deps;
            const PHASES: &'static [&'static str] = $phases;
        }
    )* };
}

apps! {
    Base "base" &[], &[];
    Middle "middle" &["base"], &[];
    Top "top" &["middle", "base"], &["warm", "hot"];
    Round "round" &["about"], &[];
    About "about" &["round"], &[];
    Lost "lost" &["nowhere"], &[];
}

impl<const T: char, A: Spec> Configure for Noted<T, A> {
    fn configure(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self(std::marker::PhantomData, env.get("fails", false)?))
    }
}

impl<const T: char, A: Spec> Application for Noted<T, A> {
    const NAME: &'static str = A::NAME;
    const DEPENDENCIES: &'static [&'static str] = A::DEPENDENCIES;
    const PHASES: &'static [&'static str] = A::PHASES;
    const RESTART: RestartType = A::RESTART;
    type Tree = Tree;

    fn start(&self, how: StartType) -> Result<Tree, ExitReason> {
        assert_eq!(how, StartType::Normal);
        if self.1 { panic!("told to") } else { Ok(Tree { test: T, name: A::NAME }) }
    }
    async fn start_phase(&self, phase: &'static str, tree: &TreeRef) -> Result<(), ExitReason> {
        assert!(tree.lamp().is_alive());
        note(format!("{T}{phase}"));
        if T == 'p' && phase == "hot" { Err(ExitReason::other("too hot")) } else { Ok(()) }
    }
    async fn prep_stop(&self, tree: &TreeRef) {
        note(format!("{T}prep:{}:{}", A::NAME, tree.lamp().is_alive()));
    }
    async fn stop(&self) {
        note(format!("{T}stop:{}", A::NAME));
    }
}

type Started = Result<Vec<&'static str>, CallError<ApplicationError>>;

fn all<const T: char>() -> Applications {
    Applications::new().load::<Noted<T, Top>>().load::<Noted<T, Base>>().load::<Noted<T, Middle>>()
}

/// Runs a test's body with applications on a runtime of one worker.
fn with(all: Applications, body: impl FnOnce(&Runtime, ApplicationsRef) + Send + 'static) {
    bounded(move || {
        let rt = Runtime::builder().workers(1).build().expect("threads");
        let applications = rt.block_on(rt.start(all)).expect("it starts");
        body(&rt, applications);
        rt.shutdown().expect("everything ends");
    });
}

fn refused<T>(outcome: Result<T, CallError<ApplicationError>>) -> Option<ApplicationError> {
    outcome.err().and_then(CallError::handler)
}

fn name(application: &str) -> String {
    application.to_owned()
}

/// OTP 19.1
#[test]
fn a_start_needs_what_the_application_depends_on() {
    with(all::<'a'>(), |_, applications| {
        block_on(async {
            let start = |name| applications.start_application(name, RestartType::Temporary);
            assert_eq!(
                refused(start("top").await),
                Some(ApplicationError::NotStarted(name("middle")))
            );
            assert_eq!(
                refused(start("middle").await),
                Some(ApplicationError::NotStarted(name("base")))
            );
            assert_eq!(
                refused(start("none").await),
                Some(ApplicationError::NotLoaded(name("none")))
            );
            assert_eq!((start("base").await, start("middle").await), (Ok(()), Ok(())));
            assert_eq!(
                refused(start("base").await),
                Some(ApplicationError::AlreadyStarted(name("base")))
            );
            assert_eq!(noted('a'), "+base +middle");
        });
    });
    assert_eq!(noted('a'), "prep:middle:true -middle stop:middle prep:base:true -base stop:base");
}

/// OTP 19.1, 19.11, 19.12: what is needed starts first, phases run in order when the tree is up,
/// and at the end all stop in the reverse order.
#[test]
fn ensure_all_started_starts_in_order_and_the_end_stops_in_reverse() {
    with(all::<'b'>(), |_, applications| {
        block_on(async {
            let started: Started =
                applications.ensure_all_started("top", RestartType::Permanent).await;
            assert_eq!(started, Ok(vec!["base", "middle", "top"]));
            assert_eq!(noted('b'), "+base +middle +top warm hot");
            let again = applications.ensure_all_started("top", RestartType::Permanent).await;
            assert_eq!(again, Ok(vec![]));
            let running = applications.which_applications().await.expect("it lives");
            let names: Vec<_> = running.iter().map(|running| running.name).collect();
            assert_eq!(names, ["base", "middle", "top"]);
            assert_eq!(running[2].restart, RestartType::Permanent);
        });
    });
    let end = "prep:top:true -top stop:top prep:middle:true -middle stop:middle prep:base:true \
               -base stop:base";
    assert_eq!(noted('b'), end);
}

/// OTP 19.1: a circle and an unknown dependency are errors, and leave nothing.
#[test]
fn what_cannot_be_ordered_is_not_started() {
    let all = Applications::new()
        .load::<Noted<'c', Round>>()
        .load::<Noted<'c', About>>()
        .load::<Noted<'c', Lost>>();
    with(all, |_, applications| {
        block_on(async {
            let start = |name| applications.ensure_all_started(name, RestartType::Permanent);
            let circle = ApplicationError::Circular(name("round"));
            assert_eq!(refused(start("round").await), Some(circle));
            let unknown = ApplicationError::NotLoaded(name("nowhere"));
            assert_eq!(refused(start("lost").await), Some(unknown));
            assert_eq!(noted('c'), "");
        });
    });
}

/// One name cannot be loaded twice.
#[test]
fn one_name_is_loaded_once() {
    let rt = Runtime::builder().workers(1).build().expect("threads");
    let twice = all::<'d'>().load::<Noted<'d', Base>>();
    let failed = rt.block_on(rt.start(twice)).map(drop);
    assert_eq!(failed, Err(StartError::Init(ExitReason::error("already_loaded: base"))));
}

/// A start that fails (here by a panic) is an error, those that were started are stopped again, and
/// the others go on.
#[test]
fn a_start_that_fails_takes_back_what_it_started() {
    with(all::<'e'>().set_env("top", "fails", true), |_, applications| {
        block_on(async {
            applications.start_application("base", RestartType::Permanent).await.expect("free");
            let failed = applications.ensure_all_started("top", RestartType::Permanent).await;
            let Some(ApplicationError::Start { application, reason }) = refused(failed) else {
                panic!("another error")
            };
            assert!(application == "top" && reason.is_panic("told to"), "{reason}");
            let events = "+base +middle prep:middle:true -middle stop:middle";
            assert_eq!(noted('e'), events);
            assert_eq!(applications.which_applications().await.expect("it lives").len(), 1);
        });
    });
}

/// A configuration that cannot be read is told by the name of its variable.
#[test]
fn a_configuration_that_cannot_be_read_says_why() {
    with(all::<'f'>().set_env("base", "fails", "maybe"), |_, applications| {
        let failed = block_on(applications.start_application("base", RestartType::Permanent));
        let error = failed.unwrap_err().to_string();
        assert!(
            error.starts_with("BASE_FAILS is \"maybe\", which is no bool for `base`"),
            "{error}"
        );
    });
}

/// OTP 19.11: a phase that fails fails the start, and the tree is stopped again.
#[test]
fn a_phase_that_fails_fails_the_start() {
    with(all::<'p'>(), |_, applications| {
        block_on(async {
            let failed = applications.ensure_all_started("top", RestartType::Permanent).await;
            let (application, reason) = (name("top"), ExitReason::other("too hot"));
            let expected = ApplicationError::Phase { application, phase: "hot", reason };
            assert_eq!(refused(failed), Some(expected));
            let events = "+base +middle +top warm hot -top stop:top prep:middle:true -middle \
                          stop:middle prep:base:true -base stop:base";
            assert_eq!(noted('p'), events);
        });
    });
}

/// OTP 19.3: prep_stop before, stop after the tree is dead; a permanent application can be stopped,
/// and that ends nothing else.
#[test]
fn a_stop_is_prepared_and_told_when_the_tree_is_dead() {
    with(all::<'g'>(), |_, applications| {
        block_on(async {
            applications.ensure_all_started("middle", RestartType::Permanent).await.expect("free");
            noted('g');
            assert_eq!(applications.stop_application("base").await, Ok(()));
            assert_eq!(noted('g'), "prep:base:true -base stop:base");
            let stopped = applications.stop_application("base").await;
            assert_eq!(refused(stopped), Some(ApplicationError::NotStarted(name("base"))));
            assert_eq!(applications.which_applications().await.expect("it lives").len(), 1);
            assert!(applications.is_alive());
        });
    });
}

fn failure(code: ExitCode) -> bool {
    format!("{code:?}") != format!("{:?}", ().report())
}

/// Starts base as said, and middle as temporary; ends the tree of base by a reason. Whether the
/// controller went on, and whether its exit code is a failure.
fn ends<const T: char>(restart: RestartType, reason: ExitReason) -> (bool, bool) {
    let (tell, told) = std::sync::mpsc::channel();
    with(all::<T>(), move |rt, applications| {
        let base = block_on(async {
            applications.start_application("base", restart).await.expect("free");
            let middle = applications.start_application("middle", RestartType::Temporary);
            middle.await.expect("free");
            applications.which_applications().await.expect("it lives")[0].pid
        });
        noted(T);
        let closed = applications.closed();
        // As if by the tree itself: nobody that it knows has ended it.
        rt.spawn(Ender).expect("room").end(base, reason).blocking().expect("it lives");
        until("base is stopped", || {
            !applications.is_alive() || {
                let running = block_on(applications.which_applications());
                running.is_ok_and(|running| running.len() == 1)
            }
        });
        let goes_on = applications.is_alive();
        if !goes_on {
            assert!(!closed.blocking().is_normal());
        } else {
            applications.stop(ExitReason::Shutdown).blocking();
        }
        let code = block_on(applications.wait());
        let _ = tell.send((goes_on, failure(code)));
    });
    told.recv().expect("it was told")
}

#[derive(Process)]
struct Ender;

#[handlers]
impl Ender {
    #[call]
    fn end(&mut self, cx: &mut Context<Self>, pid: actor_core::Pid, reason: ExitReason) {
        cx.exit(&pid, reason);
    }
}

/// OTP 19.2: the end of a permanent application is that of all, and the exit code says so; of a
/// transient one unless it is normal; of a temporary one never.
#[test]
fn what_an_end_means_the_restart_type_says() {
    use RestartType::{Permanent, Temporary, Transient};
    let kill = || ExitReason::Kill;
    assert_eq!(ends::<'h'>(Permanent, kill()), (false, true));
    // The lamp of the tree that was killed notes its end when it comes to that.
    let events = noted('h').replace("-base", "");
    let events: Vec<_> = events.split_whitespace().collect();
    assert_eq!(events, ["stop:base", "prep:middle:true", "-middle", "stop:middle"]);
    assert_eq!(ends::<'i'>(Transient, kill()), (false, true));
    assert_eq!(ends::<'j'>(Temporary, kill()), (true, false));
}

/// A plain process as an application's tree, that can end normally.
#[derive(Process)]
struct Job;

#[handlers]
impl Job {
    #[cast]
    fn done(&mut self, cx: &mut Context<Self>) {
        cx.stop(ExitReason::Normal);
    }
}

#[derive(Application)]
struct Brief;

#[application]
impl Brief {
    #[start]
    fn start(&self) -> Job {
        Job
    }
    #[phase]
    fn end(&self, job: &JobRef) -> Result<(), SendError> {
        job.done()
    }
}

/// OTP 19.2: a normal end of a permanent application ends all, of a transient one it does not.
#[test]
fn a_normal_end_is_none_of_a_transient_application() {
    let run = |restart| {
        let (tell, told) = std::sync::mpsc::channel();
        with(Applications::new().load::<Brief>(), move |_, applications| {
            block_on(applications.start_application("brief", restart)).expect("free");
            until("it is over", || {
                let running = block_on(applications.which_applications());
                running.is_ok_and(|running| running.is_empty()) || !applications.is_alive()
            });
            let _ = tell.send(applications.is_alive());
        });
        told.recv().expect("it was told")
    };
    assert!(run(RestartType::Transient));
    assert!(!run(RestartType::Permanent));
}

/// OTP 19.12: the end of all is bounded: who does not stop in time is killed.
#[test]
fn a_tree_that_hangs_is_killed_at_the_end() {
    #[derive(Application)]
    struct Stuck;
    #[application]
    impl Stuck {
        #[start]
        fn start(&self) -> Tree {
            Tree { test: 'l', name: "stuck" }
        }
        #[phase]
        fn hang(&self, tree: &TreeRef) -> Result<(), SendError> {
            tree.lamp().hang()
        }
        #[prep_stop]
        async fn never(&self) {
            std::future::pending().await
        }
    }
    let all = Applications::new()
        .load::<Stuck>()
        .load::<Noted<'l', Base>>()
        .shutdown(Duration::from_millis(20));
    with(all, |_, applications| {
        block_on(async {
            for name in ["base", "stuck"] {
                applications.start_application(name, RestartType::Permanent).await.expect("free");
            }
        });
        assert_eq!(applications.stop(ExitReason::Shutdown).blocking(), ExitReason::Shutdown);
    });
    // Both were ended, the first without its terminate.
    assert!(noted('l').starts_with("+base +stuck"));
}

/// OTP 19.1, 19.3, 19.12: the order is the same in every schedule.
#[actor_test(schedules = 1000)]
async fn applications_start_and_stop_in_order(t: TestKit) -> TestResult {
    // Schedules run one after the other.
    noted('m');
    let applications = t.start(all::<'m'>()).await?;
    applications.ensure_all_started("top", RestartType::Permanent).await?;
    assert_eq!(noted('m'), "+base +middle +top warm hot");
    if t.choose(&[true, false]) {
        applications.stop_application("top").await?;
        assert_eq!(noted('m'), "prep:top:true -top stop:top");
    }
    assert_eq!(applications.stop(ExitReason::Shutdown).await, ExitReason::Shutdown);
    let end = "prep:middle:true -middle stop:middle prep:base:true -base stop:base";
    assert!(noted('m').ends_with(end));
    Ok(())
}
