//! The reductions of a turn: how often its code may pass a check before it gives way.
//!
//! A check that does not yield is a subtraction from a counter of the thread. The counter is filled
//! by the piece, and between two pieces the clock is read: so a loop of short rounds is ended by
//! the number of them, and one of long rounds by the time. Each piece is as large as all before it
//! together, so that a turn of N checks reads the clock log N times, and overruns its time by about
//! as much as it took to learn of it.
//!
//! What is spent stays spent to the end of the turn: whatever futures a handler polls one after
//! the other, all of them give way.

use std::{cell::Cell, time::Instant};

use crate::limits;

/// How many checks are passed before the clock is read first. As with messages: one reading costs
/// about as much as so many checks.
const FIRST: u32 = 16;

/// The piece of a turn that is not limited: no process runs here, or a simulation's.
const ENDLESS: u32 = u32::MAX;

const _: () = assert!(FIRST <= limits::TURN_REDUCTIONS && limits::TURN_REDUCTIONS < ENDLESS);

/// What is left to the turn that runs on this thread.
pub(super) struct Reductions {
    /// Of the present piece.
    left: Cell<u32>,
    /// All pieces so far, or `ENDLESS`.
    granted: Cell<u32>,
    /// When the clock was read first; of this turn if more than `FIRST` are granted.
    since: Cell<Option<Instant>>,
}

impl Reductions {
    pub(super) const fn new() -> Self {
        Self { left: Cell::new(ENDLESS), granted: Cell::new(ENDLESS), since: Cell::new(None) }
    }

    /// A turn begins; gives what to restore when it ends.
    pub(super) fn begin(&self, limited: bool) -> u32 {
        let piece = if limited { FIRST } else { ENDLESS };
        self.left.set(piece);
        self.granted.replace(piece)
    }

    /// A turn has ended, and the one around it goes on: at a piece's end, which is near enough.
    pub(super) fn end(&self, granted: u32) {
        self.left.set(if granted == ENDLESS { ENDLESS } else { 0 });
        self.granted.set(granted);
    }

    /// How many were counted in this turn.
    pub(super) fn spent(&self) -> u32 {
        self.granted.get() - self.left.get()
    }

    /// Counts one; true if the turn is to give way.
    #[inline]
    pub(super) fn spend(&self) -> bool {
        match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                false
            }
            None => self.is_spent(Instant::now),
        }
    }

    /// Between two pieces: grants the next one, with the present reduction taken off, or none.
    #[cold]
    fn is_spent(&self, clock: impl FnOnce() -> Instant) -> bool {
        let granted = self.granted.get();
        if granted == ENDLESS {
            self.left.set(ENDLESS);
            return false;
        }
        if granted >= limits::TURN_REDUCTIONS {
            return true;
        }
        let now = clock();
        // The turn has no beginning but this: a clock for each turn would cost all of them.
        let since = self.since.get().filter(|_| granted > FIRST).unwrap_or(now);
        if now.saturating_duration_since(since) >= limits::TURN_TIME {
            self.granted.set(limits::TURN_REDUCTIONS);
            return true;
        }
        self.since.set(Some(since));
        let piece = granted.min(limits::TURN_REDUCTIONS - granted);
        self.granted.set(granted + piece);
        self.left.set(piece - 1);
        false
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// How many checks are passed when each round takes this long, and how often the clock is read.
    fn rounds(round: Duration) -> (u32, u32) {
        let start = Instant::now();
        let reductions = Reductions::new();
        reductions.begin(true);
        let (mut passed, mut looks) = (0, 0);
        loop {
            let spent = match reductions.left.get().checked_sub(1) {
                Some(left) => {
                    reductions.left.set(left);
                    false
                }
                None => reductions.is_spent(|| {
                    looks += 1;
                    start + round * passed
                }),
            };
            if spent {
                return (passed, looks);
            }
            passed += 1;
        }
    }

    #[test]
    fn short_rounds_are_ended_by_their_number() {
        let (passed, looks) = rounds(Duration::from_nanos(5));
        assert_eq!(passed, limits::TURN_REDUCTIONS);
        assert!(looks <= 8, "the clock was read {looks} times");
    }

    #[test]
    fn long_rounds_are_ended_by_the_clock() {
        for (micros, most) in [(1, 128), (10, 32), (1_000, 32)] {
            let (passed, _) = rounds(Duration::from_micros(micros));
            assert!(passed <= most, "{passed} rounds of {micros} µs");
        }
    }

    #[test]
    fn what_is_spent_stays_spent_until_the_next_turn() {
        let reductions = Reductions::new();
        reductions.begin(true);
        while !reductions.spend() {}
        assert!((0..100).all(|_| reductions.spend()));
        reductions.begin(true);
        assert!(!reductions.spend());
    }

    #[test]
    fn outside_of_a_limited_turn_nothing_is_spent() {
        let reductions = Reductions::new();
        let free = || (0..2 * limits::TURN_REDUCTIONS).all(|_| !reductions.spend());
        assert!(free());
        reductions.left.set(0);
        assert!(free(), "however long it has gone on");
        reductions.begin(false);
        assert!(free());
    }

    #[test]
    fn a_turn_within_another_leaves_that_its_own() {
        let reductions = Reductions::new();
        let nobody = reductions.begin(true);
        let outer = reductions.begin(false);
        assert!(!reductions.spend());
        reductions.end(outer);
        let passed = (0..).take_while(|_| !reductions.spend()).count();
        assert!(passed <= limits::TURN_REDUCTIONS as usize);
        reductions.end(nobody);
        assert!((0..2 * limits::TURN_REDUCTIONS).all(|_| !reductions.spend()));
    }
}
