//! Calls: a message out, a reply back, a deadline in between.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context as TaskContext, Poll},
    time::Duration,
};

use super::Address;
use crate::{
    error::CallFailure,
    pool::Counted,
    process::{ErasedCall, Errand, Line, Message, ReplyPort, current, poll_reply},
    runtime::{self, route},
};

/// A request to a process, and its reply: what a `#[call]` method of a ref returns.
///
/// Lazy: nothing is sent before it is awaited (or [`request`](Self::request)ed). It waits
/// [`limits::CALL_TIMEOUT`](crate::limits::CALL_TIMEOUT) unless told otherwise; dropping it
/// discards the reply, not the message. It can be awaited in a process, or on any executor.
///
/// # If the process is gone
/// The call fails with [`CallFailure::NoProc`], or with [`CallFailure::Exited`] if it ends before
/// it has replied. If it is a supervised child in its gap, the call waits.
///
/// ```
/// use actor_core::prelude::*;
/// use std::time::Duration;
///
/// #[derive(Process)]
/// struct Echo;
/// #[handlers]
/// impl Echo {
///     #[call] fn echo(&self, text: String) -> String { text }
/// }
///
/// let rt = Runtime::new()?;
/// let echo = rt.spawn(Echo)?;
/// let text = echo.echo("hello".into()).timeout(Duration::from_secs(1)).blocking()?;
/// assert_eq!(text, "hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a call does nothing unless awaited; to send and not wait, use a cast"]
pub struct Call<T, E = CallFailure>(ErasedCall<T, E>);

/// A call that is on its way; awaited later, or dropped to discard the reply. Made by
/// [`Call::request`], which has the example.
///
/// # If the process is gone
/// It fails with [`CallFailure::NoProc`], or [`CallFailure::Exited`] if the process ends before it
/// has replied.
#[must_use = "dropping a request discards its reply"]
pub struct Request<T, E = CallFailure>(ErasedCall<T, E>);

struct Typed<M: Message, T, E> {
    /// Whose runtime keeps the deadline as well.
    to: Address<M>,
    stage: Stage<M>,
    timeout: Option<Duration>,
    map: fn(M::Reply) -> Option<Result<T, E>>,
}

enum Stage<M: Message> {
    Unsent(M),
    Waiting(Counted<Line<M::Reply>>),
    Failed(CallFailure),
    Over,
}

impl<M: Message, T, E> Typed<M, T, E> {
    /// Nothing is awaited any more: disarms the deadline, and discards the reply.
    fn hang_up(&mut self) {
        if let Stage::Waiting(line) = std::mem::replace(&mut self.stage, Stage::Over)
            && let Some(ticket) = line.slot().abandon()
        {
            self.to.with_core(|core| core.timers.cancel_call(ticket));
        }
    }
}

impl<M: Message, T, E> Drop for Typed<M, T, E> {
    fn drop(&mut self) {
        self.hang_up();
    }
}

/// The call with `message` to `to`, whose reply `map` unpacks; `None` from it means that the reply
/// belongs to another request.
#[inline]
pub(crate) fn call<M: Message, T: 'static, E: From<CallFailure> + 'static>(
    to: &Address<M>,
    message: M,
    timeout: Option<Duration>,
    map: fn(M::Reply) -> Option<Result<T, E>>,
) -> Call<T, E> {
    Call(ErasedCall::with(|| Typed { to: to.clone(), stage: Stage::Unsent(message), timeout, map }))
}

impl<M: Message, T, E: From<CallFailure>> Errand<T, E> for Typed<M, T, E> {
    fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.timeout = timeout;
    }

    fn send(&mut self) {
        let Stage::Unsent(message) = std::mem::replace(&mut self.stage, Stage::Over) else {
            return;
        };
        self.stage = match send(&self.to, message, self.timeout) {
            Ok(line) => Stage::Waiting(line),
            Err(failure) => Stage::Failed(failure),
        };
    }

    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<T, E>> {
        if let Stage::Unsent(..) = self.stage {
            self.send();
        }
        let result = match &self.stage {
            Stage::Waiting(line) => match poll_reply(line.slot(), cx.waker()) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(result) => result,
            },
            Stage::Failed(failure) => Err(failure.clone()),
            Stage::Unsent(..) | Stage::Over => Err(CallFailure::NoReply),
        };
        self.hang_up();
        Poll::Ready(match result.map(self.map) {
            Ok(Some(answer)) => answer,
            Ok(None) => Err(CallFailure::WrongReply.into()),
            Err(failure) => Err(failure.into()),
        })
    }
}

