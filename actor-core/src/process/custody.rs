//! Who acts for a process whose turn does not end: its thread, or whoever kills it.
//!
//! A process is run by one thread, which alone touches what is its own (links, name, timers, the
//! private queue). A kill must not wait for a turn that computes for an hour; so it may be taken
//! from its thread while that is in the process's own code. From then on the thread keeps what it
//! cannot let go of in mid-turn, the state and the handler, and nothing else: whatever its code
//! asks of the runtime is refused, and at the end of the turn it drops both.
//!
//! The protocol is that of a seat (`scheduler/RESCUE.md`), with the roles:
//!
//! - **The thread** sets `inside` while it may touch the process: always but in the process's own
//!   code, and there during entries to the runtime that touch it. After setting it, it passes a
//!   light fence and reads `asked`. If its process is asked for it withdraws that by a
//!   compare-and-swap; if the swap fails the process is taken, and it touches nothing of it.
//! - **The killer** has sent the kill already: if the thread comes back from the process's code it
//!   finds that, and there is nothing to take. It sets `asked` to the cell, passes a heavy fence,
//!   and reads `cell` and `inside`. If the thread is outside, in that very process, it changes
//!   `asked` to taken, and acts for the process from then on.
//!
//! The proof is the same too: either the killer sees the thread inside, or the thread sees that it
//! is asked; and of the two changes of `asked` one succeeds.

use std::num::NonZeroUsize;

use crossbeam_utils::CachePadded;

use crate::sync::{AtomicBool, AtomicUsize, Fences, Ordering, StaticMutex};

/// Those that no thread uses. They live for ever, so that a thread reaches its own by a plain
/// reference, and are lent again: there are as many as threads at a time, at most.
static IDLE: StaticMutex<Vec<&'static Custody>> = StaticMutex::new(Vec::new());

/// A bit of `asked`: the process is taken. Cells are aligned, so their addresses have it free.
const TAKEN: usize = 1;

/// What one thread shows of the process that it runs.
pub(crate) struct Custody(CachePadded<Words>);

struct Words {
    /// The process that the thread runs, or 0.
    cell: AtomicUsize,
    /// The thread may touch it.
    inside: AtomicBool,
    /// The process that somebody wants, or has.
    asked: AtomicUsize,
    /// The thread has no seat: its turn may last.
    away: AtomicBool,
    fences: Fences,
}

/// What became of an attempt to take a process from its thread.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Take {
    /// It is the caller's.
    Taken,
    /// The thread is in the middle of something: try again, if it is still so.
    Busy,
    /// This thread does not run it.
    Elsewhere,
}

/// How a thread stood before, to be restored: its cell, and whether it was inside, in one word. One
/// that runs nothing is inside, so the word is not zero.
#[derive(Clone, Copy)]
pub(crate) struct Before(NonZeroUsize);

