//! What a turn does more if it is traced. In one that is not, all of this is nothing at compile
//! time.

use super::{End, Progress, Turn};
use crate::trace::{Trace, TraceKind};

impl<const TRACED: bool> Turn<TRACED> {
    /// Goes idle, if it can. It tells so before: afterwards another turn may have begun.
    pub(super) fn try_idle(&self) -> bool {
        self.tell_turn(TraceKind::Out);
        let is_idle = self.running.try_idle();
        if !is_idle {
            self.tell_turn(TraceKind::In);
        }
        is_idle
    }

    pub(super) fn tell_turn(&self, what: TraceKind) {
        if TRACED {
            self.running.tell(Trace::RUNNING, || what.clone());
        }
    }

    /// It is traced from here on: by a turn of its own.
    #[cold]
    pub(super) fn begin_again(&self, woken: bool) -> Progress {
        if woken {
            // It runs, so nobody else is to schedule it.
            let _ = self.running.pin().wake();
        }
        Progress::End(End::Again)
    }
}
