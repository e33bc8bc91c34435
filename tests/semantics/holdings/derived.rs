//! Applications that the macros write: `#[derive(Application)]` and `#[application]`.

use std::sync::Mutex;
use std::time::Duration;

use actor_core::application::{
    Application, ApplicationError, Applications, ApplicationsRef, ConfigError, Configure, Env,
    RestartType, StartType,
};
use actor_core::{
    Application, CallError, ExitReason, Process, Runtime, Start, Supervisor, application, handlers,
    supervisor,
};
use actor_testkit::{TestKit, TestResult, actor_test};
use futures::executor::block_on;

use crate::kit::bounded;

/// What has happened, in order, of one test: each event begins with its test's letter.
static DIARY: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn note(event: impl Into<String>) {
    DIARY.lock().expect("no panic under it").push(event.into());
}

/// The events of one test so far; they are forgotten.
fn noted(test: char) -> Vec<String> {
    let mut diary = DIARY.lock().expect("no panic under it");
    let (mine, others) = std::mem::take(&mut *diary).into_iter().partition(|e| e.starts_with(test));
    *diary = others;
    let mine: Vec<String> = mine;
    mine.iter().map(|event| event[1..].to_owned()).collect()
}

#[derive(Process)]
struct Till {
    open: bool,
}

#[handlers]
impl Till {
    #[call]
    fn open(&mut self) -> Result<(), String> {
        if std::mem::replace(&mut self.open, true) { Err("it is open".into()) } else { Ok(()) }
    }
}

#[derive(Supervisor)]
struct Tree;

#[supervisor]
impl Tree {
    #[child]
    fn till(&self) -> Till {
        Till { open: false }
    }
}

fn with<A: Application>(
    all: Applications,
    body: impl FnOnce(&Runtime, ApplicationsRef) + Send + 'static,
) {
    bounded(move || {
        let rt = Runtime::builder().workers(1).build().expect("threads");
        let applications = rt.block_on(rt.start(all.load::<A>())).expect("it starts");
        body(&rt, applications);
        rt.shutdown().expect("everything ends");
    });
}

fn refused<T>(outcome: Result<T, CallError<ApplicationError>>) -> Option<ApplicationError> {
    outcome.err().and_then(CallError::handler)
}

/// Names of towns between commas.
fn towns(text: &str) -> Result<Vec<String>, String> {
    if text.is_empty() {
        Err("no town".into())
    } else {
        Ok(text.split(',').map(Into::into).collect())
    }
}

fn one() -> usize {
    1
}

#[derive(Application, Debug, PartialEq)]
struct TownShop {
    greeting: String,
    #[env(default = "none yet")]
    motto: std::path::PathBuf,
    #[env(default = one() + 1)]
    tills: usize,
    #[env(default)]
    open: bool,
    owner: Option<String>,
    #[env(default = "1500ms")]
    patience: Duration,
    longest: Option<Duration>,
    #[env(key = "max.size", default = 9)]
    most: u8,
    #[env(with = towns, default = Vec::new())]
    towns: Vec<String>,
    #[env(skip)]
    seen: Vec<u64>,
    #[cfg(any())]
    #[env(default = 1)]
    never: NoSuchType,
}

#[application]
impl TownShop {
    #[start]
    fn start(&self, how: StartType) -> Tree {
        assert_eq!(how, StartType::Normal);
        note(format!("a{self:?}"));
        Tree
    }
}

fn plain() -> TownShop {
    TownShop {
        greeting: "hello".into(),
        motto: "none yet".into(),
        tills: 2,
        open: false,
        owner: None,
        patience: Duration::from_millis(1_500),
        longest: None,
        most: 9,
        towns: vec![],
        seen: vec![],
    }
}

