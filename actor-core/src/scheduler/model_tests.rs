//! Models of `idle` and `keeper`: every interleaving of a few threads, with the queues reduced to a
//! count that is only ever accessed relaxed, so that nothing but the protocol's own fences orders
//! it.
//!
//! What is checked in the first part: **a task pushed while all workers park is run**, and not
//! behind another's turn. In the second: **a timer armed while all workers park is fired**. A
//! wake-up that is lost leaves a worker blocked for ever, which the model checker reports as a
//! deadlock.

use loom::model::Builder;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Notify};
use loom::thread;

use super::idle::{Cancelled, Idle};
use super::keeper::{Keeper, NEVER};

/// Explores `model` up to a number of forced switches. These numbers find each single fence's
/// absence.
fn explore(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// The workers of a scheduler with one queue.
struct World {
    idle: Idle,
    queue: AtomicUsize,
    /// Tasks not yet run. Whoever runs the last ends the model.
    left: AtomicUsize,
    stopping: AtomicBool,
    parkers: Vec<Notify>,
    /// Turns do not end before the last task's has begun.
    long: bool,
    last_begun: [Notify; 2],
}

impl World {
    fn new(workers: usize, tasks: usize, long: bool) -> Arc<Self> {
        Arc::new(Self {
            idle: Idle::new(workers),
            queue: AtomicUsize::new(0),
            left: AtomicUsize::new(tasks),
            stopping: AtomicBool::new(false),
            parkers: (0..workers).map(|_| Notify::new()).collect(),
            long,
            last_begun: [Notify::new(), Notify::new()],
        })
    }

    fn push(&self) {
        self.queue.fetch_add(1, Ordering::Relaxed);
        self.wake_one();
    }

    fn wake_one(&self) {
        if let Some(worker) = self.idle.notify(None) {
            self.parkers[worker].notify();
        }
    }

    fn work_visible(&self) -> bool {
        self.queue.load(Ordering::Relaxed) != 0
    }

    fn take(&self) -> bool {
        let less = |tasks: usize| tasks.checked_sub(1);
        self.work_visible()
            && self.queue.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    fn run(&self, worker: usize) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.stopping.store(true, Ordering::Release);
            self.parkers.iter().chain(&self.last_begun).for_each(Notify::notify);
        }
        while self.long && !self.is_stopping() {
            self.last_begun[worker].wait();
        }
    }

    /// The worker's loop, without the parts that these models are not about.
    fn serve(&self, worker: usize) {
        let mut searching = false;
        while !self.is_stopping() {
            if self.take() {
                if searching && self.idle.end_search() && self.work_visible() {
                    self.wake_one();
                }
                searching = false;
                self.run(worker);
            } else if !searching && self.idle.try_search() {
                searching = true;
            } else {
                searching = self.sleep(worker, searching);
            }
        }
    }

    fn sleep(&self, worker: usize, searching: bool) -> bool {
        let last = self.idle.park(worker, searching);
        if last && self.work_visible() {
            self.idle.search_on(worker);
            return true;
        }
        while self.idle.is_parked(worker) && !self.is_stopping() {
            self.parkers[worker].wait();
        }
        self.idle.cancel(worker) == Cancelled::Woken
    }
}

/// `workers` serve while each of `producers` pushes so many tasks; all of them are run, at once if
/// turns are `long`.
fn all_run(workers: usize, producers: &[usize], long: bool) {
    let world = World::new(workers, producers.iter().sum(), long);
    let serve = |worker| {
        let world = Arc::clone(&world);
        thread::spawn(move || world.serve(worker))
    };
    let produce = |tasks: usize| {
        let world = Arc::clone(&world);
        thread::spawn(move || (0..tasks).for_each(|_| world.push()))
    };
    let mut threads: Vec<_> = (1..workers).map(serve).collect();
    threads.extend(producers.iter().copied().map(produce));
    // The model's own thread is the first worker.
    world.serve(0);
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
    assert_eq!(world.left.load(Ordering::Relaxed), 0);
}

#[test]
fn a_lone_worker_runs_what_is_pushed_while_it_parks() {
    explore(3, || all_run(1, &[2], false));
}

#[test]
fn a_lone_worker_runs_what_two_push_while_it_parks() {
    explore(3, || all_run(1, &[1, 1], false));
}

#[test]
fn two_workers_run_what_is_pushed_while_they_park() {
    explore(2, || all_run(2, &[1], false));
}

#[test]
fn two_workers_run_both_tasks_of_one_that_pushes_while_they_park() {
    explore(1, || all_run(2, &[2], false));
}

#[test]
fn two_workers_run_what_two_push_while_they_park() {
    explore(1, || all_run(2, &[1, 1], false));
}

#[test]
fn a_task_does_not_wait_behind_a_long_turn_while_a_worker_parks() {
    explore(2, || all_run(2, &[2], true));
}

/// Sleepers and one timer, armed by a thread that is no worker.
struct Clock {
    keeper: Keeper,
    armed: AtomicBool,
    fired: AtomicBool,
    parkers: Vec<Notify>,
}

impl Clock {
    /// A worker that has no work: it ticks, offers to keep time until `until`, and sleeps.
    fn sleep(&self, worker: usize, until: u64) {
        while !self.fired.load(Ordering::Acquire) {
            let epoch = self.keeper.epoch();
            if self.armed.load(Ordering::Relaxed) {
                self.fired.store(true, Ordering::Release);
                self.parkers.iter().for_each(Notify::notify);
                return;
            }
            let keeps = self.keeper.take(worker, until);
            while !self.fired.load(Ordering::Acquire)
                && !(keeps && self.keeper.changed_since(epoch))
            {
                self.parkers[worker].wait();
            }
            self.keeper.leave(worker);
        }
    }

    fn arm(&self) {
        self.armed.store(true, Ordering::Relaxed);
        if let Some(worker) = self.keeper.changed() {
            self.parkers[worker].notify();
        }
    }
}

/// One sleeper for each deadline; a timer is armed; someone fires it.
fn fires(deadlines: &[u64]) {
    let clock = Arc::new(Clock {
        keeper: Keeper::new(),
        armed: AtomicBool::new(false),
        fired: AtomicBool::new(false),
        parkers: deadlines.iter().map(|_| Notify::new()).collect(),
    });
    let sleep = |(worker, until): (usize, u64)| {
        let clock = Arc::clone(&clock);
        thread::spawn(move || clock.sleep(worker, until))
    };
    let threads: Vec<_> = deadlines.iter().copied().enumerate().map(sleep).collect();
    clock.arm();
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
}

#[test]
fn a_timer_armed_while_the_keeper_goes_to_sleep_fires() {
    explore(3, || fires(&[NEVER]));
}

#[test]
fn a_timer_armed_while_two_go_to_sleep_fires() {
    explore(3, || fires(&[NEVER, NEVER]));
}

#[test]
fn a_timer_armed_while_one_keeper_displaces_another_fires() {
    explore(3, || fires(&[NEVER, 1]));
}
