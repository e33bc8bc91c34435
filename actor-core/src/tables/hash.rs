//! One value a key, in no order.

use std::hash::Hash as HashKey;

use papaya::{Compute, Guard as _, Operation};

use super::{Entries, Hashing, Kept, Single, Store};

/// See the module.
pub(crate) struct Hash<K, V>(papaya::HashMap<K, Kept<V>, Hashing>);

impl<K: HashKey + Eq, V> Hash<K, V> {
    /// An empty one; `fixed`: the same in every run.
    pub(crate) fn new(fixed: bool) -> Self {
        Self(papaya::HashMap::with_hasher(Hashing::new(fixed)))
    }
}

impl<K, V> Entries for Hash<K, V>
where
    K: HashKey + Eq + Send + Sync,
    V: Send + Sync,
{
    fn len(&self) -> usize {
        self.0.len()
    }

    /// In one piece: like a process's state, it is one destructor.
    fn clear(&self, _: &mut dyn FnMut() -> bool) -> bool {
        let guard = self.0.guard();
        self.0.clear(&guard);
        // What was taken out by this thread is dropped now and not with a later batch.
        guard.flush();
        true
    }
}

impl<K, V> Store<K, V> for Hash<K, V>
where
    K: HashKey + Eq + Clone + Send + Sync,
    V: Clone + Send + Sync,
{
    fn put(&self, key: K, value: V) {
        self.0.pin().insert(key, Kept::new(value));
    }

    fn has(&self, key: &K) -> bool {
        self.0.pin().contains_key(key)
    }

    fn take(&self, key: &K) -> Vec<V> {
        self.0.pin().remove(key).map(|value| value.get().clone()).into_iter().collect()
    }

    fn all(&self) -> Vec<(K, V)> {
        let entries = self.0.pin();
        entries.iter().map(|(key, value)| (key.clone(), value.get().clone())).collect()
    }
}

impl<K, V> Single<K, V> for Hash<K, V>
where
    K: HashKey + Eq + Clone + Send + Sync,
    V: Clone + Send + Sync,
{
    fn get(&self, key: &K) -> Option<V> {
        self.0.pin().get(key).map(|value| value.get().clone())
    }

    fn put_new(&self, key: K, value: V) -> Option<V> {
        let entries = self.0.pin();
        let refused = entries.try_insert(key, Kept::new(value)).err();
        refused.map(|mut refused| {
            refused.not_inserted.0.take().expect("a value is there until its drop")
        })
    }

    fn update(&self, key: &K, change: &dyn Fn(&V) -> V) -> Option<V> {
        let entries = self.0.pin();
        let computed = entries.compute(key.clone(), |entry| match entry {
            Some((_, old)) => Operation::Insert(Kept::new(change(old.get()))),
            None => Operation::Abort(()),
        });
        match computed {
            Compute::Updated { new: (_, value), .. } => Some(value.get().clone()),
            _ => None,
        }
    }
}
