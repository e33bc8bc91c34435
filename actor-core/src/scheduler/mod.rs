//! The machine's clockwork: one thread a core, each running turns of tasks.
//!
//! The scheduler knows nothing of what a task is: a word that names something runnable, and
//! [`Hooks`] that run one turn of it. It promises that each task given to [`Scheduler::schedule`]
//! is run by one thread, once, and soon; it is the caller's business to schedule nothing twice.
//!
//! # Seats and threads
//!
//! A *seat* is a core's place: timers and pools above are kept by seat, and `Hooks` are told the
//! seat. A *thread* owns its deques and its next-slot (`steal`). Today each seat has one thread for
//! life and both have one number; nothing but `Shared::lanes` relies on it.
//!
//! # What is run next
//!
//! In this order (`worker::Local::next`):
//!
//! 1. a task of priority [`Max`](Priority::Max), then [`High`](Priority::High): always before
//!    others, and so able to keep the others from running, as in BEAM;
//! 2. every 61st time one from the normal injector, every 8th one of [`Low`](Priority::Low),
//!    every 8th one whose budget expired: none of these starves;
//! 3. the next-slot, at most 16 times running while the deques hold a task;
//! 4. the thread's own deques, woken before expired;
//! 5. a share of the normal injector; then half of another thread's deque, the nearest first;
//!    then a low task; then a next-slot whose owner is in a long turn;
//! 6. nothing: sleep. `README.md` beside this file is the protocol and its proof.
//!
//! | file | what it is |
//! |---|---|
//! | `idle` | who sleeps, who searches, whom to wake |
//! | `keeper` | which sleeper keeps time |
//! | `steal` | the queues: owner's handle, thief's handle, injectors |
//! | `topology` | cores to workers, and who is near |
//! | `worker` | the loop |
//!
//! What [`Hooks::run`] may not do is unwind: it would take the thread with it. The tasks in its
//! queues would still be stolen, but the seat would stay empty.

mod idle;
mod keeper;
#[cfg(all(test, loom))]
mod model_tests;
mod steal;
#[cfg(all(test, not(loom)))]
mod tests;
mod topology;
mod worker;

use std::io;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::idle::Idle;
use self::keeper::Keeper;
use self::steal::{Injectors, Lane, Word};
pub(crate) use crate::priority::Priority;
use crate::sync::{
    AtomicBool, Ordering, StaticCondvar as Condvar, StaticMutex as Mutex, mpsc, os_thread,
};
use crate::sys;

/// The most workers of one scheduler.
pub(crate) const MAX_WORKERS: usize = 1024;

/// Something runnable, named by one word.
///
/// The word is what crosses threads; a task that is a pointer exposes its provenance in `into_word`
/// and recovers it in `from_word`. For each task, `from_word(task.into_word())` is the task.
pub(crate) trait Task: Copy + Send + 'static {
    /// The task as a word.
    fn into_word(self) -> NonZeroUsize;
    /// The task that a word of `into_word` names.
    fn from_word(word: NonZeroUsize) -> Self;
}

/// What the layers above do on a worker's thread. None of these may unwind.
pub(crate) trait Hooks<T: Task>: Send + Sync + 'static {
    /// Runs one turn of `task`; says whether it must be queued again.
    fn run(&self, task: T, seat: usize) -> After;

    /// Fires the due timers of every seat; cheap when none is due. Returns the time until the
    /// earliest that is still armed, if any. Called by several workers at once, so a seat whose
    /// timers are being fired by another may be passed over if its earliest time is taken into
    /// account.
    fn tick(&self, seat: usize) -> Option<Duration>;

    /// The thread has sat down, and has run nothing yet.
    fn thread_started(&self, seat: usize) {
        let _ = seat;
    }

    /// The thread has nothing to do, and is about to sleep.
    fn resting(&self, seat: usize) {
        let _ = seat;
    }

    /// The thread runs nothing more.
    fn thread_stopping(&self, seat: usize) {
        let _ = seat;
    }
}

/// What becomes of a task after a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// Nothing: whoever makes it runnable again schedules it.
    Done,
    /// Its budget expired with work left: queue it behind the woken ones.
    Again(Priority),
}

/// Whether workers are bound to cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pin {
    /// Bound, unless a quota grants less time than the CPU set suggests or there are more workers
    /// than CPUs: a bound worker could then not move to where there is time.
    Auto,
    /// Never bound.
    Never,
    /// Bound, whatever it costs; a failure to bind fails the start.
    Always,
}

