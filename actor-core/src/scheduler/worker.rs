//! The loop: keep time, take the next task, run it; search; sleep.
//!
//! `Local` is what a worker's thread has for itself. It lives in a thread-local, so that
//! [`schedule`] finds the queues of the thread it is called on, and it is free of types: tasks are
//! words here, and only `main` knows what they mean. A thread serves one scheduler for life, so the
//! thread-local is set once and never cleared. It sits on one seat after another, and on none
//! between them (`RESCUE.md`): then it has nothing to put into its own queues.
//!
//! # The next-slot
//!
//! A task that a running turn makes runnable goes into the next-slot and wakes nobody, so a pair
//! that talks stays on one core with its data. The task that was there before goes to the deque;
//! when someone is woken for it, `surplus` says. Between turns there is no slot to be hot: what a
//! timer or an expired budget makes runnable goes to the deque.

mod offline;
pub(super) mod surplus;

use std::cell::{Cell, OnceCell};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_deque::Steal;

use super::idle::Cancelled;
use super::keeper::NEVER;
use super::pool::{Order, Waited};
use super::post::Stand;
use super::steal::{DEQUE_LIMIT, Lane, Own, Word};
use super::{After, Hooks, Priority, Shared, Task};
use crate::sync::{Ordering, mpsc, os_thread};
use crate::sys;

/// Every so many tasks one comes from the normal injector though the own deque holds some. Prime,
/// so that it keeps step with nothing.
const INJECTOR_EVERY: u32 = 61;
/// Every so many tasks one is low, and another is an expired one that is due.
const LOW_EVERY: u32 = 8;
/// How often running the next-slot goes before the deques.
const HANDOFFS: u32 = 16;
/// A busy worker ticks at least once in so many turns,
const TICK_TURNS: u32 = 61;
/// and looks at the clock once in so many, to tick by time as well.
const CLOCK_TURNS: u32 = 8;
/// Half of the promised millisecond: the other half is for the turns between two looks.
const TICK_TIME: Duration = Duration::from_micros(500);
/// How long workers want to run at a time, and how long the others: the least and the most that
/// Linux grants.
pub(super) const SHORT_SLICE: Duration = Duration::from_micros(100);
pub(super) const LONG_SLICE: Duration = Duration::from_millis(100);
/// Rounds of a search in which a theft lost a race, before the searcher gives up.
const ROUNDS: usize = 4;

/// No seat.
const NOWHERE: usize = usize::MAX;

/// What is left to be done of a turn after which the thread has no seat.
struct Left {
    word: Word,
    after: After,
}

thread_local! {
    /// The worker that this thread is.
    static HERE: OnceCell<Local> = const { OnceCell::new() };
}

/// How a worker's first thread begins.
pub(super) struct First {
    pub(super) seat: usize,
    /// Failing to be bound is an error.
    pub(super) forced: bool,
    /// Who waits for it.
    pub(super) ready: mpsc::Sender<io::Result<()>>,
}

/// See [`super::Scheduler::schedule`].
pub(super) fn schedule(shared: &Arc<Shared>, word: Word, priority: Priority) {
    let local = with_local(shared, |local| local.put(word, priority));
    if local != Some(true) {
        shared.inject(word, priority);
        shared.wake_one();
    }
}

/// The calling thread, if it is one of this scheduler's.
pub(super) fn thread_in(shared: &Arc<Shared>) -> Option<usize> {
    with_local(shared, |local| local.thread)
}

