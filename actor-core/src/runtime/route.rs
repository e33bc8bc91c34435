//! The send funnel: everything that enters an inbox goes through here, and through nothing else.
//!
//! What reaches a process that has ended is answered as OTP answers for the dead: a link by an exit
//! `noproc`, a monitor by a DOWN `noproc`, a call by its failure; anything else falls silent.

use std::sync::Arc;

use super::{
    Core,
    env::Envelope,
    overflow::{self, Source},
};
use crate::{
    error::{CallFailure, SendError},
    exit::ExitReason,
    pid::{MonitorRef, Pid},
    process::{CellRef, Mail, Opened, Push, StageReply, TimerPlace, current, tell_sent},
    signal::{Fired, Signal},
};

/// What became of mail: a refused message comes back.
pub(crate) type Refused = Result<(), (SendError, Mail)>;

/// Sends mail to a process. A refused message comes back.
pub(crate) fn send(to: &CellRef, mail: Mail) -> Refused {
    if current::is_traced() {
        tell_sent(to, &mail);
    }
    if to.is_simulated() {
        return stage(current::pid(), to, mail, false);
    }
    let Some(_acting) = current::act_here() else { return exiting(mail) };
    match to.push(mail) {
        Err((SendError::Full, mail)) => overfull(to, mail),
        pushed => scheduled(to, pushed),
    }
}

/// Who is dead to all others sends no more.
#[cold]
fn exiting(mail: Mail) -> Refused {
    if mail.takes_room() { Err((SendError::Exiting, mail)) } else { Ok(()) }
}

/// The mailbox is at its high mark, and the running process, or a foreign thread, has mail for it.
#[cold]
fn overfull(to: &CellRef, mail: Mail) -> Refused {
    let core = Core::of(to);
    let sender = current::running().filter(|_| core.runs_here());
    let source = sender.as_ref().map_or(Source::Foreign, Source::Process);
    overflow::overfull(&core, &source, to, mail)
}

/// Mail goes in up to the hard mark.
pub(super) fn push_hard(to: &CellRef, mail: Mail) -> Refused {
    scheduled(to, to.push_hard(mail))
}

/// The same for mail that was kept on its way: it comes from whoever sent it first, and needs no
/// room.
pub(crate) fn send_kept(source: Option<Pid>, to: &CellRef, mail: Mail) -> Refused {
    if to.is_simulated() {
        return stage(source, to, mail, false);
    }
    scheduled(to, to.push_anyway(mail))
}

/// The same for mail that had reached another process, whose heir this one is: it was on its way
/// once, and is not again.
pub(crate) fn hand_down(to: &CellRef, mail: Mail) -> Refused {
    scheduled(to, to.push_anyway(mail))
}

