//! The letters of a function process: what was handed to it and not received.
//!
//! They lie in the order in which they came, what is urgent before all others. Each receive begins
//! at its oldest, and keeps a mark behind what it has seen and did not want, so that nothing is
//! looked at twice by one receive, however often it is polled. While it looks, the letters are with
//! it and not behind the lock, since the pattern is the program's code; whoever looks puts them
//! back, panic or not.

use std::{collections::VecDeque, mem, task::Waker};

use super::{FnProcess, Item, Received};
use crate::{
    error::CallFailure,
    exit::ExitReason,
    pid::MonitorRef,
    process::{Accepts, Letters, Mail, Message, Reclaimed},
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

/// Letters of one rank, oldest first.
struct Lane<M: Message> {
    queue: VecDeque<Letter<M>>,
    /// How many from the oldest on the present receive has seen and left.
    seen: usize,
}

/// The lanes: what is urgent is looked at first.
const URGENT: usize = 0;
const ORDINARY: usize = 1;

struct Kept<M: Message> {
    lanes: [Lane<M>; 2],
    /// The letter that is about to come is urgent.
    next_is_urgent: bool,
    messages: usize,
    pressing: usize,
    /// How many messages were ever put in.
    handed: u64,
    /// Whether a receive waits.
    awaited: bool,
    /// Whom to wake besides the process itself: what stands between it and the receive.
    waker: Option<Waker>,
}

impl<M: Message> Lane<M> {
    const EMPTY: Self = Self { queue: VecDeque::new(), seen: 0 };

    fn is_seen(&self) -> bool {
        self.seen == self.queue.len()
    }

    /// Takes the first letter that this receive has not seen and that is wanted.
    fn take(&mut self, mut wants: impl FnMut(&Item<M>) -> bool) -> Option<Letter<M>> {
        while let Some(letter) = self.queue.get(self.seen) {
            let wanted = match letter {
                Letter::Item(item) => wants(item),
                Letter::Stop(_) => true,
            };
            if wanted {
                let letter = self.queue.remove(self.seen);
                if self.queue.is_empty() && self.queue.capacity() > KEPT_PLACES {
                    self.queue = VecDeque::new();
                }
                return letter;
            }
            self.seen += 1;
        }
        None
    }

    /// Takes out the letter at a place.
    fn remove(&mut self, at: usize) -> Option<Letter<M>> {
        let letter = self.queue.remove(at)?;
        self.seen -= usize::from(at < self.seen);
        Some(letter)
    }
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
            lanes: [Lane::EMPTY, Lane::EMPTY],
            next_is_urgent: false,
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
            let lane = if mem::take(&mut inner.next_is_urgent) { URGENT } else { ORDINARY };
            inner.lanes[lane].queue.push_back(letter);
            inner.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// A receive begins: it looks at all of them.
    pub(super) fn enter(&self) {
        self.0.lock().lanes.iter_mut().for_each(|lane| lane.seen = 0);
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
            if inner.lanes.iter().all(Lane::is_seen) {
                return Found::Nothing;
            }
            let lanes = mem::replace(&mut inner.lanes, [Lane::EMPTY, Lane::EMPTY]);
            Look { of: self, lanes }
        };
        let letter = look.lanes.iter_mut().find_map(|lane| lane.take(&mut wants));
        let Some(letter) = letter else { return Found::Nothing };
        self.0.lock().discount(&letter);
        match letter {
            Letter::Item(item) => Found::Item(item),
            Letter::Stop(reason) => Found::Stop(reason),
        }
    }

    /// Takes out one that is wanted, whoever has seen it: of the ordinary ones first, if
    /// `ordinary_first`.
    fn pull(&self, ordinary_first: bool, wants: impl Fn(&Letter<M>) -> bool) -> Option<Letter<M>> {
        let mut inner = self.0.lock();
        let order = if ordinary_first { [ORDINARY, URGENT] } else { [URGENT, ORDINARY] };
        let letter = order.into_iter().find_map(|lane| {
            let lane = &mut inner.lanes[lane];
            let at = lane.queue.iter().position(&wants)?;
            lane.remove(at)
        })?;
        inner.discount(&letter);
        Some(letter)
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
}

/// While it lives, a receive looks through the letters.
struct Look<'a, M: Message> {
    of: &'a Letterbox<M>,
    lanes: [Lane<M>; 2],
}

impl<M: Message> Drop for Look<'_, M> {
    fn drop(&mut self) {
        let mut inner = self.of.0.lock();
        for (lane, looked) in inner.lanes.iter_mut().zip(&mut self.lanes) {
            // What was handed over meanwhile is newer.
            looked.queue.append(&mut lane.queue);
            mem::swap(lane, looked);
        }
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
        let places = |lane: &Lane<M>| lane.queue.capacity();
        let places: usize = self.0.lock().lanes.iter().map(places).sum();
        size_of::<Self>() + places * size_of::<Letter<M>>()
    }

    fn next_is_urgent(&self) {
        self.0.lock().next_is_urgent = true;
    }

    fn shed(&self) -> bool {
        let oldest = self.pull(true, Letter::is_message);
        let Some(Letter::Item(Item::Message(received))) = oldest else { return false };
        received.reply.fail(CallFailure::Full);
        true
    }

    fn flush_down(&self, monitor: MonitorRef) -> bool {
        let is_it =
            |it: &Letter<M>| matches!(it, Letter::Item(Item::Down(it)) if it.monitor == monitor);
        self.pull(false, is_it).is_some()
    }

    fn discard(&self) -> bool {
        self.pull(false, |_| true).is_some()
    }

    fn reclaim(&self) -> Reclaimed {
        match self.pull(false, |_| true) {
            Some(Letter::Item(Item::Message(Received { message, reply }))) => {
                let accepts = Accepts::by::<FnProcess<M>>();
                Reclaimed::Message(Mail::message(accepts, message, reply))
            }
            Some(_) => Reclaimed::Signal,
            None => Reclaimed::Nothing,
        }
    }
}
