//! Models of the inbox: each states the invariant that every interleaving must keep.
//!
//! The worker pool is modelled by the simplest thing that obeys the protocol: whoever is told to
//! schedule the process runs it there and then. The state a turn touches is a plain cell, so two
//! owners at once, or a turn that does not see the one before, fail the model by themselves.

#![allow(unsafe_code, reason = "nodes are pushed by pointer")]

use std::ptr::NonNull;

use super::{Fifo, Inbox, Link, Pile, Pushed, Refused};
use crate::sync::{Arc, AtomicBool, AtomicU32, Mutex, Ordering, UnsafeCell, explore, thread};

#[repr(C)]
struct Node {
    link: Link,
    value: u32,
}

/// A process: its inbox, and the state that only its owner touches.
struct Process {
    inbox: Inbox,
    seen: UnsafeCell<Vec<u32>>,
}

// SAFETY: the protocol under test is what makes this true; the model finds it if it is not.
unsafe impl Sync for Process {}
// SAFETY: as above.
unsafe impl Send for Process {}

impl Process {
    fn new(idle: bool) -> Arc<Self> {
        Arc::new(Self { inbox: Inbox::new(idle, false), seen: UnsafeCell::new(Vec::new()) })
    }

    fn push(&self, value: u32, room: Option<u32>) -> Result<Pushed, Refused> {
        let node = Box::into_raw(Box::new(Node { link: Link::new(), value }));
        // SAFETY: a box is not null.
        let link = unsafe { NonNull::new_unchecked(node.cast::<Link>()) };
        // SAFETY: the node is fresh.
        unsafe { self.inbox.push(link, room) }.inspect_err(|_| {
            open(link);
        })
    }

    /// Pushes, and runs the process if that falls to the pusher.
    fn send(&self, value: u32) {
        if self.push(value, None).expect("the inbox is open") == Pushed::WasIdle {
            self.turn();
        }
    }

    /// Runs the process until it is idle. Returns how often a wake was taken.
    fn turn(&self) -> usize {
        let mut wakes = 0;
        loop {
            let taken = self.inbox.take();
            wakes += usize::from(taken.woken);
            self.seen.with_mut(|seen| {
                // SAFETY: one owner at a time, which is what the model checks.
                let seen = unsafe { &mut *seen };
                seen.extend(taken.chain.map(open));
            });
            if self.inbox.try_idle(|| true) {
                return wakes;
            }
        }
    }

    /// Does what a turn would, if the process is idle, and gives it back.
    fn visit(&self, value: u32) -> bool {
        let is_owner = self.inbox.visit();
        if is_owner {
            // SAFETY: as in `turn`.
            self.seen.with_mut(|seen| unsafe { (*seen).push(value) });
            if !self.inbox.try_idle(|| true) {
                self.turn();
            }
        }
        is_owner
    }

    fn seen(&self) -> Vec<u32> {
        // SAFETY: all threads of the model have ended.
        self.seen.with(|seen| unsafe { (*seen).clone() })
    }
}

fn open(node: NonNull<Link>) -> u32 {
    // SAFETY: every node is a box of the model's, opened once.
    unsafe { Box::from_raw(node.cast::<Node>().as_ptr()) }.value
}

/// What was left in a closed inbox.
fn drain(mut pile: Pile) -> Vec<u32> {
    while !pile.order(usize::MAX) {}
    let mut fifo = Fifo::new();
    fifo.append(&mut pile);
    std::iter::from_fn(|| fifo.pop_front().map(open)).collect()
}

fn model(test: impl Fn() + Send + Sync + 'static) {
    explore(3, test);
}

/// Each message is taken exactly once, each sender's in its order, by one owner at a time; a
/// message pushed onto an idle inbox has exactly one thread to run it, and an inbox that ends idle
/// is empty.
#[test]
fn two_senders_and_whoever_owns_the_process() {
    model(|| {
        let process = Process::new(true);
        let other = process.clone();
        let sender = thread::spawn(move || {
            other.send(10);
            other.send(11);
        });
        process.send(20);
        process.send(21);
        sender.join().expect("the sender ends");
        let seen = process.seen();
        assert_eq!(seen.len(), 4, "{seen:?}");
        let of = |tens| seen.iter().copied().filter(|value| value / 10 == tens).collect::<Vec<_>>();
        assert_eq!(of(1), [10, 11]);
        assert_eq!(of(2), [20, 21]);
        assert!(process.inbox.is_idle() && !process.inbox.has_mail());
    });
}

