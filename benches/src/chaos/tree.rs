//! A tree of two levels whose parts crash and are killed, and whose guests come and go.

use std::sync::Arc;

use actor_core::prelude::*;

use super::flies::Home;

/// A leaf is counted as a fly is.
#[derive(Process)]
pub(super) struct Leaf {
    home: Arc<Home>,
}

impl Leaf {
    fn new(home: &Arc<Home>) -> Self {
        home.books.born.one();
        Self { home: home.clone() }
    }
}

impl Drop for Leaf {
    fn drop(&mut self) {
        self.home.books.dropped.one();
    }
}

#[handlers]
impl Leaf {
    #[call]
    pub(super) fn echo(&self, n: u64) -> u64 {
        n
    }

    #[cast]
    pub(super) fn fall(&mut self) {
        std::panic::resume_unwind(Box::new("fall"));
    }
}

#[derive(Supervisor)]
pub(super) struct Branch {
    home: Arc<Home>,
}

#[supervisor(strategy = one_for_all, intensity = 1_000_000_000, period = "1s")]
impl Branch {
    #[child]
    pub(super) fn left(&self) -> Leaf {
        Leaf::new(&self.home)
    }

    #[child(shutdown = brutal_kill)]
    pub(super) fn right(&self) -> Leaf {
        Leaf::new(&self.home)
    }

    #[child(dynamic, restart = temporary)]
    pub(super) fn guest(&self) -> Leaf {
        Leaf::new(&self.home)
    }
}

#[derive(Supervisor)]
pub(super) struct Trunk {
    pub(super) home: Arc<Home>,
}

#[supervisor(strategy = rest_for_one, intensity = 1_000_000_000, period = "1s")]
impl Trunk {
    #[child]
    pub(super) fn top(&self) -> Leaf {
        Leaf::new(&self.home)
    }

    #[child]
    pub(super) fn branch(&self) -> Branch {
        Branch { home: self.home.clone() }
    }
}
