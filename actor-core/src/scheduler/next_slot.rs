//! The place of the one task that the running turn has just made runnable.
//!
//! Its thread alone fills it; its thread and thieves empty it. So what is empty to the owner stays
//! empty until the owner fills it, and to fill an empty one a store is enough. To empty it takes an
//! exchange, so that a task is taken once; for the owner it fails only if a thief has emptied it.

use crossbeam_utils::CachePadded;

use super::steal::Word;
use crate::sync::{AtomicUsize, Ordering};

/// A task, or 0.
pub(super) struct NextSlot(CachePadded<AtomicUsize>);

impl NextSlot {
    pub(super) fn new() -> Self {
        Self(CachePadded::new(AtomicUsize::new(0)))
    }

    /// Owner: puts `word` into it; returns the task that was there.
    pub(super) fn put(&self, word: Word) -> Option<Word> {
        // Release publishes the task to the acquire in `take`, here and below.
        if self.0.load(Ordering::Relaxed) == 0 {
            self.0.store(word.get(), Ordering::Release);
            return None;
        }
        // No Acquire: the task returned, if no thief was faster, this thread has put there itself.
        Word::new(self.0.swap(word.get(), Ordering::Release))
    }

    /// Owner or thief: takes the task in it.
    pub(super) fn take(&self) -> Option<Word> {
        // Relaxed: the exchange decides.
        let word = Word::new(self.0.load(Ordering::Relaxed))?;
        // Who loses to another leaves it: what is there by then is newer, and the owner's to look
        // at.
        self.0
            .compare_exchange(word.get(), 0, Ordering::Acquire, Ordering::Relaxed)
            .ok()
            .map(|_| word)
    }

    /// Owner: whether it holds a task; "no" is lasting. Thief: whether it seems to.
    pub(super) fn is_full(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }
}

/// The model: each task is taken once, by who sees what was done before it was put there.
#[cfg(all(test, loom))]
#[allow(unsafe_code, reason = "shared cells stand for the tasks")]
mod model_tests {
    use super::*;
    use crate::sync::{Arc, UnsafeCell, explore_all, thread};

    struct Tasks {
        slot: NextSlot,
        /// What each task's turn needs; written before it is made runnable, and by its turn.
        states: Vec<UnsafeCell<usize>>,
    }

    // SAFETY: whoever has taken a task has its state to itself, which the model checks.
    unsafe impl Sync for Tasks {}
    // SAFETY: as above.
    unsafe impl Send for Tasks {}

    impl Tasks {
        /// Runs a task, and answers its number.
        fn run(&self, word: Word) -> usize {
            let number = word.get();
            // SAFETY: taken, so it is ours.
            self.states[number - 1].with_mut(|state| unsafe {
                assert_eq!(*state, number, "run twice, or before it was ready");
                *state = 0;
            });
            number
        }
    }

    #[test]
    fn a_task_in_the_next_slot_is_taken_once() {
        explore_all(|| {
            let tasks = Arc::new(Tasks {
                slot: NextSlot::new(),
                states: (0..3).map(|_| UnsafeCell::new(0)).collect(),
            });
            let other = Arc::clone(&tasks);
            let thief = thread::spawn(move || {
                let taken = [other.slot.take(), other.slot.take()];
                taken.into_iter().flatten().map(|word| other.run(word)).collect::<Vec<_>>()
            });
            let mut ran = Vec::new();
            for number in 1..=3 {
                // SAFETY: nobody knows of the task yet.
                tasks.states[number - 1].with_mut(|state| unsafe { *state = number });
                let older = tasks.slot.put(Word::new(number).expect("not zero"));
                ran.extend(older.map(|word| tasks.run(word)));
                if number == 2 {
                    ran.extend(tasks.slot.take().map(|word| tasks.run(word)));
                }
            }
            ran.extend(thief.join().expect("the thief ends"));
            ran.extend(tasks.slot.take().map(|word| tasks.run(word)));
            ran.sort_unstable();
            assert_eq!(ran, [1, 2, 3]);
        });
    }

    /// As above with many tasks and thieves: a size that `loom` cannot reach.
    #[cfg(shuttle)]
    #[test]
    fn each_of_many_tasks_is_taken_once_by_many_thieves() {
        explore_all(|| {
            let states = (0..12).map(|_| UnsafeCell::new(0)).collect();
            let tasks = Arc::new(Tasks { slot: NextSlot::new(), states });
            let thieves = [0; 3].map(|_| {
                let other = Arc::clone(&tasks);
                thread::spawn(move || {
                    let taken = (0..6).filter_map(|_| other.slot.take());
                    taken.map(|word| other.run(word)).collect::<Vec<_>>()
                })
            });
            let mut ran = Vec::new();
            for number in 1..=12 {
                // SAFETY: nobody knows of the task yet.
                tasks.states[number - 1].with_mut(|state| unsafe { *state = number });
                let older = tasks.slot.put(Word::new(number).expect("not zero"));
                ran.extend(older.map(|word| tasks.run(word)));
            }
            thieves.into_iter().for_each(|thief| ran.extend(thief.join().expect("it ends")));
            ran.extend(tasks.slot.take().map(|word| tasks.run(word)));
            ran.sort_unstable();
            assert_eq!(ran, (1..=12).collect::<Vec<_>>());
        });
    }
}
