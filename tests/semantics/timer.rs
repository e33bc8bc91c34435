//! Timers: never early, in order, cancelled for good, gone with their process.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use actor_core::{Context, ExitReason, Process, Timer, handlers};

use crate::kit::{MOMENT, WATCHDOG, on, until, up};

const MS: Duration = Duration::from_millis(1);

/// A process that tells when what came.
#[derive(Process)]
struct Clock {
    tell: Sender<(u64, Instant)>,
    timers: Vec<Timer>,
}

#[handlers]
impl Clock {
    #[cast]
    fn ring(&mut self, n: u64) {
        let _ = self.tell.send((n, Instant::now()));
    }
    /// Arms timers with these delays; they carry their numbers. Answers between which two instants
    /// each one's deadline is: who arms them may be preempted.
    #[call]
    fn arm(&mut self, cx: &mut Context<Self>, delays: Vec<Duration>) -> Vec<(Instant, Instant)> {
        let mut deadlines = Vec::new();
        for (n, delay) in (0..).zip(delays) {
            let before = Instant::now();
            self.timers.push(cx.send_after(delay, ClockMessage::Ring { n }));
            // Nobody asks for one that is beyond all time.
            let at = |armed: Instant| armed.checked_add(delay).unwrap_or(armed);
            deadlines.push((at(before), at(Instant::now())));
        }
        deadlines
    }
    #[call]
    fn tick(&mut self, cx: &mut Context<Self>, period: Duration) -> Instant {
        let (now, mut n) = (Instant::now(), 0);
        let make = move || {
            n += 1;
            ClockMessage::Ring { n }
        };
        self.timers.push(cx.send_interval(period, make));
        now
    }
    #[call]
    fn cancel(&mut self) -> Vec<bool> {
        self.timers.iter().map(|timer| timer.cancel().is_some()).collect()
    }
    #[call]
    async fn nap(&mut self, cx: &mut Context<Self>, delay: Duration) -> Duration {
        let begin = Instant::now();
        cx.sleep(delay).await;
        begin.elapsed()
    }
    #[call]
    async fn bounded(&mut self, cx: &mut Context<Self>, limit: Duration) -> (bool, Duration) {
        let begin = Instant::now();
        let outcome = cx.timeout(limit, std::future::pending::<()>()).await;
        (outcome.is_err(), begin.elapsed())
    }
    #[call]
    async fn migrate(&mut self, cx: &mut Context<Self>, count: u64) -> Vec<(Instant, Instant)> {
        let mut deadlines = Vec::new();
        for n in 0..count {
            let delay = Duration::from_millis(count - n) + 20 * MS;
            let before = Instant::now();
            self.timers.push(cx.send_after(delay, ClockMessage::Ring { n }));
            deadlines.push((before + delay, Instant::now() + delay));
            cx.sleep(Duration::from_micros(50)).await;
        }
        deadlines
    }
}

fn clock() -> (Clock, Receiver<(u64, Instant)>) {
    let (tell, told) = channel();
    (Clock { tell, timers: Vec::new() }, told)
}

/// 9.1: a timer is never early; a delay of nothing is legal.
#[test]
fn a_timer_is_never_early() {
    on(2, |rt| {
        let (what, told) = clock();
        let clock = up(rt, what);
        let delays: Vec<Duration> = (0..200).map(|n| Duration::from_micros(n * 37)).collect();
        let armed = clock.arm(delays.clone()).blocking().expect("armed");
        for _ in 0..delays.len() {
            let (n, at) = told.recv_timeout(WATCHDOG).expect("it fires");
            assert!(at >= armed[n as usize].0, "{n} is early");
        }
    });
}

/// 9.2: timers with deadlines a millisecond and more apart come in the order of the deadlines.
#[test]
fn distinct_deadlines_fire_in_order() {
    on(2, |rt| {
        let (what, told) = clock();
        let clock = up(rt, what);
        let mut delays: Vec<Duration> = (0..100).map(|n| 2 * MS * n).collect();
        delays.reverse();
        let deadlines = clock.arm(delays).blocking().expect("armed");
        fire_in_order(&told, &deadlines);
    });
}

