//! The end of a process, in the order of the design: each step may rely on those before it.
//!
//! 1. (done by the turn) the pending handler is dropped, `terminate` has run;
//! 2. the inbox is closed: from here on the process is *noproc*;
//! 3. the state is dropped;
//! 4. its name is free, what it holds elsewhere is given back, its timers are disarmed;
//! 5. its last answer is given, if it stopped itself with one; its other callers fail: those it
//!    owed a reply, those in the backlog;
//! 6. who was held because of it goes on; links and monitors hear of it;
//! 7. its slot in the process table is free, and it is dead;
//! 8. whoever else watches hears of it, and the starter, if the process never was ready.
//!
//! There may be a million of what a step is about. So each step takes from a list, and stops when
//! the turn is over ([`limits::TURN_EXITS`], and [`limits::TURN_TIME`]): the process is put aside
//! with what is left, and goes on at its next turn. A list whose step is done is empty, so to go on
//! is to begin again. What cannot be cut in pieces is one destructor: the state's, a message's.
//!
//! Nothing here takes a lock that all processes share.

use std::{sync::Arc, vec};

use super::{Core, env::Access, holdings::Holding, legacy::Legacy, observe, steps::Steps};
use crate::{
    error::CallFailure,
    exit::ExitReason,
    limits,
    pid::Pid,
    pool::Pooled,
    process::{
        Armed, Ended, Extras, IntoWatches, Mail, Owed, Phase, Reclaimed, Running, StartFailure,
        Starter, TimerPlaces, TurnEnd, Watches, contain, current,
    },
    queue::Pile,
    table::Key,
};

/// How many nodes of the closed inbox are put in order for one step.
const ORDERED_AT_ONCE: usize = 8;

/// How many are told of an end without looking at the turn's time.
const FEW: usize = 8;

/// What is left to do for a process that ends.
pub(super) struct Leaving {
    reason: ExitReason,
    /// It chose not to start.
    ignored: bool,
    /// The reason is another's.
    follows: bool,
    /// It was reported.
    reported: bool,
    /// Somebody waits for its mailbox to drain.
    awaited: bool,
    /// What its inbox held.
    pile: Pile,
    /// It may hold something in services beside it, and what it is giving back.
    holds: bool,
    holding: Option<Arc<dyn Holding>>,
    timers: TimerPlaces,
    intervals: vec::IntoIter<Arc<dyn Armed>>,
    owed: vec::IntoIter<Box<dyn Owed>>,
    /// The signals among what it held.
    signals: Vec<Mail>,
    heard: vec::IntoIter<Mail>,
    starter: Option<Starter>,
    /// It is dead, and there are too many to be told of that in one turn.
    tells: bool,
    late: vec::IntoIter<Mail>,
    watches: IntoWatches,
    /// The messages are another's.
    legacy: Option<Box<Legacy>>,
}

impl Leaving {
    /// Whether nothing is left but to be dead.
    fn has_nothing(&self) -> bool {
        let timers = self.timers.len() + self.intervals.len();
        let lists = timers + self.owed.len() + self.signals.len() + self.heard.len();
        lists == 0 && self.pile.is_empty() && !self.awaited && !self.holds
    }
}

/// A process that takes no mail any more, and has no state.
struct Closed {
    pile: Pile,
    awaited: bool,
}

impl Closed {
    /// The usual case: it ended by itself, nobody knows it, nobody asked it for anything, and it
    /// holds nothing. Then all that is left is to be dead.
    fn is_bare(&self, core: &Core, running: &Running) -> bool {
        self.pile.is_empty()
            && !self.awaited
            && running.is_bare()
            && !core.holdings.may_hold(running.pid())
    }

    /// The next usual one: nobody asked it for anything and it holds nothing, but a few are linked
    /// to it or wait for its end.
    fn is_brief(&self, core: &Core, running: &Running) -> bool {
        self.pile.is_empty()
            && !self.awaited
            && running.leaves_few(FEW)
            && !core.holdings.may_hold(running.pid())
    }
}

impl Core {
    /// Takes an ended process apart; gives it back if that is to go on in another turn.
    pub(super) fn finish(&self, running: Running, ended: Ended) -> Option<Running> {
        self.finish_with(running, ended, true)
    }

