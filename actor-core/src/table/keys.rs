//! Keys at hand: what a shard keeps of those that were released on it, so that processes that come
//! and go on two cores do not meet at the head of the free stack.
//!
//! A key at hand has its next generation already, and its slot reads as free.

use super::Key;
use crate::sync::{AtomicUsize, TryLock};

/// How many keys move between a shard and the table at once.
pub(super) const BATCH: usize = 32;

/// One shard's part.
pub(super) struct Shard {
    pub(super) at_hand: TryLock<Vec<Key>>,
    /// Keys that were ever reserved here, and released here: only the difference of the sums over
    /// all shards is a count. Two numbers, since each only grows: then a sum that is read piece by
    /// piece is one that there was.
    pub(super) reserved: AtomicUsize,
    pub(super) released: AtomicUsize,
}

impl Shard {
    pub(super) fn new() -> Self {
        Self {
            at_hand: TryLock::new(Vec::new()),
            reserved: AtomicUsize::new(0),
            released: AtomicUsize::new(0),
        }
    }

    /// The key released last, if one is at hand.
    pub(super) fn take(&self) -> Option<Key> {
        self.at_hand.try_with(Vec::pop).flatten()
    }

    /// Keeps keys; answers those that there is no room for, or all if somebody else is here.
    pub(super) fn keep(&self, keys: Vec<Key>) -> Vec<Key> {
        let mut left = keys;
        self.at_hand.try_with(|at_hand| {
            if at_hand.capacity() == 0 {
                at_hand.reserve_exact(2 * BATCH);
            }
            let room = (2 * BATCH).saturating_sub(at_hand.len()).min(left.len());
            at_hand.extend(left.drain(left.len() - room..));
        });
        left
    }

    /// Keeps one key. `Some`: these are to go to the table, that key among them or not.
    pub(super) fn put(&self, key: Key) -> Option<Vec<Key>> {
        let put = self.at_hand.try_with(|at_hand| {
            if at_hand.capacity() == 0 {
                at_hand.reserve_exact(2 * BATCH);
            }
            at_hand.push(key);
            (at_hand.len() >= 2 * BATCH).then(|| at_hand.drain(..BATCH).collect())
        });
        put.unwrap_or_else(|| Some(vec![key]))
    }
}
