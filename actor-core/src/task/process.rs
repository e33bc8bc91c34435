//! The process of a task: it does its work once, when it is asked for the result.

use std::{fmt, future::Future, marker::PhantomData, pin::Pin, sync::Arc};

use crate::actor::{
    Address, ChildKind, Context, Handle, Handled, Message, Next, Process, ReplyPort, Server, Start,
    callers_of_next, works_for,
};
use crate::pid::Pid;

/// Asks for the result.
#[doc(hidden)]
pub struct Run<T>(PhantomData<fn() -> T>);

impl<T> Run<T> {
    pub(super) const NOW: Self = Self(PhantomData);
}

impl<T> fmt::Debug for Run<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Run")
    }
}

impl<T: Send + 'static> Message for Run<T> {
    type Reply = T;

    fn name(&self) -> &'static str {
        "Run"
    }
}

/// The process behind a [`Task`](super::Task).
#[doc(hidden)]
pub struct TaskProcess<T> {
    work: Option<Pin<Box<dyn Future<Output = T> + Send>>>,
    /// Of who made it.
    callers: Option<Arc<[Pid]>>,
}

impl<T> TaskProcess<T> {
    pub(super) fn new(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self { work: Some(Box::pin(work)), callers: callers_of_next() }
    }
}

impl<T> fmt::Debug for TaskProcess<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaskProcess")
    }
}

impl<T: Send + 'static> Process for TaskProcess<T> {
    type Ref = Address<Run<T>>;
    const NAME: &'static str = "Task";
}

impl<T: Send + 'static> Server for TaskProcess<T> {
    type Message = Run<T>;
}

impl<T: Send + 'static> Handle<Run<T>> for TaskProcess<T> {
    fn handle(
        &mut self,
        _: Run<T>,
        reply: ReplyPort<T>,
        _: &mut Context<Self>,
    ) -> Handled<impl Future<Output = Next> + Send> {
        if let Some(callers) = self.callers.take() {
            works_for(callers);
        }
        let work = self.work.take();
        Handled::Future(async move {
            if let Some(work) = work {
                reply.send(work.await);
            }
            Next::Stop(crate::exit::ExitReason::Normal)
        })
    }
}

impl<T: Send + 'static> Start for TaskProcess<T> {
    type Ref = Address<Run<T>>;
    type Process = Self;
    const KIND: ChildKind = ChildKind::Worker;

    fn into_process(self) -> Self {
        self
    }

    fn make_ref(address: Address<Run<T>>) -> Address<Run<T>> {
        address
    }
}