/// How a scheduler is laid out.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// How many workers, at most [`MAX_WORKERS`]; 0 for one a CPU.
    pub workers: usize,
    /// Whether to bind them.
    pub pin: Pin,
    /// The threads are called this, a hyphen and their number.
    pub thread_name: String,
}

/// The handle of a running scheduler of tasks `T`. Dropping it stops the workers and waits for
/// none.
pub(crate) struct Scheduler<T: Task> {
    shared: Arc<Shared>,
    task: PhantomData<fn(T) -> T>,
}

impl<T: Task> Scheduler<T> {
    /// Starts the workers; returns when each has called [`Hooks::thread_started`].
    ///
    /// The workers keep `hooks` until they end; the scheduler itself does not.
    ///
    /// # Errors
    ///
    /// A thread could not be started, or not be bound under [`Pin::Always`]. No worker is left
    /// behind.
    pub(crate) fn start<H: Hooks<T>>(config: Config, hooks: Arc<H>) -> io::Result<Arc<Self>> {
        // A scheduler started from a worker of another must not inherit that worker's one core.
        let mask = full_mask().unwrap_or_else(|| sys::allowed_cpus().into());
        let wanted = if config.workers == 0 { mask.len() } else { config.workers };
        let workers = wanted.clamp(1, MAX_WORKERS);
        let plan = topology::here(&mask, workers);
        let pinned = match config.pin {
            Pin::Auto => workers <= mask.len() && !sys::quota_below_mask(),
            Pin::Never => false,
            Pin::Always => true,
        };
        let (owns, lanes): (Vec<_>, Vec<_>) = (0..workers).map(|_| steal::lane()).unzip();
        let shared = Arc::new(Shared {
            lanes: lanes.into(),
            injectors: Injectors::new(),
            idle: Idle::new(workers),
            keeper: Keeper::new(),
            stopping: AtomicBool::new(false),
            threads: Threads::new(),
            mask,
            origin: Instant::now(),
        });
        // From here on a failure drops this handle, and the workers that run already stop.
        let scheduler = Arc::new(Self { shared, task: PhantomData });
        let places = owns.into_iter().zip(plan.rings).enumerate().map(|(seat, (own, rings))| {
            let cpu = plan.cpus.get(seat).copied().filter(|_| pinned);
            worker::Place { seat, cpu, forced: config.pin == Pin::Always, own, rings }
        });
        launch::<T, H>(&scheduler.shared, &hooks, places, &config.thread_name)?;
        Ok(scheduler)
    }

    /// Makes sure that `task` is run, by whichever worker comes first. On a worker of this
    /// scheduler it goes to that worker's queues, elsewhere to all.
    ///
    /// After [`stop`](Self::stop) it is kept for [`take_left`](Self::take_left).
    pub(crate) fn schedule(&self, task: T, priority: Priority) {
        worker::schedule(&self.shared, task.into_word(), priority);
    }

    /// A timer was armed that is earlier than the earliest before: whoever keeps time looks again.
    /// Call it after the timer is in place. On a worker of this scheduler it costs nothing: that
    /// worker looks by itself.
    pub(crate) fn timers_changed(&self) {
        if worker::seat_in(&self.shared).is_none()
            && let Some(keeper) = self.shared.keeper.changed()
        {
            self.shared.lanes[keeper].unpark();
        }
    }

    /// Tells the workers to end after the turns they are in. Queued tasks are not run.
    pub(crate) fn stop(&self) {
        self.shared.stop();
    }

    /// Waits until the workers have ended, the calling one left out. What user code registered to
    /// run when a thread exits may still be running.
    ///
    /// # Errors
    ///
    /// At `deadline` the threads so named were still running. They may be waited for again.
    pub(crate) fn join(&self, deadline: Instant) -> Result<(), Vec<String>> {
        self.shared.threads.wait(worker::seat_in(&self.shared), deadline)
    }

    /// How many workers there are.
    pub(crate) fn workers(&self) -> usize {
        self.shared.lanes.len()
    }

    #[cfg(test)]
    /// A task that was queued and not run. For use after [`stop`](Self::stop), to give back what
    /// tasks hold.
    pub(crate) fn take_left(&self) -> Option<T> {
        let left = self.shared.lanes.iter().find_map(Lane::take_any);
        left.or_else(|| self.shared.injectors.take_any()).map(T::from_word)
    }
}

