//! The macros of `actor_core`, which re-exports them; see there for the whole picture.
//!
//! - [`derive(Process)`](macro@Process) and [`handlers`](macro@handlers): a type and its methods
//!   become a process and its messages.
//! - [`derive(StateMachine)`](macro@StateMachine) and [`machine`](macro@machine): a type and its
//!   methods become a state machine.
//! - [`derive(Supervisor)`](macro@Supervisor) and [`supervisor`](macro@supervisor): a type and its
//!   methods become a supervisor and its children.
//! - [`derive(Application)`](macro@Application) and [`application`](macro@application): a type and
//!   its methods become an application: its configuration, and what is done when it starts and
//!   stops.
//! - [`main`](macro@main): an `async fn main` becomes a process of a new runtime.
//! - [`actor_test`](macro@actor_test): an async function becomes a test under many schedules.
//!
//! All that they write can be written by hand, with the public traits of `actor_core`. What is
//! wrong is said at the user's own words, all of it at once, with what to write instead.
//!
//! A user's text goes through five stages: `parse` (syntax as written), `lower` (what it means, as
//! `model`), `check` (rules across it), `expand` (output, thin, naming only the runtime's
//! `__private` paths), and `diagnose`, which collects the errors of all of them. Whatever is wrong,
//! the user's own item is emitted too, and everything that could be understood is generated. It is
//! emitted as it was written, but for the markers, and for the checks that `yields` puts into the
//! loops of async handlers.

mod actor_test;
mod check;
mod diagnose;
mod duration;
mod expand;
mod fallback;
mod lower;
mod model;
mod names;
mod parse;
mod pipeline;
mod yields;

use proc_macro::TokenStream;

/// Makes a type a process: its state is the value itself.
///
/// For `pub struct Account` this generates
///
/// - `pub struct AccountRef`, a reference to a running account. It derefs to `Address`, which has
///   `pid`, `stop`, `closed` and the other built-ins, prints as `AccountRef(<0.17.3>)`, and has
///   `AccountRef::whereis(name)`. Its methods come from [`macro@handlers`];
/// - `impl Process for Account` (name, version, options);
/// - `impl Start for Account` (so that `Account { .. }.start().await` works).
///
/// # Options
///
/// | `#[process(..)]` | | default |
/// |---|---|---|
/// | `version = 2` | version of the state and the messages | `0` |
/// | `mailbox = 64` | how many messages wait at most | `limits::MAILBOX`, 2^16 |
/// | `overflow = reject` | if full: `hold`, `reject`, `drop_newest` or `drop_oldest` | `hold` |
/// | `priority = high` | `low`, `normal`, `high` or `max` | `normal` |
/// | `hibernate_after = "60s"` | idle for so long, it hibernates | never |
/// | `crate = path` | where `actor_core` is found | `::actor_core` |
///
/// # Example
///
/// ```
/// use actor_core::prelude::*;
///
/// /// A bank account.
/// #[derive(Process)]
/// #[process(mailbox = 64, priority = high)]
/// pub struct Account { balance: u64 }
/// # #[handlers] impl Account {}
///
/// # let rt = Runtime::new()?;
/// let alice: AccountRef = rt.block_on(Account { balance: 9 }.with().name("alice").start())?;
/// # let _entered = rt.enter();
/// assert_eq!(AccountRef::whereis("alice")?.and_then(|found| found.pid()), alice.pid());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[proc_macro_derive(Process, attributes(process))]
pub fn derive_process(item: TokenStream) -> TokenStream {
    pipeline::process(item.into()).into()
}

