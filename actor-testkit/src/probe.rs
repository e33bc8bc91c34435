//! A process of the test's own, to be put in the place of any process.
//!
//! A probe has an `Address<M>` and keeps what is sent there. What the test expects of it is never
//! decided by a wall clock: an expectation fails as soon as nothing can happen any more that would
//! meet it. As long as timers are armed and the test's time runs by itself, something can; so an
//! expectation has a bound in virtual time, 5 seconds if it names none.
//!
//! Like a receive in Erlang, `expect` takes the oldest message that matches and leaves the others
//! where they are; [`Probe::receive`] takes the oldest, whatever it is.

use std::collections::VecDeque;
use std::future::{Future, Ready};
use std::panic::Location;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use actor_core::{
    Address, AnyRef, ChildKind, Context, ExitReason, Handle, Handled, Message, Next, Process,
    ReplyPort, Server, Start,
};

use crate::kit::TestKit;
use crate::pattern::Pattern;
use crate::wait::{Until, Wait};

/// For how much virtual time an expectation waits that names none.
const PATIENCE: Duration = Duration::from_secs(5);

/// A message as it came.
type Received<M> = (M, ReplyPort<<M as Message>::Reply>);

/// What came to a probe.
struct Queue<M: Message> {
    waiting: VecDeque<Received<M>>,
    /// The names of all that ever came, for a failure's text.
    names: Vec<&'static str>,
    waker: Option<Waker>,
}

/// The probe's process: it files what comes.
struct Clerk<M: Message>(Arc<Mutex<Queue<M>>>);

impl<M: Message> Process for Clerk<M> {
    type Ref = Address<M>;
    const NAME: &'static str = "Probe";
}

impl<M: Message> Server for Clerk<M> {
    type Message = M;
}

impl<M: Message> Handle<M> for Clerk<M> {
    fn handle(
        &mut self,
        message: M,
        reply: ReplyPort<M::Reply>,
        _cx: &mut Context<Self>,
    ) -> Handled<impl Future<Output = Next> + Send> {
        let waker = with(&self.0, |queue| {
            queue.names.push(message.name());
            queue.waiting.push_back((message, reply));
            queue.waker.take()
        });
        if let Some(waker) = waker {
            waker.wake();
        }
        Handled::<Ready<Next>>::Done(Next::Continue)
    }
}

impl<M: Message> Start for Clerk<M> {
    type Ref = Address<M>;
    type Process = Self;
    const KIND: ChildKind = ChildKind::Worker;

    fn into_process(self) -> Self {
        self
    }

    fn make_ref(address: Address<M>) -> Address<M> {
        address
    }
}

/// Looks at a queue. `look` must call nothing of the runtime, and drop no reply port.
fn with<M: Message, T>(queue: &Mutex<Queue<M>>, look: impl FnOnce(&mut Queue<M>) -> T) -> T {
    look(&mut queue.lock().unwrap_or_else(PoisonError::into_inner))
}

/// What [`Probe::fish`] does with a message; the example is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fish {
    /// Keep it, and go on.
    Keep,
    /// Throw it away, and go on.
    Skip,
    /// Keep it, and be done.
    Last,
    /// Fail the test, for this reason.
    Fail(String),
}

/// A process of the test's own that keeps what it is sent.
///
/// Put it where the process under test wants a ref. An expectation fails as soon as nothing can
/// happen any more that would meet it, or when its bound in virtual time has passed: 5 seconds,
/// OTP's call timeout, unless it names one.
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
/// let account = AccountRef::from_address(probe.address());
/// let balance = account.balance().request();
/// let (_, reply) = probe.expect_call(pat!(AccountMessage::Balance)).await;
/// reply.send(AccountReply::Balance(7));
/// assert_eq!(balance.await?, 7);
/// # Ok(()) }
/// # use actor_testkit::__private::{Config, check};
/// # check(Config::new("example").schedules(4), example);
/// ```
pub struct Probe<M: Message> {
    kit: TestKit,
    address: Address<M>,
    queue: Arc<Mutex<Queue<M>>>,
}

impl<M: Message> std::fmt::Debug for Probe<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        with(&self.queue, |queue| f.debug_tuple("Probe").field(&queue.names).finish())
    }
}

