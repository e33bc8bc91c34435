//! One turn: what a process does between being picked and giving way.
//!
//! The order inside a turn is the order of OTP: signals first, as they are received; then the
//! handler that is pending, if it was woken; then the backlog, one message at a time, up to the
//! budget. All of the process's own code (handlers, hooks, and the dropping of its futures) runs
//! inside `contain`, so a panic is an exit and nothing more.
//!
//! A turn ends in one of four ways. `Idle`: the inbox was set idle, and from that instant on
//! somebody else may run the process, so nothing of it is touched afterwards. `Again`: there is
//! more to do, the caller queues it. `Hold`: it has overfilled another's mailbox, and the caller
//! sees to it that it waits (`HOLD.md`). `Ended`: nothing of it will run again, the caller takes it
//! apart (`runtime::terminate`), in as many turns as that takes.

mod detour;
mod function;
mod plain;
mod signals;
mod traced;

use std::{mem, time::Instant};

use super::{
    activity::{Polled, poll},
    cell::{Next, Step},
    contain::contain,
    current,
    extras::{Activity, Extras, Install, Making, Pending},
    header::{Arrived, Running},
    hold::Held,
    node::{Mail, Opened},
    state::Phase,
};
use crate::{
    error::CallFailure, exit::ExitReason, limits, overflow::Overflow, signal::Signal,
    trace::TraceKind,
};
use signals::keep_or_act;

/// How a turn ended.
#[must_use]
pub(crate) enum TurnEnd {
    /// It waits for mail or a waker.
    Idle,
    /// Its budget is spent, and there is more.
    Again(Running),
    /// Its next message is to be handled beside the workers.
    Away(Running),
    /// It has overfilled another's mailbox, and is to be held.
    Hold(Running),
    /// It has ended; to be taken apart.
    Ended(Running, Ended),
    /// It is being taken apart, and that is to go on.
    Leaving(Running),
    /// It was killed in mid-turn, and is taken apart by others but for its state; that is to be
    /// dropped.
    Taken(Running),
}

/// A process that has ended.
pub(crate) struct Ended {
    pub(crate) reason: ExitReason,
    /// It chose not to start.
    pub(crate) ignored: bool,
    /// The reason is another's: it came by an exit signal.
    pub(crate) follows: bool,
}

impl Ended {
    fn new(reason: ExitReason) -> Self {
        Self { reason, ignored: false, follows: false }
    }
}

/// How much a turn may do.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    /// Messages.
    pub(crate) messages: u32,
    /// Whether the clock and reductions end the turn as well; not in a simulation.
    pub(crate) timed: bool,
    /// Whether it ends before a message that is to be handled beside the workers.
    pub(crate) among_workers: bool,
}

/// Runs one turn.
pub(crate) fn turn(running: Running, budget: Budget) -> TurnEnd {
    if running.state().is_plain() {
        return turn_of::<false>(running, budget);
    }
    unusual_turn(running, budget)
}

/// One of a process that is being taken apart, or is traced.
#[cold]
fn unusual_turn(running: Running, budget: Budget) -> TurnEnd {
    if running.state().is_over() {
        return TurnEnd::Leaving(running);
    }
    let _tracing = current::trace_turn();
    turn_of::<true>(running, budget)
}

#[inline]
fn turn_of<const TRACED: bool>(running: Running, budget: Budget) -> TurnEnd {
    let _entered = current::enter_turn(&running, budget.timed);
    let (left, since, follows) = (budget.messages, None, None);
    let mut turn = Turn::<TRACED> { running, left, budget, since, follows, ended: None };
    turn.tell_turn(TraceKind::In);
    let end = turn.run();
    if !matches!(end, End::Idle) {
        turn.tell_turn(TraceKind::Out);
    }
    // First of all: the usual end, and a jump by table would be guessed wrong.
    if matches!(end, End::Idle) {
        return TurnEnd::Idle;
    }
    let Turn { running, follows, ended, .. } = turn;
    match end {
        End::Idle => TurnEnd::Idle,
        End::Again => TurnEnd::Again(running),
        End::Away => TurnEnd::Away(running),
        End::Hold => TurnEnd::Hold(running),
        End::Ended if current::is_taken(running.raw()) => TurnEnd::Taken(running),
        End::Ended => {
            let Some(ended) = ended else { unreachable!("it is said how it ended") };
            // A panic on the way out is its own again.
            let follows = follows.is_some_and(|reason| reason == ended.reason);
            TurnEnd::Ended(running, Ended { follows, ..ended })
        }
    }
}