/// Makes a type a state machine: its states and handlers are in a block under [`macro@machine`].
///
/// For `pub struct Door` this generates what [`derive(Process)`](macro@Process) does, with the same
/// options (`#[process(..)]`): `DoorRef`, and the ways to start. The value itself is what all
/// states share.
///
/// ```
/// use actor_core::prelude::*;
///
/// #[derive(StateMachine)]
/// #[process(mailbox = 64)]
/// pub struct Lamp { presses: u32 }
///
/// pub struct Off;
/// pub struct On;
///
/// #[machine(initial = Off)]
/// impl Lamp {
///     #[call(in = Off)]
///     pub fn press(&mut self) -> To<On, u32> {
///         self.presses += 1;
///         To::state(On).reply(self.presses)
///     }
///     #[call(in = On, event = press)]
///     fn press_again(&mut self) -> To<Off, u32> { To::state(Off).reply(self.presses) }
/// }
///
/// # let rt = Runtime::new()?;
/// let lamp: LampRef = rt.block_on(Lamp { presses: 0 }.start())?;
/// assert_eq!((lamp.press().blocking()?, lamp.press().blocking()?), (1, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[proc_macro_derive(StateMachine, attributes(process))]
pub fn derive_state_machine(item: TokenStream) -> TokenStream {
    pipeline::machine_type(item.into()).into()
}

/// Makes a type a supervisor: its fields are the arguments of the tree. The children are the
/// methods of a block under [`macro@supervisor`].
///
/// For `pub struct Bank` this generates `pub struct BankRef`, which derefs to `SupervisorRef` and
/// gets one method for each child, and `impl Start for Bank`. `#[supervised(crate = path)]` says
/// where `actor_core` is found.
///
/// ```
/// use actor_core::prelude::*;
/// # #[derive(Process)] pub struct Account { balance: u64 }
/// # #[handlers] impl Account {
/// #     #[call] pub fn balance(&self) -> u64 { self.balance }
/// # }
///
/// #[derive(Supervisor)]
/// pub struct Bank { opening: u64 }
///
/// #[supervisor]
/// impl Bank {
///     #[child] pub fn alice(&self) -> Account { Account { balance: self.opening } }
/// }
///
/// # let rt = Runtime::new()?;
/// let bank: BankRef = rt.block_on(rt.start(Bank { opening: 100 }))?;
/// assert_eq!(bank.alice().balance().blocking()?, 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[proc_macro_derive(Supervisor, attributes(supervised))]
pub fn derive_supervisor(item: TokenStream) -> TokenStream {
    pipeline::supervisor_type(item.into()).into()
}

/// Makes a type an application: its fields are its configuration, read at each start. What starts
/// and stops it are the methods of a block under [`macro@application`].
///
/// For `struct Shop` this generates `impl Configure for Shop`. The value of a field is looked for
/// as `Env` does: in the operating system's environment (`SHOP_TILLS` for the field `tills` of the
/// application `shop`), and then among what the program has set (`Applications::set_env`).
///
/// | field | if it is not set |
/// |---|---|
/// | `greeting: String` | the application does not start: `ConfigError::Missing` |
/// | `#[env(default = 2)] tills: usize` | what is written; a text is read as a value would be |
/// | `#[env(default)] tills: usize` | the type's default |
/// | `motto: Option<String>` | `None` |
///
/// A field's type is any with `FromStr`, and `Duration`, which is written as in `5s` or `250ms`, as
/// value and as default. Other options of `#[env(..)]`:
///
/// - `key = "max.size"`: the name it is found by, if it is not the field's;
/// - `with = words`: a function `fn(&str) -> Result<T, E>` that reads it, where `FromStr` does not;
/// - `skip`: it is not read; it has its type's default.
///
/// `#[env(crate = path)]` on the type says where `actor_core` is found.
///
/// ```
/// use actor_core::{application::*, prelude::*};
/// use std::time::Duration;
///
/// #[derive(Application)]
/// struct Shop {
///     greeting: String,
///     #[env(default = 2)]
///     tills: usize,
///     #[env(default = "5s")]
///     patience: Duration,
///     #[env(key = "open.on")]
///     day: Option<String>,
/// }
///
/// let unset = Shop::configure(&Env::of("shop")).map(drop).unwrap_err();
/// assert_eq!(unset.to_string(), "SHOP_GREETING is not set; `shop` needs it, a String");
/// ```
#[proc_macro_derive(Application, attributes(env))]
pub fn derive_application(item: TokenStream) -> TokenStream {
    pipeline::configuration(item.into()).into()
}

