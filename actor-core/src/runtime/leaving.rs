//! Processes that are being taken apart over several turns: what is left to do for each.
//!
//! Most exits are done in one turn and never come here. By shards of pids, each with its own lock.

use std::collections::BTreeMap;

use crossbeam_utils::CachePadded;

use super::terminate::Leaving;
use crate::{
    pid::Pid,
    process::{RawCell, Running},
    sync::{AtomicU64, Mutex, Ordering, fence},
};

const SHARDS: usize = 16;

struct Entry {
    cell: RawCell,
    leaving: Box<Leaving>,
}

type Shard = Mutex<BTreeMap<Pid, Entry>>;

/// See the module.
pub(super) struct Leavings {
    shards: Box<[CachePadded<Shard>]>,
    /// How many are dead, and so no longer in the process table, and still to be told of.
    dead: AtomicU64,
}

impl Leavings {
    pub(super) fn new() -> Self {
        let shard = |_| CachePadded::new(Shard::new(BTreeMap::new()));
        let shards = (0..SHARDS).map(shard).collect();
        Self { shards, dead: AtomicU64::new(0) }
    }

    fn shard(&self, pid: Pid) -> &Shard {
        &self.shards[pid.index() as usize % SHARDS]
    }

    /// Puts it aside until its next turn, which the caller sees to.
    pub(super) fn put(&self, running: &Running, leaving: Box<Leaving>) {
        let entry = Entry { cell: running.raw(), leaving };
        self.shard(running.pid()).lock().insert(running.pid(), entry);
    }

    /// Whether something is left to do for it.
    pub(super) fn holds(&self, pid: Pid) -> bool {
        self.shard(pid).lock().contains_key(&pid)
    }

    /// What is left to do for it.
    pub(super) fn take(&self, pid: Pid) -> Option<Box<Leaving>> {
        self.shard(pid).lock().remove(&pid).map(|entry| entry.leaving)
    }

    /// One is about to leave the process table, and many may be to be told of it.
    pub(super) fn dies(&self) {
        self.dead.fetch_add(1, Ordering::Relaxed);
        // Pairs with the fence in `is_empty`: who counts it no longer in the table counts it here.
        fence(Ordering::Release);
    }

    /// All are told.
    pub(super) fn told(&self) {
        // Relaxed: who waits for it looks again; what was told is ordered by its own means.
        self.dead.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether nobody dead is to be told of; to be asked after the table.
    pub(super) fn is_empty(&self) -> bool {
        fence(Ordering::Acquire);
        self.dead.load(Ordering::Relaxed) == 0
    }

    /// All that are put aside: for a simulation's end.
    pub(super) fn cells(&self) -> Vec<RawCell> {
        let cells = self
            .shards
            .iter()
            .flat_map(|shard| shard.lock().values().map(|entry| entry.cell).collect::<Vec<_>>());
        cells.collect()
    }
}
