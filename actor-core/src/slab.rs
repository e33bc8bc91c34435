//! Cells of memory that stay what they are: the home of processes.
//!
//! A *chunk* is 2 MiB of pages on a 2 MiB boundary, cut into *cells* of one size class (64 bytes
//! and up in steps of 16, to [`MAX_CELL`]). From a cell's address a mask finds the chunk, and in
//! its header the owner of it all, opaque here. A *bin* holds the chunks of one class and one shard
//! under one lock, so shards do not meet, and a free from elsewhere meets only its cell's bin.
//!
//! The rules, on which lookups without a lock depend:
//!
//! - **Cells are type-stable.** While the slab lives and is not retired, a chunk keeps its address
//!   and its class: an address that was once a cell may be read at any time, and has a cell's
//!   boundaries.
//! - **A free cell begins with 64 zero bytes.** Its user leaves it so, and nothing is written there
//!   meanwhile: which cells are free stands in a bitmap of the chunk's own. The rest of a cell is
//!   zero or as its last user left it.
//! - **An occupied chunk pins the owner.** `retain` is called before a chunk's first cell is handed
//!   out, `release` after its last one came back: the owner may go in that very call, and the slab
//!   inside it, so it is the last thing a free does.
//! - **A wholly free chunk gives its pages back**, and stays as a range of addresses for the same
//!   bin; one a bin stays warm, so that a process that comes and goes costs no system call. After
//!   [`Slab::retire`], and when the slab is dropped, wholly free chunks go, and the others when
//!   their last cell is freed.
//!
//! Runtimes that live for a moment must be cheap (a test makes thousands): a chunk touches nothing
//! before it must (cells are cut off one by one), and a few clean ones wait for the next slab of
//! this OS process ([`cache`]). Only a bin's second chunk and later ones ask for huge pages.
//!
//! One thread's unlock of a bin may be followed by another's that ends the slab. So the lock must
//! be one whose unlock touches its memory no more once another thread can lock it: the standard
//! mutex is, on each system we run on.

#![allow(unsafe_code, reason = "cells are raw memory, found by address")]

mod cache;
mod cells;
mod chunk;

use std::ptr::NonNull;

use crossbeam_utils::CachePadded;

use crate::sync::{Arc, Crew, Hands, Mutex};
use cells::Cells;
use chunk::{Chunk, Fixed};

/// The largest cell, in bytes.
pub(crate) const MAX_CELL: usize = size_of_class(CLASSES - 1);
/// The smallest cell, in bytes: what a free one keeps zero.
const MIN_CELL: usize = 64;
/// Sizes of cells are multiples of this, and so are their addresses.
pub(crate) const STEP: usize = 16;
const CLASSES: usize = 61;

const fn size_of_class(class: usize) -> usize {
    MIN_CELL + class * STEP
}

/// A family of chunks with one owner.
pub(crate) struct Slab {
    shared: Arc<Shared>,
}

/// What outlives the slab while a chunk is occupied: each chunk holds a count of it.
struct Shared {
    bins: Box<[CachePadded<Mutex<Bin>>]>,
    /// How many shards the bins are of.
    shards: usize,
    at_hand: Hands<Cells>,
    owner: *const (),
    retain: unsafe fn(*const ()),
    release: unsafe fn(*const ()),
}

// SAFETY: the owner is only passed to `retain` and `release`, which any thread may call (the
// promise of `Slab::new`); chunks are touched under their bin's lock alone.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

/// The chunks of one class and shard. A full chunk is in none of the places below.
#[derive(Default)]
struct Bin {
    /// Chunks with some cells in use and some free: a list both ways.
    partial: Option<Chunk>,
    /// One wholly free chunk, its pages as they were.
    warm: Option<Chunk>,
    /// Wholly free chunks that are clean but for their first page: a list one way.
    spare: Option<Chunk>,
    /// A chunk was made before: the class is in use, huge pages pay.
    grown: bool,
    retired: bool,
}

