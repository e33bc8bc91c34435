//! Timers as a process sees them: messages to itself later, sleeps, bounds on futures; and the
//! shortest wait of all, a yield.

use std::{
    fmt,
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll, Waker},
    time::Duration,
};

use crate::{
    error::{SendError, SystemLimit},
    process::{Accepts, Armed, CellRef, Mail, Message, ReplyPort, Running},
    runtime::{self, Core, route},
    signal::Signal,
    sync::Mutex,
    timer::{self, Action, TimerId},
};

/// A timer that was armed by [`Context::send_after`](crate::Context::send_after) or
/// [`send_interval`](crate::Context::send_interval). Dropping it cancels nothing; the end of its
/// process does. [`cancel`](Self::cancel) has the example.
#[derive(Clone)]
pub struct Timer(Kind);

#[derive(Clone)]
enum Kind {
    /// It sends one message to this process.
    Once(CellRef, TimerId),
    /// It sends many.
    Interval(Arc<Armament>),
}

/// An interval that is armed over and over, by another name each time.
struct Armament {
    core: Arc<Core>,
    id: Mutex<Option<TimerId>>,
}

impl Timer {
    /// Cancels it. True: it was armed, and will not fire again; nothing of a `send_after` arrives
    /// any more, while a tick of a `send_interval` that fired before may be in the mailbox. False:
    /// it had fired (its message may still be on its way) or was cancelled before.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// # #[derive(Process)] struct Fuse;
    /// #[handlers]
    /// impl Fuse {
    ///     #[call] fn light_and_pinch(&mut self, cx: &mut Context<Self>) -> bool {
    ///         let timer = cx.send_after(Duration::from_secs(60), FuseMessage::Bang);
    ///         timer.cancel()
    ///     }
    ///     #[cast] fn bang(&mut self) { panic!("bang") }
    /// }
    /// # let rt = Runtime::new()?;
    /// assert!(rt.spawn(Fuse)?.light_and_pinch().blocking()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&self) -> bool {
        match &self.0 {
            Kind::Once(to, id) => Core::at(to).timers.cancel(*id),
            Kind::Interval(armament) => armament.disarm(),
        }
    }

    fn is_armed(&self) -> bool {
        match &self.0 {
            Kind::Once(to, id) => Core::at(to).timers.is_armed(*id),
            Kind::Interval(armament) => armament.is_armed(),
        }
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer").field("armed", &self.is_armed()).finish()
    }
}

impl Armed for Armament {
    fn disarm(&self) -> bool {
        let id = self.id.lock().take();
        id.is_some_and(|id| self.core.timers.cancel(id))
    }

    fn is_armed(&self) -> bool {
        self.id.lock().is_some()
    }
}

/// Arms a timer that sends `message` to the running process.
pub(super) fn send_after<M: Message>(
    running: &Running,
    accepts: Accepts<M>,
    delay: Duration,
    message: M,
) -> Timer {
    let core: &Core = running.machine_as();
    let (to, process) = (running.pin(), running.raw());
    let mail = Mail::message(accepts, message, ReplyPort::none());
    let armed = core.try_arm(core.after(delay), Action::Send(to.clone(), mail));
    let id = granted(armed);
    if !running.add_timer(timer::place(id), |place| core.timers.is_at(place, process)) {
        core.timers.cancel(id);
    }
    Timer(Kind::Once(to, id))
}

/// A timer that tells a process that it was idle.
struct IdleTimer {
    of: CellRef,
    id: TimerId,
}

impl Armed for IdleTimer {
    fn disarm(&self) -> bool {
        Core::at(&self.of).timers.cancel(self.id)
    }

    fn is_armed(&self) -> bool {
        Core::at(&self.of).timers.is_armed(self.id)
    }
}

/// Arms one, for the wish of that number.
pub(super) fn arm_idle(running: &Running, after: Duration, number: u32) -> Arc<dyn Armed> {
    let (core, of): (&Core, _) = (running.machine_as(), running.pin());
    let mail = Mail::signal(Signal::Idle(number));
    let id = granted(core.try_arm(core.after(after), Action::Send(of.clone(), mail)));
    Arc::new(IdleTimer { of, id })
}

/// A process that asks for more timers than there may be ends.
fn granted<T>(armed: Result<T, (SystemLimit, Action)>) -> T {
    match armed {
        Ok(armed) => armed,
        Err((limit, action)) => {
            // It may hold a message of the program's, whose destructor is not to be trusted.
            runtime::guarded("a timer that was refused", || drop(action));
            panic!("{limit}")
        }
    }
}

fn send<M: Message>(to: &CellRef, accepts: Accepts<M>, message: M) -> Result<(), SendError> {
    let mail = Mail::message(accepts, message, ReplyPort::none());
    route::send_by_timer(to, mail).map_err(|(error, _)| error)
}

/// Arms a timer that sends what `make` makes, every `period`.
pub(super) fn send_interval<M: Message>(
    to: CellRef,
    accepts: Accepts<M>,
    period: Duration,
    make: impl FnMut() -> M + Send + 'static,
) -> (Timer, Arc<dyn Armed>) {
    let core = Core::of(&to);
    let armament = Arc::new(Armament { core: core.clone(), id: Mutex::new(None) });
    let at = core.after(period);
    let step = period.as_nanos().try_into().unwrap_or(u64::MAX).max(1);
    Ticks { to, accepts, step, make, armament: armament.clone() }.arm(at);
    (Timer(Kind::Interval(armament.clone())), armament)
}

