//! The loop: keep time, take the next task, run it; search; sleep.
//!
//! `Local` is what a worker's thread has for itself. It lives in a thread-local, so that
//! [`schedule`] finds the queues of the thread it is called on, and it is free of types: tasks are
//! words here, and only `main` knows what they mean. A thread serves one scheduler for life, so the
//! thread-local is set once and never cleared.
//!
//! # The next-slot
//!
//! A task that a running turn makes runnable goes into the next-slot and wakes nobody, so a pair
//! that talks stays on one core with its data. The task that was there before goes to the deque,
//! and now someone is woken, for there are two. Between turns there is no slot to be hot: what a
//! timer or an expired budget makes runnable goes to the deque.

use std::cell::{Cell, OnceCell};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_deque::Steal;

use super::idle::Cancelled;
use super::keeper::NEVER;
use super::steal::{DEQUE_LIMIT, Lane, Own, Word};
use super::{After, Hooks, Priority, Shared, Task};
use crate::sync::{mpsc, os_thread};
use crate::sys;

/// Every so many tasks one comes from the normal injector though the own deque holds some. Prime,
/// so that it keeps step with nothing.
const INJECTOR_EVERY: u32 = 61;
/// Every so many tasks one is low, and another is an expired one.
const LOW_EVERY: u32 = 8;
/// How often running the next-slot goes before the deques.
const HANDOFFS: u32 = 16;
/// A busy worker ticks at least once in so many turns,
const TICK_TURNS: u32 = 61;
/// and looks at the clock once in so many, to tick by time as well.
const CLOCK_TURNS: u32 = 8;
/// Half of the promised millisecond: the other half is for the turns between two looks.
const TICK_TIME: Duration = Duration::from_micros(500);
/// Rounds of a search in which a theft lost a race, before the searcher gives up.
const ROUNDS: usize = 4;

thread_local! {
    /// The worker that this thread is.
    static HERE: OnceCell<Local> = const { OnceCell::new() };
}

/// Where a worker sits, and what it starts with.
pub(super) struct Place {
    pub(super) seat: usize,
    /// The CPU to be bound to, and whether failing to is an error.
    pub(super) cpu: Option<usize>,
    pub(super) forced: bool,
    pub(super) own: Own,
    /// The others, nearest ring first.
    pub(super) rings: Vec<Vec<usize>>,
}

/// See [`super::Scheduler::schedule`].
pub(super) fn schedule(shared: &Arc<Shared>, word: Word, priority: Priority) {
    let local = with_local(shared, |local| local.put(word, priority));
    if local.is_none() {
        shared.inject(word, priority);
        shared.wake_one();
    }
}

/// The seat of the calling thread, if it is a worker of this scheduler.
pub(super) fn seat_in(shared: &Arc<Shared>) -> Option<usize> {
    with_local(shared, |local| local.seat)
}

/// The full CPU set, if the calling thread is a worker of any scheduler.
pub(super) fn mask_here() -> Option<Arc<[usize]>> {
    let mask = HERE.try_with(|here| here.get().map(|local| Arc::clone(&local.shared.mask)));
    mask.ok().flatten()
}

/// Calls `act` on the calling thread's own part of this scheduler, if it has one. While a thread's
/// locals are being destroyed it counts as a stranger.
fn with_local<R>(shared: &Arc<Shared>, act: impl FnOnce(&Local) -> R) -> Option<R> {
    let mine = |local: &&Local| Arc::ptr_eq(&local.shared, shared);
    HERE.try_with(|here| here.get().filter(mine).map(act)).ok().flatten()
}

/// A worker's thread, from its first breath to its last.
pub(super) fn main<T: Task, H: Hooks<T>>(
    shared: Arc<Shared>,
    hooks: Arc<H>,
    place: Place,
    ready: mpsc::Sender<io::Result<()>>,
) {
    if let Some(cpu) = place.cpu
        && let Err(error) = sys::pin_current_thread(cpu)
        && place.forced
    {
        let _ = ready.send(Err(error));
        return;
    }
    // Before anyone can know of this worker: a wake must find its thread.
    shared.lanes[place.seat].register(os_thread::current());
    HERE.with(|here| {
        let local = here.get_or_init(|| Local::new(shared, place));
        hooks.thread_started(local.seat);
        let _ = ready.send(Ok(()));
        // The start waits until nobody can answer any more.
        drop(ready);
        local.serve::<T, H>(&hooks);
        hooks.thread_stopping(local.seat);
    });
}

