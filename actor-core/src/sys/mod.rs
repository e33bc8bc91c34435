//! What we ask of the operating system: pages, processor sets, pinning, thread clocks.
//!
//! One file answers for Linux ([`linux`], system calls without our own FFI) and one for everything
//! else ([`portable`], from the standard library alone: correct, but it pins nothing and gives no
//! page back). Both have the same functions under the same contracts, which are written here:
//!
//! - `page_alloc(bytes, align)`: zeroed memory that the system backs as it is touched, below
//!   [`ADDRESS_LIMIT`]. `bytes` is above zero and a multiple of [`PAGE`], `align` a power of two
//!   from [`PAGE`] up. `None`: the system refused.
//! - `page_free(ptr, bytes, align)`: the end of such a block, whole.
//! - `page_forget(ptr, bytes)`: a page-aligned part of such a block reads as zero again, and where
//!   the system can, costs no memory until it is touched.
//! - `advise_huge(ptr, bytes)`: a hint that huge pages would serve this block well.
//! - `allowed_cpus()`: the processors this thread may run on, ascending, never empty.
//! - `pin_current_thread(cpu)`: from now on this thread runs on `cpu` only.
//! - `unpin_current_thread(cpus)`: from now on this thread runs on any of `cpus`.
//! - `thread_id()`: this thread's name for the functions below. `None`: they can tell nothing.
//! - `unpin_thread(id, cpus)`: the same for another thread, which is alive.
//! - `processor_time(id)`: the processor time that a living thread has used.
//! - `is_asleep(id)`: whether a living thread waits in the system for something else than a
//!   processor.
//! - `ask_slice(id, slice)`: asks that a living thread be given the processor in slices of that
//!   length: one with shorter slices is run sooner when it wakes, its share stays. A wish: it
//!   changes nothing else, and nothing at all where the system knows no such thing.
//! - `exact_timers()`: this thread's waits with a limit end as exactly as the system can.
//! - `has_barrier()`: whether `barrier` works, once it was asked; to be asked before threads rely
//!   on it.
//! - `barrier()`: passes a sequentially consistent fence on every thread of this OS process.

#[cfg(all(target_os = "linux", not(miri)))]
mod linux;
#[cfg(all(target_os = "linux", not(miri)))]
use linux as imp;

#[cfg(any(not(target_os = "linux"), miri))]
mod portable;
#[cfg(any(not(target_os = "linux"), miri))]
use portable as imp;

#[cfg(all(test, target_os = "linux", not(miri)))]
use imp::unpin_current_thread;
pub(crate) use imp::{
    ThreadId, advise_huge, allowed_cpus, ask_slice, barrier, exact_timers, has_barrier, is_asleep,
    page_alloc, page_forget, page_free, pin_current_thread, processor_time, thread_id,
    unpin_thread,
};

/// The granularity of blocks of pages. A system whose pages are larger rounds up by itself.
pub(crate) const PAGE: usize = 4096;

/// Every block of pages ends below this address, so that a pointer packs into 48 bits.
pub(crate) const ADDRESS_LIMIT: usize = 1 << 48;

/// True when a quota gives this process less processor time than its processors could: then
/// pinning harms, because a pinned thread cannot use the time its neighbours leave over.
pub(crate) fn quota_below_mask() -> bool {
    std::thread::available_parallelism().is_ok_and(|cpus| cpus.get() < allowed_cpus().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_processor_to_run_on() {
        let cpus = allowed_cpus();
        assert!(!cpus.is_empty());
        assert!(cpus.is_sorted());
        // Only that it answers: the answer is the machine's.
        let _ = quota_below_mask();
    }

    #[test]
    #[cfg(all(target_os = "linux", not(miri)))]
    fn a_pinned_thread_sees_one_processor_until_it_is_unpinned() {
        std::thread::spawn(|| {
            let all = allowed_cpus();
            let last = *all.last().expect("one processor at least");
            pin_current_thread(last).expect("a processor of our own mask");
            assert_eq!(allowed_cpus(), [last]);
            unpin_current_thread(&all).expect("the mask we had");
            assert_eq!(allowed_cpus(), all);
        })
        .join()
        .expect("the thread ends");
    }

    #[test]
    #[cfg(all(target_os = "linux", not(miri)))]
    fn a_threads_clock_runs_while_it_computes_and_stands_while_it_sleeps() {
        use std::{sync::mpsc::channel, time::Duration};
        let (tell, told) = channel();
        let (wake, woken) = channel::<()>();
        let thread = std::thread::spawn(move || {
            let id = thread_id().expect("threads have names here");
            let begin = processor_time(id).expect("a clock");
            while processor_time(id).expect("a clock") < begin + Duration::from_millis(1) {}
            tell.send(id).expect("the test waits");
            woken.recv().expect("the test wakes us");
        });
        let id = told.recv().expect("it computes");
        while is_asleep(id) != Some(true) {
            std::thread::yield_now();
        }
        let before = processor_time(id);
        assert_eq!(before, processor_time(id));
        assert_eq!(is_asleep(thread_id().expect("a name")), Some(false));
        unpin_thread(id, &allowed_cpus()).expect("our own thread");
        wake.send(()).expect("it waits");
        thread.join().expect("it ends");
    }

    #[test]
    #[cfg(all(target_os = "linux", not(miri)))]
    fn wishes_are_never_errors() {
        let id = thread_id().expect("threads have names here");
        ask_slice(id, std::time::Duration::from_micros(100));
        ask_slice(id, std::time::Duration::from_millis(100));
        exact_timers();
        if has_barrier() {
            barrier();
        }
    }

    #[test]
    #[cfg(all(target_os = "linux", not(miri)))]
    fn a_processor_that_does_not_exist_is_refused() {
        assert!(pin_current_thread(usize::MAX).is_err());
    }
}
