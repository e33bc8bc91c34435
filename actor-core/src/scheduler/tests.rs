//! The scheduler with real threads. Nothing here waits for a length of time but to see that time is
//! kept; what must happen is waited for with a limit, so that a failure ends.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{OnceLock, Weak};
use std::thread;

use super::rig::{Fake, Job, LIMIT, Rig, collect, gate, rig_of};
use super::*;
use crate::sync::StaticMutex as Mutex;

/// One in which stuck turns keep their workers.
fn rig(
    workers: usize,
    body: impl Fn(&Scheduler<Job>, Job, usize) -> After + Send + Sync + 'static,
) -> Rig {
    rig_of(workers, (0, LIMIT), body)
}

#[test]
fn every_task_of_many_producers_runs_exactly_once() {
    const PRODUCERS: usize = 4;
    const EACH: usize = 5_000;
    let runs: Arc<Vec<AtomicUsize>> =
        Arc::new((0..=PRODUCERS * EACH).map(|_| AtomicUsize::new(0)).collect());
    let (done, ended) = channel();
    let left = AtomicUsize::new(PRODUCERS * EACH);
    let seen = Arc::clone(&runs);
    let rig = rig(3, move |_, job, _| {
        seen[job.0].fetch_add(1, SeqCst);
        if left.fetch_sub(1, SeqCst) == 1 {
            done.send(()).expect("the test waits");
        }
        After::Done
    });
    let priorities = [Priority::Low, Priority::Normal, Priority::High, Priority::Max];
    thread::scope(|scope| {
        for producer in 0..PRODUCERS {
            let rig = &rig;
            scope.spawn(move || {
                for i in 1..=EACH {
                    rig.push([producer * EACH + i], priorities[i % 4]);
                }
            });
        }
    });
    collect(&ended, 1);
    rig.end();
    assert!(runs[1..].iter().all(|count| count.load(SeqCst) == 1));
    assert_eq!(rig.scheduler.take_left(), None);
}

#[test]
fn one_task_at_a_time_from_outside_is_never_forgotten() {
    // Each push finds the workers asleep or on their way there.
    let (done, ended) = channel();
    let rig = rig(2, move |_, _, _| {
        done.send(()).expect("the test waits");
        After::Done
    });
    for job in 1..=3_000 {
        rig.push([job], Priority::Normal);
        collect(&ended, 1);
    }
    rig.end();
}

#[test]
fn a_turn_that_makes_thousands_runnable_loses_none() {
    const TASKS: usize = 5_000;
    let (done, ran) = channel();
    let rig = rig(2, move |scheduler, job, _| {
        if job == Job(1) {
            (2..=TASKS).for_each(|i| scheduler.schedule(Job(i), Priority::Normal));
        }
        done.send(job).expect("the test waits");
        After::Done
    });
    rig.push([1], Priority::Normal);
    let ran: HashSet<Job> = collect(&ran, TASKS).into_iter().collect();
    rig.end();
    assert_eq!(ran.len(), TASKS);
}

#[test]
fn a_task_that_asks_for_another_turn_gets_it() {
    let (done, ended) = channel();
    let turns = AtomicUsize::new(0);
    let rig = rig(2, move |_, _, _| match turns.fetch_add(1, SeqCst) {
        1_000 => {
            done.send(()).expect("the test waits");
            After::Done
        }
        turn if turn % 2 == 0 => After::Again(Priority::Normal),
        _ => After::Again(Priority::Low),
    });
    rig.push([1], Priority::Normal);
    collect(&ended, 1);
    rig.end();
}

/// What ran after job 1 had let all that `fill` pushes pile up on a lone worker.
fn order(jobs: usize, fill: impl FnOnce(&Rig)) -> Vec<usize> {
    let (gate, entered, open) = gate();
    let (done, ran) = channel();
    let rig = rig(1, move |_, job, _| {
        if job == Job(1) {
            gate.pass();
        } else {
            done.send(job.0).expect("the test waits");
        }
        After::Done
    });
    rig.push([1], Priority::Max);
    collect(&entered, 1);
    fill(&rig);
    open.send(()).expect("the gate waits");
    let ran = collect(&ran, jobs);
    rig.end();
    ran
}

