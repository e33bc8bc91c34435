//! What supervisors did, and assertions about it.
//!
//! The log is made from the events that the runtime reports, not by asking the supervisors: it
//! adds no message and changes no schedule. An assertion that fails prints the whole log.

use std::fmt;
use std::time::Duration;

use actor_core::sim::Event;
use actor_core::{ExitReason, Pid};

use crate::identity::Identities;
use crate::path::SpawnPath;

/// Something that a supervisor did, or that became of a process.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    at: Duration,
    process: SpawnPath,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Started { supervisor: SpawnPath, id: String },
    Exited { supervisor: SpawnPath, id: String, reason: ExitReason },
    GaveUp,
    Stopped { reason: ExitReason },
}

impl Record {
    /// The record of an event, if it is one that the log keeps.
    pub(crate) fn new(event: &Event, at: Duration, identities: &mut Identities) -> Option<Self> {
        let mut path = |pid: &Pid| identities.path(*pid);
        let (process, what) = match event {
            Event::ChildStarted { supervisor, id, pid, .. } => {
                (path(pid), What::Started { supervisor: path(supervisor), id: id.to_string() })
            }
            Event::ChildExited { supervisor, id, pid, reason, .. } => {
                let (supervisor, id, reason) = (path(supervisor), id.to_string(), reason.clone());
                (path(pid), What::Exited { supervisor, id, reason })
            }
            Event::SupervisorGaveUp { supervisor, .. } => (path(supervisor), What::GaveUp),
            Event::Exited { pid, reason, .. } => {
                (path(pid), What::Stopped { reason: reason.clone() })
            }
            _ => return None,
        };
        Some(Self { at, process, what })
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, process, what } = self;
        write!(f, "{at:>8.1?}  ")?;
        match what {
            What::Started { supervisor, id } => write!(f, "{supervisor} started {id} as {process}"),
            What::Exited { supervisor, id, reason } => {
                write!(f, "{supervisor} saw {id} ({process}) end: {reason}")
            }
            What::GaveUp => write!(f, "{process} gave up"),
            What::Stopped { reason } => write!(f, "{process} ended: {reason}"),
        }
    }
}

/// What supervisors did up to now, from the first start of a child on. Its `Display` is the log, a
/// line an event; an assertion that fails prints all of it.
///
/// ```
/// # use actor_core::prelude::*;
/// # use actor_testkit::*;
/// # use std::time::Duration;
/// # #[derive(Process)] struct Account { balance: u64 }
/// # #[handlers] impl Account {
/// #     #[call] fn balance(&self) -> u64 { self.balance }
/// #     #[cast] fn deposit(&mut self, amount: u64) { self.balance += amount }
/// # }
/// # #[derive(Supervisor)] struct Bank;
/// # #[supervisor(intensity = 1)] impl Bank {
/// #     #[child] fn alice(&self) -> Account { Account { balance: 100 } }
/// #     #[child] fn bob(&self) -> Account { Account { balance: 100 } }
/// # }
/// # async fn example(t: TestKit) -> TestResult {
/// let bank = t.start(Bank).await?;
/// t.kill(&bank.alice());
/// t.settle().await;
/// let log = t.supervision();
/// log.child("alice").restarted(1).each_reason(|reason| *reason == ExitReason::Killed);
/// log.root().running();
/// # Ok(()) }
/// # use actor_testkit::__private::{Config, check};
/// # check(Config::new("example").schedules(4), example);
/// ```
#[derive(Clone, Debug)]
pub struct SupervisionLog {
    records: Vec<Record>,
}

impl fmt::Display for SupervisionLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.records.is_empty() {
            return f.write_str("  (no supervisor did anything)\n");
        }
        self.records.iter().try_for_each(|record| writeln!(f, "  {record}"))
    }
}

impl SupervisionLog {
    pub(crate) fn new(records: Vec<Record>) -> Self {
        Self { records }
    }

