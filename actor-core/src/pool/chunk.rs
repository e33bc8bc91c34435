//! Where the blocks come from: chunks of pages, cut into blocks of one class.
//!
//! A block from the global allocator would do as well, but for what it leaves behind. Blocks are
//! kept, in magazines and in the depot, and those that are kept lie between what came and went
//! around them: in each of the allocator's arenas, of which some have one for each of many threads,
//! a few of them hold what is free below them. A runtime whose threads change then grows without
//! holding more. Here blocks are among themselves, and a chunk that is wholly free goes back, first
//! to the [`Shelf`] and from there to the system.
//!
//! A chunk lies on a boundary of its own size, so a mask finds it from a block's address. Its
//! blocks are cut off from the front as they are needed: what was never used stays untouched. The
//! rules:
//!
//! 1. A chunk is of one class, and all in its header is touched under that class's lock alone,
//!    which `&mut` [`Chunks`] stands for.
//! 2. A chunk with free blocks is in its class's list, a full one in none. One that is wholly free
//!    is taken out and is then who took it out's.

use std::{
    mem,
    ptr::{self, NonNull},
};

use super::{Free, layout_of};
use crate::{sync::StaticMutex, sys};

/// Size and alignment of a chunk. Small, so that chunks fall free; and not so small that the
/// mappings of a million messages come near to what a system allows.
pub(super) const CHUNK: usize = 256 << 10;
/// How many wholly free chunks are kept for all classes (16 MiB): a burst finds them touched.
const SHELF: usize = 64;

/// The begin of a chunk.
struct Header {
    prev: *mut Self,
    next: *mut Self,
    /// Blocks that were in use and are free again.
    free: *mut Free,
    /// Blocks in use.
    live: u32,
    /// Blocks that were ever in use: those from here up are untouched.
    cut: u32,
}

/// Where the first block begins: on a cache line.
const FIRST: usize = 64;

const _: () = assert!(size_of::<Header>() <= FIRST);

/// The chunks of one class that have free blocks.
pub(super) struct Chunks {
    partial: *mut Header,
}

/// Wholly free chunks, for any class.
struct Shelf {
    chunks: [*mut Header; SHELF],
    len: usize,
}

// SAFETY: the shelf owns what it points to.
unsafe impl Send for Shelf {}

static KEPT: StaticMutex<Shelf> =
    StaticMutex::new(Shelf { chunks: [ptr::null_mut(); SHELF], len: 0 });

/// A chunk that is wholly free and in no list: the holder's alone.
#[must_use]
pub(super) struct Empty(NonNull<Header>);

/// How many blocks of a class a chunk has.
const fn blocks(class: usize) -> u32 {
    ((CHUNK - FIRST) / layout_of(class).size()) as u32
}

impl Empty {
    /// One from the shelf, or else from the system. `None`: out of memory.
    pub(super) fn make() -> Option<Self> {
        let kept = {
            let mut shelf = KEPT.lock();
            shelf.len.checked_sub(1).and_then(|top| {
                shelf.len = top;
                NonNull::new(shelf.chunks[top])
            })
        };
        let chunk = kept.or_else(|| Some(sys::page_alloc(CHUNK, CHUNK)?.cast()))?;
        let header = Header {
            prev: ptr::null_mut(),
            next: ptr::null_mut(),
            free: ptr::null_mut(),
            live: 0,
            cut: 0,
        };
        // SAFETY: the pages are ours, and begin on a page.
        unsafe { chunk.write(header) };
        Some(Self(chunk))
    }

    /// Puts it on the shelf, or gives it back to the system if that is full.
    pub(super) fn unmake(self) {
        {
            let mut shelf = KEPT.lock();
            let top = shelf.len;
            if let Some(place) = shelf.chunks.get_mut(top) {
                *place = self.0.as_ptr();
                shelf.len += 1;
                return;
            }
        }
        // SAFETY: from `page_alloc` with these numbers, and the holder's alone.
        unsafe { sys::page_free(self.0.cast(), CHUNK, CHUNK) };
    }
}

impl Chunks {
    pub(super) const fn new() -> Self {
        Self { partial: ptr::null_mut() }
    }

