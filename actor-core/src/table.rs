//! The pid table: which cell a pid's index names, without a lock.
//!
//! A slot is one word. It goes round like this:
//!
//! ```text
//! untouched ──reserve──▶ reserved ──publish──▶ a cell's address
//!                          ▲  │                      │
//!                   reserve│  └───────release────────┤
//!                          │                         ▼
//!                        free, with the next generation      (or, at the last one: retired)
//! ```
//!
//! The rules:
//!
//! - **A key is never given out twice.** An index that comes back has the next generation, and one
//!   at its last generation is retired for ever; retired indices are replaced by fresh ones while
//!   there are any, so that they do not eat into the limit.
//! - **While a slot is in use, the generation is its holder's to know**: the slot holds an address
//!   and has no room for it. `release` brings it back.
//! - **A lookup gives a candidate.** The cell may have another process in it by the time the caller
//!   looks: the caller pins the cell and compares the pid.
//! - Slots are in segments of 64, 128, 256, .. that are made when first needed and never move or go
//!   before the table does. Their memory is zero, which is what an untouched slot is, so a large
//!   segment costs only the pages that were used.
//!
//! Each worker keeps some keys at hand (`keys`) and turns to the table by the batch; at the limit
//! it looks among the others' keys too, so the limit stays what it says.
//!
//! Free slots form a stack through the slots themselves. Its head carries a tag that each push
//! changes: a pop that was delayed while its slot was popped, used and pushed again (the ABA
//! problem) fails on the tag. What a delayed pop reads as "next" may be anything, and is discarded
//! with the failure; reading it is harmless because slots are atomics that stay where they are.

#![allow(unsafe_code, reason = "segments are reached by pointer")]

mod keys;

use std::{
    fmt,
    num::NonZeroU64,
    ptr::{self, NonNull, with_exposed_provenance_mut},
};

use crossbeam_utils::CachePadded;

use crate::sync::{AtomicPtr, AtomicU32, AtomicU64, Counts, Crew, Hands, Ordering, zeroed_words};
use keys::Keys;

/// Bits of an index: 134,217,728 slots.
const INDEX_BITS: u32 = 27;
/// The number of indices there are.
pub(crate) const MAX_SLOTS: u32 = 1 << INDEX_BITS;
/// Bits of a generation.
const GENERATION_BITS: u32 = 25;
/// With fewer keys than this a thread, none is kept at hand.
const MANY: usize = 1 << 14;
// So that at a limit not many are in the wrong hands.
const _: () = assert!(MANY >= 16 * keys::MOST);
/// The first segment has 64 slots.
const FIRST_BITS: u32 = 6;
/// Enough doublings to hold every index, whatever the first segment.
const SEGMENTS: usize = INDEX_BITS as usize + 1;

/// A slot in hand: reserved, or named by a live process. Zero is no address.
const RESERVED: u64 = 0;
/// Marks a free slot. Cells are aligned, so no address has this bit.
const FREE: u64 = 1 << 0;
/// A slot that has used up its generations.
const RETIRED: u64 = 1 << 1;

const LINK_BITS: u32 = INDEX_BITS + 1;
/// An index, plus one; zero is none.
const LINK: u64 = (1 << LINK_BITS) - 1;
const NEXT_SHIFT: u32 = 1;
const GENERATION_SHIFT: u32 = NEXT_SHIFT + LINK_BITS;
/// One push, in the tag above the head's link.
const PUSHED: u64 = 1 << LINK_BITS;

const _: () = assert!(GENERATION_SHIFT + GENERATION_BITS <= u64::BITS);

/// What a pid is made of: a slot's index, below [`MAX_SLOTS`], and which of its lives, from one up
/// and below 2^25. One word, so that it travels in a register.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key(NonZeroU64);

impl Key {
    pub(crate) fn new(index: u32, generation: u32) -> Self {
        let word = u64::from(generation) << u32::BITS | u64::from(index);
        Self(NonZeroU64::new(word).expect("lives are counted from one"))
    }

    pub(crate) fn index(self) -> u32 {
        self.0.get() as u32
    }

