//! The local registry: names to pids.
//!
//! A name belongs to at most one live process, and a process has at most one name. A name is
//! released in the exit of its process, before anybody hears of the death.
//!
//! Names lie in shards, by their hash. Who changes a shard has its lock; who looks a name up has
//! none and writes nothing, so that cores do not meet there: it reads, and then reads whether
//! somebody wrote meanwhile (`shard`). Then, and for a name that is too long to lie there in
//! words, it takes the lock.

mod hash;
pub(crate) mod keyed;
mod shard;

use std::{hash::BuildHasher, sync::Arc};

use crossbeam_utils::CachePadded;

pub(crate) use self::shard::Holder;
use self::{hash::Hashing, shard::Shard};
use crate::pid::Pid;

/// As many as make it rare that two cores change one at once, or that one is looked into while it
/// is changed. A power of two.
const SHARDS: usize = 64;

/// See the module.
pub(crate) struct Registry {
    hashing: Hashing,
    shards: Box<[CachePadded<Shard>]>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        let shards = (0..SHARDS).map(|_| CachePadded::new(Shard::new())).collect();
        Self { hashing: Hashing::new(), shards }
    }

    /// Where a name belongs. What is lower in the hash is the shard's own.
    #[inline]
    fn shard(&self, name: &str) -> (&Shard, u64) {
        let hash = self.hashing.hash_one(name);
        (&self.shards[(hash >> 56) as usize % SHARDS], hash)
    }

    /// Gives `name` to a process, or says who has it.
    pub(crate) fn register(&self, name: Arc<str>, to: Holder) -> Result<(), Pid> {
        let (shard, hash) = self.shard(&name);
        shard.insert(hash, name, to)
    }

    /// Takes `name` from `pid`, if it is its.
    pub(crate) fn unregister(&self, name: &str, pid: Pid) {
        let (shard, hash) = self.shard(name);
        drop(shard.remove(hash, name, pid));
    }

    /// Who has the name.
    #[inline]
    pub(crate) fn whereis(&self, name: &str) -> Option<Holder> {
        let (shard, hash) = self.shard(name);
        shard.find(hash, name)
    }

    /// All names, sorted.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        let mut names = Vec::new();
        self.shards.iter().for_each(|shard| shard.each(|name| names.push(name.clone())));
        names.sort_unstable();
        names
    }
}

#[cfg(test)]
mod tests;
