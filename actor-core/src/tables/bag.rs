//! Several values a key, in the order they came.

use std::{hash::Hash as HashKey, sync::Arc};

use papaya::{Guard as _, Operation};

use super::{Entries, Hashing, Kept, Store};
use crate::sync::{AtomicUsize, Ordering};

/// See the module. To put a value in takes time in proportion to those its key has, as in ETS.
pub(crate) struct Bag<K, V> {
    keys: papaya::HashMap<K, Arc<[Arc<Kept<V>>]>, Hashing>,
    count: AtomicUsize,
    /// Whether two values are the same, of which a bag keeps one; none: it keeps both.
    same: Option<fn(&V, &V) -> bool>,
}

impl<K, V> Bag<K, V>
where
    K: HashKey + Eq + Clone + Send + Sync,
    V: Clone + Send + Sync,
{
    pub(crate) fn new(same: Option<fn(&V, &V) -> bool>, fixed: bool) -> Self {
        let keys = papaya::HashMap::with_hasher(Hashing::new(fixed));
        Self { keys, count: AtomicUsize::new(0), same }
    }

    /// All values of a key.
    pub(crate) fn get(&self, key: &K) -> Vec<V> {
        let found = self.keys.pin().get(key).cloned();
        found
            .map(|values| values.iter().map(|value| value.get().clone()).collect())
            .unwrap_or_default()
    }

    /// Takes those values of a key out that are chosen; how many.
    pub(crate) fn remove(&self, key: &K, chosen: &dyn Fn(&V) -> bool) -> usize {
        let keys = self.keys.pin();
        let mut removed = 0;
        keys.compute(key.clone(), |entry| {
            let Some((_, values)) = entry else { return Operation::Abort(()) };
            let left: Arc<[_]> =
                values.iter().filter(|value| !chosen(value.get())).cloned().collect();
            removed = values.len() - left.len();
            match (removed, left.len()) {
                (0, _) => Operation::Abort(()),
                (_, 0) => Operation::Remove,
                _ => Operation::Insert(left),
            }
        });
        self.count.fetch_sub(removed, Ordering::Relaxed);
        removed
    }
}

impl<K, V> Entries for Bag<K, V>
where
    K: HashKey + Eq + Send + Sync,
    V: Send + Sync,
{
    fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// In one piece, as for a `Hash`.
    fn clear(&self, _: &mut dyn FnMut() -> bool) -> bool {
        let guard = self.keys.guard();
        let mut cleared = 0;
        self.keys.retain(
            |_, values| {
                cleared += values.len();
                false
            },
            &guard,
        );
        self.count.fetch_sub(cleared, Ordering::Relaxed);
        guard.flush();
        true
    }
}

impl<K, V> Store<K, V> for Bag<K, V>
where
    K: HashKey + Eq + Clone + Send + Sync,
    V: Clone + Send + Sync,
{
    fn put(&self, key: K, value: V) {
        let keys = self.keys.pin();
        let value = Arc::new(Kept::new(value));
        let mut added = false;
        keys.compute(key, |entry| {
            let values: &[_] = entry.map_or(&[], |(_, values)| values);
            let is_there = |same: fn(&V, &V) -> bool| {
                values.iter().any(|other: &Arc<Kept<V>>| same(other.get(), value.get()))
            };
            added = !self.same.is_some_and(is_there);
            if !added {
                return Operation::Abort(());
            }
            Operation::Insert(values.iter().chain([&value]).cloned().collect())
        });
        self.count.fetch_add(usize::from(added), Ordering::Relaxed);
    }

    fn has(&self, key: &K) -> bool {
        self.keys.pin().contains_key(key)
    }

    fn take(&self, key: &K) -> Vec<V> {
        let taken = self.keys.pin().remove(key).cloned();
        let values = taken.unwrap_or_else(|| Arc::new([]));
        self.count.fetch_sub(values.len(), Ordering::Relaxed);
        values.iter().map(|value| value.get().clone()).collect()
    }

    fn all(&self) -> Vec<(K, V)> {
        let keys = self.keys.pin();
        let of = |(key, values): (&K, &Arc<[Arc<Kept<V>>]>)| {
            let each = values.iter().map(|value| (key.clone(), value.get().clone()));
            each.collect::<Vec<_>>()
        };
        keys.iter().flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bag_keeps_several_values_and_none_of_them_twice() {
        let bag = Bag::new(Some(|one: &u8, other: &u8| one == other), true);
        let twice = Bag::new(None, true);
        for value in [3, 1, 3] {
            bag.put("a", value);
            twice.put("a", value);
        }
        assert_eq!((bag.get(&"a"), bag.len()), (vec![3, 1], 2));
        assert_eq!((twice.get(&"a"), twice.len()), (vec![3, 1, 3], 3));
        assert_eq!((twice.remove(&"a", &|value| *value == 3), twice.len()), (2, 1));
        assert_eq!(twice.all(), [("a", 1)]);
        assert_eq!((bag.take(&"a"), bag.len(), bag.has(&"a")), (vec![3, 1], 0, false));
        twice.put("b", 9);
        assert!(twice.clear(&mut || true));
        assert_eq!((twice.len(), twice.all().len()), (0, 0));
    }
}
