//! Linux, by system calls through `rustix`; through `libc` where that has none.

#![allow(unsafe_code, reason = "mapping, unmapping and advising memory; calls without a wrapper")]

use std::ffi::c_void;
use std::io;
use std::mem::MaybeUninit;
use std::num::NonZeroU64;
use std::ptr::{self, NonNull};
use std::time::Duration;

use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous, munmap};
use rustix::thread::{
    CpuSet, MembarrierCommand, Pid, gettid, membarrier, sched_getaffinity, sched_setaffinity,
    set_current_timer_slack,
};

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
    set_affinity(None, cpus)
}

fn set_affinity(thread: Option<Pid>, cpus: &[usize]) -> io::Result<()> {
    let mut set = CpuSet::new();
    for &cpu in cpus {
        if cpu >= CpuSet::MAX_CPU {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        set.set(cpu);
    }
    Ok(sched_setaffinity(thread, &set)?)
}

/// A thread's number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ThreadId(Pid);

pub(crate) fn thread_id() -> Option<ThreadId> {
    Some(ThreadId(gettid()))
}

pub(crate) fn unpin_thread(id: ThreadId, cpus: &[usize]) -> io::Result<()> {
    set_affinity(Some(id.0), cpus)
}

pub(crate) fn processor_time(id: ThreadId) -> Option<Duration> {
    // The system's own encoding of "the processor clock of that thread" in a clock's number: what
    // `pthread_getcpuclockid` answers.
    let clock = !id.0.as_raw_nonzero().get() << 3 | 6;
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: the call writes the time, or nothing and says so.
    if unsafe { libc::clock_gettime(clock, time.as_mut_ptr()) } != 0 {
        return None;
    }
    // SAFETY: the call succeeded.
    let time = unsafe { time.assume_init() };
    Some(Duration::new(time.tv_sec.try_into().ok()?, time.tv_nsec.try_into().ok()?))
}

pub(crate) fn is_asleep(id: ThreadId) -> Option<bool> {
    let path = format!("/proc/self/task/{}/stat", id.0.as_raw_nonzero());
    let text = std::fs::read(path).ok()?;
    // The name in brackets may hold anything, brackets too; the state is the letter behind it.
    let end = text.iter().rposition(|&byte| byte == b')')?;
    let state = text.get(end + 2)?;
    Some(matches!(state, b'S' | b'D'))
}

pub(crate) fn ask_slice(id: ThreadId, slice: Duration) {
    let number = id.0.as_raw_nonzero().get();
    let size = size_of::<libc::sched_attr>() as u32;
    let mut now = MaybeUninit::<libc::sched_attr>::zeroed();
    // SAFETY: the call writes at most `size` bytes there.
    let got =
        unsafe { libc::syscall(libc::SYS_sched_getattr, number, now.as_mut_ptr(), size, 0_u32) };
    if got != 0 {
        return;
    }
    // SAFETY: plain numbers, all of which were set: zero before the call.
    let mut wish = unsafe { now.assume_init() };
    // Slices are for the usual policies. Who runs this program under another knows why.
    let usual = [libc::SCHED_OTHER, libc::SCHED_BATCH].map(|policy| policy as u32);
    if !usual.contains(&wish.sched_policy) {
        return;
    }
    wish.size = size;
    wish.sched_runtime = slice.as_nanos() as u64;
    // A refusal changes nothing.
    // SAFETY: the call reads `size` bytes there.
    let _ = unsafe { libc::syscall(libc::SYS_sched_setattr, number, &raw const wish, 0_u32) };
}

pub(crate) fn exact_timers() {
    // The default lets a wait end 50 microseconds late, to save wakes. A refusal changes nothing.
    let _ = set_current_timer_slack(NonZeroU64::new(1));
}

pub(crate) fn has_barrier() -> bool {
    membarrier(MembarrierCommand::RegisterPrivateExpedited).is_ok()
}

pub(crate) fn barrier() {
    // It was registered (`has_barrier`), so it cannot fail: a thread that went on without it would
    // be a race.
    membarrier(MembarrierCommand::PrivateExpedited).expect("a registered membarrier works");
}
