//! The machine's clockwork: one thread a core, each running turns of tasks.
//!
//! The scheduler knows nothing of what a task is: a word that names something runnable, and
//! [`Hooks`] that run one turn of it. It promises that each task given to [`Scheduler::schedule`]
//! is run by one thread, once, and soon; it is the caller's business to schedule nothing twice.
//!
//! # Seats and threads
//!
//! A *seat* is a core's place: timers and pools above are kept by seat, and `Hooks` are told the
//! seat. A *thread* owns its deques and its next-slot (`steal`). A thread whose turn does not end
//! loses its seat to another, and runs that turn to its end without one: `RESCUE.md` beside this
//! file is the protocol and its proof.
//!
//! # What is run next
//!
//! In this order (`worker::Local::next`):
//!
//! 1. a task of priority [`Max`](Priority::Max), then [`High`](Priority::High): always before
//!    others, and so able to keep the others from running, as in BEAM;
//! 2. every 61st time one from the normal injector, every 8th one of [`Low`](Priority::Low),
//!    every 8th one whose budget expired, if those have gone that were woken before it expired:
//!    none of these starves;
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
//! | `next_slot` | the task that the running turn has just made runnable |
//! | `steal` | the queues: owner's handle, thief's handle, injectors |
//! | `post` | who holds a seat: where a thread and the monitor meet |
//! | `rescue` | who is stuck |
//! | `monitor` | the thread that looks for the stuck, and unseats them |
//! | `pool` | the threads without a seat |
//! | `threads` | which threads run, and when they are joined |
//! | `topology` | cores to workers, and who is near |
//! | `worker` | the loop |
//!
//! What [`Hooks::run`] may not do is unwind: it would take the thread with it. The tasks in its
//! queues would still be stolen, but the seat would stay empty.

mod idle;
mod keeper;
#[cfg(all(test, loom))]
mod model_tests;
mod monitor;
mod next_slot;
mod pool;
mod post;
mod rescue;
#[cfg(all(test, not(loom)))]
mod rescue_tests;
#[cfg(all(test, not(loom)))]
mod rig;
mod steal;
#[cfg(all(test, not(loom)))]
mod tests;
mod threads;
mod topology;
mod worker;

use std::io;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crossbeam_utils::CachePadded;

