//! What a turn does with what arrives: messages wait, signals act.

use crate::{
    exit::{ExitEffect, ExitReason, receive_exit},
    pid::Pid,
    process::{
        cell::Step,
        extras::TimerPlace,
        header::Running,
        node::{Mail, Opened},
    },
    signal::Signal,
};

/// Puts a message into the private queue, acts on a signal; true: the process ends by it. Once it
/// ends, who asks is answered as by the dead: `end` finds that in the queue.
pub(super) fn keep_or_act<const TRACED: bool>(
    running: &Running,
    follows: &mut Option<ExitReason>,
    is_fatal: bool,
    mail: Mail,
) -> bool {
    if TRACED {
        running.tell_arrived(&mail);
    }
    if mail.is_message() || is_fatal {
        running.push_mail(mail);
        return false;
    }
    let fatal = receive_signal(running, mail);
    let ends = fatal.is_some();
    if ends {
        *follows = fatal;
    }
    ends
}

/// Acts on one signal; answers the reason if it is fatal.
#[inline]
fn receive_signal(running: &Running, mail: Mail) -> Option<ExitReason> {
    let me = running.pid();
    let trapping = running.state().traps_exit();
    if let Some(monitor) = mail.as_monitor() {
        running.extras(|extras| extras.links.watched_by(monitor, mail));
        return None;
    }
    let signal = match mail.open() {
        Opened::Signal(signal) => signal,
        Opened::Parcel(parcel) => {
            running.admit(parcel);
            return None;
        }
        Opened::Message(_) => return None,
    };
    match signal {
        Signal::End { from, watch, kills } => {
            running.extras(|extras| {
                extras.add_watch(watch);
                extras.links.unlinked_by(from);
            });
            let reason = if kills { ExitReason::Kill } else { ExitReason::Shutdown };
            match receive_exit(&reason, false, from == me, trapping) {
                ExitEffect::Ignore => {}
                ExitEffect::Die(reason) => return Some(reason),
                ExitEffect::Trap => {
                    running.push_signal(Signal::Exit { from, reason, linked: false }, false);
                }
            }
        }
        Signal::Exit { from, reason, linked } => {
            let urgent = match linked {
                true => running.extras(|extras| extras.links.broken_by(from))?,
                false => false,
            };
            match receive_exit(&reason, linked, from == me, trapping) {
                ExitEffect::Ignore => {}
                ExitEffect::Die(reason) => return Some(reason),
                ExitEffect::Trap => {
                    running.push_signal(Signal::Exit { from, reason, linked }, urgent);
                }
            }
        }
        Signal::Link { from } => running.extras(|extras| extras.links.linked_by(from)),
        Signal::Unlink { from } => running.extras(|extras| extras.links.unlinked_by(from)),
        Signal::Monitor { .. } => {}
        Signal::Demonitor { monitor } => {
            running.extras(|extras| extras.links.unwatched_by(monitor));
        }
        Signal::Down(down) => {
            let note = running.extras(|extras| extras.links.fired(down.monitor))?;
            let urgent = note.as_ref().is_some_and(|note| note.urgent);
            running.push_signal(down.noted(note), urgent);
        }
        // Made when a DOWN is received, and in no inbox.
        Signal::Noted(_) => {}
        Signal::Timer { seat, index } => {
            let (pin, raw) = (running.pin(), running.raw());
            let is_armed = |place| pin.machine().has_timer(raw, place);
            // It cannot be taken here, between two stretches of its own code.
            let _ = running.add_timer(TimerPlace { seat, index }, is_armed);
        }
        // They wait their turn in the queue, as messages do.
        signal @ (Signal::Stop(_) | Signal::System(_) | Signal::Idle(_)) => {
            running.push_signal(signal, false);
        }
        Signal::Watch(watch) => running.extras(|extras| extras.add_watch(watch)),
        Signal::Inspect(tell) => tell(running.inspection()),
        Signal::Trace(order) => running.act_on(*order),
    }
    None
}

impl Running {
    /// Whether this is who started it.
    pub(super) fn is_child_of(&self, pid: Pid) -> bool {
        self.extras(|extras| extras.parent) == Some(pid)
    }

    /// A signal that has waited as a message is handled.
    pub(super) fn hear(&self, signal: Signal) -> Step {
        match signal {
            Signal::Exit { from, reason, .. } => self.begin_exit(from, reason),
            Signal::Down(down) => self.begin_down(down.into()),
            Signal::Noted(down) => self.begin_down(*down),
            Signal::Stop(reason) => Step::Stop(reason),
            Signal::System(request) => {
                request.serve();
                Step::Continue
            }
            Signal::Idle(number) => self.idled(number),
            _ => Step::Continue,
        }
    }
}
