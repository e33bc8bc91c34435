//! One chunk: 2 MiB of cells behind a header.
//!
//! The header is two parts on lines of their own: [`Fixed`], written once and read by everyone, and
//! [`State`], behind the bin's lock. Then comes the bitmap of cells that were in use and are free
//! again, then the cells. Cells are cut off from the front as they are needed (`carved`), so all
//! zero is the right state of a fresh chunk, bitmap included, and what was never used stays
//! untouched.
//!
//! The bitmap is two levels deep, so that a free cell is found in two steps; the cell that was
//! freed last is tried first, because it is still in the processor's cache.

use std::ptr::NonNull;

use super::{CLASSES, MIN_CELL, STEP, Shared, cache, size_of_class};
use crate::sync::{Ordering, StaticU64};
use crate::sys::{self, PAGE};

/// Size and alignment of a chunk.
pub(super) const CHUNK: usize = 2 << 20;
/// A chunk with at most this much to clear is cleared by hand rather than by the system.
const CLEAR_BY_HAND: usize = 4 * PAGE;

const WORD: usize = u64::BITS as usize;
/// Words of the largest bitmap.
const MAX_WORDS: usize = CHUNK / MIN_CELL / WORD;

/// How a chunk of one class is cut.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Bytes of a cell.
    size: u32,
    /// Where the first cell begins.
    first: u32,
    cells: u32,
    /// Words of the bitmap.
    words: u32,
}

impl Layout {
    /// Bytes of a cell.
    pub(super) fn cell_size(self) -> usize {
        self.size as usize
    }
}

/// The layout of each class.
pub(super) const LAYOUTS: [Layout; CLASSES] = {
    let mut layouts = [Layout { size: 0, first: 0, cells: 0, words: 0 }; CLASSES];
    let mut class = 0;
    while class < CLASSES {
        let size = size_of_class(class);
        let words = (CHUNK / size).div_ceil(WORD);
        let first = (size_of::<Header>() + words * size_of::<u64>()).next_multiple_of(STEP);
        layouts[class] = Layout {
            size: size as u32,
            first: first as u32,
            cells: ((CHUNK - first) / size) as u32,
            words: words as u32,
        };
        class += 1;
    }
    layouts
};

#[repr(C)]
struct Header {
    fixed: Fixed,
    state: State,
}

const _: () = assert!(size_of::<Fixed>() == 64);
const _: () = assert!(size_of::<Header>() == 192);

/// What never changes while the chunk is mapped for a slab.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Fixed {
    pub(super) owner: *const (),
    /// A count of it is the chunk's.
    pub(super) shared: *const Shared,
    /// The index of the bin.
    pub(super) bin: usize,
    pub(super) layout: Layout,
    /// Huge pages were asked for.
    pub(super) huge: bool,
}

/// What the bin's lock guards.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct State {
    pub(super) prev: Option<Chunk>,
    pub(super) next: Option<Chunk>,
    /// Cells in use.
    live: u32,
    /// Cells that were ever in use since the chunk was clean: those from here up are zero.
    carved: u32,
    /// The cell that was freed last.
    last: u32,
    /// Which words of the bitmap are not zero.
    summary: [u64; MAX_WORDS / WORD],
}

/// A chunk's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub(super) struct Chunk(NonNull<Header>);

// SAFETY: an address; what may be done with it by whom is said at each method.
unsafe impl Send for Chunk {}

impl Chunk {
    /// A clean chunk. `None`: out of memory.
    pub(super) fn make(fixed: Fixed) -> Option<Self> {
        let base = cache::take().or_else(|| sys::page_alloc(CHUNK, CHUNK))?;
        if fixed.huge {
            // SAFETY: the block is ours.
            unsafe { sys::advise_huge(base, CHUNK) };
        }
        let header = base.cast::<Header>();
        // SAFETY: the block is ours, aligned, and larger than a header, whose rest is right as
        // zero.
        unsafe { header.cast::<Fixed>().write(fixed) };
        Some(Self(header))
    }

