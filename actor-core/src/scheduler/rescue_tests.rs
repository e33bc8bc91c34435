//! Rescue with real threads: turns that do not end until the test lets them, by computing or by
//! blocking. What must happen is waited for with a limit.

use std::sync::Weak;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;

use super::rig::{AWAY, Fake, Job, LIMIT, Rig, collect, gate, rig_of};
use super::*;

/// A scheduler with a pool.
fn rig(
    workers: usize,
    rescuers: usize,
    body: impl Fn(&Scheduler<Job>, Job, usize) -> After + Send + Sync + 'static,
) -> Rig {
    rig_of(workers, (rescuers, LIMIT), body)
}

/// Computes until it is let go.
fn spin(free: &AtomicBool) {
    let begin = Instant::now();
    while !free.load(SeqCst) && begin.elapsed() < LIMIT {
        std::hint::spin_loop();
    }
}

#[test]
fn a_worker_that_blocks_loses_its_seat_and_the_others_tasks_run() {
    let (gate, entered, open) = gate();
    let (done, ran) = channel();
    let rig = rig(1, 1, move |_, job, seat| {
        if job == Job(1) {
            gate.pass();
        } else {
            done.send((job.0, seat)).expect("the test waits");
        }
        After::Done
    });
    rig.push([1], Priority::Normal);
    collect(&entered, 1);
    rig.push([2, 3], Priority::Normal);
    assert_eq!(collect(&ran, 2), [(2, 0), (3, 0)], "on the seat, by another thread");
    open.send(()).expect("the gate waits");
    rig.end();
    assert_eq!(rig.hooks.rescued(), [Job(1)]);
}

#[test]
fn a_worker_that_computes_loses_its_seat_and_the_others_tasks_run() {
    let free = Arc::new(AtomicBool::new(false));
    let (done, ran) = channel();
    let let_go = Arc::clone(&free);
    let rig = rig(1, 1, move |_, job, _| {
        if job == Job(1) {
            spin(&let_go);
        } else {
            done.send(job).expect("the test waits");
        }
        After::Done
    });
    rig.push([1, 2], Priority::Normal);
    assert_eq!(collect(&ran, 1), [Job(2)]);
    free.store(true, SeqCst);
    rig.end();
    assert_eq!(rig.hooks.rescued(), [Job(1)]);
}

#[test]
fn what_a_stuck_turn_has_queued_before_and_queues_afterwards_is_run() {
    let (gate, entered, open) = gate();
    let (done, ran) = channel();
    let rig = rig(1, 1, move |scheduler, job, _| {
        if job == Job(1) {
            (2..=9).for_each(|job| scheduler.schedule(Job(job), Priority::Normal));
            gate.pass();
            (10..=19).for_each(|job| scheduler.schedule(Job(job), Priority::Normal));
            gate.pass();
        } else {
            done.send(job.0).expect("the test waits");
        }
        After::Done
    });
    rig.push([1], Priority::Normal);
    collect(&entered, 1);
    let mut before = collect(&ran, 8);
    before.sort_unstable();
    assert_eq!(before, Vec::from_iter(2..=9));
    open.send(()).expect("the gate waits");
    collect(&entered, 1);
    assert_eq!(collect(&ran, 10), Vec::from_iter(10..=19), "by the injector, in order");
    open.send(()).expect("the gate waits");
    rig.end();
}

#[test]
fn a_turn_that_was_stuck_and_wants_more_goes_on_at_a_worker() {
    let (gate, entered, open) = gate();
    let (done, ran) = channel();
    let turns = AtomicUsize::new(0);
    let rig = rig(1, 1, move |_, _, seat| {
        if turns.fetch_add(1, SeqCst) == 0 {
            gate.pass();
            return After::Again(Priority::Normal);
        }
        done.send(seat).expect("the test waits");
        After::Done
    });
    rig.push([1], Priority::Normal);
    collect(&entered, 1);
    rig.rescued(1);
    open.send(()).expect("the gate waits");
    assert_eq!(collect(&ran, 1), [0]);
    rig.end();
}

