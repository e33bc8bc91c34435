//! Timers: what is to happen when, one wheel a seat.
//!
//! The wheel is pure (`wheel`); here are its locks, and the earliest deadline of each wheel as a
//! word that anybody may read. An action is run by whoever finds it due, outside of any lock: it
//! wakes a task, or sends a message. A timer never fires before its deadline; time is nanoseconds
//! since the runtime's start, by the clock that the caller passes in (real or virtual).

use std::{num::NonZeroU32, task::Waker, time::Duration};

use crossbeam_utils::CachePadded;

use crate::{
    oneshot::Ticket,
    process::Expiring,
    sync::{AtomicBool, AtomicU64, Mutex, Ordering, TryLock},
    wheel::{TimerKey, Wheel},
};

/// What a timer does when it fires.
pub(crate) enum Action {
    /// Wakes a task that waits for the deadline.
    Wake(Waker),
    /// Ends the wait for a reply, for which there was so much time.
    Expire(Expiring, Duration),
    /// Does something short: sends a message, as a rule.
    Run(Box<dyn FnOnce() + Send>),
}

impl Action {
    /// Does it. What a program gave for it may panic.
    pub(crate) fn perform(self) {
        match self {
            Self::Wake(waker) => waker.wake(),
            Self::Expire(call, after) => call.expire(after),
            Self::Run(run) => run(),
        }
    }
}

/// Names an armed timer: its wheel, and its key there.
pub(crate) type TimerId = (u32, TimerKey);

fn ticket((seat, key): TimerId) -> Ticket {
    let (index, generation) = key.parts();
    [seat, index, generation.get()]
}

/// So long after `now`.
fn after(now: u64, delay: Duration) -> u64 {
    now.saturating_add(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX))
}

/// No timer is armed.
const NEVER: u64 = u64::MAX;

/// How many calls a seat lets wait for their deadline to be armed.
const YOUNG: usize = 256;

/// A call that was sent a moment ago, and the time it has. Most are answered before the seat's next
/// tick, and then no timer was armed for them. Those that are not have their deadline counted from
/// that tick: late by as much, and never early.
struct Young {
    call: Expiring,
    timeout: Duration,
}

struct Seat {
    wheel: Mutex<Wheel<Action>>,
    young: TryLock<Vec<Young>>,
    /// Whether there are any; a hint.
    has_young: AtomicBool,
    /// A time that is never later than the earliest deadline.
    next: AtomicU64,
}

/// All timers of a runtime.
pub(crate) struct Timers {
    seats: Box<[CachePadded<Seat>]>,
    /// How many timers a seat may have that somebody asked for.
    share: usize,
    firing: AtomicBool,
}

impl Timers {
    /// One wheel for each of `seats` seats, at least one, for so many timers in all.
    pub(crate) fn new(seats: usize, most: u32) -> Self {
        let seat = |_| {
            CachePadded::new(Seat {
                wheel: Mutex::new(Wheel::new(0)),
                young: TryLock::new(Vec::new()),
                has_young: AtomicBool::new(false),
                next: AtomicU64::new(NEVER),
            })
        };
        let seats: Box<[_]> = (0..seats.max(1)).map(seat).collect();
        let share = (most as usize).div_ceil(seats.len());
        Self { seats, share, firing: AtomicBool::new(false) }
    }

    /// Arms a timer at `seat`'s wheel. True: it is the wheel's earliest, so whoever keeps time must
    /// look again.
    pub(crate) fn arm(&self, seat: usize, deadline: u64, action: Action) -> (TimerId, bool) {
        match self.arm_below(usize::MAX, seat, deadline, action) {
            Ok(armed) => armed,
            Err(_) => unreachable!("a wheel with no bound refuses nothing"),
        }
    }

    /// The same for who is to be refused when the seat has its share.
    pub(crate) fn arm_within(
        &self,
        seat: usize,
        deadline: u64,
        action: Action,
    ) -> Result<(TimerId, bool), Action> {
        self.arm_below(self.share, seat, deadline, action)
    }