    /// Adds a chunk.
    pub(super) fn add(&mut self, Empty(chunk): Empty) {
        self.link(chunk);
    }

    /// Takes up to so many blocks of this class, which is that of all here: a stack and how many
    /// are in it. None: a chunk must be added.
    pub(super) fn take(&mut self, class: usize, most: u32) -> (*mut Free, u32) {
        let (mut top, mut taken) = (ptr::null_mut(), 0);
        while taken < most
            && let Some(chunk) = NonNull::new(self.partial)
        {
            let block = self.take_one(chunk, class);
            // SAFETY: the block was free and is the caller's now.
            unsafe { block.write(Free { below: top, batch: ptr::null_mut() }) };
            top = block.as_ptr();
            taken += 1;
        }
        (top, taken)
    }

    /// A block of a chunk in the list.
    fn take_one(&mut self, mut chunk: NonNull<Header>, class: usize) -> NonNull<Free> {
        let base = chunk.cast::<u8>();
        // SAFETY: rule 1; what is in the list is mapped.
        let header = unsafe { chunk.as_mut() };
        header.live += 1;
        let full = header.live == blocks(class);
        let block = match NonNull::new(header.free) {
            Some(block) => {
                // SAFETY: a free block of this chunk begins with a `Free`.
                header.free = unsafe { block.as_ref() }.below;
                block
            }
            None => {
                let at = FIRST + header.cut as usize * layout_of(class).size();
                header.cut += 1;
                // SAFETY: not all blocks are in use and none was freed, so one more lies in it.
                unsafe { base.add(at) }.cast()
            }
        };
        if full {
            self.unlink(chunk);
        }
        block
    }

    /// Takes a block back. `Some`: it was its chunk's last.
    ///
    /// # Safety
    ///
    /// The block came from [`take`](Self::take) of this class, and nobody uses it any more.
    pub(super) unsafe fn put(&mut self, class: usize, block: NonNull<Free>) -> Option<Empty> {
        let base = block.as_ptr().map_addr(|at| at & !(CHUNK - 1)).cast::<Header>();
        // SAFETY: a chunk begins on a boundary of its size, and not at zero.
        let mut chunk = unsafe { NonNull::new_unchecked(base) };
        // SAFETY: rule 1; a chunk with a block in use is mapped.
        let header = unsafe { chunk.as_mut() };
        let was_full = header.live == blocks(class);
        header.live -= 1;
        // SAFETY: the caller's promise: the block is free from here on.
        unsafe { block.write(Free { below: header.free, batch: ptr::null_mut() }) };
        header.free = block.as_ptr();
        let empty = header.live == 0;
        match (was_full, empty) {
            (true, false) => self.link(chunk),
            (false, true) => self.unlink(chunk),
            // A chunk has more than one block: it is not full and then wholly free.
            _ => {}
        }
        empty.then_some(Empty(chunk))
    }

    /// How many chunks have free blocks.
    #[cfg(test)]
    pub(super) fn listed(&self) -> usize {
        let next = |chunk: &*mut Header| {
            // SAFETY: rule 1.
            NonNull::new(*chunk).map(|chunk| unsafe { chunk.as_ref() }.next)
        };
        std::iter::successors(Some(self.partial), next).count() - 1
    }

    fn link(&mut self, mut chunk: NonNull<Header>) {
        let behind = mem::replace(&mut self.partial, chunk.as_ptr());
        // SAFETY: rule 1.
        let header = unsafe { chunk.as_mut() };
        (header.prev, header.next) = (ptr::null_mut(), behind);
        if let Some(mut behind) = NonNull::new(behind) {
            // SAFETY: rule 1; another chunk than the first.
            unsafe { behind.as_mut() }.prev = chunk.as_ptr();
        }
    }

    fn unlink(&mut self, chunk: NonNull<Header>) {
        // SAFETY: rule 1.
        let Header { prev, next, .. } = *unsafe { chunk.as_ref() };
        match NonNull::new(prev) {
            // SAFETY: rule 1; another chunk.
            Some(mut prev) => unsafe { prev.as_mut() }.next = next,
            None => self.partial = next,
        }
        if let Some(mut next) = NonNull::new(next) {
            // SAFETY: rule 1; another chunk.
            unsafe { next.as_mut() }.prev = prev;
        }
    }
}

