//! Two recorders, shared with the peers' package: the ticker's answers and the timers' lateness.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::measure::{Line, Run, cpu_time, quantile};

/// A ticker's period.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// How long a ticker is watched.
const WINDOW: Duration = Duration::from_secs(5);

/// How long a hog of `fair_block` sleeps in its thread, again and again.
pub(crate) const BLOCK: Duration = Duration::from_millis(100);

/// What a ticker has seen: for each tick the time from when it was due to the reply, and the round
/// trip alone, in microseconds.
pub(crate) struct Ticks {
    open: AtomicBool,
    seen: Mutex<Seen>,
}

struct Seen {
    late: Vec<f64>,
    trips: Vec<f64>,
    last: Instant,
}

impl Ticks {
    pub(crate) fn new() -> Arc<Self> {
        let seen = Seen { late: Vec::new(), trips: Vec::new(), last: Instant::now() };
        Arc::new(Self { open: AtomicBool::new(false), seen: Mutex::new(seen) })
    }

    /// The first instant of the ticker's grid after now: ticks that are missed are left out.
    pub(crate) fn next(due: Instant) -> Instant {
        let missed = Instant::now().saturating_duration_since(due).as_nanos() / TICK.as_nanos();
        due + TICK * (missed as u32 + 1)
    }

    /// A tick that was due then and asked then has its reply.
    pub(crate) fn back(&self, due: Instant, asked: Instant) {
        let now = Instant::now();
        let mut seen = self.seen.lock().expect("nobody panics here");
        seen.last = now;
        // Relaxed: a tick more or less at the window's edge changes nothing.
        if self.open.load(Ordering::Relaxed) {
            seen.late.push(micros(now.saturating_duration_since(due)));
            seen.trips.push(micros(now - asked));
        }
    }

    /// Watches the ticker for a while, from a plain thread, once the hogs run.
    pub(crate) fn watch(&self, run: &Run) -> Line {
        let window = run.window(WINDOW);
        let (since, cpu) = (Instant::now(), cpu_time());
        self.open.store(true, Ordering::Relaxed);
        thread::sleep(window);
        self.open.store(false, Ordering::Relaxed);
        let (time, cpu) = (since.elapsed(), cpu_time() - cpu);
        let mut seen = self.seen.lock().expect("nobody panics here");
        let done = seen.late.len();
        // A tick that was never answered counts with its age.
        let age = seen.last.elapsed();
        if age > 50 * TICK {
            seen.late.push(micros(age));
        }
        seen.late.sort_by(f64::total_cmp);
        seen.trips.sort_by(f64::total_cmp);
        let late = |at| quantile(&seen.late, at);
        let trip = |at| quantile(&seen.trips, at);
        let line = Line::new(time, done as u64).with(format!(
            "ticks={done} of={} lat_p50_us={:.1} lat_p99_us={:.1} lat_p999_us={:.1} \
             lat_max_us={:.1} rtt_p50_us={:.1} rtt_p99_us={:.1} rtt_max_us={:.1} \
             window_cpu_s={:.2}",
            window.as_millis() / TICK.as_millis(),
            late(0.5),
            late(0.99),
            late(0.999),
            late(1.0),
            trip(0.5),
            trip(0.99),
            trip(1.0),
            cpu.as_secs_f64(),
        ));
        let starved = (done as u64) < window.as_secs() * 2;
        if starved { line.with("STARVED") } else { line }
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// How late timers were: a histogram that all may write to at once.
pub(crate) struct Lateness {
    buckets: Box<[AtomicU32]>,
    max: AtomicU64,
    early: AtomicU64,
}

impl Lateness {
    /// In microseconds.
    const BUCKET: u64 = 20;

    pub(crate) fn new() -> Arc<Self> {
        let buckets = (0..500_000).map(|_| AtomicU32::new(0)).collect();
        Arc::new(Self { buckets, max: AtomicU64::new(0), early: AtomicU64::new(0) })
    }

    /// A timer that was due then has fired now. Relaxed: read when all timers have fired, after the
    /// latch.
    pub(crate) fn add(&self, due: Instant) {
        let now = Instant::now();
        if now < due {
            self.early.fetch_add(1, Ordering::Relaxed);
        }
        let late = now.saturating_duration_since(due).as_micros() as u64;
        let bucket = (late / Self::BUCKET).min(self.buckets.len() as u64 - 1);
        self.buckets[bucket as usize].fetch_add(1, Ordering::Relaxed);
        self.max.fetch_max(late, Ordering::Relaxed);
    }

    pub(crate) fn text(&self) -> String {
        let max = self.max.load(Ordering::Relaxed) as f64 / 1e3;
        let (p50, p99, early) = (self.at(0.5), self.at(0.99), self.early.load(Ordering::Relaxed));
        format!("late_p50_ms={p50:.2} late_p99_ms={p99:.2} late_max_ms={max:.2} early={early}")
    }

    fn at(&self, share: f64) -> f64 {
        let counts = self.buckets.iter().map(|bucket| u64::from(bucket.load(Ordering::Relaxed)));
        let (total, mut below) = (counts.clone().sum::<u64>(), 0);
        let wanted = (total as f64 * share) as u64;
        let bucket = counts.take_while(|count| {
            below += count;
            below <= wanted
        });
        (bucket.count() as u64 * Self::BUCKET) as f64 / 1e3
    }
}

/// The delay of the i-th timer: 1 to 1,000 ms, in no order.
pub(crate) fn delay(i: u64) -> Duration {
    Duration::from_millis(i.wrapping_mul(7919) % 1000 + 1)
}