    /// The same for a process that was taken from its thread, to which its state is left.
    pub(super) fn finish_taken(&self, running: Running, ended: Ended) -> Option<Running> {
        // Its thread gives up the pin of the living process, and this end one of its own.
        std::mem::forget(running.pin());
        self.finish_with(running, ended, false)
    }

    fn finish_with(&self, running: Running, mut ended: Ended, state_too: bool) -> Option<Running> {
        let entered = current::enter(&running);
        let closed = self.close(&running, &mut ended, state_too);
        if closed.is_bare(self, &running) {
            observe::exited(self, &running, &ended.reason, ended.follows);
            let pid = running.pid();
            self.free_slot(pid);
            let late = self.become_dead(&running);
            drop(entered);
            running.release();
            for mail in late {
                super::route::answer_for_the_dead(self, pid, mail, Some(ExitReason::Normal));
            }
            self.one_less();
            return None;
        }
        if closed.is_brief(self, &running) {
            self.leave_briefly(running, ended, entered);
            return None;
        }
        let mut leaving = self.begin_to_leave(&running, ended, closed);
        drop(entered);
        let running = self.leave(running, &mut leaving)?;
        self.leavings.put(&running, Box::new(leaving));
        Some(running)
    }

    /// All that [`leave`](Self::leave) does, for one of which there is not much to be told and
    /// nothing else to be done.
    fn leave_briefly(&self, running: Running, ended: Ended, entered: current::Entered) {
        let Ended { reason, follows, .. } = ended;
        let pid = running.pid();
        observe::exited(self, &running, &reason, follows);
        while let Some((to, mail)) =
            running.extras_if_any(|extras| extras.links.end(pid, &reason)).flatten()
        {
            super::route::signal(self, to, mail);
        }
        let watches = running.extras_if_any(|extras| std::mem::take(&mut extras.watches));
        let extras = running.strip(&reason);
        self.free_slot(pid);
        let late = self.become_dead(&running);
        drop(entered);
        observe::guarded("what a process left", || drop(extras));
        running.release();
        for mail in late {
            super::route::answer_for_the_dead(self, pid, mail, Some(reason.clone()));
        }
        watches.unwrap_or_default().into_iter().for_each(|watch| watch.ended(pid, &reason));
        self.one_less();
    }

    /// Goes on with that.
    pub(super) fn leave_on(&self, running: Running) -> Option<Running> {
        let mut leaving = self.leavings.take(running.pid())?;
        let running = self.leave(running, &mut leaving)?;
        self.leavings.put(&running, leaving);
        Some(running)
    }

    /// The same to the end: for a simulation's own end.
    pub(super) fn finish_at_once(&self, running: Running, ended: Ended) {
        let is_leaving = self.leavings.holds(running.pid());
        let mut left =
            if is_leaving { self.leave_on(running) } else { self.finish(running, ended) };
        while let Some(running) = left {
            left = self.leave_on(running);
        }
    }

    /// What a turn came to: the process, if it is to have another one, and whether that is to be
    /// beside the workers.
    #[inline]
    pub(super) fn after_turn(&self, end: TurnEnd) -> Option<(Running, bool)> {
        // As in `turn`: the usual end first.
        if matches!(end, TurnEnd::Idle) {
            return None;
        }
        let again = match end {
            TurnEnd::Idle => None,
            TurnEnd::Again(running) => Some(running),
            TurnEnd::Away(running) => return Some((running, true)),
            TurnEnd::Hold(running) => self.hold(running),
            TurnEnd::Ended(running, ended) => self.finish(running, ended),
            TurnEnd::Leaving(running) => self.leave_on(running),
            TurnEnd::Taken(running) => {
                self.bury(running);
                None
            }
        };
        again.map(|running| (running, false))
    }