#[test]
fn a_thread_that_was_stuck_rescues_the_next() {
    let (gate, entered, open) = gate();
    let rig = rig(1, 1, move |_, _, _| {
        gate.pass();
        After::Done
    });
    // With one thread beyond the worker each rescue needs the thread that was stuck before.
    for job in 1..=20 {
        rig.push([job], Priority::Normal);
        collect(&entered, 1);
        rig.rescued(job);
        open.send(()).expect("the gate waits");
    }
    rig.end();
    assert_eq!(rig.hooks.rescued(), Vec::from_iter((1..=20).map(Job)));
}

#[test]
fn a_lone_task_behind_a_turn_that_nobody_can_rescue_is_run_by_another_worker() {
    let (gate, entered, open) = gate();
    let (done, ran) = channel();
    let rig = rig(2, 1, move |scheduler, job, _| {
        if job == Job(2) {
            // The first is displaced from the next-slot, which by itself wakes nobody.
            (3..=4).for_each(|job| scheduler.schedule(Job(job), Priority::Normal));
        }
        if job.0 <= 2 {
            gate.pass();
        } else {
            done.send(job.0).expect("the test waits");
        }
        After::Done
    });
    rig.push([1], Priority::Normal);
    collect(&entered, 1);
    rig.rescued(1);
    rig.settle();
    rig.push([2], Priority::Normal);
    collect(&entered, 1);
    let mut ran = collect(&ran, 2);
    ran.sort_unstable();
    assert_eq!(ran, [3, 4]);
    // Once the first is let go there is a thread again.
    assert_eq!(rig.hooks.rescued(), [Job(1)]);
    (0..2).for_each(|_| open.send(()).expect("the gate waits"));
    rig.end();
}

#[test]
fn beyond_the_bound_a_stuck_turn_keeps_its_worker_until_another_ends() {
    let (gate, entered, open) = gate();
    let (done, ran) = channel();
    let rig = rig(1, 2, move |_, job, _| {
        if job.0 <= 3 {
            gate.pass();
        } else {
            done.send(()).expect("the test waits");
        }
        After::Done
    });
    rig.push([1, 2, 3], Priority::Normal);
    collect(&entered, 3);
    let exhausted = || rig.hooks.exhausted.load(SeqCst) == 1;
    rig.until("the bound is reported", exhausted);
    rig.push([4], Priority::Normal);
    assert!(ran.try_recv().is_err());
    open.send(()).expect("the gate waits");
    collect(&ran, 1);
    (0..2).for_each(|_| open.send(()).expect("the gate waits"));
    rig.end();
    assert!(exhausted(), "once a turn");
}

#[test]
fn tasks_of_a_known_kind_take_no_worker_and_share_what_threads_there_are() {
    let (gate, entered, open) = gate();
    let (done, ran) = channel();
    let rig = rig(1, 2, move |_, job, seat| {
        if job.0 < 100 {
            assert_eq!(seat, AWAY);
            gate.pass();
        } else {
            done.send(seat).expect("the test waits");
        }
        After::Done
    });
    rig.hooks.away_below.store(100, SeqCst);
    rig.push(1..=6, Priority::Normal);
    collect(&entered, 2);
    rig.push([100], Priority::Normal);
    assert_eq!(collect(&ran, 1), [0]);
    (0..6).for_each(|_| open.send(()).expect("the gate waits"));
    collect(&entered, 4);
    rig.end();
    assert_eq!(rig.hooks.rescued(), []);
}

