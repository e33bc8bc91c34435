//! Messages that come later: to oneself, to another process, to whoever has a name by then.
//!
//! A timer that is aimed at one process dies with it. One that is aimed at a name, or at a
//! supervised child, is aimed at whoever is there when it fires, so it waits for that.

use std::{
    any::TypeId,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Address, Context, Handle, Server, Slot};
use crate::{
    error::{SendError, SystemLimit},
    process::{Accepts, Armed, CellRef, Mail, Message, ReplyPort, Running, current},
    runtime::{self, Core, RuntimeHandle, env::Access, route},
    signal::Signal,
    sync::Mutex,
    timer::{self, Action, TimerId},
};

/// A timer that was armed by [`Context::send_after`], [`Address::send_after`],
/// [`RuntimeHandle::send_after`], or [`Context::send_interval`]. Dropping it cancels nothing; the
/// end of the process that it is aimed at does. [`cancel`](Self::cancel) has the example.
///
/// It works in whatever process or thread it is taken to.
#[derive(Clone)]
pub struct Timer(Kind);

#[derive(Clone)]
enum Kind {
    /// It sends one message to this process.
    Once(CellRef, TimerId),
    /// It sends one message to whoever is there by then.
    Later(Arc<Core>, TimerId),
    /// It sends many.
    Interval(Arc<Armament>),
    /// It was aimed at nobody.
    Nobody,
}

/// An interval that is armed over and over, by another name each time.
struct Armament {
    core: Arc<Core>,
    id: Mutex<Option<TimerId>>,
}

impl Timer {
    /// Cancels it. The time that was left: it was armed, and will not fire again; nothing of a
    /// `send_after` arrives any more, while a tick of a `send_interval` that fired before may be in
    /// the mailbox. `None`: it had fired (its message may still be on its way), was cancelled
    /// before, or the process that it was aimed at has ended.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// # #[derive(Process)] struct Fuse;
    /// #[handlers]
    /// impl Fuse {
    ///     #[call] fn light_and_pinch(&mut self, cx: &mut Context<Self>) -> bool {
    ///         let timer = cx.send_after(Duration::from_secs(60), FuseMessage::Bang);
    ///         let left = timer.cancel().expect("it is armed");
    ///         left <= Duration::from_secs(60) && timer.cancel().is_none()
    ///     }
    ///     #[cast] fn bang(&mut self) { panic!("bang") }
    /// }
    /// # let rt = Runtime::new()?;
    /// assert!(rt.spawn(Fuse)?.light_and_pinch().blocking()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&self) -> Option<Duration> {
        match &self.0 {
            Kind::Once(to, id) => left(Core::at(to), Core::at(to).timers.take(*id)),
            Kind::Later(core, id) => left(core, core.timers.take(*id)),
            Kind::Interval(armament) => {
                let id = armament.id.lock().take()?;
                let core = &armament.core;
                // In no wheel: a tick of it is being sent this moment, and the next is not armed.
                left(core, core.timers.take(id)).or(Some(Duration::ZERO))
            }
            Kind::Nobody => None,
        }
    }

    /// How much time is left until it fires, an interval for the next time; `None` where
    /// [`cancel`](Self::cancel) would say so.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// # #[derive(Process)] struct Fuse;
    /// #[handlers]
    /// impl Fuse {
    ///     #[call] fn light(&mut self, cx: &mut Context<Self>) -> Option<Duration> {
    ///         cx.send_after(Duration::from_secs(60), FuseMessage::Bang).read()
    ///     }
    ///     #[cast] fn bang(&mut self) { panic!("bang") }
    /// }
    /// # let rt = Runtime::new()?;
    /// let left = rt.spawn(Fuse)?.light().blocking()?.expect("it is armed");
    /// assert!(left <= Duration::from_secs(60));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(&self) -> Option<Duration> {
        match &self.0 {
            Kind::Once(to, id) => left(Core::at(to), Core::at(to).timers.deadline(*id)),
            Kind::Later(core, id) => left(core, core.timers.deadline(*id)),
            Kind::Interval(armament) => {
                let id = (*armament.id.lock())?;
                let core = &armament.core;
                left(core, core.timers.deadline(id)).or(Some(Duration::ZERO))
            }
            Kind::Nobody => None,
        }
    }
}

