//! Processes that are being taken apart over several turns: what is left to do for each.
//!
//! Most exits are done in one turn and never come here. By shards of pids, each with its own lock.

use std::collections::BTreeMap;

use crossbeam_utils::CachePadded;

use super::terminate::Leaving;
use crate::{
    pid::Pid,
    process::{Phase, RawCell, Running},
    sync::{AtomicU64, Mutex, Ordering},
};

const SHARDS: usize = 16;

struct Entry {
    cell: RawCell,
    /// It is dead, and so no longer in the process table, and only to be told of.
    dead: bool,
    leaving: Box<Leaving>,
}

type Shard = Mutex<BTreeMap<Pid, Entry>>;

/// See the module.
pub(super) struct Leavings {
    shards: Box<[CachePadded<Shard>]>,
    /// How many dead are put aside.
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
    pub(super) fn put(&self, running: Running, leaving: Leaving) -> Running {
        let dead = running.state().phase() == Phase::Dead;
        // Relaxed: see `is_empty`.
        self.dead.fetch_add(u64::from(dead), Ordering::Relaxed);
        let entry = Entry { cell: running.raw(), dead, leaving: Box::new(leaving) };
        self.shard(running.pid()).lock().insert(running.pid(), entry);
        running
    }

    /// What is left to do for it.
    pub(super) fn take(&self, pid: Pid) -> Option<Box<Leaving>> {
        let Entry { dead, leaving, .. } = self.shard(pid).lock().remove(&pid)?;
        self.dead.fetch_sub(u64::from(dead), Ordering::Relaxed);
        Some(leaving)
    }

    /// Whether nobody dead is to be told of. Relaxed: who waits for that looks again and again.
    pub(super) fn is_empty(&self) -> bool {
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