#[derive(Clone, Copy)]
enum End {
    Idle,
    Again,
    Away,
    Hold,
    /// How, the turn holds: handed about with this, it would be moved at each step, and what is
    /// moved before it is all written waits.
    Ended,
}

/// What polling came to.
enum Progress {
    /// Nothing is pending (any more).
    Quiet,
    /// It waits.
    Waits,
    End(End),
}

/// What was taken from the inbox.
struct Taken {
    /// A waker fired.
    woken: bool,
    /// A signal ends the process.
    is_fatal: bool,
}

/// A turn; one that is traced tells what others do in silence.
struct Turn<const TRACED: bool> {
    running: Running,
    left: u32,
    budget: Budget,
    since: Option<Instant>,
    /// The reason of the exit signal that ends it.
    follows: Option<ExitReason>,
    /// How it has ended.
    ended: Option<Ended>,
}

impl<const TRACED: bool> Turn<TRACED> {
    fn run(&mut self) -> End {
        loop {
            if self.is_plain() {
                match self.plain() {
                    Some(end) => return end,
                    None => continue,
                }
            }
            // It has just begun to be traced: by turns of its own.
            if !TRACED && self.running.state().is_traced() {
                return End::Again;
            }
            let taken = self.take();
            if taken.is_fatal {
                return self.follow();
            }
            match self.progress(taken.woken) {
                Progress::End(end) => return end,
                Progress::Waits => {
                    // Something has come meanwhile. Not looked at in this turn: a future that wakes
                    // itself has yielded, and would have the thread for ever.
                    return if self.try_idle() { End::Idle } else { End::Again };
                }
                Progress::Quiet => {}
            }
            if self.left == 0 {
                return End::Again;
            }
            let Some(mail) = self.running.pop_mail() else {
                if self.try_idle() {
                    return End::Idle;
                }
                continue;
            };
            if let Some(end) = self.receive(mail) {
                return end;
            }
        }
    }

    /// The next message or request, unless it is to wait for another turn.
    fn receive(&mut self, mail: Mail) -> Option<End> {
        if self.is_late() {
            self.running.push_mail_front(mail);
            return Some(End::Again);
        }
        if self.budget.among_workers && mail.blocks() {
            self.running.push_mail_front(mail);
            return Some(End::Away);
        }
        if self.running.note_departure(&mail) {
            return self.take_detour(mail);
        }
        if self.is_stale(&mail) { self.drop_stale(mail) } else { self.handle(mail) }
    }

    /// Takes what has arrived: messages go to the private queue, signals are acted on. The first
    /// fatal one fixes the reason, in `follows`: there, because to hand it about would cost more
    /// than all the rest of a turn in which nothing of the kind happens.
    fn take(&mut self) -> Taken {
        let (running, follows) = (&self.running, &mut self.follows);
        let mut is_fatal = false;
        let Arrived { woken, awaited } = running.take_mail(|mail| {
            is_fatal |= keep_or_act::<TRACED>(running, follows, is_fatal, mail);
        });
        if awaited {
            self.tell_drained();
        }
        Taken { woken, is_fatal }
    }

    /// An exit signal ends it.
    #[cold]
    fn follow(&mut self) -> End {
        let reason = self.follows.clone().unwrap_or(ExitReason::Killed);
        self.end(reason, false)
    }