/// How far away a deadline is.
fn left(core: &Core, deadline: Option<u64>) -> Option<Duration> {
    deadline.map(|at| Duration::from_nanos(at.saturating_sub(core.now())))
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer").field("left", &self.read()).finish()
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

/// Arms a timer that sends `message` to the running process, `at` nanoseconds.
pub(crate) fn send_at<M: Message>(
    running: &Running,
    accepts: Accepts<M>,
    at: u64,
    message: M,
) -> Timer {
    let core: &Core = running.machine_as();
    let (to, process) = (running.pin(), running.raw());
    let mail = Mail::message(accepts, message, ReplyPort::none());
    let id = granted(core.try_arm(at, Action::Send(to.clone(), mail)));
    if !running.add_timer(timer::place(id), |place| core.timers.is_at(place, process)) {
        core.timers.cancel(id);
    }
    Timer(Kind::Once(to, id))
}

/// Arms what tells the process that it was idle so long, by the wish of that number; answers how to
/// disarm it.
pub(super) fn arm_idle(
    running: &Running,
    after: Duration,
    number: u32,
) -> Box<dyn FnOnce() + Send> {
    let (core, of): (&Core, _) = (running.machine_as(), running.pin());
    let mail = Mail::signal(Signal::Idle(number));
    let id = granted(core.try_arm(core.after(after), Action::Send(of.clone(), mail)));
    Box::new(move || _ = Core::at(&of).timers.cancel(id))
}

/// A process that asks for more timers than there may be ends.
pub(super) fn granted<T>(armed: Result<T, (SystemLimit, Action)>) -> T {
    match armed {
        Ok(armed) => armed,
        Err((limit, action)) => {
            // It may hold a message of the program's, whose destructor is not to be trusted.
            runtime::guarded("a timer that was refused", || drop(action));
            panic!("{limit}")
        }
    }
}

/// Arms a timer that sends mail to a process, which hears of that and disarms it when it ends.
fn aim_at(to: &CellRef, at: u64, mail: Mail) -> Timer {
    let core = Core::at(to);
    if !to.is_alive() || current::is_taken_here() {
        return Timer(Kind::Nobody);
    }
    let id = granted(core.try_arm(at, Action::Send(to.clone(), mail)));
    let place = timer::place(id);
    let told = Signal::Timer { seat: place.seat, index: place.index };
    // If it has ended meanwhile, the timer is cancelled on this way.
    route::signal_cell(to, Mail::signal(told));
    Timer(Kind::Once(to.clone(), id))
}

/// Arms a timer that does this, unless it is cancelled.
fn later(core: &Arc<Core>, at: u64, run: impl FnOnce() + Send + 'static) -> Timer {
    let id = granted(core.try_arm(at, Action::Run(Box::new(run))));
    Timer(Kind::Later(core.clone(), id))
}

/// How far ahead something is to happen.
#[derive(Clone, Copy)]
enum When {
    After(Duration),
    At(Instant),
}

impl When {
    /// In nanoseconds of the runtime; what has passed is due now.
    fn of(self, core: &Core) -> u64 {
        match self {
            Self::After(delay) => core.after(delay),
            Self::At(instant) => core.nanos(instant),
        }
    }
}

impl<M: Message> Address<M> {
    /// Sends a message to the process after `delay`, never early (OTP's `send_after` with another
    /// process for its destination). The timer is the destination's: it dies with that, and
    /// outlives who armed it. It fires for a plain ref's one process, and for a supervised one's
    /// whoever is in its place by then. A message that finds the mailbox full is lost unless
    /// [`Overflow`](crate::Overflow) has room for it.
    ///
    /// # Panics
    /// If there are [`limits::TIMERS`](crate::limits::TIMERS) already.
    ///
    /// # If the process is gone
    /// Nothing is armed, and [`Timer::read`] says so.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// #[derive(Process)]
    /// struct Bell;
    /// #[handlers]
    /// impl Bell {
    ///     #[cast] fn ring(&mut self, cx: &mut Context<Self>) { cx.stop(ExitReason::Normal) }
    /// }
    /// # let rt = Runtime::new()?;
    /// let bell = rt.spawn(Bell)?;
    /// let timer = bell.send_after(Duration::from_millis(1), BellMessage::Ring);
    /// assert_eq!(bell.closed().blocking(), ExitReason::Normal);
    /// assert_eq!(timer.read(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_after(&self, delay: Duration, message: M) -> Timer {
        self.send_when(When::After(delay), message)
    }

    /// The same at an instant of [`Context::now`]; at once if that has passed.
    ///
    /// # Panics
    /// As for [`send_after`](Self::send_after).
    ///
    /// # If the process is gone
    /// As for [`send_after`](Self::send_after).
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// #[derive(Process)]
    /// struct Bell;
    /// #[handlers]
    /// impl Bell {
    ///     #[cast] fn ring(&mut self, cx: &mut Context<Self>) { cx.stop(ExitReason::Normal) }
    /// }
    /// # let rt = Runtime::new()?;
    /// let bell = rt.spawn(Bell)?;
    /// bell.send_at(rt.now(), BellMessage::Ring);
    /// assert_eq!(bell.closed().blocking(), ExitReason::Normal);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_at(&self, instant: Instant, message: M) -> Timer {
        self.send_when(When::At(instant), message)
    }

    fn send_when(&self, when: When, message: M) -> Timer {
        let mail = self.to_mail(message);
        match self.place() {
            Ok(cell) => aim_at(cell, when.of(Core::at(cell)), mail),
            Err(slot) => match slot.core() {
                Some(core) => {
                    let slot: Arc<Slot> = slot.clone();
                    later(core, when.of(core), move || drop(slot.send(mail)))
                }
                None => Timer(Kind::Nobody),
            },
        }
    }
}

