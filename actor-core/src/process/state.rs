//! The state word: what everybody may know of a process at one glance.
//!
//! Only the thread that runs the process writes it (or who has taken the process from that thread,
//! `custody`), so a transition is a plain store with `Release`; others read it with `Acquire` and
//! see a moment that was true. Nothing is decided by two writers here: who runs a process is
//! decided in the inbox's word alone, and whether mail is still taken by the inbox's CLOSED tag.
//!
//! The words's parts: bits 0–2 the phase, 3 trap_exit, 4–5 the priority, 6 that it has told itself
//! to stop, 7–8 what a full mailbox does, 9 whether the process may be held, 10 whether it is
//! traced, 12–43 the mailbox's high mark, 44–63 how many handlers it has run. That count is at the
//! top so that it overflows out of the word, and one addition is all it costs; who adds keeps what
//! overflows elsewhere.

use crate::{
    overflow::Overflow,
    priority::Priority,
    sync::{AtomicU64, Ordering},
};

/// Where a process is in its life. The order is the order of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Phase {
    /// The cell is free, or its process has ended and only refs are left.
    Dead = 0,
    /// Its state is being made, or its `init` runs.
    Starting = 1,
    /// It handles messages.
    Running = 2,
    /// Its `terminate` runs.
    Terminating = 3,
    /// Its inbox is closed; it is being taken apart.
    Exiting = 4,
}

const TRAP_EXIT: u64 = 1 << 3;
const PRIORITY_SHIFT: u32 = 4;
const STOPPING: u64 = 1 << 6;
const OVERFLOW_SHIFT: u32 = 7;
const HOLDABLE: u64 = 1 << 9;
const TRACED: u64 = 1 << 10;
const MAILBOX_SHIFT: u32 = 12;
const HANDLED_SHIFT: u32 = MAILBOX_SHIFT + u32::BITS;

/// How many handlers the word counts before it begins anew.
pub(crate) const MOST_HANDLED: u64 = 1 << (u64::BITS - HANDLED_SHIFT);

/// What a process is born with, of what everybody may know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Birthmarks {
    pub(crate) trap_exit: bool,
    pub(crate) priority: Priority,
    /// The mailbox's high mark.
    pub(crate) mailbox: u32,
    pub(crate) overflow: Overflow,
    /// Whether it may be held when it overfills another's mailbox.
    pub(crate) holdable: bool,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct StateWord(AtomicU64);

impl StateWord {
    #[cfg(test)]
    fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// A new process in this cell.
    pub(crate) fn begin(&self, marks: Birthmarks) {
        debug_assert_eq!(self.phase(), Phase::Dead, "a live cell was given away");
        let word = Phase::Starting as u64
            | if marks.trap_exit { TRAP_EXIT } else { 0 }
            | (marks.priority as u64) << PRIORITY_SHIFT
            | (marks.overflow as u64) << OVERFLOW_SHIFT
            | if marks.holdable { HOLDABLE } else { 0 }
            | u64::from(marks.mailbox) << MAILBOX_SHIFT;
        self.0.store(word, Ordering::Release);
    }

    /// As in a free cell; owner of the last pin only.
    pub(crate) fn clear(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    fn load(&self) -> u64 {
        // Acquire: who sees a phase sees what was done before it (an exit reason, say).
        self.0.load(Ordering::Acquire)
    }

    /// Where the process is.
    pub(crate) fn phase(&self) -> Phase {
        match self.load() & 7 {
            1 => Phase::Starting,
            2 => Phase::Running,
            3 => Phase::Terminating,
            4 => Phase::Exiting,
            _ => Phase::Dead,
        }
    }

    /// Whether it is being taken apart, or dead.
    pub(crate) fn is_over(&self) -> bool {
        !(Phase::Starting as u64..=Phase::Terminating as u64).contains(&(self.load() & 7))
    }

    /// Whether its turns are as most: it is not being taken apart, and not traced.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        (Phase::Starting as u64..=Phase::Terminating as u64).contains(&(self.load() & (7 | TRACED)))
    }

    /// Whether it handles messages, and is not traced.
    #[inline]
    pub(crate) fn is_plainly_running(&self) -> bool {
        self.load() & (7 | TRACED) == Phase::Running as u64
    }

    /// Whether somebody traces it.
    pub(crate) fn is_traced(&self) -> bool {
        self.load() & TRACED != 0
    }

    /// Sets that; owner only.
    pub(crate) fn set_traced(&self, on: bool) {
        let word = self.0.load(Ordering::Relaxed);
        self.0.store(if on { word | TRACED } else { word & !TRACED }, Ordering::Release);
    }

    /// The next phase; owner only.
    pub(crate) fn advance(&self, to: Phase) {
        debug_assert!(to == Phase::Dead || self.phase() < to, "a process does not grow younger");
        // Release: see `load`. No other thread writes the word, so a plain store loses nothing.
        self.0.store(self.0.load(Ordering::Relaxed) & !7 | to as u64, Ordering::Release);
    }

    /// Whether exits become messages.
    pub(crate) fn traps_exit(&self) -> bool {
        self.load() & TRAP_EXIT != 0
    }

    /// Sets trap_exit; owner only.
    pub(crate) fn set_trap_exit(&self, on: bool) {
        let word = self.0.load(Ordering::Relaxed);
        self.0.store(if on { word | TRAP_EXIT } else { word & !TRAP_EXIT }, Ordering::Release);
    }

    /// The process has told itself to stop, when the handler that runs is done; owner only.
    pub(crate) fn set_stopping(&self) {
        // Relaxed: nobody else looks at this bit.
        self.0.store(self.0.load(Ordering::Relaxed) | STOPPING, Ordering::Relaxed);
    }

