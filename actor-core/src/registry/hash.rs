//! How names are hashed: fast, since each lookup and each start under a name does it, and by a
//! chance of the registry's own, so that nobody who chooses names from outside can choose ones that
//! collide.
//!
//! Eight bytes at a time are folded into a state that began as a secret: multiplied to 128 bits, of
//! which the halves are combined, so that each bit of what went in reaches all of what comes out.

use std::hash::{BuildHasher, Hasher, RandomState};

/// The secrets of one registry.
pub(crate) struct Hashing {
    first: u64,
    factor: u64,
}

impl Hashing {
    pub(crate) fn new() -> Self {
        let chance = RandomState::new();
        // Odd, so that no bit of what it is multiplied with is lost.
        Self { first: chance.hash_one(0), factor: chance.hash_one(1) | 1 }
    }
}

impl BuildHasher for Hashing {
    type Hasher = Folded;

    fn build_hasher(&self) -> Folded {
        Folded { state: self.first, factor: self.factor }
    }
}

/// See the module.
pub(crate) struct Folded {
    state: u64,
    factor: u64,
}

impl Folded {
    #[inline]
    fn fold(&mut self, word: u64) {
        let product = u128::from(self.state ^ word) * u128::from(self.factor);
        self.state = (product as u64) ^ ((product >> 64) as u64);
    }
}

impl Hasher for Folded {
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        // So `a` is not `a\0`, and the eight bytes below may be partly those before them.
        self.state ^= bytes.len() as u64;
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.fold(u64::from_le_bytes(*word)));
        if let (Some(last), false) = (bytes.last_chunk::<8>(), rest.is_empty()) {
            self.fold(u64::from_le_bytes(*last));
        } else if !rest.is_empty() {
            self.fold(rest.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)));
        }
    }

    /// What a `str` writes at its end; the length above has said it.
    #[inline]
    fn write_u8(&mut self, byte: u8) {
        self.state ^= u64::from(byte);
    }

    #[inline]
    fn finish(&self) -> u64 {
        // Once more: the last byte has reached few bits.
        let product = u128::from(self.state) * u128::from(self.factor.rotate_left(32) | 1);
        (product as u64) ^ ((product >> 64) as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn equal_names_are_equal_and_others_are_not() {
        let hashing = Hashing::new();
        let names = (0..10_000).map(|i| format!("session-{i}"));
        let near = ["", "\0", "a", "a\0", "12345678", "12345678\0", "1234567", "123456789012345"];
        let all: Vec<String> = names.chain(near.map(str::to_owned)).collect();
        let hashes: HashSet<u64> = all.iter().map(|name| hashing.hash_one(name)).collect();
        assert_eq!(hashes.len(), all.len());
        assert_eq!(hashing.hash_one("session-7"), hashing.hash_one(&all[7]));
    }

    #[test]
    fn names_that_differ_little_differ_in_every_bit_of_their_hash() {
        let hashing = Hashing::new();
        let mut ones = [0_u32; 64];
        const NAMES: u32 = 4096;
        for i in 0..NAMES {
            let hash = hashing.hash_one(format!("room-{i}").as_str());
            ones.iter_mut().enumerate().for_each(|(bit, ones)| *ones += (hash >> bit & 1) as u32);
        }
        // Of 4,096 fair coins 64 times fewer than one in a million is outside of this.
        assert!(ones.iter().all(|ones| (1_700..2_400).contains(ones)), "{ones:?}");
    }

    #[test]
    fn registries_have_secrets_of_their_own() {
        assert_ne!(Hashing::new().hash_one("x"), Hashing::new().hash_one("x"));
    }
}
