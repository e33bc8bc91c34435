//! What tables keep their entries in, of three kinds. Whose a table is, and who may touch it, is
//! known above.
//!
//! | kind | keys | reads |
//! |---|---|---|
//! | [`Hash`] | one value each, in no order | lock-free, at any number of cores |
//! | [`Tree`] | one value each, in the order of the keys | share a lock, as ETS's do |
//! | [`Bag`] | several values each, in the order they came | lock-free |
//!
//! A `Hash` or `Bag` is lock-free from the moment when two meet at it, or when it holds more than a
//! few: before that it costs no more than they do ([`growing`]).
//!
//! The program's own code (what changes a value, what chooses entries, clones and destructors of
//! values) runs under no lock, so it may use the table itself; what it changes is put in only if
//! nobody else has changed that entry meanwhile, and else it is asked again. The code of keys,
//! alone, runs under the lock of a tree or of a small table.
//!
//! A value that was replaced or deleted in a `Hash` or `Bag` may be dropped a little later than
//! that, by another thread at the table, when no reader looks at it any more.

mod bag;
mod growing;
mod hash;
mod tree;

use std::{
    any::Any,
    hash::{BuildHasher, DefaultHasher, RandomState},
    sync::Arc,
};

pub(crate) use self::{bag::Bag, hash::Hash, tree::Tree};

/// Entries of any kind.
pub(crate) trait Entries: Send + Sync {
    /// How many there are.
    fn len(&self) -> usize;
    /// Drops as many as `steps` allow; true: all. Nobody puts entries in meanwhile, but for a
    /// moment.
    fn clear(&self, steps: &mut dyn FnMut() -> bool) -> bool;
}

/// Entries by key.
pub(crate) trait Store<K, V>: Entries {
    /// Puts a value in: in the place of the key's, or, in a bag, beside those.
    fn put(&self, key: K, value: V);
    /// Whether the key has a value.
    fn has(&self, key: &K) -> bool;
    /// Takes a key out, with all it has.
    fn take(&self, key: &K) -> Vec<V>;
    /// A look at every entry: each that is there all the while is seen, once.
    fn all(&self) -> Vec<(K, V)>;
}

/// Entries with one value a key.
pub(crate) trait Single<K, V>: Store<K, V> {
    /// The key's value.
    fn get(&self, key: &K) -> Option<V>;
    /// Puts a value in unless the key has one; then it comes back.
    fn put_new(&self, key: K, value: V) -> Option<V>;
    /// Changes the key's value in one step; the new one. `change` may be asked several times.
    fn update(&self, key: &K, change: &dyn Fn(&V) -> V) -> Option<V>;
}

/// How keys are hashed: by chance, so that nobody can choose keys that collide; in a simulation
/// always alike, so that it repeats.
pub(crate) enum Hashing {
    Chance(RandomState),
    Fixed,
}

impl Hashing {
    pub(crate) fn new(fixed: bool) -> Self {
        if fixed { Self::Fixed } else { Self::Chance(RandomState::new()) }
    }
}

impl BuildHasher for Hashing {
    type Hasher = DefaultHasher;

    fn build_hasher(&self) -> DefaultHasher {
        match self {
            Self::Chance(state) => state.build_hasher(),
            Self::Fixed => DefaultHasher::new(),
        }
    }
}

/// The tables of a runtime that have a name: their numbers, and the handles that users hold.
pub(crate) struct Names(papaya::HashMap<Arc<str>, (u64, Handle)>);

/// A handle of whatever type.
type Handle = Arc<dyn Any + Send + Sync>;

impl Names {
    pub(crate) fn new() -> Self {
        Self(papaya::HashMap::new())
    }

    /// Names a table; false: another has the name.
    pub(crate) fn name(&self, name: Arc<str>, id: u64, handle: Handle) -> bool {
        self.0.pin().try_insert(name, (id, handle)).is_ok()
    }

    /// Frees the name, if it is that table's.
    pub(crate) fn forget(&self, name: &str, id: u64) {
        let _ = self.0.pin().remove_if(name, |_, (named, _)| *named == id);
    }