    /// The child with this id, whichever supervisor it belongs to.
    ///
    /// # Panics
    /// If no supervisor started one.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_testkit::*;
    /// # use std::time::Duration;
    /// # #[derive(Process)] struct Account { balance: u64 }
    /// # #[handlers] impl Account {
    /// #     #[call] fn balance(&self) -> u64 { self.balance }
    /// #     #[cast] fn deposit(&mut self, amount: u64) { self.balance += amount }
    /// # }
    /// # #[derive(Supervisor)] struct Bank;
    /// # #[supervisor(intensity = 1)] impl Bank {
    /// #     #[child] fn alice(&self) -> Account { Account { balance: 100 } }
    /// #     #[child] fn bob(&self) -> Account { Account { balance: 100 } }
    /// # }
    /// # async fn example(t: TestKit) -> TestResult {
    /// let bank = t.start(Bank).await?;
    /// t.supervision().child("alice").restarted(0);
    /// # drop(bank);
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn child(&self, id: &str) -> ChildLog<'_> {
        let mut starts = 0;
        let mut reasons = Vec::new();
        for record in &self.records {
            match &record.what {
                What::Started { id: other, .. } if other == id => starts += 1,
                What::Exited { id: other, reason, .. } if other == id => reasons.push(reason),
                _ => {}
            }
        }
        if starts == 0 {
            self.fail(format_args!("no supervisor started a child `{id}`"));
        }
        ChildLog { log: self, id: id.into(), starts, reasons }
    }

    /// The topmost supervisor: the first one that was spawned.
    ///
    /// # Panics
    /// If there was none.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_testkit::*;
    /// # use std::time::Duration;
    /// # #[derive(Process)] struct Account { balance: u64 }
    /// # #[handlers] impl Account {
    /// #     #[call] fn balance(&self) -> u64 { self.balance }
    /// #     #[cast] fn deposit(&mut self, amount: u64) { self.balance += amount }
    /// # }
    /// # #[derive(Supervisor)] struct Bank;
    /// # #[supervisor(intensity = 1)] impl Bank {
    /// #     #[child] fn alice(&self) -> Account { Account { balance: 100 } }
    /// #     #[child] fn bob(&self) -> Account { Account { balance: 100 } }
    /// # }
    /// # async fn example(t: TestKit) -> TestResult {
    /// let bank = t.start(Bank).await?;
    /// bank.stop(ExitReason::Shutdown).await;
    /// t.supervision().root().stopped_with(ExitReason::Shutdown);
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[must_use]
    #[track_caller]
    pub fn root(&self) -> SupervisorLog<'_> {
        let supervisors = self.records.iter().filter_map(|record| match &record.what {
            What::Started { supervisor, .. } => Some(supervisor),
            What::GaveUp => Some(&record.process),
            _ => None,
        });
        match supervisors.min() {
            Some(process) => SupervisorLog { log: self, process: process.clone() },
            None => self.fail(format_args!("there was no supervisor")),
        }
    }

    /// Every start of a child by its supervisor, in the order of time.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_testkit::*;
    /// # use std::time::Duration;
    /// # #[derive(Process)] struct Account { balance: u64 }
    /// # #[handlers] impl Account {
    /// #     #[call] fn balance(&self) -> u64 { self.balance }
    /// #     #[cast] fn deposit(&mut self, amount: u64) { self.balance += amount }
    /// # }
    /// # #[derive(Supervisor)] struct Bank;
    /// # #[supervisor(intensity = 1)] impl Bank {
    /// #     #[child] fn alice(&self) -> Account { Account { balance: 100 } }
    /// #     #[child] fn bob(&self) -> Account { Account { balance: 100 } }
    /// # }
    /// # async fn example(t: TestKit) -> TestResult {
    /// let bank = t.start(Bank).await?;
    /// let log = t.supervision();
    /// assert_eq!(log.starts().map(|start| start.id).collect::<Vec<_>>(), ["alice", "bob"]);
    /// # drop(bank);
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    pub fn starts(&self) -> impl Iterator<Item = ChildStart<'_>> {
        self.records.iter().filter_map(|record| match &record.what {
            What::Started { supervisor, id } => {
                Some(ChildStart { at: record.at, supervisor, id, child: &record.process })
            }
            _ => None,
        })
    }

    /// The ids of the children, in the order in which they were started; a restarted child appears
    /// once for each start.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_testkit::*;
    /// # use std::time::Duration;
    /// # #[derive(Process)] struct Account { balance: u64 }
    /// # #[handlers] impl Account {
    /// #     #[call] fn balance(&self) -> u64 { self.balance }
    /// #     #[cast] fn deposit(&mut self, amount: u64) { self.balance += amount }
    /// # }
    /// # #[derive(Supervisor)] struct Bank;
    /// # #[supervisor(intensity = 1)] impl Bank {
    /// #     #[child] fn alice(&self) -> Account { Account { balance: 100 } }
    /// #     #[child] fn bob(&self) -> Account { Account { balance: 100 } }
    /// # }
    /// # async fn example(t: TestKit) -> TestResult {
    /// let bank = t.start(Bank).await?;
    /// assert_eq!(t.supervision().start_order(), ["alice", "bob"]);
    /// # drop(bank);
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[must_use]
    pub fn start_order(&self) -> Vec<&str> {
        self.starts().map(|start| start.id).collect()
    }

    /// The ids of the children, in the order in which their supervisors saw them end.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_testkit::*;
    /// # use std::time::Duration;
    /// # #[derive(Process)] struct Account { balance: u64 }
    /// # #[handlers] impl Account {
    /// #     #[call] fn balance(&self) -> u64 { self.balance }
    /// #     #[cast] fn deposit(&mut self, amount: u64) { self.balance += amount }
    /// # }
    /// # #[derive(Supervisor)] struct Bank;
    /// # #[supervisor(intensity = 1)] impl Bank {
    /// #     #[child] fn alice(&self) -> Account { Account { balance: 100 } }
    /// #     #[child] fn bob(&self) -> Account { Account { balance: 100 } }
    /// # }
    /// # async fn example(t: TestKit) -> TestResult {
    /// let bank = t.start(Bank).await?;
    /// bank.stop(ExitReason::Shutdown).await;
    /// assert_eq!(t.supervision().stop_order(), ["bob", "alice"]);
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[must_use]
    pub fn stop_order(&self) -> Vec<&str> {
        let ids = self.records.iter().filter_map(|record| match &record.what {
            What::Exited { id, .. } => Some(id.as_str()),
            _ => None,
        });
        ids.collect()
    }

    /// Asserts the order of all starts.
    ///
    /// # Panics
    /// If it was another.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_testkit::*;
    /// # use std::time::Duration;
    /// # #[derive(Process)] struct Account { balance: u64 }
    /// # #[handlers] impl Account {
    /// #     #[call] fn balance(&self) -> u64 { self.balance }
    /// #     #[cast] fn deposit(&mut self, amount: u64) { self.balance += amount }
    /// # }
    /// # #[derive(Supervisor)] struct Bank;
    /// # #[supervisor(intensity = 1)] impl Bank {
    /// #     #[child] fn alice(&self) -> Account { Account { balance: 100 } }
    /// #     #[child] fn bob(&self) -> Account { Account { balance: 100 } }
    /// # }
    /// # async fn example(t: TestKit) -> TestResult {
    /// let bank = t.start(Bank).await?;
    /// t.supervision().order(&["alice", "bob"]);
    /// # drop(bank);
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[track_caller]
    pub fn order(&self, ids: &[&str]) -> &Self {
        let found = self.start_order();
        if found != ids {
            self.fail(format_args!("the children were started in the order {found:?}, not {ids:?}"))
        }
        self
    }

    #[track_caller]
    fn fail(&self, what: fmt::Arguments<'_>) -> ! {
        panic!("{what}; what happened:\n{self}")
    }
}

