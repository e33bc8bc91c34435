//! What is handed out when, and in which order.

use std::sync::{Arc, Mutex};

use super::*;

const MS: u64 = 1_000_000;

/// Timers that note their numbers when they fire.
struct Bench {
    timers: Timers,
    fired: Arc<Mutex<Vec<u32>>>,
}

impl Bench {
    fn new(seats: usize) -> Self {
        Self { timers: Timers::new(seats, u32::MAX), fired: Arc::default() }
    }

    fn arm(&self, seat: usize, deadline: u64, number: u32) -> TimerId {
        let fired = Arc::clone(&self.fired);
        let note = Action::Run(Box::new(move || fired.lock().expect("no panic").push(number)));
        self.timers.arm(seat, deadline, note).0
    }

    /// Fires, and answers which did.
    fn fire(&self, now: u64, enough: usize) -> Vec<u32> {
        let count = self.timers.fire(now, enough, |action| {
            if let Action::Run(run) = action {
                run();
            }
        });
        let fired = std::mem::take(&mut *self.fired.lock().expect("no panic"));
        assert_eq!(fired.len(), count);
        fired
    }
}

#[test]
fn timers_of_several_seats_fire_in_the_order_of_their_deadlines() {
    let bench = Bench::new(3);
    for number in 0..300 {
        // Several in a tick, and the seats in turn.
        bench.arm(number as usize % 3, MS + u64::from(number * 7_919 % 300) * MS / 10, number);
    }
    let mut expected: Vec<u32> = (0..300).collect();
    expected.sort_by_key(|number| number * 7_919 % 300);
    assert_eq!(bench.fire(100 * MS, usize::MAX), expected);
    assert_eq!(bench.timers.len(), 0);
}

#[test]
fn who_has_fired_enough_leaves_the_rest_to_the_next() {
    let bench = Bench::new(1);
    (0..100).for_each(|number| _ = bench.arm(0, u64::from(number / 10) * MS, number));
    let first = bench.fire(100 * MS, 25);
    assert_eq!(first, (0..30).collect::<Vec<_>>(), "whole ticks, until there are enough");
    assert_eq!(bench.timers.next_firing(), Some(3 * MS), "at once");
    assert_eq!(bench.fire(100 * MS, usize::MAX), (30..100).collect::<Vec<_>>());
}

#[test]
fn after_a_crowd_the_next_are_left_to_gather_and_a_few_are_not() {
    let bench = Bench::new(1);
    (0..CROWD as u32).for_each(|number| _ = bench.arm(0, MS, number));
    bench.arm(0, MS + 1, 100);
    assert_eq!(bench.fire(MS, usize::MAX).len(), CROWD);
    assert_eq!(bench.timers.next(), Some(MS + 1));
    assert_eq!(bench.timers.next_firing(), Some(MS + GATHER));
    assert_eq!(bench.fire(MS + GATHER, usize::MAX), [100]);
    bench.arm(0, MS + GATHER + 1, 101);
    assert_eq!(bench.timers.next_firing(), Some(MS + GATHER + 1));
}

#[test]
fn a_cancelled_timer_is_not_handed_out() {
    let bench = Bench::new(2);
    let (kept, cancelled) = (bench.arm(1, MS, 1), bench.arm(1, MS, 2));
    assert!(bench.timers.deadline(cancelled).is_some() && bench.timers.cancel(cancelled));
    assert!(bench.timers.deadline(cancelled).is_none() && !bench.timers.cancel(cancelled));
    assert_eq!(bench.fire(MS, usize::MAX), [1]);
    assert!(bench.timers.deadline(kept).is_none());
}

#[test]
fn the_room_for_many_that_are_due_at_once_goes_back() {
    let bench = Bench::new(1);
    for crowd in [DUE_KEPT as u32 / 2, DUE_KEPT as u32 * 8] {
        (0..crowd).for_each(|number| _ = bench.arm(0, MS, number));
        assert_eq!(bench.fire(MS, usize::MAX).len(), crowd as usize);
        let kept = bench.timers.firing.try_with(|due| due.capacity());
        assert!(kept.is_some_and(|kept| kept <= DUE_KEPT), "{kept:?}");
    }
}
