//! Tracing of chosen processes, as a program sees it.

use std::{
    any::TypeId,
    fmt,
    future::{Future, poll_fn},
    sync::Arc,
};

use super::{AnyRef, Server, inspect::ask};
use crate::{
    error::CallFailure,
    process::{CellRef, ReplyPort},
    runtime::{Core, RuntimeHandle, Session},
    signal::Signal,
    trace::{Trace, TraceEvent, TraceOrder, Tracer},
};

impl RuntimeHandle {
    /// Begins to trace: what happens to chosen processes is told to this session, with these flags.
    /// It traces nobody until it is told whom. Sessions do not see or disturb each other, and a
    /// process can be traced by several.
    ///
    /// Tracing changes nothing of what a process does but its time: its turns tell as they go on.
    /// Processes that are not traced pay nothing for it.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// use actor_core::{Trace, TraceKind};
    /// let counter = rt.spawn(Counter(40))?;
    /// let session = rt.trace(Trace::RECEIVE | Trace::CALL);
    /// rt.block_on(session.add(&counter))?;
    /// counter.add(2).blocking()?;
    /// rt.block_on(session.delivered(&counter))?;
    /// let told = std::iter::from_fn(|| session.try_next().map(|event| event.what));
    /// let message = "Add";
    /// assert_eq!(told.collect::<Vec<_>>(), [
    ///     TraceKind::Receive { message },
    ///     TraceKind::Call { message },
    ///     TraceKind::Return { message },
    /// ]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn trace(&self, flags: Trace) -> TraceSession {
        TraceSession { session: Session::begin(self.core()), rt: self.clone(), flags }
    }
}

/// A tracer's session, and the events that wait for it. Dropping it ends it: nothing is traced for
/// it any more, and nothing is left of it. [`RuntimeHandle::trace`] has the example.
///
/// What it does not fetch in time is lost, and counted: beyond
/// [`limits::TRACE_EVENTS`](crate::limits::TRACE_EVENTS) that wait, and beyond its
/// [rate](Self::rate). So whatever it traces, it costs the runtime no more than that.
#[must_use = "dropping the session ends it"]
pub struct TraceSession {
    session: Arc<Session>,
    rt: RuntimeHandle,
    flags: Trace,
}