#[doc = include_str!("application.md")]
#[proc_macro_attribute]
pub fn application(options: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::application(options.into(), item.into()).into()
}

/// Makes the methods of an `impl` block the handlers of a process.
///
/// For `impl Account` this generates
///
/// - `enum AccountMessage`: one variant for each handler (`set_limit` gives `SetLimit`), its fields
///   named after the arguments;
/// - `enum AccountReply`: one variant for each `#[call]`, holding what it returns;
/// - a method on `AccountRef` for each handler, with its docs, visibility, `cfg` and arguments;
/// - `impl Server for Account`, with the hooks, and `impl Handle<AccountMessage> for Account`.
///
/// The block itself stays as it is: handlers are ordinary methods and can call each other.
///
/// # Handlers
///
/// Sync or async, with `&self` or `&mut self`, then, if wanted, `cx: &mut Context<Self>`, then
/// arguments that own what they hold. An async `&self` handler needs the state to be `Sync`; take
/// `&mut self` if it is not.
///
/// - `#[call]` replies with what it returns. The method of the ref is a lazy `Call`: of
///   `Result<T, CallFailure>`, or, if the handler returns a `Result<T, E>`, of
///   `Result<T, CallError<E>>`. With a parameter `reply: Reply<T>` it returns nothing and replies
///   whenever it likes. `#[call(timeout = "10s")]` (also an expression, or `infinity`) replaces the
///   5 s a caller waits by default; `#[call(result)]` says that an alias is a `Result`. With
///   `#[call(on_err = crash)]` an `Err` is no reply: it ends the process, and the call fails with
///   the exit reason, as it does for a panic.
/// - `#[cast]` returns nothing. The method of the ref is done when the message is in the mailbox.
///   With `#[cast(on_err = crash)]` or `#[cast(on_err = log)]` it may return `Result<(), E>`.
/// - `blocking`, for both: the handler, a plain `fn`, computes or blocks for long, and is run on a
///   thread beside the workers, so that it costs them nothing.
/// - `yields`, for both: all loops of the handler, an `async fn`, let others run, also those that
///   do not await; see below.
///
/// # Loops
///
/// An `.await` that is ready does not let others run. So each loop of an async handler or hook that
/// awaits in its body, or in the condition of a `while`, gets a check as the first statement of its
/// body: `actor_core::reduce().await`, which counts, and lets others run when the turn has had its
/// share (`limits::TURN_REDUCTIONS` or `limits::TURN_TIME`). It costs a nanosecond or two. A loop
/// that does not await is left as it is, unless the handler says `yields`.
///
/// - `#[no_yield]` on a loop leaves the check out there, not in the loops inside of it. Under
///   `yields` that is needed where a loop goes over what is not `Send`: the check is an await, and
///   what lives across an await must be.
/// - Loops in closures, in nested functions and in `async` blocks that are handed on are not the
///   handler's own, and left alone. An `async` block that is awaited where it stands
///   (`async { .. }.await`) is.
/// - A macro awaits if its arguments do, or if it is called `select`, `select_biased`, `join` or
///   `try_join`. Loops in the arguments of macros are not seen.
/// - Where no check is put, in other methods and functions say, `reduce().await` does by hand.
///
/// ```
/// use actor_core::prelude::*;
///
/// #[derive(Process)]
/// struct Index { words: Vec<String> }
///
/// #[handlers]
/// impl Index {
///     #[call(yields)] // no await: without `yields`, nobody else would run here meanwhile
///     async fn count(&self, letter: char) -> usize {
///         let mut count = 0;
///         for word in &self.words {
///             #[no_yield] // short
///             for other in word.chars() {
///                 count += usize::from(letter == other);
///             }
///         }
///         count
///     }
/// }
///
/// # let rt = Runtime::new()?;
/// let index = rt.spawn(Index { words: vec!["hello".into(); 10_000] })?;
/// assert_eq!(index.count('l').blocking()?, 20_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
#[doc = include_str!("hooks.md")]
///
/// # Options
///
/// | `#[handlers(..)]` | | default |
/// |---|---|---|
/// | `name = AdminMessage` | a further block: its own enum, no hooks | `AccountMessage` |
/// | `derive(Clone, ..)` | derives of the message enum | a `Debug` with variant names |
/// | `crate = path` | where `actor_core` is found | `::actor_core` |
///
/// # Example
///
/// ```
/// use actor_core::prelude::*;
/// # #[derive(Debug)] pub struct Overdrawn;
/// # #[derive(Process)] pub struct Account { balance: u64 }
///
/// #[handlers]
/// impl Account {
///     /// The balance, in cents.
///     #[call]
///     pub fn balance(&self) -> u64 { self.balance }
///
///     #[call]
///     pub async fn withdraw(&mut self, amount: u64) -> Result<u64, Overdrawn> {
///         self.balance = self.balance.checked_sub(amount).ok_or(Overdrawn)?;
///         Ok(self.balance)
///     }
///
///     #[cast]
///     pub fn deposit(&mut self, amount: u64) { self.balance += amount }
/// }
///
/// # let rt = Runtime::new()?;
/// # let account = rt.spawn(Account { balance: 0 })?;
/// # rt.run(async move {
/// account.deposit(50)?;
/// assert_eq!(account.balance().await?, 50);
/// assert!(matches!(account.withdraw(80).await, Err(CallError::Handler(Overdrawn))));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A call that may be the end of its process:
///
/// ```
/// use actor_core::prelude::*;
///
/// #[derive(Process)]
/// struct Parser;
///
/// #[handlers]
/// impl Parser {
///     #[call(on_err = crash)]
///     fn parse(&mut self, text: String) -> Result<u32, std::num::ParseIntError> { text.parse() }
/// }
///
/// # let rt = Runtime::new()?;
/// let parser = rt.spawn(Parser)?;
/// assert_eq!(parser.parse("7".into()).blocking(), Ok(7));
/// let why = ExitReason::error("invalid digit found in string");
/// assert_eq!(parser.parse("x".into()).blocking(), Err(CallFailure::Exited(why)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A hook:
///
/// ```
/// use actor_core::prelude::*;
///
/// #[derive(Process)]
/// struct Guard { lost: usize }
///
/// #[handlers]
/// impl Guard {
///     #[init]
///     fn begin(&mut self) -> Result<(), String> {
///         if self.lost == 0 { Ok(()) } else { Err("start with none lost".into()) }
///     }
///
///     #[exit] // its presence sets trap_exit
///     fn lost(&mut self, _from: Pid, _reason: ExitReason) { self.lost += 1 }
/// }
///
/// # let rt = Runtime::new()?;
/// assert!(rt.block_on(rt.start(Guard { lost: 0 })).is_ok());
/// assert!(rt.block_on(rt.start(Guard { lost: 1 })).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[proc_macro_attribute]
pub fn handlers(options: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::handlers(options.into(), item.into()).into()
}