impl Slab {
    /// A slab of `shards` parts (one at least). With `keeps`, freed cells are kept at hand for the
    /// thread that freed them, if it is of the crew, or for all others, a few a class, until
    /// [`Slab::let_go`].
    ///
    /// # Safety
    ///
    /// `retain(owner)` and `release(owner)` may be called from any thread, `retain` whenever a call
    /// of `alloc` is under way, `release` once for each `retain` at any time after it.
    pub(crate) unsafe fn new(
        shards: usize,
        crew: &Crew,
        keeps: bool,
        owner: *const (),
        retain: unsafe fn(*const ()),
        release: unsafe fn(*const ()),
    ) -> Self {
        let shards = shards.max(1);
        let bins = (0..shards * CLASSES).map(|_| CachePadded::default()).collect();
        let at_hand = Hands::new(crew, || Cells::new(keeps));
        Self { shared: Arc::new(Shared { bins, shards, at_hand, owner, retain, release }) }
    }

    /// A cell of at least `size` bytes, on a [`STEP`] boundary, whose first 64 bytes are zero; from
    /// what the caller has at hand, or from its shard. `None`: larger than [`MAX_CELL`], out of
    /// memory, or the slab is retired.
    #[inline]
    pub(crate) fn alloc(&self, shard: usize, size: usize) -> Option<NonNull<u8>> {
        let class = (size.max(MIN_CELL) - MIN_CELL).div_ceil(STEP);
        if class >= CLASSES {
            return None;
        }
        match self.shared.at_hand.with(|cells| cells.take(class)) {
            Some(Some(cell)) => Some(cell),
            none => self.alloc_many(shard, class, none.is_some()),
        }
    }

    /// A cell of a class, and more to be at hand, if any are kept.
    #[cold]
    fn alloc_many(&self, shard: usize, class: usize, keeps: bool) -> Option<NonNull<u8>> {
        let index = shard % self.shared.shards * CLASSES + class;
        if !keeps || self.shared.at_hand.with(|cells| cells.keeps()) != Some(true) {
            return self.take(index, &mut [None]);
        }
        let mut spare = [None; cells::BATCH];
        let cell = self.take(index, &mut spare)?;
        self.shared.keep_all(class, &spare);
        Some(cell)
    }

    /// Takes as many cells of a bin as there is room for and the first chunk holds, one at least,
    /// which is answered.
    fn take(&self, index: usize, room: &mut [Option<NonNull<u8>>]) -> Option<NonNull<u8>> {
        let mut firsts = 0;
        loop {
            let mut bin = self.shared.bins[index].lock();
            if bin.retired {
                return None;
            }
            for (number, place) in room.iter_mut().enumerate() {
                // A chunk is not opened for what is only kept.
                if number > 0 && bin.partial.is_none() {
                    break;
                }
                let Some((cell, first)) = bin.take() else { break };
                firsts += usize::from(first);
                *place = Some(cell);
            }
            if room[0].is_some() {
                break;
            }
            let huge = std::mem::replace(&mut bin.grown, true);
            drop(bin);
            // Mapping takes its time: the lock is free meanwhile.
            self.grow(index, huge)?;
        }
        for _ in 0..firsts {
            // SAFETY: the promise of `new`: this is a call of `alloc`. The chunk cannot fall free
            // before, because the cell is not handed out yet.
            unsafe { (self.shared.retain)(self.shared.owner) };
        }
        room[0].take()
    }

    /// Ends the keeping of cells at hand; those that are go back to their chunks.
    pub(crate) fn let_go(&self) {
        let mut kept = Vec::new();
        self.shared.at_hand.visit_all(|cells| kept.append(&mut cells.end()));
        // SAFETY: a cell at hand is nobody's, and as a free one must be.
        unsafe { free_home(&kept) };
    }

