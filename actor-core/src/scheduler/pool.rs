//! The threads without a seat: who waits, who may still be made, and which tasks wait for one.
//!
//! Threads are named by their lanes; the first are the workers', made at the start. Orders are
//! handed over at desks, one a thread. The lock here is taken when a turn is stuck or sent away,
//! never for a task that behaves; and once at each look of the monitor.
//!
//! A thread that has been spare for some time leaves, unless few are. Whether it does, or gets an
//! order, is decided under the lock, by who takes it off the list of the spare ones: so no order is
//! given to one that leaves. Its number can be made again once the thread is as good as gone.

use std::collections::VecDeque;
use std::time::Duration;

use super::steal::Word;
use crate::limits;
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

/// What a thread that waited is to do.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// This.
    For(Order),
    /// To end: nobody has needed it for long. It is not in the pool any more.
    InVain,
    /// To end: the pool is closed.
    Closed,
}

/// Whether a thread that was spare for long leaves.
enum Leave {
    Yes,
    /// Others have left, or will.
    Stays,
    /// It was recruited: an order comes, or it is dismissed.
    Wanted,
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
    /// How long a thread is spare before it leaves.
    idle: Duration,
}

struct State {
    /// The last to come is the first to go: it is warm.
    spare: Vec<usize>,
    /// Numbers of threads that were not made yet, or have left, the next one last.
    unmade: Vec<usize>,
    /// Tasks for which there was no thread, oldest first.
    waiting: VecDeque<Word>,
    closed: bool,
}

#[derive(Default)]
struct Desk(Mutex<Option<Order>>, Condvar);

impl Pool {
    /// A pool of at most `bound` threads beyond `workers`, each of which leaves after `idle`.
    pub(super) fn new(workers: usize, bound: usize, idle: Duration) -> Self {
        let all = workers + bound;
        let state = State {
            spare: Vec::new(),
            unmade: (workers..all).rev().collect(),
            waiting: VecDeque::new(),
            closed: false,
        };
        let desks = (0..all).map(|_| Desk::default()).collect();
        Self { state: Mutex::new(state), desks, bound, idle }
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

    /// A thread could not be made, or is as good as gone. True: a task waits for one.
    pub(super) fn unmade(&self, thread: usize) -> bool {
        let mut state = self.state.lock();
        state.unmade.push(thread);
        !state.waiting.is_empty()
    }

    /// A task that waits though a thread of this number can be made for it: the number came back
    /// after the task came.
    pub(super) fn overdue(&self) -> Option<(usize, Word)> {
        let mut state = self.state.lock();
        if state.closed || state.unmade.is_empty() {
            return None;
        }
        let task = state.waiting.pop_front()?;
        state.unmade.pop().map(|thread| (thread, task))
    }

    /// A task waits again, before all others.
    pub(super) fn put_back(&self, task: Word) {
        self.state.lock().waiting.push_front(task);
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

    /// Thread: waits for an order, after `back` gave none; not for ever, unless few do.
    pub(super) fn wait(&self, thread: usize) -> Waited {
        let Desk(desk, ordered) = &self.desks[thread];
        let mut order = desk.lock();
        let mut stays = false;
        loop {
            if let Some(order) = order.take() {
                return Waited::For(order);
            }
            // Looked at under the desk's lock, which `close` takes after closing.
            if self.state.lock().closed {
                return Waited::Closed;
            }
            if stays {
                order = ordered.wait(order);
                continue;
            }
            let late;
            (order, late) = ordered.wait_timeout(order, self.idle);
            if late && order.is_none() {
                match self.state.lock().leave(thread) {
                    Leave::Yes => return Waited::InVain,
                    Leave::Stays => stays = true,
                    Leave::Wanted => {}
                }
            }
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

    fn leave(&mut self, thread: usize) -> Leave {
        match self.spare.iter().position(|spare| *spare == thread) {
            None => Leave::Wanted,
            Some(_) if self.spare.len() <= limits::RESCUE_WARM => Leave::Stays,
            Some(at) => {
                self.spare.remove(at);
                Leave::Yes
            }
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    const NEVER: Duration = Duration::from_secs(1_000);

    fn task(number: usize) -> Word {
        Word::new(number).expect("not zero")
    }

    #[test]
    fn the_bound_holds_and_tasks_beyond_it_wait_in_order() {
        let pool = Pool::new(1, 2, NEVER);
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
        assert_eq!(pool.wait(1), Waited::For(Order::Task(task(4))));
    }

    #[test]
    fn a_recruit_that_is_dismissed_takes_what_came_meanwhile() {
        let pool = Pool::new(1, 1, NEVER);
        assert_eq!(pool.recruit(), Recruit::Make(1));
        assert_eq!(pool.send(task(1)), Sent::Queued);
        pool.dismiss(1);
        assert_eq!(pool.wait(1), Waited::For(Order::Task(task(1))));
        assert_eq!(pool.back(1, None), None);
        assert_eq!(pool.recruit(), Recruit::Spare(1));
        pool.dismiss(1);
        assert_eq!(pool.recruit(), Recruit::Spare(1));
    }

    #[test]
    fn a_thread_that_could_not_be_made_may_be_made_later() {
        let pool = Pool::new(3, 1, NEVER);
        assert_eq!(pool.recruit(), Recruit::Make(3));
        assert!(!pool.unmade(3), "nothing waits");
        assert_eq!(pool.recruit(), Recruit::Make(3));
    }

    /// A pool of so many threads, all of them spare, that leave at once.
    fn idle(threads: usize) -> Pool {
        let pool = Pool::new(0, threads, Duration::ZERO);
        for thread in 0..threads {
            assert_eq!(pool.recruit(), Recruit::Make(thread));
        }
        (0..threads).for_each(|thread| assert_eq!(pool.back(thread, None), None));
        pool
    }

    #[test]
    fn a_thread_that_was_spare_for_long_leaves_and_its_number_is_made_again() {
        let pool = idle(limits::RESCUE_WARM + 1);
        assert_eq!(pool.wait(0), Waited::InVain);
        (0..limits::RESCUE_WARM).rev().for_each(|thread| {
            assert_eq!(pool.recruit(), Recruit::Spare(thread + 1), "the others are still there");
        });
        assert_eq!(pool.recruit(), Recruit::None, "it is not gone yet");
        assert!(!pool.unmade(0));
        assert_eq!(pool.recruit(), Recruit::Make(0));
    }

    #[test]
    fn a_few_stay_however_long_they_are_spare() {
        let pool = idle(limits::RESCUE_WARM);
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| pool.wait(0));
            // Whenever they are wanted, both are there.
            let both = [pool.recruit(), pool.recruit()];
            assert_eq!(both, [Recruit::Spare(1), Recruit::Spare(0)]);
            pool.give(0, Order::Task(task(1)));
            assert_eq!(waits.join().expect("no panic"), Waited::For(Order::Task(task(1))));
        });
    }

    #[test]
    fn a_thread_that_is_recruited_when_its_time_is_up_waits_for_the_order() {
        let pool = idle(limits::RESCUE_WARM + 1);
        let Recruit::Spare(recruit) = pool.recruit() else { panic!("they are there") };
        let (back, rest) = (limits::RESCUE_WARM, pool.state.lock().spare.len());
        assert_eq!((recruit, rest), (back, back), "the last to come, and enough without it");
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| pool.wait(recruit));
            std::thread::yield_now();
            pool.give(recruit, Order::Seat { seat: 0, from: 0 });
            let order = Order::Seat { seat: 0, from: 0 };
            assert_eq!(waits.join().expect("no panic"), Waited::For(order));
        });
    }

