//! The letters of a function process: what was handed to it and not received.
//!
//! They lie in one queue, in the order in which they came. Each receive begins at its oldest, and
//! keeps a mark behind what it has seen and did not want, so that nothing is looked at twice by one
//! receive, however often it is polled. While it looks, the queue is with it and not behind the
//! lock, since the pattern is the program's code; whoever looks puts it back, panic or not.

use std::{collections::VecDeque, mem, task::Waker};

use super::{Item, Received};
use crate::{
    error::CallFailure,
    exit::ExitReason,
    process::{Letters, Message},
    signal::Signal,
    sync::Mutex,
};

/// Beyond so many places an empty queue gives its memory back.
const KEPT_PLACES: usize = 64;

/// One piece of mail.
enum Letter<M: Message> {
    Item(Item<M>),
    /// A request to stop.
    Stop(ExitReason),
}

impl<M: Message> Letter<M> {
    fn is_message(&self) -> bool {
        matches!(self, Self::Item(Item::Message(_)))
    }

    /// Whether somebody waits for what comes of it.
    fn is_pressing(&self) -> bool {
        match self {
            Self::Item(Item::Message(received)) => received.reply.is_call(),
            _ => true,
        }
    }
}

struct Kept<M: Message> {
    queue: VecDeque<Letter<M>>,
    /// How many from the oldest on the present receive has seen and left.
    seen: usize,
    messages: usize,
    pressing: usize,
    /// How many messages were ever put in.
    handed: u64,
    /// Whether a receive waits.
    awaited: bool,
    /// Whom to wake besides the process itself: what stands between it and the receive.
    waker: Option<Waker>,
}

/// See the module.
pub(super) struct Letterbox<M: Message>(Mutex<Kept<M>>);

/// What a look through the letters has found.
pub(super) enum Found<M: Message> {
    Item(Item<M>),
    /// A request to stop is next.
    Stop(ExitReason),
    Nothing,
}

impl<M: Message> Letterbox<M> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Kept {
            queue: VecDeque::new(),
            seen: 0,
            messages: 0,
            pressing: 0,
            handed: 0,
            awaited: false,
            waker: None,
        }))
    }

    /// A message was handed over.
    pub(super) fn put(&self, received: Received<M>) {
        self.push(Letter::Item(Item::Message(received)));
    }

    fn push(&self, letter: Letter<M>) {
        let waker = {
            let mut inner = self.0.lock();
            inner.count(&letter);
            inner.handed += u64::from(letter.is_message());
            inner.queue.push_back(letter);
            inner.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// A receive begins: it looks at all of them.
    pub(super) fn enter(&self) {
        let mut inner = self.0.lock();
        inner.seen = 0;
    }

    /// A receive is over, or was given up.
    pub(super) fn leave(&self) {
        let waker = {
            let mut inner = self.0.lock();
            inner.awaited = false;
            inner.waker.take()
        };
        drop(waker);
    }

    /// A receive waits. The process is polled for each letter; `waker` is there if that is not
    /// enough.
    pub(super) fn wait(&self, waker: Option<Waker>) {
        let before = {
            let mut inner = self.0.lock();
            inner.awaited = true;
            mem::replace(&mut inner.waker, waker)
        };
        drop(before);
    }

    /// How many messages there ever were.
    pub(super) fn handed(&self) -> u64 {
        self.0.lock().handed
    }

    /// Takes the oldest that is wanted, of those that this receive has not seen.
    pub(super) fn take(&self, mut wants: impl FnMut(&Item<M>) -> bool) -> Found<M> {
        let mut look = {
            let mut inner = self.0.lock();
            if inner.seen == inner.queue.len() {
                return Found::Nothing;
            }
            Look { of: self, at: inner.seen, queue: mem::take(&mut inner.queue) }
        };
        while let Some(letter) = look.queue.get(look.at) {
            let wanted = match letter {
                Letter::Item(item) => wants(item),
                Letter::Stop(_) => true,
            };
            if wanted {
                return match look.remove() {
                    Some(Letter::Item(item)) => Found::Item(item),
                    Some(Letter::Stop(reason)) => Found::Stop(reason),
                    None => Found::Nothing,
                };
            }
            look.at += 1;
        }
        Found::Nothing
    }
}

impl<M: Message> Kept<M> {
    fn count(&mut self, letter: &Letter<M>) {
        self.messages += usize::from(letter.is_message());
        self.pressing += usize::from(letter.is_pressing());
    }

    fn discount(&mut self, letter: &Letter<M>) {
        self.messages -= usize::from(letter.is_message());
        self.pressing -= usize::from(letter.is_pressing());
    }

    /// Takes out the letter at a place.
    fn remove(&mut self, at: usize) -> Option<Letter<M>> {
        let letter = self.queue.remove(at)?;
        self.discount(&letter);
        self.seen -= usize::from(at < self.seen);
        Some(letter)
    }
}

/// While it lives, a receive looks through the letters.
struct Look<'a, M: Message> {
    of: &'a Letterbox<M>,
    queue: VecDeque<Letter<M>>,
    at: usize,
}

impl<M: Message> Look<'_, M> {
    fn remove(&mut self) -> Option<Letter<M>> {
        let letter = self.queue.remove(self.at)?;
        self.of.0.lock().discount(&letter);
        if self.queue.is_empty() && self.queue.capacity() > KEPT_PLACES {
            self.queue = VecDeque::new();
        }
        Some(letter)
    }
}

impl<M: Message> Drop for Look<'_, M> {
    fn drop(&mut self) {
        let mut inner = self.of.0.lock();
        // What was handed over meanwhile is newer.
        self.queue.append(&mut inner.queue);
        inner.queue = mem::take(&mut self.queue);
        inner.seen = self.at;
    }
}

impl<M: Message> Letters for Letterbox<M> {
    fn hear(&self, signal: Signal) {
        match signal {
            Signal::Exit { from, reason, .. } => {
                self.push(Letter::Item(Item::Exit { from, reason }));
            }
            Signal::Down(down) => self.push(Letter::Item(Item::Down(down.into()))),
            Signal::Noted(down) => self.push(Letter::Item(Item::Down(*down))),
            Signal::Stop(reason) => self.push(Letter::Stop(reason)),
            // Acted on as they came.
            _ => {}
        }
    }

    fn kept(&self) -> usize {
        self.0.lock().messages
    }

    fn is_pressed(&self) -> bool {
        self.0.lock().pressing > 0
    }

    fn is_awaited(&self) -> bool {
        self.0.lock().awaited
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.0.lock().queue.capacity() * size_of::<Letter<M>>()
    }

    fn shed(&self) -> bool {
        let letter = {
            let mut inner = self.0.lock();
            let oldest = inner.queue.iter().position(Letter::is_message);
            oldest.and_then(|at| inner.remove(at))
        };
        let Some(Letter::Item(Item::Message(received))) = letter else { return false };
        received.reply.fail(CallFailure::Full);
        true
    }

    fn discard(&self) -> bool {
        let letter = self.0.lock().remove(0);
        letter.is_some()
    }
}
