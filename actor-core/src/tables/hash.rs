//! One value a key, in no order.

use std::{hash::Hash as HashKey, sync::Arc};

use papaya::{Compute, Guard as _, Operation};

use super::{
    Entries, Kept, Single, Store,
    growing::{Growing, Place},
};

/// See the module.
pub(crate) struct Hash<K, V>(Growing<K, Kept<V>, Kept<V>>);

impl<K: HashKey + Eq + Clone, V> Hash<K, V> {
    /// An empty one; `fixed`: the same in every run.
    pub(crate) fn new(fixed: bool) -> Self {
        Self(Growing::new(fixed))
    }
}

impl<K, V> Entries for Hash<K, V>
where
    K: HashKey + Eq + Clone + Send + Sync,
    V: Send + Sync,
{
    fn len(&self) -> usize {
        match self.0.place() {
            Place::Few(few) => few.len(),
            Place::Many(many) => many.len(),
        }
    }

    /// In one piece: like a process's state, it is one destructor.
    fn clear(&self, _: &mut dyn FnMut() -> bool) -> bool {
        match self.0.place() {
            Place::Few(mut few) => {
                let taken = few.take_all();
                drop(few);
                drop(taken);
            }
            Place::Many(many) => {
                let guard = many.guard();
                many.clear(&guard);
                // What was taken out by this thread is dropped now and not with a later batch.
                guard.flush();
            }
        }
        true
    }
}

impl<K, V> Store<K, V> for Hash<K, V>
where
    K: HashKey + Eq + Clone + Send + Sync,
    V: Clone + Send + Sync,
{
    fn put(&self, key: K, value: V) {
        let value = Kept::new(value);
        match self.0.place() {
            Place::Few(mut few) => {
                let before = few.put(key, Arc::new(value));
                drop(few);
                drop(before);
            }
            Place::Many(many) => {
                many.pin().insert(key, value);
            }
        }
    }

    fn has(&self, key: &K) -> bool {
        match self.0.place() {
            Place::Few(few) => few.has(key),
            Place::Many(many) => many.pin().contains_key(key),
        }
    }

    fn take(&self, key: &K) -> Vec<V> {
        match self.0.place() {
            Place::Few(mut few) => {
                let taken = few.take(key);
                drop(few);
                taken.map(|(_, value)| value.get().clone()).into_iter().collect()
            }
            Place::Many(many) => {
                many.pin().remove(key).map(|value| value.get().clone()).into_iter().collect()
            }
        }
    }

    fn all(&self) -> Vec<(K, V)> {
        match self.0.place() {
            Place::Few(few) => {
                let all = few.all();
                drop(few);
                all.into_iter().map(|(key, value)| (key, value.get().clone())).collect()
            }
            Place::Many(many) => {
                let entries = many.pin();
                entries.iter().map(|(key, value)| (key.clone(), value.get().clone())).collect()
            }
        }
    }
}

impl<K, V> Single<K, V> for Hash<K, V>
where
    K: HashKey + Eq + Clone + Send + Sync,
    V: Clone + Send + Sync,
{
    fn get(&self, key: &K) -> Option<V> {
        match self.0.place() {
            Place::Few(few) => {
                let value = few.get(key);
                drop(few);
                value.map(|value| value.get().clone())
            }
            Place::Many(many) => many.pin().get(key).map(|value| value.get().clone()),
        }
    }

    fn put_new(&self, key: K, value: V) -> Option<V> {
        match self.0.place() {
            Place::Few(mut few) => {
                if few.has(&key) {
                    drop(few);
                    return Some(value);
                }
                few.put(key, Arc::new(Kept::new(value)));
                None
            }
            Place::Many(many) => {
                let entries = many.pin();
                let refused = entries.try_insert(key, Kept::new(value)).err();
                refused.and_then(|refused| refused.not_inserted.into_own())
            }
        }
    }

    fn update(&self, key: &K, change: &dyn Fn(&V) -> V) -> Option<V> {
        loop {
            let old = match self.0.place() {
                Place::Few(few) => few.get(key)?,
                Place::Many(many) => {
                    let entries = many.pin();
                    let computed = entries.compute(key.clone(), |entry| match entry {
                        Some((_, old)) => Operation::Insert(Kept::new(change(old.get()))),
                        None => Operation::Abort(()),
                    });
                    return match computed {
                        Compute::Updated { new: (_, value), .. } => Some(value.get().clone()),
                        _ => None,
                    };
                }
            };
            let new = Arc::new(Kept::new(change(old.get())));
            // If it has grown meanwhile, the change is asked again, there.
            let Place::Few(mut few) = self.0.place() else { continue };
            let (done, before) = few.exchange(key, Some(&old), Some(new.clone()));
            drop(few);
            drop(before);
            if done {
                return Some(new.get().clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_changed_while_a_table_grows_is_not_lost() {
        let hash = Hash::new(false);
        hash.put(0, 0);
        std::thread::scope(|scope| {
            let act = |thread: usize| {
                let hash = &hash;
                scope.spawn(move || {
                    for n in 0..1_000 {
                        assert!(hash.update(&0, &|count| count + 1).is_some());
                        if n % 50 == 0 {
                            hash.put(1 + thread * 1_000 + n, 0);
                        }
                    }
                })
            };
            let threads: Vec<_> = (0..3).map(act).collect();
            threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        });
        assert_eq!((hash.get(&0), hash.len()), (Some(3_000), 61));
    }
}