impl Custody {
    /// One for a thread that runs nothing, and has no seat.
    pub(crate) fn lend(fences: Fences) -> &'static Self {
        let idle = IDLE.lock().pop_if(|idle| idle.0.fences == fences);
        let lent = idle.unwrap_or_else(|| Box::leak(Box::new(Self::new(fences))));
        lent.set_away(true);
        lent.forget();
        lent
    }

    /// The thread ends, and nobody else has it.
    pub(crate) fn give_back(&'static self) {
        IDLE.lock().push(self);
    }

    fn new(fences: Fences) -> Self {
        Self(CachePadded::new(Words {
            cell: AtomicUsize::new(0),
            inside: AtomicBool::new(true),
            asked: AtomicUsize::new(0),
            away: AtomicBool::new(true),
            fences,
        }))
    }

    /// The thread has lost its seat, or sits down.
    pub(crate) fn set_away(&self, away: bool) {
        // Relaxed: a hint. Who kills meanwhile is remembered, and looked for again.
        self.0.away.store(away, Ordering::Relaxed);
    }

    /// Anybody: whether the thread seems to run that process without a seat.
    pub(crate) fn runs_away(&self, cell: NonZeroUsize) -> bool {
        let Words { cell: running, away, .. } = &*self.0;
        away.load(Ordering::Relaxed) && running.load(Ordering::Relaxed) == cell.get()
    }

    /// Anybody: whether the thread seems to run that process.
    pub(crate) fn runs(&self, cell: NonZeroUsize) -> bool {
        self.0.cell.load(Ordering::Relaxed) == cell.get()
    }

    /// Thread: it begins to act for a process.
    #[inline]
    pub(crate) fn begin(&self, cell: NonZeroUsize) -> Before {
        let Words { cell: running, inside, .. } = &*self.0;
        let was_inside = usize::from(inside.load(Ordering::Relaxed));
        let before = NonZeroUsize::new(running.load(Ordering::Relaxed) | was_inside);
        inside.store(true, Ordering::Relaxed);
        running.store(cell.get(), Ordering::Relaxed);
        Before(before.unwrap_or(NonZeroUsize::MIN))
    }

    /// Thread: it acts for it no more, and stands as before.
    #[inline]
    pub(crate) fn end(&self, Before(before): Before) {
        self.0.cell.store(before.get() & !1, Ordering::Relaxed);
        self.0.inside.store(before.get() & 1 != 0, Ordering::Release);
    }

    /// Thread: the process's own code runs now. Answers how it stood.
    #[inline]
    pub(crate) fn leave(&self) -> bool {
        let inside = self.0.inside.load(Ordering::Relaxed);
        // Release: what was done to the process is seen by who takes it.
        self.0.inside.store(false, Ordering::Release);
        inside
    }

    /// Thread: the process's own code is done; it stands as before. False: the process is
    /// another's.
    #[inline]
    pub(crate) fn come_back(&self, cell: NonZeroUsize, inside: bool) -> bool {
        self.0.inside.store(inside, Ordering::Relaxed);
        self.0.fences.light();
        self.has(cell)
    }

    /// Thread: it is about to do something to a process, its own as a rule. Answers how it stood,
    /// for [`done`](Self::done); `None`: the process is another's.
    #[inline]
    pub(crate) fn act(&self, cell: NonZeroUsize) -> Option<bool> {
        let inside = &self.0.inside;
        let stood = inside.load(Ordering::Relaxed);
        if !stood {
            inside.store(true, Ordering::Relaxed);
            self.0.fences.light();
        }
        let has = self.has(cell);
        if !has {
            self.done(stood);
        }
        has.then_some(stood)
    }

    /// Thread: it is done.
    #[inline]
    pub(crate) fn done(&self, stood: bool) {
        // Release: see `leave`.
        self.0.inside.store(stood, Ordering::Release);
    }

    /// Thread, inside: whether the process is not taken.
    #[inline]
    fn has(&self, cell: NonZeroUsize) -> bool {
        let asked = self.0.asked.load(Ordering::Relaxed);
        asked & !TAKEN != cell.get() || self.keep(cell)
    }

    #[cold]
    fn keep(&self, cell: NonZeroUsize) -> bool {
        let asked = &self.0.asked;
        match asked.compare_exchange(cell.get(), 0, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => true,
            // It is taken, or the killer has withdrawn.
            Err(now) => now != cell.get() | TAKEN,
        }
    }

    /// Thread: nothing is left of a process that was taken.
    pub(crate) fn forget(&self) {
        self.0.asked.store(0, Ordering::Relaxed);
    }

    /// Killer: takes a process, of which `may` says whether it can be taken, from the thread.
    pub(crate) fn take(
        &self,
        cell: NonZeroUsize,
        heavy_fence: impl FnOnce(),
        may: impl FnOnce() -> bool,
    ) -> Take {
        let Words { cell: running, inside, asked, .. } = &*self.0;
        let change = |from: usize, to: usize| {
            asked.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        };
        if !self.runs_away(cell) {
            return Take::Elsewhere;
        }
        if !change(0, cell.get()) {
            return Take::Busy;
        }
        heavy_fence();
        // Acquire: all that the thread did to the process comes before what the killer does.
        let outside = !inside.load(Ordering::Acquire);
        let there = running.load(Ordering::Relaxed) == cell.get();
        if outside && there && may() && change(cell.get(), cell.get() | TAKEN) {
            return Take::Taken;
        }
        // A failure: the thread has withdrawn it already.
        let _ = change(cell.get(), 0);
        if there { Take::Busy } else { Take::Elsewhere }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn cell(number: usize) -> NonZeroUsize {
        NonZeroUsize::new(number * 64).expect("not zero")
    }

    fn acts(custody: &Custody, number: usize) -> bool {
        let stood = custody.act(cell(number));
        stood.inspect(|stood| custody.done(*stood)).is_some()
    }

    #[test]
    fn a_process_is_taken_in_its_own_code_and_its_entries_are_refused_then() {
        let custody = Custody::new(Fences::Equal);
        let before = custody.begin(cell(1));
        let inside = custody.leave();
        assert!(acts(&custody, 1));
        assert_eq!(custody.take(cell(1), || {}, || true), Take::Taken);
        assert!(!acts(&custody, 1));
        assert!(acts(&custody, 2), "another's");
        assert!(!custody.come_back(cell(1), inside));
        assert!(!acts(&custody, 1));
        custody.end(before);
        custody.forget();
        let _ = custody.begin(cell(1));
        assert!(acts(&custody, 1), "a new one in the same cell");
    }

    #[test]
    fn no_process_is_taken_but_in_its_own_code_on_a_thread_without_a_seat() {
        let custody = Custody::new(Fences::Equal);
        let take = |custody: &Custody| custody.take(cell(1), || {}, || true);
        assert_eq!(take(&custody), Take::Elsewhere);
        let before = custody.begin(cell(1));
        assert_eq!(take(&custody), Take::Busy);
        let inside = custody.leave();
        custody.set_away(false);
        assert_eq!(take(&custody), Take::Elsewhere);
        custody.set_away(true);
        assert_eq!(custody.take(cell(1), || {}, || false), Take::Busy);
        assert_eq!(custody.take(cell(2), || {}, || true), Take::Elsewhere);
        assert!(custody.come_back(cell(1), inside));
        custody.end(before);
        assert_eq!(take(&custody), Take::Elsewhere);
    }

    #[test]
    fn a_thread_that_comes_back_while_it_is_asked_keeps_its_process() {
        let custody = Custody::new(Fences::Equal);
        let _ = custody.begin(cell(1));
        let inside = custody.leave();
        let back = || assert!(custody.come_back(cell(1), inside));
        assert_eq!(custody.take(cell(1), back, || true), Take::Busy);
    }
}