    /// Clears what was touched and lends the pages to the next slab, or gives them back.
    ///
    /// # Safety
    ///
    /// The chunk is wholly free, in no list, and nobody reads it any more.
    pub(super) unsafe fn unmake(self) {
        let base = self.base();
        // SAFETY: the caller has the chunk to itself.
        let huge = unsafe { self.fixed() }.huge;
        // A chunk of huge pages would make a small runtime pay for all of them at first touch.
        if !huge && cache::has_room() {
            // SAFETY: as above.
            unsafe { self.clear() };
            if cache::put(base) {
                return;
            }
        }
        // SAFETY: as above; it came from `page_alloc` with these numbers.
        unsafe { sys::page_free(base, CHUNK, CHUNK) };
    }

    /// Makes the whole chunk zero.
    ///
    /// # Safety
    ///
    /// As for [`unmake`](Self::unmake).
    pub(super) unsafe fn clear(self) {
        // SAFETY: the caller has the chunk to itself.
        let layout = unsafe { self.fixed() }.layout;
        // SAFETY: as above.
        let carved = unsafe { self.state() }.carved;
        let cells = carved as usize * layout.size as usize;
        if cells > CLEAR_BY_HAND {
            // SAFETY: as above.
            unsafe { sys::page_forget(self.base(), CHUNK) };
            return;
        }
        // SAFETY: the carved cells lie in the chunk.
        let first = unsafe { self.base().add(layout.first as usize) };
        // SAFETY: as above; free cells are in nobody's hands.
        unsafe { first.write_bytes(0, cells) };
        // Bits beyond the carved cells were never set.
        // SAFETY: the caller has the chunk to itself.
        let bits = unsafe { self.bits() };
        bits[..(carved as usize).div_ceil(WORD)].fill(0);
        // The header, and what `forget_cells` left of earlier cells.
        // SAFETY: the first page lies in the chunk.
        unsafe { self.base().write_bytes(0, PAGE) };
    }

    /// Gives all pages but the first back. Cells keep reading as free ones throughout; those of the
    /// first page stay as their last users left them.
    ///
    /// # Safety
    ///
    /// The chunk is wholly free and in no list. Others may read the first 64 bytes of its cells.
    pub(super) unsafe fn forget_cells(self) {
        // SAFETY: wholly free and in no list: nobody else is at its state or its bitmap.
        let state = unsafe { self.state() };
        let carved = std::mem::take(&mut state.carved) as usize;
        state.last = 0;
        state.summary = Default::default();
        // SAFETY: as above.
        let bits = unsafe { self.bits() };
        bits[..carved.div_ceil(WORD)].fill(0);
        // SAFETY: a chunk is larger than a page.
        let second = unsafe { self.base().add(PAGE) };
        // SAFETY: what lies here are free cells, which read as zero before and after where anyone
        // looks, and the end of the bitmap, which is zero.
        unsafe { sys::page_forget(second, CHUNK - PAGE) };
    }

    /// The chunk of a cell.
    ///
    /// # Safety
    ///
    /// The cell came from [`take`](Self::take), and its chunk is mapped.
    pub(super) unsafe fn of(cell: NonNull<u8>) -> Self {
        let base = cell.as_ptr().map_addr(|address| address & !(CHUNK - 1));
        // SAFETY: chunks are aligned, so the mask gives the chunk's address, which is not zero.
        Self(unsafe { NonNull::new_unchecked(base) }.cast())
    }

    /// # Safety
    ///
    /// The chunk is mapped for as long as the reference is used.
    pub(super) unsafe fn fixed<'a>(self) -> &'a Fixed {
        // SAFETY: the caller's promise; written once, before anyone else knew the chunk.
        unsafe { self.0.cast::<Fixed>().as_ref() }
    }

    /// # Safety
    ///
    /// The caller holds the bin's lock, or has the chunk to itself, and uses no other reference to
    /// the state while it uses this one.
    pub(super) unsafe fn state<'a>(self) -> &'a mut State {
        // SAFETY: the header lies in the chunk.
        let state = unsafe { self.base().add(std::mem::offset_of!(Header, state)) };
        // SAFETY: the caller's promise; it is disjoint from the fixed part.
        unsafe { state.cast::<State>().as_mut() }
    }

