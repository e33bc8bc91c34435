//! Models of `idle` and `keeper`: every interleaving of a few threads, with the queues reduced to a
//! count that is only ever accessed relaxed, so that nothing but the protocol's own fences orders
//! it.
//!
//! What is checked in the first part: **a task pushed while all workers park is run**, and not
//! behind another's turn. In the second: **a timer armed while all workers park is fired**. A
//! wake-up that is lost leaves a worker blocked for ever, which the model checker reports as a
//! deadlock. In the third: **a seat has one occupant at a time, who sees all that those before it
//! did**; **a timer armed by a thread that loses its seat is seen by the next occupant, or told to
//! the keeper**; **the monitor does not sleep while a worker is awake**.

use super::idle::{Cancelled, Idle};
use super::keeper::{Keeper, NEVER};
use super::monitor::Doze;
use super::post::{Post, Stand};
use super::steal::Word;
use crate::sync::{
    Arc, Fences, Ordering, explore, fence, thread,
    world::{AtomicBool, AtomicUsize, Notify},
};

/// The workers of a scheduler with one queue.
struct World {
    idle: Idle,
    queue: AtomicUsize,
    /// Tasks not yet run. Whoever runs the last ends the model.
    left: AtomicUsize,
    stopping: AtomicBool,
    parkers: Vec<Notify>,
    /// How many tasks the first turn leaves to its worker, and wakes nobody for. A plain atomic, of
    /// which the models that are not about it know nothing.
    left_behind: std::sync::atomic::AtomicUsize,
    /// Turns do not end before the last task's has begun.
    long: bool,
    last_begun: [Notify; 2],
}

impl World {
    fn new(workers: usize, [tasks, left_behind]: [usize; 2], long: bool) -> Arc<Self> {
        Arc::new(Self {
            idle: Idle::new(workers),
            queue: AtomicUsize::new(0),
            left: AtomicUsize::new(tasks + left_behind),
            left_behind: left_behind.into(),
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
        let left_behind = self.left_behind.swap(0, Ordering::Relaxed);
        if left_behind > 0 {
            self.queue.fetch_add(left_behind, Ordering::Relaxed);
        }
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
    all_run_of(&World::new(workers, [producers.iter().sum(), 0], long), workers, producers);
}

fn all_run_of(world: &Arc<World>, workers: usize, producers: &[usize]) {
    let serve = |worker| {
        let world = Arc::clone(world);
        thread::spawn(move || world.serve(worker))
    };
    let produce = |tasks: usize| {
        let world = Arc::clone(world);
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

#[test]
fn what_a_turn_leaves_to_its_worker_is_run_though_nobody_is_woken_for_it() {
    explore(1, || all_run_of(&World::new(2, [1, 1], false), 2, &[1]));
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

/// A thread on a seat, which the monitor wants.
struct Table {
    post: Post,
    /// What belongs to the seat: how often it was touched. Not counted atomically, so that a touch
    /// is lost if two touch at a time, or if one does not see what another did before.
    touched: AtomicUsize,
}

impl Table {
    fn new() -> Arc<Self> {
        let post = Post::new(Fences::Unequal);
        post.sit();
        Arc::new(Self { post, touched: AtomicUsize::new(0) })
    }

    fn touch(&self) -> usize {
        self.touched.store(self.touched.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        1
    }

    /// A turn with so many entries; the touches in it, and how the thread stands afterwards.
    fn turn(&self, number: usize, entries: usize) -> (usize, Stand) {
        self.post.begin_turn(task(number));
        let mut touches = 0;
        for _ in 0..entries {
            if let Some(_inside) = self.post.enter() {
                touches += self.touch();
            }
        }
        let stand = self.post.end_turn();
        if stand == Stand::Seated {
            touches += self.touch();
        }
        (touches, stand)
    }

    /// The monitor takes the seat from its first turn if it can, and touches it for its successor.
    fn take(&self) -> usize {
        let taken = self.post.ask(1, || fence(Ordering::SeqCst));
        assert!(taken.is_none_or(|of| of == task(1)), "taken in the turn that was meant");
        taken.map_or(0, |_| self.touch())
    }
}

fn task(number: usize) -> Word {
    Word::new(number).expect("not zero")
}

/// A thread runs turns with so many entries while the monitor wants its seat.
fn one_occupant(turns: &'static [usize]) {
    let table = Table::new();
    let other = Arc::clone(&table);
    let monitor = thread::spawn(move || other.take());
    let (mut touches, mut stand) = (0, Stand::Seated);
    for (index, entries) in turns.iter().enumerate() {
        let (more, now) = table.turn(index + 1, *entries);
        (touches, stand) = (touches + more, now);
        if stand == Stand::Away {
            break;
        }
    }
    let taken = monitor.join().expect("no panic");
    assert_eq!(table.touched.load(Ordering::Relaxed), touches + taken);
    assert_eq!(taken == 1, stand == Stand::Away, "one of the two has the seat");
}

#[test]
fn a_seat_that_is_wanted_during_an_entry_has_one_occupant() {
    explore(3, || one_occupant(&[1]));
}

#[test]
fn a_seat_that_is_wanted_between_two_entries_has_one_occupant() {
    explore(2, || one_occupant(&[2]));
}

#[test]
fn a_seat_that_is_wanted_at_the_end_of_a_turn_has_one_occupant() {
    explore(3, || one_occupant(&[0, 1]));
}

#[test]
fn a_timer_armed_by_one_who_loses_its_seat_is_seen_or_told() {
    explore(3, || {
        let table = Table::new();
        let armed = Arc::new(AtomicBool::new(false));
        table.post.begin_turn(task(1));
        let (other, timer) = (Arc::clone(&table), Arc::clone(&armed));
        let monitor =
            thread::spawn(move || (other.take() == 1).then(|| timer.load(Ordering::Relaxed)));
        armed.store(true, Ordering::Relaxed);
        let told = !table.post.is_held();
        let seen = monitor.join().expect("no panic");
        assert!(told || seen != Some(false), "neither the successor nor the keeper knows");
    });
}

#[test]
fn the_monitor_does_not_sleep_while_a_worker_is_awake() {
    explore(3, || {
        let world = Arc::new((Idle::new(1), Doze::new(), Notify::new()));
        let (idle, ..) = &*world;
        assert!(idle.park(0, false));
        let other = Arc::clone(&world);
        let monitor = thread::spawn(move || {
            let (idle, doze, woken) = &*other;
            // It ends when it knows of the worker: at once, or woken by that.
            doze.lie_down();
            while doze.is_asleep() && idle.parked() == 1 {
                woken.wait();
            }
        });
        let (idle, doze, woken) = &*world;
        assert_eq!(idle.cancel(0), Cancelled::InTime);
        if doze.stir() {
            woken.notify();
        }
        monitor.join().expect("no panic");
    });
}

/// Sizes that `loom` cannot reach.
#[cfg(shuttle)]
mod large {
    use super::*;

    #[test]
    fn many_workers_run_what_many_push_while_they_park() {
        explore(3, || all_run(4, &[3, 3, 3, 3], false));
    }

    #[test]
    fn a_timer_armed_while_many_go_to_sleep_and_displace_each_other_fires() {
        explore(3, || fires(&[NEVER, 3, 2, 1, NEVER]));
    }

    #[test]
    fn a_seat_that_is_wanted_in_one_of_many_turns_has_one_occupant() {
        explore(3, || one_occupant(&[2, 0, 3, 1, 2, 0, 4]));
    }
}