/// A visitor is the one owner: it sees the turn before, the next turn sees it, and what comes while
/// it is there is taken by whom it schedules. Two of them and a sender.
#[test]
fn two_visits_against_a_push() {
    model(|| {
        let process = Process::new(true);
        let (sends, visits) = (process.clone(), process.clone());
        let sender = thread::spawn(move || sends.send(10));
        let visitor = thread::spawn(move || visits.visit(20));
        let is_mine = process.visit(30);
        let is_its = visitor.join().expect("the visitor ends");
        sender.join().expect("the sender ends");
        let mut seen = process.seen();
        seen.sort_unstable();
        let all = [(10, true), (20, is_its), (30, is_mine)];
        let expected: Vec<_> = all.iter().filter(|(_, is)| *is).map(|(value, _)| *value).collect();
        assert_eq!(seen, expected);
        assert!(process.inbox.is_idle() && !process.inbox.has_mail());
    });
}

/// As above, with an owner that is running when two others push: what comes in while it goes idle
/// is taken by it, or by the thread that ended the idle period, never by nobody and never by both.
#[test]
fn two_senders_against_a_running_owner() {
    model(|| {
        let process = Process::new(false);
        let senders = [10, 20].map(|value| {
            let process = process.clone();
            thread::spawn(move || process.send(value))
        });
        process.turn();
        for sender in senders {
            sender.join().expect("the sender ends");
        }
        let mut seen = process.seen();
        seen.sort_unstable();
        assert_eq!(seen, [10, 20]);
        assert!(process.inbox.is_idle() && !process.inbox.has_mail());
    });
}

/// A wake that races with going idle is taken by exactly one turn that begins to run, or runs on,
/// after it; and that turn sees what the waker wrote before.
#[test]
fn a_wake_against_going_idle() {
    model(|| {
        let process = Process::new(false);
        let note = Arc::new(AtomicBool::new(false));
        let (other, written) = (process.clone(), note.clone());
        let waker = thread::spawn(move || {
            // Relaxed: only the inbox orders it.
            written.store(true, Ordering::Relaxed);
            if other.inbox.wake() { other.turn() } else { 0 }
        });
        let here = process.turn();
        assert!(here == 0 || note.load(Ordering::Relaxed), "woken, but saw nothing");
        let there = waker.join().expect("the waker ends");
        assert_eq!(here + there, 1);
        assert!(process.inbox.is_idle() && !process.inbox.has_mail());
    });
}

/// Two wakers, one bit: a waker whose bit was set by the other already is seen all the same.
#[test]
fn a_wake_that_finds_the_bit_set_still_shows_its_writes() {
    model(|| {
        let process = Process::new(false);
        let notes = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
        let wakers = notes.clone().map(|note| {
            let process = process.clone();
            thread::spawn(move || {
                note.store(true, Ordering::Relaxed);
                // The main thread stays the owner: nobody goes idle here.
                assert!(!process.inbox.wake());
            })
        });
        let [first, second] = wakers;
        second.join().expect("the second waker ends");
        // Had the first waker skipped its exchange, the take below could miss what it wrote: the
        // bit is gone afterwards, so it must have come before the take or must come again.
        let taken = process.inbox.take();
        assert!(taken.woken && taken.chain.is_empty());
        let saw = notes[0].load(Ordering::Relaxed);
        first.join().expect("the first waker ends");
        let again = process.inbox.take();
        assert!(again.chain.is_empty());
        assert!(saw || again.woken, "a wake was lost");
    });
}

/// A message that races with the end of its receiver is taken, returned by the close, or refused:
/// one of the three, once; and who is refused sees what the owner did before it closed.
#[test]
fn a_push_against_the_close() {
    model(|| {
        let process = Process::new(false);
        let note = Arc::new(AtomicBool::new(false));
        let senders = [10, 20].map(|value| {
            let (process, note) = (process.clone(), note.clone());
            thread::spawn(move || match process.push(value, None) {
                Ok(pushed) => {
                    assert_eq!(pushed, Pushed::Queued);
                    None
                }
                Err(refused) => {
                    assert_eq!(refused, Refused::Closed);
                    assert!(note.load(Ordering::Relaxed), "refused before the end");
                    assert!(!process.inbox.wake());
                    Some(value)
                }
            })
        });
        let mut all: Vec<u32> = process.inbox.take().chain.map(open).collect();
        note.store(true, Ordering::Relaxed);
        all.extend(drain(process.inbox.close().0));
        for sender in senders {
            all.extend(sender.join().expect("the sender ends"));
        }
        all.sort_unstable();
        assert_eq!(all, [10, 20]);
        assert!(!process.inbox.has_mail());
    });
}

