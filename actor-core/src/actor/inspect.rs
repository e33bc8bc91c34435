//! Looking at the processes of a runtime from outside: who there is, and what they do.
//!
//! What is seen at once is read from atomics; the rest is asked of the process by a signal, which
//! it answers when it next acts on signals: at once if it waits, also in a handler that awaits, and
//! after its turn if it is in one. So nothing here stops or slows a process, or waits for a handler
//! to end, and a question to one that does not come to answer fails after a time.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context as TaskContext, Poll},
};

use super::{AnyRef, Context, Server, any_ref::PeerKind};
use crate::{
    error::CallFailure,
    inspection::{Ancestors, Inspection, Vitals},
    limits,
    pid::Pid,
    pool::Counted,
    process::{CellRef, Line, Mail, ReplyPort, current, poll_reply},
    runtime::{Core, RuntimeHandle, route},
    signal::Signal,
};

impl RuntimeHandle {
    /// The pids of all processes, in no order that means anything, those that are being taken apart
    /// included. Every process that is alive during the whole call is among them, once; one that is
    /// started or ends meanwhile may be or not. Others start and end processes meanwhile as always.
    ///
    /// It takes time in proportion to how many there ever were at once.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counters = rt.spawn_many((0..3).map(Counter))?;
    /// let pids = rt.processes();
    /// assert_eq!(pids.len(), 3);
    /// assert!(counters.iter().all(|counter| pids.contains(&counter.pid().expect("started"))));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn processes(&self) -> Vec<Pid> {
        let mut pids = Vec::with_capacity(self.process_count());
        self.core().each(|pin| pids.push(pin.pid()));
        pids
    }

    /// What can be seen of a process at once, without asking it. It works on one that is stuck, and
    /// never waits.
    ///
    /// # If the process is gone
    /// `None`; of a supervised child also in its gap.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(0))?;
    /// let vitals = rt.process_info(&counter).expect("it lives");
    /// assert_eq!((vitals.type_name, vitals.message_queue_len), ("Counter", 0));
    /// counter.stop(ExitReason::Normal).blocking();
    /// assert!(rt.process_info(&counter).is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn process_info(&self, process: &impl AnyRef) -> Option<Vitals> {
        let cell = self.cell_of(process)?;
        cell.vitals(|| Core::at(&cell).runs(&cell))
    }

    /// What a process tells of itself, all at one moment: links, monitors, its work, its memory.
    /// The question is sent at once. It is a signal: it needs no room in the mailbox, overtakes the
    /// messages there, and is answered also by a process that waits in a handler, is held, or
    /// starts. Dropping the future discards the answer.
    ///
    /// # Errors
    /// [`CallFailure::NoProc`] or [`Exited`](CallFailure::Exited) if there is no such process, or
    /// none any more; [`Timeout`](CallFailure::Timeout) if it does not come to act on signals
    /// within [`limits::INSPECT_TIMEOUT`], because a handler of its computes or blocks: then
    /// [`process_info`](Self::process_info) can still be had.
    ///
    /// # If the process is gone
    /// [`CallFailure::NoProc`]; of a supervised child also in its gap.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = Counter(0).with().name("till").on(&rt).spawn()?;
    /// counter.add(1).blocking()?;
    /// let seen = rt.block_on(rt.inspect(&counter))?;
    /// assert_eq!(seen.registered_name.as_deref(), Some("till"));
    /// assert_eq!((seen.reductions, seen.links.count), (1, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn inspect<R: AnyRef>(
        &self,
        process: &R,
    ) -> impl Future<Output = Result<Inspection, CallFailure>> + Send + use<R> {
        Self::inspect_cell(self.cell_of(process))
    }

    fn inspect_cell(cell: Option<CellRef>) -> Asked<Inspection> {
        ask(cell, |port| Signal::Inspect(Box::new(move |inspection| port.send(inspection))))
    }

    /// The line of a process's parents: who started it with a link, who started that one, and so on
    /// (OTP's `$ancestors`). Each of them is asked; one that has ended is named and says no more.
    /// An ordinary spawn, without a link, begins a new line.
    ///
    /// # Errors
    /// As for [`inspect`](Self::inspect), of the process itself or of an ancestor that does not
    /// answer.
    ///
    /// # If the process is gone
    /// [`CallFailure::NoProc`].
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// #[derive(Process)]
    /// struct Clerk;
    /// #[handlers]
    /// impl Clerk {
    ///     #[call] fn hire(&mut self, cx: &mut Context<Self>) -> Option<CounterRef> {
    ///         cx.spawn_link(Counter(0)).ok()
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// let clerk = rt.spawn(Clerk)?;
    /// let counter = clerk.hire().blocking()?.expect("there is room");
    /// let line = rt.block_on(rt.ancestors(&counter))?;
    /// assert_eq!(line.pids, [clerk.pid().expect("it was started")]);
    /// assert!(line.is_complete);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ancestors<R: AnyRef>(
        &self,
        process: &R,
    ) -> impl Future<Output = Result<Ancestors, CallFailure>> + Send + use<R> {
        let (rt, first) = (self.clone(), Self::inspect_cell(self.cell_of(process)));
        async move {
            let mut line = Ancestors::default();
            let mut next = first.await?.parent;
            while let Some(parent) = next {
                line.pids.push(parent);
                if line.pids.len() == limits::ANCESTORS {
                    return Ok(line);
                }
                next = match rt.inspect(&parent).await {
                    Ok(seen) => seen.parent,
                    Err(CallFailure::NoProc | CallFailure::Exited(_)) => return Ok(line),
                    Err(other) => return Err(other),
                };
            }
            line.is_complete = true;
            Ok(line)
        }
    }

    /// The present process behind a ref, if there is one.
    pub(super) fn cell_of(&self, process: &impl AnyRef) -> Option<CellRef> {
        match process.peer().0 {
            PeerKind::Pid(pid) => self.core().pin(pid),
            PeerKind::Cell(cell) => Some(cell),
            PeerKind::Nobody(_) => None,
        }
    }
}