    /// The first steps, which are done in one go: no mail and no state any more.
    #[inline]
    fn close(&self, running: &Running, ended: &mut Ended, state_too: bool) -> Closed {
        // The replies that are dropped from here on say this.
        if ended.reason != ExitReason::Normal {
            running.extras(|extras| extras.ends_with(&ended.reason));
        }
        if running.state().phase() < Phase::Exiting {
            running.state().advance(Phase::Exiting);
        }
        let (pile, awaited) = running.close_inbox();
        running.end_hold();
        if state_too && let Err(panic) = self.drop_state(running) {
            // The first abnormal reason stands; a destructor's panic is one too.
            if ended.reason.is_normal() {
                running.extras(|extras| extras.exit = Some(panic.clone()));
                ended.reason = panic;
                ended.follows = false;
            } else {
                observe::contained(self, running, "drop of the state", &panic);
            }
        }
        Closed { pile, awaited }
    }

    /// What is left to do then; its name is free.
    fn begin_to_leave(&self, running: &Running, ended: Ended, closed: Closed) -> Leaving {
        self.release_name(running);
        let intervals = running.extras_if_any(|extras| std::mem::take(&mut extras.intervals));
        let (Ended { reason, ignored, follows }, Closed { pile, awaited }) = (ended, closed);
        Leaving {
            reason,
            ignored,
            follows,
            reported: false,
            awaited,
            pile,
            holds: self.holdings.may_hold(running.pid()),
            holding: None,
            timers: running.take_timers(),
            intervals: intervals.unwrap_or_default().into_iter(),
            owed: Vec::new().into_iter(),
            signals: Vec::new(),
            heard: Vec::new().into_iter(),
            starter: None,
            tells: false,
            late: Vec::new().into_iter(),
            watches: Watches::default().into_iter(),
            legacy: self.recall(running),
        }
    }

    /// Does what is left, as far as the turn reaches.
    fn leave(&self, running: Running, leaving: &mut Leaving) -> Option<Running> {
        let timed = self.environment().is_none();
        let mut steps = Steps::of_turn(timed);
        if running.state().phase() == Phase::Exiting {
            let entered = current::enter(&running);
            if !self.part(&running, leaving, &mut steps) {
                return Some(running);
            }
            let extras = self.die(&running, leaving, &steps);
            drop(entered);
            // The arguments of a tree may be among them.
            observe::guarded("what a process left", || drop(extras));
        }
        self.after_death(running, leaving, &mut steps)
    }

    /// Everything up to its death; false: there is more.
    fn part(&self, running: &Running, leaving: &mut Leaving, steps: &mut Steps) -> bool {
        // The usual case: nobody knows it, nobody asked it for anything.
        if running.has_nothing() && leaving.has_nothing() {
            return self.report(running, leaving);
        }
        self.give_back_all(running, leaving, steps)
            && self.disarm_timers(running, leaving, steps)
            && self.order_mail(running, leaving, steps)
            && self.fail_callers(running, leaving, steps)
            && self.release_held(running, leaving, steps)
            && self.report_traced(running, leaving)
            && self.hear(running, leaving, steps)
            && self.tell(running, leaving, steps)
    }

    /// Drops what is pending, and the state, each contained.
    fn drop_state(&self, running: &Running) -> Result<(), ExitReason> {
        let mut hollow = false;
        let pending = running.extras_if_any(|extras| {
            hollow = extras.is_hollow;
            extras.take_pending()
        });
        let first = match pending {
            Some(Some(pending)) => contain(running, || drop(pending)),
            _ => Ok(()),
        };
        if hollow {
            return first;
        }
        contain(running, || running.drop_state()).and(first)
    }

    /// Its name is free.
    fn release_name(&self, running: &Running) {
        if let Some(name) = running.extras_if_any(|extras| extras.name.take()).flatten() {
            self.shared(&name, Access::Write);
            self.registry.unregister(&name, running.pid());
            running.tell_unregistered(&name);
        }
    }

    /// It is in no group, owns no table, has no key.
    fn give_back_all(&self, running: &Running, leaving: &mut Leaving, steps: &mut Steps) -> bool {
        if leaving.holds {
            leaving.holds = !self.give_back(running, &mut leaving.holding, steps);
        }
        !leaving.holds
    }

    /// Its timers will not fire.
    fn disarm_timers(&self, running: &Running, leaving: &mut Leaving, steps: &mut Steps) -> bool {
        while steps.next() {
            // What is disarmed holds a message of the process's own.
            let disarmed = if let Some(place) = leaving.timers.next() {
                let message = self.timers.cancel_at(place, running.raw());
                contain(running, || drop(message))
            } else if let Some(interval) = leaving.intervals.next() {
                contain(running, || _ = interval.disarm())
            } else {
                return true;
            };
            if let Err(panic) = disarmed {
                observe::contained(self, running, "a timer's drop", &panic);
            }
        }
        false
    }