use self::idle::Idle;
use self::keeper::Keeper;
use self::monitor::Doze;
use self::pool::{Order, Pool};
pub(crate) use self::rescue::Stuck;
use self::steal::{Injectors, Lane, Word};
use self::threads::Threads;
pub(crate) use crate::priority::Priority;
use crate::sync::{AtomicBool, AtomicUsize, Fences, Ordering, mpsc};
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
    /// Runs one turn of `task`; says whether it must be queued again. The thread may lose its seat
    /// meanwhile; `None`: it has none from the start.
    fn run(&self, task: T, seat: Option<usize>) -> After;

    /// Whether `task`, which is about to be run, is better run by a thread without a seat.
    fn is_away(&self, task: T) -> bool {
        let _ = task;
        false
    }

    /// The calling thread is one of the scheduler's, named by `thread`, and has no seat. Called
    /// once on each, before all else.
    fn enroll(&self, thread: usize, fences: Fences) {
        let _ = (thread, fences);
    }

    /// The calling thread runs nothing more.
    fn dismiss(&self, thread: usize) {
        let _ = thread;
    }

    /// The thread sits down.
    fn sits(&self, thread: usize) {
        let _ = thread;
    }

    /// A thread was stuck in a turn of `task` and has lost its seat. That turn goes on, or has
    /// ended by now, and the task with it. Called by the monitor.
    fn rescued(&self, task: T, thread: usize, how: Stuck) {
        let _ = (task, thread, how);
    }

    /// The monitor has looked at all seats, as it does again and again while any worker is awake.
    fn looked(&self) {}

    /// A thread is stuck, and there is no other for its seat. Once a turn; called by the monitor.
    fn exhausted(&self, how: Stuck) {
        let _ = how;
    }

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

    /// The thread has no seat any more. It may get another.
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
    /// It has work left that is better run by a thread without a seat.
    Away(Priority),
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
    /// How many threads there may be beyond the workers, to take over from stuck ones; 0: stuck
    /// turns keep their workers.
    pub rescuers: usize,
    /// How long one of those has nothing to do before it ends.
    pub idle: Duration,
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
        let fences = if config.rescuers > 0 { Fences::best() } else { Fences::Equal };
        let cpu = |seat: usize| plan.cpus.get(seat).copied().filter(|_| pinned);
        let shared = Arc::new(Shared {
            seats: (0..workers).map(|seat| Seat::new(seat, cpu(seat))).collect(),
            rings: plan.rings,
            lanes: (0..workers + config.rescuers).map(|_| OnceLock::new()).collect(),
            injectors: Injectors::new(),
            idle: Idle::new(workers),
            keeper: Keeper::new(),
            pool: Pool::new(workers, config.rescuers, config.idle),
            doze: Doze::new(),
            fences,
            stopping: AtomicBool::new(false),
            threads: Threads::new(config.thread_name),
            online: AtomicUsize::new(workers),
            mask,
            origin: Instant::now(),
        });
        // From here on a failure drops this handle, and the workers that run already stop.
        let scheduler = Arc::new(Self { shared, task: PhantomData });
        launch::<T, H>(&scheduler.shared, &hooks, config.pin == Pin::Always)?;
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
        if !self.keeps_time()
            && let Some(keeper) = self.shared.keeper.changed()
        {
            self.shared.unpark(keeper);
        }
    }

    /// Whether the calling thread is a worker of this scheduler; it, or whoever gets its seat,
    /// ticks before it sleeps. To be asked after what the tick is to see.
    pub(crate) fn keeps_time(&self) -> bool {
        worker::keeps_time(&self.shared)
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
        self.shared.threads.wait(worker::thread_in(&self.shared), deadline)
    }

    /// Whether there may be threads beside the workers.
    pub(crate) fn rescues(&self) -> bool {
        self.shared.pool.exists()
    }

    /// Acts as a sequentially consistent fence on all threads of this scheduler, whose own is that
    /// of its [`Fences`].
    pub(crate) fn heavy_fence(&self) {
        self.shared.heavy_fence();
    }

    /// How many workers there are.
    pub(crate) fn workers(&self) -> usize {
        self.shared.seats.len()
    }

    /// How many of them are online.
    pub(crate) fn online(&self) -> usize {
        self.shared.online()
    }

    /// Takes workers out of use, after the turns they are in, or back into use; `online` is at
    /// least 1, and at most all. Answers how many were online.
    pub(crate) fn set_online(&self, online: usize) -> usize {
        self.shared.set_online(online)
    }

    #[cfg(test)]
    /// A task that was queued and not run. For use after [`stop`](Self::stop), to give back what
    /// tasks hold.
    pub(crate) fn take_left(&self) -> Option<T> {
        let lanes = self.shared.lanes.iter().filter_map(OnceLock::get);
        let left = lanes.into_iter().find_map(|lane| lane.take_any());
        let left = left.or_else(|| self.shared.injectors.take_any());
        left.or_else(|| self.shared.pool.take_any()).map(T::from_word)
    }
}

impl<T: Task> Drop for Scheduler<T> {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

/// Starts a thread for each seat, waits until each has sat down or failed to, and starts the
/// monitor.
fn launch<T: Task, H: Hooks<T>>(
    shared: &Arc<Shared>,
    hooks: &Arc<H>,
    forced: bool,
) -> io::Result<()> {
    let (ready, answers) = mpsc::channel();
    let mut outcome = Ok(());
    // All lanes before any thread: who runs may look at every seat.
    (0..shared.seats.len()).for_each(|seat| shared.add_lane(seat));
    for seat in 0..shared.seats.len() {
        let (all, hooks, ready) = (Arc::clone(shared), Arc::clone(hooks), ready.clone());
        let first = worker::First { seat, forced, ready };
        let started = shared.threads.start(Some(seat), &seat.to_string(), move || {
            worker::main::<T, H>(all, hooks, seat, Some(first));
        });
        if let Err(error) = started {
            outcome = Err(error);
            break;
        }
    }
    drop(ready);
    // All answers, also after a failure: only a worker that has answered can be told to stop.
    answers.iter().fold(outcome, Result::and)?;
    if !shared.pool.exists() {
        return Ok(());
    }
    let (all, hooks) = (Arc::clone(shared), Arc::clone(hooks));
    shared.threads.start(None, "monitor", move || monitor::main::<T, H>(&all, &hooks))
}

/// On a worker: the CPUs that this OS process may use, of which the worker itself may be bound to
/// one. For threads and children that user code starts from here. Elsewhere: nothing, the thread
/// has what it has.
pub(crate) fn full_mask() -> Option<Arc<[usize]>> {
    worker::mask_here()
}

/// The place of a worker.
struct Seat {
    /// Who sits there.
    thread: CachePadded<AtomicUsize>,
    /// The CPU that its thread is bound to.
    cpu: Option<usize>,
}

impl Seat {
    fn new(thread: usize, cpu: Option<usize>) -> Self {
        Self { thread: CachePadded::new(AtomicUsize::new(thread)), cpu }
    }

