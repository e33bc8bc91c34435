//! The mailbox as its process sees it: what has arrived, and the private queue behind it.
//!
//! The rules are the header's; all of this is for the thread that runs the process.

use std::mem::ManuallyDrop;

use super::{Running, current};
use crate::{
    limits,
    process::{extras::Extras, node::Mail},
    queue::{Fifo, Pile, Taken},
    sync::Ordering,
};

/// What came with the mail.
pub(crate) struct Arrived {
    /// A waker fired.
    pub(crate) woken: bool,
    /// Somebody waits until the mailbox has drained.
    pub(crate) awaited: bool,
}

/// Mail that waits in order, beside the private queue.
#[derive(Default)]
pub(in crate::process) struct Shelf(Fifo);

// SAFETY: the nodes are owned, as by `Mail`.
unsafe impl Send for Shelf {}

impl Shelf {
    /// Adds mail at the end.
    pub(in crate::process) fn push(&mut self, mail: Mail) {
        // SAFETY: the node was the mail's, and is in no other queue.
        unsafe { self.0.push_back(mail.into_link()) };
    }

    /// Puts all of it before what is in that queue.
    pub(in crate::process) fn put_before(mut self, queue: &mut Fifo) {
        queue.prepend(&mut self.0);
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        while let Some(link) = self.0.pop_front() {
            // SAFETY: only `push` puts links there, from `into_link`; the queue let go.
            drop(unsafe { Mail::from_link(link) });
        }
    }
}

impl Running {
    pub(in crate::process) fn inner<R>(&self, f: impl FnOnce(&mut Fifo) -> R) -> R {
        // SAFETY: rule 2; the reference ends with `f`, which does not come back here.
        f(unsafe { &mut *self.0.get().inner.get() })
    }

    /// Takes what has arrived, oldest first.
    pub(crate) fn take_mail(&self, mut each: impl FnMut(Mail)) -> Arrived {
        let Taken { chain, counted, woken, awaited } = self.inbox().take();
        // At once, before the mail is looked at: until then the bound is loose by as much. What the
        // word's count could not hold was added by the pushers.
        self.count_in(counted);
        for link in chain {
            // SAFETY: only `push` puts links into an inbox, from `into_link`; the chain let go.
            each(unsafe { Mail::from_link(link) });
        }
        Arrived { woken, awaited }
    }

    /// The same if nothing waits in the private queue: what came first is answered, if it is a
    /// message, and need not pass through there.
    #[inline]
    pub(in crate::process) fn take_first(
        &self,
        mut each: impl FnMut(Mail),
    ) -> (Option<Mail>, Arrived) {
        let Taken { mut chain, counted, woken, awaited } = self.inbox().take();
        // SAFETY: only `push` puts links into an inbox, from `into_link`; the chain let go.
        let first = chain.next().map(|link| unsafe { Mail::from_link(link) });
        let (message, signal) = match first {
            Some(mail) if mail.is_message() => (Some(mail), None),
            signal => (None, signal),
        };
        self.count_in(counted.saturating_sub(u16::from(message.is_some())));
        signal.into_iter().for_each(&mut each);
        for link in chain {
            // SAFETY: as above.
            each(unsafe { Mail::from_link(link) });
        }
        (message, Arrived { woken, awaited })
    }

    /// Whether what it has taken and not handled is down to the low mark. Its own stores, so exact.
    pub(crate) fn has_drained(&self) -> bool {
        let backlog = self.0.get().backlog.load(Ordering::Relaxed) as usize;
        backlog <= limits::mailbox_low(self.state().mailbox() as usize)
    }

    /// Whether more messages wait than the mailbox holds, not counting the one that was just taken.
    pub(crate) fn is_overfull(&self) -> bool {
        self.0.get().backlog.load(Ordering::Relaxed) >= self.state().mailbox()
    }

    /// Goes idle, unless there is mail, or somebody is to be told that the mailbox has drained.
    #[must_use]
    pub(crate) fn try_idle(&self) -> bool {
        self.inbox().try_idle(|| self.has_drained())
    }

    /// So many messages more are in the private queue. A plain store may lose an addition of a
    /// pusher: then the bound is a little loose until the queue is empty.
    pub(in crate::process) fn count_in(&self, messages: u16) {
        if messages > 0 {
            let backlog = &self.0.get().backlog;
            backlog.store(backlog.load(Ordering::Relaxed) + u32::from(messages), Ordering::Relaxed);
        }
    }

    /// Closes the inbox; answers what was left in it, to be put in order by
    /// [`order_mail`](Self::order_mail), and whether somebody waited for the mailbox to drain.
    pub(crate) fn close_inbox(&self) -> (Pile, bool) {
        self.inbox().close()
    }