    /// Gives the cells that the calling thread has at hand back to their chunks: for one that
    /// rests.
    pub(crate) fn tidy(&self) {
        let kept = self.shared.at_hand.with(Cells::drain).unwrap_or_default();
        // SAFETY: a cell at hand is nobody's, and as a free one must be.
        unsafe { free_home(&kept) };
    }

    /// Adds a clean chunk to a bin. `None`: out of memory.
    fn grow(&self, index: usize, huge: bool) -> Option<()> {
        let class = index % CLASSES;
        let fixed = Fixed {
            owner: self.shared.owner,
            shared: Arc::into_raw(self.shared.clone()),
            bin: index,
            layout: chunk::LAYOUTS[class],
            huge,
        };
        let shared = fixed.shared;
        let Some(chunk) = Chunk::make(fixed) else {
            // SAFETY: the count that was meant for the chunk.
            drop(unsafe { Arc::from_raw(shared) });
            return None;
        };
        // A bin that was retired meanwhile hands it straight back.
        self.shared.shelve(chunk);
        Some(())
    }

    /// Ends the giving out of cells. Wholly free chunks go at once, the others when their last cell
    /// is freed. The caller sees to it that nobody reads a cell that it does not hold any more,
    /// which is what a lookup by pid does.
    pub(crate) fn retire(&self) {
        for bin in &self.shared.bins {
            let (warm, mut spare) = {
                let mut bin = bin.lock();
                bin.retired = true;
                (bin.warm.take(), bin.spare.take())
            };
            if let Some(chunk) = warm {
                // SAFETY: wholly free, and in no bin's hands.
                unsafe { destroy(chunk) };
            }
            while let Some(chunk) = spare {
                // SAFETY: off the bin's lists, so that no lock guards its state any more.
                spare = unsafe { chunk.state() }.next;
                // SAFETY: as above.
                unsafe { destroy(chunk) };
            }
        }
    }

    /// How many chunks are mapped: full ones apart, which no list holds.
    #[cfg(test)]
    fn listed(&self) -> usize {
        let mut count = 0;
        for bin in &self.shared.bins {
            let bin = bin.lock();
            count += usize::from(bin.warm.is_some());
            for mut list in [bin.partial, bin.spare] {
                while let Some(chunk) = list {
                    count += 1;
                    // SAFETY: the bin is locked.
                    list = unsafe { chunk.state() }.next;
                }
            }
        }
        count
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        self.retire();
    }
}

/// Gives a cell back. Any thread may, with or without a slab left.
///
/// # Safety
///
/// The cell came from [`Slab::alloc`], is not free, nobody uses it any more (readers that know how
/// to tell a free cell apart), and its first 64 bytes are zero. The call may end the owner.
#[inline]
pub(crate) unsafe fn free(cell: NonNull<u8>) {
    // SAFETY: the caller's promise.
    let chunk = unsafe { Chunk::of(cell) };
    // SAFETY: a chunk with a cell in use is alive.
    let fixed = unsafe { chunk.fixed() };
    // SAFETY: the chunk holds a count of it, and the cell in hand keeps the chunk.
    let shared = unsafe { &*fixed.shared };
    shared.keep(fixed.bin % CLASSES, cell);
}

