//! Scheduling priorities, as the BEAM has them.

/// How a process is scheduled among others: an option at its start, with the BEAM's four levels.
///
/// `High` and `Max` are run before all others, so keep them for short work; `Low` gets about one
/// turn in eight while others have work. There is no inheritance: a caller waits at its own level.
///
/// ```
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// # let rt = Runtime::new()?;
/// use actor_core::Priority;
/// let counter = Counter(40).with().priority(Priority::Low).on(&rt).spawn()?;
/// assert_eq!(counter.add(2).blocking()?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Background work.
    Low = 0,
    /// The usual.
    #[default]
    Normal = 1,
    /// Before all normal processes.
    High = 2,
    /// Before all others; for what the system itself needs.
    Max = 3,
}