    /// What the inbox held is at the end of the private queue.
    fn order_mail(&self, running: &Running, leaving: &mut Leaving, steps: &mut Steps) -> bool {
        while steps.next() {
            if running.order_mail(&mut leaving.pile, ORDERED_AT_ONCE) {
                return true;
            }
        }
        false
    }

    /// Every call it was asked and did not answer fails with the reason, unless there is an heir to
    /// answer those that had not come up; signals are kept.
    fn fail_callers(&self, running: &Running, leaving: &mut Leaving, steps: &mut Steps) -> bool {
        // Before the others: it is the answer to the last message that was handled.
        if let Err(panic) = contain(running, || running.give_last()) {
            observe::contained(self, running, "its last answer", &panic);
        }
        if !self.fail_owed(running, leaving, steps) || !self.leave_letters(running, leaving, steps)
        {
            return false;
        }
        loop {
            if !steps.next() {
                return false;
            }
            let Some(mail) = running.pop_mail().or_else(|| running.pop_urgent()) else { break };
            if !mail.takes_room() {
                leaving.signals.push(mail);
                continue;
            }
            let Some(mail) = Legacy::add(&mut leaving.legacy, running, mail) else { continue };
            let name = mail.name();
            // A destructor of a message is the sender's code: contained like all user code.
            if let Err(panic) = contain(running, || drop(mail)) {
                observe::contained(self, running, name, &panic);
            }
        }
        if let Some(legacy) = leaving.legacy.take() {
            legacy.hand_over(&leaving.reason);
        }
        // Replies that were dropped by one of these panics.
        self.fail_owed(running, leaving, steps)
    }

    /// What was handed to a function process and not received is dropped, or its heir's.
    fn leave_letters(&self, running: &Running, leaving: &mut Leaving, steps: &mut Steps) -> bool {
        let Some(letters) = running.letters() else { return true };
        let is_kept = Legacy::is_any(leaving.legacy.as_deref(), running);
        let legacy = &mut leaving.legacy;
        let mut next = || match is_kept {
            false => letters.discard(),
            true => match letters.reclaim() {
                Reclaimed::Message(mail) => {
                    drop(Legacy::add(legacy, running, mail));
                    true
                }
                Reclaimed::Signal => true,
                Reclaimed::Nothing => false,
            },
        };
        while steps.next() {
            match contain(running, &mut next) {
                Ok(true) => {}
                Ok(false) => return true,
                Err(panic) => observe::contained(self, running, "drop of a letter", &panic),
            }
        }
        false
    }

    fn fail_owed(&self, running: &Running, leaving: &mut Leaving, steps: &mut Steps) -> bool {
        if leaving.owed.as_slice().is_empty() {
            let owed = running.extras_if_any(|extras| std::mem::take(&mut extras.owed));
            match owed.filter(|owed| !owed.is_empty()) {
                Some(owed) => leaving.owed = owed.into_iter(),
                None => return steps.next(),
            }
        }
        while steps.next() {
            let Some(reply) = leaving.owed.next() else { return true };
            reply.fail(CallFailure::Exited(leaving.reason.clone()));
        }
        false
    }

    /// Who waited for its mailbox to drain waits no longer.
    fn release_held(&self, running: &Running, leaving: &mut Leaving, steps: &mut Steps) -> bool {
        while leaving.awaited {
            for _ in 0..limits::TOLD_AT_ONCE {
                if !steps.next() {
                    return false;
                }
            }
            leaving.awaited = !self.overflows.tell(&running.pin(), true).all;
        }
        true
    }

    /// The same for one that may be traced.
    fn report_traced(&self, running: &Running, leaving: &mut Leaving) -> bool {
        if !leaving.reported {
            running.tell_end(&leaving.reason);
        }
        self.report(running, leaving)
    }

    fn report(&self, running: &Running, leaving: &mut Leaving) -> bool {
        if !std::mem::replace(&mut leaving.reported, true) {
            observe::exited(self, running, &leaving.reason, leaving.follows);
        }
        true
    }

