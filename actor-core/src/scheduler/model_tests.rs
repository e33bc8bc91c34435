//! Models of `idle` and `keeper`: every interleaving of a few threads, with the queues reduced to a count
//! that is only ever accessed relaxed, so that nothing but the protocol's own fences orders it.
//!
//! A lost wake-up leaves a worker blocked for ever, which the model checker reports as a deadlock.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use loom::thread::{self, Thread};

use super::idle::{Cancelled, Idle};
use super::keeper::{Keeper, NEVER};

/// A scheduler of `N` workers and one queue.
struct World<const N: usize> {
    idle: Idle,
    queue: AtomicUsize,
    left: AtomicUsize,
    stopping: AtomicBool,
}

impl<const N: usize> World<N> {
    fn new(tasks: usize) -> Arc<Self> {
        Arc::new(Self {
            idle: Idle::new(N),
            queue: AtomicUsize::new(0),
            left: AtomicUsize::new(tasks),
            stopping: AtomicBool::new(false),
        })
    }
}
