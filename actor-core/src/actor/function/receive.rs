//! Receiving: the future that takes one letter.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context as TaskContext, Poll, Waker},
    time::Duration,
};

use super::{Inbox, Item, Received, letters::Found};
use crate::{
    actor::Sleep,
    process::{Letters, Message, Running, current},
    runtime::Core,
};

/// Takes the oldest letter that is wanted: the future of [`Inbox::receive`] and its like.
///
/// It waits for ever unless it is given a time by [`after`](Self::after). Dropping it takes
/// nothing. [`Inbox::receive_match`] has the example.
#[must_use = "a receive does nothing unless awaited"]
pub struct Receive<'a, M: Message, P> {
    inbox: &'a mut Inbox<M>,
    pick: P,
    entered: bool,
}

/// A [`Receive`] that gives up: the future of [`Receive::after`], which has the example.
#[must_use = "a receive does nothing unless awaited"]
pub struct ReceiveAfter<'a, M: Message, P> {
    receive: Receive<'a, M, P>,
    limit: Duration,
    sleep: Option<Sleep>,
    /// What had arrived when the time was over is looked at up to here.
    until: Option<u64>,
}

/// What a receive wants, and what it makes of that. `receive*` of [`Inbox`] make the only ones.
#[doc(hidden)]
pub trait Pick<M: Message> {
    /// What is received.
    type Output;
    /// Whether it is wanted.
    fn wants(&mut self, item: &Item<M>) -> bool;
    /// What it is; only of what is wanted.
    fn take(item: Item<M>) -> Option<Self::Output>;
}

/// Messages alone.
pub(super) struct Messages<F>(pub(super) F);

/// Whatever comes.
pub(super) struct Items<F>(pub(super) F);

impl<M: Message, F: FnMut(&M) -> bool> Pick<M> for Messages<F> {
    type Output = Received<M>;

    fn wants(&mut self, item: &Item<M>) -> bool {
        matches!(item, Item::Message(received) if (self.0)(&received.message))
    }

    fn take(item: Item<M>) -> Option<Received<M>> {
        match item {
            Item::Message(received) => Some(received),
            Item::Exit { .. } | Item::Down(_) => None,
        }
    }
}

impl<M: Message, F: FnMut(&Item<M>) -> bool> Pick<M> for Items<F> {
    type Output = Item<M>;

    fn wants(&mut self, item: &Item<M>) -> bool {
        (self.0)(item)
    }

    fn take(item: Item<M>) -> Option<Item<M>> {
        Some(item)
    }
}

impl<'a, M: Message, P: Pick<M>> Receive<'a, M, P> {
    pub(super) fn new(inbox: &'a mut Inbox<M>, pick: P) -> Self {
        Self { inbox, pick, entered: false }
    }

    /// Gives up with `None` when so much time has passed since this receive was first polled (OTP's
    /// `after`); what arrives and is not wanted changes nothing about that. It is never early. With
    /// zero, all that has arrived is looked at before it gives up.
    ///
    /// ```
    /// use actor_core::{Inbox, Message, prelude::*, spawn_fn};
    /// # use std::time::Duration;
    /// struct Ping;
    /// impl Message for Ping {
    ///     type Reply = ();
    /// }
    /// # let rt = Runtime::new()?;
    /// let bored = rt.spawn_fn(async |mut inbox: Inbox<Ping>| {
    ///     match inbox.receive().after(Duration::from_millis(1)).await {
    ///         Some(ping) => Ok(ping.reply.send(())),
    ///         None => Err(ExitReason::other("nobody came")),
    ///     }
    /// })?;
    /// assert_eq!(bored.closed().blocking(), ExitReason::other("nobody came"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn after(self, limit: Duration) -> ReceiveAfter<'a, M, P> {
        ReceiveAfter { receive: self, limit, sleep: None, until: None }
    }

    /// The letter; or a promise to poll again, the second value: whether that is already made.
    fn look(&mut self, running: &Running, waker: &Waker) -> Result<P::Output, Looked> {
        if !self.entered {
            self.entered = true;
            self.inbox.letters().enter();
        }
        // A process that has enough letters would never end its turn.
        if current::reduce() {
            waker.wake_by_ref();
            return Err(Looked::NotYet);
        }
        let Self { inbox, pick, .. } = self;
        match inbox.letters().take(|item| pick.wants(item)) {
            Found::Item(item) => {
                if matches!(item, Item::Message(_)) {
                    running.count_out();
                }
                inbox.letters().leave();
                P::take(item).ok_or(Looked::All)
            }
            Found::Stop(reason) => {
                // The turn ends the process when the body has given way.
                running.stop_later(reason);
                Err(Looked::NotYet)
            }
            Found::Nothing => Err(Looked::All),
        }
    }

    fn wait(&self, running: &Running, waker: &Waker) {
        let own = running.borrowed_waker();
        let foreign = (!own.will_wake(waker)).then(|| waker.clone());
        self.inbox.letters().wait(foreign);
    }
}

/// What a look that found nothing has seen.
enum Looked {
    All,
    NotYet,
}

impl<M: Message, P: Pick<M>> Future for Receive<'_, M, P> {
    type Output = P::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<P::Output> {
        let running = self.inbox.running();
        match self.look(&running, cx.waker()) {
            Ok(received) => Poll::Ready(received),
            Err(_) => {
                self.wait(&running, cx.waker());
                Poll::Pending
            }
        }
    }
}

impl<M: Message, P: Pick<M>> ReceiveAfter<'_, M, P> {
    /// Whether all that had arrived when the time was over has been looked at.
    fn has_seen_all(&mut self, running: &Running, waker: &Waker) -> bool {
        let letters = self.receive.inbox.letters();
        let waiting = running.pin().mailbox_len().saturating_sub(letters.kept()) as u64;
        let until = *self.until.get_or_insert_with(|| letters.handed() + waiting);
        if waiting == 0 || letters.handed() >= until {
            return true;
        }
        // The next turn hands it over.
        waker.wake_by_ref();
        false
    }
}

impl<M: Message, P: Pick<M>> Future for ReceiveAfter<'_, M, P> {
    type Output = Option<P::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let running = this.receive.inbox.running();
        let looked = match this.receive.look(&running, cx.waker()) {
            Ok(received) => return Poll::Ready(Some(received)),
            Err(looked) => looked,
        };
        let limit = this.limit;
        let core = || Core::of(&running.pin());
        let sleep = this.sleep.get_or_insert_with(|| Sleep::new(core(), limit));
        let is_over = limit.is_zero() || Pin::new(sleep).poll(cx).is_ready();
        if is_over && matches!(looked, Looked::All) && this.has_seen_all(&running, cx.waker()) {
            this.receive.inbox.letters().leave();
            return Poll::Ready(None);
        }
        this.receive.wait(&running, cx.waker());
        Poll::Pending
    }
}

/// Neither holds anything that must stay where it is.
impl<M: Message, P> Unpin for Receive<'_, M, P> {}
impl<M: Message, P> Unpin for ReceiveAfter<'_, M, P> {}

impl<M: Message, P> Drop for Receive<'_, M, P> {
    fn drop(&mut self) {
        self.inbox.letters().leave();
    }
}

impl<M: Message, P> fmt::Debug for Receive<'_, M, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receive")
    }
}

impl<M: Message, P> fmt::Debug for ReceiveAfter<'_, M, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceiveAfter").field("limit", &self.limit).finish_non_exhaustive()
    }
}