#[doc = include_str!("machine.md")]
#[proc_macro_attribute]
pub fn machine(options: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::machine(options.into(), item.into()).into()
}

/// Makes the methods of an `impl` block the children of a supervisor, in start order.
///
/// For `impl Bank` this generates `impl Supervisor for Bank`, whose `spec` is the tree, and the
/// methods of `BankRef` that find the children. The refs they give stay valid through restarts.
///
/// # Children
///
/// A method under `#[child]` takes `&self` (the arguments of the tree) and makes one child. It is
/// sync or async and returns what can be started, a process or another supervisor; or a `Result` of
/// it, whose error is that child's start failure; or an `Option` of it, whose `None` leaves the
/// child out. It runs in the child's own process, at its start and at every restart.
///
/// A parameter named after a child further up is that child's ref: `Option<..>` if the child is
/// optional, `Vec<..>` if it is counted, `Partitions<..>` if it is partitioned.
///
/// | `#[child(..)]` | | default |
/// |---|---|---|
/// | `restart = transient` | `permanent`, `transient` or `temporary` | `permanent` |
/// | `shutdown = "10s"` | a time, `brutal_kill` or `infinity` | `"5s"`; `infinity` for a tree |
/// | `count = 4` | so many; a parameter `index: usize` is a child's number | one |
/// | `partitions`, `partitions = 4` | copies that are found by key | one; as many as workers |
/// | `dynamic` | none at first: `start_teller(..)` starts one | |
/// | `key = name` | the start argument by which a dynamic one is found: started once a key | none |
/// | `max_children = 100` | how many dynamic ones there may be | any number |
/// | `significant` | its end for good counts for `auto_shutdown` | it does not |
/// | `keep_mailbox` | what it had not handled when it ended, the next process does | it is lost |
/// | `backoff = "100ms..30s"` | waits before restarts, doubled each time, partly random | none |
///
/// The parameters of a dynamic child that are no siblings are those of its start method; they are
/// kept and cloned for restarts, unless it is `temporary`.
///
/// With `key = name`, `start_teller(name)` gives the one that has the key, and starts it if there
/// is none; `teller(name)` is an `Option` of it.
///
/// The ref's method for `#[child] fn ledger` is `ledger()`: the child's ref; an `Option` of it if
/// the child is optional; with `count`, `shard(index)` is an `Option` and `shard_refs()` all; with
/// `partitions`, `shard(&key)` is the ref of the one that has the key, and `shard_refs()` all.
///
/// # Options
///
/// | `#[supervisor(..)]` | | default |
/// |---|---|---|
/// | `strategy = rest_for_one` | `one_for_one`, `one_for_all` or `rest_for_one` | `one_for_one` |
/// | `intensity = 3` | more restarts than this within `period`, and the supervisor gives up | `1` |
/// | `period = "5s"` | | `"5s"` |
/// | `auto_shutdown = any_significant` | or `all_significant`, or `never` | `never` |
/// | `crate = path` | where `actor_core` is found | `::actor_core` |
///
/// `intensity`, `period`, `shutdown`, `count`, `max_children` and the two ends of `backoff` may be
/// expressions over `self`.
///
/// # Example
///
/// ```
/// use actor_core::prelude::*;
/// # use std::io;
/// # #[derive(Process)] struct Ledger;
/// # #[handlers] impl Ledger {}
/// # impl Ledger { async fn open(_: &str) -> io::Result<Self> { Ok(Self) } }
/// # #[derive(Process)] struct Account { balance: u64, ledger: LedgerRef }
/// # #[handlers] impl Account { #[call] fn balance(&self) -> u64 { self.balance } }
/// # #[derive(Process)] struct Teller { name: String }
/// # #[handlers] impl Teller { #[call] fn name(&self) -> String { self.name.clone() } }
/// #[derive(Supervisor)]
/// struct Bank { dir: String, opening: u64 }
///
/// #[supervisor(strategy = rest_for_one, intensity = 3, period = "5s")]
/// impl Bank {
///     #[child(restart = transient, shutdown = "10s")]
///     async fn ledger(&self) -> io::Result<Ledger> { Ledger::open(&self.dir).await }
///
///     #[child]
///     fn alice(&self, ledger: LedgerRef) -> Account { Account { balance: self.opening, ledger } }
///
///     #[child(dynamic, restart = temporary)]
///     fn teller(&self, name: String) -> Teller { Teller { name } }
/// }
///
/// # let rt = Runtime::new()?;
/// # rt.run(async {
/// let bank = Bank { dir: "bank".into(), opening: 100 }.start().await?;
/// assert_eq!(bank.alice().balance().await?, 100);
/// assert_eq!(bank.start_teller("Ann".into()).await?.name().await?, "Ann");
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[proc_macro_attribute]
pub fn supervisor(options: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::supervisor(options.into(), item.into()).into()
}