impl<M: Message> Probe<M> {
    /// A probe, with its process.
    pub(crate) fn new(kit: &TestKit) -> Self {
        let queue = Queue { waiting: VecDeque::new(), names: Vec::new(), waker: None };
        let queue = Arc::new(Mutex::new(queue));
        match kit.spawn(Clerk(queue.clone())) {
            Ok(address) => Self { kit: kit.clone(), address, queue },
            Err(error) => panic!("a probe cannot be started: {error}"),
        }
    }

    /// The address to hand to others: it fits wherever an address or a ref over `M` does.
    /// [`ProcessRef::from_address`](actor_core::ProcessRef::from_address) makes the ref; the
    /// [type's example](Self) uses it.
    #[must_use]
    pub fn address(&self) -> Address<M> {
        self.address.clone()
    }

    /// The oldest message that matches; the others stay. Fails as soon as none can come within 5
    /// seconds of virtual time. If it was a call, its caller gets no reply: see
    /// [`expect_call`](Self::expect_call).
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
    /// # use actor_core::ProcessRef;
    /// let mut probe = t.probe::<AccountMessage>();
    /// let account = AccountRef::from_address(probe.address());
    /// account.deposit(1)?;
    /// account.deposit(2)?;
    /// probe.expect(pat!(AccountMessage::Deposit { amount } if *amount > 1)).await;
    /// probe.expect(|it: &AccountMessage| matches!(it, AccountMessage::Deposit { .. })).await;
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[track_caller]
    pub fn expect<P: Pattern<M>>(&mut self, pattern: P) -> impl Future<Output = M> + use<'_, M, P> {
        self.expect_within(PATIENCE, pattern)
    }

    /// As [`expect`](Self::expect), with a bound of its own, in virtual time.
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
    /// # use actor_core::ProcessRef;
    /// let mut probe = t.probe::<AccountMessage>();
    /// let account = AccountRef::from_address(probe.address());
    /// account.deposit(1)?;
    /// let second = Duration::from_secs(1);
    /// probe.expect_within(second, pat!(AccountMessage::Deposit { .. })).await;
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[track_caller]
    pub fn expect_within<P: Pattern<M>>(
        &mut self,
        within: Duration,
        mut pattern: P,
    ) -> impl Future<Output = M> + use<'_, M, P> {
        let place = Location::caller();
        async move {
            let text = pattern.text();
            self.take(place, within, &text, |(message, _)| pattern.matches(message)).await.0
        }
    }

    /// The oldest message that was called, not cast, and matches; with the port for its reply.
    /// Fails as [`expect`](Self::expect) does. The [type's example](Self) uses it.
    #[track_caller]
    pub fn expect_call<P: Pattern<M>>(
        &mut self,
        mut pattern: P,
    ) -> impl Future<Output = (M, ReplyPort<M::Reply>)> + use<'_, M, P> {
        let place = Location::caller();
        async move {
            let text = format!("a call {}", pattern.text());
            let test = |(message, reply): &Received<M>| reply.is_call() && pattern.matches(message);
            self.take(place, PATIENCE, &text, test).await
        }
    }

    /// The oldest message, whatever it is. Fails as [`expect`](Self::expect) does.
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
    /// # use actor_core::ProcessRef;
    /// let mut probe = t.probe::<AccountMessage>();
    /// let account = AccountRef::from_address(probe.address());
    /// account.deposit(1)?;
    /// assert!(matches!(probe.receive().await, AccountMessage::Deposit { amount: 1 }));
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[track_caller]
    pub fn receive(&mut self) -> impl Future<Output = M> + use<'_, M> {
        let place = Location::caller();
        async move { self.take(place, PATIENCE, "any message", |_| true).await.0 }
    }

    /// Asserts that no message is left once everything that could happen now has happened. No
    /// time passes.
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
    /// # use actor_core::ProcessRef;
    /// let mut probe = t.probe::<AccountMessage>();
    /// let account = AccountRef::from_address(probe.address());
    /// account.deposit(1)?;
    /// probe.receive().await;
    /// probe.expect_none().await;
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[track_caller]
    pub fn expect_none(&mut self) -> impl Future<Output = ()> + use<'_, M> {
        let place = Location::caller();
        async move {
            self.kit.settle().await;
            let left: Vec<&str> = with(&self.queue, |queue| {
                queue.waiting.iter().map(|(message, _)| message.name()).collect()
            });
            if !left.is_empty() {
                self.kit.fail(place, &format!("the probe expected nothing, but got {left:?}"));
            }
        }
    }

    /// Waits until a process has ended, and returns the reason. Fails as soon as that cannot
    /// happen within 5 seconds of virtual time.
    ///
    /// # If the process is gone
    /// Its reason, at once; fails for a supervised ref in its gap.
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
    /// let mut probe = t.probe::<AccountMessage>();
    /// assert_eq!(probe.expect_down(&account).await, ExitReason::Killed);
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[track_caller]
    pub fn expect_down<R: AnyRef>(
        &mut self,
        process: &R,
    ) -> impl Future<Output = ExitReason> + use<'_, M, R> {
        let (place, pid) = (Location::caller(), process.pid());
        async move {
            match pid {
                Some(pid) => self.kit.ended(place, pid, PATIENCE).await,
                None => self.kit.fail(place, "there is no process behind the ref at present"),
            }
        }
    }

    /// Takes messages, oldest first, until the closure has its [`Fish::Last`]; returns the kept
    /// ones. Fails as soon as none can come within 5 seconds of virtual time.
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
    /// # use actor_core::ProcessRef;
    /// let mut probe = t.probe::<AccountMessage>();
    /// let account = AccountRef::from_address(probe.address());
    /// for amount in [1, 20, 300] { account.deposit(amount)?; }
    /// let large = probe.fish(|message| match message {
    ///     AccountMessage::Deposit { amount: 300.. } => Fish::Last,
    ///     AccountMessage::Deposit { amount: 10.. } => Fish::Keep,
    ///     _ => Fish::Skip,
    /// });
    /// assert_eq!(large.await.len(), 2);
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    #[track_caller]
    pub fn fish<F: FnMut(&M) -> Fish>(
        &mut self,
        mut judge: F,
    ) -> impl Future<Output = Vec<M>> + use<'_, M, F> {
        let place = Location::caller();
        async move {
            let mut kept = Vec::new();
            loop {
                let text = "more messages to fish in";
                let (message, _) = self.take(place, PATIENCE, text, |_| true).await;
                match judge(&message) {
                    Fish::Skip => {}
                    Fish::Keep => kept.push(message),
                    Fish::Last => {
                        kept.push(message);
                        return kept;
                    }
                    Fish::Fail(reason) => {
                        let name = message.name();
                        self.kit.fail(place, &format!("`{name}` failed the test: {reason}"))
                    }
                }
            }
        }
    }

    /// All messages that are there, oldest first; none is waited for.
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
    /// # use actor_core::ProcessRef;
    /// let mut probe = t.probe::<AccountMessage>();
    /// let account = AccountRef::from_address(probe.address());
    /// account.deposit(1)?;
    /// t.settle().await;
    /// assert_eq!(probe.drain().len(), 1);
    /// # Ok(()) }
    /// # use actor_testkit::__private::{Config, check};
    /// # check(Config::new("example").schedules(4), example);
    /// ```
    pub fn drain(&mut self) -> Vec<M> {
        let taken = with(&self.queue, |queue| std::mem::take(&mut queue.waiting));
        taken.into_iter().map(|(message, _)| message).collect()
    }

    /// The oldest message that `test` accepts.
    async fn take(
        &self,
        place: &'static Location<'static>,
        within: Duration,
        text: &str,
        mut test: impl FnMut(&Received<M>) -> bool,
    ) -> Received<M> {
        let simulation = self.kit.simulation();
        let deadline = simulation.clock() + within;
        let mut hopeless = pin!(Wait::new(simulation, Until::Hopeless(deadline)));
        let found = std::future::poll_fn(|cx| {
            let found = with(&self.queue, |queue| {
                queue.waker = Some(cx.waker().clone());
                let at = queue.waiting.iter().position(&mut test);
                at.and_then(|at| queue.waiting.remove(at))
            });
            match found {
                Some(found) => Poll::Ready(Some(found)),
                None => hopeless.as_mut().poll(cx).map(|()| None),
            }
        });
        match found.await {
            Some(found) => found,
            None => self.kit.fail(place, &self.disappointment(within, text)),
        }
    }

    /// The text of an expectation that is not met.
    fn disappointment(&self, within: Duration, text: &str) -> String {
        let (names, left) = with(&self.queue, |queue| {
            let left: Vec<&str> = queue.waiting.iter().map(|(message, _)| message.name()).collect();
            (queue.names.join(", "), left.join(", "))
        });
        let all = if names.is_empty() { "nothing".into() } else { names };
        let left = if left.is_empty() { "nothing".into() } else { left };
        format!(
            "the probe expected {text}; it did not come, nor could it within {within:?}\n\
             received in all: {all}\nnot taken yet: {left}"
        )
    }
}
