//! The queues and timers of a state machine: `(what a handler asked for) -> (what comes next)`.
//!
//! Pure: it knows no process, no message and no clock. An event is an `E`, what a time-out carries
//! is a `T`, and a `G` is whatever stands for a timer that runs; dropping it stops the timer.
//!
//! Rules, each of `gen_statem`:
//!
//! 1. An event that is about to be handled cancels the event time-out, whatever event it is.
//! 2. A change of state cancels the state time-out, and puts the postponed events back in front of
//!    the queue, the oldest first.
//! 3. Events that were inserted go in front of all that, in the order given.
//! 4. A time-out of no time goes to the end of the queue: after all that is queued, before anything
//!    from outside.
//! 5. A time-out that was cancelled is never handed out, though its timer has fired: each has a
//!    ticket, and only the last one given out for a name is valid.

use std::{collections::VecDeque, time::Duration};

use super::TimerName;
use crate::limits;

/// A timer's word that its time is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expiry {
    pub(super) timer: TimerName,
    ticket: u64,
}

/// What a handler asked for, in order.
pub(super) struct Actions<E, T> {
    pub(super) next: Vec<E>,
    pub(super) timers: Vec<TimerAction<T>>,
}

/// What is to be done with a timer.
pub(super) enum TimerAction<T> {
    Start(TimerName, Duration, T),
    Update(TimerName, T),
    Cancel(TimerName),
}

impl<E, T> Actions<E, T> {
    pub(super) const fn none() -> Self {
        Self { next: Vec::new(), timers: Vec::new() }
    }

    fn is_none(&self) -> bool {
        self.next.is_empty() && self.timers.is_empty()
    }
}

/// What is handled next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken<E, T> {
    Event(E),
    Timeout(T),
}

/// More than there may be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Excess<E> {
    /// Too many events are postponed: this one is not.
    Postponed(E),
    /// Too many events are inserted: none of these are.
    Inserted,
}

/// See the module.
pub(super) struct Engine<E, T, G> {
    queue: VecDeque<Queued<E>>,
    /// The oldest first.
    postponed: VecDeque<E>,
    timers: Vec<Started<T, G>>,
    /// The last ticket given out.
    tickets: u64,
}

enum Queued<E> {
    Event(E),
    /// A time-out of no time.
    Expired(Expiry),
}

struct Started<T, G> {
    expiry: Expiry,
    carries: T,
    /// None: it needs no timer, it is in the queue.
    _running: Option<G>,
}

impl<E, T, G> Engine<E, T, G> {
    pub(super) const fn new() -> Self {
        Self { queue: VecDeque::new(), postponed: VecDeque::new(), timers: Vec::new(), tickets: 0 }
    }

    /// How many events are postponed.
    pub(super) fn postponed(&self) -> usize {
        self.postponed.len()
    }

    /// An event from outside is about to be handled.
    pub(super) fn begin(&mut self) {
        self.cancel(TimerName::Event);
    }

    /// A timer has fired: what it carries, unless it was cancelled meanwhile.
    pub(super) fn expired(&mut self, expiry: Expiry) -> Option<T> {
        let at = self.timers.iter().position(|started| started.expiry == expiry)?;
        let carries = self.timers.swap_remove(at).carries;
        self.begin();
        Some(carries)
    }

    /// The next event of the queue, if there is one.
    pub(super) fn take(&mut self) -> Option<Taken<E, T>> {
        while let Some(queued) = self.queue.pop_front() {
            match queued {
                Queued::Event(event) => {
                    self.begin();
                    return Some(Taken::Event(event));
                }
                Queued::Expired(expiry) => {
                    if let Some(carries) = self.expired(expiry) {
                        return Some(Taken::Timeout(carries));
                    }
                }
            }
        }
        None
    }

    /// An event has been handled. `changed`: the state is another one. `postponed`: the event, if
    /// it is to be handled again after the next change, at most `most` at a time. `run` starts a
    /// timer.
    pub(super) fn settle(
        &mut self,
        changed: bool,
        postponed: Option<E>,
        most: usize,
        actions: Actions<E, T>,
        run: impl FnMut(Duration, Expiry) -> G,
    ) -> Result<(), Excess<E>> {
        let mut excess = Ok(());
        if let Some(event) = postponed {
            if self.postponed.len() < most {
                self.postponed.push_back(event);
            } else {
                excess = Err(Excess::Postponed(event));
            }
        }
        if changed {
            self.cancel(TimerName::State);
            while let Some(event) = self.postponed.pop_back() {
                self.queue.push_front(Queued::Event(event));
            }
        }
        if actions.is_none() {
            return excess;
        }
        if self.queue.len() + actions.next.len() > limits::MACHINE_QUEUE {
            return Err(Excess::Inserted);
        }
        for event in actions.next.into_iter().rev() {
            self.queue.push_front(Queued::Event(event));
        }
        self.act(actions.timers, run);
        excess
    }

    fn act(&mut self, actions: Vec<TimerAction<T>>, mut run: impl FnMut(Duration, Expiry) -> G) {
        for action in actions {
            match action {
                TimerAction::Start(timer, after, carries) => {
                    self.start(timer, after, carries, &mut run);
                }
                TimerAction::Update(timer, carries) => {
                    match self.timers.iter_mut().find(|started| started.expiry.timer == timer) {
                        Some(started) => started.carries = carries,
                        None => self.start(timer, Duration::ZERO, carries, &mut run),
                    }
                }
                TimerAction::Cancel(timer) => self.cancel(timer),
            }
        }
    }

    fn start(
        &mut self,
        timer: TimerName,
        after: Duration,
        carries: T,
        run: &mut impl FnMut(Duration, Expiry) -> G,
    ) {
        self.cancel(timer);
        self.tickets += 1;
        let expiry = Expiry { timer, ticket: self.tickets };
        let running = if after.is_zero() {
            self.queue.push_back(Queued::Expired(expiry));
            None
        } else {
            Some(run(after, expiry))
        };
        self.timers.push(Started { expiry, carries, _running: running });
    }

    fn cancel(&mut self, timer: TimerName) {
        self.timers.retain(|started| started.expiry.timer != timer);
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
