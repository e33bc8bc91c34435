//! What makes a process's mail take a detour before it is handled: the process is suspended, or
//! debugged, or wishes to hear when no message comes for a while.
//!
//! All of it lies behind the extras' `hold`, which the turn looks at anyway; so a process that was
//! never asked for any of it pays for none of it.
//!
//! **Suspended.** What is for handlers and hooks is put on a shelf, in order, when it is its turn,
//! and counts as waiting all the while. Requests to the process itself, a request to stop and the
//! end of the parent are served, as in OTP. Resumed, the shelf goes back in front of what came
//! later. It is suspended as long as `sys` has it so, or one of those lives who suspended it.
//!
//! **Hibernating.** A handler's wish is done when nothing is pending; so is that of a process which
//! rests whenever it is idle for long. For that one timer is armed; a message only notes that it
//! came, and when the timer fires it is armed anew if one did. So the rest begins after the time
//! that was set, and after twice that at the latest, and a message costs no timer.
//!
//! **Idle.** A wish is armed when the handler that made it is done and nothing is pending; what is
//! for handlers forgets it; a request to the process begins it anew. Each wish has a number, so
//! that a timer that fired too late is nobody's.

use std::{mem, time::Duration};

use super::{
    cell::Step,
    contain::contain,
    debug::{Debug, InHand, SysEvent},
    extras::{Extras, LastReply},
    header::{Running, Shelf},
    hold::is_pressing,
    node::Mail,
};
use crate::{pid::Pid, signal::Signal};

/// See the module. It is there only if one of its parts is.
#[derive(Default)]
pub(crate) struct Detour {
    aside: Option<Aside>,
    debug: Option<Box<Debug>>,
    idle: Option<Idle>,
    rest: Option<Box<Rest>>,
    /// It hibernates when nothing is pending.
    hibernates: bool,
}

impl Detour {
    fn is_needless(&self) -> bool {
        let Self { aside, debug, idle, rest, hibernates } = self;
        let is_one = aside.is_some() || debug.is_some() || idle.is_some() || rest.is_some();
        !is_one && !hibernates
    }
}

/// It hibernates whenever no message came for so long.
struct Rest {
    after: Duration,
    arm: ArmIdle,
    armed: Option<Disarm>,
    /// A message came since that was armed.
    disturbed: bool,
    /// It hibernates now.
    sleeps: bool,
}

impl Drop for Rest {
    fn drop(&mut self) {
        if let Some(disarm) = self.armed.take() {
            disarm();
        }
    }
}

/// The number of a rest, which is nobody's wish.
const REST: u32 = 0;

/// Whose a piece of mail is, once it is the process's turn to see to it.
pub(super) enum Concern {
    /// Its handlers' and hooks'.
    Handlers,
    /// The process's own, suspended or not: requests to it, and the end of its parent.
    System,
    /// It was to hear that no message came.
    Idle,
}

impl Mail {
    /// Whose it is, in a process with this parent.
    pub(super) fn concern(&self, parent: Option<Pid>) -> Concern {
        match self.as_signal() {
            Some(Signal::System(_) | Signal::Stop(_)) => Concern::System,
            Some(Signal::Exit { from, .. }) if Some(*from) == parent => Concern::System,
            Some(Signal::Idle(_)) => Concern::Idle,
            _ => Concern::Handlers,
        }
    }
}

/// It is suspended: by whom, and what came meanwhile.
#[derive(Default)]
struct Aside {
    /// By `sys`, however often.
    by_sys: bool,
    /// So many others keep it suspended.
    keepers: u32,
    shelf: Shelf,
    /// How many messages are there.
    messages: u32,
    /// How much of it is pressing.
    pressing: u32,
}

/// Arms what tells a process that it was idle so long; answers how to disarm it.
pub(crate) type ArmIdle = fn(&Running, Duration, u32) -> Disarm;

type Disarm = Box<dyn FnOnce() + Send>;

/// The wish to hear that no message came.
struct Idle {
    number: u32,
    after: Duration,
    arm: ArmIdle,
    armed: Option<Disarm>,
}

impl Drop for Idle {
    fn drop(&mut self) {
        if let Some(armed) = self.armed.take() {
            armed();
        }
    }
}