    /// # Safety
    ///
    /// As for [`state`](Self::state), of the bitmap.
    unsafe fn bits<'a>(self) -> &'a mut [u64] {
        // SAFETY: the chunk is mapped.
        let words = unsafe { self.fixed() }.layout.words as usize;
        // SAFETY: the bitmap follows the header.
        let bits = unsafe { self.base().add(size_of::<Header>()) };
        // SAFETY: the layout left room for it; aligned, as the header's size is.
        unsafe { NonNull::slice_from_raw_parts(bits.cast(), words).as_mut() }
    }

    /// Takes a cell. Returns it, how many are in use now, and whether none is left.
    ///
    /// # Safety
    ///
    /// The caller holds the bin's lock, and the chunk is not full.
    pub(super) unsafe fn take(self) -> (NonNull<u8>, u32, bool) {
        // SAFETY: the chunk is mapped.
        let layout = unsafe { self.fixed() }.layout;
        // SAFETY: the bin is locked.
        let state = unsafe { self.state() };
        // SAFETY: as above.
        let bits = unsafe { self.bits() };
        let index = state.pick(bits);
        debug_assert!(index < layout.cells, "a full chunk was asked for a cell");
        state.live += 1;
        // SAFETY: a cell below `cells` lies in the chunk.
        let cell = unsafe { self.base().add((layout.first + index * layout.size) as usize) };
        (cell, state.live, state.live == layout.cells)
    }

    /// Takes a cell back. Returns how many are in use now, and whether none was left before.
    ///
    /// # Safety
    ///
    /// The caller holds the bin's lock; the cell is this chunk's, in use, and as a free one must
    /// be.
    pub(super) unsafe fn put(self, cell: NonNull<u8>) -> (u32, bool) {
        // SAFETY: the chunk is mapped.
        let layout = unsafe { self.fixed() }.layout;
        let offset = (cell.addr().get() & (CHUNK - 1)) as u32 - layout.first;
        debug_assert!(offset.is_multiple_of(layout.size), "not the address of a cell");
        debug_assert!(is_blank(cell), "not left as zero");
        // SAFETY: the bin is locked.
        let state = unsafe { self.state() };
        // SAFETY: as above.
        let bits = unsafe { self.bits() };
        state.mark(bits, offset / layout.size);
        let was_full = state.live == layout.cells;
        state.live -= 1;
        (state.live, was_full)
    }

    pub(super) fn base(self) -> NonNull<u8> {
        self.0.cast()
    }
}

impl State {
    /// A free cell: the one freed last, else any that was in use before, else a new one.
    fn pick(&mut self, bits: &mut [u64]) -> u32 {
        let (word, bit) = split(self.last);
        if bits[word] & bit != 0 {
            self.unmark(bits, self.last);
            return self.last;
        }
        let found = self.summary.iter().position(|&group| group != 0);
        let Some(group) = found else {
            self.carved += 1;
            return self.carved - 1;
        };
        let word = group * WORD + self.summary[group].trailing_zeros() as usize;
        let index = (word * WORD) as u32 + bits[word].trailing_zeros();
        self.unmark(bits, index);
        index
    }

    fn unmark(&mut self, bits: &mut [u64], index: u32) {
        let (word, bit) = split(index);
        bits[word] &= !bit;
        if bits[word] == 0 {
            self.summary[word / WORD] &= !(1 << (word % WORD));
        }
    }

    fn mark(&mut self, bits: &mut [u64], index: u32) {
        let (word, bit) = split(index);
        debug_assert!(index < self.carved && bits[word] & bit == 0, "a cell was freed twice");
        bits[word] |= bit;
        self.summary[word / WORD] |= 1 << (word % WORD);
        self.last = index;
    }
}

/// Word and bit of a cell in the bitmap.
/// Whether the header of a free cell is all zero. By atomics: who has an old address may look at
/// it, and change nothing.
fn is_blank(cell: NonNull<u8>) -> bool {
    // SAFETY: a cell begins with 64 bytes, which are only looked at while it is free.
    let header = unsafe { cell.cast::<[StaticU64; 8]>().as_ref() };
    header.iter().all(|word| word.load(Ordering::Relaxed) == 0)
}

fn split(index: u32) -> (usize, u64) {
    (index as usize / WORD, 1 << (index as usize % WORD))
}
