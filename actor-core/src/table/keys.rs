//! Keys at hand: what a thread keeps of those that were released on it, so that processes that come
//! and go on two cores do not meet at the head of the free stack.
//!
//! A key at hand has its next generation already, and its slot reads as free.

use std::mem;

use super::Key;

/// How many keys move between a thread and the table at once.
pub(super) const BATCH: usize = 512;
/// The most that a thread keeps.
pub(super) const MOST: usize = 2 * BATCH;

/// What one thread keeps.
#[derive(Default)]
pub(super) struct Keys(Vec<Key>);

impl Keys {
    /// The key released last, if one is at hand.
    pub(super) fn take(&mut self) -> Option<Key> {
        self.0.pop()
    }

    /// Keeps as many of these as there is room for; the others stay.
    pub(super) fn keep(&mut self, keys: &mut Vec<Key>) {
        if self.0.is_empty() {
            return mem::swap(&mut self.0, keys);
        }
        self.make_room();
        let room = MOST.saturating_sub(self.0.len()).min(keys.len());
        self.0.extend(keys.drain(keys.len() - room..));
    }

    /// Keeps one key. `Some`: these are to go to the table.
    pub(super) fn put(&mut self, key: Key) -> Option<Vec<Key>> {
        self.make_room();
        self.0.push(key);
        (self.0.len() >= MOST).then(|| self.0.drain(..BATCH).collect())
    }

    fn make_room(&mut self) {
        if self.0.capacity() < MOST {
            self.0.reserve_exact(MOST - self.0.len());
        }
    }

    /// How many there are.
    #[cfg(all(test, not(loom)))]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
