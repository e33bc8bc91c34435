//! A hierarchical timer wheel: what is due next, among very many deadlines. Pure: it has no clock,
//! takes the time as an argument, and calls nobody.
//!
//! Time is in nanoseconds, in slots of a *tick*, one millisecond. Level 0 has 64 slots of one tick,
//! level 1 has 64 of 64 ticks, and so on: [`LEVELS`] levels hold every deadline a `u64` can name.
//! An entry sits at the level of the highest six-bit digit in which its tick differs from the
//! wheel's, in the slot that this digit names. From that follow the invariants:
//!
//! - (a) All entries of a level are due before those of the levels above it, and within a level
//!   those of a lower slot before those of a higher one. So the earliest entry is in the first
//!   slot in use of the lowest level in use, which two bit scans find.
//! - (b) The wheel's tick never passes the start of a slot in use without *entering* it: then the
//!   slot's entries move down, or, at level 0, are fired. A jump over unused slots changes no
//!   entry's place.
//! - (c) An entry in use knows its slot and its position there, and the item at that position knows
//!   the entry.
//!
//! A slot is an array of items, deadline and entry, and what is armed stands elsewhere and is never
//! moved: a million timers are more than caches hold, so to go through a slot must not mean to wait
//! for one entry after the other. Memory for many is given back when there are none.
//!
//! A tick's slot is sorted when it is fired, by exact deadline, so firing is never early, never a
//! tick late, and in order of deadline, then of insertion. An insert, a cancel and a look at the
//! next deadline take constant time; an entry moves down at most once a level.
//!
//! An entry whose deadline has passed already goes into the current tick's slot and is fired by the
//! next advance.

use std::num::NonZeroU32;

/// The length of a level-0 slot.
const TICK: u64 = 1_000_000;
/// Bits of a level: 64 slots each.
const DIGIT: u32 = 6;
const SLOTS: usize = 1 << DIGIT;
/// 2^64 ns are less than 2^45 ticks, which are eight digits.
const LEVELS: usize = 8;
const NONE: u32 = u32::MAX;
/// Entries are allocated in chunks of so many, so that they stay where they are.
const CHUNK: usize = 1 << 10;
/// How many chunks an empty wheel keeps.
const CHUNKS_KEPT: usize = 2;
/// How large an array an empty slot keeps.
const ITEMS_KEPT: usize = 32;

const _: () = assert!(u64::MAX / TICK < 1 << (LEVELS as u32 * DIGIT));

/// Names an entry, until it has fired or was cancelled; from then on it names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TimerKey {
    index: u32,
    /// Not zero, so that an optional key takes no more room. It wraps after 2^32 - 1 timers: a key
    /// must not be kept that long.
    generation: NonZeroU32,
}

impl TimerKey {
    /// The key with these [`parts`](Self::parts).
    pub(crate) fn new(index: u32, generation: NonZeroU32) -> Self {
        Self { index, generation }
    }

    /// What it consists of.
    pub(crate) fn parts(self) -> (u32, NonZeroU32) {
        (self.index, self.generation)
    }
}

/// The wheel.
#[derive(Debug)]
pub(crate) struct Wheel<T> {
    /// Where the wheel stands.
    tick: u64,
    /// All levels' slots.
    slots: Box<[Slot]>,
    /// Which slots of a level are in use.
    used: [u64; LEVELS],
    /// All full but the last.
    chunks: Vec<Vec<Entry<T>>>,
    /// The first free entry; they hang together by `position`.
    free: u32,
    /// The last entry's generation: entries are numbered as they are inserted.
    generation: NonZeroU32,
    len: usize,
    /// What is due in the slot at hand. Kept for its memory.
    due: Vec<Item>,
}

#[derive(Debug)]
struct Slot {
    items: Vec<Item>,
    /// No item here is due before. Exact unless the earliest was cancelled.
    earliest: u64,
}

/// Ordered by deadline, then by insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    deadline: u64,
    generation: NonZeroU32,
    index: u32,
}

#[derive(Debug)]
struct Entry<T> {
    /// Nothing: the entry is free.
    value: Option<T>,
    generation: NonZeroU32,
    position: u32,
    slot: u16,
}

const EMPTY: Slot = Slot { items: Vec::new(), earliest: u64::MAX };

