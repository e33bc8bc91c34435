//! A lock that nobody waits for: who finds it taken goes another way.

#![allow(unsafe_code, reason = "what the flag guards")]

use super::{AtomicBool, Ordering, UnsafeCell};

/// What one thread mostly has to itself, and others look into now and then. Half the price of a
/// mutex: letting go is a plain store, because there is nobody to wake.
#[derive(Debug)]
pub(crate) struct TryLock<T> {
    taken: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the flag lets one thread at a time to the value, so it only moves between threads.
unsafe impl<T: Send> Sync for TryLock<T> {}

impl<T> TryLock<T> {
    /// A lock that is free.
    pub(crate) fn new(value: T) -> Self {
        Self { taken: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    /// Uses the value, unless somebody does so now. `act` must not come back here.
    #[inline]
    pub(crate) fn try_with<R>(&self, act: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.try_give((), |value, ()| act(value)).ok()
    }

    /// The same with something that is to be put there; who is refused has it back.
    #[inline]
    pub(crate) fn try_give<A, R>(&self, gift: A, act: impl FnOnce(&mut T, A) -> R) -> Result<R, A> {
        struct LetGo<'a>(&'a AtomicBool);
        impl Drop for LetGo<'_> {
            fn drop(&mut self) {
                // Release: pairs with the Acquire below: the next one sees what this one did.
                self.0.store(false, Ordering::Release);
            }
        }
        // Who fails reads nothing through it.
        let taken = self.taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed);
        if taken.is_err() {
            return Err(gift);
        }
        let _let_go = LetGo(&self.taken);
        // SAFETY: the flag was free and is ours, so nobody else has a reference to the value.
        Ok(self.value.with_mut(|value| act(unsafe { &mut *value }, gift)))
    }
}

/// The model: one at a time, and each sees what the one before it did.
#[cfg(all(test, loom))]
mod model_tests {
    use super::*;
    use crate::sync::{Arc, explore_all, thread};

    #[test]
    fn who_gets_in_is_alone_and_sees_all() {
        explore_all(|| {
            let lock = Arc::new(TryLock::new((0, 0)));
            let count = |lock: &TryLock<(u32, u32)>| {
                let counted = lock.try_with(|(one, two)| {
                    assert_eq!(one, two);
                    *one += 1;
                    *two += 1;
                });
                u32::from(counted.is_some())
            };
            let other = Arc::clone(&lock);
            let there = thread::spawn(move || count(&other));
            let here = count(&lock);
            let there = there.join().expect("the thread ends");
            assert_eq!(lock.try_with(|value| *value), Some((here + there, here + there)));
            assert!(here + there > 0);
        });
    }

    /// More of them than can be tried wholly.
    #[cfg(shuttle)]
    #[test]
    fn of_many_who_get_in_each_is_alone() {
        explore_all(|| {
            let lock = Arc::new(TryLock::new((0, 0)));
            let others = [(); 4].map(|()| {
                let lock = Arc::clone(&lock);
                let enter = move |_: &u32| {
                    let entered = lock.try_with(|(one, two)| {
                        assert_eq!(one, two);
                        *one += 1;
                        *two += 1;
                    });
                    entered.is_some()
                };
                thread::spawn(move || (0..6_u32).filter(enter).count() as u32)
            });
            let entered = others.map(|other| other.join().expect("the thread ends"));
            let all = entered.iter().sum();
            assert_eq!(lock.try_with(|value| *value), Some((all, all)));
            assert!(all > 0);
        });
    }
}
