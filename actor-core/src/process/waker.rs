//! A process's waker: its cell's address, pinned for as long as the waker lives.
//!
//! Waking goes through the inbox's word, as mail does: so a wake-up makes a process runnable
//! exactly when a message would, and one for a process that has ended does nothing.
#![allow(unsafe_code)]

use std::{
    mem::ManuallyDrop,
    ptr::NonNull,
    task::{RawWaker, RawWakerVTable, Waker},
};

use super::header::{CellRef, RawCell, Running};

static WAKER: RawWakerVTable =
    RawWakerVTable::new(waker_clone, waker_wake, waker_wake_by_ref, waker_drop);

impl Running {
    /// The process's waker without a pin of its own, good until the end of the turn; clones are
    /// pinned.
    pub(crate) fn borrowed_waker(&self) -> ManuallyDrop<Waker> {
        let data = self.raw().header().as_ptr().cast_const().cast();
        // SAFETY: the table's functions keep `Waker`'s contract; this one is never dropped, and the
        // living process's pin outlasts the turn.
        ManuallyDrop::new(unsafe { Waker::new(data, &WAKER) })
    }
}

/// The pin that a waker holds, on loan.
///
/// # Safety
/// `data` is the data of a waker of this table, which is alive.
unsafe fn pin_of(data: *const ()) -> ManuallyDrop<CellRef> {
    // SAFETY: a waker's data is a header's address, never null.
    let cell = RawCell::from_header(unsafe { NonNull::new_unchecked(data.cast_mut().cast()) });
    ManuallyDrop::new(CellRef::adopt(cell))
}

/// # Safety
/// As `pin_of`.
unsafe fn waker_clone(data: *const ()) -> RawWaker {
    // SAFETY: the caller's promise, passed on.
    let pin = unsafe { pin_of(data) };
    std::mem::forget(CellRef::clone(&pin));
    RawWaker::new(data, &WAKER)
}

/// # Safety
/// As `pin_of`; consumes the waker's pin.
unsafe fn waker_wake(data: *const ()) {
    // SAFETY: the caller's promise, passed on.
    unsafe { waker_wake_by_ref(data) };
    // SAFETY: the caller's promise, passed on.
    unsafe { waker_drop(data) };
}

/// # Safety
/// As `pin_of`.
unsafe fn waker_wake_by_ref(data: *const ()) {
    // SAFETY: the caller's promise, passed on.
    let pin = unsafe { pin_of(data) };
    if pin.wake() {
        pin.machine().ready(pin.raw(), pin.state().priority());
    }
}

/// # Safety
/// As `pin_of`; consumes the waker's pin.
unsafe fn waker_drop(data: *const ()) {
    // SAFETY: the caller's promise, passed on.
    drop(ManuallyDrop::into_inner(unsafe { pin_of(data) }));
}
