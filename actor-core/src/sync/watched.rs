//! Locks and fences as the ThreadSanitizer understands them, in a build with `--cfg tsan` only.
//!
//! It sees what is compiled with it, and the standard library is not: a lock that had to wait, a
//! condition variable and a reader-writer lock take and give their lock inside of the library,
//! unseen, and each use of what they guard looks like a race. So each lock carries a word, which
//! who has the lock changes when it gets it and before it lets go: an order that the sanitizer
//! sees. Fences it does not know at all. Here each is a change of one word that all fences share.
//!
//! Both order more than the real ones do, so they can hide a race, and never make one up: two
//! fences order their threads though neither side read what the other wrote between them, and
//! readers of one lock order each other. Whether a fence is needed at its place, the models say.

#![allow(dead_code, reason = "the model build takes only a part of this file")]

use std::{
    ops::{Deref, DerefMut},
    sync::PoisonError,
    time::Duration,
};

use super::{AtomicU32, Ordering};

/// Whether a fence of the system can stand for one of each thread: nobody sees it.
pub(crate) const UNEQUAL_FENCES: bool = false;

/// What all fences change.
static FENCE: AtomicU32 = AtomicU32::new(0);

/// A fence, and an order that is seen.
pub(crate) fn fence(order: Ordering) {
    std::sync::atomic::fence(order);
    FENCE.fetch_add(1, Ordering::SeqCst);
}

/// As a fence: it holds back no thread's barrier.
pub(crate) fn light_fence() {
    fence(Ordering::SeqCst);
}

/// An acquiring fence after a relaxed or releasing change of the word that `load` loads.
pub(crate) fn acquire_fence<T>(load: impl FnOnce(Ordering) -> T) {
    std::sync::atomic::fence(Ordering::Acquire);
    load(Ordering::Acquire);
}

/// Who has a lock changes it at both ends.
#[derive(Debug)]
struct Seen(AtomicU32);

impl Seen {
    const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    fn pass(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// What is set once, and seen to be: the library's own word for that is not.
#[derive(Debug)]
pub(crate) struct OnceLock<T> {
    value: std::sync::OnceLock<T>,
    is_set: AtomicU32,
}

impl<T> OnceLock<T> {
    pub(crate) const fn new() -> Self {
        Self { value: std::sync::OnceLock::new(), is_set: AtomicU32::new(0) }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        // Acquire: see `set`. Who comes a moment earlier has come before it was set.
        if self.is_set.load(Ordering::Acquire) == 0 { None } else { self.value.get() }
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        self.value.set(value)?;
        // Release: who sees this sees the value.
        self.is_set.store(1, Ordering::Release);
        Ok(())
    }
}

/// A lock that is held. It holds the real one, but while it waits for a condition.
#[derive(Debug)]
pub(crate) struct Guard<'a, G> {
    guard: Option<G>,
    seen: &'a Seen,
}

impl<'a, G> Guard<'a, G> {
    fn new(guard: G, seen: &'a Seen) -> Self {
        seen.pass();
        Self { guard: Some(guard), seen }
    }

    /// The real one, about to be let go.
    fn give(mut self) -> (G, &'a Seen) {
        self.seen.pass();
        (self.guard.take().expect("it is held"), self.seen)
    }
}

impl<G: Deref> Deref for Guard<'_, G> {
    type Target = G::Target;

    fn deref(&self) -> &G::Target {
        self.guard.as_ref().expect("it is held")
    }
}

impl<G: DerefMut> DerefMut for Guard<'_, G> {
    fn deref_mut(&mut self) -> &mut G::Target {
        self.guard.as_mut().expect("it is held")
    }
}

impl<G> Drop for Guard<'_, G> {
    fn drop(&mut self) {
        if self.guard.is_some() {
            self.seen.pass();
        }
    }
}

pub(crate) type MutexGuard<'a, T> = Guard<'a, std::sync::MutexGuard<'a, T>>;
pub(crate) type RwLockReadGuard<'a, T> = Guard<'a, std::sync::RwLockReadGuard<'a, T>>;
pub(crate) type RwLockWriteGuard<'a, T> = Guard<'a, std::sync::RwLockWriteGuard<'a, T>>;

/// A mutex whose `lock` gives the guard whatever happened to an earlier holder.
#[derive(Debug)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>, Seen);

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Mutex<T> {
    /// An unlocked mutex.
    pub(crate) const fn new(value: T) -> Self {
        Self(std::sync::Mutex::new(value), Seen::new())
    }

    /// Waits for the lock.
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        Guard::new(self.0.lock().unwrap_or_else(PoisonError::into_inner), &self.1)
    }

    /// The lock, if nobody holds it.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        let guard = match self.0.try_lock() {
            Ok(guard) => guard,
            Err(std::sync::TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(std::sync::TryLockError::WouldBlock) => return None,
        };
        Some(Guard::new(guard, &self.1))
    }

    /// The value, of which the caller is the only holder.
    pub(crate) fn into_inner(self) -> T {
        self.1.pass();
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A lock that readers share, not poisoned either.
#[derive(Debug)]
pub(crate) struct RwLock<T>(std::sync::RwLock<T>, Seen);

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> RwLock<T> {
    /// An unlocked lock.
    pub(crate) const fn new(value: T) -> Self {
        Self(std::sync::RwLock::new(value), Seen::new())
    }

    /// Waits until nobody writes.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
        Guard::new(self.0.read().unwrap_or_else(PoisonError::into_inner), &self.1)
    }

    /// Waits until nobody reads or writes.
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
        Guard::new(self.0.write().unwrap_or_else(PoisonError::into_inner), &self.1)
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
        let (guard, seen) = guard.give();
        Guard::new(self.0.wait(guard).unwrap_or_else(PoisonError::into_inner), seen)
    }

    /// As [`wait`](Self::wait), for `limit` at most. True when the time ran out.
    pub(crate) fn wait_timeout<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        limit: Duration,
    ) -> (MutexGuard<'a, T>, bool) {
        let (guard, seen) = guard.give();
        let (guard, result) =
            self.0.wait_timeout(guard, limit).unwrap_or_else(PoisonError::into_inner);
        (Guard::new(guard, seen), result.timed_out())
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
