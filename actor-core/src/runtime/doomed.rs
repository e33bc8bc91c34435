//! The list of those to be ended by another than their thread, whose words are queued.
//!
//! A word more is queued for each of them, beside the one that its turn may queue as it ends. Who
//! comes first with one of the two finds the process on the list and takes it off; whoever has the
//! other one may then run it. **It has seen all that the process's last turn did**: by its own word
//! if that is the turn's, and if not by the list, since it finds the process no longer there only
//! after the other has taken it off, who had the turn's word. That look is mostly at the length
//! alone, outside of the lock; so the length is written with `Release` and read with `Acquire`.

use crate::sync::{AtomicUsize, Mutex, Ordering};

/// See the module.
#[derive(Debug)]
pub(super) struct Doomed<T> {
    list: Mutex<Vec<T>>,
    length: AtomicUsize,
}

impl<T> Doomed<T> {
    pub(super) fn new() -> Self {
        Self { list: Mutex::new(Vec::new()), length: AtomicUsize::new(0) }
    }

    /// Whether there are none. Who has a word by which one was put there sees that it was.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.length.load(Ordering::Acquire) == 0
    }

    /// Puts one there, before its word is queued. False: an equal one is there.
    pub(super) fn put(&self, one: T, is_same: impl Fn(&T, &T) -> bool) -> bool {
        let mut list = self.list.lock();
        let is_new = !list.iter().any(|other| is_same(other, &one));
        if is_new {
            list.push(one);
            self.length.store(list.len(), Ordering::Release);
        }
        is_new
    }

    /// Takes off the one that is meant.
    pub(super) fn take(&self, is_it: impl Fn(&T) -> bool) -> Option<T> {
        let mut list = self.list.lock();
        let at = list.iter().position(is_it)?;
        let one = list.swap_remove(at);
        self.length.store(list.len(), Ordering::Release);
        Some(one)
    }
}

/// The model of the claim above.
#[cfg(all(test, loom))]
mod model_tests {
    use super::*;
    use crate::sync::{Arc, AtomicBool, explore_all, thread};

    struct Process {
        doomed: Doomed<u32>,
        /// What its last turn did.
        done: AtomicBool,
        /// The word that its last turn queued as it ended.
        by_turn: AtomicBool,
    }

    impl Process {
        fn new() -> Arc<Self> {
            let (done, by_turn) = (AtomicBool::new(false), AtomicBool::new(false));
            Arc::new(Self { doomed: Doomed::new(), done, by_turn })
        }

        /// What a worker does with a word of it: nothing, if it takes it off the list; else it runs
        /// it.
        fn run(&self) -> bool {
            let is_ended = !self.doomed.is_empty() && self.doomed.take(|_| true).is_some();
            if !is_ended {
                // Relaxed, as plain memory is: seen if the turn comes before, by what is claimed.
                assert!(self.done.load(Ordering::Relaxed), "its last turn is not seen");
            }
            !is_ended
        }
    }

    /// The killer's word is at hand, the turn's comes to another worker: at most one of the two
    /// runs the process, and after its last turn.
    #[test]
    fn who_runs_one_that_was_to_be_ended_has_seen_its_last_turn() {
        explore_all(|| {
            let process = Process::new();
            assert!(process.doomed.put(1, u32::eq));
            let (its, another) = (process.clone(), process.clone());
            let turn = thread::spawn(move || {
                its.done.store(true, Ordering::Relaxed);
                its.by_turn.store(true, Ordering::Release);
            });
            let worker = thread::spawn(move || {
                another.by_turn.load(Ordering::Acquire).then(|| another.run())
            });
            // The killer's word. While the turn goes on this takes the process off the list.
            let first = process.run();
            let second = worker.join().expect("the worker ends");
            turn.join().expect("the turn ends");
            assert!(!(first && second == Some(true)), "it was run twice");
        });
    }
}
