//! Linux, by system calls through `rustix`.

#![allow(unsafe_code, reason = "mapping, unmapping and advising memory")]

use std::ffi::c_void;
use std::io;
use std::ptr::{self, NonNull};

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::{ADDRESS_LIMIT, PAGE};

pub(crate) fn page_alloc(bytes: usize, align: usize) -> Option<NonNull<u8>> {
    debug_assert!(bytes > 0 && bytes.is_multiple_of(PAGE));
    debug_assert!(align.is_power_of_two() && align >= PAGE);
    let fits = |address: usize| address.is_multiple_of(align);
    // The kernel aligns large mappings by itself, or puts them below the one before: the exact
    // size is usually right at the first try and saves two calls and a hole.
    let exact = map(bytes)?;
    let block = if fits(exact.addr().get()) {
        exact
    } else {
        // SAFETY: the block was mapped above with this size and nobody has seen it.
        unsafe { unmap(exact, bytes) };
        over_map(bytes, align)?
    };
    if block.addr().get() > ADDRESS_LIMIT - bytes {
        // SAFETY: as above.
        unsafe { unmap(block, bytes) };
        return None;
    }
    Some(block)
}

/// Maps enough to hold an aligned block wherever the mapping falls, and trims both ends.
fn over_map(bytes: usize, align: usize) -> Option<NonNull<u8>> {
    let whole = map(bytes.checked_add(align)?)?;
    let head = whole.addr().get().next_multiple_of(align) - whole.addr().get();
    // SAFETY: `head` is at most `align`, so `head + bytes` stays inside the mapping.
    let block = unsafe { whole.add(head) };
    if head > 0 {
        // SAFETY: the first `head` bytes of the mapping are in nobody's hands.
        unsafe { unmap(whole, head) };
    }
    if head < align {
        // SAFETY: what follows the block, up to the mapping's end, is in nobody's hands.
        unsafe { unmap(block.add(bytes), align - head) };
    }
    Some(block)
}

fn map(bytes: usize) -> Option<NonNull<u8>> {
    let rights = ProtFlags::READ | ProtFlags::WRITE;
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
    // SAFETY: a private anonymous mapping at an address of the kernel's choice replaces nothing.
    let block = unsafe { mmap_anonymous(ptr::null_mut(), bytes, rights, flags) };
    NonNull::new(block.ok()?.cast())
}

/// # Safety
///
/// The range is mapped by this module and nobody uses it any more.
unsafe fn unmap(block: NonNull<u8>, bytes: usize) {
    // SAFETY: the caller's promise.
    let done = unsafe { munmap(block.as_ptr().cast::<c_void>(), bytes) };
    // Fails only when a split would pass the limit on mappings: then the range stays, unused.
    debug_assert!(done.is_ok(), "munmap: {done:?}");
}

/// # Safety
///
/// `ptr` came from [`page_alloc`] with these `bytes` and is not used any more.
pub(crate) unsafe fn page_free(ptr: NonNull<u8>, bytes: usize, _align: usize) {
    // SAFETY: the caller's promise.
    unsafe { unmap(ptr, bytes) };
}

/// # Safety
///
/// The range is page-aligned, lies in a block of [`page_alloc`], and nobody writes to it meanwhile.
pub(crate) unsafe fn page_forget(ptr: NonNull<u8>, bytes: usize) {
    // SAFETY: a private anonymous mapping reads as zeros afterwards, and no one writes to it now.
    let done = unsafe { madvise(ptr.as_ptr().cast::<c_void>(), bytes, Advice::LinuxDontNeed) };
    if done.is_err() {
        // Locked pages cannot be given back; they must read as zero all the same.
        // SAFETY: the range is mapped and in the caller's hands.
        unsafe { ptr.write_bytes(0, bytes) };
    }
}

/// # Safety
///
/// The range lies in a block of [`page_alloc`].
pub(crate) unsafe fn advise_huge(ptr: NonNull<u8>, bytes: usize) {
    // A kernel without huge pages refuses, and nothing is lost.
    // SAFETY: the advice changes neither contents nor rights.
    let _ = unsafe { madvise(ptr.as_ptr().cast::<c_void>(), bytes, Advice::LinuxHugepage) };
}

pub(crate) fn allowed_cpus() -> Vec<usize> {
    let cpus: Vec<usize> = match sched_getaffinity(None) {
        Ok(set) => (0..CpuSet::MAX_CPU).filter(|&cpu| set.is_set(cpu)).collect(),
        // A machine with more processors than the set holds: the count is all there is to know.
        Err(_) => (0..std::thread::available_parallelism().map_or(1, usize::from)).collect(),
    };
    if cpus.is_empty() { vec![0] } else { cpus }
}

pub(crate) fn pin_current_thread(cpu: usize) -> io::Result<()> {
    unpin_current_thread(&[cpu])
}

pub(crate) fn unpin_current_thread(cpus: &[usize]) -> io::Result<()> {
    let mut set = CpuSet::new();
    for &cpu in cpus {
        if cpu >= CpuSet::MAX_CPU {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        set.set(cpu);
    }
    Ok(sched_setaffinity(None, &set)?)
}
