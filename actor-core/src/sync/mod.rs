//! The one switch between the real machine and the model checker.
//!
//! Everything in this crate that two threads may touch is built from the names exported here, and
//! no other file asks whether it is being modelled. A normal build gets the standard library's
//! types at no cost ([`real`]); a build with `--cfg loom` gets the same names from `loom`
//! ([`model`]), which explores the interleavings and the memory orders of a test; with `--cfg
//! shuttle` as well, from `shuttle` (`shuffled`), which tries larger ones by chance. A build with
//! `--cfg tsan` gets locks and fences that the ThreadSanitizer sees (`watched`). The rules:
//!
//! - A file that holds an atomic, a lock or a shared cell imports it from `crate::sync`.
//! - Shared plain memory is an [`UnsafeCell`] and is reached through `with` and `with_mut`, so that
//!   the checker sees each access.
//! - Atomics have no `const` constructor under the checker. Process-wide state, which models do
//!   not cover, uses [`StaticMutex`], the real one in both builds.
//! - A size is pinned as `MODELLED || size_of::<T>() == n`: the checker's types are larger.

#[cfg(all(test, loom))]
mod explore;
mod hands;
#[cfg(not(tsan))]
mod locks;
#[cfg(all(loom, not(shuttle)))]
mod model;
mod real;
#[cfg(all(loom, shuttle))]
mod shuffled;
mod try_lock;
#[cfg(tsan)]
mod watched;

#[cfg(all(test, loom))]
pub(crate) use explore::{explore, explore_all, world};
#[cfg(all(loom, not(shuttle)))]
pub(crate) use model::*;
#[cfg(not(loom))]
pub(crate) use real::*;
#[cfg(all(loom, shuttle))]
pub(crate) use shuffled::*;

pub(crate) use hands::{Counts, Crew, Hands, leave as leave_crew};
pub(crate) use try_lock::TryLock;

use crate::sys;

/// For what models do not cover (process-wide state, starting and stopping of threads): the real
/// ones in both builds.
pub(crate) use real::{
    AtomicU64 as StaticU64, Condvar as StaticCondvar, Mutex as StaticMutex, OnceLock as StaticOnce,
    OsThread, mpsc, os_thread,
};

/// How two sides are ordered of which one passes its fence all the time, and the other hardly ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fences {
    /// The rare side's fence is one for all threads, by the system (`sys::barrier`); the frequent
    /// side's is free.
    Unequal,
    /// Both sides pay.
    Equal,
}

impl Fences {
    /// The cheapest that the system offers.
    pub(crate) fn best() -> Self {
        if UNEQUAL_FENCES && sys::has_barrier() { Self::Unequal } else { Self::Equal }
    }

    /// The frequent side's.
    #[inline]
    pub(crate) fn light(self) {
        match self {
            Self::Unequal => light_fence(),
            Self::Equal => fence(Ordering::SeqCst),
        }
    }

    /// The rare side's.
    pub(crate) fn heavy(self) {
        match self {
            Self::Unequal if !MODELLED => sys::barrier(),
            _ => fence(Ordering::SeqCst),
        }
    }
}