impl<T> Wheel<T> {
    /// An empty wheel that stands at `now`.
    pub(crate) fn new(now: u64) -> Self {
        Self {
            tick: now / TICK,
            slots: (0..LEVELS * SLOTS).map(|_| EMPTY).collect(),
            used: [0; LEVELS],
            chunks: Vec::new(),
            free: NONE,
            generation: NonZeroU32::MAX,
            len: 0,
            due: Vec::new(),
        }
    }

    /// How many timers are pending.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Adds a timer. There may be 2^32 - 1 at once; a process has run out of memory before.
    pub(crate) fn insert(&mut self, deadline: u64, value: T) -> TimerKey {
        let generation = self.generation.checked_add(1).unwrap_or(NonZeroU32::MIN);
        self.generation = generation;
        let entry = Entry { value: Some(value), generation, position: 0, slot: 0 };
        let index = if self.free == NONE {
            self.add_entry(entry)
        } else {
            let index = self.free;
            let freed = std::mem::replace(self.entry_mut(index), entry);
            self.free = freed.position;
            index
        };
        self.len += 1;
        self.place(Item { deadline, generation, index });
        TimerKey { index, generation }
    }

    #[cold]
    fn add_entry(&mut self, entry: Entry<T>) -> u32 {
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        let before = (self.chunks.len() - 1) * CHUNK;
        let last = self.chunks.last_mut().expect("a chunk with room");
        let index = before + last.len();
        assert!(index < NONE as usize, "2^32 - 1 timers on one wheel");
        last.push(entry);
        index as u32
    }

    fn entry(&self, index: u32) -> Option<&Entry<T>> {
        self.chunks.get(index as usize / CHUNK)?.get(index as usize % CHUNK)
    }

    fn entry_mut(&mut self, index: u32) -> &mut Entry<T> {
        &mut self.chunks[index as usize / CHUNK][index as usize % CHUNK]
    }

    /// Takes a timer out before it fires. `None`: it has fired, or was cancelled.
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<T> {
        self.is_armed(key).then(|| self.remove(key.index))
    }

    /// What is armed at a place, whatever its generation.
    pub(crate) fn at(&self, index: u32) -> Option<&T> {
        self.entry(index)?.value.as_ref()
    }

    /// Takes out what is armed at a place, if it is what `wanted` says.
    pub(crate) fn cancel_at(&mut self, index: u32, wanted: impl FnOnce(&T) -> bool) -> Option<T> {
        self.at(index).is_some_and(wanted).then(|| self.remove(index))
    }

    /// When a timer is due; `None`: it has fired, or was cancelled.
    pub(crate) fn deadline(&self, key: TimerKey) -> Option<u64> {
        let entry = self.entry(key.index).filter(|_| self.is_armed(key))?;
        Some(self.slots[usize::from(entry.slot)].items[entry.position as usize].deadline)
    }

    /// Whether the timer has neither fired nor been cancelled.
    pub(crate) fn is_armed(&self, key: TimerKey) -> bool {
        let armed = |entry: &Entry<T>| entry.generation == key.generation && entry.value.is_some();
        self.entry(key.index).is_some_and(armed)
    }

    /// The last nanosecond of the tick in which a time lies.
    pub(crate) const fn end_of_tick(time: u64) -> u64 {
        (time - time % TICK).saturating_add(TICK - 1)
    }

