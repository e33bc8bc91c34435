//! Where a thread and the monitor meet: who holds a seat.
//!
//! `RESCUE.md` beside this file states the protocol and proves it; the fence names are its own.
//! Nothing here blocks, or knows a clock.
//!
//! Who may touch what: `turn`, `task` and `inside` are written by the thread alone, by plain
//! stores; `claim` by both, as the table there says.

use crossbeam_utils::CachePadded;

use super::steal::Word;
use crate::sync::{AtomicBool, AtomicU8, AtomicUsize, Fences, Ordering};

/// The values of `claim`.
const NONE: u8 = 0;
const HELD: u8 = 1;
const ASKED: u8 = 2;
const TAKEN: u8 = 3;

/// A thread's post.
pub(super) struct Post(CachePadded<Words>);

struct Words {
    /// Turns begun.
    turn: AtomicUsize,
    /// What the present turn runs.
    task: AtomicUsize,
    /// The thread may touch what is its seat's.
    inside: AtomicBool,
    claim: AtomicU8,
    fences: Fences,
}

/// How a thread stands after a turn.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// It is seated.
    Seated,
    /// It has lost its seat, or never had one.
    Away,
}

/// While it lives, the thread is the occupant of its seat, in mid-turn.
pub(super) struct Inside<'a>(&'a Words);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        // Release: what was done on the seat is seen by who takes it.
        self.0.inside.store(false, Ordering::Release);
    }
}

impl Post {
    /// The post of a thread without a seat.
    pub(super) fn new(fences: Fences) -> Self {
        Self(CachePadded::new(Words {
            turn: AtomicUsize::new(0),
            task: AtomicUsize::new(0),
            inside: AtomicBool::new(true),
            claim: AtomicU8::new(NONE),
            fences,
        }))
    }

    /// Thread, between turns: it sits down on a seat that it was given.
    pub(super) fn sit(&self) {
        // Relaxed: the monitor finds this thread by the seat's name, which it wrote itself.
        debug_assert_eq!(self.0.claim.load(Ordering::Relaxed), NONE, "one seat at a time");
        self.0.claim.store(HELD, Ordering::Release);
    }

    /// Thread: a turn begins. With a seat or without.
    #[inline]
    pub(super) fn begin_turn(&self, task: Word) {
        let Words { turn, task: running, inside, .. } = &*self.0;
        running.store(task.get(), Ordering::Relaxed);
        turn.store(turn.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        // Release: who sees "off" sees this turn's number, and all that was done before.
        inside.store(false, Ordering::Release);
    }

    /// Thread: the turn is over.
    #[inline]
    pub(super) fn end_turn(&self) -> Stand {
        let Words { inside, claim, fences, .. } = &*self.0;
        inside.store(true, Ordering::Relaxed);
        // L2: either the monitor sees us inside, or we see that it asks.
        fences.light();
        if claim.load(Ordering::Relaxed) == HELD { Stand::Seated } else { self.settle() }
    }

    #[cold]
    fn settle(&self) -> Stand {
        let claim = &self.0.claim;
        // The two changes of ASKED decide between thread and monitor.
        match claim.compare_exchange(ASKED, HELD, Ordering::AcqRel, Ordering::Acquire) {
            // The monitor withdrew meanwhile.
            Ok(_) | Err(HELD) => Stand::Seated,
            Err(_) => {
                claim.store(NONE, Ordering::Relaxed);
                Stand::Away
            }
        }
    }

    /// Thread, in a turn: the right to act as the seat's occupant, if it is that. Short, and not
    /// twice at a time.
    #[inline]
    pub(super) fn enter(&self) -> Option<Inside<'_>> {
        let Words { inside, claim, fences, .. } = &*self.0;
        debug_assert!(!inside.load(Ordering::Relaxed), "entries do not nest");
        inside.store(true, Ordering::Relaxed);
        // L1: see L2.
        fences.light();
        if claim.load(Ordering::Relaxed) == HELD {
            return Some(Inside(&self.0));
        }
        inside.store(false, Ordering::Release);
        None
    }