    /// Whether it has; owner only.
    pub(crate) fn is_stopping(&self) -> bool {
        self.0.load(Ordering::Relaxed) & STOPPING != 0
    }

    /// Whether it has, and takes that back; owner only.
    pub(crate) fn take_stopping(&self) -> bool {
        let word = self.0.load(Ordering::Relaxed);
        let stopping = word & STOPPING != 0;
        if stopping {
            self.0.store(word & !STOPPING, Ordering::Relaxed);
        }
        stopping
    }

    /// It has run one more handler; owner only. True: it has told itself to stop, or the count
    /// begins anew (it is zero), and [`MOST_HANDLED`] are to be remembered elsewhere.
    #[inline]
    #[must_use]
    pub(crate) fn count_handled(&self) -> bool {
        let (word, overflows) = self.0.load(Ordering::Relaxed).overflowing_add(1 << HANDLED_SHIFT);
        // Relaxed: nobody relies on the count; the phase that others act upon, `Dead`, comes later.
        self.0.store(word, Ordering::Relaxed);
        overflows || word & STOPPING != 0
    }

    /// How many handlers it has run since the count began.
    pub(crate) fn handled(&self) -> u64 {
        self.load() >> HANDLED_SHIFT
    }

    /// The scheduling priority.
    pub(crate) fn priority(&self) -> Priority {
        match self.load() >> PRIORITY_SHIFT & 3 {
            0 => Priority::Low,
            1 => Priority::Normal,
            2 => Priority::High,
            _ => Priority::Max,
        }
    }

    /// How many messages it lets wait: its high mark.
    pub(crate) fn mailbox(&self) -> u32 {
        (self.load() >> MAILBOX_SHIFT) as u32
    }

    /// What happens above its high mark.
    pub(crate) fn overflow(&self) -> Overflow {
        match self.load() >> OVERFLOW_SHIFT & 3 {
            0 => Overflow::Hold,
            1 => Overflow::Reject,
            2 => Overflow::DropNewest,
            _ => Overflow::DropOldest,
        }
    }

    /// Whether it may be held.
    pub(crate) fn is_holdable(&self) -> bool {
        self.load() & HOLDABLE != 0
    }
}

/// The models: who sees a phase sees what was done before it.
#[cfg(all(test, loom))]
#[allow(unsafe_code, reason = "a shared cell stands for the extras")]
mod model_tests {
    use super::*;
    use crate::sync::{Arc, UnsafeCell, explore_all, thread};

    struct Cell {
        word: StateWord,
        /// Stands for the exit reason in the extras: frozen once the word says `Dead`.
        reason: UnsafeCell<u32>,
    }

    /// Whoever sees `Dead` reads the exit reason that was written before, and nobody writes it any
    /// more; whoever sees an earlier phase keeps away from it.
    #[test]
    fn who_sees_the_dead_sees_why() {
        explore_all(|| {
            let cell = Arc::new(Cell { word: StateWord::new(), reason: UnsafeCell::new(0) });
            cell.word.begin(Birthmarks {
                trap_exit: false,
                priority: Priority::Normal,
                mailbox: 1,
                overflow: Overflow::Hold,
                holdable: true,
            });
            let dying = Arc::clone(&cell);
            let owner = thread::spawn(move || {
                dying.word.advance(Phase::Running);
                dying.word.set_trap_exit(true);
                // SAFETY: the owner writes before it says `Dead`, and not afterwards.
                dying.reason.with_mut(|reason| unsafe { *reason = 7 });
                dying.word.advance(Phase::Dead);
            });
            if cell.word.phase() == Phase::Dead {
                // SAFETY: dead, seen with Acquire: frozen.
                assert_eq!(cell.reason.with(|reason| unsafe { *reason }), 7);
                assert!(cell.word.traps_exit());
            }
            assert_eq!(cell.word.mailbox(), 1, "no transition spoils another part");
            owner.join().expect("the owner ends");
        });
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_state_word_keeps_its_parts_through_a_life() {
        let word = StateWord::new();
        word.begin(Birthmarks {
            trap_exit: true,
            priority: Priority::High,
            mailbox: 77,
            overflow: Overflow::DropOldest,
            holdable: false,
        });
        for phase in [Phase::Starting, Phase::Running, Phase::Terminating, Phase::Exiting] {
            if phase != Phase::Starting {
                word.advance(phase);
            }
            assert_eq!(word.phase(), phase);
            assert_eq!(word.is_over(), phase == Phase::Exiting);
            assert_eq!(word.is_plain(), phase != Phase::Exiting);
            word.set_traced(true);
            assert!(word.is_traced() && !word.is_plain() && !word.is_plainly_running());
            word.set_traced(false);
            assert_eq!(word.is_plainly_running(), phase == Phase::Running);
            assert!(word.traps_exit());
            assert_eq!((word.priority(), word.mailbox()), (Priority::High, 77));
            assert_eq!((word.overflow(), word.is_holdable()), (Overflow::DropOldest, false));
        }
        word.set_trap_exit(false);
        assert!(!word.traps_exit());
        let overflows = (0..=MOST_HANDLED).filter(|_| word.count_handled()).count();
        assert_eq!((overflows, word.handled()), (1, 1));
        assert_eq!((word.mailbox(), word.phase()), (77, Phase::Exiting), "no part is spoilt");
        word.advance(Phase::Dead);
        assert!(word.phase() == Phase::Dead && word.is_over());
    }
}