    /// Somebody waits until the mailbox has drained: if it has, they are told, a few at a time.
    #[cold]
    fn tell_drained(&mut self) {
        if self.running.has_drained() {
            let pin = self.running.pin();
            if !pin.machine().drained(&pin) {
                self.left = self.left.saturating_sub(limits::TOLD_AT_ONCE as u32);
            }
        }
    }

    /// Whether a message is dropped instead, because too many others wait behind it.
    fn is_stale(&self, mail: &Mail) -> bool {
        self.running.is_overfull()
            && mail.is_message()
            && !mail.is_kept()
            && self.running.state().overflow() == Overflow::DropOldest
    }

    #[cold]
    fn drop_stale(&mut self, mail: Mail) -> Option<End> {
        self.left -= 1;
        let pin = self.running.pin();
        pin.machine().dropped(&pin);
        let dropped = contain(&self.running, || mail.fail(CallFailure::Full));
        dropped.err().map(|panic| self.end(panic, true))
    }

    /// Whether it is another's turn by the clock. That costs as much as a small message, so it is
    /// read after the first ones (they may be large), and then each 16th time; and only when there
    /// is another message, so that a process with one at a time does without.
    fn is_late(&mut self) -> bool {
        let handled = self.budget.messages - self.left;
        let is_time = handled.is_power_of_two() || handled & 15 == 0;
        if !self.budget.timed || handled == 0 || !is_time {
            return false;
        }
        match self.since {
            Some(since) => since.elapsed() >= limits::TURN_TIME,
            None => {
                self.since = Some(Instant::now());
                false
            }
        }
    }

    /// Goes on with what is pending; begins what a fresh process begins with.
    fn progress(&mut self, woken: bool) -> Progress {
        let running = &self.running;
        let state = running.state();
        let is_plain = state.is_plainly_running();
        if is_plain || TRACED && state.phase() == Phase::Running {
            // The usual case: no extras, nothing pending.
            match running.extras_in_turn(Extras::at_a_glance).unwrap_or_default() {
                (false, false, false) => return Progress::Quiet,
                (false, false, true) => return self.quiet(),
                (false, true, _) => return self.unless_held(woken),
                (true, ..) => {}
            }
        } else if !TRACED && state.is_traced() {
            return self.begin_again(woken);
        }
        let found = running.extras_in_turn(|extras| {
            let waits = extras.is_pending() && !woken && !extras.is_function();
            (!waits).then(|| extras.begin())
        });
        let Some(activity) = found.unwrap_or(Some(Activity::Idle)) else { return Progress::Waits };
        match activity {
            Activity::Handler(pending) => self.poll_handler(pending),
            Activity::Init(pending) => self.poll_init(pending),
            Activity::Making(making) => self.poll_making(making),
            Activity::Terminate(pending) => self.poll_terminate(pending),
            Activity::Function(body) => self.go_on(body, woken),
            Activity::Idle => match running.extras_in_turn(|extras| extras.make.take()).flatten() {
                Some(make) => match contain(&self.running, make) {
                    Ok(making) => self.poll_making(making),
                    Err(reason) => Progress::End(self.end(reason, false)),
                },
                None => self.begin_init(),
            },
        }
    }

    /// It has overfilled a mailbox, now or once, and may have to wait; or its mail takes a detour.
    fn unless_held(&mut self, woken: bool) -> Progress {
        match self.running.held(woken) {
            Held::No => self.quiet(),
            Held::Yes => Progress::Waits,
            Held::Begins => Progress::End(End::Hold),
        }
    }

    /// Nothing is pending: messages may be handled, first of all what is urgent.
    #[inline]
    fn quiet(&mut self) -> Progress {
        if let Some(end) = self.settle_if_any() {
            return Progress::End(end);
        }
        if self.running.expects_urgent() {
            self.running.promote();
        }
        Progress::Quiet
    }

    fn begin_init(&mut self) -> Progress {
        if !self.running.table().has_init {
            return self.started();
        }
        match contain(&self.running, || self.running.begin_init()) {
            Ok(pending) => self.poll_init(pending),
            Err(reason) => Progress::End(self.end(reason, false)),
        }
    }