    pub(crate) fn generation(self) -> u32 {
        (self.0.get() >> u32::BITS) as u32
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.index(), self.generation())
    }
}

/// The table as the runtime uses it.
pub(crate) type Table = Slots<FIRST_BITS, GENERATION_BITS>;

/// A table whose first segment has `2^FIRST` slots and whose generations have `BITS` bits: tests
/// use small ones.
pub(crate) struct Slots<const FIRST: u32, const BITS: u32> {
    segments: [AtomicPtr<AtomicU64>; SEGMENTS],
    at_hand: Hands<Keys>,
    /// How many keys were ever reserved, and released. Two counts, since each only grows: then a
    /// sum that is read piece by piece is one that there was.
    reserved: Counts,
    released: Counts,
    /// Whether keys are kept at hand: not where the limit is so low that they would matter.
    keeps: bool,
    hot: CachePadded<Hot>,
}

/// What every reserve and release writes, on a line of its own.
struct Hot {
    /// The free stack: a tag that each push changes, above the first free index plus one.
    head: AtomicU64,
    /// Indices from here up have never been given out.
    fresh: AtomicU32,
    /// `fresh` stops here: the limit on live keys, plus the retired indices.
    limit: AtomicU32,
}

impl<const FIRST: u32, const BITS: u32> Slots<FIRST, BITS> {
    const LAST_GENERATION: u32 = (1 << BITS) - 1;

    /// An empty table for at most `max` live keys, and [`MAX_SLOTS`] in any case, of which each of
    /// the crew keeps some at hand, and all others together.
    pub(crate) fn new(max: u32, crew: &Crew) -> Self {
        const { assert!(BITS >= 1 && BITS <= GENERATION_BITS && FIRST < INDEX_BITS) };
        Self {
            segments: std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
            at_hand: Hands::new(crew, Keys::default),
            reserved: Counts::new(crew),
            released: Counts::new(crew),
            keeps: max as usize / MANY > crew.size(),
            hot: CachePadded::new(Hot {
                head: AtomicU64::new(0),
                fresh: AtomicU32::new(0),
                limit: AtomicU32::new(max.min(MAX_SLOTS)),
            }),
        }
    }

    /// A key that nobody has or ever had. `None`: the limit is reached, every index is retired, or
    /// memory is out.
    #[inline]
    pub(crate) fn reserve(&self) -> Option<Key> {
        let own = self.at_hand.with(Keys::take).flatten();
        let key = own.or_else(|| self.reserve_many()).or_else(|| self.raid())?;
        // Relaxed: to a lookup, free and reserved are the same.
        self.slot_of(key).store(RESERVED, Ordering::Relaxed);
        self.reserved.count();
        Some(key)
    }

    /// Fetches keys for a thread; answers one of them.
    #[cold]
    fn reserve_many(&self) -> Option<Key> {
        let count = if self.keeps { keys::BATCH } else { 1 };
        let some = |keys: Vec<Key>| (!keys.is_empty()).then_some(keys);
        let pop = || some(self.pop(count));
        let mut keys = pop().or_else(|| some(self.bump(count))).or_else(pop)?;
        let key = keys.pop();
        if !keys.is_empty() {
            self.at_hand.with(|own| own.keep(&mut keys));
            self.push(&keys);
        }
        key
    }

    /// The limit is reached, but for what others have at hand.
    #[cold]
    fn raid(&self) -> Option<Key> {
        self.at_hand.visit(Keys::take)
    }

    /// Lets lookups find the cell, which the caller has made ready. The key is reserved, and the
    /// cell's address is a multiple of four.
    pub(crate) fn publish(&self, key: Key, cell: NonNull<()>) {
        let address = cell.as_ptr().expose_provenance() as u64;
        debug_assert!(address & (FREE | RETIRED) == 0, "a cell at {address:#x} is not aligned");
        let slot = self.slot_of(key);
        // Release: pairs with `lookup`: who finds the cell sees it made.
        slot.store(address, Ordering::Release);
    }