    /// Puts so much of what the closed inbox held in order; true: all of it, and it is at the end
    /// of the private queue now.
    pub(crate) fn order_mail(&self, pile: &mut Pile, at_most: usize) -> bool {
        let done = pile.order(at_most);
        if done {
            self.inner(|inner| inner.append(pile));
        }
        done
    }

    /// Puts mail at the end of the private queue.
    pub(crate) fn push_mail(&self, mail: Mail) {
        self.note_arrival(&mail);
        let link = mail.into_link();
        // SAFETY: the node is ours, and in no other queue.
        self.inner(|inner| unsafe { inner.push_back(link) });
    }

    /// Puts mail at the front of the private queue, before all others.
    pub(crate) fn push_mail_front(&self, mail: Mail) {
        let Some(_acting) = current::act(self.0) else { return };
        // It is counted out when it is taken, as all messages are.
        self.count_in(u16::from(mail.takes_room()));
        self.put_first(mail);
    }

    /// The same for mail that is counted already.
    pub(in crate::process) fn put_first(&self, mail: Mail) {
        let link = mail.into_link();
        // SAFETY: the node is ours, and in no other queue.
        self.inner(|inner| unsafe { inner.push_front(link) });
    }

    /// Looks at the oldest mail of the private queue, so many pieces at most.
    pub(in crate::process) fn first_queued(&self, at_most: usize, mut look: impl FnMut(&Mail)) {
        self.inner(|inner| {
            for link in inner.iter().take(at_most) {
                // SAFETY: only `Mail::into_link` makes the links there; the queue keeps it, and so
                // this does not drop it.
                look(&ManuallyDrop::new(unsafe { Mail::from_link(link) }));
            }
        });
    }

    /// Whether mail waits that it has taken.
    pub(in crate::process) fn has_queued(&self) -> bool {
        let urgent = |extras: &mut Extras| extras.urgent.as_ref().is_some_and(|it| !it.is_empty());
        self.inner(|inner| !inner.is_empty()) || self.extras_if_any(urgent) == Some(true)
    }

    /// Takes the oldest mail of the private queue.
    pub(crate) fn pop_mail(&self) -> Option<Mail> {
        let backlog = &self.0.get().backlog;
        let Some(mail) = self.take_queued() else {
            if backlog.load(Ordering::Relaxed) != 0 && self.inbox().count() == 0 {
                backlog.store(self.count_aside(), Ordering::Relaxed);
            }
            return None;
        };
        if mail.takes_room() {
            let left = backlog.load(Ordering::Relaxed).saturating_sub(1);
            backlog.store(left, Ordering::Relaxed);
        }
        Some(mail)
    }

    /// The same without counting it out: it goes on waiting elsewhere.
    #[inline]
    pub(in crate::process) fn take_queued(&self) -> Option<Mail> {
        let link = self.inner(Fifo::pop_front)?;
        // SAFETY: only `push_mail` puts links there, from `into_link`; the queue let go.
        Some(unsafe { Mail::from_link(link) })
    }

    /// Whether it has neither extras nor mail that it has taken; for the turn.
    #[inline]
    pub(in crate::process) fn has_nothing_in_turn(&self) -> bool {
        self.extras_in_turn(|_| ()).is_none() && self.inner(|inner| inner.is_empty())
    }

    /// Whether there is nothing of it but its cell: no extras, no timer, no mail that it has taken.
    #[inline]
    pub(crate) fn is_bare(&self) -> bool {
        let Some(_acting) = current::act(self.0) else { return false };
        // SAFETY: rule 2; the reference ends here.
        unsafe { &*self.attic() }.is_empty() && self.inner(|inner| inner.is_empty())
    }

    /// Whether there is nothing of it but its cell and a few, no more than so many, that are linked
    /// to it or wait for its end.
    pub(crate) fn leaves_few(&self, at_most: usize) -> bool {
        let are_few = self.extras_if_any(|extras| extras.are_few(at_most));
        are_few == Some(true) && self.inner(|inner| inner.is_empty())
    }

    /// Whether it has no extras, and no message waits behind the one that it took; for the turn.
    #[inline]
    pub(in crate::process) fn is_alone(&self) -> bool {
        self.extras_in_turn(|_| ()).is_none() && self.0.get().backlog.load(Ordering::Relaxed) == 0
    }

    /// Whether it has neither extras nor mail that it has taken.
    pub(crate) fn has_nothing(&self) -> bool {
        self.extras_if_any(|_| ()).is_none() && self.inner(|inner| inner.is_empty())
    }
}
