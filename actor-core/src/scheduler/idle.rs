//! Who sleeps, who searches, and whom to wake for new work.
//!
//! `README.md` beside this file states the protocol and proves it; the fence names F1 to F3 are its
//! own. Nothing here blocks: a method tells the caller what to do next, and the caller parks, looks
//! at the queues or unparks.
//!
//! No access relies on `SeqCst` by itself. Read-modify-writes are acquire and release so that what
//! a worker did before it changed a word is seen by the next to change it; store-before-load is
//! left to the three fences.

use crossbeam_utils::CachePadded;

use crate::sync::{AtomicU64, AtomicUsize, Ordering, fence};

/// Bits in one word of the sleepers' map.
const BITS: usize = u64::BITS as usize;

/// The sleepers and the searchers of one scheduler.
pub(super) struct Idle {
    /// Workers that search, or were woken to do so.
    searching: CachePadded<AtomicUsize>,
    /// One bit a worker: it sleeps or is about to. Whoever clears it owns the wake.
    parked: Box<[AtomicU64]>,
    /// How many workers there are; fixed.
    workers: usize,
}

/// How a worker that no longer wants to sleep stands.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cancelled {
    /// It took back its own announcement: awake, and not counted as searching.
    InTime,
    /// Someone had woken it already: it is counted as searching and must search.
    Woken,
}

impl Idle {
    /// All `workers` awake, none searching.
    pub(super) fn new(workers: usize) -> Self {
        let parked = (0..workers.div_ceil(BITS)).map(|_| AtomicU64::new(0)).collect();
        Self { searching: CachePadded::new(AtomicUsize::new(0)), parked, workers }
    }

    /// Announces that a worker starts to search. Refused while half of the workers do.
    pub(super) fn try_search(&self) -> bool {
        // Relaxed: a throttle. Two that read the same number both pass, and that is harmless.
        if self.searching.load(Ordering::Relaxed) * 2 >= self.workers {
            return false;
        }
        self.searching.fetch_add(1, Ordering::AcqRel);
        true
    }

    /// A searcher has found a task. True: it was the last, so it must look at every queue, and
    /// `notify` if one holds a task.
    #[must_use]
    pub(super) fn end_search(&self) -> bool {
        let last = self.searching.fetch_sub(1, Ordering::AcqRel) == 1;
        if last {
            // F3: after it the caller sees each task whose pusher relied on us.
            fence(Ordering::SeqCst);
        }
        last
    }

    /// Announces that `worker` goes to sleep. True: nobody searches, so it must look at every queue
    /// before it blocks, and `search_on` if one holds a task.
    #[must_use]
    pub(super) fn park(&self, worker: usize, searching: bool) -> bool {
        // Before the count below, so that one who acquires that count sees the bit.
        self.parked[worker / BITS].fetch_or(bit(worker), Ordering::AcqRel);
        let leaving = usize::from(searching);
        // A read-modify-write also when it changes nothing: it must have a place among the others'
        // changes.
        let last = self.searching.fetch_sub(leaving, Ordering::AcqRel) == leaving;
        // F2: either the pusher sees our bit, or we see its task.
        fence(Ordering::SeqCst);
        last
    }

    /// Whether `worker` still sleeps as far as others know. False: it was woken and is counted as
    /// searching.
    pub(super) fn is_parked(&self, worker: usize) -> bool {
        // Acquire pairs with the waker's release in `claim`.
        self.parked[worker / BITS].load(Ordering::Acquire) & bit(worker) != 0
    }

    /// Takes back the announcement of `park`.
    pub(super) fn cancel(&self, worker: usize) -> Cancelled {
        let before = self.parked[worker / BITS].fetch_and(!bit(worker), Ordering::AcqRel);
        if before & bit(worker) != 0 { Cancelled::InTime } else { Cancelled::Woken }
    }

    /// The look that `park` asked for found a task: the worker does not sleep and is counted as
    /// searching, whatever the throttle says. Pushers have left more than one task to it, so it
    /// owes them what a searcher owes.
    pub(super) fn search_on(&self, worker: usize) {
        match self.cancel(worker) {
            Cancelled::InTime => _ = self.searching.fetch_add(1, Ordering::AcqRel),
            Cancelled::Woken => {}
        }
    }

