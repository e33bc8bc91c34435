//! The way from a cell to its runtime.
#![allow(unsafe_code)]

use std::{
    any::TypeId,
    sync::{Arc, OnceLock, Weak},
};

use super::{Machine, header::RawCell};
use crate::{
    slab::{self, Slab},
    sync::{Crew, Mutex},
};

/// What the slab of one runtime points back to: the way from a cell to its runtime. While any cell
/// is occupied (by a living process, or by one that refs still pin) it keeps the runtime's memory.
pub(crate) struct Anchor {
    machine: OnceLock<Tied>,
    pins: Mutex<Pins>,
}

#[derive(Default)]
struct Pins {
    chunks: usize,
    machine: Option<Arc<dyn Machine>>,
}

struct Tied {
    machine: *const dyn Machine,
    kind: TypeId,
    counted: Weak<dyn Machine>,
}

// SAFETY: `Machine` is `Send + Sync`, and so is a reference to it.
unsafe impl Send for Tied {}
// SAFETY: as above.
unsafe impl Sync for Tied {}

impl Anchor {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { machine: OnceLock::new(), pins: Mutex::new(Pins::default()) })
    }

    /// Ties the anchor to its runtime, once, before the first process.
    pub(crate) fn tie<M: Machine>(&self, machine: &Arc<M>) {
        let counted: Arc<dyn Machine> = machine.clone();
        let tied = Tied {
            machine: Arc::as_ptr(&counted),
            kind: TypeId::of::<M>(),
            counted: Arc::downgrade(&counted),
        };
        assert!(self.machine.set(tied).is_ok(), "a runtime is anchored once");
    }

    /// The slab of this anchor's runtime, which holds both. With `keeps`, see [`Slab::new`].
    pub(crate) fn slab(self: &Arc<Self>, shards: usize, crew: &Crew, keeps: bool) -> Slab {
        /// # Safety
        /// `owner` is the anchor, alive.
        unsafe fn retain(owner: *const ()) {
            // SAFETY: the slab is in use, so its runtime is alive and the anchor with it.
            unsafe { &*owner.cast::<Anchor>() }.pin_runtime();
        }
        /// # Safety
        /// `owner` is the anchor, alive; it may be gone afterwards.
        unsafe fn release(owner: *const ()) {
            // SAFETY: pairs with a `retain`, since when the runtime, and the anchor, are pinned.
            let last = unsafe { &*owner.cast::<Anchor>() }.unpin_runtime();
            drop(last);
        }
        // SAFETY: both functions take the anchor, which outlives every chunk: an occupied one pins
        // the runtime that holds it.
        unsafe { Slab::new(shards, crew, keeps, Arc::as_ptr(self).cast(), retain, release) }
    }

    fn pin_runtime(&self) {
        let mut pins = self.pins.lock();
        pins.chunks += 1;
        if pins.chunks == 1 {
            pins.machine = self.machine.get().and_then(|tied| tied.counted.upgrade());
        }
    }

    fn unpin_runtime(&self) -> Option<Arc<dyn Machine>> {
        let mut pins = self.pins.lock();
        pins.chunks -= 1;
        if pins.chunks == 0 { pins.machine.take() } else { None }
    }
}

/// The anchor of a pinned cell's runtime.
///
/// # Safety
/// The cell is pinned, by whomever, for as long as the reference is used.
unsafe fn tied<'a>(cell: RawCell) -> &'a Tied {
    // SAFETY: the address came from a slab, and the pin keeps its chunk mapped.
    let owner = unsafe { slab::owner_of(cell.erase().cast()) };
    // SAFETY: the slab's owner is an `Anchor`; the pin keeps the chunk occupied, an occupied chunk
    // pins the runtime, and that the anchor.
    let anchor = unsafe { &*owner.cast::<Anchor>() };
    anchor.machine.get().expect("a cell is given out by an anchored runtime")
}

/// The runtime of a pinned cell.
///
/// # Safety
/// As for [`tied`].
pub(super) unsafe fn machine<'a>(cell: RawCell) -> &'a dyn Machine {
    // SAFETY: the caller's promise.
    let tied = unsafe { tied(cell) };
    // SAFETY: as above: the runtime is pinned for as long as the cell is.
    unsafe { &*tied.machine }
}

/// The same by its type, which there is one of.
///
/// # Safety
/// As for [`tied`].
pub(super) unsafe fn machine_of_type<'a, M: Machine>(cell: RawCell) -> &'a M {
    // SAFETY: the caller's promise.
    let tied = unsafe { tied(cell) };
    assert!(tied.kind == TypeId::of::<M>(), "there is one kind of machine");
    // SAFETY: as for `machine`; `tie` wrote down the type that it was given.
    unsafe { &*tied.machine.cast::<M>() }
}