#[test]
fn threads_that_nobody_needs_leave_and_come_again_by_the_same_numbers() {
    let (gate, entered, open) = gate();
    let body = move |_: &Scheduler<Job>, job: Job, _| {
        if job.0 < 100 {
            gate.pass();
        }
        After::Done
    };
    let rig = rig_of(1, (6, Duration::from_millis(1)), body);
    rig.hooks.away_below.store(100, SeqCst);
    let running = || rig.scheduler.shared.threads.running();
    for _ in 0..20 {
        rig.push(1..=6, Priority::Normal);
        // The worker and the monitor, and one for each.
        collect(&entered, 6);
        assert_eq!(running().0, 2 + 6, "as many as there may be");
        (0..6).for_each(|_| open.send(()).expect("the gate waits"));
        let few = 2 + crate::limits::RESCUE_WARM;
        rig.until("the others leave", || (few..=few + 1).contains(&running().0));
        rig.until("nothing is kept of them", || running().1 <= few + 1);
    }
    rig.end();
    assert_eq!(Arc::strong_count(&rig.hooks), 1, "the threads hold nothing");
}

#[test]
fn a_thread_that_leaves_while_it_is_needed_costs_no_task() {
    let (done, ran) = channel();
    let body = move |_: &Scheduler<Job>, _: Job, _| {
        done.send(()).expect("the test waits");
        After::Done
    };
    // They leave as soon as they have come.
    let rig = rig_of(1, (8, Duration::ZERO), body);
    rig.hooks.away_below.store(100, SeqCst);
    for _ in 0..300 {
        rig.push(1..=20, Priority::Normal);
        collect(&ran, 20);
    }
    rig.end();
}

#[test]
fn a_task_that_says_so_goes_on_beside_the_workers() {
    let (done, ran) = channel();
    let rig = rig(1, 1, move |_, _, seat| {
        if seat != AWAY {
            return After::Away(Priority::Normal);
        }
        done.send(()).expect("the test waits");
        After::Done
    });
    rig.push(1..=50, Priority::Normal);
    collect(&ran, 50);
    rig.end();
}

#[test]
fn a_timer_armed_by_a_stuck_turn_fires_while_the_worker_sleeps() {
    let (gate, entered, open) = gate();
    let (done, fired) = channel();
    let hooks: Arc<OnceLock<Weak<Fake>>> = Arc::default();
    let known = Arc::clone(&hooks);
    let rig = rig(1, 1, move |scheduler, job, _| {
        if job == Job(1) {
            done.send(()).expect("the test waits");
            return After::Done;
        }
        gate.pass();
        let hooks = known.get().and_then(Weak::upgrade).expect("the test holds it");
        hooks.arm(Duration::from_millis(2));
        scheduler.timers_changed();
        gate.pass();
        After::Done
    });
    hooks.set(Arc::downgrade(&rig.hooks)).expect("set once");
    rig.push([2], Priority::Normal);
    collect(&entered, 1);
    rig.rescued(1);
    rig.settle();
    open.send(()).expect("the gate waits");
    collect(&fired, 1);
    open.send(()).expect("the gate waits");
    rig.end();
}

#[test]
fn a_stop_with_a_stuck_turn_names_its_thread_and_ends_when_that_does() {
    let (gate, entered, open) = gate();
    let rig = rig(2, 2, move |_, _, _| {
        gate.pass();
        After::Done
    });
    rig.push([1], Priority::Normal);
    collect(&entered, 1);
    rig.rescued(1);
    rig.scheduler.stop();
    let running = rig.scheduler.join(Instant::now() + Duration::from_millis(200));
    assert_eq!(running.expect_err("one is held").len(), 1);
    open.send(()).expect("the gate waits");
    rig.end();
    assert_eq!(Arc::strong_count(&rig.hooks), 1, "the threads hold nothing");
}

#[test]
fn the_monitor_sleeps_with_the_workers_and_wakes_with_them() {
    let (gate, entered, open) = gate();
    let rig = rig(2, 2, move |_, _, _| {
        gate.pass();
        After::Done
    });
    for job in 1..=3 {
        rig.settle();
        rig.until("the monitor sleeps", || rig.scheduler.shared.doze.is_asleep());
        rig.push([job], Priority::Normal);
        collect(&entered, 1);
        rig.rescued(job);
        open.send(()).expect("the gate waits");
    }
    rig.end();
}
