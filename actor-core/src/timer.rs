//! Timers: what is to happen when, one wheel a seat.
//!
//! The wheel is pure (`wheel`); here are its locks, and the earliest deadline of each wheel as a
//! word that anybody may read. An action is run by whoever finds it due, outside of any lock: it
//! wakes a task, or sends a message. A timer never fires before its deadline; time is nanoseconds
//! since the runtime's start, by the clock that the caller passes in (real or virtual).

use std::{hint::black_box, num::NonZeroU32, task::Waker, time::Duration};

use crossbeam_utils::CachePadded;

use crate::{
    oneshot::Ticket,
    process::{CellRef, Expiring, Mail, RawCell, TimerPlace},
    sync::{AtomicBool, AtomicU64, MODELLED, Mutex, Ordering, TryLock},
    wheel::{TimerKey, Wheel},
};

/// What is to be done when a timer fires.
pub(crate) enum Action {
    /// A message is to be sent to a process: its node and the pin are all that the timer is.
    Send(CellRef, Mail),
    /// A task that waits for the deadline is to be woken.
    Wake(Waker),
    /// The wait for a reply ends, for which there were so many nanoseconds.
    Expire(Expiring, u64),
    /// Something short is to be done.
    Run(Box<dyn FnOnce() + Send>),
}

const _: () = assert!(MODELLED || size_of::<Action>() <= 32);

impl Action {
    /// Reads what performing it will read first. Where many fire, each is in memory that no cache
    /// holds any more; reads that do not depend on each other are waited for at once.
    fn touch(&self) {
        if let Self::Send(to, mail) = self {
            black_box((to.is_simulated(), to.pid(), mail.is_message()));
        }
    }

    /// Whether it is a message to this process.
    fn is_for(&self, process: RawCell) -> bool {
        matches!(self, Self::Send(to, _) if to.raw() == process)
    }
}

/// Names an armed timer: its wheel, and its key there.
pub(crate) type TimerId = (u32, TimerKey);

/// Where it is.
pub(crate) fn place((seat, key): TimerId) -> TimerPlace {
    TimerPlace { seat, index: key.parts().0 }
}

fn ticket((seat, key): TimerId) -> Ticket {
    let (index, generation) = key.parts();
    [seat, index, generation.get()]
}

