//! A scheduler for tests, whose tasks are numbers and whose turns are a closure.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{OnceLock, Weak};
use std::thread;

use super::*;
use crate::sync::StaticMutex as Mutex;

/// The longest that a test waits for what must happen.
pub(super) const LIMIT: Duration = Duration::from_secs(20);

/// The seat of a turn that has none.
pub(super) const AWAY: usize = usize::MAX;

/// A number from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Job(pub(super) usize);

impl Task for Job {
    fn into_word(self) -> NonZeroUsize {
        NonZeroUsize::new(self.0).expect("jobs count from 1")
    }

    fn from_word(word: NonZeroUsize) -> Self {
        Self(word.get())
    }
}

type Body = dyn Fn(&Scheduler<Job>, Job, usize) -> After + Send + Sync;

/// Hooks made of a closure, and a wheel of one timer that schedules one job.
pub(super) struct Fake {
    body: Box<Body>,
    pub(super) scheduler: OnceLock<Weak<Scheduler<Job>>>,
    born: Instant,
    /// Nanoseconds from `born`; `u64::MAX` when unarmed.
    due: AtomicU64,
    on_timer: Job,
    pub(super) ticks: AtomicUsize,
    pub(super) stopped: AtomicUsize,
    /// Jobs below this are better run without a seat.
    pub(super) away_below: AtomicUsize,
    rescued: Mutex<Vec<Job>>,
    pub(super) exhausted: AtomicUsize,
}

impl Fake {
    /// The jobs that were stuck, in order.
    pub(super) fn rescued(&self) -> Vec<Job> {
        self.rescued.lock().clone()
    }

    pub(super) fn arm(&self, after: Duration) -> Instant {
        let due = Instant::now() + after;
        self.due.store((due - self.born).as_nanos() as u64, SeqCst);
        due
    }
}

impl Hooks<Job> for Fake {
    fn run(&self, task: Job, seat: Option<usize>) -> After {
        let seat = seat.unwrap_or(AWAY);
        let scheduler = self.scheduler.wait().upgrade().expect("the test holds it");
        (self.body)(&scheduler, task, seat)
    }

    fn tick(&self, _seat: usize) -> Option<Duration> {
        self.ticks.fetch_add(1, SeqCst);
        let due = self.due.load(SeqCst);
        let now = self.born.elapsed().as_nanos() as u64;
        if due == u64::MAX {
            None
        } else if now < due {
            Some(Duration::from_nanos(due - now))
        } else {
            if self.due.compare_exchange(due, u64::MAX, SeqCst, SeqCst).is_ok() {
                let scheduler = self.scheduler.wait().upgrade().expect("the test holds it");
                scheduler.schedule(self.on_timer, Priority::Normal);
            }
            None
        }
    }

    fn thread_stopping(&self, _seat: usize) {
        self.stopped.fetch_add(1, SeqCst);
    }

    fn is_away(&self, task: Job) -> bool {
        task.0 < self.away_below.load(SeqCst)
    }

    fn rescued(&self, task: Job, _: usize, _: Stuck) {
        self.rescued.lock().push(task);
    }

    fn exhausted(&self, _: Stuck) {
        self.exhausted.fetch_add(1, SeqCst);
    }
}

/// A scheduler of `workers` that stops, and must end, when dropped.
pub(super) struct Rig {
    pub(super) scheduler: Arc<Scheduler<Job>>,
    pub(super) hooks: Arc<Fake>,
}

/// One with so many threads beyond its workers, which leave after `idle`.
pub(super) fn rig_of(
    workers: usize,
    (rescuers, idle): (usize, Duration),
    body: impl Fn(&Scheduler<Job>, Job, usize) -> After + Send + Sync + 'static,
) -> Rig {
    let hooks = Arc::new(Fake {
        body: Box::new(body),
        scheduler: OnceLock::new(),
        born: Instant::now(),
        due: AtomicU64::new(u64::MAX),
        on_timer: Job(1),
        ticks: AtomicUsize::new(0),
        stopped: AtomicUsize::new(0),
        away_below: AtomicUsize::new(0),
        rescued: Mutex::new(Vec::new()),
        exhausted: AtomicUsize::new(0),
    });
    let config = Config { workers, pin: Pin::Never, rescuers, idle, thread_name: "test".into() };
    let scheduler = Scheduler::start(config, Arc::clone(&hooks)).expect("threads start");
    hooks.scheduler.set(Arc::downgrade(&scheduler)).expect("set once");
    Rig { scheduler, hooks }
}

impl Rig {
    pub(super) fn push(&self, jobs: impl IntoIterator<Item = usize>, priority: Priority) {
        jobs.into_iter().for_each(|job| self.scheduler.schedule(Job(job), priority));
    }

    pub(super) fn end(&self) {
        self.scheduler.stop();
        self.scheduler.join(Instant::now() + LIMIT).expect("all threads end");
    }

    /// Waits until every worker sleeps.
    pub(super) fn settle(&self) {
        self.until("the workers come to rest", || {
            self.scheduler.shared.idle.parked() == self.scheduler.workers()
        });
    }

    /// Waits until so many turns were rescued.
    pub(super) fn rescued(&self, turns: usize) {
        self.until("a stuck turn is rescued", || self.hooks.rescued.lock().len() == turns);
    }

    pub(super) fn until(&self, what: &str, so: impl Fn() -> bool) {
        let limit = Instant::now() + LIMIT;
        while !so() {
            assert!(Instant::now() < limit, "never: {what}");
            thread::yield_now();
        }
    }
}

/// A job that tells that it runs, and then does not end until told to.
pub(super) struct Gate {
    entered: Mutex<Sender<()>>,
    open: Mutex<Receiver<()>>,
}

pub(super) fn gate() -> (Arc<Gate>, Receiver<()>, Sender<()>) {
    let ((entered, seen), (opener, open)) = (channel(), channel());
    let gate = Gate { entered: Mutex::new(entered), open: Mutex::new(open) };
    (Arc::new(gate), seen, opener)
}

impl Gate {
    pub(super) fn pass(&self) {
        self.entered.lock().send(()).expect("the test waits");
        // An error is a test that ends early.
        let _ = self.open.lock().recv();
    }
}

pub(super) fn collect<T>(from: &Receiver<T>, count: usize) -> Vec<T> {
    (0..count).map(|_| from.recv_timeout(LIMIT).expect("the job runs")).collect()
}