/// Gives cells of one slab back to their chunks; those of one bin that follow each other under one
/// lock.
///
/// # Safety
///
/// As for [`free`], of each.
unsafe fn free_home(cells: &[NonNull<u8>]) {
    let mut left = cells;
    while let Some(&cell) = left.first() {
        // SAFETY: the caller's promise.
        let chunk = unsafe { Chunk::of(cell) };
        // SAFETY: a chunk with a cell in use is alive.
        let fixed = unsafe { chunk.fixed() };
        // SAFETY: the chunk holds a count of it.
        let shared = unsafe { &*fixed.shared };
        let (owner, release) = (shared.owner, shared.release);
        // SAFETY: the caller's promise.
        let emptied = unsafe { shared.put_home(fixed.bin, &mut left) };
        match emptied {
            // The chunks are someone else's from here on: nothing of them is touched.
            None => continue,
            Some((_, Emptied::Kept)) => {}
            // SAFETY: wholly free, and in no bin's hands.
            Some((chunk, Emptied::Gone)) => unsafe { destroy(chunk) },
            Some((chunk, Emptied::Dirty)) => {
                // SAFETY: as above.
                unsafe { chunk.forget_cells() };
                // The owner's pin, given up below, keeps the slab until then.
                shared.shelve(chunk);
            }
        }
        // SAFETY: the promise of `Slab::new`: one release for the retain of the chunk's first cell.
        unsafe { release(owner) };
    }
}

/// The owner of the slab that a cell is from.
///
/// # Safety
///
/// The cell came from [`Slab::alloc`], and its chunk is still mapped: the cell is in use, or the
/// slab lives and is not retired.
pub(crate) unsafe fn owner_of(cell: NonNull<u8>) -> *const () {
    // SAFETY: the caller's promise.
    let chunk = unsafe { Chunk::of(cell) };
    // SAFETY: as above: the chunk is mapped.
    unsafe { chunk.fixed() }.owner
}

/// How many bytes a cell has.
///
/// # Safety
///
/// As for [`owner_of`].
pub(crate) unsafe fn size_of_cell(cell: NonNull<u8>) -> usize {
    // SAFETY: the caller's promise.
    let chunk = unsafe { Chunk::of(cell) };
    // SAFETY: as above: the chunk is mapped.
    unsafe { chunk.fixed() }.layout.cell_size()
}

/// What becomes of a chunk whose last cell came back.
enum Emptied {
    Kept,
    Dirty,
    Gone,
}

impl Shared {
    /// Keeps fresh cells at hand, or gives them back.
    fn keep_all(&self, class: usize, cells: &[Option<NonNull<u8>>]) {
        // The first one is to be taken next.
        let all = || cells.iter().rev().flatten().copied();
        let kept = self.at_hand.with(|cells| cells.extend(class, all()));
        if kept != Some(true) {
            // SAFETY: they are ours and nobody else's, and as free ones must be.
            unsafe { free_home(&all().collect::<Vec<_>>()) };
        }
    }

    /// Keeps a cell at hand, or gives it back to its chunk. In the latter case the slab may be gone
    /// afterwards.
    #[inline]
    fn keep(&self, class: usize, cell: NonNull<u8>) {
        match self.at_hand.with(|cells| cells.put(class, cell)) {
            Some(Ok(None)) => {}
            // What is left over goes by the batch.
            // SAFETY: a cell at hand is nobody's, and as a free one must be.
            Some(Ok(Some(batch))) => unsafe { free_home(&batch) },
            // SAFETY: it is ours and nobody else's, and as a free one must be.
            Some(Err(_)) | None => unsafe { free_home(&[cell]) },
        }
    }

    /// Gives cells back to a bin, as long as they are that bin's; stops at a chunk whose last one
    /// it was, which is in nobody's list then unless it is kept: what is left to do with it can be
    /// done unlocked.
    ///
    /// # Safety
    ///
    /// As for [`free_home`].
    unsafe fn put_home(&self, index: usize, left: &mut &[NonNull<u8>]) -> Option<(Chunk, Emptied)> {
        let mut bin = self.bins[index].lock();
        while let Some((&cell, rest)) = left.split_first() {
            // SAFETY: the caller's promise.
            let chunk = unsafe { Chunk::of(cell) };
            // SAFETY: a chunk with a cell in use is alive.
            if unsafe { chunk.fixed() }.bin != index {
                break;
            }
            *left = rest;
            // SAFETY: the bin is locked, and the cell the chunk's.
            if unsafe { bin.put(chunk, cell) }.is_some() {
                let emptied = if bin.retired { Emptied::Gone } else { bin.keep_warm(chunk) };
                return Some((chunk, emptied));
            }
        }
        None
    }

