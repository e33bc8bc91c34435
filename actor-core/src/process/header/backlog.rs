//! The count of a mailbox whose messages wait elsewhere, as a function process's do.

use super::Running;
use crate::sync::Ordering;

impl Running {
    /// A message that a function process kept was received, or dropped.
    pub(crate) fn count_out(&self) {
        let backlog = &self.0.get().backlog;
        let left = backlog.load(Ordering::Relaxed).saturating_sub(1);
        backlog.store(left, Ordering::Relaxed);
    }

    /// Whether more messages wait than the mailbox holds, with the one that is about to be kept.
    pub(in crate::process) fn keeps_too_many(&self) -> bool {
        self.0.get().backlog.load(Ordering::Relaxed) > self.state().mailbox()
    }

    /// The private queue of a function process is empty, and it keeps so many messages: that makes
    /// up for additions that were lost.
    pub(in crate::process) fn recount(&self, kept: usize) {
        if self.inbox().count() == 0 {
            let kept = u32::try_from(kept).unwrap_or(u32::MAX);
            self.0.get().backlog.store(kept, Ordering::Relaxed);
        }
    }
}
