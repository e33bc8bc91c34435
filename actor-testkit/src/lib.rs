//! Runs actor-core processes under virtual time and a seeded schedule.
//!
//! The processes are the real ones, with their real inboxes, signals, timers and supervisors; what
//! is replaced is everything that differs from run to run: the order in which mail arrives, the
//! clock, and random numbers. A test is an async function that gets a [`TestKit`]; it is run under
//! many schedules, each of which is an order in which things could happen, and the first one that
//! fails is printed with a line that repeats it.
//!
//! ```
//! use actor_core::prelude::*;
//! use actor_testkit::{TestKit, TestResult, actor_test};
//! # #[derive(Process)] struct Account { balance: u64 }
//! # #[handlers] impl Account {
//! #     #[call] fn balance(&self) -> u64 { self.balance }
//! #     #[cast] fn deposit(&mut self, amount: u64) { self.balance += amount }
//! # }
//!
//! #[actor_test]
//! async fn a_deposit_is_seen_by_the_next_call(t: TestKit) -> TestResult {
//!     let account = t.start(Account { balance: 0 }).await?;
//!     account.deposit(50)?;
//!     assert_eq!(account.balance().await?, 50);
//!     Ok(())
//! }
//! ```
//!
//! # Writing a test
//!
//! - **The body is a process.** What it sends and awaits is part of the schedule. When it returns,
//!   what it started is stopped, and whatever is left then is a leak and fails the test.
//! - **A crash is no failure.** Processes may crash, that is what supervisors are for. The test
//!   fails if its body panics or returns an error, if it waits for what cannot come, if it takes
//!   too many steps, or if it leaks.
//! - **Time** passes when nothing else can happen, and takes no time: a test of an hour is over at
//!   once. With `time = "manual"` it passes only at [`TestKit::advance`]. In the processes, ask
//!   [`Context::now`](actor_core::Context::now) and
//!   [`Context::random`](actor_core::Context::random).
//! - **In place of a process** put a [`Probe`]: it has an address, keeps what it is sent, and
//!   answers calls as the test wishes.
//! - **Look** without disturbing: [`TestKit::state`], [`TestKit::processes`],
//!   [`TestKit::supervision`]. [`TestKit::settle`] waits until all that could happen has happened.
//! - **Inputs** can be part of the schedule: [`TestKit::choose`], [`TestKit::random`].
//!
//! The options are in the table of [`actor_test`].
//!
//! # When it fails
//!
//! The report ends with the line to copy:
//!
//! ```text
//! FAILED bank::it_adds_up: the test panicked
//!   left: 1
//!   right: 2
//!   at tests/bank.rs:7:5
//! schedule 3 of 64 (random, seed 0x25), 20 steps
//!     ..
//!    20   root.1 -> root.2  Deposit
//! processes: root = test, root.1 = Teller, root.2 = Account
//! replay: ACTOR_REPLAY=t1:0.2.1 cargo test bank::it_adds_up
//! ```
//!
//! A process is called by the way it was spawned ([`SpawnPath`]), which is the same in every run.
//! The [`Tape`] behind `ACTOR_REPLAY` holds the choices of that schedule; it still means something
//! after an edit, though it may lead elsewhere then.
//!
//! | variable | |
//! |---|---|
//! | `ACTOR_REPLAY=t1:0.2.1` | runs this schedule alone |
//! | `ACTOR_SEED=0x25` | makes all schedules from another seed: for a nightly run, the date |
//! | `ACTOR_SCHEDULES=10000` | runs so many |
//!
//! # What is explored
//!
//! What one process sends to another arrives in the order sent; everything else is free, and chosen
//! anew in each schedule: in which order mail of different senders arrives, who runs next, when a
//! signal or a reply comes. The first schedule is *the oldest first*, which a fair, slow machine
//! would show. Half of the others choose by chance; the rest change the first one in one or two
//! places, or hold a pair of processes back for long. The same seed makes the same schedules.
//!
//! Each of them is a schedule that can happen. That none of 64 failed proves nothing about the
//! rest; more of them, and other seeds, find more.
//!
//! # What is not explored yet
//!
//! - **All schedules**: there is no exhaustive search, and a failing schedule is not made shorter.
//! - **Faults**: no message is lost or doubled and nobody is killed unless the test does it.
//! - **Inside a turn**: handlers run one after the other on one thread, so data races and other
//!   matters of memory order are not seen. Sound Rust without shared state has none.
//! - **What is outside**: other clocks, threads, sockets, the order of a `HashMap`. The first
//!   schedule is run twice, and a test that shows a difference fails with it.

mod choice;
mod config;
mod diagnose;
mod explore;
mod identity;
mod keeper;
mod kit;
mod path;
mod pattern;
mod probe;
mod report;
mod rng;
mod simulation;
mod supervision;
mod tape;
mod trace;
mod verdict;
mod wait;
mod world;

pub use actor_macros::actor_test;
pub use kit::{Alive, TestKit};
pub use path::SpawnPath;
pub use pattern::{Pat, Pattern};
pub use probe::{Fish, Probe};
pub use supervision::{ChildLog, ChildStart, SupervisionLog, SupervisorLog};
pub use tape::{Tape, TapeError};
pub use verdict::{IntoTestError, TestError, TestResult, Verdict};

/// What the attribute's output uses, and the machinery as a library: a test that fails can be run
/// and looked at from within another. No promise is made about any of it.
#[doc(hidden)]
pub mod __private {
    pub use crate::config::{Config, Leaks, Time};
    pub use crate::explore::{check, run};
    pub use crate::report::{Failure, FailureKind, Report};
    pub use crate::trace::{Action, Sender, Step, Trace};
}