/// Runs an `async fn main` as a process of a new runtime. When it returns, the processes it has
/// started are stopped in order, and then the runtime.
///
/// The function may return whatever `fn main` may. `#[main(crate = path)]` says where `actor_core`
/// is found.
///
/// ```
/// use actor_core::prelude::*;
/// # #[derive(Process)] struct Account { balance: u64 }
/// # #[handlers] impl Account {
/// #     #[cast] fn deposit(&mut self, amount: u64) { self.balance += amount }
/// # }
///
/// #[actor_core::main]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let account = Account { balance: 0 }.start().await?;
///     account.deposit(50)?;
///     Ok(())
/// }
/// ```
#[proc_macro_attribute]
pub fn main(options: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::main(options.into(), item.into()).into()
}

/// Makes an async function of a test kit a plain test that runs under many schedules;
/// `actor_testkit` re-exports it, and shows how such a test is written.
///
/// | `#[actor_test(..)]` | | default |
/// |---|---|---|
/// | `schedules = 64` | how many schedules are run, at least 1 | `64` |
/// | `seed = 0x25` | what all schedules are made from | `0` |
/// | `max_steps = 10_000` | a schedule of more steps counts as one that never ends | `10_000` |
/// | `leaks = "allow"` | what is left at the end does not fail the test | `"deny"` |
/// | `time = "manual"` | time passes at `advance` only, not by itself | `"auto"` |
///
/// Other attributes stay with the test: `#[ignore]`, `#[should_panic]`, `#[cfg(..)]`. The function
/// returns nothing or a `TestResult`.
#[proc_macro_attribute]
pub fn actor_test(options: TokenStream, item: TokenStream) -> TokenStream {
    actor_test::expand(options.into(), item.into()).into()
}