/// The number of the next wish.
fn next(number: u32) -> u32 {
    number.wrapping_add(1).max(REST + 1)
}

impl Running {
    fn detour<R>(&self, f: impl FnOnce(&mut Detour) -> R) -> R {
        self.hold(|hold| f(hold.detour.get_or_insert_default()))
    }

    fn detour_if_any<R>(&self, f: impl FnOnce(&mut Detour) -> R) -> Option<R> {
        self.extras_if_any(|extras| {
            let hold = extras.hold.as_mut()?;
            hold.detour.as_mut().map(|detour| f(detour))
        })
        .flatten()
    }

    /// What is not needed any more goes.
    fn straighten(&self) {
        let needless = self.extras_if_any(|extras| {
            let hold = extras.hold.as_mut()?;
            let needless = hold.detour.as_ref().is_some_and(|detour| detour.is_needless());
            if needless { hold.detour.take() } else { None }
        });
        drop(needless);
    }

    /// From now on it handles no message.
    pub(crate) fn suspend(&self) {
        self.set_suspended(|aside| aside.by_sys = true);
    }

    /// The same, until [`unkeep_suspended`](Self::unkeep_suspended) was called as often.
    pub(crate) fn keep_suspended(&self) {
        self.set_suspended(|aside| aside.keepers += 1);
    }

    fn set_suspended(&self, note: impl FnOnce(&mut Aside)) {
        self.detour(|detour| note(detour.aside.get_or_insert_default()));
        // It begins to wait anew when it is resumed.
        self.restart_idle();
    }

    /// `sys` has it handle messages again; false: others keep it from that, or it did so before.
    pub(crate) fn resume(&self) -> bool {
        self.resume_unless_kept(|aside| aside.by_sys = false)
    }

    /// One that kept it suspended does so no longer; false: another one does.
    pub(crate) fn unkeep_suspended(&self) -> bool {
        self.resume_unless_kept(|aside| aside.keepers = aside.keepers.saturating_sub(1))
    }

    fn resume_unless_kept(&self, note: impl FnOnce(&mut Aside)) -> bool {
        let is_free = self.detour_if_any(|detour| {
            let Some(aside) = &mut detour.aside else { return false };
            note(aside);
            !aside.by_sys && aside.keepers == 0
        });
        let is_free = is_free.unwrap_or(false);
        if is_free {
            self.unshelve();
        }
        is_free
    }

    /// It handles messages again, those first that came meanwhile.
    pub(super) fn unshelve(&self) {
        let aside = self.detour_if_any(|detour| detour.aside.take()).flatten();
        let Some(Aside { shelf, pressing, .. }) = aside else { return };
        self.inner(|inner| shelf.put_before(inner));
        self.hold(|hold| hold.add_pressing(pressing));
        self.straighten();
    }

    /// Whether it is suspended.
    pub(crate) fn is_suspended(&self) -> bool {
        self.extras_in_turn(|extras| {
            let detour = extras.hold.as_ref().and_then(|hold| hold.detour.as_ref());
            detour.is_some_and(|detour| detour.aside.is_some())
        })
        .unwrap_or(false)
    }

    /// Puts mail on the shelf.
    pub(super) fn set_aside(&self, mail: Mail) {
        let (is_message, pressing) = (mail.takes_room(), is_pressing(&mail));
        self.count_in(u16::from(is_message));
        self.detour(|detour| {
            let aside = detour.aside.get_or_insert_default();
            aside.shelf.push(mail);
            aside.messages += u32::from(is_message);
            aside.pressing += u32::from(pressing);
        });
    }

    /// How many messages are on the shelf.
    pub(super) fn count_aside(&self) -> u32 {
        let count = |detour: &mut Detour| detour.aside.as_ref().map_or(0, |aside| aside.messages);
        self.detour_if_any(count).unwrap_or(0)
    }

    /// Does something with what is known of its traffic; it stays only if anything is switched on.
    pub(crate) fn debug<R>(&self, f: impl FnOnce(&mut Debug) -> R) -> R {
        let done = self.detour(|detour| {
            let debug = detour.debug.get_or_insert_default();
            let done = f(debug);
            if debug.is_off() {
                return (done, detour.debug.take());
            }
            (done, None)
        });
        self.straighten();
        done.0
    }