/// The next timers fire in the order of their deadlines, as far as that is known.
fn fire_in_order(told: &Receiver<(u64, Instant)>, deadlines: &[(Instant, Instant)]) {
    let next = || told.recv_timeout(WATCHDOG).expect("it fires").0 as usize;
    let order: Vec<usize> = deadlines.iter().map(|_| next()).collect();
    for pair in order.windows(2) {
        let (earliest, latest) = (deadlines[pair[0]].0, deadlines[pair[1]].1);
        assert!(earliest <= latest, "{pair:?} in {order:?}");
    }
}

/// 9.2: also when they were armed from several cores and are late.
#[test]
fn late_timers_armed_on_several_cores_fire_in_order() {
    #[derive(Process)]
    struct Hog;
    #[handlers]
    impl Hog {
        #[cast]
        fn spin(&mut self, time: Duration) {
            let begin = Instant::now();
            while begin.elapsed() < time {
                std::hint::spin_loop();
            }
        }
    }
    on(4, |rt| {
        for _ in 0..3 {
            let (what, told) = clock();
            let clock = up(rt, what);
            let hogs: Vec<_> = (0..4).map(|_| up(rt, Hog)).collect();
            let deadlines = clock.migrate(30).blocking().expect("armed");
            hogs.iter().for_each(|hog| hog.spin(60 * MS).expect("room"));
            fire_in_order(&told, &deadlines);
        }
    });
}

/// 9.3, 9.4: a cancelled timer never arrives; to cancel again, or too late, is `false`.
#[test]
fn a_cancelled_timer_never_arrives() {
    on(2, |rt| {
        let (what, told) = clock();
        let clock = up(rt, what);
        clock.arm(vec![20 * MS; 50]).blocking().expect("armed");
        assert_eq!(clock.cancel().blocking(), Ok(vec![true; 50]));
        assert_eq!(clock.cancel().blocking(), Ok(vec![false; 50]));
        assert_eq!(rt.timer_count(), 0);
        assert!(told.recv_timeout(MOMENT).is_err());
        clock.arm(vec![Duration::ZERO]).blocking().expect("armed");
        told.recv_timeout(WATCHDOG).expect("it fires");
        assert!(!clock.cancel().blocking().expect("it answers")[50]);
    });
}

/// 9.3: of a cancel that races with the firing, `true` means that nothing arrives.
#[test]
fn a_cancel_that_says_true_is_right() {
    on(2, |rt| {
        for turn in 0..300 {
            let (what, told) = clock();
            let clock = up(rt, what);
            clock.arm(vec![Duration::from_micros(turn % 100); 8]).blocking().expect("armed");
            let cancelled = clock.cancel().blocking().expect("it answers");
            let stopped = clock.stop(ExitReason::Normal);
            until("none is left", || rt.timer_count() == 0);
            stopped.blocking();
            for (n, _) in told.iter() {
                assert!(!cancelled[n as usize], "{n} was cancelled and came");
            }
        }
    });
}

/// 9.7: timers die with their process.
#[test]
fn timers_die_with_their_process() {
    on(2, |rt| {
        for turn in 0..20 {
            let (what, told) = clock();
            let clock = up(rt, what);
            clock.arm(vec![Duration::from_secs(3_600); 100]).blocking().expect("armed");
            clock.tick(MS).blocking().expect("armed");
            let nap = clock.nap(Duration::from_secs(3_600)).no_timeout().request();
            // The ticker's may be in the firing, and the nap not begun.
            assert!(rt.timer_count() >= 100);
            if turn % 2 == 0 {
                clock.kill()
            } else {
                clock.exit(ExitReason::Shutdown)
            }
            clock.closed().blocking();
            assert!(futures::executor::block_on(nap).is_err());
            until("none is left", || rt.timer_count() == 0);
            drop(told);
        }
    });
}

