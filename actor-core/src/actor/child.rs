//! What supervisors need of the layer below them, and nobody else.

use std::{future::Future, sync::Arc};

use super::{
    ChildKind, Context, Server, Slot, Start,
    closed::{Closed, closed_pid},
    start::{Settings, begin, making},
};
use crate::{
    error::StartError,
    exit::ExitReason,
    pid::Pid,
    pool::PooledFuture,
    process::{Mail, current, tell},
    runtime::{env::Event, route, spawn::Birth},
    signal::{Signal, Watch},
    trace::{Trace, TraceKind},
};

/// The start of one child: `Ok(None)` if it chose to be ignored. The supervisor's context is not
/// borrowed by it.
pub(crate) type Starting = PooledFuture<'static, Result<Option<Pid>, ExitReason>>;

impl<P: Server> Context<P> {
    /// Starts a linked child whose state is made inside it by `make`; resolves when it is ready.
    /// `None`: it chose to be ignored. On failure it is fully dead, and no EXIT of it comes.
    /// `keeps_mailbox`: what it has not handled when it ends, the slot keeps for the next.
    pub(crate) fn start_child<S, Fut>(
        &mut self,
        slot: Arc<Slot>,
        keeps_mailbox: bool,
        make: impl FnOnce() -> Fut + Send + 'static,
    ) -> Starting
    where
        S: Start,
        Fut: Future<Output = Result<Option<S>, ExitReason>> + Send + 'static,
    {
        let core = self.here();
        let mut settings = Settings {
            link: true,
            supervisor: S::KIND == ChildKind::Supervisor,
            slot: Some(slot.clone()),
            ..Settings::default()
        };
        let heir = keeps_mailbox.then_some(slot);
        let birth = Birth::<S::Process>::Make(Box::new(move || {
            // In the new process, before anybody can have sent it anything.
            if let (Some(heir), Some(here)) = (heir, current::running()) {
                here.extras(|extras| extras.rare().heir = Some(heir));
            }
            making(make())
        }));
        let begun = begin(core, birth, &mut settings, true);
        Starting::new(async move {
            match begun {
                Ok(begun) => outcome(begun.wait().await.map(|pin| pin.pid())),
                Err(error) => outcome(Err(error)),
            }
        })
    }

    /// Resolves to the exit reason of the process, or to `NoProc` if it is gone already.
    pub(crate) fn closed_pid(&self, pid: Pid) -> Closed {
        closed_pid(self.here(), pid)
    }

    /// Removes the link with that process and tells it to end, by a kill or by a shutdown; `watch`
    /// is told of its end: of its reason, or of `NoProc` if it is gone already.
    pub(crate) fn end_pid(&mut self, pid: Pid, watch: Arc<dyn Watch>, kills: bool) {
        let unlinked = self.running().extras_if_any(|extras| extras.links.unlink(pid));
        if unlinked == Some(true) && current::is_traced() {
            tell(Trace::PROCS, || TraceKind::Unlink { from: pid });
        }
        let end = Signal::End { from: self.pid(), watch, kills };
        route::signal(self.here(), pid, Mail::signal(end));
    }

    /// Whether there is such a process.
    pub(crate) fn is_alive_pid(&self, pid: Pid) -> bool {
        self.here().pin(pid).is_some_and(|pin| pin.is_alive())
    }

    /// Sends an exit signal.
    pub(crate) fn exit_pid(&self, pid: Pid, reason: ExitReason) {
        let exit = Signal::Exit { from: self.pid(), reason, linked: false };
        route::signal(self.here(), pid, Mail::signal(exit));
    }

    /// Says what has happened, if somebody listens.
    pub(crate) fn observe(&self, event: impl FnOnce() -> Event) {
        let core = self.here();
        if core.environment().is_some() {
            core.observe(&event());
        }
    }
}

fn outcome(started: Result<Pid, StartError>) -> Result<Option<Pid>, ExitReason> {
    match started {
        Ok(pid) => Ok(Some(pid)),
        Err(StartError::Ignored) => Ok(None),
        Err(StartError::Init(reason)) => Err(reason),
        Err(other) => Err(ExitReason::error(other)),
    }
}