impl TraceSession {
    /// Takes so many events a second at most, [`limits::TRACE_RATE`](crate::limits::TRACE_RATE)
    /// unless set; the others are lost.
    ///
    /// ```
    /// use actor_core::{Runtime, Trace};
    /// let rt = Runtime::new()?;
    /// let session = rt.trace(Trace::CALL).rate(1_000);
    /// assert_eq!(session.lost(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn rate(self, per_second: u32) -> Self {
        self.session.set_rate(per_second);
        self
    }

    /// Traces a process; resolves when it does. The request is sent at once, as a signal: what its
    /// sender sends to the process after this has resolved is traced, and what it sent before this
    /// call may be.
    ///
    /// # Errors
    /// [`CallFailure::NoProc`] if there is no such process; [`Timeout`](CallFailure::Timeout) if it
    /// does not come to act on signals within
    /// [`limits::INSPECT_TIMEOUT`](crate::limits::INSPECT_TIMEOUT): it is traced when it does.
    ///
    /// # If the process is gone
    /// [`CallFailure::NoProc`].
    ///
    /// The [type's example](RuntimeHandle::trace) uses it.
    pub fn add<R: AnyRef>(
        &self,
        process: &R,
    ) -> impl Future<Output = Result<(), CallFailure>> + Send + use<R> {
        self.order(process, Some(self.flags))
    }

    /// Traces it no more.
    ///
    /// # Errors
    /// As for [`add`](Self::add).
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
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(40))?;
    /// let session = rt.trace(actor_core::Trace::CALL);
    /// rt.block_on(session.add(&counter))?;
    /// rt.block_on(session.remove(&counter))?;
    /// counter.add(2).blocking()?;
    /// assert!(session.try_next().is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove<R: AnyRef>(
        &self,
        process: &R,
    ) -> impl Future<Output = Result<(), CallFailure>> + Send + use<R> {
        self.order(process, Some(Trace::NONE))
    }

    /// Traces all processes that are spawned from now on.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {}
    /// # let rt = Runtime::new()?;
    /// use actor_core::{Trace, TraceKind};
    /// let session = rt.trace(Trace::PROCS);
    /// session.add_new();
    /// let counter = rt.spawn(Counter(40))?;
    /// let event = rt.block_on(session.next());
    /// assert_eq!((Some(event.pid), event.what), (counter.pid(), TraceKind::Spawned { by: None }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_new(&self) {
        self.session.add_rule(self.flags, None);
    }

    /// Traces all processes of a type: those that live, as soon as they act on signals, and those
    /// that are spawned from now on.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {}
    /// # let rt = Runtime::new()?;
    /// use actor_core::{Trace, TraceKind};
    /// let session = rt.trace(Trace::PROCS);
    /// session.add_type::<Counter>();
    /// let counter = rt.spawn(Counter(40))?;
    /// counter.stop(ExitReason::Normal).blocking();
    /// assert_eq!(rt.block_on(session.next()).what, TraceKind::Spawned { by: None });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_type<P: Server>(&self) {
        // Those that are spawned meanwhile are found by one or both.
        self.session.add_rule(self.flags, Some(TypeId::of::<P>()));
        self.session.add_living(self.flags, TypeId::of::<P>());
    }

    /// The next event: those of one process come in the order in which they happened to it.
    /// Resolves when there is one, so bound the wait. [`add_new`](Self::add_new) has the example.
    pub fn next(&self) -> impl Future<Output = TraceEvent> + Send + '_ {
        poll_fn(|cx| self.session.poll_next(cx.waker()))
    }

    /// The next event, if one waits. [`RuntimeHandle::trace`] has the example.
    pub fn try_next(&self) -> Option<TraceEvent> {
        self.session.try_next()
    }

    /// How many events were lost so far, because too many waited or came.
    /// [`rate`](Self::rate) has the example.
    pub fn lost(&self) -> u64 {
        self.session.lost()
    }

    /// Resolves when all that happened to the process before this call can be fetched (OTP's
    /// `trace_delivered`). [`RuntimeHandle::trace`] has the example.
    ///
    /// # Errors
    /// [`CallFailure::Timeout`] if it does not come to act on signals within
    /// [`limits::INSPECT_TIMEOUT`](crate::limits::INSPECT_TIMEOUT).
    ///
    /// # If the process is gone
    /// All has been told, its end included.
    pub fn delivered<R: AnyRef>(
        &self,
        process: &R,
    ) -> impl Future<Output = Result<(), CallFailure>> + Send + use<R> {
        let asked = self.order(process, None);
        async {
            match asked.await {
                Err(CallFailure::NoProc) => Ok(()),
                other => other,
            }
        }
    }

    fn order<R: AnyRef>(
        &self,
        process: &R,
        flags: Option<Trace>,
    ) -> impl Future<Output = Result<(), CallFailure>> + Send + use<R> {
        let set = flags.map(|flags| (self.session.clone() as Arc<dyn Tracer>, flags));
        // Processes of another runtime are none of its.
        let is_here = |cell: &CellRef| std::ptr::eq(Core::at(cell), &raw const **self.rt.core());
        let cell = self.rt.cell_of(process).filter(is_here);
        ask(cell, |port: ReplyPort<()>| {
            let done = Box::new(move |is_done| match is_done {
                true => port.send(()),
                false => port.fail(CallFailure::NoProc),
            });
            Signal::Trace(Box::new(TraceOrder { set, done }))
        })
    }
}

impl Drop for TraceSession {
    fn drop(&mut self) {
        self.session.end();
    }
}

impl fmt::Debug for TraceSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceSession").field("flags", &self.flags).finish_non_exhaustive()
    }
}
