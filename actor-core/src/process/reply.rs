//! Replies: how the answer to a call finds its way back.
//!
//! A call makes one [`Line`] with a slot in it, shared by the caller and the [`ReplyPort`] that
//! travels beside the message. The first of reply, failure and abandonment wins; a late reply is
//! dropped where it was made, so it can never turn up in another call or in a mailbox.
//!
//! A port that is dropped unanswered says why: while its process is ending, the exit reason; while
//! a handler is panicking, or has told its process to stop, it waits for the exit and says its
//! reason then; otherwise `NoReply`.

use std::{
    sync::Arc,
    task::{Poll, Waker},
};

use super::{current, erased::Expiring, header::Running};
use crate::{error::CallFailure, exit::ExitReason, oneshot::Oneshot, pid::Pid, pool::Counted};

/// Where a reply is awaited.
pub(crate) type ReplySlot<R> = Oneshot<Result<R, CallFailure>>;

/// The reply, or a promise to wake the caller.
#[inline]
pub(crate) fn poll_reply<R>(slot: &ReplySlot<R>, waker: &Waker) -> Poll<Result<R, CallFailure>> {
    slot.poll(waker).map(|reply| reply.unwrap_or(Err(CallFailure::NoReply)))
}

/// A call that can be failed by who does not know its type: the list a process keeps of the replies
/// it owes.
pub(crate) trait Owed: Send + Sync {
    fn fail(&self, failure: CallFailure);
    fn is_open(&self) -> bool;
    /// The calling process.
    fn caller(&self) -> Option<Pid>;
}

impl<R: Send + 'static> Owed for Counted<Line<R>> {
    fn fail(&self, failure: CallFailure) {
        answer(self, || Err(failure));
    }

    fn is_open(&self) -> bool {
        self.slot.is_waiting()
    }

    fn caller(&self) -> Option<Pid> {
        self.caller
    }
}

/// The slot and the way to it.
pub(crate) struct Line<R> {
    slot: ReplySlot<R>,
    caller: Option<Pid>,
    /// Under simulation the reply is staged like all other mail.
    staging: Option<Arc<dyn StageReply>>,
}

/// How a reply reaches a simulated caller: as a step of its own.
pub(crate) trait StageReply: Send + Sync {
    /// Delivers by calling `deliver`, now or at a later step.
    fn stage(&self, deliver: Box<dyn FnOnce() + Send>);
}

impl<R: Send + 'static> Line<R> {
    /// The slot that the caller waits at.
    pub(crate) fn slot(&self) -> &ReplySlot<R> {
        &self.slot
    }
}

/// Answers by a line.
#[inline]
fn answer<R: Send + 'static>(
    line: &Counted<Line<R>>,
    result: impl FnOnce() -> Result<R, CallFailure> + Send + 'static,
) {
    match &line.staging {
        None => line.slot.complete_with(result),
        Some(staging) => {
            let line = line.clone();
            staging.stage(Box::new(move || line.slot.complete_with(result)));
        }
    }
}

/// The server's end of a call: answers it once. A cast's port has nobody at the other end.
///
/// Dropping it unanswered fails the call at once: with the exit reason while the process is ending,
/// with [`CallFailure::NoReply`] otherwise. [`Process`](crate::Process) shows a whole handler that
/// answers by it, [`Address::forward`](crate::Address::forward) one that passes it on.
///
/// ```
/// use actor_core::ReplyPort;
/// fn answer(port: ReplyPort<u64>) {
///     if port.is_call() {
///         let caller = port.caller().map_or("a plain thread".into(), |pid| pid.to_string());
///         port.send(caller.len() as u64);
///     }
/// }
/// # let _ = answer;
/// ```
#[must_use = "dropping a reply port fails the call with `NoReply`"]
pub struct ReplyPort<R: Send + 'static>(Option<Counted<Line<R>>>);

impl<R: Send + 'static> ReplyPort<R> {
    /// The port of a cast.
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    /// A line, the port at its far end, and what the keeper of its deadline has of it.
    #[inline]
    pub(crate) fn line(
        caller: Option<Pid>,
        staging: Option<Arc<dyn StageReply>>,
    ) -> (Counted<Line<R>>, Self, Expiring) {
        let make = || Line { slot: ReplySlot::empty(), caller, staging };
        let [line, port, timed] = Counted::shared_by(make);
        (line, Self(Some(port)), Expiring::new(timed))
    }

    /// Answers. The [type's example](Self) uses it.
    ///
    /// # If the process is gone
    /// Nothing happens, as if the caller has given up or the message was a cast.
    pub fn send(mut self, reply: R) {
        if let Some(line) = self.0.take() {
            // Who is dead to all others answers no more.
            if current::is_taken_here() {
                return answer(&line, || Err(CallFailure::Exited(ExitReason::Killed)));
            }
            answer(&line, || Ok(reply));
        }
    }

    /// Answers, or, if the running process has told itself to stop, has its end do so: after its
    /// `terminate`, and before anybody hears of that end.
    pub(crate) fn send_or_keep(self, reply: R) {
        match current::running().filter(|running| running.state().is_stopping()) {
            Some(running) => running.answer_last(Box::new(move || self.send(reply))),
            None => self.send(reply),
        }
    }

    /// The answer as something that is owed.
    pub(super) fn owed(&self) -> Option<Box<dyn Owed>> {
        self.0.as_ref().map(|line| Box::new(line.clone()) as _)
    }

    /// Whether somebody waits for an answer: false for a cast. The [type's example](Self) uses it.
    pub fn is_call(&self) -> bool {
        self.0.is_some()
    }

    /// The calling process; `None` for a cast or a caller outside of any process. The
    /// [type's example](Self) uses it.
    pub fn caller(&self) -> Option<Pid> {
        self.0.as_ref().and_then(|line| line.caller)
    }

    /// Fails the call.
    pub(crate) fn fail(mut self, failure: CallFailure) {
        if let Some(line) = self.0.take() {
            answer(&line, || Err(failure));
        }
    }

    /// Leaves the call to the end of the running process: it fails with the exit reason.
    pub(crate) fn leave(mut self) {
        if let Some(line) = self.0.take() {
            current::owe(Box::new(line));
        }
    }

    /// Makes the call fail with the exit reason of the running process, should it end first.
    pub(crate) fn owe(&self) {
        if let Some(line) = &self.0 {
            current::owe(Box::new(line.clone()));
        }
    }
}