impl<T: Task> Drop for Scheduler<T> {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

/// Starts a thread for each place and waits until each has sat down or failed to.
fn launch<T: Task, H: Hooks<T>>(
    shared: &Arc<Shared>,
    hooks: &Arc<H>,
    places: impl Iterator<Item = worker::Place>,
    thread_name: &str,
) -> io::Result<()> {
    let (ready, answers) = mpsc::channel();
    let mut outcome = Ok(());
    for place in places {
        let name = format!("{thread_name}-{}", place.seat);
        let running = shared.threads.enter(name.clone());
        let all = Arc::clone(shared);
        let (shared, hooks, ready) = (Arc::clone(shared), Arc::clone(hooks), ready.clone());
        let started = os_thread::Builder::new().name(name).spawn(move || {
            // Dropped last, so that a joined thread holds nothing of the layers above.
            let _running = running;
            worker::main::<T, H>(shared, hooks, place, ready);
        });
        match started {
            Ok(handle) => all.threads.keep(handle),
            Err(error) => {
                outcome = Err(error);
                break;
            }
        }
    }
    drop(ready);
    // All answers, also after a failure: only a worker that has answered can be told to stop.
    answers.iter().fold(outcome, Result::and)
}

/// On a worker: the CPUs that this OS process may use, of which the worker itself may be bound to
/// one. For threads and children that user code starts from here. Elsewhere: nothing, the thread
/// has what it has.
pub(crate) fn full_mask() -> Option<Arc<[usize]>> {
    worker::mask_here()
}

/// What all workers and handles of one scheduler share.
struct Shared {
    /// By thread, which is also by seat.
    lanes: Box<[Lane]>,
    injectors: Injectors,
    idle: Idle,
    keeper: Keeper,
    stopping: AtomicBool,
    threads: Threads,
    /// The CPUs allowed when the scheduler started.
    mask: Arc<[usize]>,
    /// The keeper's deadlines count from here.
    origin: Instant,
}

impl Shared {
    /// A task was put into a queue, which by itself wakes nobody.
    fn wake_one(&self) {
        if let Some(worker) = self.idle.notify(self.keeper.holder()) {
            self.lanes[worker].unpark();
        }
    }

    /// Whether any queue holds a task. Next-slots are their owners' to look at.
    fn work_visible(&self) -> bool {
        self.injectors.has_work() || self.lanes.iter().any(Lane::has_work)
    }

    fn stop(&self) {
        // The unpark orders the store before the sleeper's next look; a worker that is awake looks
        // every turn.
        self.stopping.store(true, Ordering::Release);
        self.lanes.iter().for_each(Lane::unpark);
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    fn inject(&self, word: Word, priority: Priority) {
        self.injectors.push(word, priority);
    }
}

/// Which threads run.
struct Threads {
    names: Arc<Names>,
    /// To join them when their work is done: by seat.
    handles: Mutex<Vec<os_thread::JoinHandle<()>>>,
}

/// The names of those whose work is not done, by seat; and who waits for it.
type Names = (Mutex<Vec<Option<String>>>, Condvar);

/// A thread's name stays on the list until this is dropped.
struct Running(Arc<Names>, usize);

impl Threads {
    fn new() -> Self {
        Self { names: Arc::default(), handles: Mutex::default() }
    }

    /// Adds the thread of the next seat.
    fn enter(&self, name: String) -> Running {
        let mut names = self.names.0.lock();
        names.push(Some(name));
        Running(Arc::clone(&self.names), names.len() - 1)
    }

    /// Keeps the handle of the thread of the next seat.
    fn keep(&self, handle: os_thread::JoinHandle<()>) {
        self.handles.lock().push(handle);
    }

    fn wait(&self, but: Option<usize>, deadline: Instant) -> Result<(), Vec<String>> {
        let (names, ended) = &*self.names;
        let mut names = names.lock();
        loop {
            let others = names.iter().enumerate().filter(|(seat, _)| Some(*seat) != but);
            let running: Vec<_> = others.filter_map(|(_, name)| name.clone()).collect();
            let left = deadline.saturating_duration_since(Instant::now());
            if running.is_empty() {
                drop(names);
                self.join(but);
                return Ok(());
            } else if left.is_zero() {
                return Err(running);
            }
            names = ended.wait_timeout(names, left).0;
        }
    }

    /// Joins the threads, whose work is done: what is left of them is the system's.
    fn join(&self, but: Option<usize>) {
        let handles = std::mem::take(&mut *self.handles.lock());
        for (seat, handle) in handles.into_iter().enumerate() {
            if Some(seat) != but {
                // A panic of a worker would have been its hooks': said where it happened.
                drop(handle.join());
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.0.lock()[self.1] = None;
        self.0.1.notify_all();
    }
}
