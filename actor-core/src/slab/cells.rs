//! Free cells at hand: what a shard keeps of those that were freed on it, so that processes that
//! come and go touch neither a bin's lock nor a bitmap, and those that go on another core than they
//! came from meet that core once a batch.
//!
//! To its chunk a cell at hand is in use. So what is kept is little, goes back when the shard
//! rests, and is ended for good before the owner may go.

use std::ptr::NonNull;

use super::CLASSES;

/// How many cells are taken from a bin, and given back, at once.
pub(super) const BATCH: usize = 128;

/// See the module.
#[derive(Debug)]
pub(super) struct Cells {
    classes: [Vec<NonNull<u8>>; CLASSES],
    keeps: bool,
}

// SAFETY: addresses of cells that are nobody's but the holder's.
unsafe impl Send for Cells {}

impl Cells {
    pub(super) fn new(keeps: bool) -> Self {
        Self { classes: [const { Vec::new() }; CLASSES], keeps }
    }

    pub(super) fn keeps(&self) -> bool {
        self.keeps
    }

    /// The cell that was put last.
    pub(super) fn take(&mut self, class: usize) -> Option<NonNull<u8>> {
        self.classes[class].pop()
    }

    /// Keeps a batch of fresh cells, if any are kept.
    pub(super) fn extend(
        &mut self,
        class: usize,
        fresh: impl Iterator<Item = NonNull<u8>>,
    ) -> bool {
        let cells = &mut self.classes[class];
        // There is no room for all if another batch came meanwhile.
        let fits = self.keeps && cells.len() < BATCH;
        if fits {
            cells.reserve_exact(2 * BATCH - cells.len());
            cells.extend(fresh);
        }
        fits
    }

    /// Keeps a cell; answers the oldest ones if there are too many now. `Err`: none is kept.
    pub(super) fn put(
        &mut self,
        class: usize,
        cell: NonNull<u8>,
    ) -> Result<Option<Vec<NonNull<u8>>>, ()> {
        if !self.keeps {
            return Err(());
        }
        let cells = &mut self.classes[class];
        if cells.capacity() == 0 {
            cells.reserve_exact(2 * BATCH);
        }
        cells.push(cell);
        Ok((cells.len() == 2 * BATCH).then(|| cells.drain(..BATCH).collect()))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.classes.iter().map(Vec::len).sum()
    }

    /// All of them.
    pub(super) fn drain(&mut self) -> Vec<NonNull<u8>> {
        self.classes.iter_mut().flat_map(|cells| cells.drain(..)).collect()
    }

    /// All of them, and none is kept from now on.
    pub(super) fn end(&mut self) -> Vec<NonNull<u8>> {
        self.keeps = false;
        self.classes.iter_mut().flat_map(std::mem::take).collect()
    }
}