/// 9.7: also the only one of a process that has nothing else, and the one armed when it had fired.
#[test]
fn the_only_timer_of_a_process_dies_with_it() {
    on(2, |rt| {
        for turn in 0..30 {
            let (what, told) = clock();
            let clock = up(rt, what);
            if turn % 3 > 0 {
                clock.arm(vec![Duration::ZERO]).blocking().expect("armed");
                told.recv_timeout(WATCHDOG).expect("it fires");
            }
            clock.arm(vec![Duration::from_secs(3_600)]).blocking().expect("armed");
            if turn % 3 == 2 {
                clock.arm(vec![Duration::from_secs(3_600)]).blocking().expect("armed");
            }
            assert!(rt.timer_count() >= 1);
            if turn % 2 == 0 {
                clock.kill()
            } else {
                clock.exit(ExitReason::Shutdown)
            }
            clock.closed().blocking();
            until("none is left", || rt.timer_count() == 0);
        }
    });
}

/// 9.10: huge delays are legal.
#[test]
fn huge_delays_are_legal() {
    on(2, |rt| {
        let (what, told) = clock();
        let clock = up(rt, what);
        clock.arm(vec![Duration::MAX, Duration::from_secs(1 << 40)]).blocking().expect("armed");
        clock.arm(vec![MS]).blocking().expect("armed");
        assert_eq!(told.recv_timeout(WATCHDOG).expect("it fires").0, 0);
        assert!(told.try_recv().is_err());
    });
}

/// 9.11: a hundred thousand timers all fire.
#[test]
fn a_hundred_thousand_timers_all_fire() {
    on(2, |rt| {
        let clocks: Vec<_> = (0..10)
            .map(|_| {
                let (what, told) = clock();
                let clock = up(rt, what);
                let delays = (0..10_000).map(|n| Duration::from_micros(n * 7)).collect();
                clock.arm(delays).blocking().expect("armed");
                (clock, told)
            })
            .collect();
        for (_, told) in &clocks {
            let mut seen = vec![false; 10_000];
            for _ in 0..10_000 {
                let (n, _) = told.recv_timeout(WATCHDOG).expect("it fires");
                assert!(!std::mem::replace(&mut seen[n as usize], true), "{n} came twice");
            }
        }
        assert_eq!(rt.timer_count(), 0);
    });
}

/// 9.12: an interval does not drift: the n-th tick comes at n periods and not before.
#[test]
fn an_interval_does_not_drift() {
    on(2, |rt| {
        let (what, told) = clock();
        let clock = up(rt, what);
        let period = 2 * MS;
        let armed = clock.tick(period).blocking().expect("armed");
        let (mut last, mut slots) = (0, Vec::new());
        for _ in 0..50 {
            let (n, at) = told.recv_timeout(WATCHDOG).expect("it ticks");
            assert_eq!(n, last + 1);
            last = n;
            let slot = (at - armed).as_nanos() / period.as_nanos();
            assert!(slot >= u128::from(n), "tick {n} is early");
            slots.push(slot);
        }
        // Each tick is sent in the period of its own deadline, so no two are in one period, unless
        // the machine made one of them late.
        assert!(slots.windows(2).all(|pair| pair[0] <= pair[1]));
        assert_eq!(clock.cancel().blocking().expect("it answers").len(), 1);
        until("none is left", || rt.timer_count() == 0);
    });
}

/// `sleep` and `timeout` are never early.
#[test]
fn sleeps_and_bounds_are_never_early() {
    on(2, |rt| {
        let clock = up(rt, clock().0);
        for n in 0..20 {
            let delay = Duration::from_micros(n * 333);
            assert!(clock.nap(delay).blocking().expect("it wakes") >= delay);
            let (elapsed, took) = clock.bounded(delay).blocking().expect("it wakes");
            assert!(elapsed && took >= delay);
        }
        assert_eq!(rt.timer_count(), 0);
    });
}