/// What one worker's thread has for itself.
struct Local {
    shared: Arc<Shared>,
    seat: usize,
    own: Own,
    rings: Vec<Vec<usize>>,
    /// Inside `Hooks::run`.
    in_turn: Cell<bool>,
    /// Counted in `Idle` as searching.
    searching: Cell<bool>,
    /// A task was queued between two turns since this was last cleared.
    placed: Cell<bool>,
    /// Times that a next task was looked for.
    picks: Cell<u32>,
    /// Turns since the last that did not come from the next-slot.
    handoffs: Cell<u32>,
    /// When this worker last ticked, and how many turns ago.
    ticked: Cell<Instant>,
    turns: Cell<u32>,
    /// Where in a ring the next search starts.
    start: Cell<usize>,
}

impl Local {
    fn new(shared: Arc<Shared>, place: Place) -> Self {
        Self {
            shared,
            seat: place.seat,
            own: place.own,
            rings: place.rings,
            in_turn: Cell::new(false),
            searching: Cell::new(false),
            placed: Cell::new(false),
            picks: Cell::new(0),
            handoffs: Cell::new(0),
            ticked: Cell::new(Instant::now()),
            turns: Cell::new(0),
            start: Cell::new(place.seat),
        }
    }

    /// The policy.
    fn serve<T: Task, H: Hooks<T>>(&self, hooks: &H) {
        while !self.shared.is_stopping() {
            if self.tick_is_due() {
                self.tick(hooks);
            }
            match self.next().or_else(|| self.search()) {
                Some(word) => {
                    self.leave_search();
                    self.turn(hooks, word);
                }
                None => self.sleep(hooks),
            }
        }
    }

    fn turn<T: Task, H: Hooks<T>>(&self, hooks: &H, word: Word) {
        self.shared.lanes[self.seat].begin_turn();
        self.turns.set(self.turns.get() + 1);
        self.in_turn.set(true);
        let after = hooks.run(T::from_word(word), self.seat);
        self.in_turn.set(false);
        if let After::Again(priority) = after {
            self.put_between(word, priority, true);
        }
    }

    /// A task became runnable, in a turn of this thread or between two.
    fn put(&self, word: Word, priority: Priority) {
        if !self.in_turn.get() {
            self.put_between(word, priority, false);
        } else if priority != Priority::Normal {
            // The turn may be long, so someone else may have to come for it.
            self.shared.inject(word, priority);
            self.shared.wake_one();
        } else if let Some(older) = self.shared.lanes[self.seat].hand_over(word) {
            self.push(older, false);
            self.shared.wake_one();
        }
    }

    /// Queues a task while no turn runs. This worker looks into the queues next, so a lone task
    /// wakes nobody.
    fn put_between(&self, word: Word, priority: Priority, expired: bool) {
        let lane = &self.shared.lanes[self.seat];
        let normal = priority == Priority::Normal;
        let alone = self.own.is_empty()
            && !lane.has_next()
            && (normal || self.shared.injectors.is_empty(priority));
        self.placed.set(true);
        if normal {
            self.push(word, expired);
        } else {
            self.shared.inject(word, priority);
        }
        if !alone {
            self.shared.wake_one();
        }
    }

    /// To the own deques, or to the injector if they are full.
    fn push(&self, word: Word, expired: bool) {
        if self.own.len() >= DEQUE_LIMIT {
            self.shared.inject(word, Priority::Normal);
        } else if expired {
            self.own.expired.push(word);
        } else {
            self.own.woken.push(word);
        }
    }

    /// The next task without robbing anybody; the order is the module's text, 1 to 5.
    fn next(&self) -> Option<Word> {
        let pick = self.picks.get().wrapping_add(1);
        self.picks.set(pick);
        let injectors = &self.shared.injectors;
        let every = |period: u32, phase: u32| pick % period == phase;
        if let Some(word) = injectors.take_urgent() {
            return Some(word);
        }
        let fair = if every(INJECTOR_EVERY, 0) {
            injectors.take(Priority::Normal)
        } else if every(LOW_EVERY, 0) {
            injectors.take(Priority::Low)
        } else if every(LOW_EVERY, LOW_EVERY / 2) {
            self.own.expired.pop()
        } else {
            None
        };
        fair.or_else(|| self.next_own())
            .or_else(|| injectors.take_share(&self.own, self.shared.lanes.len()))
    }

    /// The next-slot, as long as it has not gone first too often; then the deques; then the
    /// next-slot after all.
    fn next_own(&self) -> Option<Word> {
        let lane = &self.shared.lanes[self.seat];
        let handoffs = self.handoffs.get();
        if handoffs < HANDOFFS
            && let Some(word) = lane.take_next()
        {
            self.handoffs.set(handoffs + 1);
            return Some(word);
        }
        self.handoffs.set(0);
        let deques = self.own.woken.pop().or_else(|| self.own.expired.pop());
        deques.or_else(|| lane.take_next())
    }

