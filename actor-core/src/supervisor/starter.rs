//! How a child's type is forgotten: a spec holds starters, not types.

use std::{future::Future, marker::PhantomData, sync::Arc};

use super::{process::SupervisorProcess, siblings::Siblings};
use crate::{
    actor::{Context, Slot, Start, Starting},
    exit::ExitReason,
};

/// Starts a child of a type that only the implementor knows.
pub(crate) trait StartChild: Send + Sync {
    /// Starts a process linked to the supervisor; resolves after its init.
    fn start(
        &self,
        cx: &mut Context<SupervisorProcess>,
        slot: Arc<Slot>,
        keeps_mailbox: bool,
        siblings: Siblings,
    ) -> Starting;
}

/// The one implementor: the user's `make`, shared so that each start can take it along.
pub(crate) struct Starter<S, F> {
    make: Arc<F>,
    child: PhantomData<fn() -> S>,
}

impl<S, F> Starter<S, F> {
    pub(crate) fn new(make: F) -> Self {
        Self { make: Arc::new(make), child: PhantomData }
    }
}

impl<S, F, Fut> StartChild for Starter<S, F>
where
    S: Start,
    F: Fn(Siblings) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<S>, ExitReason>> + Send + 'static,
{
    fn start(
        &self,
        cx: &mut Context<SupervisorProcess>,
        slot: Arc<Slot>,
        keeps_mailbox: bool,
        siblings: Siblings,
    ) -> Starting {
        let make = Arc::clone(&self.make);
        cx.start_child::<S, Fut>(slot, keeps_mailbox, move || make(siblings))
    }
}