// The markers, as attributes of their own: met outside their block, they explain themselves.
macro_rules! markers {
    ($($(#[$doc:meta])* $name:ident in $block:literal)*) => {$(
        $(#[$doc])*
        #[proc_macro_attribute]
        pub fn $name(_: TokenStream, item: TokenStream) -> TokenStream {
            fallback::stray_marker(stringify!($name), $block, item.into()).into()
        }
    )*};
}

markers! {
    /// Marks a handler that replies; [`macro@handlers`] has the examples.
    call in "handlers"
    /// Marks a handler that does not reply; [`macro@handlers`] has the examples.
    cast in "handlers"
    /// Marks what runs before the first message; [`macro@handlers`] has the examples.
    init in "handlers"
    /// Marks what runs before the process ends; [`macro@handlers`] has the examples.
    terminate in "handlers"
    /// Marks what runs when a linked process ended; [`macro@handlers`] has the examples.
    exit in "handlers"
    /// Marks what runs when a monitored process ended; [`macro@handlers`] has the examples.
    down in "handlers"
    /// Marks what handles a foreign message; [`macro@handlers`] has the examples.
    info in "handlers"
    /// Marks a handler of what a state machine tells itself; [`macro@machine`] has the examples.
    internal in "machine"
    /// Marks a handler of a state machine's time-out, or what a process runs when no message came
    /// for a while; [`macro@machine`] and [`macro@handlers`] have the examples.
    timeout in "handlers"
    /// Marks what a process does before it hibernates; [`macro@handlers`] has the examples.
    hibernate in "handlers"
    /// Marks what runs when a state is entered; [`macro@machine`] has the examples.
    enter in "machine"
    /// Marks a method that makes a child; [`macro@supervisor`] has the examples.
    child in "supervisor"
    /// Marks what makes an application's tree; [`macro@application`] has the examples.
    start in "application"
    /// Marks what is done when an application's tree is up; [`macro@application`] has the
    /// examples.
    phase in "application"
    /// Marks what is done before an application's tree stops; [`macro@application`] has the
    /// examples.
    prep_stop in "application"
    /// Marks what is done when an application's tree is dead; [`macro@application`] has the
    /// examples.
    stop in "application"
}