    fn poll_making(&mut self, making: Making) -> Progress {
        let mut making = Some(making);
        match poll(&self.running, &mut making) {
            Polled::Waits => self.wait(making.map(Activity::Making)),
            Polled::Done(Ok(Some(install))) => self.install(install),
            Polled::Done(Ok(None)) => {
                self.ended = Some(Ended { ignored: true, ..Ended::new(ExitReason::Normal) });
                Progress::End(End::Ended)
            }
            Polled::Done(Err(reason)) | Polled::Failed(reason) => {
                Progress::End(self.end(reason, false))
            }
        }
    }

    fn install(&mut self, install: Install) -> Progress {
        install(self.running.raw());
        self.running.extras(|extras| extras.is_hollow = false);
        self.begin_init()
    }

    fn poll_init(&mut self, pending: Pending) -> Progress {
        let mut pending = Some(pending);
        match poll(&self.running, &mut pending) {
            Polled::Waits => self.wait(pending.map(Activity::Init)),
            Polled::Done(Next::Continue) => match self.stopped() {
                Some(reason) => Progress::End(self.end(reason, false)),
                None => self.started(),
            },
            Polled::Done(Next::Stop(reason)) | Polled::Failed(reason) => {
                let ignored = self.running.has_ignored();
                let end = self.end(reason, false);
                if let Some(ended) = &mut self.ended {
                    ended.ignored = ignored;
                }
                Progress::End(end)
            }
        }
    }

    /// The process is ready: it tells its starter, then handles messages.
    fn started(&mut self) -> Progress {
        self.running.state().advance(Phase::Running);
        if let Some(starter) = self.running.extras_if_any(|extras| extras.starter.take()).flatten()
        {
            starter.tell(Ok(()));
        }
        if self.running.is_function() {
            return self.begin_function();
        }
        self.quiet()
    }

    fn poll_handler(&mut self, pending: Pending) -> Progress {
        let mut pending = Some(pending);
        match poll(&self.running, &mut pending) {
            Polled::Waits => self.wait(pending.map(Activity::Handler)),
            Polled::Done(next) => match self.after(next) {
                Some(end) => Progress::End(end),
                None => {
                    self.left = self.left.saturating_sub(1);
                    self.quiet()
                }
            },
            Polled::Failed(reason) => Progress::End(self.end(reason, true)),
        }
    }

    fn poll_terminate(&mut self, pending: Pending) -> Progress {
        let mut pending = Some(pending);
        let polled = poll(&self.running, &mut pending);
        if !matches!(polled, Polled::Waits) {
            self.running.last_is_due();
        }
        let reason = match polled {
            Polled::Waits => return self.wait(pending.map(Activity::Terminate)),
            Polled::Done(_) => {
                let decided = self.running.extras(|extras| extras.exit.take());
                decided.unwrap_or(ExitReason::Normal)
            }
            // A crash in `terminate` replaces the reason.
            Polled::Failed(reason) => reason,
        };
        Progress::End(self.ended(reason))
    }

    /// It goes on with this in a later turn.
    #[inline]
    fn wait(&self, activity: Option<Activity>) -> Progress {
        debug_assert!(activity.is_some(), "it waits, so it is there");
        self.running.extras(|extras| {
            let before = mem::replace(&mut extras.activity, activity.unwrap_or(Activity::Idle));
            debug_assert!(matches!(before, Activity::Idle), "it was taken out");
            // There is nothing in it to drop, which the compiler does not see.
            mem::forget(before);
        });
        Progress::Waits
    }

