//! How much of a process that ends is taken apart in one turn.

use std::time::Instant;

use crate::limits;

/// How much may be done in this turn.
pub(crate) struct Steps {
    pub(super) left: u32,
    timed: bool,
    since: Option<Instant>,
}

impl Steps {
    /// Of one turn; `timed`: by the clock too.
    pub(super) fn of_turn(timed: bool) -> Self {
        Self { left: limits::TURN_EXITS, timed, since: None }
    }

    /// As many as there are.
    pub(super) fn all() -> Self {
        Self { left: u32::MAX, timed: false, since: None }
    }

    /// Whether another step may be taken.
    pub(crate) fn next(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        if self.timed && self.left.is_multiple_of(16) {
            let since = *self.since.get_or_insert_with(Instant::now);
            if since.elapsed() >= limits::TURN_TIME {
                self.left = 0;
            }
        }
        true
    }
}