const _: () = assert!(blocks(super::CLASSES - 1) > super::BATCH);

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const CLASS: usize = 4;

    /// All blocks of so many chunks, in the order in which they were taken.
    fn fill(chunks: &mut Chunks, count: u32) -> Vec<NonNull<Free>> {
        let mut all = Vec::new();
        for _ in 0..count {
            chunks.add(Empty::make().expect("memory"));
            for _ in 0..blocks(CLASS) {
                let (block, 1) = chunks.take(CLASS, 1) else { panic!("there is room") };
                all.push(NonNull::new(block).expect("one"));
            }
        }
        all
    }

    fn put(chunks: &mut Chunks, block: NonNull<Free>) -> Option<Empty> {
        // SAFETY: taken by `fill`, and given back once.
        unsafe { chunks.put(CLASS, block) }
    }

    #[test]
    fn a_chunk_is_cut_into_blocks_that_do_not_touch_each_other() {
        let mut chunks = Chunks::new();
        let mut all = fill(&mut chunks, 1);
        assert_eq!(chunks.take(CLASS, 8), (ptr::null_mut(), 0), "a full one gives nothing");
        all.sort_unstable();
        let size = layout_of(CLASS).size();
        assert!(all.windows(2).all(|two| two[0].addr().get() + size == two[1].addr().get()));
        assert!(all.iter().all(|block| block.addr().get().is_multiple_of(super::super::STEP)));
        let (last, first) = (all.pop().expect("some"), all[0]);
        assert_eq!(first.addr().get() & !(CHUNK - 1), last.addr().get() & !(CHUNK - 1));
        assert!((last.addr().get() & (CHUNK - 1)) + size <= CHUNK);
        all.into_iter().for_each(|block| assert!(put(&mut chunks, block).is_none()));
        put(&mut chunks, last).expect("wholly free").unmake();
    }

    #[test]
    fn a_chunk_goes_when_its_last_block_comes_back_in_whatever_order() {
        let mut chunks = Chunks::new();
        let mut all = fill(&mut chunks, 5);
        // An order that jumps between the chunks.
        let count = all.len();
        let stride = (count / 3..).find(|n| gcd(*n, count) == 1).expect("there is one");
        let order: Vec<_> = (0..count).map(|n| n * stride % count).collect();
        let mut gone = 0;
        for n in order {
            if let Some(empty) = put(&mut chunks, all[n]) {
                gone += 1;
                empty.unmake();
            }
        }
        assert_eq!(gone, 5);
        assert!(chunks.partial.is_null(), "none is left in the list");
        all.clear();
    }

    fn gcd(a: usize, b: usize) -> usize {
        if b == 0 { a } else { gcd(b, a % b) }
    }

    #[test]
    fn what_was_given_back_is_taken_before_what_was_never_used() {
        let mut chunks = Chunks::new();
        chunks.add(Empty::make().expect("memory"));
        let (top, 3) = chunks.take(CLASS, 3) else { panic!("there is room") };
        let block = NonNull::new(top).expect("three");
        // SAFETY: the stack is the test's.
        let rest = unsafe { block.as_ref() }.below;
        assert!(put(&mut chunks, block).is_none());
        assert_eq!(chunks.take(CLASS, 1).0, top);
        assert!(put(&mut chunks, block).is_none());
        let second = NonNull::new(rest).expect("two");
        // SAFETY: as above.
        let third = NonNull::new(unsafe { second.as_ref() }.below).expect("one");
        assert!(put(&mut chunks, second).is_none());
        put(&mut chunks, third).expect("wholly free").unmake();
    }

    #[test]
    fn the_shelf_keeps_no_more_than_its_bound() {
        let chunks: Vec<_> = (0..SHELF + 8).map(|_| Empty::make().expect("memory")).collect();
        chunks.into_iter().for_each(Empty::unmake);
        assert!(KEPT.lock().len <= SHELF);
    }
}
