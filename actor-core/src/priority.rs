//! Scheduling priorities, as the BEAM has them.

/// How a process is scheduled among others: an option at its start.
///
/// `High` and `Max` are run before all others, so keep them for short work; `Low` gets about one
/// turn in eight while others have work. There is no inheritance.
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