#[test]
fn max_runs_before_high_and_high_before_the_rest() {
    let ran = order(8, |rig| {
        rig.push([8, 9], Priority::Low);
        rig.push([6, 7], Priority::Normal);
        rig.push([4, 5], Priority::High);
        rig.push([2, 3], Priority::Max);
    });
    assert_eq!(ran[..4], [2, 3, 4, 5]);
}

#[test]
fn low_runs_one_time_in_eight() {
    let ran = order(220, |rig| {
        rig.push(1_000..1_200, Priority::Normal);
        rig.push(2_000..2_020, Priority::Low);
    });
    let low = ran[..80].iter().filter(|job| **job >= 2_000).count();
    assert!((9..=11).contains(&low), "{low} of 80");
}

#[test]
fn the_woken_run_before_the_expired_but_do_not_starve_them() {
    // Job 2 always asks for another turn; 3 and 4 wake each other for ever.
    let (done, ran) = channel();
    let rig = rig(1, move |scheduler, job, _| {
        let _ = done.send(job.0);
        match job.0 {
            1 => [2, 3].into_iter().for_each(|job| scheduler.schedule(Job(job), Priority::Normal)),
            2 => return After::Again(Priority::Normal),
            3 => scheduler.schedule(Job(4), Priority::Normal),
            _ => scheduler.schedule(Job(3), Priority::Normal),
        }
        After::Done
    });
    rig.push([1], Priority::Normal);
    let ran = collect(&ran, 1_000);
    rig.end();
    let expired = ran[100..].iter().filter(|job| **job == 2).count();
    assert!((90..=200).contains(&expired), "{expired} of 900");
}

#[test]
fn a_hot_pair_does_not_starve_the_deque() {
    // The pair goes on until job 4 has run, which waits in the deque behind it.
    let (done, ended) = channel();
    let over = AtomicBool::new(false);
    let rig = rig(1, move |scheduler, job, _| {
        match job.0 {
            1 => [4, 2].into_iter().for_each(|job| scheduler.schedule(Job(job), Priority::Normal)),
            4 => {
                over.store(true, SeqCst);
                done.send(()).expect("the test waits");
            }
            _ if over.load(SeqCst) => {}
            other => scheduler.schedule(Job(5 - other), Priority::Normal),
        }
        After::Done
    });
    rig.push([1], Priority::Normal);
    collect(&ended, 1);
    rig.end();
}

#[test]
fn a_hot_pair_stays_on_one_worker_and_wakes_nobody() {
    const HANDOFFS: usize = 50_000;
    let (done, ended) = channel();
    let seats = Arc::new(Mutex::new(HashSet::new()));
    let (seen, turns) = (Arc::clone(&seats), AtomicUsize::new(0));
    let rig = rig(2, move |scheduler, job, seat| {
        seen.lock().insert(seat);
        if turns.fetch_add(1, SeqCst) < HANDOFFS {
            scheduler.schedule(Job(3 - job.0), Priority::Normal);
        } else {
            done.send(()).expect("the test waits");
        }
        After::Done
    });
    rig.settle();
    rig.push([1], Priority::Normal);
    collect(&ended, 1);
    rig.end();
    assert_eq!(seats.lock().len(), 1);
}

#[test]
fn a_lone_task_that_asks_for_more_turns_stays_on_one_worker() {
    let (done, ended) = channel();
    let seats = Arc::new(Mutex::new(HashSet::new()));
    let (seen, turns) = (Arc::clone(&seats), AtomicUsize::new(0));
    let rig = rig(2, move |_, _, seat| {
        seen.lock().insert(seat);
        if turns.fetch_add(1, SeqCst) < 10_000 {
            return After::Again(Priority::Normal);
        }
        done.send(()).expect("the test waits");
        After::Done
    });
    rig.settle();
    rig.push([1], Priority::Normal);
    collect(&ended, 1);
    rig.end();
    assert_eq!(seats.lock().len(), 1);
}

