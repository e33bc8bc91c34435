//! The model half of the switch: the same names, watched by `loom`.
//!
//! A model has no clock: a wait with a limit never runs out of time.
//!
//! Atomics are wrapped. `loom` remembers one access of each kind to an atomic, and so forgets a
//! thread's load when another thread loads before it stores, as every compare-and-swap loop does:
//! the interleaving in which the store comes before the first load is then never tried. So each
//! access is announced by a relaxed exchange of a second atomic beside the first. Exchanges are
//! never forgotten, and a relaxed one orders nothing: every order of accesses is tried, and none
//! is made to happen before another.

pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::hint::spin_loop;
pub(crate) use loom::sync::atomic::{Ordering, fence};
pub(crate) use loom::sync::{Arc, MutexGuard};
pub(crate) use loom::thread;

use std::sync::{LockResult, PoisonError};
use std::time::Duration;

/// True in a build for the model checker, whose types have other sizes.
pub(crate) const MODELLED: bool = true;

/// The near half of an unequal pair of fences; the models know only equal ones.
pub(crate) fn light_fence() {
    fence(Ordering::SeqCst);
}

/// An acquiring fence after a relaxed or releasing change of the word that `load` loads.
pub(crate) fn acquire_fence<T>(_load: impl FnOnce(Ordering) -> T) {
    fence(Ordering::Acquire);
}

/// Whether a fence of the system can stand for one of each thread.
pub(crate) const UNEQUAL_FENCES: bool = true;

/// Wraps atomics, each by the type it holds, as the head of this file says.
macro_rules! announced {
    ($($name:ident $(<$param:ident>)?: $value:ty, { $($extra:ident)* };)*) => { $(
        #[derive(Debug)]
        pub(crate) struct $name $(<$param>)? {
            value: loom::sync::atomic::$name $(<$param>)?,
            access: loom::sync::atomic::AtomicU8,
        }

        impl $(<$param>)? $name $(<$param>)? {
            #[track_caller]
            pub(crate) fn new(value: $value) -> Self {
                Self {
                    value: loom::sync::atomic::$name::new(value),
                    access: loom::sync::atomic::AtomicU8::new(0),
                }
            }

            #[track_caller]
            fn announced(&self) -> &loom::sync::atomic::$name $(<$param>)? {
                self.access.fetch_add(0, Ordering::Relaxed);
                &self.value
            }

            #[track_caller]
            pub(crate) fn load(&self, order: Ordering) -> $value {
                self.announced().load(order)
            }

            #[track_caller]
            pub(crate) fn store(&self, value: $value, order: Ordering) {
                self.announced().store(value, order);
            }

            #[track_caller]
            pub(crate) fn swap(&self, value: $value, order: Ordering) -> $value {
                self.announced().swap(value, order)
            }

            #[track_caller]
            pub(crate) fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.announced().compare_exchange(current, new, success, failure)
            }

            #[track_caller]
            pub(crate) fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.announced().compare_exchange_weak(current, new, success, failure)
            }

            pub(crate) fn fetch_update(
                &self,
                success: Ordering,
                failure: Ordering,
                mut change: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                let mut old = self.load(failure);
                while let Some(new) = change(old) {
                    match self.compare_exchange_weak(old, new, success, failure) {
                        Ok(old) => return Ok(old),
                        Err(now) => old = now,
                    }
                }
                Err(old)
            }

            $(
                #[track_caller]
                pub(crate) fn $extra(&self, value: $value, order: Ordering) -> $value {
                    self.announced().$extra(value, order)
                }
            )*
        }
    )* };
}

announced! {
    AtomicBool: bool, { fetch_and fetch_or fetch_xor };
    AtomicPtr<T>: *mut T, { };
    AtomicI64: i64, { fetch_add fetch_sub fetch_and fetch_or fetch_xor fetch_max fetch_min };
    AtomicU8: u8, { fetch_add fetch_sub fetch_and fetch_or fetch_xor fetch_max fetch_min };
    AtomicU16: u16, { fetch_add fetch_sub fetch_and fetch_or fetch_xor fetch_max fetch_min };
    AtomicU32: u32, { fetch_add fetch_sub fetch_and fetch_or fetch_xor fetch_max fetch_min };
    AtomicU64: u64, { fetch_add fetch_sub fetch_and fetch_or fetch_xor fetch_max fetch_min };
    AtomicUsize: usize, { fetch_add fetch_sub fetch_and fetch_or fetch_xor fetch_max fetch_min };
}

fn unpoisoned<T>(result: LockResult<T>) -> T {
    result.unwrap_or_else(PoisonError::into_inner)
}

/// A mutex whose `lock` gives the guard whatever happened to an earlier holder.
#[derive(Debug)]
pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Mutex<T> {
    /// An unlocked mutex.
    pub(crate) fn new(value: T) -> Self {
        Self(loom::sync::Mutex::new(value))
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
pub(crate) struct Condvar(loom::sync::Condvar);

impl Condvar {
    /// A condition variable that nobody waits on.
    pub(crate) fn new() -> Self {
        Self(loom::sync::Condvar::new())
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

/// `count` words of zero.
pub(crate) fn zeroed_words(count: usize) -> Option<Box<[AtomicU64]>> {
    Some((0..count).map(|_| AtomicU64::new(0)).collect())
}

#[cfg(test)]
mod model_tests {
    use super::*;
    use std::collections::BTreeSet;

    /// A load sees a store of another thread in some order and misses it in another, also when that
    /// thread loads first.
    #[test]
    fn a_load_before_the_store_hides_no_order() {
        let seen = std::sync::Arc::new(std::sync::Mutex::new(BTreeSet::new()));
        let all = seen.clone();
        loom::model(move || {
            let word = Arc::new(AtomicU64::new(0));
            let other = word.clone();
            let writer = thread::spawn(move || {
                other.load(Ordering::Relaxed);
                other.store(1, Ordering::Relaxed);
            });
            let found = word.load(Ordering::Relaxed);
            writer.join().expect("the writer ends");
            all.lock().expect("no failure").insert(found);
        });
        assert_eq!(*seen.lock().expect("no failure"), BTreeSet::from([0, 1]));
    }
}
