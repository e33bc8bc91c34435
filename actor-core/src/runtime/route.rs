//! The send funnel: everything that enters an inbox goes through here, and through nothing else.
//!
//! What reaches a process that has ended is answered as OTP answers for the dead: a link by an exit
//! `noproc`, a monitor by a DOWN `noproc`, a call by its failure; anything else falls silent.

use std::sync::Arc;

use super::{Core, env::Envelope};
use crate::{
    error::{CallFailure, SendError},
    exit::ExitReason,
    pid::Pid,
    process::{CellRef, Mail, Opened, Push, StageReply, current},
    signal::{Down, Signal},
};

/// Sends mail to a process. A refused message comes back.
pub(crate) fn send(to: &CellRef, mail: Mail) -> Result<(), (SendError, Mail)> {
    if to.is_simulated() {
        return stage(current::pid(), to, mail, false);
    }
    let mut mail = Some(mail);
    let sent = current::act_here(|| mail.take().map_or(Ok(()), |mail| push(to, mail)));
    match (sent, mail) {
        (Some(sent), _) => sent,
        // Who is dead to all others sends no more.
        (None, Some(mail)) if mail.is_message() => Err((SendError::Exiting, mail)),
        (None, _) => Ok(()),
    }
}

/// The same for mail that was kept on its way: it comes from whoever sent it first, and needs no
/// room.
pub(crate) fn send_kept(
    source: Option<Pid>,
    to: &CellRef,
    mail: Mail,
) -> Result<(), (SendError, Mail)> {
    if to.is_simulated() {
        return stage(source, to, mail, false);
    }
    scheduled(to, to.push_anyway(mail))
}

/// The same for mail that a timer sends.
pub(crate) fn send_by_timer(to: &CellRef, mail: Mail) -> Result<(), (SendError, Mail)> {
    if to.is_simulated() {
        return stage(None, to, mail, true);
    }
    push(to, mail)
}

/// How replies reach the running process, if a simulation runs it.
pub(crate) fn reply_staging() -> Option<Arc<dyn StageReply>> {
    let running = current::running()?;
    running.inbox().is_sim().then(|| Arc::new(Caller(running.pin())) as _)
}

/// A simulated caller: its replies are steps of their own.
struct Caller(CellRef);

impl StageReply for Caller {
    fn stage(&self, deliver: Box<dyn FnOnce() + Send>) {
        let core = Core::at(&self.0);
        let environment = core.environment().expect("a simulated process has an environment");
        environment.stage(Envelope::reply(self.0.clone(), deliver));
    }
}

fn push(to: &CellRef, mail: Mail) -> Result<(), (SendError, Mail)> {
    scheduled(to, to.push(mail))
}

fn scheduled(
    to: &CellRef,
    pushed: Result<Push, (SendError, Mail)>,
) -> Result<(), (SendError, Mail)> {
    match pushed? {
        Push::Ready => to.machine().ready(to.raw(), to.state().priority()),
        Push::Queued => {}
    }
    Ok(())
}

#[cold]
fn stage(
    source: Option<Pid>,
    to: &CellRef,
    mail: Mail,
    timer: bool,
) -> Result<(), (SendError, Mail)> {
    if !to.is_alive() {
        return Err((SendError::NoProc, mail));
    }
    let core = Core::at(to);
    let environment = core.environment().expect("a simulated process has an environment");
    environment.stage(Envelope::mail(source, to.clone(), mail, timer));
    Ok(())
}

/// A staged piece of mail arrives. It was taken while the process lived: if that has ended since, a
/// call fails as one in its backlog did.
pub(super) fn deliver(to: &CellRef, mail: Mail) {
    let Err((_, mail)) = push(to, mail) else { return };
    match to.exit_reason() {
        Some(reason) if mail.is_message() => mail.fail(CallFailure::Exited(reason)),
        _ => refuse(to, mail),
    }
}

/// Sends a signal to a pid, from the running process or from outside.
pub(crate) fn signal(core: &Core, to: Pid, mail: Mail) {
    match core.pin(to) {
        Some(pin) => signal_cell(&pin, mail),
        None => answer_for_the_dead(core, to, mail, None),
    }
}

/// Sends a signal to a process that is at hand.
pub(crate) fn signal_cell(to: &CellRef, mail: Mail) {
    let kills = mail.kills();
    match send(to, mail) {
        Err((_, mail)) => refuse(to, mail),
        Ok(()) if kills && !to.is_simulated() => Core::at(to).was_killed(to),
        Ok(()) => {}
    }
}

/// Mail for a process whose inbox is closed, or is full: a message is dropped (its call fails as
/// its port says), a signal is answered: by the process's exit, if that is still going on.
pub(super) fn refuse(to: &CellRef, mail: Mail) {
    if mail.is_message() {
        return mail.fail(CallFailure::NoProc);
    }
    let core = Core::at(to);
    let mail = if mail.is_answered() { core.latecomers.keep(to, mail) } else { None };
    if let Some(mail) = mail {
        answer_for_the_dead(core, to.pid(), mail, to.exit_reason());
    }
}

/// Kills a process, from no process in particular.
pub(crate) fn kill(to: &CellRef) {
    let from = Pid::local(0, 0);
    let exit = Signal::Exit { from, reason: ExitReason::Kill, linked: false };
    signal_cell(to, Mail::signal(exit));
}

/// What a dead process would have to say to a signal. `reason` is why it ended, where it is known:
/// a watch from outside hears that, everybody else hears `noproc`, as in OTP.
pub(super) fn answer_for_the_dead(core: &Core, dead: Pid, mail: Mail, reason: Option<ExitReason>) {
    let Opened::Signal(received) = mail.open() else { return };
    match received {
        Signal::Link { from } => {
            let exit = Signal::Exit { from: dead, reason: ExitReason::NoProc, linked: true };
            signal_living(core, dead, from, Mail::signal(exit));
        }
        Signal::Monitor { monitor } => {
            let down = Down { monitor, pid: dead, reason: ExitReason::NoProc };
            signal_living(core, dead, monitor.owner(), Mail::signal(Signal::Down(down)));
        }
        Signal::Watch(watch) => watch.ended(&reason.unwrap_or(ExitReason::NoProc)),
        Signal::Exit { .. }
        | Signal::Unlink { .. }
        | Signal::Demonitor { .. }
        | Signal::Stop(_)
        | Signal::Down(_) => {}
    }
}

/// An answer goes to the living only: the dead ask nothing. It comes from the dead, and so after
/// all that it sent.
fn signal_living(core: &Core, dead: Pid, to: Pid, mail: Mail) {
    if let Some(pin) = core.pin(to) {
        drop(send_kept(Some(dead), &pin, mail));
    }
}