/// The models: **what belongs to a process is touched by one party at a time, who sees all that the
/// other did before.**
#[cfg(all(test, loom))]
mod model_tests {
    use super::*;
    use crate::sync::{Arc, explore, fence, thread};

    /// What belongs to the process: how often it was touched. Not counted atomically, so that a
    /// touch is lost if two touch at a time, or one does not see what the other did.
    struct World {
        custody: Custody,
        touched: AtomicUsize,
    }

    impl World {
        fn touch(&self) -> usize {
            self.touched.store(self.touched.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            1
        }
    }

    fn killed_among(entries: usize) {
        explore(3, move || {
            let cell = NonZeroUsize::new(64).expect("not zero");
            let world = Arc::new(World {
                custody: Custody::new(Fences::Unequal),
                touched: AtomicUsize::new(0),
            });
            let before = world.custody.begin(cell);
            let other = world.clone();
            let killer = thread::spawn(move || {
                let fence = || fence(Ordering::SeqCst);
                match other.custody.take(cell, fence, || true) {
                    Take::Taken => other.touch(),
                    Take::Busy | Take::Elsewhere => 0,
                }
            });
            let mut touches = world.touch();
            let inside = world.custody.leave();
            for _ in 0..entries {
                if let Some(stood) = world.custody.act(cell) {
                    touches += world.touch();
                    world.custody.done(stood);
                }
            }
            let kept = world.custody.come_back(cell, inside);
            if kept {
                touches += world.touch();
            }
            world.custody.end(before);
            let taken = killer.join().expect("no panic");
            assert_eq!(taken == 1, !kept, "one of the two has it");
            assert_eq!(world.touched.load(Ordering::Relaxed), touches + taken);
        });
    }

    #[test]
    fn a_process_that_is_killed_in_its_own_code_is_one_partys() {
        killed_among(0);
    }

    #[test]
    fn a_process_that_is_killed_during_entries_is_one_partys() {
        killed_among(2);
    }

    /// A size that `loom` cannot reach.
    #[cfg(shuttle)]
    #[test]
    fn a_process_that_is_killed_during_many_entries_is_one_partys() {
        killed_among(9);
    }
}
