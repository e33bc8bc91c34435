//! What supervisors need of the layer below them, and nobody else.

use std::{future::Future, sync::Arc};

use super::{
    ChildKind, Context, Process, Server, Slot, Start,
    closed::{Closed, closed_pid},
    start::{Settings, begin, making},
};
use crate::{
    error::StartError,
    exit::ExitReason,
    pid::Pid,
    process::{Mail, current},
    runtime::{env::Event, route, spawn::Birth},
    signal::{Signal, Watch},
};

impl<P: Server> Context<P> {
    /// Starts a linked child whose state is made inside it by `make`; resolves when it is ready.
    /// `None`: it chose to be ignored. On failure it is fully dead, and no EXIT of it comes.
    /// `keeps_mailbox`: what it has not handled when it ends, the slot keeps for the next.
    pub(crate) fn start_child<S, Fut>(
        &mut self,
        slot: Arc<Slot>,
        keeps_mailbox: bool,
        make: impl FnOnce() -> Fut + Send + 'static,
    ) -> impl Future<Output = Result<Option<Pid>, ExitReason>> + Send + 'static
    where
        S: Start,
        Fut: Future<Output = Result<Option<S>, ExitReason>> + Send + 'static,
    {
        let core = self.core();
        let defaults = <S::Process as Process>::options();
        let settings = Settings {
            link: true,
            supervisor: S::KIND == ChildKind::Supervisor,
            slot: Some(slot.clone()),
            ..Settings::default()
        }
        .with_defaults(defaults);
        let heir = keeps_mailbox.then_some(slot);
        let birth = Birth::<S::Process>::Make(Box::new(move || {
            // In the new process, before anybody can have sent it anything.
            if let (Some(heir), Some(here)) = (heir, current::running()) {
                here.extras(|extras| extras.rare().heir = Some(heir));
            }
            making(make())
        }));
        let begun = begin(&core, birth, settings, true);
        async move {
            match begun {
                Ok(begun) => outcome(begun.wait().await.map(|pin| pin.pid())),
                Err(error) => outcome(Err(error)),
            }
        }
    }

    /// Resolves to the exit reason of the process, or to `NoProc` if it is gone already.
    pub(crate) fn closed_pid(&self, pid: Pid) -> Closed {
        closed_pid(&self.core(), pid)
    }

    /// Tells `watch` of that process's end: of its reason, or of `NoProc` if it is gone already.
    pub(crate) fn watch_pid(&self, pid: Pid, watch: Arc<dyn Watch>) {
        route::signal(&self.core(), pid, Mail::signal(Signal::Watch(watch)));
    }

    /// Whether there is such a process.
    pub(crate) fn is_alive_pid(&self, pid: Pid) -> bool {
        self.core().pin(pid).is_some_and(|pin| pin.is_alive())
    }

    /// Sends an exit signal.
    pub(crate) fn exit_pid(&self, pid: Pid, reason: ExitReason) {
        let exit = Signal::Exit { from: self.pid(), reason, linked: false };
        route::signal(&self.core(), pid, Mail::signal(exit));
    }

    /// Says what has happened.
    pub(crate) fn observe(&self, event: Event) {
        self.core().observe(&event);
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