    /// The cell that the index names now, if any. The caller pins it and compares the pid.
    pub(crate) fn lookup(&self, index: u32) -> Option<NonNull<()>> {
        // Acquire: pairs with `publish`.
        let word = self.slot(index)?.load(Ordering::Acquire);
        if word & (FREE | RETIRED) != 0 {
            return None;
        }
        NonNull::new(with_exposed_provenance_mut(word as usize))
    }

    /// Ends a key's life. The next key of the index has the next generation; after the last
    /// generation there is none. The key came from `reserve`, and is released once.
    #[inline]
    pub(crate) fn release(&self, key: Key) {
        let slot = self.slot_of(key);
        debug_assert!(slot.load(Ordering::Relaxed) & (FREE | RETIRED) == 0, "released twice");
        if key.generation() >= Self::LAST_GENERATION {
            // Relaxed: a lookup may as well see the cell for a moment longer.
            slot.store(RETIRED, Ordering::Relaxed);
            self.hot.limit.fetch_add(1, Ordering::Relaxed);
        } else {
            self.put_back(Key::new(key.index(), key.generation() + 1));
        }
        // Last of all: who counts it no more finds the room that it has left.
        self.released.count();
    }

    #[inline]
    fn put_back(&self, key: Key) {
        if !self.keeps {
            return self.push(&[key]);
        }
        // Relaxed: a lookup may as well see the cell for a moment longer.
        self.slot_of(key).store(FREE, Ordering::Relaxed);
        match self.at_hand.with(|own| own.put(key)) {
            Some(None) => {}
            Some(Some(keys)) => self.push(&keys),
            None => self.push(&[key]),
        }
    }

