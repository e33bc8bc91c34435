//! The thread that looks for stuck turns and gives their seats away.
//!
//! One a scheduler. It looks once a millisecond while turns are long, half as often while none is,
//! and sleeps without limit when all workers have slept for a while; the one that wakes first wakes
//! it. What it finds out is
//! judged by `rescue`, whom it takes a seat from is agreed on by `post`, and who gets it comes from
//! `pool`. It alone gives seats to threads, so it may change what the system knows of a thread that
//! it has just unseated: that thread sits down again only after this one has told it to.

use std::hint;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::pool::{Order, Recruit};
use super::rescue::{Suspects, Thread, Verdict};
use super::steal::Lane;
use super::{Hooks, Shared, Stuck, Task, worker};
use crate::sync::{AtomicBool, Ordering, fence, os_thread};
use crate::sys::{self, ThreadId};

/// How long from one look to the next,
const PERIOD: Duration = Duration::from_millis(1);
/// how long if a turn was just seen twice,
const SOON: Duration = Duration::from_micros(500);
/// and how long if none was in so many looks. A look costs ten microseconds, all told.
const CALM_PERIOD: Duration = Duration::from_millis(2);
const CALM: u32 = 50;
/// A look that comes so much later than planned was held up itself.
const LATE: Duration = Duration::from_millis(2);
/// A turn of which so much is seen is long, if something waits behind it for a worker that sleeps:
/// about what it takes to wake that.
const LONG: Duration = Duration::from_micros(20);
/// Looks at sleeping workers before the monitor sleeps too.
const QUIET: u32 = 50;

/// Whether the monitor sleeps. Pure: who is told to wake it does so.
pub(super) struct Doze {
    asleep: AtomicBool,
}

impl Doze {
    pub(super) fn new() -> Self {
        Self { asleep: AtomicBool::new(false) }
    }

    /// A worker that slept is awake, and no longer counted as asleep. True: it must wake the
    /// monitor.
    #[must_use]
    pub(super) fn stir(&self) -> bool {
        // F7: either we see that the monitor sleeps, or it sees us awake.
        fence(Ordering::SeqCst);
        self.asleep.load(Ordering::Relaxed) && self.rise()
    }

    /// The monitor is not to sleep any more; true if it did.
    pub(super) fn rise(&self) -> bool {
        self.asleep.swap(false, Ordering::Release)
    }

    /// Monitor: it sleeps, if all workers do; to be looked at after this.
    pub(super) fn lie_down(&self) {
        self.asleep.store(true, Ordering::Relaxed);
        // F6: see F7.
        fence(Ordering::SeqCst);
    }

    /// Monitor: whether nobody has woken it.
    pub(super) fn is_asleep(&self) -> bool {
        self.asleep.load(Ordering::Acquire)
    }
}

/// The monitor's thread.
pub(super) fn main<T: Task, H: Hooks<T>>(shared: &Arc<Shared>, hooks: &Arc<H>) {
    shared.threads.register_monitor();
    if let Some(id) = sys::thread_id() {
        // It was started by whom it may not stay with. A refusal leaves it where it is.
        let _ = sys::unpin_thread(id, &shared.mask);
        sys::ask_slice(id, worker::SHORT_SLICE);
    }
    sys::exact_timers();
    let mut monitor = Monitor {
        shared,
        suspects: Suspects::new(shared.seats.len()),
        full: vec![None; shared.seats.len()],
    };
    let (mut quiet, mut calm, mut late) = (0, CALM, false);
    while !shared.is_stopping() {
        let begun = Instant::now();
        calm = if monitor.look::<T, H>(hooks, begun, late) { 0 } else { calm.saturating_add(1) };
        hooks.looked();
        shared.make_overdue::<T, H>(hooks);
        let wait = match calm {
            0 => SOON,
            1..CALM => PERIOD,
            CALM.. => CALM_PERIOD,
        };
        quiet = if shared.all_asleep() { quiet + 1 } else { 0 };
        if quiet > QUIET {
            sleep(shared);
            (quiet, late) = (0, false);
        } else {
            os_thread::park_timeout(wait);
            late = begun.elapsed() > wait + LATE;
        }
    }
}

