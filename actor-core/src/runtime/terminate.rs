//! The end of a process, in the order of the design: each step may rely on those before it.
//!
//! 1. (done by the turn) the pending handler is dropped, `terminate` has run;
//! 2. the inbox is closed: from here on the process is *noproc*;
//! 3. the state is dropped;
//! 4. its name is free, its timers are disarmed;
//! 5. its callers fail: those it owed a reply, those in the backlog;
//! 6. links and monitors hear of it;
//! 7. it is dead, and its slot in the process table free;
//! 8. whoever else watches hears of it, and the starter, if the process never was ready.
//!
//! Nothing here takes a lock that all processes share.

use std::sync::Arc;

use super::{Core, env::Access, observe};
use crate::{
    error::CallFailure,
    exit::ExitReason,
    pid::Pid,
    process::{Ended, Mail, Opened, Phase, Running, StartFailure, Starter, contain, current},
    signal::{Signal, Watch},
    table::Key,
};

impl Core {
    /// Takes an ended process apart.
    pub(crate) fn finish(&self, running: Running, ended: Ended) {
        self.take_apart(running, ended, true);
    }

    /// The same for a process that was taken from its thread: its state is left to that, and so is
    /// its pin.
    pub(super) fn finish_taken(&self, running: Running, ended: Ended) {
        self.take_apart(running, ended, false);
    }

    fn take_apart(&self, running: Running, ended: Ended, state_too: bool) {
        let entered = current::enter(&running);
        let Ended { mut reason, ignored, mut follows } = ended;
        let pid = running.pid();
        // The replies that are dropped from here on say this.
        if reason != ExitReason::Normal {
            running.extras(|extras| extras.exit = Some(reason.clone()));
        }
        if running.state().phase() < Phase::Exiting {
            running.state().advance(Phase::Exiting);
        }
        let mut signals = Vec::new();
        let mut backlog = Vec::new();
        while let Some(mail) = running.pop_mail() {
            if mail.is_message() { &mut backlog } else { &mut signals }.push(mail);
        }
        running.close_inbox(|mail| {
            if mail.is_message() { &mut backlog } else { &mut signals }.push(mail);
        });
        if state_too && let Err(panic) = self.drop_state(&running) {
            // The first abnormal reason stands; a destructor's panic is one too.
            if reason.is_normal() {
                reason = panic;
                follows = false;
                running.extras(|extras| extras.exit = Some(reason.clone()));
            } else {
                observe::contained(pid, running.table().name, "drop of the state", &panic);
            }
        }
        self.release_resources(&running);
        self.fail_callers(&running, &reason, backlog);
        observe::exited(self, &running, &reason, follows);
        let (starter, watches) = self.tell(&running, &reason, signals);
        let extras = running.strip(&reason);
        running.state().advance(Phase::Dead);
        drop(entered);
        // The arguments of a tree may be among them.
        observe::guarded("what a process left", || drop(extras));
        let late = self.latecomers.take(pid);
        let key = Key { index: pid.index(), generation: pid.generation() };
        self.table.release(key, self.shard());
        if state_too {
            running.release();
        }
        for mail in late {
            super::route::answer_for_the_dead(self, pid, mail, Some(reason.clone()));
        }
        for watch in watches {
            watch.ended(&reason);
        }
        if let Some(starter) = starter {
            let failure = if ignored { StartFailure::Ignored } else { StartFailure::Ended(reason) };
            starter(Err(failure));
        }
        self.one_less();
    }

    /// Drops what is pending, and the state, each contained.
    fn drop_state(&self, running: &Running) -> Result<(), ExitReason> {
        let (activity, make, hollow) = running
            .extras_if_any(|extras| (Some(extras.begin()), extras.make.take(), extras.is_hollow))
            .unwrap_or((None, None, false));
        let first = contain(running, || drop((activity, make)));
        if hollow {
            return first;
        }
        contain(running, || running.drop_state()).and(first)
    }

    /// Its name is free, and its timers are disarmed.
    fn release_resources(&self, running: &Running) {
        let (name, timers) = running
            .extras_if_any(|extras| (extras.name.take(), std::mem::take(&mut extras.timers)))
            .unwrap_or_default();
        if let Some(name) = name {
            self.shared(&name, Access::Write);
            self.registry.unregister(&name, running.pid());
        }
        for timer in timers {
            // It holds a message of the process's own.
            if let Err(panic) = contain(running, || timer.disarm()) {
                observe::contained(running.pid(), running.table().name, "a timer's drop", &panic);
            }
        }
    }

    /// Every call it was asked and did not answer fails with the reason.
    fn fail_callers(&self, running: &Running, reason: &ExitReason, backlog: Vec<Mail>) {
        self.fail_owed(running, reason);
        for mail in backlog {
            let name = mail.name();
            // A destructor of a message is the sender's code: contained like all user code.
            if let Err(panic) = contain(running, || drop(mail)) {
                observe::contained(running.pid(), running.table().name, name, &panic);
            }
        }
        // Replies that were dropped by one of these panics.
        self.fail_owed(running, reason);
    }

    fn fail_owed(&self, running: &Running, reason: &ExitReason) {
        let owed =
            running.extras_if_any(|extras| std::mem::take(&mut extras.owed)).unwrap_or_default();
        for reply in owed {
            reply.fail(CallFailure::Exited(reason.clone()));
        }
    }

    /// Links and monitors hear of it; signals that came too late are answered. Who is to hear when
    /// it is dead is given back.
    fn tell(
        &self,
        running: &Running,
        reason: &ExitReason,
        signals: Vec<Mail>,
    ) -> (Option<Starter>, Vec<Arc<dyn Watch>>) {
        let pid = running.pid();
        for mail in signals {
            match mail.as_monitor() {
                // It had arrived before the end: it hears the reason.
                Some(monitor) => running.extras(|extras| extras.links.watched_by(monitor, mail)),
                None => self.answer_late(running, mail),
            }
        }
        let mut outgoing: Vec<(Pid, Mail)> = Vec::new();
        let (watches, starter) = running
            .extras_if_any(|extras| {
                if let (Some(parent), true) = (extras.parent, extras.starter.is_some()) {
                    // A start that fails is told by the starter alone: no EXIT goes to the parent.
                    extras.links.unlinked_by(parent);
                }
                extras.links.end(pid, reason, |to, mail| outgoing.push((to, mail)));
                (std::mem::take(&mut extras.watches), extras.starter.take())
            })
            .unwrap_or_default();
        for (to, mail) in outgoing {
            super::route::signal(self, to, mail);
        }
        (starter, watches)
    }

    /// A signal that had arrived and not been acted on.
    fn answer_late(&self, running: &Running, mail: Mail) {
        let Opened::Signal(signal) = mail.open() else { return };
        match signal {
            // A link that had arrived is a link: the end goes along it.
            Signal::Link { from } => running.extras(|extras| extras.links.linked_by(from)),
            Signal::Unlink { from } => running.extras(|extras| extras.links.unlinked_by(from)),
            Signal::Demonitor { monitor } => {
                running.extras(|extras| extras.links.unwatched_by(monitor));
            }
            Signal::Watch(watch) => running.extras(|extras| extras.add_watch(watch)),
            Signal::Exit { .. } | Signal::Monitor { .. } | Signal::Down(_) | Signal::Stop(_) => {}
        }
    }
}