/// The same for mail that a timer sends.
pub(crate) fn send_by_timer(to: &CellRef, mail: Mail) -> Refused {
    if to.is_simulated() {
        return stage(None, to, mail, true);
    }
    arrive(&Source::Timer, to, mail)
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

/// Mail enters an inbox by the hand of a timer or a simulation.
fn arrive(source: &Source<'_>, to: &CellRef, mail: Mail) -> Refused {
    match to.push(mail) {
        Err((SendError::Full, mail)) if mail.is_kept() => scheduled(to, to.push_anyway(mail)),
        Err((SendError::Full, mail)) => overflow::overfull(&Core::of(to), source, to, mail),
        pushed => scheduled(to, pushed),
    }
}

fn scheduled(to: &CellRef, pushed: Result<Push, (SendError, Mail)>) -> Refused {
    match pushed? {
        Push::Ready => to.machine().ready(to.raw(), to.state().priority()),
        Push::Queued => {}
    }
    Ok(())
}

#[cold]
fn stage(source: Option<Pid>, to: &CellRef, mail: Mail, timer: bool) -> Refused {
    if !to.is_alive() {
        return Err((SendError::NoProc, mail));
    }
    // It is refused now or not at all: once it is on its way, its sender has been told `Ok`.
    let foreign = source.is_none() && !timer;
    if overflow::would_refuse(foreign, to, &mail) {
        return Err((SendError::Full, mail));
    }
    let core = Core::at(to);
    let environment = core.environment().expect("a simulated process has an environment");
    environment.stage(Envelope::mail(source, to.clone(), mail, timer));
    Ok(())
}

/// A staged piece of mail arrives. It was taken while the process lived: if that has ended since, a
/// call fails as one in its backlog did. Nothing of the simulation runs meanwhile, so what is asked
/// of its sender can be asked here.
pub(super) fn deliver(source: Option<Pid>, to: &CellRef, mail: Mail) {
    let sender = source.and_then(|pid| Core::of(to).pin(pid)).filter(CellRef::is_alive);
    let sender = sender.as_ref().map(|pin| pin.raw().take_turn());
    let source = sender.as_ref().map_or(Source::Timer, Source::Process);
    let Err((error, mail)) = arrive(&source, to, mail) else { return };
    match to.exit_reason() {
        _ if error == SendError::Full => mail.fail(CallFailure::Full),
        Some(reason) if mail.takes_room() => mail.fail(CallFailure::Exited(reason)),
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
    if mail.takes_room() {
        return mail.fail(CallFailure::NoProc);
    }
    let core = Core::at(to);
    if let Some((seat, index)) = mail.as_timer() {
        // It was aimed at the dead.
        drop(core.timers.cancel_at(TimerPlace { seat, index }, to.raw()));
    }
    let mail = if mail.is_answered() { core.latecomers.keep(to, mail) } else { Some(mail) };
    if let Some(mail) = mail {
        answer_for_the_dead(core, to.pid(), mail, to.exit_reason());
    }
}

/// What one process notes of another's relation to it, and nothing else follows from.
#[derive(Clone, Copy)]
pub(crate) enum Tie {
    Monitor(MonitorRef),
    Demonitor(MonitorRef),
    Link { from: Pid },
    Unlink { from: Pid },
}

impl From<Tie> for Mail {
    fn from(tie: Tie) -> Self {
        Self::signal(match tie {
            Tie::Monitor(monitor) => Signal::Monitor { monitor },
            Tie::Demonitor(monitor) => Signal::Demonitor { monitor },
            Tie::Link { from } => Signal::Link { from },
            Tie::Unlink { from } => Signal::Unlink { from },
        })
    }
}

/// Tells a process of a relation to the running one: by its own hand if the other is idle, else by
/// a signal. Both are in order with all else that goes from one to the other, since an idle process
/// has acted on all that has come (`queue/README.md`, "Visits").
pub(crate) fn tie(to: &CellRef, tie: Tie) {
    if current::is_traced() {
        return signal_cell(to, tie.into());
    }
    let Some(acting) = current::act_here() else { return };
    let (noted, push) = to.visit(|running| match tie {
        Tie::Monitor(monitor) => {
            running.extras(|extras| extras.links.watched_by(monitor, tie.into()));
        }
        Tie::Demonitor(monitor) => {
            running.extras_if_any(|extras| extras.links.unwatched_by(monitor));
        }
        Tie::Link { from } => running.extras(|extras| extras.links.linked_by(from)),
        Tie::Unlink { from } => {
            running.extras_if_any(|extras| extras.links.unlinked_by(from));
        }
    });
    let _ = scheduled(to, Ok(push));
    drop(acting);
    if !noted {
        signal_cell(to, tie.into());
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
            let down = Fired { monitor, pid: dead, reason: ExitReason::NoProc };
            signal_living(core, dead, monitor.owner(), Mail::signal(Signal::Down(down)));
        }
        Signal::Watch(watch) | Signal::End { watch, .. } => {
            watch.ended(dead, &reason.unwrap_or(ExitReason::NoProc))
        }
        Signal::System(request) => request.refuse(None),
        Signal::Trace(order) => (order.done)(false),
        Signal::Exit { .. }
        | Signal::Unlink { .. }
        | Signal::Demonitor { .. }
        | Signal::Stop(_)
        | Signal::Idle(_)
        | Signal::Timer { .. }
        | Signal::Inspect(_)
        | Signal::Down(_)
        | Signal::Noted(_) => {}
    }
}

/// An answer goes to the living only: the dead ask nothing. It comes from the dead, and so after
/// all that it sent.
fn signal_living(core: &Core, dead: Pid, to: Pid, mail: Mail) {
    if let Some(pin) = core.pin(to) {
        drop(send_kept(Some(dead), &pin, mail));
    }
}
