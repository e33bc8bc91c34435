//! A map by child ids that puts the numbers a supervisor gives in order.
//!
//! Dynamic children have ids like `teller#17`, and there may be a million of them. Hashed, each of
//! them lies in another place of a large table, so that to start or forget one waits for memory,
//! twice. Here such an id is its word and its number, and those of one word lie in the order in
//! which the children started, in which they mostly end, too. It is a map like any other: an id
//! whose end is a number as it is written here is found there whoever chose it, all others by hash.

use std::{
    collections::{BTreeMap, HashMap, btree_map::Entry},
    sync::Arc,
};

/// See the module.
pub(super) struct Ids<V> {
    plain: HashMap<Arc<str>, V>,
    /// By word, of which there are few as a rule: to compare with them costs less than a hash.
    numbered: BTreeMap<Box<str>, BTreeMap<u64, V>>,
}

/// `word#number`, with no zero in front: then there is one way to write it.
fn number(id: &str) -> Option<(&str, u64)> {
    let (word, digits) = id.rsplit_once('#')?;
    let is_plain = digits.bytes().all(|digit| digit.is_ascii_digit()) && !digits.starts_with('0');
    if is_plain { Some((word, digits.parse().ok()?)) } else { None }
}

impl<V> Ids<V> {
    pub(super) fn get(&self, id: &str) -> Option<&V> {
        match number(id) {
            Some((word, number)) => self.numbered.get(word)?.get(&number),
            None => self.plain.get(id),
        }
    }

    /// The value under an id, made if there is none.
    pub(super) fn get_or_insert_with(&mut self, id: &Arc<str>, make: impl FnOnce() -> V) -> &mut V {
        let Some((word, number)) = number(id) else {
            return self.plain.entry(Arc::clone(id)).or_insert_with(make);
        };
        if !self.numbered.contains_key(word) {
            self.numbered.insert(word.into(), BTreeMap::new());
        }
        let of_word = self.numbered.get_mut(word).expect("it was put there if it was not");
        of_word.entry(number).or_insert_with(make)
    }

    /// Puts a value in the place of the one that was there.
    pub(super) fn insert(&mut self, id: &Arc<str>, value: V) {
        let mut value = Some(value);
        let place = self.get_or_insert_with(id, || value.take().expect("it is made once"));
        if let Some(value) = value {
            *place = value;
        }
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<V> {
        self.remove_if(id, |_| true)
    }

    /// Takes the value under an id out, if it is to be.
    pub(super) fn remove_if(&mut self, id: &str, is_to: impl FnOnce(&V) -> bool) -> Option<V> {
        let Some((word, number)) = number(id) else {
            return self.plain.get(id).is_some_and(is_to).then(|| self.plain.remove(id))?;
        };
        let of_word = self.numbered.get_mut(word)?;
        let Entry::Occupied(place) = of_word.entry(number) else { return None };
        let removed = is_to(place.get()).then(|| place.remove());
        if of_word.is_empty() {
            self.numbered.remove(word);
        }
        removed
    }

    /// Keeps those that are to be.
    pub(super) fn retain(&mut self, mut is_to: impl FnMut(&mut V) -> bool) {
        self.plain.retain(|_, value| is_to(value));
        self.numbered.retain(|_, of_word| {
            of_word.retain(|_, value| is_to(value));
            !of_word.is_empty()
        });
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        let numbered = self.numbered.values().flat_map(BTreeMap::values);
        self.plain.values().chain(numbered)
    }
}

impl<V> Default for Ids<V> {
    fn default() -> Self {
        Self { plain: HashMap::new(), numbered: BTreeMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_is_taken_apart_only_if_it_is_written_as_numbers_are() {
        assert_eq!(number("teller#17"), Some(("teller", 17)));
        assert_eq!(number("a#b#1"), Some(("a#b", 1)));
        assert_eq!(number("#1"), Some(("", 1)));
        for id in ["teller", "teller#", "teller#0", "teller#01", "teller#+1", "t#1 ", "t#１"] {
            assert_eq!(number(id), None, "{id}");
        }
        assert_eq!(number("t#18446744073709551615"), Some(("t", u64::MAX)));
        assert_eq!(number("t#18446744073709551616"), None);
    }

    proptest! {
        #[test]
        fn it_does_as_a_map_does(
            steps in prop::collection::vec((0..5_u8, "[ab]?#?[01]{0,2}"), 0..60),
        ) {
            let (mut ids, mut model) = (Ids::default(), HashMap::new());
            for (value, (step, id)) in steps.into_iter().enumerate() {
                let id = Arc::<str>::from(id);
                prop_assert_eq!(ids.get(&id), model.get(&id));
                match step {
                    0 => {
                        ids.insert(&id, value);
                        model.insert(id, value);
                    }
                    1 => {
                        let made = *ids.get_or_insert_with(&id, || value);
                        prop_assert_eq!(made, *model.entry(id).or_insert(value));
                    }
                    2 => prop_assert_eq!(ids.remove(&id), model.remove(&id)),
                    3 => {
                        let odd = |value: &usize| value % 2 == 1;
                        let removed = if model.get(&id).is_some_and(odd) {
                            model.remove(&id)
                        } else {
                            None
                        };
                        prop_assert_eq!(ids.remove_if(&id, odd), removed);
                    }
                    _ => {
                        ids.retain(|value| *value % 3 != 0);
                        model.retain(|_, value| *value % 3 != 0);
                    }
                }
            }
            let (mut left, mut there): (Vec<_>, Vec<_>) =
                (ids.values().collect(), model.values().collect());
            left.sort();
            there.sort();
            prop_assert_eq!(left, there);
        }
    }
}
