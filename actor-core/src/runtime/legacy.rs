//! What a process leaves to its heir: the messages that it has not begun to handle, if its mailbox
//! is to outlast it. Almost no process has an heir; then its mail ends with it.
//!
//! The mail is put aside as the mailbox is emptied, and handed over when that is done: after the
//! inbox is closed, and before anybody hears of the end. Signals are not part of it.

use std::sync::Arc;

use super::{Core, env::Envelope};
use crate::{
    exit::ExitReason,
    process::{Extras, Heir, Mail, Running},
};

/// The messages of one whose next incarnation is to handle them.
pub(super) struct Legacy {
    heir: Arc<dyn Heir>,
    mail: Vec<Mail>,
    /// What a simulation had under way to it.
    under_way: Vec<Mail>,
}

impl Legacy {
    /// Whether the mail of that process is put aside.
    pub(super) fn is_any(of: Option<&Self>, running: &Running) -> bool {
        let has_heir =
            |extras: &mut Extras| extras.rare.as_ref().is_some_and(|it| it.heir.is_some());
        of.is_some() || running.extras_if_any(has_heir).unwrap_or(false)
    }

    /// Of a process that has an heir.
    fn of(running: &Running) -> Option<Box<Self>> {
        let heir = running.extras_if_any(|extras| extras.rare.as_mut()?.heir.take()).flatten()?;
        Some(Box::new(Self { heir, mail: Vec::new(), under_way: Vec::new() }))
    }

    /// Puts a message aside; without an heir it comes back.
    pub(super) fn add(of: &mut Option<Box<Self>>, running: &Running, mail: Mail) -> Option<Mail> {
        if of.is_none() {
            *of = Self::of(running);
        }
        let Some(legacy) = of else { return Some(mail) };
        legacy.mail.push(mail);
        None
    }

    /// Hands it over: the process ends for this reason.
    pub(super) fn hand_over(mut self, reason: &ExitReason) {
        self.mail.append(&mut self.under_way);
        self.heir.inherit(self.mail, reason);
    }
}

impl Core {
    /// In a simulation, what is under way to a process that keeps its mailbox belongs to that.
    pub(super) fn recall(&self, running: &Running) -> Option<Box<Legacy>> {
        let environment = self.environment()?;
        let mut legacy = Legacy::of(running)?;
        let staged = environment.recall(running.pid());
        legacy.under_way = staged.into_iter().filter_map(Envelope::into_message).collect();
        Some(legacy)
    }
}
