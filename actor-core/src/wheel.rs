//! A hierarchical timer wheel: what is due next, among very many deadlines. Pure: it has no clock,
//! takes the time as an argument, and calls nobody but the closure it is given.
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
//! - (c) Entries of one slot are in the order in which they were inserted. (Entries that moved down
//!   came before any that were inserted there: as long as the upper slot was not entered, nothing
//!   of its range could be inserted below.)
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

const _: () = assert!(u64::MAX / TICK < 1 << (LEVELS as u32 * DIGIT));

/// Names an entry, until it has fired or was cancelled; from then on it names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TimerKey {
    index: u32,
    /// Not zero, so that an optional key takes no more room. It wraps after 2^32 - 1 timers that
    /// used one index: a key must not be kept that long.
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
    slots: Box<[[Slot; SLOTS]; LEVELS]>,
    /// Which slots of a level are in use.
    used: [u64; LEVELS],
    entries: Vec<Entry<T>>,
    /// The first free entry; they hang together by `next`.
    free: u32,
    len: usize,
    /// What is due in the slot at hand: deadline, position, entry. Kept for its memory.
    due: Vec<(u64, u32, u32)>,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    head: u32,
    tail: u32,
    /// No entry here is due before. Exact unless the earliest was cancelled.
    earliest: u64,
}

#[derive(Debug)]
struct Entry<T> {
    deadline: u64,
    prev: u32,
    next: u32,
    level: u8,
    slot: u8,
    generation: NonZeroU32,
    /// Nothing: the entry is free.
    value: Option<T>,
}

const EMPTY: Slot = Slot { head: NONE, tail: NONE, earliest: u64::MAX };

impl<T> Wheel<T> {
    /// An empty wheel that stands at `now`.
    pub(crate) fn new(now: u64) -> Self {
        Self {
            tick: now / TICK,
            slots: Box::new([[EMPTY; SLOTS]; LEVELS]),
            used: [0; LEVELS],
            entries: Vec::new(),
            free: NONE,
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
        let index = if self.free == NONE {
            assert!(self.entries.len() < NONE as usize, "2^32 - 1 timers on one wheel");
            self.entries.push(Entry {
                deadline,
                prev: NONE,
                next: NONE,
                level: 0,
                slot: 0,
                generation: NonZeroU32::MIN,
                value: Some(value),
            });
            (self.entries.len() - 1) as u32
        } else {
            let index = self.free;
            let entry = &mut self.entries[index as usize];
            self.free = entry.next;
            entry.deadline = deadline;
            entry.value = Some(value);
            index
        };
        self.len += 1;
        self.link(index);
        TimerKey { index, generation: self.entries[index as usize].generation }
    }

    /// Takes a timer out before it fires. `None`: it has fired, or was cancelled.
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<T> {
        let entry = self.entries.get(key.index as usize)?;
        if entry.generation != key.generation || entry.value.is_none() {
            return None;
        }
        Some(self.remove(key.index))
    }

    /// A time before which no timer is due, and the very deadline of the first unless an earlier
    /// one was cancelled since. After an advance it is later than that advance's `now`, so waiting
    /// for it and advancing again always gets further. `None`: there is no timer.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        let (level, slot) = self.first()?;
        Some(self.slots[level][slot].earliest)
    }

    /// Fires every timer with a deadline up to `now`, in order of deadline, then of insertion. A
    /// `now` before an earlier one is allowed; the wheel does not turn back.
    pub(crate) fn advance(&mut self, now: u64, mut fire: impl FnMut(u64, T)) {
        let target = self.tick.max(now / TICK);
        while let Some((level, slot)) = self.first() {
            let start = self.start(level, slot);
            if start > target {
                break;
            }
            self.tick = start;
            if level > 0 {
                self.descend(level, slot);
            } else if !self.fire_due(slot, now, &mut fire) {
                break;
            }
        }
        self.tick = target;
    }

    /// Fires what is due of a level-0 slot. False: something is left, so nothing later is due.
    fn fire_due(&mut self, slot: usize, now: u64, fire: &mut impl FnMut(u64, T)) -> bool {
        let mut due = std::mem::take(&mut self.due);
        let mut left = u64::MAX;
        let mut next = self.slots[0][slot].head;
        while next != NONE {
            let entry = &self.entries[next as usize];
            if entry.deadline <= now {
                due.push((entry.deadline, due.len() as u32, next));
            } else {
                left = left.min(entry.deadline);
            }
            next = entry.next;
        }
        due.sort_unstable();
        // What was cancelled is forgotten here: the bound is exact again.
        self.slots[0][slot].earliest = left;
        // One by one, so that a panic in the closure loses no timer but its own.
        for &(deadline, _, index) in &due {
            let value = self.remove(index);
            fire(deadline, value);
        }
        due.clear();
        self.due = due;
        left == u64::MAX && self.slots[0][slot].head == NONE
    }

    /// Moves the entries of a slot that was entered to the levels below.
    fn descend(&mut self, level: usize, slot: usize) {
        let mut next = std::mem::replace(&mut self.slots[level][slot], EMPTY).head;
        self.used[level] &= !(1 << slot);
        while next != NONE {
            let index = next;
            next = self.entries[index as usize].next;
            self.link(index);
        }
    }

    /// The slot that holds the earliest entry.
    fn first(&self) -> Option<(usize, usize)> {
        let level = self.used.iter().position(|&used| used != 0)?;
        Some((level, self.used[level].trailing_zeros() as usize))
    }

    /// The first tick of a slot in use.
    fn start(&self, level: usize, slot: usize) -> u64 {
        let shift = level as u32 * DIGIT;
        // All digits above are the wheel's own.
        let above = self.tick >> (shift + DIGIT) << (shift + DIGIT);
        above | (slot as u64) << shift
    }

    /// Hangs an entry into the slot for its deadline, as the wheel stands now.
    fn link(&mut self, index: u32) {
        let deadline = self.entries[index as usize].deadline;
        let tick = (deadline / TICK).max(self.tick);
        let differ = (tick ^ self.tick) | (SLOTS as u64 - 1);
        let level = (differ.ilog2() / DIGIT) as usize;
        let place = (tick >> (level as u32 * DIGIT)) as usize % SLOTS;
        let slot = &mut self.slots[level][place];
        let last = std::mem::replace(&mut slot.tail, index);
        slot.earliest = slot.earliest.min(deadline);
        if last == NONE {
            slot.head = index;
        } else {
            self.entries[last as usize].next = index;
        }
        self.used[level] |= 1 << place;
        let entry = &mut self.entries[index as usize];
        (entry.prev, entry.next) = (last, NONE);
        (entry.level, entry.slot) = (level as u8, place as u8);
    }

    /// Takes an entry in use off its slot and frees it.
    fn remove(&mut self, index: u32) -> T {
        let free = self.free;
        let entry = &mut self.entries[index as usize];
        let (prev, next) = (entry.prev, std::mem::replace(&mut entry.next, free));
        let (level, place) = (entry.level as usize, entry.slot as usize);
        entry.generation = entry.generation.checked_add(1).unwrap_or(NonZeroU32::MIN);
        let value = entry.value.take().expect("an entry in use");
        self.free = index;
        self.len -= 1;
        let slot = &mut self.slots[level][place];
        match prev {
            NONE => slot.head = next,
            _ => self.entries[prev as usize].next = next,
        }
        match next {
            NONE => slot.tail = prev,
            _ => self.entries[next as usize].prev = prev,
        }
        if slot.head == NONE {
            *slot = EMPTY;
            self.used[level] &= !(1 << place);
        }
        value
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
