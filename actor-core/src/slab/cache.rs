//! A few clean chunks that no slab uses: the one place where slabs of an OS process meet.
//!
//! It is asked when a chunk is made or ends, never when a cell is, and bounded by [`CHUNKS`].

use std::ptr::NonNull;

use crate::sync::StaticMutex;

/// The bound: 32 MiB of addresses, of which at most a few pages each are memory.
const CHUNKS: usize = 16;

struct Shelf {
    chunks: [Option<NonNull<u8>>; CHUNKS],
    len: usize,
}

// SAFETY: the shelf owns what it points to.
unsafe impl Send for Shelf {}

static SHELF: StaticMutex<Shelf> = StaticMutex::new(Shelf { chunks: [None; CHUNKS], len: 0 });

/// A chunk, all zero, that is the caller's from now on.
pub(super) fn take() -> Option<NonNull<u8>> {
    let mut shelf = SHELF.lock();
    shelf.len = shelf.len.checked_sub(1)?;
    let top = shelf.len;
    shelf.chunks[top].take()
}

/// Whether a chunk would be kept, as things are.
pub(super) fn has_room() -> bool {
    SHELF.lock().len < CHUNKS
}

/// Keeps a chunk that is all zero. False: there is no room, and it is still the caller's.
pub(super) fn put(chunk: NonNull<u8>) -> bool {
    let mut shelf = SHELF.lock();
    let top = shelf.len;
    let Some(place) = shelf.chunks.get_mut(top) else { return false };
    *place = Some(chunk);
    shelf.len += 1;
    true
}
