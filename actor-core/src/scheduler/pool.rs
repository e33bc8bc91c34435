//! The threads without a seat: who waits, who may still be made, and which tasks wait for one.
//!
//! Threads are named by their lanes; the first are the workers', made at the start. Orders are
//! handed over at desks, one a thread. The lock here is taken when a turn is stuck or sent away,
//! never for a task that behaves.

use std::collections::VecDeque;

use super::steal::Word;
use crate::sync::{StaticCondvar as Condvar, StaticMutex as Mutex};

/// What a thread of the pool is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Serve this seat, after emptying the lane of the thread that had it.
    Seat {
        /// Which.
        seat: usize,
        /// Whose lane to empty.
        from: usize,
    },
    /// Run this task, without a seat.
    Task(Word),
}

/// Who is there for an order.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Recruit {
    /// This thread, which waits at its desk.
    Spare(usize),
    /// A thread of this number, which is to be made.
    Make(usize),
    /// Nobody.
    None,
}

/// What became of a task that was sent away.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// A thread has it.
    Given,
    /// It waits for one.
    Queued,
    /// A thread of this number is to be made for it.
    Make(usize),
    /// There is no pool: the caller must run it itself.
    Refused,
}

/// See the module.
pub(super) struct Pool {
    state: Mutex<State>,
    desks: Box<[Desk]>,
    /// How many threads there may be beyond the workers.
    bound: usize,
}

struct State {
    /// The last to come is the first to go: it is warm.
    spare: Vec<usize>,
    /// Numbers of threads that were not made yet, the next one last.
    unmade: Vec<usize>,
    /// Tasks for which there was no thread, oldest first.
    waiting: VecDeque<Word>,
    closed: bool,
}

#[derive(Default)]
struct Desk(Mutex<Option<Order>>, Condvar);

impl Pool {
    /// A pool of at most `bound` threads beyond `workers`.
    pub(super) fn new(workers: usize, bound: usize) -> Self {
        let all = workers + bound;
        let state = State {
            spare: Vec::new(),
            unmade: (workers..all).rev().collect(),
            waiting: VecDeque::new(),
            closed: false,
        };
        let desks = (0..all).map(|_| Desk::default()).collect();
        Self { state: Mutex::new(state), desks, bound }
    }

    /// Whether there are such threads at all.
    pub(super) fn exists(&self) -> bool {
        self.bound > 0
    }

    /// A thread for a seat. It is the caller's: to be given an order, or to be dismissed.
    pub(super) fn recruit(&self) -> Recruit {
        self.state.lock().recruit()
    }

    /// A recruit that is not needed after all.
    pub(super) fn dismiss(&self, thread: usize) {
        let order = {
            let mut state = self.state.lock();
            let order = state.waiting.pop_front().map(Order::Task);
            if order.is_none() {
                state.spare.push(thread);
            }
            order
        };
        if let Some(order) = order {
            self.give(thread, order);
        }
    }

    /// A thread could not be made.
    pub(super) fn unmade(&self, thread: usize) {
        self.state.lock().unmade.push(thread);
    }

    /// Lets a task be run by a thread of the pool.
    pub(super) fn send(&self, task: Word) -> Sent {
        if !self.exists() {
            return Sent::Refused;
        }
        let mut state = self.state.lock();
        match state.recruit() {
            Recruit::Make(thread) => Sent::Make(thread),
            Recruit::Spare(thread) => {
                drop(state);
                self.give(thread, Order::Task(task));
                Sent::Given
            }
            Recruit::None => {
                state.waiting.push_back(task);
                Sent::Queued
            }
        }
    }

    /// Puts an order on a recruit's desk.
    pub(super) fn give(&self, thread: usize, order: Order) {
        let Desk(desk, ordered) = &self.desks[thread];
        let before = desk.lock().replace(order);
        debug_assert_eq!(before, None, "one order at a time");
        ordered.notify_one();
    }

