//! Several values a key, in the order they came.

use std::{hash::Hash as HashKey, sync::Arc};

use papaya::{Guard as _, Operation};

use super::{
    Entries, Kept, Store,
    growing::{Growing, Place},
};
use crate::sync::{AtomicUsize, Ordering};

/// The values of a key.
type Values<V> = [Arc<Kept<V>>];

/// See the module. To put a value in takes time in proportion to those its key has, as in ETS.
pub(crate) struct Bag<K, V> {
    keys: Growing<K, Values<V>, Arc<Values<V>>>,
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
        Self { keys: Growing::new(fixed), count: AtomicUsize::new(0), same }
    }

    /// All values of a key.
    pub(crate) fn get(&self, key: &K) -> Vec<V> {
        copies(self.values(key).iter().flat_map(|values| values.iter()))
    }

    /// Takes those values of a key out that are chosen; how many.
    pub(crate) fn remove(&self, key: &K, chosen: &dyn Fn(&V) -> bool) -> usize {
        let mut removed = 0;
        self.change(key, |values| {
            let left: Arc<Values<V>> =
                values.iter().filter(|value| !chosen(value.get())).cloned().collect();
            removed = values.len() - left.len();
            (removed > 0).then_some(left)
        });
        self.count.fetch_sub(removed, Ordering::Relaxed);
        removed
    }

    fn values(&self, key: &K) -> Option<Arc<Values<V>>> {
        match self.keys.place() {
            Place::Few(few) => few.get(key),
            Place::Many(many) => many.pin().get(key).cloned(),
        }
    }

    /// Changes the values of a key in one step; `None` leaves them as they are. `change` is asked
    /// again if somebody else has changed them meanwhile.
    fn change(&self, key: &K, mut change: impl FnMut(&Values<V>) -> Option<Arc<Values<V>>>) {
        loop {
            let old = match self.keys.place() {
                Place::Few(few) => few.get(key),
                Place::Many(many) => {
                    many.pin().compute(key.clone(), |entry| {
                        match change(entry.map_or(&[], |(_, values)| values)) {
                            None => Operation::Abort(()),
                            Some(new) if new.is_empty() => Operation::Remove,
                            Some(new) => Operation::Insert(new),
                        }
                    });
                    return;
                }
            };
            let Some(new) = change(old.as_deref().unwrap_or_default()) else { return };
            let new = (!new.is_empty()).then_some(new);
            // If it has grown meanwhile, the change is asked again, there.
            let Place::Few(mut few) = self.keys.place() else { continue };
            let (done, before) = few.exchange(key, old.as_ref(), new);
            drop(few);
            drop(before);
            if done {
                return;
            }
        }
    }
}

fn copies<'a, V: Clone + 'a>(values: impl Iterator<Item = &'a Arc<Kept<V>>>) -> Vec<V> {
    values.map(|value| value.get().clone()).collect()
}

impl<K, V> Entries for Bag<K, V>
where
    K: HashKey + Eq + Clone + Send + Sync,
    V: Send + Sync,
{
    fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// In one piece, as for a `Hash`.
    fn clear(&self, _: &mut dyn FnMut() -> bool) -> bool {
        let mut cleared = 0;
        match self.keys.place() {
            Place::Few(mut few) => {
                let taken = few.take_all();
                drop(few);
                cleared = taken.iter().map(|(_, values)| values.len()).sum();
            }
            Place::Many(many) => {
                let guard = many.guard();
                many.retain(
                    |_, values| {
                        cleared += values.len();
                        false
                    },
                    &guard,
                );
                guard.flush();
            }
        }
        self.count.fetch_sub(cleared, Ordering::Relaxed);
        true
    }
}

impl<K, V> Store<K, V> for Bag<K, V>
where
    K: HashKey + Eq + Clone + Send + Sync,
    V: Clone + Send + Sync,
{
    fn put(&self, key: K, value: V) {
        let value = Arc::new(Kept::new(value));
        let mut added = false;
        self.change(&key, |values| {
            let is_there = |same: fn(&V, &V) -> bool| {
                values.iter().any(|other| same(other.get(), value.get()))
            };
            added = !self.same.is_some_and(is_there);
            added.then(|| values.iter().chain([&value]).cloned().collect())
        });
        self.count.fetch_add(usize::from(added), Ordering::Relaxed);
    }

    fn has(&self, key: &K) -> bool {
        match self.keys.place() {
            Place::Few(few) => few.has(key),
            Place::Many(many) => many.pin().contains_key(key),
        }
    }

    fn take(&self, key: &K) -> Vec<V> {
        let taken = match self.keys.place() {
            Place::Few(mut few) => {
                let taken = few.take(key);
                drop(few);
                taken.map(|(_, values)| values)
            }
            Place::Many(many) => many.pin().remove(key).cloned(),
        };
        let values = taken.as_deref().unwrap_or_default();
        self.count.fetch_sub(values.len(), Ordering::Relaxed);
        copies(values.iter())
    }

    fn all(&self) -> Vec<(K, V)> {
        let all = match self.keys.place() {
            Place::Few(few) => few.all(),
            Place::Many(many) => {
                let keys = many.pin();
                keys.iter().map(|(key, values)| (key.clone(), values.clone())).collect()
            }
        };
        let of = |(key, values): (K, Arc<Values<V>>)| {
            copies(values.iter()).into_iter().map(|value| (key.clone(), value)).collect::<Vec<_>>()
        };
        all.into_iter().flat_map(of).collect()
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