/// Sends a call's message; answers the line on which its reply comes.
fn send<M: Message>(
    to: &Address<M>,
    message: M,
    timeout: Option<Duration>,
) -> Result<Counted<Line<M::Reply>>, CallFailure> {
    if to.is_running_process() {
        return Err(CallFailure::CallingSelf);
    }
    let (line, port, timed) = ReplyPort::line(current::pid(), route::reply_staging());
    to.post(message, port)?;
    // The deadline counts from here; a reply that is there already needs none. It is kept by the
    // target's runtime: if that ends, so does the target, and the call with it.
    if let Some(timeout) = timeout.filter(|_| line.slot().is_waiting()) {
        to.with_core(|core| core.expect_reply(timed, timeout));
    }
    Ok(line)
}

impl<T, E> Call<T, E> {
    /// A call that is not a message to handlers.
    pub(super) fn of(errand: impl Errand<T, E> + 'static) -> Self {
        Self(ErasedCall::with(|| errand))
    }

    /// Waits at most this long, from the moment the message is sent, instead of the default (OTP's
    /// 5 s, or the handler's `#[call(timeout = ..)]`). The message may be handled all the same.
    ///
    /// ```
    /// use actor_core::{CallFailure, prelude::*};
    /// # use std::time::Duration;
    /// # #[derive(Process)] struct Gate { waiting: Vec<Reply<u32>> }
    /// # #[handlers] impl Gate {
    /// #     #[call] fn pass(&mut self, reply: Reply<u32>) { self.waiting.push(reply) }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let gate = rt.spawn(Gate { waiting: vec![] })?;
    /// let limit = Duration::from_millis(1);
    /// assert_eq!(gate.pass().timeout(limit).blocking(), Err(CallFailure::Timeout(limit)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.0.set_timeout(Some(timeout));
        self
    }

    /// Waits as long as it takes (OTP's `infinity`). The end of the process still ends the call.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(40))?;
    /// assert_eq!(counter.add(2).no_timeout().blocking()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn no_timeout(mut self) -> Self {
        self.0.set_timeout(None);
        self
    }

    /// Sends the message now; the reply is awaited later. The deadline counts from here.
    ///
    /// # If the process is gone
    /// The request fails as the call would, when it is awaited.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(0))?;
    /// let sum = rt.block_on(async {
    ///     let (one, two) = (counter.add(1).request(), counter.add(2).request());
    ///     Ok::<_, actor_core::CallFailure>(one.await? + two.await?)
    /// })?;
    /// assert_eq!(sum, 1 + 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn request(mut self) -> Request<T, E> {
        self.0.send();
        Request(self.0)
    }

    /// Waits for the reply on this plain thread.
    ///
    /// # Errors
    /// As awaiting it; and [`CallFailure::BlockingInProcess`] inside a process, which must not
    /// block: `.await` it there. Inside another executor's task, await it too.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(40))?;
    /// assert_eq!(counter.add(2).blocking(), Ok(42));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn blocking(self) -> Result<T, E>
    where
        E: From<CallFailure>,
    {
        if current::is_running() {
            return Err(CallFailure::BlockingInProcess.into());
        }
        runtime::block_on(self)
    }
}

impl<T, E> Future for Call<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        self.0.poll(cx)
    }
}

impl<T, E> Future for Request<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        self.0.poll(cx)
    }
}

impl<T, E> fmt::Debug for Call<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Call")
    }
}

impl<T, E> fmt::Debug for Request<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Request")
    }
}