    /// A time before which no timer is due, and the very deadline of the first unless an earlier
    /// one was cancelled since. After an advance it is later than that advance's `now`, so waiting
    /// for it and advancing again always gets further. `None`: there is no timer.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        let slot = self.first()?;
        Some(self.slots[slot].earliest)
    }

    /// Appends every timer with a deadline up to `now` to `fired`, with the deadline, in order of
    /// deadline, then of insertion. A `now` before an earlier one is allowed; the wheel does not
    /// turn back.
    pub(crate) fn advance(&mut self, now: u64, fired: &mut Vec<(u64, T)>) {
        let target = self.tick.max(now / TICK);
        while let Some(slot) = self.first() {
            let start = self.start(slot);
            if start > target {
                break;
            }
            self.tick = start;
            if slot >= SLOTS {
                self.descend(slot);
            } else if !self.fire_due(slot, now, fired) {
                break;
            }
        }
        self.tick = target;
        if self.len == 0 && self.chunks.len() > CHUNKS_KEPT {
            (self.chunks, self.due, self.free) = (Vec::new(), Vec::new(), NONE);
        }
    }

    /// Fires what is due of a level-0 slot. False: something is left, so nothing later is due.
    fn fire_due(&mut self, slot: usize, now: u64, fired: &mut Vec<(u64, T)>) -> bool {
        let mut due = std::mem::take(&mut self.due);
        let mut items = std::mem::take(&mut self.slots[slot].items);
        let (mut kept, mut earliest) = (0, u64::MAX);
        for at in 0..items.len() {
            let item = items[at];
            if item.deadline <= now {
                due.push(item);
                continue;
            }
            earliest = earliest.min(item.deadline);
            if kept != at {
                items[kept] = item;
                self.entry_mut(item.index).position = kept as u32;
            }
            kept += 1;
        }
        items.truncate(kept);
        // What was cancelled is forgotten here: the bound is exact again.
        self.put_back(slot, items, earliest);
        if !due.is_sorted() {
            due.sort_unstable();
        }
        fired.reserve(due.len());
        for item in due.drain(..) {
            fired.push((item.deadline, self.release(item.index)));
        }
        self.due = due;
        kept == 0
    }

    /// Moves the entries of a slot that was entered to the levels below.
    fn descend(&mut self, slot: usize) {
        let mut items = std::mem::take(&mut self.slots[slot].items);
        // Gone from here before any is placed: none comes back, they differ from the wheel's tick
        // in a lower digit now.
        self.put_back(slot, Vec::new(), u64::MAX);
        items.iter().for_each(|item| self.place(*item));
        items.clear();
        self.put_back(slot, items, u64::MAX);
    }

    /// Gives a slot its items, perhaps none.
    fn put_back(&mut self, slot: usize, items: Vec<Item>, earliest: u64) {
        let bit = 1 << (slot % SLOTS);
        if items.is_empty() {
            self.used[slot / SLOTS] &= !bit;
        }
        let keeps = !items.is_empty() || items.capacity() <= ITEMS_KEPT;
        self.slots[slot] = Slot { items: if keeps { items } else { Vec::new() }, earliest };
    }

    /// The slot that holds the earliest entry.
    fn first(&self) -> Option<usize> {
        let level = self.used.iter().position(|&used| used != 0)?;
        Some(level * SLOTS + self.used[level].trailing_zeros() as usize)
    }

    /// The first tick of a slot in use.
    fn start(&self, slot: usize) -> u64 {
        let shift = (slot / SLOTS) as u32 * DIGIT;
        // All digits above are the wheel's own.
        let above = self.tick >> (shift + DIGIT) << (shift + DIGIT);
        above | ((slot % SLOTS) as u64) << shift
    }

    /// Puts an entry's item into the slot for its deadline, as the wheel stands now.
    fn place(&mut self, item: Item) {
        let tick = (item.deadline / TICK).max(self.tick);
        let differ = (tick ^ self.tick) | (SLOTS as u64 - 1);
        let level = (differ.ilog2() / DIGIT) as usize;
        let digit = (tick >> (level as u32 * DIGIT)) as usize % SLOTS;
        self.used[level] |= 1 << digit;
        let place = level * SLOTS + digit;
        let slot = &mut self.slots[place];
        slot.earliest = slot.earliest.min(item.deadline);
        let position = slot.items.len() as u32;
        slot.items.push(item);
        let entry = self.entry_mut(item.index);
        (entry.position, entry.slot) = (position, place as u16);
    }

    /// Takes an entry in use out of its slot and frees it.
    fn remove(&mut self, index: u32) -> T {
        let entry = self.entry_mut(index);
        let (place, position) = (usize::from(entry.slot), entry.position);
        let items = &mut self.slots[place].items;
        items.swap_remove(position as usize);
        if items.is_empty() {
            let items = std::mem::take(items);
            self.put_back(place, items, u64::MAX);
        } else if let Some(moved) = items.get(position as usize).map(|item| item.index) {
            self.entry_mut(moved).position = position;
        }
        self.release(index)
    }

    /// Frees an entry that is in no slot.
    fn release(&mut self, index: u32) -> T {
        let free = std::mem::replace(&mut self.free, index);
        self.len -= 1;
        let entry = self.entry_mut(index);
        entry.position = free;
        entry.value.take().expect("an entry in use")
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
