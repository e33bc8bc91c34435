//! The other model half of the switch: the same names, scheduled by `shuttle`, by chance.
//!
//! `loom` tries every interleaving, with weak memory, of a few threads and steps. `shuttle` tries
//! some thousands of those of many threads and steps, with sequentially consistent memory: what an
//! order of accesses can break among many shows here, what a memory order can break does not, and
//! fences do nothing. A build has `--cfg loom --cfg shuttle`: it is a model, and this is its kind.
//!
//! A shared cell counts who is in it, by steps of the schedule of their own: two at once, of which
//! one writes, fail the model.

#![allow(unsafe_code, reason = "its own test breaks a promise")]

pub(crate) use shuttle::hint::spin_loop;
pub(crate) use shuttle::sync::atomic::{
    AtomicBool, AtomicI64, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize,
    Ordering, fence,
};
pub(crate) use shuttle::sync::{Arc, MutexGuard};
pub(crate) use shuttle::thread;

use std::sync::{LockResult, PoisonError};
use std::time::Duration;

/// True in a build for a model checker, whose types have other sizes.
pub(crate) const MODELLED: bool = true;

/// Whether a fence of the system can stand for one of each thread.
pub(crate) const UNEQUAL_FENCES: bool = true;

/// The near half of an unequal pair of fences.
pub(crate) fn light_fence() {
    fence(Ordering::SeqCst);
}

/// An acquiring fence after a relaxed or releasing change of the word that `load` loads.
pub(crate) fn acquire_fence<T>(_load: impl FnOnce(Ordering) -> T) {
    fence(Ordering::Acquire);
}

fn unpoisoned<T>(result: LockResult<T>) -> T {
    result.unwrap_or_else(PoisonError::into_inner)
}

/// A mutex whose `lock` gives the guard whatever happened to an earlier holder.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

impl<T> Mutex<T> {
    /// An unlocked mutex.
    pub(crate) fn new(value: T) -> Self {
        Self(shuttle::sync::Mutex::new(value))
    }

    /// Waits for the lock.
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        unpoisoned(self.0.lock())
    }

    /// The lock, if nobody holds it.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.0.try_lock().ok()
    }

    /// The value, of which the caller is the only holder.
    pub(crate) fn into_inner(self) -> T {
        unpoisoned(self.0.into_inner())
    }
}

/// A condition variable that ignores poisoning, as [`Mutex`] does.
#[derive(Debug, Default)]
pub(crate) struct Condvar(shuttle::sync::Condvar);

impl Condvar {
    /// A condition variable that nobody waits on.
    pub(crate) fn new() -> Self {
        Self(shuttle::sync::Condvar::new())
    }

    /// Gives the lock back, waits for a notification, and takes the lock again.
    pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        unpoisoned(self.0.wait(guard))
    }

    /// As [`wait`](Self::wait): the model never runs out of time.
    pub(crate) fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        _limit: Duration,
    ) -> (MutexGuard<'a, T>, bool) {
        (self.wait(guard), false)
    }

    /// Wakes one waiter.
    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes every waiter.
    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// Plain memory that a protocol keeps to one writer or to readers, and that notices if it does not.
#[derive(Debug)]
pub(crate) struct UnsafeCell<T> {
    /// How many read; below zero: one writes.
    inside: AtomicI64,
    value: std::cell::UnsafeCell<T>,
}

// SAFETY: as of `loom`'s: two at once, of which one writes, stop the model before they touch it.
unsafe impl<T: Send> Sync for UnsafeCell<T> {}

impl<T: Default> Default for UnsafeCell<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> UnsafeCell<T> {
    /// A cell that holds `value`.
    pub(crate) fn new(value: T) -> Self {
        Self { inside: AtomicI64::new(0), value: std::cell::UnsafeCell::new(value) }
    }

    /// Hands out the address for reading.
    #[track_caller]
    pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        assert!(self.inside.fetch_add(1, Ordering::SeqCst) >= 0, "read while another writes");
        let result = read(self.value.get());
        self.inside.fetch_sub(1, Ordering::SeqCst);
        result
    }

    /// Hands out the address for writing.
    #[track_caller]
    pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        assert_eq!(self.inside.swap(-1, Ordering::SeqCst), 0, "written while another is there");
        let result = write(self.value.get());
        self.inside.store(0, Ordering::SeqCst);
        result
    }
}

/// `count` words of zero.
pub(crate) fn zeroed_words(count: usize) -> Option<Box<[AtomicU64]>> {
    Some((0..count).map(|_| AtomicU64::new(0)).collect())
}

#[cfg(test)]
mod model_tests {
    use super::*;

    #[test]
    #[should_panic(expected = "another")]
    fn two_writers_of_a_cell_are_noticed() {
        crate::sync::explore(3, || {
            let cell = Arc::new(UnsafeCell::new(0));
            let other = cell.clone();
            // SAFETY: it is not; the model stops before.
            let writer = thread::spawn(move || other.with_mut(|value| unsafe { *value += 1 }));
            // SAFETY: as above.
            cell.with_mut(|value| unsafe { *value += 1 });
            writer.join().expect("the writer ends");
        });
    }
}
