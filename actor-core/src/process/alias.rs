//! Aliases, and mail that goes before other mail.
//!
//! A message that is sent by an alias travels in a *parcel*, closed. It takes room in the mailbox
//! as any message does, and it is looked at when it is received, as a signal is: if the alias is
//! active, the message goes into the private queue, else it is dropped. So what was received before
//! an alias was given up stays, and what was on its way vanishes.
//!
//! What is *urgent* (a priority message, the EXIT or DOWN of a link or monitor that was set so)
//! waits in a queue of its own in the extras, behind what is urgent already. Before the turn takes
//! the next message, it brings the first of those to the front of the private queue, unless
//! something that goes first is there: then that is taken. A process that never asked for urgent
//! mail has no such queue, and mail of it costs nothing more than before.
//!
//! What goes into that queue is bounded by what it is made of: a parcel takes room in the mailbox,
//! a link and a monitor bring one each.

use std::{collections::VecDeque, sync::Arc};

use super::{
    cell::Step,
    current,
    header::Running,
    node::{Mail, Rank},
};
use crate::{
    pid::{MonitorRef, Pid},
    signal::Signal,
    sync::{AtomicBool, Ordering},
};

/// What an alias leads through: its owner opens it once and closes it once.
pub(crate) struct Gate {
    owner: Pid,
    is_open: AtomicBool,
    /// It closes behind the first message.
    once: bool,
    /// Its messages may be urgent.
    priority: bool,
}

impl Gate {
    pub(crate) fn new(owner: Pid, once: bool, priority: bool) -> Arc<Self> {
        Arc::new(Self { owner, is_open: AtomicBool::new(true), once, priority })
    }

    /// Whose it is.
    pub(crate) fn owner(&self) -> Pid {
        self.owner
    }

    /// Closes it; false if it was closed. For its owner alone.
    pub(crate) fn close(&self) -> bool {
        // Relaxed: its owner alone reads and writes it, whichever thread that runs on.
        let was_open = self.is_open.load(Ordering::Relaxed);
        self.is_open.store(false, Ordering::Relaxed);
        was_open
    }

    /// Whether a message may pass now. For its owner alone.
    fn admits(&self) -> bool {
        if self.once { self.close() } else { self.is_open.load(Ordering::Relaxed) }
    }
}

/// What is urgent and was received, oldest first.
#[derive(Default)]
pub(crate) struct Urgent(VecDeque<Mail>);

impl Urgent {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Mail> {
        self.0.iter()
    }
}

/// A message that came by an alias.
pub(crate) struct Parcel {
    gate: Arc<Gate>,
    pub(super) mail: Mail,
    /// Its sender asked for that.
    priority: bool,
    /// The alias was not active when it was received.
    refused: bool,
}

impl Parcel {
    pub(crate) fn new(gate: Arc<Gate>, mail: Mail, priority: bool) -> Self {
        Self { gate, mail, priority, refused: false }
    }

    /// The message, if it was let in; else that is dropped here.
    pub(super) fn unpack(self) -> Option<Mail> {
        (!self.refused).then_some(self.mail)
    }
}

impl Running {
    /// A parcel is received.
    pub(super) fn admit(&self, mut parcel: Parcel) {
        if !parcel.gate.admits() {
            // Its message is the program's: it is dropped where a handler would run, and not in the
            // midst of all that has arrived.
            parcel.refused = true;
            self.push_mail(Mail::parcel(parcel));
        } else if parcel.priority && parcel.gate.priority {
            self.push_urgent(Mail::parcel(parcel));
        } else {
            self.push_mail(parcel.mail);
        }
    }

    /// A parcel that was received is handled.
    pub(super) fn receive_parcel(&self, parcel: Parcel, step: &mut Step) {
        if let Some(mail) = parcel.unpack() {
            self.receive(mail, step);
        }
    }

    /// A signal has become a message.
    pub(super) fn push_signal(&self, signal: Signal, urgent: bool) {
        let mail = if urgent { Mail::urgent_signal(signal) } else { Mail::signal(signal) };
        if self.state().is_traced() {
            self.tell_arrival(&mail);
        }
        if urgent { self.push_urgent(mail) } else { self.push_mail(mail) }
    }

    /// It will have urgent mail: from now on its turn looks for that. A link or a monitor that is
    /// urgent needs no word: its signal makes the queue when it comes, among those that a process
    /// with extras receives one by one.
    pub(crate) fn expect_urgent(&self) {
        self.extras(|extras| _ = extras.urgent.get_or_insert_default());
    }

    fn push_urgent(&self, mail: Mail) {
        self.note_arrival(&mail);
        self.extras(|extras| extras.urgent.get_or_insert_default().0.push_back(mail));
    }

    /// Whether urgent mail may wait; for the turn.
    #[inline]
    pub(super) fn expects_urgent(&self) -> bool {
        self.extras_in_turn(|extras| extras.urgent.is_some()) == Some(true)
    }

    /// If urgent mail waits, the first of it is what is taken next, unless something goes first.
    #[cold]
    pub(super) fn promote(&self) {
        let waits = |urgent: &Urgent| !urgent.is_empty();
        let some = self.extras_in_turn(|extras| extras.urgent.as_deref().is_some_and(waits));
        if some != Some(true) || self.front_rank().is_some_and(|rank| rank != Rank::Ordinary) {
            return;
        }
        if let Some(mail) = self.pop_urgent() {
            self.put_first(mail);
        }
    }

    /// The first of what is urgent and was not brought to the front.
    pub(crate) fn pop_urgent(&self) -> Option<Mail> {
        self.extras_if_any(|extras| extras.urgent.as_mut()?.0.pop_front()).flatten()
    }

    /// Takes the DOWN of this monitor out of what waits; true if it was there. Looks at all that
    /// was received and not handled.
    pub(crate) fn flush_down(&self, monitor: MonitorRef) -> bool {
        // In the midst of its own code, so it may be taken from this thread.
        let Some(_acting) = current::act(self.raw()) else { return false };
        let urgent = self.extras_if_any(|extras| {
            let Urgent(urgent) = extras.urgent.as_deref_mut()?;
            let at = urgent.iter().position(|mail| mail.is_down_of(monitor))?;
            urgent.remove(at)
        });
        let found = urgent.flatten().or_else(|| self.remove_queued(|it| it.is_down_of(monitor)));
        if let Some(mail) = &found {
            self.note_departure(mail);
        }
        let handed = || self.letters().is_some_and(|letters| letters.flush_down(monitor));
        found.is_some() || handed()
    }
}