/// One start of a child by its supervisor: an item of [`SupervisionLog::starts`], whose example
/// uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildStart<'a> {
    /// When, in virtual time since the start of the test.
    pub at: Duration,
    /// The supervisor.
    pub supervisor: &'a SpawnPath,
    /// The child's id.
    pub id: &'a str,
    /// The child.
    pub child: &'a SpawnPath,
}

/// What became of one child: [`SupervisionLog::child`] finds it; the log's
/// [own example](SupervisionLog) uses it.
#[derive(Clone, Debug)]
pub struct ChildLog<'a> {
    log: &'a SupervisionLog,
    id: String,
    starts: usize,
    reasons: Vec<&'a ExitReason>,
}

impl ChildLog<'_> {
    /// Asserts how many times the child was started after its first start.
    ///
    /// # Panics
    /// If it was another number; [`SupervisionLog`] has the example.
    #[track_caller]
    pub fn restarted(&self, times: usize) -> &Self {
        let (id, found) = (&self.id, self.restarts());
        if found != times {
            self.log.fail(format_args!("`{id}` was restarted {found} times, not {times}"));
        }
        self
    }

    /// Asserts something about every reason for which the child ended, of which there is one at
    /// least.
    ///
    /// # Panics
    /// If it never ended, or for a reason that fails the test; [`SupervisionLog`] has the example.
    #[track_caller]
    pub fn each_reason(&self, test: impl Fn(&ExitReason) -> bool) -> &Self {
        let id = &self.id;
        if self.reasons.is_empty() {
            self.log.fail(format_args!("`{id}` never ended"));
        }
        if let Some(reason) = self.reasons.iter().find(|reason| !test(reason)) {
            self.log.fail(format_args!("`{id}` ended for another reason: {reason}"));
        }
        self
    }

    /// How many times the child was started after its first start.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_testkit::*;
    /// # use std::time::Duration;
    /// # #[derive(Process)] struct Account { balance: u64 }
    /// # #[handlers] impl Account {
    /// #     #[call] fn balance(&self) -> u64 { self.balance }
    /// #     #[cast] fn deposit(&mut self, amount: u64) { self.balance += amount }
    /// # }
    /// # #[derive(Supervisor)] struct Bank;
    /// # #[supervisor(intensity = 1)] impl Bank {
    /// #     #[child] fn alice(&self) -> Account { Account { balance: 100 } }
    /// #     #[child] fn bob(&self) -> Account { Account { balance: 100 } }
    /// # }
    /// # async fn example(t: TestKit) -> TestResult {
    /// let bank = t.start(Bank).await?;
    /// assert_eq!(t.supervision().child("alice").restarts(), 0);
    /// # drop(bank);
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[must_use]
    pub fn restarts(&self) -> usize {
        self.starts - 1
    }

    /// The reasons for which the child ended, in order.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_testkit::*;
    /// # use std::time::Duration;
    /// # #[derive(Process)] struct Account { balance: u64 }
    /// # #[handlers] impl Account {
    /// #     #[call] fn balance(&self) -> u64 { self.balance }
    /// #     #[cast] fn deposit(&mut self, amount: u64) { self.balance += amount }
    /// # }
    /// # #[derive(Supervisor)] struct Bank;
    /// # #[supervisor(intensity = 1)] impl Bank {
    /// #     #[child] fn alice(&self) -> Account { Account { balance: 100 } }
    /// #     #[child] fn bob(&self) -> Account { Account { balance: 100 } }
    /// # }
    /// # async fn example(t: TestKit) -> TestResult {
    /// let bank = t.start(Bank).await?;
    /// bank.stop(ExitReason::Shutdown).await;
    /// assert_eq!(t.supervision().child("alice").reasons(), [&ExitReason::Shutdown]);
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[must_use]
    pub fn reasons(&self) -> &[&ExitReason] {
        &self.reasons
    }
}