/// What is not set is its default, and what has none is an error that names the variable.
#[test]
fn what_is_not_set_is_its_default() {
    let missing = TownShop::configure(&Env::of("town_shop")).unwrap_err();
    let expected = "TOWN_SHOP_GREETING is not set; `town_shop` needs it, a String";
    assert!(matches!(&missing, ConfigError::Missing { .. }) && missing.to_string() == expected);
    with::<TownShop>(Applications::new().set_env("town_shop", "greeting", "hello"), |_, all| {
        block_on(all.boot()).expect("it starts");
        assert_eq!(noted('a'), [format!("{:?}", plain())]);
    });
}

/// Each field is read as its type reads it, by its key.
#[test]
fn each_field_is_read_as_its_type_says() {
    let values = [
        ("greeting", "hi"),
        ("motto", "cheap"),
        ("tills", "5"),
        ("open", "true"),
        ("owner", "Ann"),
        ("patience", "2m"),
        ("longest", "1h"),
        ("max.size", "7"),
        ("towns", "Ulm,Bern"),
        ("seen", "1"),
    ];
    let set = values
        .iter()
        .fold(Applications::new(), |all, (key, value)| all.set_env(TownShop::NAME, key, value));
    with::<TownShop>(set, |_, all| {
        assert_eq!(block_on(all.boot()), Ok(vec!["town_shop"]));
        let read = TownShop {
            greeting: "hi".into(),
            motto: "cheap".into(),
            tills: 5,
            open: true,
            owner: Some("Ann".into()),
            patience: Duration::from_secs(120),
            longest: Some(Duration::from_secs(3_600)),
            most: 7,
            towns: vec!["Ulm".into(), "Bern".into()],
            ..plain()
        };
        assert_eq!(noted('a'), [format!("{read:?}")]);
    });
}

/// A value that cannot be read says which variable it is, and what is wrong.
#[test]
fn a_value_that_cannot_be_read_says_why() {
    for (key, value, said) in [
        ("tills", "many", "TOWN_SHOP_TILLS is \"many\", which is no usize for `town_shop`: "),
        ("patience", "5", "TOWN_SHOP_PATIENCE is \"5\", which is no Duration for `town_shop`: it"),
        ("towns", "", "TOWN_SHOP_TOWNS is \"\", which is no "),
    ] {
        let set = Applications::new().set_env("town_shop", "greeting", "hello");
        with::<TownShop>(set.set_env("town_shop", key, value), move |_, all| {
            let error = refused(block_on(all.boot())).expect("it fails");
            assert!(matches!(error, ApplicationError::Config(ConfigError::Invalid { .. })));
            assert!(error.to_string().starts_with(said), "{error}");
        });
    }
}

/// One of each callback, of the test with this letter.
macro_rules! noting {
    ($name:ident $letter:literal $(, $option:ident = $value:tt)*) => {
        #[derive(Application)]
        struct $name;

        #[application($($option = $value),*)]
        impl $name {
            #[start]
            fn start(&self) -> Tree {
                note(format!("{}start {}", $letter, Self::NAME));
                Tree
            }
            #[phase]
            async fn warm(&self, tree: &TreeRef) -> Result<(), CallError<String>> {
                note(format!("{}warm {}", $letter, Self::NAME));
                tree.till().open().await
            }
            #[phase]
            fn hot(&self) {
                note(format!("{}hot {}", $letter, Self::NAME));
            }
            #[prep_stop]
            fn closes(&self, tree: &TreeRef) {
                note(format!("{}closes {} {}", $letter, Self::NAME, tree.till().is_alive()));
            }
            #[stop]
            async fn closed(&self) {
                note(format!("{}closed {}", $letter, Self::NAME));
            }
        }
    };
}

noting!(Ledger 'b', restart = transient);
noting!(Shop 'b', name = "corner-shop", depends = [Ledger], restart = temporary);