impl RuntimeHandle {
    /// Sends a message after `delay` to whoever has this name by then: the name is looked up when
    /// the timer fires, as in OTP. If nobody has it, or another type of process, the message is
    /// dropped. The timer outlives who armed it, and whoever has the name before it fires.
    ///
    /// # Panics
    /// If there are [`limits::TIMERS`](crate::limits::TIMERS) already.
    ///
    /// # If the process is gone
    /// It is not looked for before the timer fires.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// #[derive(Process)]
    /// struct Bell;
    /// #[handlers]
    /// impl Bell {
    ///     #[cast] fn ring(&mut self, cx: &mut Context<Self>) { cx.stop(ExitReason::Normal) }
    /// }
    /// # let rt = Runtime::new()?;
    /// rt.send_after::<Bell>("bell", Duration::from_millis(20), BellMessage::Ring);
    /// let bell = Bell.with().name("bell").on(&rt).spawn()?;
    /// assert_eq!(bell.closed().blocking(), ExitReason::Normal);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_after<P>(&self, name: &str, delay: Duration, message: P::Message) -> Timer
    where
        P: Server + Handle<<P as Server>::Message>,
    {
        let core = self.core();
        let mail = Mail::message(Accepts::by::<P>(), message, ReplyPort::none());
        let (name, handle) = (name.to_owned(), Arc::downgrade(core));
        later(core, core.after(delay), move || {
            let Some(core) = handle.upgrade() else { return };
            core.shared(&name, Access::Read);
            let pin = core.pin_named(&name);
            let fits = |pin: &CellRef| (pin.table().type_id)() == TypeId::of::<P>();
            if let Some(pin) = pin.filter(fits) {
                drop(route::send_by_timer(&pin, mail));
            }
        })
    }
}

impl<P: Handle<<P as Server>::Message>> Context<P> {
    /// Sends `message` to this process after `delay`, never early; at once, in its turn, if `delay`
    /// is zero. The timer dies with the process. A message that finds the mailbox full is lost
    /// unless [`Overflow`](crate::Overflow) has room for it.
    ///
    /// # Panics
    /// If there are [`limits::TIMERS`](crate::limits::TIMERS) already.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// #[derive(Process)]
    /// struct Clerk;
    /// #[handlers]
    /// impl Clerk {
    ///     #[init] fn begin(&mut self, cx: &mut Context<Self>) {
    ///         cx.send_after(Duration::from_millis(1), ClerkMessage::Close);
    ///     }
    ///     #[cast] fn close(&mut self, cx: &mut Context<Self>) { cx.stop(ExitReason::Normal) }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.spawn(Clerk)?;
    /// assert_eq!(clerk.closed().blocking(), ExitReason::Normal);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_after(&mut self, delay: Duration, message: P::Message) -> Timer {
        self.send_when(When::After(delay), message)
    }

    /// The same at an instant of [`now`](Self::now) (OTP's option `abs`); at once, in its turn, if
    /// that has passed.
    ///
    /// # Panics
    /// As for [`send_after`](Self::send_after).
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// # use std::time::Duration;
    /// #[derive(Process)]
    /// struct Clerk;
    /// #[handlers]
    /// impl Clerk {
    ///     #[init] fn begin(&mut self, cx: &mut Context<Self>) {
    ///         cx.send_at(cx.now() + Duration::from_millis(1), ClerkMessage::Close);
    ///     }
    ///     #[cast] fn close(&mut self, cx: &mut Context<Self>) { cx.stop(ExitReason::Normal) }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.spawn(Clerk)?;
    /// assert_eq!(clerk.closed().blocking(), ExitReason::Normal);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_at(&mut self, instant: Instant, message: P::Message) -> Timer {
        self.send_when(When::At(instant), message)
    }

    fn send_when(&mut self, when: When, message: P::Message) -> Timer {
        let at = when.of(self.running().machine_as());
        send_at(self.running(), Accepts::by::<P>(), at, message)
    }

    /// Sends this process what `make` makes, every `period`, the first after one; ticks do not
    /// drift, and those that were missed are left out. The timer dies with the process, and with a
    /// panic of `make`. The [type's example](Self) uses it.
    ///
    /// # Panics
    /// As for [`send_after`](Self::send_after).
    pub fn send_interval(
        &mut self,
        period: Duration,
        make: impl FnMut() -> P::Message + Send + 'static,
    ) -> Timer {
        let (timer, armed) = send_interval(self.pin(), Accepts::by::<P>(), period, make);
        self.running().extras(|extras| extras.add_interval(armed));
        timer
    }
}

fn send<M: Message>(to: &CellRef, accepts: Accepts<M>, message: M) -> Result<(), SendError> {
    let mail = Mail::message(accepts, message, ReplyPort::none());
    route::send_by_timer(to, mail).map_err(|(error, _)| error)
}

/// Arms a timer that sends what `make` makes, every `period`.
fn send_interval<M: Message>(
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