    /// Thread: whether what it has just done for its seat is seen by whoever takes that.
    #[inline]
    pub(super) fn is_held(&self) -> bool {
        // L3.
        self.0.fences.light();
        self.0.claim.load(Ordering::Relaxed) == HELD
    }

    /// Anybody: how many turns the thread has begun.
    pub(super) fn turns(&self) -> usize {
        self.0.turn.load(Ordering::Relaxed)
    }

    /// Monitor: the number of the turn that the thread is in, if it is in one; a glance.
    pub(super) fn glimpse(&self) -> Option<usize> {
        // Acquire: see `begin_turn`.
        (!self.0.inside.load(Ordering::Acquire)).then(|| self.turns())
    }

    /// Monitor: takes the seat from a thread that is still in that turn, and outside. `Some`: it is
    /// the caller's to give away, and this is the task that it was taken from.
    #[must_use]
    pub(super) fn ask(&self, turn: usize, heavy_fence: impl FnOnce()) -> Option<Word> {
        let claim = &self.0.claim;
        let change = |from, to| {
            claim.compare_exchange(from, to, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        };
        if !change(HELD, ASKED) {
            return None;
        }
        // H1.
        heavy_fence();
        // Acquire: all that the thread did on the seat comes before what its next occupant does.
        let inside = self.0.inside.load(Ordering::Acquire);
        if inside || self.turns() != turn {
            // A failure: the thread has kept its seat already.
            let _ = change(ASKED, HELD);
            return None;
        }
        let task = Word::new(self.0.task.load(Ordering::Relaxed));
        task.filter(|_| change(ASKED, TAKEN))
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn task(number: usize) -> Word {
        Word::new(number).expect("not zero")
    }

    fn seated() -> Post {
        let post = Post::new(Fences::Equal);
        post.sit();
        post
    }

    #[test]
    fn a_seat_is_taken_in_the_turn_that_was_seen_and_no_other() {
        let post = seated();
        assert_eq!(post.glimpse(), None);
        post.begin_turn(task(7));
        let turn = post.glimpse().expect("in a turn");
        assert_eq!(post.ask(turn - 1, || {}), None);
        assert!(post.is_held());
        assert_eq!(post.ask(turn, || {}), Some(task(7)));
        assert!(post.enter().is_none());
        assert!(!post.is_held());
        assert_eq!(post.end_turn(), Stand::Away);
    }

    #[test]
    fn no_seat_is_taken_from_a_thread_that_is_inside() {
        let post = seated();
        assert_eq!(post.ask(post.turns(), || {}), None, "between turns");
        post.begin_turn(task(1));
        let turn = post.turns();
        let entered = post.enter().expect("seated");
        assert_eq!(post.ask(turn, || {}), None);
        drop(entered);
        assert!(post.ask(turn, || {}).is_some());
    }

    #[test]
    fn a_turn_that_ends_while_the_monitor_asks_keeps_its_seat() {
        let post = seated();
        post.begin_turn(task(1));
        let taken = post.ask(post.turns(), || assert_eq!(post.end_turn(), Stand::Seated));
        assert_eq!(taken, None);
        post.begin_turn(task(2));
        assert!(post.enter().is_some());
    }

    #[test]
    fn an_entry_while_the_monitor_asks_is_a_strangers() {
        let post = seated();
        post.begin_turn(task(1));
        assert!(post.ask(post.turns(), || assert!(post.enter().is_none())).is_some());
        assert_eq!(post.end_turn(), Stand::Away);
    }

    #[test]
    fn a_thread_without_a_seat_runs_turns_and_has_nothing_to_lose() {
        let post = Post::new(Fences::Unequal);
        post.begin_turn(task(1));
        assert_eq!(post.ask(post.turns(), || {}), None);
        assert!(post.enter().is_none());
        assert_eq!(post.end_turn(), Stand::Away);
        post.sit();
        post.begin_turn(task(2));
        assert_eq!(post.end_turn(), Stand::Seated);
    }
}
