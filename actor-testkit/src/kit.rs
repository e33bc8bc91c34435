//! What a test's body has in its hands.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use actor_core::sim::{Driver, Environment};
use actor_core::{
    ExitReason, Message, Pid, Process, ProcessRef, RuntimeHandle, Server, Start, StartError,
};

use crate::keeper::Keeper;
use crate::path::SpawnPath;
use crate::probe::Probe;
use crate::simulation::Simulation;
use crate::supervision::SupervisionLog;
use crate::wait::{Until, Wait};

/// The test's hold on its simulation: it starts processes, lets time pass, and looks.
///
/// Cheap to clone. It serves the test's body, and whatever the body hands it to, for as long as the
/// schedule lasts; after that its methods panic.
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
/// # async fn example(t: TestKit) -> TestResult {
/// let account = t.start(Account { balance: 0 }).await?;
/// account.deposit(50)?;
/// assert_eq!(account.balance().await?, 50);
/// # Ok(()) }
/// # use actor_testkit::__private::{Config, check};
/// # check(Config::new("example").schedules(4), example);
/// ```
#[derive(Clone)]
pub struct TestKit {
    simulation: Arc<Simulation>,
}

impl fmt::Debug for TestKit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestKit").field("clock", &self.simulation.clock()).finish_non_exhaustive()
    }
}

/// A process that is alive: an entry of [`TestKit::processes`], which has the example.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Alive {
    /// Its pid.
    pub pid: Pid,
    /// The way by which it was spawned.
    pub path: SpawnPath,
    /// The name of its type.
    pub name: &'static str,
    /// Whether it waits in the midst of a handler.
    pub pending: bool,
    /// Whether it is held, because it has overfilled another's mailbox.
    pub held: bool,
    /// How many messages are in its inbox.
    pub mailbox: usize,
}

impl TestKit {
    pub(crate) fn new(simulation: Arc<Simulation>) -> Self {
        Self { simulation }
    }

    pub(crate) fn simulation(&self) -> &Arc<Simulation> {
        &self.simulation
    }

    /// The driver of the schedule.
    ///
    /// # Panics
    /// If the schedule is over.
    fn driver(&self) -> Arc<Driver> {
        self.simulation.driver().expect("the test kit was used after the end of its test")
    }

    /// The handle of the simulated runtime: for options at a start, and for code that wants one.
    ///
    /// # Panics
    /// After the end of the test.
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
    /// # async fn example(t: TestKit) -> TestResult {
    /// Account { balance: 5 }.with().name("alice").on(&t.handle()).start().await?;
    /// assert!(t.handle().whereis::<Account>("alice")?.is_some());
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[must_use]
    pub fn handle(&self) -> RuntimeHandle {
        self.driver().handle()
    }

    /// Starts a process or a tree and waits until its `init` is done. It is stopped when the body
    /// returns: what was started last is stopped first.
    ///
    /// # Errors
    /// See [`StartError`].
    ///
    /// # Panics
    /// After the end of the test.
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
    /// # async fn example(t: TestKit) -> TestResult {
    /// let account = t.start(Account { balance: 5 }).await?;
    /// assert_eq!(account.balance().await?, 5);
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    pub fn start<S: Start>(
        &self,
        what: S,
    ) -> impl Future<Output = Result<S::Ref, StartError>> + Send + use<S> {
        let handle = self.handle();
        async move { handle.start(what).await }
    }

    /// Spawns a process or a tree without waiting for its `init`. It is stopped when the body
    /// returns.
    ///
    /// # Errors
    /// If it cannot be spawned.
    ///
    /// # Panics
    /// After the end of the test.
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
    /// # async fn example(t: TestKit) -> TestResult {
    /// let account = t.spawn(Account { balance: 5 })?;
    /// assert_eq!(account.balance().await?, 5);
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    pub fn spawn<S: Start>(&self, what: S) -> Result<S::Ref, StartError> {
        self.handle().spawn(what)
    }

