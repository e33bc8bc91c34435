//! The standard library's locks and fences, with an edge taken off.
//!
//! A lock here is never poisoned: no user code runs under one of ours, and a panic of our own
//! must not turn every later lock into a second panic.

#![allow(dead_code, unused_imports, reason = "the model build takes only a part of this file")]

use std::sync::PoisonError;
use std::time::Duration;

pub(crate) use std::sync::atomic::fence;
pub(crate) use std::sync::{MutexGuard, OnceLock, RwLockReadGuard, RwLockWriteGuard};

use super::Ordering;

/// Whether a fence of the system can stand for one of each thread.
pub(crate) const UNEQUAL_FENCES: bool = true;

/// The near half of an unequal pair of fences: it holds back the compiler. The far half makes all
/// threads pass a barrier (`sys::barrier`).
#[inline(always)]
pub(crate) fn light_fence() {
    std::sync::atomic::compiler_fence(Ordering::SeqCst);
}

/// An acquiring fence after a relaxed or releasing change of the word that `load` loads.
#[inline(always)]
pub(crate) fn acquire_fence<T>(_load: impl FnOnce(Ordering) -> T) {
    fence(Ordering::Acquire);
}

/// A mutex whose `lock` gives the guard whatever happened to an earlier holder.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    /// An unlocked mutex.
    pub(crate) const fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value))
    }

    /// Waits for the lock.
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lock, if nobody holds it.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(std::sync::TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(std::sync::TryLockError::WouldBlock) => None,
        }
    }

    /// The value, of which the caller is the only holder.
    pub(crate) fn into_inner(self) -> T {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lock that readers share, not poisoned either.
#[derive(Debug, Default)]
pub(crate) struct RwLock<T>(std::sync::RwLock<T>);

impl<T> RwLock<T> {
    /// An unlocked lock.
    pub(crate) const fn new(value: T) -> Self {
        Self(std::sync::RwLock::new(value))
    }

    /// Waits until nobody writes.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until nobody reads or writes.
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A condition variable that ignores poisoning, as [`Mutex`] does.
#[derive(Debug, Default)]
pub(crate) struct Condvar(std::sync::Condvar);

impl Condvar {
    /// A condition variable that nobody waits on.
    pub(crate) const fn new() -> Self {
        Self(std::sync::Condvar::new())
    }

    /// Gives the lock back, waits for a notification, and takes the lock again.
    pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.0.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`wait`](Self::wait), for `limit` at most. True when the time ran out.
    pub(crate) fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        limit: Duration,
    ) -> (MutexGuard<'a, T>, bool) {
        let (guard, result) =
            self.0.wait_timeout(guard, limit).unwrap_or_else(PoisonError::into_inner);
        (guard, result.timed_out())
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