    /// Puts keys, each with its next generation, on the free stack.
    fn push(&self, keys: &[Key]) {
        let [first, ..] = keys else { return };
        // Relaxed: a failed exchange hands back a newer head, and nothing is read through it.
        let mut head = self.hot.head.load(Ordering::Relaxed);
        loop {
            // Each slot names the one below it: the next key's, the last one what is there now.
            let below = keys[1..].iter().map(|key| u64::from(key.index() + 1));
            for (key, next) in keys.iter().zip(below.chain([head & LINK])) {
                let free = FREE | u64::from(key.generation()) << GENERATION_SHIFT;
                // Relaxed: the exchange below publishes it.
                self.slot_of(*key).store(free | next << NEXT_SHIFT, Ordering::Relaxed);
            }
            let top = (head & !LINK).wrapping_add(PUSHED) | u64::from(first.index() + 1);
            // Release: pairs with the Acquire in `pop`, which reads the slots.
            match self.hot.head.compare_exchange_weak(
                head,
                top,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }

    /// How many keys are reserved: exact when nobody reserves or releases, else never fewer than
    /// there were at one instant of the call. So none is none: what was released was read before
    /// that instant, what was reserved after it.
    pub(crate) fn len(&self) -> usize {
        let released = self.released.sum();
        self.reserved.sum().wrapping_sub(released)
    }

    /// Calls `each` with the index and the cell of every published slot: candidates, as from
    /// `lookup`. A slot that is published or released meanwhile may be seen or not.
    pub(crate) fn for_each(&self, mut each: impl FnMut(u32, NonNull<()>)) {
        // Acquire: with the exchange in `bump`; lookups would do without.
        for index in 0..self.hot.fresh.load(Ordering::Acquire) {
            if let Some(cell) = self.lookup(index) {
                each(index, cell);
            }
        }
    }

    /// Takes up to so many free slots off the stack.
    fn pop(&self, count: usize) -> Vec<Key> {
        // Acquire: pairs with the push of the slots that are read through it. All changes of the
        // head are read-modify-writes, so that holds for slots deeper in the stack too.
        let mut head = self.hot.head.load(Ordering::Acquire);
        let mut keys = Vec::new();
        loop {
            keys.clear();
            let mut next = head & LINK;
            if next == 0 {
                return keys;
            }
            // Room for as many again: a thread goes on with it as its own.
            keys.reserve(2 * count);
            while keys.len() < count
                && let Some(index) = u32::try_from(next).ok().and_then(|link| link.checked_sub(1))
                && let Some(slot) = self.slot(index)
            {
                // May be of another life by now: then the exchange fails on the tag.
                let word = slot.load(Ordering::Relaxed);
                // What is not free has none; such a key goes with the failure.
                keys.push(Key::new(index, ((word >> GENERATION_SHIFT) as u32).max(1)));
                next = word >> NEXT_SHIFT & LINK;
            }
            if keys.is_empty() {
                return keys;
            }
            match self.hot.head.compare_exchange_weak(
                head,
                head & !LINK | next,
                Ordering::Acquire,
                Ordering::Acquire,
            ) {
                Ok(_) => return keys,
                Err(now) => head = now,
            }
        }
    }

    /// Gives out up to so many indices for the first time; the last of the answer is the lowest.
    fn bump(&self, count: usize) -> Vec<Key> {
        let mut index = self.hot.fresh.load(Ordering::Relaxed);
        loop {
            let limit = self.hot.limit.load(Ordering::Relaxed).min(MAX_SLOTS);
            let end = limit.min(index.saturating_add(count as u32));
            // Before the exchange: an index must not be given out without memory.
            let made = |index: &u32| self.make_segment(Self::place(*index).0).is_some();
            let end = (index..end).take_while(made).last().map_or(index, |last| last + 1);
            if end == index {
                return Vec::new();
            }
            // Release: pairs with `for_each`.
            match self.hot.fresh.compare_exchange_weak(
                index,
                end,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => {
                    return (index..end).rev().map(|index| Key::new(index, 1)).collect();
                }
                Err(now) => index = now,
            }
        }
    }

    /// Makes a segment unless it is there. `None`: memory is out.
    fn make_segment(&self, number: usize) -> Option<()> {
        let segment = self.segments.get(number)?;
        if !segment.load(Ordering::Relaxed).is_null() {
            return Some(());
        }
        let words = Box::into_raw(zeroed_words(Self::segment_len(number))?);
        // Release: pairs with `slot`. Relaxed on failure: the loser reads nothing through it.
        let made = segment.compare_exchange(
            ptr::null_mut(),
            words.cast::<AtomicU64>(),
            Ordering::Release,
            Ordering::Relaxed,
        );
        if made.is_err() {
            // SAFETY: the box from above, which lost the race and was seen by nobody.
            drop(unsafe { Box::from_raw(words) });
        }
        Some(())
    }

    fn segment_len(number: usize) -> usize {
        1 << (FIRST as usize + number)
    }

    /// Which segment an index is in, and where.
    fn place(index: u32) -> (usize, usize) {
        let number = ((index >> FIRST) + 1).ilog2() as usize;
        let before = Self::segment_len(number) - Self::segment_len(0);
        (number, index as usize - before)
    }

    fn slot(&self, index: u32) -> Option<&AtomicU64> {
        if index >= MAX_SLOTS {
            return None;
        }
        let (number, offset) = Self::place(index);
        // Acquire: pairs with `make_segment`.
        let segment = NonNull::new(self.segments.get(number)?.load(Ordering::Acquire))?;
        // SAFETY: the segment has `segment_len(number)` slots, and `place` stays below that.
        let slot = unsafe { segment.add(offset) };
        // SAFETY: a segment lives as long as the table, and its slots are only touched as atomics.
        Some(unsafe { slot.as_ref() })
    }

    /// The slot of a key that `reserve` gave.
    fn slot_of(&self, key: Key) -> &AtomicU64 {
        self.slot(key.index()).expect("a key of this table")
    }
}

impl<const FIRST: u32, const BITS: u32> Drop for Slots<FIRST, BITS> {
    fn drop(&mut self) {
        for (number, segment) in self.segments.iter().enumerate() {
            // Relaxed: dropping has the table to itself.
            let first = segment.load(Ordering::Relaxed);
            if !first.is_null() {
                let words = ptr::slice_from_raw_parts_mut(first, Self::segment_len(number));
                // SAFETY: the box that `make_segment` let go, with its length.
                drop(unsafe { Box::from_raw(words) });
            }
        }
    }
}

#[cfg(all(test, loom))]
mod model_tests;
#[cfg(all(test, not(loom)))]
mod tests;
