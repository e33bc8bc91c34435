//! Whether a runtime still takes starts.
//!
//! A start and a shutdown may be under way at once. The start looks whether the runtime is open,
//! counts its process, and looks again; the shutdown closes, and then looks whether any process is
//! counted. **Either the start sees that the runtime has closed, or the shutdown sees its
//! process**, and waits for it. Both write one thing and then read the other's, so on both sides a
//! fence stands between the two: of two fences one is the first, and what was written before that
//! is read after the other.
//!
//! A process that starts another is counted itself until that one is, so it need not look again.

use crate::sync::{AtomicBool, Ordering, fence};

/// See the module.
#[derive(Debug)]
pub(crate) struct Door {
    closed: AtomicBool,
}

impl Door {
    pub(crate) fn open() -> Self {
        Self { closed: AtomicBool::new(false) }
    }

    /// Whether nothing is started any more.
    pub(crate) fn is_closed(&self) -> bool {
        // Relaxed: who needs more passes a fence.
        self.closed.load(Ordering::Relaxed)
    }

    /// Nothing is started from outside any more. What is counted is looked at after this.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
        // Pairs with the fence of `has_closed_meanwhile`.
        fence(Ordering::SeqCst);
    }

    /// Whether it has closed since a start looked, whose process is counted by now.
    #[inline]
    pub(crate) fn has_closed_meanwhile(&self) -> bool {
        // Pairs with the fence of `close`.
        fence(Ordering::SeqCst);
        self.is_closed()
    }
}

/// The models, with the table that counts: **a shutdown that has closed the door and counts nobody
/// leaves nobody behind.**
#[cfg(all(test, loom))]
mod model_tests {
    use super::*;
    use crate::sync::{Arc, Crew, Fences, explore, thread};
    use crate::table::{Key, Slots};

    type Small = Slots<0, 25>;

    /// A start from outside; answers the process, if there is one.
    fn start(door: &Door, table: &Small) -> Option<Key> {
        if door.is_closed() {
            return None;
        }
        let key = table.reserve().expect("room");
        if door.has_closed_meanwhile() {
            table.release(key);
            return None;
        }
        Some(key)
    }

    fn all_see(starts: impl Fn(&Small) -> Started + Send + Sync + 'static) {
        explore(3, move || {
            let (door, table) =
                (Arc::new(Door::open()), Arc::new(Small::new(4, &Crew::new(0, Fences::Equal))));
            let (how, its) = (starts(&table), (door.clone(), table.clone()));
            let thread = thread::spawn(move || how(&its.0, &its.1));
            door.close();
            let is_empty = table.len() == 0;
            let started = thread.join().expect("the thread ends");
            assert!(!(is_empty && started.is_some()), "a process is left behind");
        });
    }

    type Started = Box<dyn FnOnce(&Door, &Small) -> Option<Key> + Send>;

    #[test]
    fn a_start_from_outside_sees_that_it_has_closed_or_is_seen() {
        all_see(|_| Box::new(start));
    }

    /// It starts another, without a look at the door, and ends.
    #[test]
    fn a_start_by_a_process_is_seen_or_its_starter_is() {
        all_see(|table| {
            let starter = table.reserve().expect("room");
            Box::new(move |_, table| {
                let started = table.reserve();
                table.release(starter);
                started
            })
        });
    }
}