/// Whether the calling thread, or whoever gets its seat, looks at the timers before it sleeps.
pub(super) fn keeps_time(shared: &Arc<Shared>) -> bool {
    with_local(shared, Local::keeps_time).unwrap_or(false)
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

/// A thread, from its first breath to its last: `first` is a worker's, the others wait for orders.
pub(super) fn main<T: Task, H: Hooks<T>>(
    shared: Arc<Shared>,
    hooks: Arc<H>,
    thread: usize,
    first: Option<First>,
) {
    sys::exact_timers();
    // Before it can have a seat: a wake must find it.
    let own = shared.lane(thread).enter(os_thread::current(), sys::thread_id());
    HERE.with(|here| {
        let fences = shared.fences;
        let local = here.get_or_init(|| Local::new(shared, thread, own));
        hooks.enroll(thread, fences);
        local.leave_core();
        let mut order = match &first {
            Some(first) => Some(Order::Seat { seat: first.seat, from: thread }),
            None => local.wait(),
        };
        let mut first = first;
        while let Some(now) = order {
            order = match now {
                Order::Seat { seat, from } => {
                    local.serve_seat::<T, H>(&hooks, seat, from, &mut first)
                }
                Order::Task(word) => local.run_away::<T, H>(&hooks, word),
            };
        }
        hooks.dismiss(thread);
    });
}

/// What one thread has for itself.
struct Local {
    shared: Arc<Shared>,
    /// Its number, and everybody's handle of its queues.
    thread: usize,
    lane: Arc<Lane>,
    /// Where it sits; [`NOWHERE`] in the pool, and from the end of a turn on in which it lost it.
    seat: Cell<usize>,
    own: Own,
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
    /// Picks with something left behind, if that was a lone task (`surplus`).
    left_behind: Cell<u32>,
    /// When this worker last ticked, and how many turns ago.
    ticked: Cell<Instant>,
    turns: Cell<u32>,
    /// Where in a ring the next search starts.
    start: Cell<usize>,
}

impl Local {
    fn new(shared: Arc<Shared>, thread: usize, own: Own) -> Self {
        Self {
            lane: Arc::clone(shared.lane(thread)),
            shared,
            thread,
            seat: Cell::new(NOWHERE),
            own,
            in_turn: Cell::new(false),
            searching: Cell::new(false),
            placed: Cell::new(false),
            picks: Cell::new(0),
            handoffs: Cell::new(0),
            left_behind: Cell::new(0),
            ticked: Cell::new(Instant::now()),
            turns: Cell::new(0),
            start: Cell::new(thread),
        }
    }

    /// Serves a seat until that is lost, or the scheduler stops; answers what to do then.
    fn serve_seat<T: Task, H: Hooks<T>>(
        &self,
        hooks: &Arc<H>,
        seat: usize,
        from: usize,
        first: &mut Option<First>,
    ) -> Option<Order> {
        let bound = self.take_core(seat);
        if let Some(First { forced, ready, .. }) = first.take() {
            if let Err(error) = bound
                && forced
            {
                let _ = ready.send(Err(error));
                return None;
            }
            hooks.thread_started(seat);
            // The start waits until nobody can answer any more.
            let _ = ready.send(Ok(()));
        } else {
            hooks.thread_started(seat);
        }
        self.seat.set(seat);
        hooks.sits(self.thread);
        self.lane.post.sit();
        if from != self.thread && self.shared.lane(from).drain(&self.own) {
            self.shared.wake_one();
        }
        // The timers of the seat first: who armed them relied on it.
        self.tick(&**hooks);
        let after = self.serve::<T, H>(hooks);
        hooks.thread_stopping(seat);
        match after {
            // It stops.
            None => None,
            Some(away) => self.next_order(away),
        }
    }

    /// The policy, until the scheduler stops or the seat is lost; then it is said what is left to
    /// be done of the turn in which that happened.
    fn serve<T: Task, H: Hooks<T>>(&self, hooks: &Arc<H>) -> Option<Left> {
        while !self.shared.is_stopping() {
            if self.tick_is_due() {
                self.tick(&**hooks);
            }
            if self.is_offline() {
                self.rest(&**hooks);
                continue;
            }
            match self.next().or_else(|| self.search()) {
                Some(word) => {
                    self.leave_search();
                    self.look_behind();
                    if let Err(left) = self.turn(hooks, word) {
                        return Some(left);
                    }
                }
                None => self.sleep(&**hooks),
            }
        }
        None
    }

    fn turn<T: Task, H: Hooks<T>>(&self, hooks: &Arc<H>, word: Word) -> Result<(), Left> {
        if hooks.is_away(T::from_word(word)) && self.shared.send_away::<T, H>(hooks, word) {
            return Ok(());
        }
        let seat = self.seat.get();
        self.turns.set(self.turns.get() + 1);
        let (after, stand) = self.run(&**hooks, word, Some(seat));
        if stand == Stand::Away {
            self.seat.set(NOWHERE);
            return Err(Left { word, after });
        }
        match after {
            After::Done => {}
            After::Again(priority) => self.put_between(word, priority, true),
            After::Away(priority) => {
                if !self.shared.send_away::<T, H>(hooks, word) {
                    self.put_between(word, priority, true);
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn run<T: Task, H: Hooks<T>>(
        &self,
        hooks: &H,
        word: Word,
        seat: Option<usize>,
    ) -> (After, Stand) {
        let post = &self.lane.post;
        self.in_turn.set(true);
        post.begin_turn(word);
        let after = hooks.run(T::from_word(word), seat);
        let stand = post.end_turn();
        self.in_turn.set(false);
        (after, stand)
    }

    /// Runs a task of the pool, on no seat; answers what to do then.
    fn run_away<T: Task, H: Hooks<T>>(&self, hooks: &Arc<H>, word: Word) -> Option<Order> {
        if self.shared.is_stopping() {
            self.shared.inject(word, Priority::Normal);
            return None;
        }
        let (after, _) = self.run(&**hooks, word, None);
        let again = match after {
            After::Again(_) => hooks.is_away(T::from_word(word)),
            After::Done | After::Away(_) => false,
        };
        if again {
            return self.pool_order(Some(word));
        }
        self.next_order(Left { word, after })
    }

    /// Hands back what is left of a turn, and asks the pool for more.
    fn next_order(&self, left: Left) -> Option<Order> {
        let Left { word, after } = left;
        match after {
            After::Done => self.pool_order(None),
            After::Away(_) => self.pool_order(Some(word)),
            After::Again(priority) => {
                self.shared.inject(word, priority);
                self.shared.wake_one();
                self.pool_order(None)
            }
        }
    }

    fn pool_order(&self, again: Option<Word>) -> Option<Order> {
        let Shared { pool, .. } = &*self.shared;
        if let Some(word) = pool.back(self.thread, again) {
            return Some(Order::Task(word));
        }
        // Long slices are for user code: who comes for a seat, or to end, is not to wait behind it.
        self.ask_slice(SHORT_SLICE);
        self.wait()
    }

    /// Waits in the pool; `None`: the thread is to end.
    fn wait(&self) -> Option<Order> {
        match self.shared.pool.wait(self.thread) {
            Waited::For(order) => {
                if let Order::Task(_) = order {
                    self.ask_slice(LONG_SLICE);
                }
                Some(order)
            }
            Waited::InVain => {
                self.shared.threads.leaves(self.thread);
                None
            }
            Waited::Closed => None,
        }
    }

    /// The thread may run on every core.
    fn leave_core(&self) {
        if let Some(id) = self.lane.id() {
            // A refusal leaves it where it is.
            let _ = sys::unpin_thread(id, &self.shared.mask);
        }
    }

    fn ask_slice(&self, slice: Duration) {
        if let Some(id) = self.lane.id() {
            sys::ask_slice(id, slice);
        }
    }

    /// The thread is bound to the seat's core, if that is wanted, and has short slices.
    fn take_core(&self, seat: usize) -> io::Result<()> {
        self.ask_slice(SHORT_SLICE);
        self.shared.seats[seat].cpu.map_or(Ok(()), sys::pin_current_thread)
    }

    fn keeps_time(&self) -> bool {
        self.seat.get() != NOWHERE && (!self.in_turn.get() || self.lane.post.is_held())
    }

    /// A task became runnable, in a turn of this thread or between two. False: it is not this
    /// thread's to queue.
    fn put(&self, word: Word, priority: Priority) -> bool {
        if self.seat.get() == NOWHERE {
            return false;
        }
        if !self.in_turn.get() {
            self.put_between(word, priority, false);
            return true;
        }
        if priority != Priority::Normal {
            // The turn may be long, so someone else may have to come for it.
            return false;
        }
        let lane = &*self.lane;
        let Some(inside) = lane.post.enter() else { return false };
        let wakes = lane.hand_over(word).is_some_and(|older| self.displace(older));
        drop(inside);
        if wakes {
            self.shared.wake_one();
        }
        true
    }

    /// Queues a task while no turn runs. This worker looks into the queues next, so a lone task
    /// wakes nobody.
    fn put_between(&self, word: Word, priority: Priority, expired: bool) {
        let lane = &*self.lane;
        let normal = priority == Priority::Normal;
        let alone = self.own.is_empty()
            && !lane.has_next()
            && (normal || self.shared.injectors.is_empty(priority));
        self.placed.set(true);
        match normal {
            true if expired => self.push(word, true),
            // However many: what a timer wakes is not to wait in the injector behind a crowd.
            true => self.own.woken.push(word),
            false => self.shared.inject(word, priority),
        }
        if !alone {
            self.shared.wake_one();
        }
    }

    /// What a turn leaves: to the own deques, or to the injector if they are full.
    fn push(&self, word: Word, expired: bool) {
        if self.own.len() >= DEQUE_LIMIT {
            self.shared.inject(word, Priority::Normal);
        } else if expired {
            self.own.push_expired(word);
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
            self.own.pop_due()
        } else {
            None
        };
        fair.or_else(|| self.next_own())
            .or_else(|| injectors.take_share(&self.own, self.shared.seats.len()))
    }

    /// The next-slot, as long as it has not gone first too often; then the deques; then the
    /// next-slot after all.
    fn next_own(&self) -> Option<Word> {
        let lane = &*self.lane;
        let handoffs = self.handoffs.get();
        if handoffs < HANDOFFS
            && let Some(word) = lane.take_next()
        {
            self.handoffs.set(handoffs + 1);
            return Some(word);
        }
        self.handoffs.set(0);
        let deques = self.own.pop_woken().or_else(|| self.own.pop_expired());
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
            .or_else(|| injectors.find_urgent())
            .or_else(|| injectors.take_share(&self.own, self.shared.seats.len()))
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
        self.shared.rings[self.seat.get()].iter().flat_map(move |ring| {
            let (before, after) = ring.split_at(turned(ring));
            after.iter().chain(before).map(|seat| self.shared.lane_at(*seat))
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
        let Shared { idle, keeper, doze, pool, .. } = &*self.shared;
        let seat = self.seat.get();
        let epoch = keeper.epoch();
        self.placed.set(false);
        let wait = self.tick(hooks);
        if self.placed.get() {
            return;
        }
        let until = wait.map_or(NEVER, |wait| self.deadline(wait));
        let last = idle.park(seat, self.searching.take());
        if last && self.shared.work_visible() {
            idle.search_on(seat);
            self.searching.set(true);
            return;
        }
        hooks.resting(seat);
        let keeps = keeper.take(seat, until);
        self.block(keeps.then_some((epoch, until)));
        keeper.leave(seat);
        self.searching.set(idle.cancel(seat) == Cancelled::Woken);
        if pool.exists() && doze.stir() {
            self.shared.threads.unpark_monitor();
        }
    }

    /// Blocks the thread. A keeper is given its deadline, and the epoch that this relies on.
    fn block(&self, keeping: Option<(u64, u64)>) {
        let Shared { idle, keeper, .. } = &*self.shared;
        while idle.is_parked(self.seat.get()) && !self.shared.is_stopping() {
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
        let wait = hooks.tick(self.seat.get());
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

impl Drop for Local {
    /// The thread's locals are being destroyed: of all that it ran nothing is left but what user
    /// code put there, which may take its time. From here on its number can be another's.
    fn drop(&mut self) {
        self.lane.leave(std::mem::replace(&mut self.own, Own::new()));
        self.shared.is_gone(self.thread);
    }
}