/// So long after `now`.
fn after(now: u64, delay: Duration) -> u64 {
    now.saturating_add(nanos(delay))
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// No timer is armed.
const NEVER: u64 = u64::MAX;

/// So many timers that are due at once are a crowd,
const CROWD: usize = 16;
/// and in a crowd those that come next are left to gather for so long, in nanoseconds. To wake up
/// for each of a million timers a second would cost more than all that they do.
const GATHER: u64 = 400_000;

/// How many timers that fire are looked at before the first of them does.
const AHEAD: usize = 16;

/// Room for so many that are due at once is kept.
const DUE_KEPT: usize = 1024;

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
    /// Whoever fires has it, and in it what is due at the moment.
    firing: TryLock<Vec<(u64, Action)>>,
    /// Nothing needs to be fired before. A hint: who reads an older one fires a little earlier or
    /// later.
    gathering: AtomicU64,
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
        let (firing, gathering) = (TryLock::new(Vec::new()), AtomicU64::new(0));
        Self { seats, share, firing, gathering }
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

    /// Leaves a call to the seat's next tick. An error: there is no room, or somebody looks there.
    pub(crate) fn leave(
        &self,
        seat: usize,
        call: Expiring,
        timeout: Duration,
    ) -> Result<(), Expiring> {
        let seat = &self.seats[seat % self.seats.len()];
        let left = seat.young.try_give(call, |others, call| {
            if others.len() == YOUNG {
                // Nothing of a program's is dropped here: the calls are over.
                others.retain(|young| young.call.is_waiting());
            }
            if others.len() == YOUNG {
                return Err(call);
            }
            others.push(Young { call, timeout });
            // Release: pairs with the swap in `take_young`. Read first: to write a word that others
            // look at costs more.
            if !seat.has_young.load(Ordering::Relaxed) {
                seat.has_young.store(true, Ordering::Release);
            }
            Ok(())
        });
        left.flatten()
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
        let (id, earlier) = self.arm(seat, deadline, Action::Expire(call, nanos(timeout)));
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

    /// Disarms a timer, and answers its deadline.
    pub(crate) fn take(&self, (seat, key): TimerId) -> Option<u64> {
        let mut wheel = self.seats[seat as usize].wheel.lock();
        let deadline = wheel.deadline(key)?;
        let action = wheel.cancel(key);
        drop(wheel);
        // As for `cancel`.
        drop(action);
        Some(deadline)
    }

    /// When a timer will fire; `None`: never, or never again.
    pub(crate) fn deadline(&self, (seat, key): TimerId) -> Option<u64> {
        self.seats[seat as usize].wheel.lock().deadline(key)
    }

    /// When timers are to be fired next: when the earliest is due, or a little later, if there are
    /// many at a time.
    pub(crate) fn next_firing(&self) -> Option<u64> {
        let next = self.next()?;
        Some(next.max(self.gathering.load(Ordering::Relaxed)))
    }

    /// When the earliest timer of all is due, if any is armed; never later than in truth.
    pub(crate) fn next(&self) -> Option<u64> {
        let next = self.seats.iter().map(|seat| seat.next.load(Ordering::Acquire)).min();
        next.filter(|&next| next != NEVER)
    }

    /// Disarms what is at a place, if that is a message to this process; the message comes back.
    pub(crate) fn cancel_at(&self, place: TimerPlace, process: RawCell) -> Option<Action> {
        let seat = self.seats.get(place.seat as usize)?;
        seat.wheel.lock().cancel_at(place.index, |action| action.is_for(process))
    }

    /// Whether what is at a place is a message to this process.
    pub(crate) fn is_at(&self, place: TimerPlace, process: RawCell) -> bool {
        let seat = self.seats.get(place.seat as usize);
        seat.is_some_and(|seat| {
            seat.wheel.lock().at(place.index).is_some_and(|action| action.is_for(process))
        })
    }

    /// Hands out what is due at `now`, outside of any lock, in the order of the deadlines; answers
    /// how many there were. Stops when there were `enough`: what is left is handed out next time.
    ///
    /// One thread fires at a time: of two, the second could overtake the first between taking what
    /// is due and performing it. Who comes second leaves it to the first, and looks again.
    pub(crate) fn fire(&self, now: u64, enough: usize, mut perform: impl FnMut(Action)) -> usize {
        let fired = self.firing.try_with(|due| {
            let mut fired = 0;
            while fired < enough && self.take_due(now, due) {
                fired += due.len();
                let mut due = due.drain(..);
                while !due.as_slice().is_empty() {
                    due.as_slice().iter().take(AHEAD).for_each(|(_, action)| action.touch());
                    due.by_ref().take(AHEAD).for_each(|(_, action)| perform(action));
                }
            }
            if due.capacity() > DUE_KEPT {
                *due = Vec::new();
            }
            let gathering = if (CROWD..enough).contains(&fired) { now + GATHER } else { 0 };
            self.gathering.store(gathering, Ordering::Relaxed);
            fired
        });
        fired.unwrap_or(0)
    }

    /// Takes what is due of the earliest tick in which anything is; false: nothing is due at `now`.
    /// A tick at a time, so that those who arm and cancel meanwhile never wait for long.
    fn take_due(&self, now: u64, due: &mut Vec<(u64, Action)>) -> bool {
        let Some(next) = self.next().filter(|next| *next <= now) else { return false };
        let until = Wheel::<Action>::end_of_tick(next).min(now);
        let mut seats = 0;
        for seat in &self.seats {
            if seat.next.load(Ordering::Acquire) > until {
                continue;
            }
            seats += 1;
            let mut wheel = seat.wheel.lock();
            wheel.advance(until, due);
            seat.next.store(wheel.next_deadline().unwrap_or(NEVER), Ordering::Release);
        }
        if seats > 1 {
            // A process may have armed its timers at several seats. Stable: equal deadlines of one
            // seat stay as they were armed.
            due.sort_by_key(|(deadline, _)| *deadline);
        }
        true
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

#[cfg(all(test, not(loom)))]
mod tests;