    /// Puts a clean, wholly free chunk that is in no list on its bin's shelf.
    fn shelve(&self, chunk: Chunk) {
        // SAFETY: a chunk in hand is mapped.
        let index = unsafe { chunk.fixed() }.bin;
        let mut bin = self.bins[index].lock();
        if bin.retired {
            drop(bin);
            // SAFETY: wholly free, and in no bin's hands.
            unsafe { destroy(chunk) };
            return;
        }
        // SAFETY: the bin is locked.
        unsafe { chunk.state() }.next = bin.spare.replace(chunk);
    }
}

impl Bin {
    /// Takes a free cell, and says whether it is its chunk's first.
    fn take(&mut self) -> Option<(NonNull<u8>, bool)> {
        let chunk = match self.partial {
            Some(chunk) => chunk,
            None => {
                let chunk = self.warm.take().or_else(|| self.pop_spare())?;
                self.link(chunk);
                chunk
            }
        };
        // SAFETY: the bin is locked (`self` came out of the lock) and the chunk is the bin's.
        let (cell, live, full) = unsafe { chunk.take() };
        if full {
            self.unlink(chunk);
        }
        Some((cell, live == 1))
    }

    /// Takes a cell back. `Some`: it was the last one, and the chunk is in no list any more.
    ///
    /// # Safety
    ///
    /// The cell is the chunk's and not free, and the chunk is this bin's.
    unsafe fn put(&mut self, chunk: Chunk, cell: NonNull<u8>) -> Option<()> {
        // SAFETY: the bin is locked; the rest is the caller's promise.
        let (live, was_full) = unsafe { chunk.put(cell) };
        if was_full {
            self.link(chunk);
        }
        if live > 0 {
            return None;
        }
        self.unlink(chunk);
        Some(())
    }

    fn keep_warm(&mut self, chunk: Chunk) -> Emptied {
        if self.warm.is_some() {
            return Emptied::Dirty;
        }
        self.warm = Some(chunk);
        Emptied::Kept
    }

    fn pop_spare(&mut self) -> Option<Chunk> {
        let chunk = self.spare?;
        // SAFETY: the bin is locked.
        self.spare = unsafe { chunk.state() }.next.take();
        Some(chunk)
    }

    fn link(&mut self, chunk: Chunk) {
        let behind = self.partial.replace(chunk);
        // SAFETY: the bin is locked, and this is the only reference into the chunk's state.
        let state = unsafe { chunk.state() };
        state.prev = None;
        state.next = behind;
        if let Some(behind) = behind {
            // SAFETY: as above; another chunk than the first.
            unsafe { behind.state() }.prev = Some(chunk);
        }
    }

    fn unlink(&mut self, chunk: Chunk) {
        // SAFETY: the bin is locked, and this is the only reference into the chunk's state.
        let state = unsafe { chunk.state() };
        let (prev, next) = (state.prev.take(), state.next.take());
        match prev {
            // SAFETY: as above; another chunk than `chunk`.
            Some(prev) => unsafe { prev.state() }.next = next,
            None => self.partial = next,
        }
        if let Some(next) = next {
            // SAFETY: as above; another chunk than `chunk`.
            unsafe { next.state() }.prev = prev;
        }
    }
}

/// Ends a chunk.
///
/// # Safety
///
/// The chunk is wholly free, in no list, and nobody reads its cells any more.
unsafe fn destroy(chunk: Chunk) {
    // SAFETY: the caller's promise: it is mapped until the next step.
    let shared = unsafe { chunk.fixed() }.shared;
    // SAFETY: the caller's promise.
    unsafe { chunk.unmake() };
    // SAFETY: the count that the chunk held.
    drop(unsafe { Arc::from_raw(shared) });
}

#[cfg(all(test, not(loom)))]
mod tests;