/// OTP 19.11, 19.3: what the block's methods are marked as says when they are called.
#[test]
fn each_callback_is_called_when_its_marker_says() {
    assert_eq!((Ledger::NAME, Ledger::DEPENDENCIES.len()), ("ledger", 0));
    assert_eq!((Shop::NAME, Shop::DEPENDENCIES), ("corner-shop", &["ledger"][..]));
    assert_eq!(Shop::PHASES, ["warm", "hot"]);
    with::<Shop>(Applications::new().load::<Ledger>(), |_, all| {
        block_on(async {
            assert_eq!(all.boot().await, Ok(vec!["ledger", "corner-shop"]));
            let starts = ["start ledger", "warm ledger", "hot ledger"];
            let starts = starts.into_iter().chain([
                "start corner-shop",
                "warm corner-shop",
                "hot corner-shop",
            ]);
            assert_eq!(noted('b'), starts.collect::<Vec<_>>());
            let running = all.which_applications().await.expect("it lives");
            let restarts: Vec<_> = running.iter().map(|running| running.restart).collect();
            assert_eq!(restarts, [RestartType::Transient, RestartType::Temporary]);
            assert_eq!(all.boot().await, Ok(vec![]));
        });
    });
    let ends = ["closes corner-shop true", "closed corner-shop"];
    let ends = ends.into_iter().chain(["closes ledger true", "closed ledger"]);
    assert_eq!(noted('b'), ends.collect::<Vec<_>>());
}

noting!(Lone 'c');

#[derive(Application)]
struct Broken;

#[application(depends = Lone)]
impl Broken {
    #[start]
    fn start(&self) -> Result<Tree, ExitReason> {
        Err(ExitReason::ShutdownWith("closed today".into()))
    }
}

/// OTP 19.1: a boot that fails takes back what it started; an error that is a reason stays one.
#[test]
fn a_boot_that_fails_takes_back_what_it_started() {
    with::<Broken>(Applications::new().load::<Lone>(), |_, all| {
        block_on(async {
            let reason = ExitReason::ShutdownWith("closed today".into());
            let expected = ApplicationError::Start { application: "broken".into(), reason };
            assert_eq!(refused(all.boot().await), Some(expected));
            let events = ["start lone", "warm lone", "hot lone", "closes lone true", "closed lone"];
            assert_eq!(noted('c'), events);
            assert_eq!(all.which_applications().await, Ok(vec![]));
        });
    });
}

noting!(First 'd');
noting!(Second 'd', depends = [First]);
noting!(Third 'd', depends = ["second", First]);

/// OTP 19.1, 19.12: whatever the schedule and the order of loading, each starts after what it
/// needs, with its phases, and at the end they stop in reverse.
#[actor_test(schedules = 1000)]
async fn a_boot_is_in_order_of_what_needs_what(t: TestKit) -> TestResult {
    noted('d');
    let all = match t.choose(&[0, 1, 2]) {
        0 => Applications::new().load::<Third>().load::<First>().load::<Second>(),
        1 => Applications::new().load::<First>().load::<Second>().load::<Third>(),
        _ => Applications::new().load::<Second>().load::<Third>().load::<First>(),
    };
    let all = t.start(all).await?;
    assert_eq!(all.boot().await?, ["first", "second", "third"]);
    let begins = |name| ["start", "warm", "hot"].map(|event| format!("{event} {name}"));
    assert_eq!(noted('d'), ["first", "second", "third"].map(begins).concat());
    assert_eq!(all.stop(ExitReason::Shutdown).await, ExitReason::Shutdown);
    let ends = |name| [format!("closes {name} true"), format!("closed {name}")];
    assert_eq!(noted('d'), ["third", "second", "first"].map(ends).concat());
    Ok(())
}

/// A tree may be any process, and callbacks that are not there are not missed.
#[test]
fn an_application_is_as_small_as_its_start() {
    #[derive(Application)]
    struct Small {}

    #[application]
    impl Small {
        #[start]
        fn till(&self) -> Till {
            Till { open: false }
        }
    }

    with::<Small>(Applications::new(), |rt, all| {
        let direct = Small {}.till().start();
        let till = rt.block_on(direct).expect("it is a plain method");
        assert_eq!(till.open().blocking(), Ok(()));
        assert_eq!(block_on(all.boot()), Ok(vec!["small"]));
        till.stop(ExitReason::Shutdown).blocking();
    });
}
