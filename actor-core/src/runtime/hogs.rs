//! Which types of processes are sent to the pool straight away, because they were stuck before.
//!
//! A small table of types, each with a score: a rescue raises it, and so does a turn in the pool
//! that lasts; a short turn there lowers it. From [`KNOWN`] on the type goes to the pool, until its
//! score is zero. So a type that is slow now and then comes back to the workers after some short
//! turns, and one that always is stays away, and costs them nothing.
//!
//! A type is named by the address of its table of functions, which may differ between parts of a
//! program: then it is learned twice. Two types that meet in one place of this table share the
//! place: the later one takes it over when the earlier is forgotten. All is done by relaxed
//! operations: a lost update is a lesson that is learned a little later.

use std::time::Duration;

use crate::{
    limits,
    sync::{AtomicU32, AtomicUsize, Ordering},
};

/// Types that can be known at a time.
const PLACES: usize = 64;
/// What a rescue is worth.
const RESCUE: u32 = 3;
/// The score from which on a type is known: two rescues.
const KNOWN: u32 = 2 * RESCUE;
/// The most that it can be.
const MOST: u32 = 4 * KNOWN;
/// The bit that stays while the type is known.
const AWAY: u32 = 1 << 16;

#[derive(Default)]
struct Place {
    /// The type's name.
    key: AtomicUsize,
    /// Its score, and [`AWAY`].
    score: AtomicU32,
}

/// See the module.
pub(super) struct Hogs {
    /// How many are known: with none, nothing else is looked at.
    known: AtomicUsize,
    places: Box<[Place]>,
}

impl Hogs {
    pub(super) fn new() -> Self {
        Self { known: AtomicUsize::new(0), places: (0..PLACES).map(|_| Place::default()).collect() }
    }

    /// Whether the type goes to the pool.
    #[inline]
    pub(super) fn is_known(&self, key: impl FnOnce() -> usize) -> bool {
        self.known.load(Ordering::Relaxed) != 0 && self.find(key())
    }

    #[cold]
    fn find(&self, key: usize) -> bool {
        let place = self.place(key);
        place.key.load(Ordering::Relaxed) == key && place.score.load(Ordering::Relaxed) & AWAY != 0
    }

    /// A turn of the type was rescued.
    pub(super) fn rescued(&self, key: usize) {
        let place = self.place(key);
        if place.score.load(Ordering::Relaxed) == 0 {
            place.key.store(key, Ordering::Relaxed);
        }
        self.change(key, |score| (score + RESCUE).min(MOST));
    }

    /// A turn of the type ran in the pool, so long. It may have been there for its message's sake.
    pub(super) fn ran(&self, key: usize, time: Duration) {
        if !self.is_known(|| key) {
            return;
        }
        if time >= limits::STUCK {
            self.change(key, |score| (score + 1).min(MOST));
        } else if time < limits::STUCK / 4 {
            self.change(key, |score| score.saturating_sub(1));
        }
    }

    fn change(&self, key: usize, change: impl Fn(u32) -> u32) {
        let place = self.place(key);
        if place.key.load(Ordering::Relaxed) != key {
            return;
        }
        let next = |word: u32| {
            let score = change(word & !AWAY);
            let away = score >= KNOWN || word & AWAY != 0 && score > 0;
            Some(score | if away { AWAY } else { 0 })
        };
        // Cannot fail: `next` always has an answer.
        let relaxed = Ordering::Relaxed;
        let Ok(before) = place.score.fetch_update(relaxed, relaxed, next) else { return };
        let after = next(before).unwrap_or(before);
        if after & AWAY > before & AWAY {
            self.known.fetch_add(1, relaxed);
        } else if after & AWAY < before & AWAY {
            self.known.fetch_sub(1, relaxed);
        }
    }

    fn place(&self, key: usize) -> &Place {
        // Addresses are aligned, and tables of types of one program lie side by side.
        &self.places[(key >> 3).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (usize::BITS - 6)]
    }
}

const _: () = assert!(PLACES == 1 << 6 && MOST < AWAY);

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_micros(1);

    #[test]
    fn a_type_is_known_after_two_rescues_and_forgotten_after_short_turns() {
        let hogs = Hogs::new();
        hogs.rescued(8);
        assert!(!hogs.is_known(|| 8));
        hogs.rescued(8);
        assert!(hogs.is_known(|| 8) && !hogs.is_known(|| 16));
        for _ in 0..KNOWN - 1 {
            hogs.ran(8, SHORT);
            assert!(hogs.is_known(|| 8), "not at once");
        }
        hogs.ran(8, SHORT);
        assert!(!hogs.is_known(|| 8));
        assert_eq!(hogs.known.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_type_whose_turns_last_stays_known() {
        let hogs = Hogs::new();
        hogs.rescued(8);
        (0..1000).for_each(|_| hogs.ran(8, limits::STUCK));
        assert!(!hogs.is_known(|| 8), "messages that block make no hog");
        hogs.ran(8, SHORT);
        hogs.rescued(8);
        (0..1000).for_each(|_| hogs.ran(8, limits::STUCK));
        (0..KNOWN).for_each(|_| hogs.ran(8, SHORT));
        assert!(hogs.is_known(|| 8));
    }

    #[test]
    fn a_place_is_its_first_types_until_that_is_forgotten() {
        let hogs = Hogs::new();
        let there = |key: usize| std::ptr::eq(hogs.place(key), hogs.place(8));
        let other = (2..).map(|n| n * 8).find(|key| there(*key)).expect("64 places");
        (0..2).for_each(|_| hogs.rescued(8));
        (0..9).for_each(|_| hogs.rescued(other));
        assert!(hogs.is_known(|| 8) && !hogs.is_known(|| other));
        (0..KNOWN).for_each(|_| hogs.ran(8, SHORT));
        (0..2).for_each(|_| hogs.rescued(other));
        assert!(!hogs.is_known(|| 8) && hogs.is_known(|| other));
    }
}
