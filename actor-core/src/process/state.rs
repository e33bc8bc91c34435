//! The state word: what everybody may know of a process at one glance.
//!
//! Only the thread that runs the process writes it (or who has taken the process from that thread,
//! `custody`), so a transition is a plain store with `Release`; others read it with `Acquire` and
//! see a moment that was true. Nothing is decided by two writers here: who runs a process is decided in the inbox's
//! word alone, and whether mail is still taken by the inbox's CLOSED tag.
//!
//! The words's parts: bits 0–2 the phase, 3 trap_exit, 4–5 the priority, 6 that it has told itself
//! to stop, 32–63 the mailbox's bound.

use crate::{
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
const MAILBOX_SHIFT: u32 = 32;

/// See the module.
#[derive(Debug)]
pub(crate) struct StateWord(AtomicU64);

impl StateWord {
    #[cfg(test)]
    fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// A new process in this cell.
    pub(crate) fn begin(&self, trap_exit: bool, priority: Priority, mailbox: u32) {
        debug_assert_eq!(self.phase(), Phase::Dead, "a live cell was given away");
        let word = Phase::Starting as u64
            | if trap_exit { TRAP_EXIT } else { 0 }
            | (priority as u64) << PRIORITY_SHIFT
            | u64::from(mailbox) << MAILBOX_SHIFT;
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

    /// Whether it has, and takes that back; owner only.
    pub(crate) fn take_stopping(&self) -> bool {
        let word = self.0.load(Ordering::Relaxed);
        let stopping = word & STOPPING != 0;
        if stopping {
            self.0.store(word & !STOPPING, Ordering::Relaxed);
        }
        stopping
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

    /// How many messages it lets wait.
    pub(crate) fn mailbox(&self) -> u32 {
        (self.load() >> MAILBOX_SHIFT) as u32
    }
}

/// The models: who sees a phase sees what was done before it.
#[cfg(all(test, loom))]
#[allow(unsafe_code, reason = "a shared cell stands for the extras")]
mod model_tests {
    use super::*;
    use crate::sync::{Arc, UnsafeCell, thread};

    struct Cell {
        word: StateWord,
        /// Stands for the exit reason in the extras: frozen once the word says `Dead`.
        reason: UnsafeCell<u32>,
    }

    /// Whoever sees `Dead` reads the exit reason that was written before, and nobody writes it any
    /// more; whoever sees an earlier phase keeps away from it.
    #[test]
    fn who_sees_the_dead_sees_why() {
        loom::model(|| {
            let cell = Arc::new(Cell { word: StateWord::new(), reason: UnsafeCell::new(0) });
            cell.word.begin(false, Priority::Normal, 1);
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
        word.begin(true, Priority::High, 77);
        for phase in [Phase::Starting, Phase::Running, Phase::Terminating, Phase::Exiting] {
            if phase != Phase::Starting {
                word.advance(phase);
            }
            assert_eq!(word.phase(), phase);
            assert!(word.traps_exit());
            assert_eq!((word.priority(), word.mailbox()), (Priority::High, 77));
        }
        word.set_trap_exit(false);
        assert!(!word.traps_exit());
        word.advance(Phase::Dead);
        assert_eq!(word.phase(), Phase::Dead);
    }
}
