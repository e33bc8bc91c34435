//! A part of the names, each with its pid.
//!
//! *Entries* are numbered, and stay where they are: a pid, its cell, and the name in words. *Tags*
//! lead to them: a table by open addressing, with a part of the hash and the entry's number in each
//! word. A tag that is taken out leaves no trace: those behind it move up. A table that is too full
//! is replaced by one twice as large. All are atomics, of which none is freed before the runtime is
//! gone; so whoever reads what is being changed reads nonsense at worst, and finds that out. A name
//! that is given up makes room for another: the room of a shard is that of the most names that it
//! ever had at once.
//!
//! The protocol is that of a sequence lock:
//!
//! - **Who writes** has the lock. It makes the version odd, passes a releasing fence, writes, and
//!   makes the version even again, releasing.
//! - **Who reads** acquires the version, reads, passes an acquiring fence, and reads the version
//!   again. If it was even and is the same, nobody wrote; else it takes the lock.
//!
//! If a reader has read anything that was written after the version became odd, the two fences make
//! it see that version.

use std::{
    ptr::{self, NonNull},
    sync::{Arc, OnceLock},
};

use crate::{
    pid::Pid,
    sync::{
        AtomicPtr, AtomicU64, AtomicUsize, MODELLED, Mutex, MutexGuard, Ordering, acquire_fence,
        fence,
    },
};

/// Words of a name that lies in its entry.
const WORDS: usize = 5;
/// Bytes of them; the last one says how long the name is.
const BYTES: usize = WORDS * 8;
/// The length of one that does not: no reader's is that long.
const LONG: u8 = u8::MAX;
/// As many tags has the smallest table, as many entries the first segment; each next one has twice
/// as many. The last ones hold four times a shard's part of the processes that there can be.
const FIRST: usize = if MODELLED { 2 } else { 16 };
const LEVELS: usize = 20;

/// Who has a name: a process, and the cell where it was put. As with what the table of pids says,
/// the cell may be another's by now: who pins it compares the pid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) pid: Pid,
    pub(crate) cell: NonNull<()>,
}

/// What a reader sees of a name.
struct Entry {
    /// 0: nobody's.
    pid: AtomicU64,
    cell: AtomicPtr<()>,
    /// The name, and behind it zeros. The last byte is the length.
    name: [AtomicU64; WORDS],
}

/// The length of a name that lies in its entry.
const LENGTH: u32 = u64::BITS - u8::BITS;

impl Entry {
    fn new() -> Self {
        let name = std::array::from_fn(|_| AtomicU64::new(0));
        Self { pid: AtomicU64::new(0), cell: AtomicPtr::new(ptr::null_mut()), name }
    }

    /// Relaxed, as all that the version guards. The name is shorter than [`BYTES`].
    #[inline]
    fn has(&self, name: &[u8]) -> bool {
        let word = |at: usize| self.name[at].load(Ordering::Relaxed);
        let (words, rest) = name.as_chunks::<8>();
        word(WORDS - 1) >> LENGTH == name.len() as u64
            && words.iter().enumerate().all(|(at, own)| word(at) == u64::from_le_bytes(*own))
            // The length aside, which may be in the same word.
            && (rest.is_empty() || word(words.len()) & !(0xFF << LENGTH) == last_word(name, rest))
    }

    fn set(&self, Holder { pid, cell }: Holder, name: &str) {
        let mut bytes = [0; BYTES];
        match bytes[..BYTES - 1].get_mut(..name.len()) {
            Some(room) => {
                room.copy_from_slice(name.as_bytes());
                bytes[BYTES - 1] = name.len() as u8;
            }
            None => bytes[BYTES - 1] = LONG,
        }
        self.pid.store(pid.bits(), Ordering::Relaxed);
        self.cell.store(cell.as_ptr(), Ordering::Relaxed);
        for (word, bytes) in self.name.iter().zip(bytes.as_chunks::<8>().0) {
            word.store(u64::from_le_bytes(*bytes), Ordering::Relaxed);
        }
    }

    #[inline]
    fn holder(&self) -> Option<Holder> {
        let pid = Pid::from_bits(self.pid.load(Ordering::Relaxed))?;
        Some(Holder { pid, cell: NonNull::new(self.cell.load(Ordering::Relaxed))? })
    }
}