/// Whether a turn goes on for a while, and leaves something behind that long.
fn is_long(lane: &Lane, turn: usize) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < LONG {
        if lane.post.glimpse() != Some(turn) {
            return false;
        }
        hint::spin_loop();
    }
    lane.has_work()
}

/// Sleeps until a worker is awake, or the scheduler stops.
fn sleep(shared: &Shared) {
    shared.doze.lie_down();
    while shared.doze.is_asleep() && shared.all_asleep() && !shared.is_stopping() {
        os_thread::park();
    }
    shared.doze.rise();
}

struct Monitor<'a> {
    shared: &'a Arc<Shared>,
    suspects: Suspects,
    /// The turn of each seat for which there was no thread.
    full: Vec<Option<(usize, usize)>>,
}

impl Monitor<'_> {
    /// Looks at every seat once. True: a turn was seen for the second time.
    fn look<T: Task, H: Hooks<T>>(&mut self, hooks: &Arc<H>, now: Instant, late: bool) -> bool {
        let mut watched = false;
        for seat in 0..self.shared.seats.len() {
            let thread = self.shared.thread_of(seat);
            let lane = self.shared.lane(thread);
            let Some(turn) = lane.post.glimpse() else {
                self.suspects.clear(seat);
                continue;
            };
            if lane.has_work() && self.shared.idle.parked() > 0 && is_long(lane, turn) {
                // A lone task wakes nobody by itself (`worker::surplus`).
                lane.patience.ends();
                self.shared.wake_one();
            }
            match self.suspects.look(seat, (thread, turn), now, late, &lane.id()) {
                Verdict::Fine => {}
                Verdict::Watch => watched = true,
                Verdict::Stuck(how) => {
                    watched = true;
                    self.rescue::<T, H>(hooks, seat, (thread, turn), how);
                }
            }
        }
        watched
    }

    /// Gives a seat to another thread, if there is one and the turn has not ended by now.
    fn rescue<T: Task, H: Hooks<T>>(
        &mut self,
        hooks: &Arc<H>,
        seat: usize,
        (thread, turn): (usize, usize),
        how: Stuck,
    ) {
        let shared = self.shared;
        let recruit = match shared.pool.recruit() {
            Recruit::Spare(recruit) => recruit,
            Recruit::Make(recruit) if shared.make_thread::<T, H>(hooks, recruit) => recruit,
            Recruit::Make(_) | Recruit::None => {
                if self.full[seat].replace((thread, turn)) != Some((thread, turn)) {
                    hooks.exhausted(how);
                }
                return;
            }
        };
        let lane = shared.lane(thread);
        let Some(task) = lane.post.ask(turn, || shared.heavy_fence()) else {
            return shared.pool.dismiss(recruit);
        };
        shared.seats[seat].name(recruit);
        if let Some(id) = shared.lane(recruit).id() {
            // What this thread asked for the last time may have come after what that one did.
            sys::ask_slice(id, worker::SHORT_SLICE);
        }
        shared.pool.give(recruit, Order::Seat { seat, from: thread });
        if let Some(id) = lane.id() {
            // A refusal leaves the thread on one core, beside its successor: fair all the same.
            let _ = sys::unpin_thread(id, &shared.mask);
            sys::ask_slice(id, worker::LONG_SLICE);
        }
        self.suspects.clear(seat);
        hooks.rescued(T::from_word(task), thread, how);
    }
}

impl Thread for Option<ThreadId> {
    fn used(&self) -> Option<Duration> {
        self.and_then(sys::processor_time)
    }

    fn sleeps(&self) -> Option<bool> {
        self.and_then(sys::is_asleep)
    }
}

impl Shared {
    fn all_asleep(&self) -> bool {
        self.idle.parked() == self.seats.len()
    }

    /// H1.
    pub(super) fn heavy_fence(&self) {
        self.fences.heavy();
    }
}
