//! One value a key, in the order of the keys.
//!
//! A sorted map behind a lock that readers share, as ETS has it for ordered sets. What was weighed
//! against it: a concurrent skip list (`crossbeam-skiplist` 0.1, without a release since January
//! 2024) needs no lock for reads, but replaces a value in two steps, between which a reader finds
//! none, and drops what was taken out when its epochs come to it, while here a table's memory is
//! free before its owner's end is seen. A sorted map in shards would merge them at each step of a
//! walk.
//!
//! Values are shared, so that under the lock nothing of the program's runs but the order of its
//! keys and, for a walk, their clones.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use super::{Entries, Single, Store};
use crate::sync::RwLock;

/// See the module.
pub(crate) struct Tree<K, V>(RwLock<BTreeMap<K, Arc<V>>>);

fn own<V: Clone>(value: Arc<V>) -> V {
    Arc::unwrap_or_clone(value)
}

impl<K: Ord + Clone, V: Clone> Tree<K, V> {
    pub(crate) fn new() -> Self {
        Self(RwLock::new(BTreeMap::new()))
    }

    /// The least entry between two bounds.
    pub(crate) fn first(&self, from: Bound<&K>, to: Bound<&K>) -> Option<(K, V)> {
        let found = {
            let entries = self.0.read();
            let first = within(from, to).then(|| entries.range((from, to)).next()).flatten();
            first.map(|(key, value)| (key.clone(), value.clone()))
        };
        found.map(|(key, value)| (key, (*value).clone()))
    }

    /// The greatest.
    pub(crate) fn last(&self, from: Bound<&K>, to: Bound<&K>) -> Option<(K, V)> {
        let found = {
            let entries = self.0.read();
            let last = within(from, to).then(|| entries.range((from, to)).next_back()).flatten();
            last.map(|(key, value)| (key.clone(), value.clone()))
        };
        found.map(|(key, value)| (key, (*value).clone()))
    }

    /// Puts all of these in, in one step; false, and none: there would be more than so many.
    pub(crate) fn put_all(&self, all: Vec<(K, V)>, limit: usize) -> bool {
        let all = all.into_iter().map(|(key, value)| (key, Arc::new(value)));
        let all: BTreeMap<K, Arc<V>> = all.collect();
        // What was there is dropped outside the lock.
        let mut before = Vec::with_capacity(all.len());
        let mut entries = self.0.write();
        let new = all.keys().filter(|key| !entries.contains_key(key)).count();
        if entries.len() + new > limit {
            drop(entries);
            return false;
        }
        for (key, value) in all {
            before.push(entries.insert(key, value));
        }
        drop(entries);
        true
    }

    /// All between two bounds at one moment, in order.
    pub(crate) fn range(&self, from: Bound<&K>, to: Bound<&K>) -> Vec<(K, V)> {
        let found: Vec<_> = {
            let entries = self.0.read();
            let range = within(from, to).then(|| entries.range((from, to)));
            range.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        found.into_iter().map(|(key, value)| (key, (*value).clone())).collect()
    }
}

/// Whether there may be anything between two bounds; the map's own range panics if there cannot.
fn within<K: Ord>(from: Bound<&K>, to: Bound<&K>) -> bool {
    use Bound::{Excluded, Included, Unbounded};
    match (from, to) {
        (Unbounded, _) | (_, Unbounded) => true,
        (Included(from), Included(to)) => from <= to,
        (Excluded(from) | Included(from), Excluded(to) | Included(to)) => from < to,
    }
}

impl<K: Ord + Send + Sync, V: Send + Sync> Entries for Tree<K, V> {
    fn len(&self) -> usize {
        self.0.read().len()
    }

    fn clear(&self, steps: &mut dyn FnMut() -> bool) -> bool {
        while steps() {
            let entry = self.0.write().pop_first();
            // Dropped outside the lock.
            let Some((_key, _value)) = entry else { return true };
        }
        false
    }
}

impl<K, V> Store<K, V> for Tree<K, V>
where
    K: Ord + Clone + Send + Sync,
    V: Clone + Send + Sync,
{
    fn put(&self, key: K, value: V) {
        let value = Arc::new(value);
        let before = self.0.write().insert(key, value);
        drop(before);
    }

    fn has(&self, key: &K) -> bool {
        self.0.read().contains_key(key)
    }

    fn take(&self, key: &K) -> Vec<V> {
        let taken = self.0.write().remove(key);
        taken.map(own).into_iter().collect()
    }

    fn all(&self) -> Vec<(K, V)> {
        self.range(Bound::Unbounded, Bound::Unbounded)
    }
}

impl<K, V> Single<K, V> for Tree<K, V>
where
    K: Ord + Clone + Send + Sync,
    V: Clone + Send + Sync,
{
    fn get(&self, key: &K) -> Option<V> {
        let found = self.0.read().get(key).cloned();
        found.map(|value| (*value).clone())
    }

    fn put_new(&self, key: K, value: V) -> Option<V> {
        let value = Arc::new(value);
        let mut entries = self.0.write();
        if entries.contains_key(&key) {
            drop(entries);
            return Some(own(value));
        }
        entries.insert(key, value);
        None
    }

    fn update(&self, key: &K, change: &dyn Fn(&V) -> V) -> Option<V> {
        loop {
            let old = self.0.read().get(key).cloned()?;
            let new = Arc::new(change(&old));
            let mut entries = self.0.write();
            match entries.get_mut(key) {
                Some(present) if Arc::ptr_eq(present, &old) => {
                    let before = std::mem::replace(present, new.clone());
                    drop(entries);
                    drop(before);
                    return Some((*new).clone());
                }
                Some(_) => {}
                None => return None,
            }
        }
    }
}