struct Ticks<M: Message, F> {
    to: CellRef,
    accepts: Accepts<M>,
    step: u64,
    make: F,
    armament: Arc<Armament>,
}

impl<M: Message, F: FnMut() -> M + Send + 'static> Ticks<M, F> {
    fn arm(self, at: u64) {
        let armament = self.armament.clone();
        let mut id = armament.id.lock();
        let core = armament.core.clone();
        let action = Action::Run(Box::new(move || self.tick(at)));
        let refused = core.try_arm(at, action).map(|armed| *id = Some(armed));
        drop(id);
        granted(refused);
    }

    fn tick(mut self, at: u64) {
        // Taken by `disarm` meanwhile: it was cancelled while on its way here.
        if !self.armament.is_armed() {
            return;
        }
        let sent = send(&self.to, self.accepts, (self.make)());
        if sent == Err(SendError::NoProc) {
            self.armament.id.lock().take();
            return;
        }
        // Counted from the deadline and not from now, so that ticks do not drift; ticks that were
        // missed altogether are left out.
        let now = self.armament.core.now();
        let missed = now.saturating_sub(at) / self.step;
        let next = at.saturating_add(self.step.saturating_mul(missed + 1));
        self.rearm(next);
    }

    fn rearm(self, at: u64) {
        let armament = self.armament.clone();
        let mut id = armament.id.lock();
        if id.is_some() {
            let core = armament.core.clone();
            *id = Some(core.arm(at, Action::Run(Box::new(move || self.tick(at)))));
        }
    }
}

/// A wait of some time: the future of [`Context::sleep`](crate::Context::sleep), which has the
/// example. Dropping it disarms its timer.
#[must_use = "a sleep does nothing unless awaited"]
pub struct Sleep {
    core: Arc<Core>,
    deadline: u64,
    armed: Option<(TimerId, Waker)>,
}

impl Sleep {
    pub(super) fn new(core: Arc<Core>, delay: Duration) -> Self {
        let deadline = core.after(delay);
        Self { core, deadline, armed: None }
    }

    fn disarm(&mut self) {
        if let Some((id, _)) = self.armed.take() {
            self.core.timers.cancel(id);
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        if self.core.now() >= self.deadline {
            self.disarm();
            return Poll::Ready(());
        }
        if self.armed.as_ref().is_none_or(|(_, waker)| !waker.will_wake(cx.waker())) {
            self.disarm();
            let waker = cx.waker().clone();
            let id = granted(self.core.try_arm(self.deadline, Action::Wake(waker.clone())));
            self.armed = Some((id, waker));
        }
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.disarm();
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sleep")
    }
}

/// Resolves after some time, never early, by the runtime of this thread: what
/// [`Context::sleep`](crate::Context::sleep) is inside a handler. Virtual in a simulation.
///
/// # Panics
/// Where there is no runtime: see [`StartError::NoRuntime`](crate::StartError::NoRuntime).
///
/// ```
/// use std::time::{Duration, Instant};
/// let before = Instant::now();
/// actor_core::Runtime::new()?.block_on(async {
///     actor_core::sleep(Duration::from_millis(2)).await;
/// });
/// assert!(before.elapsed() >= Duration::from_millis(2));
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn sleep(delay: Duration) -> Sleep {
    let core = runtime::current().expect(
        "no runtime here: use `#[actor_core::main]` or `Runtime::enter`, or `Context::sleep`",
    );
    Sleep::new(core, delay)
}

/// Lets others run first: at this point of a long handler a kill takes effect, and whoever else is
/// ready gets a turn. The process's own next message still waits for the end of the handler.
///
/// Works on any executor.
///
/// ```
/// use actor_core::{prelude::*, yield_now};
///
/// #[derive(Process)]
/// struct Summer;
/// #[handlers]
/// impl Summer {
///     #[call]
///     async fn sum(&self, to: u64) -> u64 {
///         let mut sum = 0;
///         for number in 1..=to {
///             sum += number;
///             if number.is_multiple_of(1_000) {
///                 yield_now().await;
///             }
///         }
///         sum
///     }
/// }
/// # let rt = Runtime::new()?;
/// assert_eq!(rt.spawn(Summer)?.sum(10_000).blocking()?, 50_005_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub async fn yield_now() {
    let mut is_back = false;
    poll_fn(|cx| {
        if mem::replace(&mut is_back, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The bound of [`Context::timeout`](crate::Context::timeout) has passed; which one it was.
///
/// ```
/// use actor_core::Elapsed;
/// use std::time::Duration;
/// assert_eq!(Elapsed(Duration::from_secs(5)).to_string(), "not done within 5s");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not done within {0:?}")]
pub struct Elapsed(pub Duration);

/// A future with a bound on its time: the future of [`Context::timeout`](crate::Context::timeout),
/// which has the example.
#[must_use = "a future does nothing unless awaited"]
pub struct Timeout<F> {
    future: Pin<Box<F>>,
    sleep: Sleep,
    limit: Duration,
}

impl<F: Future> Timeout<F> {
    pub(super) fn new(core: Arc<Core>, limit: Duration, future: F) -> Self {
        Self { future: Box::pin(future), sleep: Sleep::new(core, limit), limit }
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(output) = self.future.as_mut().poll(cx) {
            return Poll::Ready(Ok(output));
        }
        Pin::new(&mut self.sleep).poll(cx).map(|()| Err(Elapsed(self.limit)))
    }
}

impl<F> fmt::Debug for Timeout<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeout").field("limit", &self.limit).finish_non_exhaustive()
    }
}
