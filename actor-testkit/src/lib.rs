//! Runs actor-core processes under virtual time and a seeded schedule.
//!
//! The processes are the real ones, with their real inboxes, signals, timers and supervisors; what
//! is replaced is everything that differs from run to run: the order in which mail arrives, the
//! clock, and random numbers. A test is an async function that gets a [`TestKit`]; it is run under
//! many schedules, each of which is an order in which things could happen, and the first one that
//! fails is printed with a line that repeats it.
//!
//! ```text
//! #[actor_test]
//! async fn a_deposit_is_seen_by_the_next_call(t: TestKit) -> TestResult {
//!     let account = t.start(Account { balance: 0 }).await?;
//!     account.deposit(50)?;
//!     assert_eq!(account.balance().await?, 50);
//!     Ok(())
//! }
//! ```
//!
//! - **Order.** What one process sends to another arrives in the order sent. Everything else is
//!   free, and chosen anew in each schedule.
//! - **Time** passes when nothing else can happen, and takes no time: a test of an hour is over at
//!   once. With `time = "manual"` it passes only at [`TestKit::advance`].
//! - **The body is a process.** What it sends and awaits is part of the schedule. When it returns,
//!   what it started is stopped, and whatever is left then is a leak and fails the test.
//! - **A crash is no failure.** Processes may crash, that is what supervisors are for. The test
//!   fails if its body panics or returns an error, if it waits for what cannot come, if it takes
//!   too many steps, or if it leaks.
//! - **Nothing outside is controlled**: other clocks, threads, the order of a `HashMap`. The first
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