    /// The same if there is any.
    pub(crate) fn debug_if_any<R>(&self, f: impl FnOnce(&mut Debug) -> R) -> Option<R> {
        self.detour_if_any(|detour| detour.debug.as_mut().map(|debug| f(debug))).flatten()
    }

    /// All of it is switched off.
    pub(crate) fn no_debug(&self) {
        let debug = self.detour_if_any(|detour| detour.debug.take()).flatten();
        drop(debug);
        self.straighten();
    }

    /// It is about to handle this; or, `kept`, it keeps it, and answers at a time of its own.
    pub(super) fn hears(&self, mail: &Mail, kept: bool) {
        if self.debug_if_any(|_| ()).is_none() {
            return;
        }
        let owed = mail.owed();
        let (message, call) = (mail.name(), owed.is_some());
        let from = owed.as_ref().and_then(|owed| owed.caller());
        let is_on = self.debug_if_any(|debug| {
            debug.in_hand = owed.filter(|_| !kept).map(|owed| InHand { message, owed });
        });
        if is_on.is_some() {
            self.say(&SysEvent::In { message, call, from });
        }
    }

    /// Nothing is pending: if what it had in hand was answered, that is an event.
    pub(super) fn has_answered(&self) {
        let in_hand = self.debug_if_any(|debug| debug.in_hand.take()).flatten();
        if let Some(InHand { message, owed }) = in_hand.filter(|in_hand| !in_hand.owed.is_open()) {
            self.say(&SysEvent::Out { message, to: owed.caller() });
        }
    }

    /// Has the functions hear of an event. One that panics hears no more.
    fn say(&self, event: &SysEvent) {
        let functions = self.debug_if_any(|debug| {
            debug.note(event);
            debug.take_functions()
        });
        let Some(mut functions) = functions.filter(|functions| !functions.is_empty()) else {
            return;
        };
        functions.retain_mut(|(_, listener)| contain(self, || listener(event)).is_ok());
        self.debug(|debug| debug.put_functions(functions));
    }

    /// Its handler wishes to hear when no message comes for so long.
    pub(crate) fn wish_idle(&self, after: Duration, arm: ArmIdle) {
        let before = self.hold(|hold| {
            hold.idles = next(hold.idles);
            let idle = Idle { number: hold.idles, after, arm, armed: None };
            hold.detour.get_or_insert_default().idle.replace(idle)
        });
        drop(before);
    }

    /// It wishes that no longer.
    pub(crate) fn forget_idle(&self) {
        let idle = self.detour_if_any(|detour| detour.idle.take()).flatten();
        if idle.is_some() {
            drop(idle);
            self.straighten();
        }
    }

    /// The time of that wish is over; false: it was forgotten.
    fn was_idle(&self, number: u32) -> bool {
        if number == REST {
            self.rests();
            return false;
        }
        let is_it = |detour: &mut Detour| {
            detour.idle.as_ref().is_some_and(|idle| idle.number == number && idle.armed.is_some())
        };
        let is_it = self.detour_if_any(is_it).unwrap_or(false);
        if is_it {
            self.forget_idle();
        }
        is_it
    }

    /// The time of that wish is over: the hook for that begins, unless it was forgotten.
    pub(super) fn idled(&self, number: u32) -> Step {
        if self.was_idle(number) { self.begin_timeout() } else { Step::Continue }
    }

    /// A request was served: the wait begins anew, when it is armed again.
    pub(super) fn restart_idle(&self) {
        let armed = self.detour_if_any(|detour| detour.idle.as_mut()?.armed.take()).flatten();
        let Some(armed) = armed else { return };
        armed();
        // One that has fired is on its way here, and is not this one.
        self.hold(|hold| {
            hold.idles = next(hold.idles);
            let idle = hold.detour.as_mut().and_then(|detour| detour.idle.as_mut());
            idle.into_iter().for_each(|idle| idle.number = hold.idles);
        });
    }