    /// A process of the test's own that keeps what it is sent; see [`Probe`].
    ///
    /// # Panics
    /// After the end of the test.
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
    /// # async fn example(t: TestKit) -> TestResult {
    /// use actor_core::ProcessRef;
    /// let mut probe = t.probe::<AccountMessage>();
    /// AccountRef::from_address(probe.address()).deposit(50)?;
    /// probe.expect(pat!(AccountMessage::Deposit { amount: 50 })).await;
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[must_use]
    pub fn probe<M: Message>(&self) -> Probe<M> {
        Probe::new(self)
    }

    /// Waits until nothing can happen but by the passing of time. Timers may be armed; mail that
    /// is under way arrives first.
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
    /// # async fn example(t: TestKit) -> TestResult {
    /// let account = t.start(Account { balance: 0 }).await?;
    /// account.deposit(50)?;
    /// t.settle().await;
    /// assert_eq!(t.state(&account, |account: &Account| account.balance), Some(50));
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    pub fn settle(&self) -> impl Future<Output = ()> + Send + use<> {
        Wait::new(&self.simulation, Until::Settled)
    }

    /// Lets `by` of virtual time pass. Timers fire in the order of their deadlines, and everything
    /// that one of them sets off is done before the next deadline.
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
    /// # async fn example(t: TestKit) -> TestResult {
    /// t.advance(Duration::from_secs(3_600)).await;
    /// assert_eq!(t.elapsed(), Duration::from_secs(3_600));
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    pub fn advance(&self, by: Duration) -> impl Future<Output = ()> + Send + use<> {
        let until = self.simulation.clock().saturating_add(by);
        Wait::new(&self.simulation, Until::Clock(until))
    }

    /// The virtual time: what [`Context::now`](actor_core::Context::now) says in the processes.
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
    /// # async fn example(t: TestKit) -> TestResult {
    /// let before = t.now();
    /// t.advance(Duration::from_secs(1)).await;
    /// assert_eq!(t.now() - before, Duration::from_secs(1));
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[must_use]
    pub fn now(&self) -> Instant {
        self.simulation.now()
    }