#[test]
fn a_task_behind_a_long_turn_is_stolen_from_the_next_slot() {
    let (gate, entered, open) = gate();
    let (done, ran) = channel();
    let rig = rig(2, move |scheduler, job, seat| {
        if job == Job(1) {
            scheduler.schedule(Job(2), Priority::Normal);
            gate.pass();
        } else {
            done.send((job.0, seat)).expect("the test waits");
        }
        After::Done
    });
    rig.settle();
    rig.push([1], Priority::Normal);
    collect(&entered, 1);
    // Wakes the other worker, which then looks further.
    rig.push([3], Priority::Normal);
    let mut ran = collect(&ran, 2);
    assert_eq!(ran[0].1, ran[1].1, "both ran on the worker that is free");
    // The pushed one comes first, as a rule; but that worker may be awake and looking already.
    ran.sort_unstable();
    assert_eq!((ran[0].0, ran[1].0), (2, 3));
    open.send(()).expect("the gate waits");
    rig.end();
}

#[test]
fn a_backlog_behind_a_long_turn_is_stolen() {
    let (gate, entered, open) = gate();
    let (done, ran) = channel();
    // With a thread for rescue: if the other worker has gone to sleep by then, the last job stays
    // in the next-slot until somebody comes for it.
    let rig = rig_of(2, (1, LIMIT), move |scheduler, job, _| {
        if job == Job(1) {
            (2..=100).for_each(|i| scheduler.schedule(Job(i), Priority::Normal));
            gate.pass();
        } else {
            done.send(job.0).expect("the test waits");
        }
        After::Done
    });
    rig.settle();
    rig.push([1], Priority::Normal);
    collect(&entered, 1);
    collect(&ran, 99);
    open.send(()).expect("the gate waits");
    rig.end();
}

#[test]
fn stop_ends_sleeping_workers() {
    let rig = rig(4, |_, _, _| After::Done);
    rig.settle();
    rig.end();
    assert_eq!(rig.hooks.stopped.load(SeqCst), 4);
    assert_eq!(Arc::strong_count(&rig.hooks), 1, "the workers hold nothing");
}

#[test]
fn stop_ends_busy_workers_and_keeps_what_they_left() {
    let rig = rig(2, |_, _, _| After::Again(Priority::Normal));
    rig.push(1..=50, Priority::Normal);
    rig.end();
    let mut left = HashSet::new();
    while let Some(job) = rig.scheduler.take_left() {
        assert!(left.insert(job), "{job:?} twice");
    }
    assert_eq!(left.len(), 50);
}

#[test]
fn join_names_the_threads_that_still_run() {
    let (gate, entered, open) = gate();
    let rig = rig(2, move |_, _, _| {
        gate.pass();
        After::Done
    });
    rig.push([1], Priority::Normal);
    collect(&entered, 1);
    rig.scheduler.stop();
    let running = rig.scheduler.join(Instant::now() + Duration::from_millis(200));
    let running = running.expect_err("one is held");
    assert!(running.iter().any(|name| name == "test-0" || name == "test-1"), "{running:?}");
    open.send(()).expect("the gate waits");
    rig.end();
}

#[test]
fn a_worker_that_joins_does_not_wait_for_itself() {
    let (done, ended) = channel();
    let rig = rig(2, move |scheduler, _, _| {
        scheduler.stop();
        let joined = scheduler.join(Instant::now() + LIMIT);
        done.send(joined).expect("the test waits");
        After::Done
    });
    rig.push([1], Priority::Normal);
    assert_eq!(collect(&ended, 1), [Ok(())]);
    rig.end();
}

#[test]
fn sleeping_workers_do_nothing() {
    let rig = rig(2, |_, _, _| After::Done);
    rig.settle();
    // The last may have announced its sleep and not looked at the time for the last time.
    let before = rig.hooks.ticks.load(SeqCst);
    thread::sleep(Duration::from_millis(60));
    let ticks = rig.hooks.ticks.load(SeqCst) - before;
    rig.end();
    assert!(ticks <= 2, "{ticks} looks at the time while asleep");
}