/// The last bytes of a name, fewer than eight, and zeros behind them.
#[inline]
fn last_word(name: &[u8], rest: &[u8]) -> u64 {
    match name.last_chunk::<8>() {
        Some(last) => u64::from_le_bytes(*last) >> (u64::BITS as usize - 8 * rest.len()),
        None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

/// Memory that grows and stays where it is.
type Level<T> = OnceLock<Box<[T]>>;

/// The part of the hash in a tag, in its upper half. What is above it chose the shard, and what is
/// below chooses the tag's place.
const fn mark(hash: u64) -> u64 {
    hash >> 24 << 32
}

/// An empty one is 0.
const fn tag(hash: u64, number: u32) -> u64 {
    mark(hash) | (number as u64 + 1)
}

/// What the lock guards: names by their entries' numbers, and numbers that are free.
#[derive(Default)]
struct Owned {
    names: Vec<Option<(u64, Arc<str>)>>,
    free: Vec<u32>,
}

impl Owned {
    fn len(&self) -> usize {
        self.names.len() - self.free.len()
    }
}

/// See the module.
pub(super) struct Shard {
    version: AtomicU64,
    /// Which table of tags is in use.
    level: AtomicUsize,
    owned: Mutex<Owned>,
    tags: [Level<AtomicU64>; LEVELS],
    entries: [Level<Entry>; LEVELS],
}

/// While it lives, who reads without the lock is told to take it.
struct Writing<'a> {
    shard: &'a Shard,
    version: u64,
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.shard.version.store(self.version + 2, Ordering::Release);
    }
}

impl Shard {
    pub(super) fn new() -> Self {
        Self {
            version: AtomicU64::new(0),
            level: AtomicUsize::new(0),
            owned: Mutex::default(),
            tags: [const { OnceLock::new() }; LEVELS],
            entries: [const { OnceLock::new() }; LEVELS],
        }
    }

    /// The lock is held.
    fn write(&self) -> Writing<'_> {
        let version = self.version.load(Ordering::Relaxed);
        self.version.store(version + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        Writing { shard: self, version }
    }

    #[inline]
    fn tags(&self) -> &[AtomicU64] {
        let level = self.tags.get(self.level.load(Ordering::Relaxed));
        level.and_then(OnceLock::get).map_or(&[], |tags| tags)
    }

    /// Its entry; `None` to a reader of nonsense.
    #[inline]
    fn entry(&self, number: u32) -> Option<&Entry> {
        let (level, offset) = place(number);
        self.entries.get(level)?.get()?.get(offset)
    }

    /// Who has the name.
    #[inline]
    pub(super) fn find(&self, hash: u64, name: &str) -> Option<Holder> {
        let seen = if name.len() < BYTES { self.look(hash, name.as_bytes()) } else { None };
        seen.unwrap_or_else(|| self.find_locked(hash, name))
    }

    /// Reads without the lock; `None`: somebody writes.
    #[inline]
    fn look(&self, hash: u64, name: &[u8]) -> Option<Option<Holder>> {
        let version = self.version.load(Ordering::Acquire);
        let found = self.probe(hash, |number| {
            let entry = self.entry(number)?;
            if entry.has(name) { entry.holder() } else { None }
        });
        acquire_fence(|order| self.version.load(order));
        let is_same = self.version.load(Ordering::Relaxed) == version;
        (version & 1 == 0 && is_same).then(|| found.map(|(_, holder)| holder))
    }

    /// The first tag with the hash whose entry is the wanted one; its place.
    #[inline]
    fn probe<T>(&self, hash: u64, wanted: impl Fn(u32) -> Option<T>) -> Option<(usize, T)> {
        let tags = self.tags();
        let mask = tags.len().wrapping_sub(1);
        for step in 0..tags.len() {
            let at = (hash as usize).wrapping_add(step) & mask;
            let word = tags[at].load(Ordering::Relaxed);
            if word == 0 {
                return None;
            }
            if word >> 32 == mark(hash) >> 32
                && let Some(found) = wanted((word as u32).wrapping_sub(1))
            {
                return Some((at, found));
            }
        }
        None
    }

    /// Where the name's tag is, the entry's number, and whose it is.
    fn probe_locked(&self, owned: &Owned, hash: u64, name: &str) -> Option<(usize, u32, Holder)> {
        let found = self.probe(hash, |number| {
            let (_, there) = owned.names.get(number as usize)?.as_ref()?;
            let holder = self.entry(number).filter(|_| **there == *name)?.holder()?;
            Some((number, holder))
        });
        found.map(|(at, (number, holder))| (at, number, holder))
    }

    #[cold]
    fn find_locked(&self, hash: u64, name: &str) -> Option<Holder> {
        let owned = self.owned.lock();
        self.probe_locked(&owned, hash, name).map(|(.., holder)| holder)
    }

    /// Puts a name in, or says who has it.
    pub(super) fn insert(&self, hash: u64, name: Arc<str>, by: Holder) -> Result<(), Pid> {
        let mut owned = self.owned.lock();
        if let Some((.., owner)) = self.probe_locked(&owned, hash, &name) {
            return Err(owner.pid);
        }
        if (owned.len() + 1) * 4 > self.tags().len() * 3 {
            self.grow(&owned);
        }
        let number = owned.free.pop().unwrap_or_else(|| {
            owned.names.push(None);
            (owned.names.len() - 1) as u32
        });
        let (level, offset) = place(number);
        let made = || (0..FIRST << level).map(|_| Entry::new()).collect();
        let entry = &self.entries[level].get_or_init(made)[offset];
        {
            let _writing = self.write();
            entry.set(by, &name);
            put(self.tags(), hash, number);
        }
        owned.names[number as usize] = Some((hash, name));
        Ok(())
    }

