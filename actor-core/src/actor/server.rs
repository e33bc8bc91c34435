//! From a user's behaviour to the body that the lower layers run.

use std::future::Future;

use super::{Context, Handle, Server};
use crate::{
    exit::ExitReason,
    pid::Pid,
    process::{Body, FunctionBody, Handled, Message, Next, Receive, ReplyPort, Running},
    signal::Down,
};

impl<P: Server> Body for P {
    type Context = Context<P>;
    const NAME: &'static str = <P as super::Process>::NAME;
    const HAS_INIT: bool = P::HAS_INIT;
    const HAS_TERMINATE: bool = P::HAS_TERMINATE;
    const TRAP_EXIT: bool = P::TRAP_EXIT;
    const IS_FUNCTION: bool = P::IS_FUNCTION;

    fn begin_function(&mut self) -> Option<FunctionBody> {
        Server::begin_function(self)
    }

    fn context(running: Running) -> Context<P> {
        Context::new(running)
    }

    fn init(&mut self, cx: &mut Context<P>) -> impl Future<Output = Result<(), ExitReason>> + Send {
        Server::init(self, cx)
    }

    fn exit(
        &mut self,
        cx: &mut Context<P>,
        from: Pid,
        reason: ExitReason,
    ) -> impl Future<Output = Next> + Send {
        Server::exit(self, cx, from, reason)
    }

    fn down(&mut self, cx: &mut Context<P>, down: Down) -> impl Future<Output = Next> + Send {
        Server::down(self, cx, down)
    }

    fn timeout(&mut self, cx: &mut Context<P>) -> impl Future<Output = Next> + Send {
        Server::timeout(self, cx)
    }

    fn hibernate(&mut self, cx: &mut Context<P>) {
        Server::hibernate(self, cx);
    }

    async fn terminate(&mut self, cx: &mut Context<P>, reason: ExitReason) {
        Server::terminate(self, cx, &reason).await;
    }
}

impl<P: Handle<M>, M: Message> Receive<M> for P {
    // Into its one caller, which moves the future to its block: each call between costs a copy.
    #[inline(always)]
    fn receive(
        &mut self,
        message: M,
        reply: ReplyPort<M::Reply>,
        cx: &mut Context<P>,
    ) -> Handled<impl Future<Output = Next> + Send> {
        self.handle(message, reply, cx)
    }
}