    fn arm_below(
        &self,
        most: usize,
        seat: usize,
        deadline: u64,
        action: Action,
    ) -> Result<(TimerId, bool), Action> {
        let index = seat % self.seats.len();
        let seat = &self.seats[index];
        let mut wheel = seat.wheel.lock();
        if wheel.len() >= most {
            return Err(action);
        }
        let key = wheel.insert(deadline, action);
        // Relaxed reads and writes of `next` under its lock; readers outside take it for a hint
        // that the keeper's fence orders.
        let earlier = deadline < seat.next.load(Ordering::Relaxed);
        if earlier {
            seat.next.store(deadline, Ordering::Release);
        }
        Ok(((index as u32, key), earlier))
    }

    /// Leaves a call to the seat's next tick. False: there is no room.
    pub(crate) fn leave(
        &self,
        seat: usize,
        call: impl FnOnce() -> Expiring,
        timeout: Duration,
    ) -> bool {
        let seat = &self.seats[seat % self.seats.len()];
        let left = seat.young.try_with(|others| {
            if others.len() == YOUNG {
                // Nothing of a program's is dropped here: the calls are over.
                others.retain(|young| young.call.is_waiting());
            }
            let has_room = others.len() < YOUNG;
            if has_room {
                others.push(Young { call: call(), timeout });
                // Release: pairs with the swap in `take_young`. Read first: to write a word that
                // others look at costs more.
                if !seat.has_young.load(Ordering::Relaxed) {
                    seat.has_young.store(true, Ordering::Release);
                }
            }
            has_room
        });
        left.unwrap_or(false)
    }

    /// Arms the deadlines of the calls that were left since the last tick and are not answered.
    pub(crate) fn arm_young(&self, now: impl Fn() -> u64) {
        for (number, seat) in self.seats.iter().enumerate() {
            // Who leaves one meanwhile says so again, or is in what is taken here.
            if !seat.has_young.load(Ordering::Relaxed)
                || !seat.has_young.swap(false, Ordering::Acquire)
            {
                continue;
            }
            let waiting = seat.young.try_with(|young| {
                // Nothing of a program's is dropped here: the calls are over.
                young.retain(|young| young.call.is_waiting());
                if young.is_empty() { Vec::new() } else { std::mem::take(young) }
            });
            let Some(waiting) = waiting else {
                seat.has_young.store(true, Ordering::Release);
                continue;
            };
            for Young { call, timeout } in waiting {
                self.arm_call(number, after(now(), timeout), call, timeout);
            }
        }
    }

    /// Arms a call's deadline; see [`arm`](Self::arm).
    pub(crate) fn arm_call(
        &self,
        seat: usize,
        deadline: u64,
        call: Expiring,
        timeout: Duration,
    ) -> bool {
        let armed = call.share();
        let (id, earlier) = self.arm(seat, deadline, Action::Expire(call, timeout));
        if !armed.arm(ticket(id)) {
            self.cancel(id);
        }
        earlier
    }

    /// Disarms what [`arm_call`](Self::arm_call) armed.
    pub(crate) fn cancel_call(&self, [seat, index, generation]: Ticket) {
        if let Some(generation) = NonZeroU32::new(generation) {
            self.cancel((seat, TimerKey::new(index, generation)));
        }
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
        let young = |seat: &Seat| loop {
            // Whoever is there is done in a moment.
            let waiting = |young: &&Young| young.call.is_waiting();
            let count = seat.young.try_with(|young| young.iter().filter(waiting).count());
            match count {
                Some(count) => return count,
                None => crate::sync::spin_loop(),
            }
        };
        self.seats.iter().map(|seat| seat.wheel.lock().len() + young(seat)).sum()
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
            drop(seat.young.try_with(std::mem::take));
        }
    }
}