    /// Takes a name out, if it is that process's.
    pub(super) fn remove(&self, hash: u64, name: &str, pid: Pid) -> Option<Arc<str>> {
        let mut owned = self.owned.lock();
        let (at, number, owner) = self.probe_locked(&owned, hash, name)?;
        if owner.pid != pid {
            return None;
        }
        {
            let _writing = self.write();
            close_gap(self.tags(), at, &owned);
        }
        owned.free.push(number);
        owned.names[number as usize].take().map(|(_, name)| name)
    }

    /// All names, under the lock.
    pub(super) fn each(&self, with: impl FnMut(&Arc<str>)) {
        let owned = self.owned.lock();
        owned.names.iter().flatten().map(|(_, name)| name).for_each(with);
    }

    /// The lock is held: from here on there is room for another tag.
    #[cold]
    fn grow(&self, owned: &MutexGuard<'_, Owned>) {
        let level = match self.tags() {
            [] => 0,
            _ => self.level.load(Ordering::Relaxed) + 1,
        };
        let made = || (0..FIRST << level).map(|_| AtomicU64::new(0)).collect();
        let tags = self.tags[level].get_or_init(made);
        let _writing = self.write();
        for (number, kept) in owned.names.iter().enumerate() {
            if let Some((hash, _)) = kept {
                put(tags, *hash, number as u32);
            }
        }
        self.level.store(level, Ordering::Relaxed);
    }
}

/// In which segment an entry is, and where.
#[inline]
const fn place(number: u32) -> (usize, usize) {
    let from_first = number as u64 + FIRST as u64;
    let level = from_first.ilog2() - FIRST.ilog2();
    (level as usize, (from_first - ((FIRST as u64) << level)) as usize)
}

/// Puts a tag into a table that has room.
fn put(tags: &[AtomicU64], hash: u64, number: u32) {
    let mask = tags.len() - 1;
    let mut at = hash as usize & mask;
    while tags[at].load(Ordering::Relaxed) != 0 {
        at = (at + 1) & mask;
    }
    tags[at].store(tag(hash, number), Ordering::Relaxed);
}

/// Takes a tag out: those behind it that a search would no longer come to move up.
fn close_gap(tags: &[AtomicU64], mut gap: usize, owned: &Owned) {
    let mask = tags.len() - 1;
    let mut at = gap;
    loop {
        at = (at + 1) & mask;
        let word = tags[at].load(Ordering::Relaxed);
        let number = (word as u32).wrapping_sub(1) as usize;
        let Some(Some((hash, _))) = owned.names.get(number) else { break };
        // How far it is from where its search begins, and how far the gap is.
        let begin = *hash as usize & mask;
        if at.wrapping_sub(begin) & mask >= at.wrapping_sub(gap) & mask {
            tags[gap].store(word, Ordering::Relaxed);
            gap = at;
        }
    }
    tags[gap].store(0, Ordering::Relaxed);
}

#[cfg(all(test, loom))]
mod model_tests {
    use super::*;
    use crate::sync::{explore, thread};

    fn holder(number: u32) -> Holder {
        Holder { pid: Pid::local(number, 1), cell: NonNull::dangling() }
    }

    fn pid(shard: &Shard, hash: u64, name: &str) -> Option<Pid> {
        shard.find(hash, name).map(|holder| holder.pid)
    }

    /// The second name takes the entry of the first one, and the same place.
    #[test]
    fn a_name_is_never_found_with_the_pid_of_another() {
        explore(2, || {
            let shard = Arc::new(Shard::new());
            shard.insert(0, "a".into(), holder(1)).expect("it is free");
            let writer = {
                let shard = shard.clone();
                thread::spawn(move || {
                    drop(shard.remove(0, "a", Pid::local(1, 1)));
                    shard.insert(0, "b".into(), holder(2)).expect("it is free");
                })
            };
            let found = pid(&shard, 0, "a");
            assert!(found.is_none_or(|found| found == Pid::local(1, 1)), "{found:?}");
            writer.join().expect("no panic");
            assert_eq!(pid(&shard, 0, "a"), None);
            assert_eq!(pid(&shard, 0, "b"), Some(Pid::local(2, 1)));
        });
    }

    /// Those behind it move up when one is taken out.
    #[test]
    fn a_name_that_stays_is_found_while_it_moves() {
        explore(2, || {
            let shard = Arc::new(Shard::new());
            shard.insert(0, "a".into(), holder(1)).expect("it is free");
            shard.insert(0, "b".into(), holder(2)).expect("it is free");
            let writer = {
                let shard = shard.clone();
                thread::spawn(move || drop(shard.remove(0, "a", Pid::local(1, 1))))
            };
            assert_eq!(pid(&shard, 0, "b"), Some(Pid::local(2, 1)));
            writer.join().expect("no panic");
            assert_eq!(pid(&shard, 0, "b"), Some(Pid::local(2, 1)));
        });
    }
}
