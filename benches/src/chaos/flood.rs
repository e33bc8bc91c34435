//! More mail than a mailbox holds: who pours is held, and nothing is lost.

use std::sync::Arc;

use actor_core::prelude::*;

use super::flies::Home;

/// What a mailbox of `Drain` holds.
pub(super) const MAILBOX: usize = 64;

#[derive(Process)]
pub(super) struct Drain(pub(super) Arc<Home>);

#[handlers]
impl Drain {
    #[cast]
    fn drop(&mut self) {
        self.0.books.drained.one();
    }
}

/// Pours until it is told to stop.
#[derive(Process)]
pub(super) struct Pourer {
    pub(super) home: Arc<Home>,
    pub(super) drain: DrainRef,
}

#[handlers]
impl Pourer {
    #[cast]
    pub(super) fn pour(&mut self, cx: &mut Context<Self>) {
        for _ in 0..2 * MAILBOX {
            // A full one is at its hard mark, which several pourers reach together.
            if self.drain.drop().is_ok() {
                self.home.books.poured.one();
            }
        }
        let _ = cx.me().pour();
    }
}