    /// The table of a name.
    pub(crate) fn find(&self, name: &str) -> Option<Handle> {
        self.0.pin().get(name).map(|(_, handle)| handle.clone())
    }
}

/// A value whose drop is the program's code, which may run wherever a reader leaves last.
pub(crate) struct Kept<V>(Held<V>);

enum Held<V> {
    Own(V),
    /// One that came when its table was small.
    Shared(Arc<Kept<V>>),
    Gone,
}

impl<V> Kept<V> {
    fn new(value: V) -> Self {
        Self(Held::Own(value))
    }

    fn get(&self) -> &V {
        match &self.0 {
            Held::Own(value) => value,
            Held::Shared(value) => value.get(),
            Held::Gone => unreachable!("a value is there until its drop"),
        }
    }

    /// The value, if it is nobody else's.
    fn into_own(mut self) -> Option<V> {
        match std::mem::replace(&mut self.0, Held::Gone) {
            Held::Own(value) => Some(value),
            Held::Shared(_) | Held::Gone => None,
        }
    }
}

impl<V> From<Arc<Self>> for Kept<V> {
    fn from(shared: Arc<Self>) -> Self {
        Self(Held::Shared(shared))
    }
}

impl<V> Drop for Kept<V> {
    fn drop(&mut self) {
        let value = std::mem::replace(&mut self.0, Held::Gone);
        // A panic of it is nobody's here; it has said so on stderr.
        drop(crate::process::caught(|| drop(value), "a table's value"));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn check(store: &dyn Single<u8, u32>, steps: &[(u8, u8)]) -> Result<(), TestCaseError> {
        let mut model = BTreeMap::new();
        for (number, &(step, key)) in steps.iter().enumerate() {
            let value = number as u32;
            match step {
                0 => {
                    store.put(key, value);
                    model.insert(key, value);
                }
                1 => {
                    let there = model.get(&key).copied();
                    prop_assert_eq!(store.put_new(key, value), there.map(|_| value));
                    model.entry(key).or_insert(value);
                }
                2 => {
                    let added = model.get_mut(&key).map(|old| {
                        *old += 100;
                        *old
                    });
                    prop_assert_eq!(store.update(&key, &|old| old + 100), added);
                }
                _ => prop_assert_eq!(store.take(&key), Vec::from_iter(model.remove(&key))),
            }
            prop_assert_eq!(store.get(&key), model.get(&key).copied());
            prop_assert_eq!(store.has(&key), model.contains_key(&key));
            prop_assert_eq!(store.len(), model.len());
        }
        let mut all = store.all();
        all.sort_unstable();
        prop_assert_eq!(all, model.into_iter().collect::<Vec<_>>());
        prop_assert!(store.clear(&mut || true));
        prop_assert_eq!(store.len(), 0);
        Ok(())
    }

    proptest! {
        #[test]
        fn a_hash_and_a_tree_do_as_a_map_does(
            steps in prop::collection::vec((0..4_u8, 0..5_u8), 0..40)
        ) {
            check(&Hash::new(true), &steps)?;
            check(&Tree::new(), &steps)?;
        }

        #[test]
        fn a_hash_does_as_a_map_does_while_it_grows(
            steps in prop::collection::vec((0..4_u8, 0..40_u8), 0..150)
        ) {
            check(&Hash::new(true), &steps)?;
        }
    }

    #[test]
    fn a_tree_is_cleared_in_pieces() {
        let tree = Tree::new();
        (0..10).for_each(|key| tree.put(key, key));
        let mut left = 4;
        let mut steps = || {
            left -= 1;
            left >= 0
        };
        assert!(!tree.clear(&mut steps));
        assert_eq!(tree.len(), 6);
    }

    #[test]
    fn a_value_that_panics_in_its_drop_is_contained() {
        struct Rude;
        impl Clone for Rude {
            fn clone(&self) -> Self {
                Self
            }
        }
        impl Drop for Rude {
            fn drop(&mut self) {
                if !std::thread::panicking() {
                    panic!("no manners");
                }
            }
        }
        let hash = Hash::new(true);
        hash.put(1, Rude);
        assert!(hash.clear(&mut || true));
        assert_eq!(hash.len(), 0);
    }
}
