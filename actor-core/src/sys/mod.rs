//! What the operating system tells and takes: CPU sets and pinning.

use std::io;

/// The CPUs that this thread may use, ascending.
pub(crate) fn allowed_cpus() -> Vec<usize> {
    #[cfg(target_os = "linux")]
    if let Ok(set) = rustix::thread::sched_getaffinity(None) {
        return (0..rustix::thread::CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu)).collect();
    }
    (0..std::thread::available_parallelism().map_or(1, usize::from)).collect()
}

/// Binds the calling thread to one CPU.
pub(crate) fn pin_current_thread(cpu: usize) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        let mut set = rustix::thread::CpuSet::new();
        set.set(cpu);
        rustix::thread::sched_setaffinity(None, &set)?;
    }
    let _ = cpu;
    Ok(())
}

/// Whether a quota grants less CPU time than the CPU set suggests.
pub(crate) fn quota_below_mask() -> bool {
    std::thread::available_parallelism().map_or(1, usize::from) < allowed_cpus().len()
}