    /// A task was put into a queue: the worker to unpark, if one must be. It is counted as
    /// searching from now on. `spare` is taken only if nobody else sleeps.
    #[must_use]
    pub(super) fn notify(&self, spare: Option<usize>) -> Option<usize> {
        // F1: either we see the sleeper's bit, or it sees our task.
        fence(Ordering::SeqCst);
        loop {
            // Relaxed: F1 orders these reads, and in later rounds our own change of `searching`
            // below.
            if self.searching.load(Ordering::Relaxed) != 0 || !self.any_parked() {
                return None;
            }
            let claimed =
                self.searching.compare_exchange(0, 1, Ordering::AcqRel, Ordering::Relaxed);
            if claimed.is_err() {
                return None;
            }
            if let Some(worker) = self.claim(spare) {
                return Some(worker);
            }
            // Acquire: a sleeper that left the work to our count has set its bit before; look
            // again.
            self.searching.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// How many workers sleep, at a glance.
    pub(super) fn parked(&self) -> usize {
        self.parked.iter().map(|word| word.load(Ordering::Relaxed).count_ones() as usize).sum()
    }

    fn any_parked(&self) -> bool {
        self.parked.iter().any(|word| word.load(Ordering::Relaxed) != 0)
    }

    /// Clears one bit and says whose, the bit of `spare` last.
    fn claim(&self, spare: Option<usize>) -> Option<usize> {
        let spared = |index: usize| match spare {
            Some(worker) if worker / BITS == index => bit(worker),
            _ => 0,
        };
        let first = (0..self.parked.len()).find_map(|i| self.claim_in(i, !spared(i)));
        first.or_else(|| spare.and_then(|worker| self.claim_in(worker / BITS, bit(worker))))
    }

    /// Clears the lowest bit of one word that `mask` allows.
    fn claim_in(&self, index: usize, mask: u64) -> Option<usize> {
        let word = &self.parked[index];
        let mut bits = word.load(Ordering::Relaxed) & mask;
        while bits != 0 {
            let lowest = bits & bits.wrapping_neg();
            // Release: what the waker did before is seen by the sleeper in `is_parked` or `cancel`.
            let before = word.fetch_and(!lowest, Ordering::AcqRel);
            if before & lowest != 0 {
                return Some(index * BITS + lowest.trailing_zeros() as usize);
            }
            bits = before & mask;
        }
        None
    }
}

const fn bit(worker: usize) -> u64 {
    1 << (worker % BITS)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_push_wakes_one_sleeper_and_none_while_that_one_searches() {
        let idle = Idle::new(3);
        assert!(idle.park(0, false) && idle.park(2, false));
        assert_eq!(idle.notify(None), Some(0));
        assert_eq!(idle.notify(None), None);
        assert!(idle.end_search());
        assert_eq!(idle.notify(None), Some(2));
    }

    #[test]
    fn a_push_wakes_nobody_when_nobody_sleeps() {
        assert_eq!(Idle::new(2).notify(None), None);
    }

    #[test]
    fn the_spared_sleeper_is_woken_last() {
        let idle = Idle::new(130);
        assert!(idle.park(0, false) && idle.park(129, false));
        assert_eq!(idle.notify(Some(0)), Some(129));
        assert!(idle.end_search());
        assert_eq!(idle.notify(Some(0)), Some(0));
    }

    #[test]
    fn a_sleeper_learns_that_it_was_woken_before_it_changed_its_mind() {
        let idle = Idle::new(1);
        assert!(idle.park(0, false));
        assert_eq!(idle.cancel(0), Cancelled::InTime);
        assert!(idle.park(0, false));
        assert_eq!(idle.notify(None), Some(0));
        assert_eq!(idle.cancel(0), Cancelled::Woken);
    }

    #[test]
    fn a_sleeper_that_sees_a_task_searches_on() {
        let idle = Idle::new(1);
        assert!(idle.park(0, false));
        idle.search_on(0);
        assert!(!idle.is_parked(0));
        assert!(idle.end_search());
    }

    #[test]
    fn half_of_the_workers_may_search() {
        let idle = Idle::new(4);
        assert!(idle.try_search() && idle.try_search());
        assert!(!idle.try_search());
        assert!(!idle.park(0, true), "another still searches");
        assert!(idle.try_search());
    }
}