    /// The virtual time that has passed since the start of the test. [`advance`](Self::advance) has
    /// the example.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.simulation.clock()
    }

    /// Looks at the state of a process without sending it anything.
    ///
    /// # If the process is gone
    /// `None`; also while it is in the midst of a handler.
    ///
    /// # Panics
    /// After the end of the test.
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
    /// # async fn example(t: TestKit) -> TestResult {
    /// let account = t.start(Account { balance: 5 }).await?;
    /// assert_eq!(t.state(&account, |account: &Account| account.balance), Some(5));
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    pub fn state<P: Server, T>(
        &self,
        process: &<P as Process>::Ref,
        look: impl FnOnce(&P) -> T,
    ) -> Option<T> {
        let pid = process.as_address().pid()?;
        self.driver().with_state::<P, T>(pid, look)
    }

    /// One of some values: another one in other schedules. The first one in the first schedule. The
    /// choice is on the tape, so a replay makes it again.
    ///
    /// # Panics
    /// If there are none.
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
    /// # async fn example(t: TestKit) -> TestResult {
    /// let amount = t.choose(&[1, 20, 300]);
    /// let account = t.start(Account { balance: 0 }).await?;
    /// account.deposit(amount)?;
    /// assert_eq!(account.balance().await?, amount);
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[must_use]
    pub fn choose<T: Clone>(&self, values: &[T]) -> T {
        assert!(!values.is_empty(), "there is nothing to choose from");
        let pick = self.simulation.with(|world| world.chooser.draw(values.len()));
        values[pick].clone()
    }

    /// A random number from the test's own stream: the same in a replay.
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
    /// # async fn example(t: TestKit) -> TestResult {
    /// let amount = t.random() % 100;
    /// let account = t.start(Account { balance: amount }).await?;
    /// assert_eq!(account.balance().await?, amount);
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[must_use]
    pub fn random(&self) -> u64 {
        self.simulation.random(None)
    }

    /// What supervisors did up to now; see [`SupervisionLog`].
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
    /// t.supervision().child("alice").restarted(1);
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[must_use]
    pub fn supervision(&self) -> SupervisionLog {
        SupervisionLog::new(self.simulation.with(|world| world.records.clone()))
    }

    /// Sends a process the exit signal that it cannot trap. It arrives as any signal of the body
    /// does: after what the body sent to it before.
    ///
    /// # If the process is gone
    /// Nothing happens.
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
    /// # async fn example(t: TestKit) -> TestResult {
    /// let account = t.start(Account { balance: 5 }).await?;
    /// t.kill(&account);
    /// assert_eq!(account.closed().await, ExitReason::Killed);
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    pub fn kill(&self, process: &impl ProcessRef) {
        process.as_address().kill();
    }

    /// The processes that are alive, the body among them, in the order of their paths.
    ///
    /// # Panics
    /// After the end of the test.
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
    /// # async fn example(t: TestKit) -> TestResult {
    /// t.start(Account { balance: 5 }).await?;
    /// let alive = t.processes();
    /// assert!(alive[0].path.is_root());
    /// assert_eq!((alive[1].name, alive[1].path.to_string().as_str()), ("Account", "root.1"));
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[must_use]
    pub fn processes(&self) -> Vec<Alive> {
        let infos = self.driver().processes();
        let mut alive: Vec<Alive> = self.simulation.with(|world| {
            let alive = infos.iter().map(|info| Alive {
                pid: info.pid,
                path: world.identities.path(info.pid),
                name: info.name,
                pending: info.pending,
                held: info.held,
                mailbox: info.mailbox_len,
            });
            alive.collect()
        });
        alive.sort_by(|a, b| a.path.cmp(&b.path));
        alive
    }

    /// Fails the test, for a reason that has its place in the test's code.
    pub(crate) fn fail(&self, place: &Location<'_>, message: &str) -> ! {
        let blame = (message.to_owned(), place.to_string());
        self.simulation.with(|world| world.blame = Some(blame));
        panic!("{message}")
    }

    /// Waits until a process has ended.
    pub(crate) async fn ended(
        &self,
        place: &'static Location<'static>,
        pid: Pid,
        within: Duration,
    ) -> ExitReason {
        let deadline = self.simulation.clock() + within;
        let mut hopeless = pin!(Wait::new(&self.simulation, Until::Hopeless(deadline)));
        let found = std::future::poll_fn(|cx| {
            let waker = cx.waker().clone();
            let found = self.simulation.with(|world| {
                let reason = world.identities.get(pid).and_then(|process| process.exited.clone());
                world.watchers.push(waker);
                reason
            });
            match found {
                Some(reason) => Poll::Ready(Some(reason)),
                None => hopeless.as_mut().poll(cx).map(|()| None),
            }
        });
        match found.await {
            Some(reason) => reason,
            None => {
                let path = self.simulation.with(|world| world.identities.path(pid));
                self.fail(place, &format!("{path} was expected to end within {within:?}"))
            }
        }
    }

    /// Stops what the body started, the last one first. Time runs by itself meanwhile.
    pub(crate) async fn stop_all(&self) {
        let started: Vec<Pid> = self.simulation.with(|world| {
            world.auto_time = true;
            let all = world.identities.all().iter();
            let mine = all.filter(|one| one.exited.is_none() && one.path.is_child_of_root());
            mine.map(|one| one.pid).collect()
        });
        if started.is_empty() {
            return;
        }
        if let Ok(keeper) = self.spawn(Keeper::new(started, Arc::downgrade(&self.driver()))) {
            keeper.closed().await;
        }
    }
}
