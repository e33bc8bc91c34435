//! What a traced process does more than others: it tells.
//!
//! Whether it is traced is one bit of the state word, which a turn reads anyway: such a turn is run
//! by other code (the same source with a constant, `turn`), so that the turns of all others do not
//! even ask. What happens outside of the turn's own code (a send, a link) asks the thread-local
//! whether the turn that runs is one of those.
//!
//! To tell calls no code of the process and leaves no trace in it. Each tracer is told outside of
//! any borrow of the extras: it may wake whoever waits for it, which is somebody's code.

use std::{mem, sync::Arc};

use super::{
    current,
    header::{CellRef, Running},
    node::Mail,
};
use crate::{
    exit::ExitReason,
    pid::Pid,
    signal::Signal,
    trace::{Trace, TraceKind, TraceOrder, Tracer},
};

/// Who traces a process, and what it is in the middle of. Part of the extras.
#[derive(Default)]
pub(crate) struct Traced {
    by: Vec<(Arc<dyn Tracer>, Trace)>,
    /// The message whose handler runs or waits.
    handling: Option<&'static str>,
}

impl Running {
    /// Tells whoever traces it with this flag.
    #[cold]
    pub(crate) fn tell(&self, flag: Trace, what: impl Fn() -> TraceKind) {
        let nth = |number: usize| {
            let found = self.extras_if_any(|extras| {
                extras.rare.as_ref().and_then(|rare| rare.traced.by.get(number).cloned())
            });
            found.flatten()
        };
        let mut is_any_over = false;
        for (tracer, flags) in (0..).map_while(nth) {
            is_any_over |= tracer.is_over();
            if flags.contains(flag) {
                tracer.tell(self.pid(), what());
            }
        }
        if is_any_over {
            self.forget_tracers(|tracer| tracer.is_over());
        }
    }

    fn forget_tracers(&self, is_forgotten: impl Fn(&dyn Tracer) -> bool) {
        let forgotten = self.extras_if_any(|extras| {
            let traced = &mut extras.rare.as_mut()?.traced;
            let by = mem::take(&mut traced.by).into_iter();
            let (gone, left) = by.partition::<Vec<_>, _>(|(tracer, _)| is_forgotten(&**tracer));
            traced.by = left;
            self.state().set_traced(!traced.by.is_empty());
            Some(gone)
        });
        // The last ones of a session, perhaps.
        drop(forgotten);
    }

    /// Traces it so from now on; the owner, or the spawner before it can run.
    pub(crate) fn set_trace(&self, tracer: &Arc<dyn Tracer>, flags: Trace) {
        let address = |tracer: &dyn Tracer| std::ptr::from_ref(tracer).addr();
        let its = address(&**tracer);
        self.forget_tracers(|other| address(other) == its);
        if !flags.is_empty() && !tracer.is_over() {
            let entry = (tracer.clone(), flags);
            self.extras(|extras| extras.rare().traced.by.push(entry));
            self.state().set_traced(true);
        }
    }

    /// Who traces what it spawns or links itself to, and how: by the flag for all of these, or that
    /// for the first, which is taken back.
    pub(crate) fn heirs_of_trace(&self, all: Trace, first: Trace) -> Vec<(Arc<dyn Tracer>, Trace)> {
        let by = self.extras_if_any(|extras| {
            let by = extras.rare.as_mut()?.traced.by.iter_mut();
            let inherits = |(tracer, flags): &mut (Arc<dyn Tracer>, Trace)| {
                let inherited = flags.contains(all) || flags.contains(first);
                *flags = flags.without(first);
                inherited.then(|| (tracer.clone(), *flags))
            };
            Some(by.filter_map(inherits).collect())
        });
        by.flatten().unwrap_or_default()
    }

    /// A tracer's wish is fulfilled.
    pub(super) fn act_on(&self, order: TraceOrder) {
        if let Some((tracer, flags)) = order.set {
            self.set_trace(&tracer, flags);
        }
        (order.done)(true);
    }

    /// Mail has come: a message waits, a signal is acted on next.
    pub(super) fn tell_arrived(&self, mail: &Mail) {
        if mail.takes_room() {
            return self.tell_arrival(mail);
        }
        match mail.as_signal() {
            Some(Signal::Link { from: by }) => {
                self.tell(Trace::PROCS, || TraceKind::GettingLinked { by: *by });
            }
            Some(Signal::Unlink { from: by } | Signal::End { from: by, .. }) => {
                self.tell(Trace::PROCS, || TraceKind::GettingUnlinked { by: *by });
            }
            _ => {}
        }
    }

    /// Something waits for its turn: a message, or a signal that has become one.
    pub(super) fn tell_arrival(&self, mail: &Mail) {
        let message = mail.name();
        self.tell(Trace::RECEIVE, || TraceKind::Receive { message });
    }

    /// Its name is free.
    pub(crate) fn tell_unregistered(&self, name: &Arc<str>) {
        if self.state().is_traced() {
            self.tell(Trace::PROCS, || TraceKind::Unregister { name: name.clone() });
        }
    }

    /// It ends.
    pub(crate) fn tell_end(&self, reason: &ExitReason) {
        if self.state().is_traced() {
            self.tell(Trace::PROCS, || TraceKind::Exit { reason: reason.clone() });
        }
    }

    /// A handler begins with this.
    pub(super) fn tell_begun(&self, mail: &Mail) {
        let message = mail.name();
        self.extras(|extras| extras.rare().traced.handling = Some(message));
        self.tell(Trace::CALL, || TraceKind::Call { message });
    }

    /// It has ended.
    pub(super) fn tell_ended(&self) {
        let handled = self
            .extras_if_any(|extras| {
                extras.rare.as_mut().and_then(|rare| rare.traced.handling.take())
            })
            .flatten();
        if let Some(message) = handled {
            self.tell(Trace::CALL, || TraceKind::Return { message });
        }
    }
}

impl Traced {
    /// Whether nobody traces it, and it is in no handler that somebody traced.
    pub(super) fn is_blank(&self) -> bool {
        self.by.is_empty() && self.handling.is_none()
    }

    /// The message whose handler runs or waits, if that is known: it began while traced.
    pub(super) fn handling(&self) -> Option<&'static str> {
        self.handling
    }

    /// How many bytes lie outside of it.
    pub(super) fn size(&self) -> usize {
        self.by.capacity() * size_of::<(Arc<dyn Tracer>, Trace)>()
    }
}

/// Tells of what the running process does, if it is traced; `what` is made if somebody listens.
#[cold]
pub(crate) fn tell(flag: Trace, what: impl Fn() -> TraceKind) {
    // The turn that is traced may not be the innermost one.
    if let Some(running) = current::running().filter(|running| running.state().is_traced()) {
        running.tell(flag, what);
    }
}

/// The running process, whose turn is traced, sends this.
#[cold]
pub(crate) fn tell_sent(to: &CellRef, mail: &Mail) {
    if mail.takes_room() {
        let (pid, message): (Pid, _) = (to.pid(), mail.name());
        tell(Trace::SEND, || match to.is_alive() {
            true => TraceKind::Send { to: pid, message },
            false => TraceKind::SendToNonExisting { to: pid, message },
        });
    }
}
