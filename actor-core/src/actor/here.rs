//! What the layers above may do to the running process without its context.

use std::{fmt, iter, sync::Arc, time::Duration};

use super::{Address, Context, Server, Sleep};
use crate::{
    limits,
    pid::Pid,
    process::{Mail, Message, current},
    runtime::{self, Core, route},
    signal::Signal,
};

pub(crate) use crate::process::caught;

/// Whether a process runs on this thread.
pub(crate) fn is_in_process() -> bool {
    current::is_running()
}

/// Takes the running process's link with that one away, if there is one.
pub(crate) fn unlink_here(pid: Pid) {
    let Some(running) = current::running() else { return };
    if running.extras_if_any(|extras| extras.links.unlink(pid)) == Some(true) {
        let from = running.pid();
        let core = Core::of(&running.pin());
        route::signal(&core, pid, Mail::signal(Signal::Unlink { from }));
    }
}

/// For whom the running process works: see `task::callers`.
pub(crate) fn callers_here() -> Option<Arc<[Pid]>> {
    current::running()?.extras_if_any(|extras| extras.rare.as_ref()?.callers.clone())?
}

/// The same of a process that the running one starts to work for it.
pub(crate) fn callers_of_next() -> Option<Arc<[Pid]>> {
    let me = current::running()?.pid();
    let before = callers_here().unwrap_or_default();
    Some(iter::once(me).chain(before.iter().copied()).take(limits::CALLERS).collect())
}

/// Says for whom the running process works.
pub(crate) fn works_for(callers: Arc<[Pid]>) {
    if let Some(running) = current::running() {
        running.extras(|extras| extras.rare().callers = Some(callers));
    }
}

impl<M: Message> Address<M> {
    /// Resolves after some time, by the clock of that process's runtime.
    pub(crate) fn sleep(&self, delay: Duration) -> Sleep {
        let sleep = self.with_core(|core| Sleep::new(core.arc(), delay));
        sleep.unwrap_or_else(|| super::sleep(delay))
    }
}

impl<P: Server> Context<P> {
    /// Reports a crash inside the process that is not its end; not in a simulation, which may go
    /// through it a thousand times.
    pub(crate) fn report(&self, crash: fmt::Arguments<'_>) {
        if self.core().environment().is_none() {
            runtime::report(crash);
        }
    }
}
