//! A sorted map that mostly holds one entry: a process has one parent it is linked to, watches one
//! other, is watched by one. That one lies in the map itself; from two on they are in a tree.

use std::collections::BTreeMap;

/// See the module.
#[derive(Default)]
pub(crate) enum Few<K, V> {
    #[default]
    None,
    One(K, V),
    Many(BTreeMap<K, V>),
}

impl<K: Ord, V> Few<K, V> {
    /// Puts an entry in; answers the value that was there under the key.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self {
            Self::Many(many) => return many.insert(key, value),
            Self::One(only, old) if *only == key => return Some(std::mem::replace(old, value)),
            Self::None | Self::One(..) => {}
        }
        *self = match std::mem::take(self) {
            Self::One(other, old) => Self::Many(BTreeMap::from([(other, old), (key, value)])),
            _ => Self::One(key, value),
        };
        None
    }

    /// The value under a key.
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        match self {
            Self::Many(many) => many.get(key),
            Self::One(only, value) if only == key => Some(value),
            Self::None | Self::One(..) => None,
        }
    }

    /// Takes an entry out.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        match self {
            Self::Many(many) => many.remove(key),
            Self::One(only, _) if only == key => self.pop_first().map(|(_, value)| value),
            Self::None | Self::One(..) => None,
        }
    }

    /// Goes back to holding its one entry itself, if it has no more.
    pub(super) fn shrink(&mut self) {
        let Self::Many(many) = self else { return };
        if many.len() <= 1 {
            *self = many.pop_first().map_or(Self::None, |(key, value)| Self::One(key, value));
        }
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(..) => 1,
            Self::Many(many) => many.len(),
        }
    }

    /// The entries, in the order of their keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let (one, many) = match self {
            Self::None => (None, None),
            Self::One(key, value) => (Some((key, value)), None),
            Self::Many(many) => (None, Some(many.iter())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    /// Takes the entry with the least key out.
    pub(crate) fn pop_first(&mut self) -> Option<(K, V)> {
        if let Self::Many(many) = self {
            return many.pop_first();
        }
        match std::mem::take(self) {
            Self::One(key, value) => Some((key, value)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_does_as_a_sorted_map_does(steps in prop::collection::vec((0..4_u8, 0..4_u8), 0..30)) {
            let (mut few, mut model) = (Few::default(), BTreeMap::new());
            for (number, (step, key)) in steps.into_iter().enumerate() {
                prop_assert_eq!(few.get(&key), model.get(&key));
                match step {
                    0 | 1 => prop_assert_eq!(few.insert(key, number), model.insert(key, number)),
                    2 => {
                        few.shrink();
                        prop_assert_eq!(few.remove(&key), model.remove(&key));
                    }
                    _ => prop_assert_eq!(few.pop_first(), model.pop_first()),
                }
            }
            prop_assert!(few.iter().eq(model.iter()) && few.len() == model.len());
            while let Some(first) = model.pop_first() {
                prop_assert_eq!(few.pop_first(), Some(first));
            }
            prop_assert_eq!(few.pop_first(), None);
        }
    }

    #[test]
    fn one_entry_takes_no_more_room_than_the_tree_or_itself() {
        assert!(size_of::<Few<u64, u64>>() <= size_of::<BTreeMap<u64, u64>>() + 8);
    }
}
