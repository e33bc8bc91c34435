//! The usual round of a turn: a process that is ready, has no extras, and has handled all that it
//! took gets one message.
//!
//! What is here is written to be compiled into one piece: in a round that takes some fifty
//! nanoseconds, the calls of its steps and what they hand about by memory are a good part.

use std::mem;

use super::{End, Turn, keep_or_act};
use crate::{
    exit::ExitReason,
    process::{cell::Step, contain::contain, header::Arrived, node::Mail},
};

impl<const TRACED: bool> Turn<TRACED> {
    /// Whether it is ready, nothing of it is pending, and it has handled all that it took: the
    /// usual case.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        self.running.state().is_plainly_running() && self.running.has_nothing_in_turn()
    }

    /// One round of such a process: what came first is handled without a detour by the queue. All
    /// of it in one piece, because its calls and what they hand about cost as much as it does.
    #[inline(always)]
    pub(super) fn plain(&mut self) -> Option<End> {
        if self.running.try_idle() {
            return Some(End::Idle);
        }
        if self.left == 0 {
            return Some(End::Again);
        }
        let (running, follows) = (&self.running, &mut self.follows);
        let mut is_fatal = false;
        let (first, Arrived { awaited, .. }) = running.take_first(|mail| {
            is_fatal |= keep_or_act::<false>(running, follows, is_fatal, mail);
        });
        if awaited {
            self.tell_drained();
        }
        if is_fatal {
            return Some(self.follow_before(first));
        }
        let mail = first?;
        // The first of a turn, alone, of a process without extras: nothing of what `receive` looks
        // at can be the case.
        if self.left == self.budget.messages && mail.is_simple() && self.running.is_alone() {
            return self.give(mail);
        }
        self.receive(mail)
    }

    /// Hands a message to the process.
    #[inline(always)]
    pub(super) fn give(&mut self, mail: Mail) -> Option<End> {
        let running = &self.running;
        if TRACED {
            running.tell_begun(&mail);
        }
        // Beside the answer: to wrap it would be to move it.
        let mut step = Step::Continue;
        match contain(running, || running.receive(mail, &mut step)) {
            Ok(()) if matches!(step, Step::Continue) => {
                // There is nothing in it to drop, which the compiler does not see.
                mem::forget(step);
                self.left -= 1;
                self.done()
            }
            Ok(()) => self.step(step),
            Err(reason) => Some(self.fail(reason, step)),
        }
    }

    /// It has panicked, or was killed in mid-turn and has come back with this.
    #[cold]
    pub(super) fn fail(&mut self, reason: ExitReason, step: Step) -> End {
        // That it is too late was said by the first.
        drop(contain(&self.running, || drop(step)));
        self.end(reason, true)
    }

    /// An exit signal ends it, before it has handled this.
    #[cold]
    fn follow_before(&mut self, mail: Option<Mail>) -> End {
        mail.into_iter().for_each(|mail| self.running.push_mail_front(mail));
        self.follow()
    }
}
