//! What a process knows of being held back. The protocol is in `HOLD.md`.

use std::any::Any;

use super::{
    current,
    detour::Detour,
    extras::Extras,
    header::{CellRef, Running},
    node::Mail,
};

/// See the module. Part of the extras, and so its owner's alone.
#[derive(Default)]
pub(crate) struct Hold {
    /// Whose mailbox it overfilled last, and has not been held for.
    asked: Option<CellRef>,
    /// While it is held: its place in that one's list, and its timer. Dropping it gives up both.
    ticket: Option<Box<dyn Any + Send>>,
    /// How much of what waits in the private queue is pressing.
    pressing: u32,
    /// What its mail must go through before it is handled. Not about holding; it is here because
    /// the turn looks here.
    pub(super) detour: Option<Box<Detour>>,
    /// How many wishes there were to hear of idleness.
    pub(super) idles: u32,
}

impl Hold {
    /// Whether it says nothing.
    pub(super) fn is_blank(&self) -> bool {
        let Self { asked, ticket, pressing: _, detour, idles } = self;
        // The numbers of wishes go on: a timer may have fired for one.
        asked.is_none() && ticket.is_none() && detour.is_none() && *idles == 0
    }

    /// So much of what was put back into the private queue is pressing.
    pub(super) fn add_pressing(&mut self, pressing: u32) {
        self.pressing += pressing;
    }
}

impl Hold {
    /// Whether the process is held now.
    pub(super) fn is_held(&self) -> bool {
        self.ticket.is_some()
    }
}

/// What a process may do next.
pub(super) enum Held {
    /// Handle messages.
    No,
    /// It is to be held from now on.
    Begins,
    /// It is held, and nothing has come that ends that.
    Yes,
}

/// Whether no hold may delay it: all mail of the private queue but casts.
pub(super) fn is_pressing(mail: &Mail) -> bool {
    !mail.is_message() || mail.is_call()
}

impl Running {
    /// The process has overfilled this mailbox: it is to be held after the handler.
    pub(crate) fn ask_to_hold(&self, on: &CellRef) {
        // In the middle of its own code, so it may be taken from this thread.
        let Some(_acting) = current::act(self.raw()) else { return };
        let on = on.clone();
        let before = self.hold(|hold| hold.asked.replace(on));
        // It may be the last pin of its cell.
        drop(before);
    }

    /// What it must know of that, made if need be.
    pub(super) fn hold<R>(&self, f: impl FnOnce(&mut Hold) -> R) -> R {
        if !self.extras(|extras| extras.hold.is_some()) {
            // Once in its life it looks at all that waits; from here on it keeps count.
            let mut pressing = 0;
            self.each_queued(|mail| pressing += u32::from(is_pressing(mail)));
            let hold = Box::new(Hold { pressing, ..Hold::default() });
            self.extras(|extras| extras.hold = Some(hold));
        }
        self.extras(|extras| f(extras.hold.get_or_insert_default()))
    }

    /// Mail goes into the private queue.
    pub(super) fn note_arrival(&self, mail: &Mail) {
        self.extras_in_turn(|extras| {
            if let Some(hold) = &mut extras.hold {
                hold.pressing += u32::from(is_pressing(mail));
            }
        });
    }

    /// Mail has left it, to be handled; true: by the detour.
    pub(super) fn note_departure(&self, mail: &Mail) -> bool {
        let takes_detour = self.extras_in_turn(|extras| {
            let Some(hold) = &mut extras.hold else { return false };
            hold.pressing = hold.pressing.saturating_sub(u32::from(is_pressing(mail)));
            hold.detour.is_some()
        });
        takes_detour.unwrap_or(false)
    }

    /// Between two messages, with nothing pending: whether the process is to be held.
    pub(super) fn held(&self, woken: bool) -> Held {
        let (held, ticket) = self
            .extras_in_turn(|extras| {
                let Some(hold) = &mut extras.hold else { return (Held::No, None) };
                let pressed = hold.pressing > 0;
                match (&hold.ticket, &hold.asked) {
                    (Some(_), _) if woken || pressed => (Held::No, hold.ticket.take()),
                    (Some(_), _) => (Held::Yes, None),
                    (None, Some(_)) if !pressed => (Held::Begins, None),
                    (None, _) => (Held::No, None),
                }
            })
            .unwrap_or((Held::No, None));
        drop(ticket);
        held
    }

    /// For whom it is to be held, which is forgotten.
    pub(crate) fn take_hold(&self) -> Option<CellRef> {
        self.extras_if_any(|extras| extras.hold.as_mut()?.asked.take()).flatten()
    }

    /// It is held as long as this lives.
    pub(crate) fn keep_ticket(&self, ticket: Box<dyn Any + Send>) {
        self.extras(|extras| extras.hold.get_or_insert_default().ticket = Some(ticket));
    }

    /// Whether it is held now.
    pub(crate) fn is_held(&self) -> bool {
        let held = |extras: &mut Extras| extras.hold.as_deref().is_some_and(Hold::is_held);
        self.extras_if_any(held).unwrap_or(false)
    }

    /// It ends: whatever held it lets go.
    pub(crate) fn end_hold(&self) {
        self.unshelve();
        let hold = self.extras_if_any(|extras| extras.hold.take()).flatten();
        drop(hold);
    }
}
