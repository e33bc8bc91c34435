//! The slot in which an answer is awaited: one answer at most, one that waits at most, no lock.
//!
//! One word says who may touch what:
//!
//! | bit | set by | means |
//! |---|---|---|
//! | `WAKER` | the caller | the waker is there, and whoever answers may take it |
//! | `CLAIMED` | the first to answer | the result is that one's to write |
//! | `DONE` | the same, after the write | the result is there |
//! | `CLOSED` | the caller | nobody waits any more |
//! | `ARMED` | who armed the deadline | the ticket is there |
//!
//! Every change of the word but the caller's last is one read-modify-write, so all of them are in
//! one order, and what a party may touch follows from what it found there:
//!
//! - **The result** is written between `CLAIMED` and `DONE`, by the one that set `CLAIMED` and
//!   found neither it nor `CLOSED`. Afterwards it is the caller's, unless `DONE` was set on a
//!   closed slot: then it is the answerer's again, who drops it.
//! - **The waker** is the caller's while `WAKER` is not set. Who sets `DONE` and finds `WAKER` and
//!   not `CLOSED` takes it. The caller takes it back by clearing `WAKER`, if it finds `DONE` not
//!   set; or by setting `CLOSED`, if it finds `WAKER` and not `DONE`.
//! - **The ticket** is written before `ARMED` and never changed. Who sets `ARMED` and finds the
//!   call over disarms the deadline itself; otherwise the caller finds `ARMED` when it is done.

#![allow(unsafe_code, reason = "the word, not the borrow checker, says who may touch what")]

use std::{
    fmt,
    mem::MaybeUninit,
    sync::Arc,
    task::{Poll, Waker},
};

use crate::sync::{AtomicU32, Ordering, UnsafeCell};

const WAKER: u32 = 1 << 0;
const CLAIMED: u32 = 1 << 1;
const DONE: u32 = 1 << 2;
const CLOSED: u32 = 1 << 3;
const ARMED: u32 = 1 << 4;

/// What names an armed deadline to who armed it.
pub(crate) type Ticket = [u32; 3];

/// See the module. The methods of the caller are called by one thread at a time.
pub(crate) struct Oneshot<A> {
    word: AtomicU32,
    ticket: UnsafeCell<Ticket>,
    waker: UnsafeCell<Option<Waker>>,
    result: UnsafeCell<MaybeUninit<A>>,
}

// SAFETY: the word hands the parts from thread to thread, and all of them are `Send`.
unsafe impl<A: Send> Sync for Oneshot<A> {}