/// Room is never oversold, and never refused while nothing is queued; a signal ignores it.
#[test]
fn two_senders_for_one_place() {
    model(|| {
        let process = Process::new(false);
        let senders = [10, 20].map(|value| {
            let process = process.clone();
            thread::spawn(move || process.push(value, Some(1)))
        });
        assert_eq!(process.push(30, None), Ok(Pushed::Queued));
        let results = senders.map(|sender| sender.join().expect("the sender ends"));
        let queued = results.iter().filter(|result| result.is_ok()).count();
        assert_eq!(queued, 1);
        assert_eq!(process.inbox.count(), 1);
        let taken: Vec<u32> = process.inbox.take().chain.map(open).collect();
        assert_eq!(taken.len(), 2);
        assert!(taken.contains(&30));
    });
}

/// A receiver with a backlog, and those who wait until it has drained: `process/HOLD.md` in small.
struct Flooded {
    inbox: Inbox,
    /// As the header's: what the owner has taken and not handled. Written by the owner alone.
    backlog: AtomicU32,
    /// Who waits; true: was told.
    waiting: Mutex<Vec<Arc<AtomicBool>>>,
}

impl Flooded {
    fn new(backlog: u32) -> Arc<Self> {
        let (inbox, waiting) = (Inbox::new(false, false), Mutex::new(Vec::new()));
        Arc::new(Self { inbox, backlog: AtomicU32::new(backlog), waiting })
    }

    /// The low mark is none at all.
    fn has_drained(&self) -> bool {
        self.backlog.load(Ordering::Relaxed) == 0
    }

    /// What a process does that is to be held, before it goes idle: true, if it is.
    fn wait(&self, told: &Arc<AtomicBool>) -> bool {
        let mut waiting = self.waiting.lock();
        if !self.inbox.await_drain() || (self.has_drained() && self.inbox.count() == 0) {
            return false;
        }
        waiting.push(told.clone());
        true
    }

    fn tell(&self, closed: bool) {
        let mut waiting = self.waiting.lock();
        waiting.drain(..).for_each(|told| told.store(true, Ordering::Relaxed));
        if !closed {
            self.inbox.drain_told();
        }
    }

    /// A turn: one message after another, until it is idle.
    fn turn(&self) {
        loop {
            let taken = self.inbox.take();
            let backlog = self.backlog.load(Ordering::Relaxed) + u32::from(taken.counted);
            taken.chain.map(open).for_each(drop);
            self.backlog.store(backlog, Ordering::Relaxed);
            if taken.awaited && self.has_drained() {
                self.tell(false);
            }
            if backlog > 0 {
                self.backlog.store(backlog - 1, Ordering::Relaxed);
            } else if self.inbox.try_idle(|| self.has_drained()) {
                return;
            }
        }
    }
}

/// Whoever waits for a mailbox to drain is told when it has: there is no interleaving in which the
/// receiver ends idle and empty, and somebody waits.
#[test]
fn two_holds_against_the_release() {
    model(|| {
        let receiver = Flooded::new(1);
        let holders = [0, 1].map(|_| {
            let receiver = receiver.clone();
            thread::spawn(move || {
                let told = Arc::new(AtomicBool::new(false));
                (receiver.wait(&told), told)
            })
        });
        receiver.turn();
        for holder in holders {
            let (held, told) = holder.join().expect("the holder ends");
            assert_eq!(held, told.load(Ordering::Relaxed), "held and never told");
        }
        assert!(receiver.inbox.is_idle() && receiver.waiting.lock().is_empty());
    });
}

