//! An `Arc` whose block comes from a magazine.

use std::{mem::ManuallyDrop, ops::Deref, ptr::NonNull};

use super::Pooled;
use crate::sync::{AtomicUsize, Ordering, acquire_fence};

/// Shared by several owners; the last one drops it. No weak ones, so a count is one word.
pub(crate) struct Counted<T: ?Sized>(NonNull<Shared<T>>);

/// What is in the block.
pub(crate) struct Shared<T: ?Sized> {
    owners: AtomicUsize,
    value: T,
}

// SAFETY: as for `Arc`: owners on several threads share the value, and any of them may drop it.
unsafe impl<T: ?Sized + Send + Sync> Send for Counted<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send + Sync> Sync for Counted<T> {}

impl<T> Counted<T> {
    /// With so many owners, which are counted once and not one by one; see [`Pooled::with`].
    #[inline(always)]
    pub(crate) fn shared_by<const OWNERS: usize>(make: impl FnOnce() -> T) -> [Self; OWNERS] {
        const { assert!(OWNERS > 0) };
        let make = || Shared { owners: AtomicUsize::new(OWNERS), value: make() };
        let block = Pooled::with(make).into_raw();
        [(); OWNERS].map(|()| Self(block))
    }

    /// Forgets the type: `cast` is the coercion to a trait's object, and nothing else.
    ///
    /// # Safety
    /// `cast` answers the pointer that it was given.
    pub(crate) unsafe fn unsize<U: ?Sized>(
        self,
        cast: fn(NonNull<Shared<T>>) -> NonNull<Shared<U>>,
    ) -> Counted<U> {
        Counted(cast(ManuallyDrop::new(self).0))
    }
}

impl<T: ?Sized> Counted<T> {
    fn shared(&self) -> &Shared<T> {
        // SAFETY: an owner keeps the block.
        unsafe { self.0.as_ref() }
    }
}

impl<T: ?Sized> Clone for Counted<T> {
    fn clone(&self) -> Self {
        // Relaxed: made from an owner, as for `Arc`.
        let before = self.shared().owners.fetch_add(1, Ordering::Relaxed);
        assert!(before < usize::MAX / 2, "too many owners");
        Self(self.0)
    }
}

impl<T: ?Sized> Drop for Counted<T> {
    fn drop(&mut self) {
        // Acquire: who is alone sees what all others did. A last owner stays the last: nobody else
        // could make another.
        if self.shared().owners.load(Ordering::Acquire) != 1 {
            // Release: what we did comes before the end. Acquire below, by the last one.
            if self.shared().owners.fetch_sub(1, Ordering::Release) != 1 {
                return;
            }
            acquire_fence(|order| self.shared().owners.load(order));
        }
        // SAFETY: from `new`, perhaps by `unsize`; no other owner is left.
        drop(unsafe { Pooled::from_raw(self.0) });
    }
}

impl<T: ?Sized> Deref for Counted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.shared().value
    }
}
