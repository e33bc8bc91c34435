//! Timers: what is to happen when, one wheel a seat.
//!
//! The wheel is pure (`wheel`); here are its locks, and the earliest deadline of each wheel as a
//! word that anybody may read. An action is run by whoever finds it due, outside of any lock: it
//! wakes a task, or sends a message. A timer never fires before its deadline; time is nanoseconds
//! since the runtime's start, by the clock that the caller passes in (real or virtual).

use std::task::Waker;

use crossbeam_utils::CachePadded;

use crate::{
    sync::{AtomicBool, AtomicU64, Mutex, Ordering},
    wheel::{TimerKey, Wheel},
};

/// What a timer does when it fires.
pub(crate) enum Action {
    /// Wakes a task that waits for the deadline.
    Wake(Waker),
    /// Does something short: sends a message, as a rule.
    Run(Box<dyn FnOnce() + Send>),
}

impl Action {
    /// Does it. What a program gave for it may panic.
    pub(crate) fn perform(self) {
        match self {
            Self::Wake(waker) => waker.wake(),
            Self::Run(run) => run(),
        }
    }
}

/// Names an armed timer: its wheel, and its key there.
pub(crate) type TimerId = (u32, TimerKey);

/// No timer is armed.
const NEVER: u64 = u64::MAX;

struct Seat {
    wheel: Mutex<Wheel<Action>>,
    /// A time that is never later than the earliest deadline.
    next: AtomicU64,
}

/// All timers of a runtime.
pub(crate) struct Timers {
    seats: Box<[CachePadded<Seat>]>,
    firing: AtomicBool,
}

impl Timers {
    /// One wheel for each of `seats` seats, at least one.
    pub(crate) fn new(seats: usize) -> Self {
        let seat = |_| {
            CachePadded::new(Seat { wheel: Mutex::new(Wheel::new(0)), next: AtomicU64::new(NEVER) })
        };
        Self { seats: (0..seats.max(1)).map(seat).collect(), firing: AtomicBool::new(false) }
    }

    /// Arms a timer at `seat`'s wheel. True: it is the wheel's earliest, so whoever keeps time must
    /// look again.
    pub(crate) fn arm(&self, seat: usize, deadline: u64, action: Action) -> (TimerId, bool) {
        let index = seat % self.seats.len();
        let seat = &self.seats[index];
        let mut wheel = seat.wheel.lock();
        let key = wheel.insert(deadline, action);
        // Relaxed reads and writes of `next` under its lock; readers outside take it for a hint
        // that the keeper's fence orders.
        let earlier = deadline < seat.next.load(Ordering::Relaxed);
        if earlier {
            seat.next.store(deadline, Ordering::Release);
        }
        ((index as u32, key), earlier)
    }

    /// Disarms a timer. False: it has fired, or is about to, or was cancelled before.
    pub(crate) fn cancel(&self, (seat, key): TimerId) -> bool {
        // The action is dropped outside the lock: it may hold the last pin of a cell.
        let action = self.seats[seat as usize].wheel.lock().cancel(key);
        action.is_some()
    }

    /// When the earliest timer of all is due, if any is armed; never later than in truth.
    pub(crate) fn next(&self) -> Option<u64> {
        let next = self.seats.iter().map(|seat| seat.next.load(Ordering::Acquire)).min();
        next.filter(|&next| next != NEVER)
    }

    /// Hands out what is due at `now`, outside of any lock, in the order of the deadlines; answers
    /// how many there were.
    ///
    /// One thread fires at a time: of two, the second could overtake the first between taking what
    /// is due and performing it. Who comes second leaves it to the first, and looks again.
    pub(crate) fn fire(&self, now: u64, perform: impl FnMut(Action)) -> usize {
        // Acquire and Release: what one firing did comes before the next.
        if self.firing.swap(true, Ordering::Acquire) {
            return 0;
        }
        let fired = self.fire_alone(now, perform);
        self.firing.store(false, Ordering::Release);
        fired
    }

    fn fire_alone(&self, now: u64, perform: impl FnMut(Action)) -> usize {
        let mut due = Vec::new();
        for seat in &self.seats {
            if seat.next.load(Ordering::Acquire) > now {
                continue;
            }
            let mut wheel = seat.wheel.lock();
            wheel.advance(now, |deadline, action| due.push((deadline, action)));
            seat.next.store(wheel.next_deadline().unwrap_or(NEVER), Ordering::Release);
        }
        let fired = due.len();
        // A process may have armed its timers at several seats. Stable: equal deadlines of one seat
        // stay as they were armed.
        due.sort_by_key(|(deadline, _)| *deadline);
        due.into_iter().map(|(_, action)| action).for_each(perform);
        fired
    }

    /// How many timers are armed.
    pub(crate) fn len(&self) -> usize {
        self.seats.iter().map(|seat| seat.wheel.lock().len()).sum()
    }

    /// Disarms all.
    pub(crate) fn clear(&self) {
        for seat in &self.seats {
            let mut wheel = seat.wheel.lock();
            let old = std::mem::replace(&mut *wheel, Wheel::new(0));
            seat.next.store(NEVER, Ordering::Release);
            // Dropped outside the lock: an action may hold the last pin of a cell.
            drop(wheel);
            drop(old);
        }
    }
}