impl<A> Oneshot<A> {
    /// A slot in a box of its own.
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self::empty())
    }

    /// A slot without an answer.
    pub(crate) fn empty() -> Self {
        Self {
            word: AtomicU32::new(0),
            ticket: UnsafeCell::new([0; 3]),
            waker: UnsafeCell::new(None),
            result: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// The first answer wins; any other, and one that nobody waits for, is dropped.
    pub(crate) fn complete(&self, answer: A) {
        self.complete_with(|| answer);
    }

    /// The same, with the answer made in its place, if it wins: what is handed about by memory is
    /// written in parts and read as a whole, which waits for the parts. `make` calls nothing.
    #[inline]
    pub(crate) fn complete_with(&self, make: impl FnOnce() -> A) {
        // Relaxed: it decides between those who answer; what the result needs, `DONE` orders.
        if self.word.fetch_or(CLAIMED, Ordering::Relaxed) & (CLAIMED | CLOSED) != 0 {
            return drop(make);
        }
        // SAFETY: `CLAIMED` was ours to set, so the result is ours to write.
        self.result.with_mut(|result| unsafe { (*result).write(make()) });
        // Release: who sees `DONE` sees the result. Acquire: the waker, if there is one.
        let before = self.word.fetch_or(DONE, Ordering::AcqRel);
        if before & CLOSED != 0 {
            // SAFETY: closed before it was done: the caller never looks, the result is ours.
            self.result.with_mut(|result| unsafe { (*result).assume_init_drop() });
        } else if before & WAKER != 0 {
            // SAFETY: found `WAKER` and not `CLOSED` in setting `DONE`: the waker is ours.
            let waker = self.waker.with_mut(|waker| unsafe { (*waker).take() });
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// Caller: the answer, or a promise to wake it. `None`: it was taken, or given up.
    #[inline]
    pub(crate) fn poll(&self, waker: &Waker) -> Poll<Option<A>> {
        // Acquire: pairs with `DONE`.
        let word = self.word.load(Ordering::Acquire);
        if word & CLOSED != 0 {
            return Poll::Ready(None);
        }
        if word & DONE != 0 {
            return Poll::Ready(Some(self.take(word)));
        }
        if word & WAKER != 0 {
            // Acquire: pairs with `DONE`. Release: the waker's last use is ours.
            let word = self.word.fetch_and(!WAKER, Ordering::AcqRel);
            if word & DONE != 0 {
                return Poll::Ready(Some(self.take(word)));
            }
        }
        // SAFETY: `WAKER` is not set and was not found by a `DONE`: the waker is ours.
        let known = self
            .waker
            .with(|known| unsafe { (*known).as_ref().is_some_and(|known| known.will_wake(waker)) });
        if !known {
            let new = Some(waker.clone());
            // SAFETY: as above; cloning, which is a program's code, is over.
            let old = self.waker.with_mut(|known| unsafe { std::mem::replace(&mut *known, new) });
            drop(old);
        }
        // Release: who answers sees the waker. Acquire: pairs with `DONE`.
        let word = self.word.fetch_or(WAKER, Ordering::AcqRel);
        if word & DONE == 0 {
            return Poll::Pending;
        }
        Poll::Ready(Some(self.take(word)))
    }

    /// Caller: takes the result, once `DONE` was seen, in this word.
    #[inline]
    fn take(&self, seen: u32) -> A {
        // A store is enough. Relaxed: the result is the caller's already, and after `DONE` only
        // `CLAIMED` and `ARMED` are set by others, of which the first is there, and who sets the
        // second disarms the deadline itself, whether that bit is lost here or not.
        self.word.store(seen | CLOSED, Ordering::Relaxed);
        // SAFETY: `DONE` was seen, with Acquire, on a slot that was not closed.
        self.result.with_mut(|result| unsafe { (*result).assume_init_read() })
    }

    /// Caller: waits no more. Answers the ticket of the deadline, if it is armed and to be
    /// disarmed.
    pub(crate) fn abandon(&self) -> Option<Ticket> {
        // Acquire: pairs with `DONE`, with `ARMED`, and with the last use of the waker.
        let mut before = self.word.load(Ordering::Acquire);
        if before & CLOSED == 0 {
            before = self.word.fetch_or(CLOSED, Ordering::AcqRel);
            if before & DONE != 0 {
                // SAFETY: done, and not taken, since it was not closed.
                self.result.with_mut(|result| unsafe { (*result).assume_init_drop() });
            } else if before & WAKER != 0 {
                // SAFETY: closed before it was done: nobody takes the waker any more.
                drop(self.waker.with_mut(|waker| unsafe { (*waker).take() }));
            }
        }
        // SAFETY: `ARMED` was seen, with Acquire: the ticket is there, and never changes.
        (before & ARMED != 0).then(|| self.ticket.with(|ticket| unsafe { *ticket }))
    }

    /// Whether an answer is still wanted.
    pub(crate) fn is_waiting(&self) -> bool {
        // Acquire: who is told no may rely on what led to it.
        self.word.load(Ordering::Acquire) & (CLAIMED | CLOSED) == 0
    }

    /// Leaves the ticket of the deadline, which is armed: once a slot. False: the call is over, and
    /// it is to be disarmed.
    pub(crate) fn arm(&self, ticket: Ticket) -> bool {
        // SAFETY: `ARMED` is not set, so nobody reads it, and one alone arms.
        self.ticket.with_mut(|place| unsafe { *place = ticket });
        // Release: who sees `ARMED` sees the ticket.
        self.word.fetch_or(ARMED, Ordering::Release) & (DONE | CLOSED) == 0
    }
}

impl<A> Drop for Oneshot<A> {
    fn drop(&mut self) {
        // Relaxed: the last owner has synchronised with all others.
        if self.word.load(Ordering::Relaxed) & (DONE | CLOSED) == DONE {
            // SAFETY: done, and never taken.
            self.result.with_mut(|result| unsafe { (*result).assume_init_drop() });
        }
    }
}

impl<A> fmt::Debug for Oneshot<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Oneshot").field("waiting", &self.is_waiting()).finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
mod model_tests;
#[cfg(all(test, not(loom)))]
mod tests;