/// A scheduler whose timer's job reports when it ran.
fn timed(workers: usize) -> (Rig, Receiver<Instant>) {
    let (done, fired) = channel();
    let rig = rig(workers, move |_, job, _| {
        if job == Job(1) {
            let _ = done.send(Instant::now());
            return After::Done;
        }
        After::Again(Priority::Normal)
    });
    (rig, fired)
}

#[test]
fn a_timer_armed_from_outside_fires_while_all_sleep() {
    let (rig, fired) = timed(2);
    for _ in 0..20 {
        rig.settle();
        let due = rig.hooks.arm(Duration::from_millis(5));
        rig.scheduler.timers_changed();
        assert!(collect(&fired, 1)[0] >= due, "early");
    }
    rig.end();
}

#[test]
fn an_earlier_timer_shortens_the_sleep() {
    let (rig, fired) = timed(2);
    rig.hooks.arm(LIMIT * 10);
    rig.scheduler.timers_changed();
    rig.settle();
    let due = rig.hooks.arm(Duration::from_millis(5));
    rig.scheduler.timers_changed();
    assert!(collect(&fired, 1)[0] >= due);
    rig.end();
}

#[test]
fn a_timer_fires_while_all_workers_are_busy() {
    let (rig, fired) = timed(2);
    rig.push([2, 3, 4], Priority::Normal);
    let due = rig.hooks.arm(Duration::from_millis(5));
    assert!(collect(&fired, 1)[0] >= due);
    rig.end();
}

#[test]
fn a_timer_armed_in_a_turn_fires_though_another_keeps_time() {
    let (done, fired) = channel();
    let hooks: Arc<OnceLock<Weak<Fake>>> = Arc::default();
    let known = Arc::clone(&hooks);
    let rig = rig(2, move |scheduler, job, _| {
        if job == Job(1) {
            done.send(()).expect("the test waits");
        } else {
            let hooks = known.get().and_then(Weak::upgrade).expect("the test holds it");
            hooks.arm(Duration::from_millis(2));
            scheduler.timers_changed();
        }
        After::Done
    });
    hooks.set(Arc::downgrade(&rig.hooks)).expect("set once");
    for _ in 0..20 {
        // Some sleeper keeps time for a later timer, or for none.
        rig.hooks.arm(LIMIT * 10);
        rig.scheduler.timers_changed();
        rig.settle();
        rig.push([2], Priority::Normal);
        collect(&fired, 1);
    }
    rig.end();
}

#[test]
fn workers_can_be_bound_and_still_know_the_full_mask() {
    let (done, masks) = channel();
    let hooks = Arc::new(Bound(Mutex::new(done)));
    let config = Config {
        workers: 2,
        pin: Pin::Always,
        rescuers: 0,
        idle: LIMIT,
        thread_name: "bound".into(),
    };
    let scheduler = Scheduler::<Job>::start(config, hooks).expect("the CPUs are allowed");
    for (own, full) in collect(&masks, 2) {
        assert_eq!(full, Some(sys::allowed_cpus().into()));
        assert_eq!(own, 1);
    }
    assert_eq!(full_mask(), None);
    scheduler.stop();
    scheduler.join(Instant::now() + LIMIT).expect("all threads end");
}

/// What one thread reports: how many CPUs it may use itself, and the full mask.
type Masks = (usize, Option<Arc<[usize]>>);

/// Reports, from each thread as it starts, its masks.
struct Bound(Mutex<Sender<Masks>>);

impl Hooks<Job> for Bound {
    fn run(&self, _: Job, _: Option<usize>) -> After {
        After::Done
    }

    fn tick(&self, _: usize) -> Option<Duration> {
        None
    }

    fn thread_started(&self, _: usize) {
        let masks = (sys::allowed_cpus().len(), full_mask());
        self.0.lock().send(masks).expect("the test waits");
    }
}