impl<R: Send + 'static> Drop for ReplyPort<R> {
    /// In each cast there is one, with nothing in it.
    #[inline]
    fn drop(&mut self) {
        if let Some(line) = self.0.take() {
            forsake(line);
        }
    }
}

/// Nobody will answer.
fn forsake<R: Send + 'static>(line: Counted<Line<R>>) {
    let leaves = |running: &Running| std::thread::panicking() || running.state().is_stopping();
    if current::running().is_some_and(|running| leaves(&running)) {
        // The process is on its way out and the reason not settled yet: the exit will answer.
        current::owe(Box::new(line));
    } else {
        let why = current::ending().map_or(CallFailure::NoReply, CallFailure::Exited);
        answer(&line, || Err(why));
    }
}

impl<R: Send + 'static> std::fmt::Debug for ReplyPort<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReplyPort").field("is_call", &self.is_call()).finish_non_exhaustive()
    }
}

/// A reply that is given later: take it as a parameter of a `#[call]`, keep it or pass it on, and
/// answer whenever the answer is there.
///
/// Dropping it unanswered fails the call with [`CallFailure::NoReply`] at once; if the process ends
/// first, the call fails with its exit reason, wherever the `Reply` is by then.
///
/// ```
/// use actor_core::prelude::*;
///
/// #[derive(Process)]
/// struct Gate { waiting: Vec<Reply<u32>> }
///
/// #[handlers]
/// impl Gate {
///     #[call] fn pass(&mut self, reply: Reply<u32>) { self.waiting.push(reply) }
///     #[cast] fn open(&mut self) { for reply in self.waiting.drain(..) { reply.send(7) } }
/// }
///
/// # let rt = Runtime::new()?;
/// # rt.run(async {
/// let gate = spawn(Gate { waiting: vec![] })?;
/// let pass = gate.pass().request();
/// gate.open()?;
/// assert_eq!(pass.await, Ok(7));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "dropping a reply fails the call with `NoReply`"]
pub struct Reply<T> {
    caller: Option<Pid>,
    answer: Box<dyn FnOnce(T) + Send>,
}

impl<T: Send + 'static> Reply<T> {
    /// The reply to a call whose answers are `R`: what `#[handlers]` gives a handler that takes a
    /// `Reply`. Call it inside the process that owes the answer.
    ///
    /// ```
    /// use actor_core::{Reply, ReplyPort};
    /// fn keep(port: ReplyPort<Option<u32>>) -> Reply<u32> {
    ///     Reply::new(port, Some)
    /// }
    /// # let _ = keep;
    /// ```
    pub fn new<R: Send + 'static>(port: ReplyPort<R>, wrap: fn(T) -> R) -> Self {
        port.owe();
        Self { caller: port.caller(), answer: Box::new(move |value| port.send(wrap(value))) }
    }

    /// Answers; the [type's example](Self) uses it.
    ///
    /// # If the process is gone
    /// Nothing happens, as if the caller has given up.
    pub fn send(self, value: T) {
        (self.answer)(value);
    }

    /// The calling process; `None` for a caller outside of any process.
    ///
    /// ```
    /// use actor_core::prelude::*;
    /// #[derive(Process)]
    /// struct Doorman;
    /// #[handlers]
    /// impl Doorman {
    ///     #[call] fn knows_me(&mut self, reply: Reply<bool>) {
    ///         let known = reply.caller().is_some();
    ///         reply.send(known);
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// let doorman = rt.spawn(Doorman)?;
    /// assert_eq!(doorman.knows_me().blocking(), Ok(false));
    /// let inside = rt.run(async move { doorman.knows_me().await })?;
    /// assert_eq!(inside, Ok(true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn caller(&self) -> Option<Pid> {
        self.caller
    }
}

impl<T> std::fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reply").field("caller", &self.caller).finish_non_exhaustive()
    }
}