    /// A thread has nothing to do: it takes the task that waits longest, or becomes spare. `again`:
    /// the task that it ran wants another turn in the pool, behind the others.
    pub(super) fn back(&self, thread: usize, again: Option<Word>) -> Option<Word> {
        let mut state = self.state.lock();
        state.waiting.extend(again);
        let task = state.waiting.pop_front();
        if task.is_none() {
            state.spare.push(thread);
        }
        task
    }

    /// Thread: waits for an order, after `back` gave none. `None`: the pool is closed.
    pub(super) fn wait(&self, thread: usize) -> Option<Order> {
        let Desk(desk, ordered) = &self.desks[thread];
        let mut order = desk.lock();
        loop {
            if let Some(order) = order.take() {
                return Some(order);
            }
            // Looked at under the desk's lock, which `close` takes after closing.
            if self.state.lock().closed {
                return None;
            }
            order = ordered.wait(order);
        }
    }

    /// Sends the spare threads home, and all that wait from now on. Tasks that wait are kept.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        for Desk(desk, ordered) in &self.desks {
            drop(desk.lock());
            ordered.notify_one();
        }
    }

    #[cfg(test)]
    pub(super) fn take_any(&self) -> Option<Word> {
        self.state.lock().waiting.pop_front()
    }
}

impl State {
    fn recruit(&mut self) -> Recruit {
        match (self.spare.pop(), self.closed) {
            (Some(thread), _) => Recruit::Spare(thread),
            (None, true) => Recruit::None,
            (None, false) => self.unmade.pop().map_or(Recruit::None, Recruit::Make),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn task(number: usize) -> Word {
        Word::new(number).expect("not zero")
    }

    #[test]
    fn the_bound_holds_and_tasks_beyond_it_wait_in_order() {
        let pool = Pool::new(1, 2);
        assert_eq!(pool.send(task(1)), Sent::Make(1));
        assert_eq!(pool.recruit(), Recruit::Make(2));
        assert_eq!(pool.recruit(), Recruit::None);
        assert_eq!(pool.send(task(2)), Sent::Queued);
        assert_eq!(pool.send(task(3)), Sent::Queued);
        assert_eq!(pool.back(1, Some(task(1))), Some(task(2)));
        assert_eq!(pool.back(1, None), Some(task(3)));
        assert_eq!(pool.back(1, None), Some(task(1)));
        assert_eq!(pool.back(1, None), None);
        assert_eq!(pool.send(task(4)), Sent::Given);
        assert_eq!(pool.wait(1), Some(Order::Task(task(4))));
    }

    #[test]
    fn a_recruit_that_is_dismissed_takes_what_came_meanwhile() {
        let pool = Pool::new(1, 1);
        assert_eq!(pool.recruit(), Recruit::Make(1));
        assert_eq!(pool.send(task(1)), Sent::Queued);
        pool.dismiss(1);
        assert_eq!(pool.wait(1), Some(Order::Task(task(1))));
        assert_eq!(pool.back(1, None), None);
        assert_eq!(pool.recruit(), Recruit::Spare(1));
        pool.dismiss(1);
        assert_eq!(pool.recruit(), Recruit::Spare(1));
    }

    #[test]
    fn a_thread_that_could_not_be_made_may_be_made_later() {
        let pool = Pool::new(3, 1);
        assert_eq!(pool.recruit(), Recruit::Make(3));
        pool.unmade(3);
        assert_eq!(pool.recruit(), Recruit::Make(3));
    }

    #[test]
    fn without_a_pool_every_task_is_refused() {
        let pool = Pool::new(3, 0);
        assert_eq!((pool.send(task(1)), pool.recruit()), (Sent::Refused, Recruit::None));
    }

    #[test]
    fn a_closed_pool_sends_home_who_waits_and_makes_nobody() {
        let pool = Pool::new(1, 2);
        assert_eq!(pool.recruit(), Recruit::Make(1));
        assert_eq!(pool.back(1, None), None);
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| pool.wait(1));
            pool.close();
            assert_eq!(waits.join().expect("no panic"), None);
        });
        assert_eq!(pool.recruit(), Recruit::Spare(1), "it is given to nobody any more");
        assert_eq!(pool.recruit(), Recruit::None);
    }
}