impl<P: Server> Context<P> {
    /// What the process calls itself, for whoever [inspects](RuntimeHandle::inspect) it: unlike a
    /// name, it need not be unique and finds nobody. A later label replaces it.
    /// [`Inspection`] has the example.
    pub fn set_label(&mut self, label: impl Into<Arc<str>>) {
        let label = label.into();
        let before = self.running().extras(|extras| extras.rare().label.replace(label));
        drop(before);
    }
}

/// A question that was sent to a process, in whose runtime its deadline is kept; it is given up
/// after [`limits::INSPECT_TIMEOUT`].
pub(super) struct Asked<R: Send + 'static>(Option<(Counted<Line<R>>, CellRef)>);

/// Asks a process something.
pub(super) fn ask<R: Send + 'static>(
    of: Option<CellRef>,
    question: impl FnOnce(ReplyPort<R>) -> Signal,
) -> Asked<R> {
    let Some(cell) = of else { return Asked(None) };
    let (line, port, timed) = ReplyPort::line(current::pid(), route::reply_staging());
    route::signal_cell(&cell, Mail::signal(question(port)));
    if line.slot().is_waiting() {
        Core::at(&cell).expect_reply(timed, limits::INSPECT_TIMEOUT);
    }
    Asked(Some((line, cell)))
}

impl<R: Send + 'static> Future for Asked<R> {
    type Output = Result<R, CallFailure>;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let Some((line, _)) = &self.0 else { return Poll::Ready(Err(CallFailure::NoProc)) };
        // Who drops a question unanswered is dead.
        poll_reply(line.slot(), cx.waker()).map_err(|failure| match failure {
            CallFailure::NoReply => CallFailure::NoProc,
            other => other,
        })
    }
}

impl<R: Send + 'static> Drop for Asked<R> {
    fn drop(&mut self) {
        if let Some((line, cell)) = &self.0
            && let Some(ticket) = line.slot().abandon()
        {
            Core::at(cell).timers.cancel_call(ticket);
        }
    }
}

impl<R: Send + 'static> fmt::Debug for Asked<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asked")
    }
}