    /// Looks at everybody's queues, the nearest thread's first.
    fn search(&self) -> Option<Word> {
        if !self.searching.get() {
            if !self.shared.idle.try_search() {
                return None;
            }
            self.searching.set(true);
        }
        let start = self.start.get();
        self.start.set(start.wrapping_add(1));
        let injectors = &self.shared.injectors;
        self.rob(start)
            .or_else(|| injectors.take_urgent())
            .or_else(|| injectors.take_share(&self.own, self.shared.lanes.len()))
            .or_else(|| injectors.take(Priority::Low))
            .or_else(|| self.victims(start).find_map(Lane::take_stuck))
    }

    /// Half of the first deque that holds anything.
    fn rob(&self, start: usize) -> Option<Word> {
        for _ in 0..ROUNDS {
            let mut raced = false;
            for lane in self.victims(start) {
                match lane.steal_half(&self.own) {
                    Steal::Success(word) => return Some(word),
                    Steal::Retry => raced = true,
                    Steal::Empty => {}
                }
            }
            if !raced {
                break;
            }
        }
        // What was left to others in a race is looked at again before this worker sleeps.
        None
    }

    /// The other threads, nearest ring first, each ring from another start every time.
    fn victims(&self, start: usize) -> impl Iterator<Item = &Lane> {
        let turned = move |ring: &'_ [usize]| start % ring.len();
        self.rings.iter().flat_map(move |ring| {
            let (before, after) = ring.split_at(turned(ring));
            after.iter().chain(before).map(|lane| &self.shared.lanes[*lane])
        })
    }

    /// The worker has a task in hand and searches no more.
    fn leave_search(&self) {
        let shared = &self.shared;
        if self.searching.take() && shared.idle.end_search() && shared.work_visible() {
            shared.wake_one();
        }
    }

    /// Sleeps until there is work, or time is up, or the scheduler stops; or not at all. The steps
    /// are `README.md`'s.
    fn sleep<T: Task, H: Hooks<T>>(&self, hooks: &H) {
        let Shared { idle, keeper, .. } = &*self.shared;
        let epoch = keeper.epoch();
        self.placed.set(false);
        let wait = self.tick(hooks);
        if self.placed.get() {
            return;
        }
        let until = wait.map_or(NEVER, |wait| self.deadline(wait));
        let last = idle.park(self.seat, self.searching.take());
        if last && self.shared.work_visible() {
            idle.search_on(self.seat);
            self.searching.set(true);
            return;
        }
        hooks.resting(self.seat);
        let keeps = keeper.take(self.seat, until);
        self.block(keeps.then_some((epoch, until)));
        keeper.leave(self.seat);
        self.searching.set(idle.cancel(self.seat) == Cancelled::Woken);
    }

    /// Blocks the thread. A keeper is given its deadline, and the epoch that this relies on.
    fn block(&self, keeping: Option<(u64, u64)>) {
        let Shared { idle, keeper, .. } = &*self.shared;
        while idle.is_parked(self.seat) && !self.shared.is_stopping() {
            match keeping {
                None => os_thread::park(),
                Some((epoch, _)) if keeper.changed_since(epoch) => return,
                Some((_, NEVER)) => os_thread::park(),
                Some((_, until)) => match until.saturating_sub(self.now()) {
                    0 => return,
                    left => os_thread::park_timeout(Duration::from_micros(left)),
                },
            }
        }
    }

    /// Whether a worker that found no time to sleep must look after the timers.
    fn tick_is_due(&self) -> bool {
        let turns = self.turns.get();
        let look = turns != 0 && turns.is_multiple_of(CLOCK_TURNS);
        turns >= TICK_TURNS || look && self.ticked.get().elapsed() >= TICK_TIME
    }

    fn tick<T: Task, H: Hooks<T>>(&self, hooks: &H) -> Option<Duration> {
        let wait = hooks.tick(self.seat);
        self.ticked.set(Instant::now());
        self.turns.set(0);
        wait
    }

    /// Microseconds since the scheduler's origin.
    fn now(&self) -> u64 {
        self.shared.origin.elapsed().as_micros() as u64
    }

    /// The keeper's deadline for a timer `wait` from now: rounded up, so that one sleep is enough.
    fn deadline(&self, wait: Duration) -> u64 {
        let micros = u64::try_from(wait.as_micros()).unwrap_or(NEVER);
        self.now().saturating_add(micros).saturating_add(2).min(NEVER)
    }
}