    /// Hands one piece of mail from the private queue to the process.
    fn handle(&mut self, mail: Mail) -> Option<End> {
        if mail.is_message() {
            return self.give(mail);
        }
        let running = &self.running;
        if TRACED {
            running.tell_begun(&mail);
        }
        let (mut step, follows) = (Step::Continue, &mut self.follows);
        let done = contain(running, || match mail.open() {
            Opened::Message(mail) => running.receive(mail, &mut step),
            Opened::Parcel(parcel) => running.receive_parcel(parcel, &mut step),
            // A trapped exit of the parent ends the process as its parent ended.
            Opened::Signal(Signal::Exit { from, reason, .. }) if running.is_child_of(from) => {
                *follows = Some(reason.clone());
                step = Step::Stop(reason);
            }
            Opened::Signal(signal) => step = running.hear(signal),
        });
        match done {
            Ok(()) => self.step(step),
            Err(reason) => Some(self.fail(reason, step)),
        }
    }

    /// What a handler or hook that has begun has come to.
    fn step(&mut self, step: Step) -> Option<End> {
        match step {
            Step::Continue => {
                self.left -= 1;
                self.done()
            }
            Step::Stop(reason) => self.after(Next::Stop(reason)),
            Step::Waits(pending) => {
                let _ = self.wait(Some(Activity::Handler(pending)));
                None
            }
            Step::Pending(pending) => match self.poll_handler(pending) {
                Progress::End(end) => Some(end),
                Progress::Quiet | Progress::Waits => None,
            },
        }
    }

    /// What a finished handler decided.
    fn after(&mut self, next: Next) -> Option<End> {
        match next {
            Next::Continue => self.done(),
            Next::Stop(reason) => {
                if TRACED {
                    self.running.tell_ended();
                }
                if self.running.state().count_handled() {
                    self.running.remember_handled();
                }
                Some(self.end(reason, true))
            }
        }
    }

    /// A handler has come to its end, and perhaps said `cx.stop`.
    #[inline]
    fn done(&mut self) -> Option<End> {
        if TRACED {
            self.running.tell_ended();
        }
        if self.running.state().count_handled() { self.done_rarely() } else { None }
    }

    #[cold]
    fn done_rarely(&mut self) -> Option<End> {
        self.running.remember_handled();
        self.stopped().map(|reason| self.end(reason, true))
    }

    fn stopped(&self) -> Option<ExitReason> {
        if !self.running.state().take_stopping() {
            return None;
        }
        let reason = self.running.extras_if_any(|extras| extras.stop.take()).flatten();
        Some(reason.unwrap_or(ExitReason::Normal))
    }

    /// The process ends: what is pending is dropped; `terminate` runs where OTP would run it (the
    /// process ends by itself, or its parent did: not by a signal, and not before it was ready).
    fn end(&mut self, reason: ExitReason, orderly: bool) -> End {
        let running = &self.running;
        let pending = running.extras_if_any(|extras| {
            // The replies that are dropped with what is pending say this.
            extras.exit = Some(reason.clone());
            extras.is_pending().then(|| extras.begin())
        });
        let reason = match pending.flatten().map(|pending| contain(running, || drop(pending))) {
            Some(Err(panic)) if reason.is_normal() => panic,
            _ => reason,
        };
        let may_terminate = orderly && running.table().has_terminate;
        // One that was taken from this thread in mid-turn is another's, and so is its phase.
        let terminates = may_terminate && !current::is_taken(running.raw());
        if !terminates || running.state().phase() != Phase::Running {
            if orderly {
                running.last_is_due();
            }
            return self.ended(reason);
        }
        running.state().advance(Phase::Terminating);
        running.extras(|extras| extras.exit = Some(reason.clone()));
        let begun = contain(running, || running.begin_terminate(reason));
        match begun.map(|pending| self.poll_terminate(pending)) {
            Ok(Progress::End(end)) => end,
            // It waits: the loop takes signals meanwhile, and no message.
            Ok(Progress::Waits | Progress::Quiet) => self.run(),
            Err(reason) => {
                self.running.last_is_due();
                self.ended(reason)
            }
        }
    }

    fn ended(&mut self, reason: ExitReason) -> End {
        self.ended = Some(Ended::new(reason));
        End::Ended
    }
}
