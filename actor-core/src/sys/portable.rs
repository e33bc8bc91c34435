//! Any other system, from the standard library alone: memory is correct, the rest is declined.

#![allow(unsafe_code, reason = "blocks of pages from the global allocator")]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::io;
use std::ptr::NonNull;
use std::time::Duration;

use super::{ADDRESS_LIMIT, PAGE};

pub(crate) fn page_alloc(bytes: usize, align: usize) -> Option<NonNull<u8>> {
    debug_assert!(bytes > 0 && bytes.is_multiple_of(PAGE));
    let layout = Layout::from_size_align(bytes, align).ok()?;
    // SAFETY: the layout is not empty.
    let block = NonNull::new(unsafe { alloc_zeroed(layout) })?;
    if block.addr().get() > ADDRESS_LIMIT - bytes {
        // SAFETY: allocated above with this layout, seen by nobody.
        unsafe { dealloc(block.as_ptr(), layout) };
        return None;
    }
    Some(block)
}

/// # Safety
///
/// `ptr` came from [`page_alloc`] with these `bytes` and this `align`, and is not used any more.
pub(crate) unsafe fn page_free(ptr: NonNull<u8>, bytes: usize, align: usize) {
    let Ok(layout) = Layout::from_size_align(bytes, align) else { return };
    // SAFETY: the caller's promise: the same layout.
    unsafe { dealloc(ptr.as_ptr(), layout) };
}

/// # Safety
///
/// The range lies in a block of [`page_alloc`], and nobody writes to it meanwhile.
pub(crate) unsafe fn page_forget(ptr: NonNull<u8>, bytes: usize) {
    // SAFETY: the caller's promise.
    unsafe { ptr.write_bytes(0, bytes) };
}

/// # Safety
///
/// The range lies in a block of [`page_alloc`].
pub(crate) unsafe fn advise_huge(_ptr: NonNull<u8>, _bytes: usize) {}

pub(crate) fn allowed_cpus() -> Vec<usize> {
    (0..std::thread::available_parallelism().map_or(1, usize::from)).collect()
}

pub(crate) fn pin_current_thread(_cpu: usize) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub(crate) fn unpin_current_thread(_cpus: &[usize]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// No thread has a name here.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ThreadId {}

pub(crate) fn thread_id() -> Option<ThreadId> {
    None
}

pub(crate) fn unpin_thread(id: ThreadId, _cpus: &[usize]) -> io::Result<()> {
    match id {}
}

pub(crate) fn processor_time(id: ThreadId) -> Option<Duration> {
    match id {}
}

pub(crate) fn is_asleep(id: ThreadId) -> Option<bool> {
    match id {}
}

pub(crate) fn ask_slice(id: ThreadId, _slice: Duration) {
    match id {}
}

pub(crate) fn exact_timers() {}

pub(crate) fn has_barrier() -> bool {
    false
}

pub(crate) fn barrier() {}
