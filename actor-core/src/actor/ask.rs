//! Requests to a process itself: what `Sys` asks. They travel as signals, keep their place in the
//! queue, and are served by the turn and not by a handler.

use std::{
    mem,
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use super::Call;
use crate::{
    error::CallFailure,
    exit::ExitReason,
    limits,
    pool::Counted,
    process::{CellRef, Errand, Line, Mail, ReplyPort, Running, current, poll_reply},
    runtime::{Core, route},
    signal::{Signal, SystemRequest},
};

/// What is done inside the process that is asked.
type Work<R> = Box<dyn FnOnce(&Running) -> R + Send>;

/// Has the process do something between two messages; `map` makes the caller's result of what it
/// answers. Lazy, as all calls.
pub(super) fn ask<R: Send + 'static, T: 'static, E: From<CallFailure> + 'static>(
    of: Option<CellRef>,
    work: impl FnOnce(&Running) -> R + Send + 'static,
    map: fn(R) -> Result<T, E>,
) -> Call<T, E> {
    let stage = Stage::Unsent(of, Box::new(work));
    Call::of(Asking { stage, timeout: Some(limits::CALL_TIMEOUT), map })
}

struct Request<R: Send + 'static> {
    work: Work<R>,
    reply: ReplyPort<R>,
}

impl<R: Send + 'static> SystemRequest for Request<R> {
    fn serve(self: Box<Self>) {
        let Some(running) = current::running() else { return };
        let Self { work, reply } = *self;
        reply.send(work(&running));
    }

    fn refuse(self: Box<Self>, reason: Option<ExitReason>) {
        let Self { work, reply } = *self;
        reply.fail(reason.map_or(CallFailure::NoProc, CallFailure::Exited));
        // It may hold what the caller gave.
        crate::runtime::guarded("a request to a process that is gone", || drop(work));
    }
}

/// Has the process do something between two messages, and waits for nothing.
pub(super) fn tell(of: &CellRef, work: fn(&Running)) {
    route::signal_cell(of, Mail::signal(Signal::System(Box::new(Word(work)))));
}

struct Word(fn(&Running));

impl SystemRequest for Word {
    fn serve(self: Box<Self>) {
        current::running().iter().for_each(self.0);
    }

    fn refuse(self: Box<Self>, _: Option<ExitReason>) {}
}

struct Asking<R: Send + 'static, T, E> {
    stage: Stage<R>,
    timeout: Option<Duration>,
    map: fn(R) -> Result<T, E>,
}

enum Stage<R: Send + 'static> {
    Unsent(Option<CellRef>, Work<R>),
    Waiting(Waiting<R>),
    Failed(CallFailure),
    Over,
}

/// A request that was sent; dropping it disarms the deadline and discards the answer.
struct Waiting<R: Send + 'static> {
    line: Counted<Line<R>>,
    /// By whose runtime the deadline is kept.
    of: CellRef,
}

impl<R: Send + 'static> Drop for Waiting<R> {
    fn drop(&mut self) {
        if let Some(ticket) = self.line.slot().abandon() {
            Core::at(&self.of).timers.cancel_call(ticket);
        }
    }
}

fn send<R: Send + 'static>(
    of: Option<CellRef>,
    work: Work<R>,
    timeout: Option<Duration>,
) -> Result<Waiting<R>, CallFailure> {
    let of = of.ok_or(CallFailure::NoProc)?;
    if current::cell() == Some(of.raw()) {
        return Err(CallFailure::CallingSelf);
    }
    let (line, reply, timed) = ReplyPort::line(current::pid(), route::reply_staging());
    route::signal_cell(&of, Mail::signal(Signal::System(Box::new(Request { work, reply }))));
    if let Some(timeout) = timeout.filter(|_| line.slot().is_waiting()) {
        Core::at(&of).expect_reply(timed, timeout);
    }
    Ok(Waiting { line, of })
}

impl<R: Send + 'static, T, E: From<CallFailure>> Errand<T, E> for Asking<R, T, E> {
    fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.timeout = timeout;
    }

    fn send(&mut self) {
        let Stage::Unsent(of, work) = mem::replace(&mut self.stage, Stage::Over) else { return };
        self.stage = match send(of, work, self.timeout) {
            Ok(waiting) => Stage::Waiting(waiting),
            Err(failure) => Stage::Failed(failure),
        };
    }

    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<T, E>> {
        if let Stage::Unsent(..) = self.stage {
            self.send();
        }
        let result = match &self.stage {
            Stage::Waiting(waiting) => match poll_reply(waiting.line.slot(), cx.waker()) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(result) => result,
            },
            Stage::Failed(failure) => Err(failure.clone()),
            Stage::Unsent(..) | Stage::Over => Err(CallFailure::NoReply),
        };
        self.stage = Stage::Over;
        Poll::Ready(result.map_err(E::from).and_then(self.map))
    }
}