    /// Signals that had arrived and were not acted on.
    fn hear(&self, running: &Running, leaving: &mut Leaving, steps: &mut Steps) -> bool {
        if !leaving.signals.is_empty() {
            leaving.heard = std::mem::take(&mut leaving.signals).into_iter();
        }
        while steps.next() {
            let Some(mail) = leaving.heard.next() else { return true };
            match mail.as_monitor() {
                // It had arrived before the end: it hears the reason.
                Some(monitor) => running.extras(|extras| extras.links.watched_by(monitor, mail)),
                None => self.answer_late(running, mail, &leaving.reason),
            }
        }
        false
    }

    /// Links and monitors hear of it.
    fn tell(&self, running: &Running, leaving: &Leaving, steps: &mut Steps) -> bool {
        let pid = running.pid();
        running.extras_if_any(|extras| {
            if let (Some(parent), true) = (extras.parent, extras.starter.is_some()) {
                // A start that fails is told by the starter alone: no EXIT goes to the parent.
                extras.links.unlinked_by(parent);
            }
        });
        while steps.next() {
            let next = running.extras_if_any(|extras| extras.links.end(pid, &leaving.reason));
            let Some((to, mail)) = next.flatten() else { return true };
            super::route::signal(self, to, mail);
        }
        false
    }

    /// Its slot is free, and it is dead. Who is to hear of that is known.
    fn die(
        &self,
        running: &Running,
        leaving: &mut Leaving,
        steps: &Steps,
    ) -> Option<Pooled<Extras>> {
        let taken =
            |extras: &mut Extras| (std::mem::take(&mut extras.watches), extras.starter.take());
        let (watches, starter) = running.extras_if_any(taken).unwrap_or_default();
        let told = watches.len();
        (leaving.watches, leaving.starter) = (watches.into_iter(), starter);
        let extras = running.strip(&leaving.reason);
        // It may leave many to be told: it is counted there before it is counted no more here.
        self.leavings.dies();
        // Who asks from its death on is answered at once: then there must be room for another.
        self.free_slot(running.pid());
        let late = self.become_dead(running);
        leaving.late = late.into_iter();
        leaving.tells = leaving.late.len() + told > steps.left as usize;
        if !leaving.tells {
            self.leavings.told();
        }
        extras
    }

    /// Answers who asked while it was taken apart.
    fn become_dead(&self, running: &Running) -> Vec<Mail> {
        running.state().advance(Phase::Dead);
        self.overflows.forget(running.pid());
        self.latecomers.take(running.pid())
    }

    fn free_slot(&self, pid: Pid) {
        let key = Key::new(pid.index(), pid.generation());
        self.table.release(key);
    }

    /// Those who asked while it was taken apart, those who watch it from outside, and who started
    /// it, if it never was ready. As long as there are more of them than one turn can tell, the
    /// cell is kept: it is what the turns are given to.
    fn after_death(
        &self,
        running: Running,
        leaving: &mut Leaving,
        steps: &mut Steps,
    ) -> Option<Running> {
        let pid = running.pid();
        let mut kept = Some(running);
        if !leaving.tells {
            // The cell is free before anybody hears of it.
            kept.take().into_iter().for_each(Running::release);
        }
        for mail in leaving.late.by_ref() {
            super::route::answer_for_the_dead(self, pid, mail, Some(leaving.reason.clone()));
            if kept.is_some() && !steps.next() {
                break;
            }
        }
        for watch in leaving.watches.by_ref() {
            watch.ended(pid, &leaving.reason);
            if kept.is_some() && !steps.next() {
                break;
            }
        }
        if (leaving.late.len() > 0 || leaving.watches.size_hint().0 > 0)
            && let Some(running) = kept.take()
        {
            return Some(running);
        }
        if let Some(running) = kept {
            running.release();
            self.leavings.told();
        }
        if let Some(starter) = leaving.starter.take() {
            starter.tell(Err(match leaving.ignored {
                true => StartFailure::Ignored,
                false => StartFailure::Ended(leaving.reason.clone()),
            }));
        }
        self.one_less();
        None
    }
}