    /// Nothing is pending: a wish that waited for that is armed.
    pub(super) fn arm_idle(&self) {
        let wish = self.detour_if_any(|detour| match (&detour.aside, &detour.idle) {
            (None, Some(idle)) if idle.armed.is_none() => Some((idle.after, idle.arm, idle.number)),
            _ => None,
        });
        let Some((after, arm, number)) = wish.flatten() else { return };
        let armed = arm(self, after, number);
        self.detour_if_any(|detour| detour.idle.as_mut().map(|idle| idle.armed = Some(armed)));
    }

    /// It hibernates when its handler is done.
    pub(crate) fn hibernate(&self) {
        self.detour(|detour| detour.hibernates = true);
    }

    /// It hibernates whenever no message came for so long.
    pub(crate) fn rest_after(&self, after: Duration, arm: ArmIdle) {
        let rest = Rest { after, arm, armed: None, disturbed: false, sleeps: false };
        let before = self.detour(|detour| detour.rest.replace(Box::new(rest)));
        drop(before);
    }

    /// A message came: it does not rest.
    pub(super) fn is_disturbed(&self) {
        self.detour_if_any(|detour| {
            if let Some(rest) = &mut detour.rest {
                rest.disturbed = true;
                rest.sleeps = false;
            }
        });
    }

    /// A request was served: who hibernated does so again.
    pub(super) fn rests_on(&self) {
        self.detour_if_any(|detour| {
            detour.hibernates |= detour.rest.as_ref().is_some_and(|rest| rest.sleeps);
        });
    }

    /// The time that it is to be idle before it rests is over.
    fn rests(&self) {
        self.detour_if_any(|detour| {
            let Some(rest) = &mut detour.rest else { return };
            rest.armed = None;
            rest.sleeps = !mem::take(&mut rest.disturbed);
            detour.hibernates |= rest.sleeps;
        });
    }

    /// Nothing is pending: whether it is to hibernate now, which is asked once.
    pub(super) fn begins_to_hibernate(&self) -> bool {
        let due = self
            .detour_if_any(|detour| detour.aside.is_none() && mem::take(&mut detour.hibernates));
        due.unwrap_or(false)
    }

    /// It has shrunk its state, and now gives back the rest.
    pub(super) fn hibernates(&self) {
        self.straighten();
        self.give_back();
    }

    /// Nothing is pending: what tells it to rest is armed.
    pub(super) fn arm_rest(&self) {
        let wish = self.detour_if_any(|detour| match (&detour.aside, &detour.rest) {
            (None, Some(rest)) if rest.armed.is_none() && !rest.sleeps => {
                Some((rest.after, rest.arm))
            }
            _ => None,
        });
        let Some((after, arm)) = wish.flatten() else { return };
        let armed = arm(self, after, REST);
        self.detour_if_any(|detour| detour.rest.as_mut().map(|rest| rest.armed = Some(armed)));
    }

    /// Its `init` chooses not to start.
    pub(crate) fn ignore(&self) {
        self.extras(|extras| extras.rare().ignores = true);
    }

    /// Whether it has.
    pub(super) fn has_ignored(&self) -> bool {
        let ignores = |extras: &mut Extras| extras.rare.as_ref().is_some_and(|rare| rare.ignores);
        self.extras_if_any(ignores).unwrap_or(false)
    }

    /// The end of the process is to give this answer.
    pub(crate) fn answer_last(&self, give: Box<dyn FnOnce() + Send>) {
        let last = LastReply { is_due: false, give };
        let before = self.extras(|extras| extras.rare().last.replace(last));
        drop(before);
    }

    /// Its `terminate` is over, or was none: the answer may be given.
    pub(super) fn last_is_due(&self) {
        self.extras_if_any(|extras| {
            let last = extras.rare.as_mut().and_then(|rare| rare.last.as_mut());
            last.into_iter().for_each(|last| last.is_due = true);
        });
    }

    /// Gives that answer if it may, else drops it, which fails the call.
    pub(crate) fn give_last(&self) {
        let last = self.extras_if_any(|extras| extras.rare.as_mut()?.last.take()).flatten();
        let Some(LastReply { is_due, give }) = last else { return };
        if is_due {
            give();
        } else {
            mem::drop(give);
        }
    }
}
