//! One child in several copies, found by a key: who has the key has always the same copy.
//!
//! A number goes to the copy of its remainder, as in Elixir's `PartitionSupervisor`; anything else
//! is hashed. What is a number, its `Hash` says: a key that hashes as one integer and nothing else,
//! so a type around an id is one as well. The same keys meet in the same copy on every machine and
//! in every run of a program.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    ops::Deref,
};

/// Refs to all copies of a partitioned child
/// ([`ChildSpec::partitions`](super::ChildSpec::partitions)), at least one, in the order of their
/// numbers.
///
/// ```
/// use actor_core::supervisor::Partitions;
/// let partitions = Partitions::new(vec!["zero", "one", "two"]).expect("there are some");
/// assert_eq!(*partitions.of(&7), "one");
/// assert_eq!(*partitions.of(&-7), "one");
/// assert_eq!(partitions.of("Ann"), partitions.of(&String::from("Ann")));
/// assert_eq!(partitions.len(), 3);
/// ```
#[derive(Clone)]
pub struct Partitions<R>(Vec<R>);

impl<R> Partitions<R> {
    /// These copies; `None` if there are none. The [type's example](Self) uses it.
    pub fn new(copies: Vec<R>) -> Option<Self> {
        (!copies.is_empty()).then_some(Self(copies))
    }

    /// The copy that has this key. The [type's example](Self) uses it.
    pub fn of<K: Hash + ?Sized>(&self, key: &K) -> &R {
        &self.0[partition(key, self.0.len())]
    }
}

impl<R> Deref for Partitions<R> {
    type Target = [R];

    fn deref(&self) -> &[R] {
        &self.0
    }
}

impl<R: fmt::Debug> fmt::Debug for Partitions<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

/// Which of so many copies has this key; 0 if there are none.
pub(super) fn partition<K: Hash + ?Sized>(key: &K, copies: usize) -> usize {
    let mut hasher = KeyHasher { number: None, began: false, hash: DefaultHasher::new() };
    key.hash(&mut hasher);
    let number = hasher.number.unwrap_or_else(|| u128::from(hasher.hash.finish()));
    let rest = number.checked_rem(copies as u128).unwrap_or(0);
    usize::try_from(rest).unwrap_or(0)
}

/// Hashes, and remembers a number if that is all there is.
struct KeyHasher {
    number: Option<u128>,
    began: bool,
    hash: DefaultHasher,
}

impl KeyHasher {
    fn integer(&mut self, without_sign: u128) {
        let alone = !self.began;
        self.write(&without_sign.to_le_bytes());
        self.number = alone.then_some(without_sign);
    }
}

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        (self.number, self.began) = (None, true);
        self.hash.write(bytes);
    }

    fn finish(&self) -> u64 {
        self.hash.finish()
    }

    fn write_u8(&mut self, number: u8) {
        self.integer(number.into());
    }

    fn write_u16(&mut self, number: u16) {
        self.integer(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.integer(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.integer(number.into());
    }

    fn write_u128(&mut self, number: u128) {
        self.integer(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.integer(number as u128);
    }

    fn write_i8(&mut self, number: i8) {
        self.integer(number.unsigned_abs().into());
    }

    fn write_i16(&mut self, number: i16) {
        self.integer(number.unsigned_abs().into());
    }

    fn write_i32(&mut self, number: i32) {
        self.integer(number.unsigned_abs().into());
    }

    fn write_i64(&mut self, number: i64) {
        self.integer(number.unsigned_abs().into());
    }

    fn write_i128(&mut self, number: i128) {
        self.integer(number.unsigned_abs());
    }

    fn write_isize(&mut self, number: isize) {
        self.integer(number.unsigned_abs() as u128);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Hash)]
    struct Id(u64);

    #[test]
    fn a_number_goes_by_its_remainder_whatever_its_type_and_sign() {
        for copies in 1..20usize {
            for number in 0..100u8 {
                let expected = usize::from(number) % copies;
                assert_eq!(partition(&number, copies), expected);
                assert_eq!(partition(&-i64::from(number), copies), expected);
                assert_eq!(partition(&i128::from(number), copies), expected);
                assert_eq!(partition(&usize::from(number), copies), expected);
                assert_eq!(partition(&Id(number.into()), copies), expected);
            }
        }
        assert_eq!(partition(&i8::MIN, 100), 28);
        assert_eq!(partition(&7, 0), 0);
    }

    #[test]
    fn anything_else_is_spread_by_its_hash() {
        let mut hit = [0; 8];
        for number in 0..800u32 {
            hit[partition(&format!("account {number}"), 8)] += 1;
            let pair = partition(&(number, 1u8), 8);
            assert!(pair < 8);
        }
        assert!(hit.iter().all(|hits| (50..150).contains(hits)), "{hit:?}");
        assert_ne!(partition("a", 1 << 20), partition("b", 1 << 20));
        assert_eq!(partition("a", 8), partition(&String::from("a"), 8));
    }
}