/// What became of one supervisor: [`SupervisionLog::root`], which has an example, finds the
/// topmost.
#[derive(Clone, Debug)]
pub struct SupervisorLog<'a> {
    log: &'a SupervisionLog,
    process: SpawnPath,
}

impl SupervisorLog<'_> {
    /// Asserts that the supervisor ended for this reason.
    ///
    /// # Panics
    /// If it runs, or ended for another; [`SupervisionLog::root`] has the example.
    #[expect(clippy::needless_pass_by_value, reason = "reads as a sentence at the call")]
    #[track_caller]
    pub fn stopped_with(&self, reason: ExitReason) -> &Self {
        let process = &self.process;
        match self.reason() {
            None => self.log.fail(format_args!("{process} is still running")),
            Some(found) if *found != reason => {
                self.log.fail(format_args!("{process} ended with {found}, not {reason}"))
            }
            Some(_) => self,
        }
    }

    /// Asserts that the supervisor has not ended.
    ///
    /// # Panics
    /// If it has; [`SupervisionLog`] has the example.
    #[track_caller]
    pub fn running(&self) -> &Self {
        if let Some(reason) = self.reason() {
            self.log.fail(format_args!("{} ended with {reason}", self.process));
        }
        self
    }

    /// Whether the supervisor gave up because its children ended too often.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # use actor_testkit::*;
    /// # use std::time::Duration;
    /// # #[derive(Process)] struct Account { balance: u64 }
    /// # #[handlers] impl Account {
    /// #     #[call] fn balance(&self) -> u64 { self.balance }
    /// #     #[cast] fn deposit(&mut self, amount: u64) { self.balance += amount }
    /// # }
    /// # #[derive(Supervisor)] struct Bank;
    /// # #[supervisor(intensity = 1)] impl Bank {
    /// #     #[child] fn alice(&self) -> Account { Account { balance: 100 } }
    /// #     #[child] fn bob(&self) -> Account { Account { balance: 100 } }
    /// # }
    /// # async fn example(t: TestKit) -> TestResult {
    /// let bank = t.start(Bank).await?;
    /// for _ in 0..2 {
    ///     t.kill(&bank.alice());
    ///     t.settle().await;
    /// }
    /// assert!(t.supervision().root().gave_up());
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[must_use]
    pub fn gave_up(&self) -> bool {
        let mine = |record: &&Record| record.process == self.process;
        self.log.records.iter().filter(mine).any(|record| matches!(record.what, What::GaveUp))
    }

    fn reason(&self) -> Option<&ExitReason> {
        self.log.records.iter().find_map(|record| match &record.what {
            What::Stopped { reason } if record.process == self.process => Some(reason),
            _ => None,
        })
    }
}
