//! What a link, a monitor or an exit signal can be aimed at.

use std::fmt;

use super::ProcessRef;
use crate::{pid::Pid, process::CellRef};

/// Whatever names a process: a pid, an address, a generated ref. What links, monitors and exit
/// signals are aimed at. Nothing else can implement it.
///
/// ```
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// # let rt = Runtime::new()?;
/// use actor_core::AnyRef;
/// fn show(process: &impl AnyRef) -> String {
///     process.pid().map_or("nobody".into(), |pid| pid.to_string())
/// }
/// let counter = rt.spawn(Counter(0))?;
/// let pid = AnyRef::pid(&counter).expect("it was started");
/// assert_eq!(show(&counter), show(&pid));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait AnyRef: sealed::Sealed {
    /// The process's pid, `None` for a supervised child in its gap.
    fn pid(&self) -> Option<Pid>;

    #[doc(hidden)]
    fn peer(&self) -> Peer;
}

/// How a ref finds its process.
#[doc(hidden)]
#[derive(Debug)]
pub struct Peer(pub(crate) PeerKind);

pub(crate) enum PeerKind {
    /// In the runtime of whoever asks.
    Pid(Pid),
    /// This very process.
    Cell(CellRef),
    /// Nobody; who it was last.
    Nobody(Option<Pid>),
}

impl fmt::Debug for PeerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Peer")
    }
}

mod sealed {
    #[doc(hidden)]
    pub trait Sealed {}
    impl Sealed for super::Pid {}
    impl<R: super::ProcessRef> Sealed for R {}
}

impl AnyRef for Pid {
    fn pid(&self) -> Option<Pid> {
        Some(*self)
    }

    fn peer(&self) -> Peer {
        Peer(PeerKind::Pid(*self))
    }
}

impl<R: ProcessRef> AnyRef for R {
    fn pid(&self) -> Option<Pid> {
        self.as_address().pid()
    }

    fn peer(&self) -> Peer {
        let address = self.as_address();
        Peer(match address.cell() {
            Some(cell) => PeerKind::Cell(cell),
            None => PeerKind::Nobody(address.last_pid()),
        })
    }
}
