//! What processes hold in services beside them, and give back at their end: memberships of groups,
//! tables, keys, watches. The protocol is in `HOLDINGS.md`.

use std::{collections::HashMap, sync::Arc};

use crossbeam_utils::CachePadded;

use super::{Core, steps::Steps};
use crate::{
    error::SystemLimit,
    limits,
    pid::Pid,
    process::{CellRef, Few, Running},
    sync::{AtomicU64, Mutex, Ordering},
};

const SHARDS: usize = 64;
/// A shard keeps room for so many holders.
const KEPT: usize = 64;

/// Something that a process holds.
pub(crate) trait Holding: Send + Sync {
    /// Its holder has ended: gives it back, as far as `steps` reach. False: there is more.
    fn give_back(&self, core: &Core, holder: &Running, steps: &mut Steps) -> bool;
}

/// The number of a holding, unique in its runtime.
pub(crate) type HoldingId = u64;

/// Why a process cannot hold something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unheld {
    /// It has ended, or is about to.
    NoProc,
    /// It holds as much as it may.
    Limit(SystemLimit),
}

#[derive(Default)]
struct Held {
    all: Few<HoldingId, Arc<dyn Holding>>,
    count: usize,
}

#[derive(Default)]
struct Shard {
    /// How many processes of the shard hold something.
    holders: AtomicU64,
    held: Mutex<HashMap<Pid, Held>>,
}

/// See the module.
pub(super) struct Holdings {
    shards: Box<[CachePadded<Shard>]>,
    next: AtomicU64,
}

impl Holdings {
    pub(super) fn new() -> Self {
        let shards = (0..SHARDS).map(|_| CachePadded::default()).collect();
        Self { shards, next: AtomicU64::new(0) }
    }

    fn shard(&self, pid: Pid) -> &Shard {
        &self.shards[pid.index() as usize % SHARDS]
    }

    /// Whether that process, whose inbox is closed, may hold something.
    #[inline]
    pub(super) fn may_hold(&self, pid: Pid) -> bool {
        // Relaxed: ordered by the inbox's word, see the protocol.
        self.shard(pid).holders.load(Ordering::Relaxed) != 0
    }

    fn take(&self, pid: Pid, id: Option<HoldingId>) -> Option<(HoldingId, Arc<dyn Holding>)> {
        let shard = self.shard(pid);
        let mut all = shard.held.lock();
        let held = all.get_mut(&pid)?;
        let taken = match id {
            Some(id) => held.all.remove(&id).map(|holding| (id, holding)),
            None => held.all.pop_first(),
        };
        held.count -= usize::from(taken.is_some());
        if held.count == 0 {
            all.remove(&pid);
            if all.capacity() > KEPT && all.len() < all.capacity() / 8 {
                // Goes back after a crowd; half of it, so that it is not done again soon.
                let half = all.capacity() / 2;
                all.shrink_to(half);
            }
            shard.holders.fetch_sub(1, Ordering::Relaxed);
        }
        taken
    }
}

impl Core {
    /// A number for a thing that processes can hold.
    pub(crate) fn next_holding(&self) -> HoldingId {
        self.holdings.next.fetch_add(1, Ordering::Relaxed)
    }

    /// From now on the process holds it, until it gives it up or ends. To hold it twice is to hold
    /// it once.
    pub(crate) fn entrust(
        &self,
        holder: &CellRef,
        id: HoldingId,
        holding: &Arc<dyn Holding>,
    ) -> Result<(), Unheld> {
        let pid = holder.pid();
        let shard = self.holdings.shard(pid);
        let mut all = shard.held.lock();
        let held = all.entry(pid).or_insert_with(|| {
            shard.holders.fetch_add(1, Ordering::Relaxed);
            Held::default()
        });
        let before = held.all.insert(id, holding.clone());
        held.count += usize::from(before.is_none());
        let full = held.count > limits::HOLDINGS;
        // Touched after the holding is there, see the protocol.
        let outcome = match (holder.touch(), full) {
            (false, _) => Err(Unheld::NoProc),
            (true, true) => Err(Unheld::Limit(SystemLimit::Holdings(limits::HOLDINGS))),
            (true, false) => Ok(()),
        };
        drop(all);
        if outcome.is_err() && before.is_none() {
            drop(self.holdings.take(pid, Some(id)));
        }
        outcome
    }

    /// The process holds it no more. False: it did not.
    pub(crate) fn let_go(&self, holder: Pid, id: HoldingId) -> bool {
        self.holdings.take(holder, Some(id)).is_some()
    }

    /// Gives back what an ended process holds, as far as the turn reaches. `begun` is what was left
    /// in the middle. False: there is more.
    pub(super) fn give_back(
        &self,
        running: &Running,
        begun: &mut Option<Arc<dyn Holding>>,
        steps: &mut Steps,
    ) -> bool {
        loop {
            if let Some(holding) = begun {
                if !holding.give_back(self, running, steps) {
                    return false;
                }
                *begun = None;
            }
            if !steps.next() {
                return false;
            }
            let next = self.holdings.take(running.pid(), None);
            let Some((_, holding)) = next else { return true };
            *begun = Some(holding);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    struct Nothing;

    impl Holding for Nothing {
        fn give_back(&self, _: &Core, _: &Running, _: &mut Steps) -> bool {
            true
        }
    }

    #[test]
    fn the_room_for_a_crowd_of_holders_goes_back() {
        let holdings = Holdings::new();
        let pids: Vec<Pid> = (1..50_000).filter_map(Pid::from_bits).collect();
        for pid in &pids {
            let mut held = Held { count: 1, ..Held::default() };
            held.all.insert(1, Arc::new(Nothing));
            let shard = holdings.shard(*pid);
            shard.holders.fetch_add(1, Ordering::Relaxed);
            shard.held.lock().insert(*pid, held);
        }
        assert!(pids.iter().all(|pid| holdings.take(*pid, None).is_some()));
        let left = |shard: &Shard| shard.held.lock().capacity();
        let left: Vec<usize> = holdings.shards.iter().map(|shard| left(shard)).collect();
        assert!(left.iter().all(|left| *left <= 2 * KEPT), "{left:?}");
        assert!(pids.iter().all(|pid| !holdings.may_hold(*pid)));
    }
}
