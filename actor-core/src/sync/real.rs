//! The real half of the switch: the standard library, with an edge taken off.
//!
//! A shared cell is reached by closures, which compile to nothing, so that the same text can be
//! model-checked. Locks and fences are [`locks`](super::locks)', or [`watched`](super::watched)
//! for the ThreadSanitizer.

#![allow(unsafe_code, reason = "words that are zero without being touched")]
#![allow(dead_code, unused_imports, reason = "the model build takes only a part of this file")]

use std::alloc::{Layout, alloc_zeroed};

pub(crate) use std::hint::spin_loop;
pub(crate) use std::sync::Arc;
pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicI64, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicUsize,
    Ordering,
};
pub(crate) use std::sync::mpsc;
pub(crate) use std::thread::{self, self as os_thread, Thread as OsThread};

#[cfg(not(tsan))]
pub(crate) use super::locks::*;
#[cfg(tsan)]
pub(crate) use super::watched::*;

/// True in a build for the model checker, whose types have other sizes.
pub(crate) const MODELLED: bool = false;

/// Plain memory that a protocol, not the borrow checker, keeps to one thread at a time.
#[derive(Debug, Default)]
#[repr(transparent)]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    /// A cell that holds `value`.
    pub(crate) const fn new(value: T) -> Self {
        Self(std::cell::UnsafeCell::new(value))
    }

    /// Hands out the address for reading. The pointer must not leave the closure.
    #[inline(always)]
    pub(crate) fn with<R>(&self, read: impl FnOnce(*const T) -> R) -> R {
        read(self.0.get())
    }

    /// Hands out the address for writing. The pointer must not leave the closure.
    #[inline(always)]
    pub(crate) fn with_mut<R>(&self, write: impl FnOnce(*mut T) -> R) -> R {
        write(self.0.get())
    }
}

/// `count` words of zero in memory that the system backs as it is touched. `None`: out of memory.
pub(crate) fn zeroed_words(count: usize) -> Option<Box<[AtomicU64]>> {
    if count == 0 {
        return Some(Box::default());
    }
    let layout = Layout::array::<AtomicU64>(count).ok()?;
    // SAFETY: the layout is not empty: `count` is above zero.
    let words = unsafe { alloc_zeroed(layout) }.cast::<AtomicU64>();
    if words.is_null() {
        return None;
    }
    // SAFETY: the global allocator gave this block for exactly the layout of the boxed slice, and
    // eight zero bytes are a valid `AtomicU64`.
    Some(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(words, count)) })
}