/// The same when the one who is held has just sent, and so may itself have to run the receiver; and
/// against the receiver's end, which tells as well.
#[test]
fn a_sender_that_is_held_against_the_release_and_the_end() {
    for ends in [false, true] {
        model(move || {
            let receiver = Flooded::new(0);
            let sender = receiver.clone();
            let sender = thread::spawn(move || {
                let node = Box::into_raw(Box::new(Node { link: Link::new(), value: 1 }));
                // SAFETY: a box is not null.
                let link = unsafe { NonNull::new_unchecked(node.cast::<Link>()) };
                // SAFETY: the node is fresh.
                match unsafe { sender.inbox.push(link, Some(9)) } {
                    Ok(Pushed::WasIdle) => sender.turn(),
                    Ok(_) => {}
                    Err(_) => drop(open(link)),
                }
                let told = Arc::new(AtomicBool::new(false));
                (sender.wait(&told), told)
            });
            if ends {
                let (pile, awaited) = receiver.inbox.close();
                drop(drain(pile));
                if awaited {
                    receiver.tell(true);
                }
            } else {
                receiver.turn();
            }
            let (held, told) = sender.join().expect("the sender ends");
            assert_eq!(held, told.load(Ordering::Relaxed), "held and never told");
            assert!(receiver.waiting.lock().is_empty());
        });
    }
}

/// Who touches the inbox before it closes is seen by who has closed it, also when the owner has
/// taken mail in between; who comes later is told (`runtime/HOLDINGS.md`).
#[test]
fn who_touches_an_open_inbox_is_seen_when_it_has_closed() {
    model(|| {
        let process = Process::new(false);
        let _ = process.push(1, None).expect("the inbox is open");
        let held = Arc::new(AtomicU32::new(0));
        let giver = thread::spawn({
            let (process, held) = (Arc::clone(&process), Arc::clone(&held));
            move || {
                held.store(1, Ordering::Relaxed);
                process.inbox.touch()
            }
        });
        process.inbox.take().chain.for_each(|node| _ = open(node));
        drop(drain(process.inbox.close().0));
        let seen = held.load(Ordering::Relaxed);
        let touched = giver.join().expect("the giver ends");
        assert!(!touched || seen == 1, "it was told that it came in time, and was not seen");
    });
}

/// Sizes that `loom` cannot reach.
#[cfg(shuttle)]
mod large {
    use super::*;

    /// As of two senders: each message once, each sender's in its order, and nothing is left.
    #[test]
    fn many_senders_and_whoever_owns_the_process() {
        model(|| {
            let process = Process::new(true);
            let senders = [1, 2, 3, 4, 5].map(|sender| {
                let process = process.clone();
                thread::spawn(move || (0..6).for_each(|n| process.send(10 * sender + n)))
            });
            for sender in senders {
                sender.join().expect("the sender ends");
            }
            let seen = process.seen();
            assert_eq!(seen.len(), 30, "{seen:?}");
            for sender in 1..=5 {
                let of = |value: &&u32| **value / 10 == sender;
                assert!(seen.iter().filter(of).is_sorted(), "{seen:?}");
            }
            assert!(process.inbox.is_idle() && !process.inbox.has_mail());
        });
    }

    /// Of many messages that race with the end each is taken, returned or refused, once.
    #[test]
    fn many_pushes_against_the_close() {
        model(|| {
            let process = Process::new(false);
            let senders = [1, 2, 3, 4].map(|sender| {
                let process = process.clone();
                thread::spawn(move || {
                    let push = |n: &u32| process.push(10 * sender + n, None).is_err();
                    (0..5).filter(push).map(|n| 10 * sender + n).collect::<Vec<_>>()
                })
            });
            let mut all: Vec<u32> = process.inbox.take().chain.map(open).collect();
            all.extend(process.inbox.take().chain.map(open));
            all.extend(drain(process.inbox.close().0));
            for sender in senders {
                all.extend(sender.join().expect("the sender ends"));
            }
            all.sort_unstable();
            let sent: Vec<u32> = (1..=4).flat_map(|s| (0..5).map(move |n| 10 * s + n)).collect();
            assert_eq!(all, sent);
        });
    }

    /// Nobody is held by a receiver that ends idle and empty, and never told.
    #[test]
    fn many_holds_against_the_release() {
        model(|| {
            let receiver = Flooded::new(3);
            let holders = [0; 5].map(|_| {
                let receiver = receiver.clone();
                thread::spawn(move || {
                    let told = Arc::new(AtomicBool::new(false));
                    (receiver.wait(&told), told)
                })
            });
            receiver.turn();
            for holder in holders {
                let (held, told) = holder.join().expect("the holder ends");
                assert_eq!(held, told.load(Ordering::Relaxed), "held and never told");
            }
            assert!(receiver.inbox.is_idle() && receiver.waiting.lock().is_empty());
        });
    }
}