    #[test]
    fn one_of_two_who_want_a_spare_thread_gets_it_at_any_moment() {
        for _ in 0..1_000 {
            let pool = idle(limits::RESCUE_WARM + 1);
            let last = limits::RESCUE_WARM;
            std::thread::scope(|scope| {
                let waits = scope.spawn(|| pool.wait(last));
                let sent = pool.recruit();
                match sent {
                    Recruit::Spare(thread) if thread == last => {
                        pool.give(last, Order::Task(task(1)));
                        let order = waits.join().expect("no panic");
                        assert_eq!(order, Waited::For(Order::Task(task(1))));
                    }
                    _ => assert_eq!(waits.join().expect("no panic"), Waited::InVain),
                }
            });
        }
    }

    #[test]
    fn a_task_that_came_while_a_thread_left_is_overdue_once_its_number_is_back() {
        let pool = idle(limits::RESCUE_WARM + 1);
        assert_eq!(pool.wait(0), Waited::InVain);
        (0..limits::RESCUE_WARM).for_each(|n| assert_eq!(pool.send(task(n + 1)), Sent::Given));
        assert_eq!(pool.send(task(9)), Sent::Queued);
        assert_eq!(pool.overdue(), None, "there is no number");
        assert!(pool.unmade(0), "and then there is");
        assert_eq!(pool.overdue(), Some((0, task(9))));
        assert_eq!(pool.overdue(), None);
        pool.put_back(task(9));
        assert!(pool.unmade(0));
        assert_eq!(pool.overdue(), Some((0, task(9))));
    }

    #[test]
    fn without_a_pool_every_task_is_refused() {
        let pool = Pool::new(3, 0, NEVER);
        assert_eq!((pool.send(task(1)), pool.recruit()), (Sent::Refused, Recruit::None));
    }

    #[test]
    fn a_closed_pool_sends_home_who_waits_and_makes_nobody() {
        let pool = Pool::new(1, 2, NEVER);
        assert_eq!(pool.recruit(), Recruit::Make(1));
        assert_eq!(pool.back(1, None), None);
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| pool.wait(1));
            pool.close();
            assert_eq!(waits.join().expect("no panic"), Waited::Closed);
        });
        assert_eq!(pool.recruit(), Recruit::Spare(1), "it is given to nobody any more");
        assert_eq!(pool.recruit(), Recruit::None);
    }
}