    /// The seat is this thread's from now on.
    fn name(&self, thread: usize) {
        // Release: who reads the name finds the thread's lane.
        self.thread.store(thread, Ordering::Release);
    }
}

/// What all workers and handles of one scheduler share.
struct Shared {
    seats: Box<[Seat]>,
    /// For each seat the others, nearest ring first.
    rings: Vec<Vec<Vec<usize>>>,
    /// By thread; there from before the first of that number is made.
    lanes: Box<[OnceLock<Arc<Lane>>]>,
    injectors: Injectors,
    idle: Idle,
    keeper: Keeper,
    pool: Pool,
    doze: Doze,
    fences: Fences,
    stopping: AtomicBool,
    threads: Threads,
    /// How many seats are in use.
    online: AtomicUsize,
    /// The CPUs allowed when the scheduler started.
    mask: Arc<[usize]>,
    /// The keeper's deadlines count from here.
    origin: Instant,
}

impl Shared {
    /// A task was put into a queue, which by itself wakes nobody.
    fn wake_one(&self) {
        if let Some(worker) = self.idle.notify(self.keeper.holder()) {
            self.unpark(worker);
        }
    }

    /// Wakes the thread of a seat.
    fn unpark(&self, seat: usize) {
        self.lane_at(seat).unpark();
    }

    /// Whether any queue holds a task. Next-slots are their owners' to look at.
    fn work_visible(&self) -> bool {
        self.injectors.has_work() || (0..self.seats.len()).any(|seat| self.lane_at(seat).has_work())
    }

    fn stop(&self) {
        // The unpark orders the store before the sleeper's next look; a worker that is awake looks
        // every turn.
        self.stopping.store(true, Ordering::Release);
        (0..self.seats.len()).for_each(|seat| self.unpark(seat));
        self.pool.close();
        self.doze.rise();
        self.threads.unpark_monitor();
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    fn inject(&self, word: Word, priority: Priority) {
        self.injectors.push(word, priority);
    }

    /// Who sits there.
    fn thread_of(&self, seat: usize) -> usize {
        // Acquire: see `Seat::name`.
        self.seats[seat].thread.load(Ordering::Acquire)
    }

    fn lane_at(&self, seat: usize) -> &Lane {
        self.lane(self.thread_of(seat))
    }

    fn lane(&self, thread: usize) -> &Arc<Lane> {
        self.lanes[thread].get().expect("a thread is named when its lane is there")
    }

    /// The queues of a thread that is about to be made are there.
    fn add_lane(&self, thread: usize) {
        self.lanes[thread].get_or_init(|| Arc::new(Lane::new(self.fences)));
    }

    /// Makes a thread of the pool, which then waits for its order. False: the system gives none.
    fn make_thread<T: Task, H: Hooks<T>>(self: &Arc<Self>, hooks: &Arc<H>, thread: usize) -> bool {
        self.add_lane(thread);
        let (all, hooks) = (Arc::clone(self), Arc::clone(hooks));
        let made = self.threads.start(Some(thread), &thread.to_string(), move || {
            worker::main::<T, H>(all, hooks, thread, None);
        });
        if made.is_err() {
            // Who asked for it looks after what waits.
            let _ = self.pool.unmade(thread);
        }
        made.is_ok()
    }

    /// A thread is as good as gone, and another may be made by its number.
    fn is_gone(&self, thread: usize) {
        if self.pool.unmade(thread) {
            self.doze.rise();
            self.threads.unpark_monitor();
        }
    }

    /// Monitor: a task that came when no thread could be made for it gets one.
    fn make_overdue<T: Task, H: Hooks<T>>(self: &Arc<Self>, hooks: &Arc<H>) {
        let Some((thread, word)) = self.pool.overdue() else { return };
        if self.make_thread::<T, H>(hooks, thread) {
            self.pool.give(thread, Order::Task(word));
        } else {
            self.pool.put_back(word);
        }
    }

    /// Lets a thread of the pool run a task. False: there is none, and never will be.
    fn send_away<T: Task, H: Hooks<T>>(self: &Arc<Self>, hooks: &Arc<H>, word: Word) -> bool {
        match self.pool.send(word) {
            pool::Sent::Given | pool::Sent::Queued => true,
            pool::Sent::Refused => false,
            pool::Sent::Make(thread) => {
                let made = self.make_thread::<T, H>(hooks, thread);
                if made {
                    self.pool.give(thread, Order::Task(word));
                }
                made
            }
        }
    }
}
