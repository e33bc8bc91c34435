//! Process identifiers.
//!
//! A pid is one word: 12 bits of node, 25 bits of generation, 27 bits of index into the process
//! table. The index finds the process, the generation tells it from every other that used the same
//! slot (a slot that has used up its generations is retired, so a pid is never reused), the node
//! is 0 for the local one. 27 bits are the BEAM's own bound: 134,217,727 processes.

use std::fmt;

const INDEX_BITS: u32 = 27;
const GENERATION_BITS: u32 = 25;

/// The identity of one process incarnation, unique for the life of its runtime.
///
/// A pid says nothing about whether the process is alive; a restarted child has a new one. It is
/// plain data: it can be copied, compared, hashed, stored and sent. Its order is the order of table
/// slots and means nothing more.
///
/// ```
/// use actor_core::prelude::*;
/// #[derive(Process)]
/// struct Idle;
/// #[handlers]
/// impl Idle {}
///
/// let rt = Runtime::new()?;
/// let idle = rt.spawn(Idle)?;
/// assert_eq!(idle.pid().map(|pid| pid.to_string().starts_with("<0.")), Some(true));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pid(u64);

impl Pid {
    /// The pid of a slot of the local node's table.
    pub(crate) const fn local(index: u32, generation: u32) -> Self {
        debug_assert!(index < 1 << INDEX_BITS && generation < 1 << GENERATION_BITS);
        Self((generation as u64) << INDEX_BITS | index as u64)
    }

    /// The pid as the word that a cell's header holds.
    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    /// The pid of a header's word; a word of zero belongs to no process.
    pub(crate) const fn from_bits(bits: u64) -> Option<Self> {
        if bits == 0 { None } else { Some(Self(bits)) }
    }

    /// The slot in the process table.
    pub(crate) const fn index(self) -> u32 {
        (self.0 & ((1 << INDEX_BITS) - 1)) as u32
    }

    /// Which of the slot's processes this is, from 1.
    pub(crate) const fn generation(self) -> u32 {
        (self.0 >> INDEX_BITS & ((1 << GENERATION_BITS) - 1)) as u32
    }

    /// The node: 0 is the local one.
    pub(crate) const fn node(self) -> u16 {
        (self.0 >> (INDEX_BITS + GENERATION_BITS)) as u16
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}.{}.{}>", self.node(), self.index(), self.generation())
    }
}

impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Names one monitor: the answer of [`Context::monitor`](crate::Context::monitor), and part of the
/// [`Down`](crate::Down) it causes.
///
/// Unique among all monitors of a runtime; plain data.
///
/// ```
/// use actor_core::{MonitorRef, prelude::*};
/// #[derive(Process)]
/// struct Watchdog { watched: Vec<MonitorRef>, ended: usize }
/// #[handlers]
/// impl Watchdog {
///     #[call] fn watch(&mut self, cx: &mut Context<Self>, dog: WatchdogRef) {
///         self.watched.push(cx.monitor(&dog));
///     }
///     #[down] fn down(&mut self, down: Down) {
///         self.ended += usize::from(self.watched.contains(&down.monitor));
///     }
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MonitorRef {
    owner: Pid,
    number: u32,
}

impl MonitorRef {
    pub(crate) const fn new(owner: Pid, number: u32) -> Self {
        Self { owner, number }
    }

    /// The process that watches.
    pub(crate) const fn owner(self) -> Pid {
        self.owner
    }

    /// Which of its monitors this is.
    pub(crate) const fn number(self) -> u32 {
        self.number
    }
}

impl fmt::Debug for MonitorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#Monitor{}.{}", self.owner, self.number)
    }
}

const _: () = assert!(size_of::<Pid>() == 8 && size_of::<MonitorRef>() == 16);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_keeps_its_three_parts() {
        let pid = Pid::local((1 << 27) - 1, (1 << 25) - 1);
        assert_eq!((pid.node(), pid.index(), pid.generation()), (0, (1 << 27) - 1, (1 << 25) - 1));
        assert_eq!(Pid::local(7, 3).to_string(), "<0.7.3>");
        assert_eq!(Pid::from_bits(Pid::local(7, 3).bits()), Some(Pid::local(7, 3)));
        assert_eq!(Pid::from_bits(0), None);
    }
}
