//! The queues, and what each party may do with them.
//!
//! A thread's queues have two handles. `Own` stays with the thread: it pushes and pops. `Lane` is
//! seen by everybody: it steals. Queues belong to a thread, not to a seat, and no handle ever
//! changes hands: a thread that is stuck in a long turn keeps its queues, and others empty them.
//!
//! Within a thread, a task that was *woken* goes before one whose budget *expired*; hence two
//! deques. An expired one is due when those are gone that were woken before it expired: so who
//! starts processes by the thousand does not start the next thousand before these have run, and
//! they find what they need still in the cache.
//!
//! The next-slot holds the one task that the running turn has just made runnable. It is a plain
//! word that owner and thieves swap, so that a task is taken once.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    hint,
    num::NonZeroUsize,
};

use crossbeam_deque::{Injector, Steal, Stealer, Worker};
use crossbeam_utils::CachePadded;

use super::Priority;
use super::next_slot::NextSlot;
use super::post::Post;
use super::worker::surplus::Patience;
use crate::sync::{AtomicBool, Fences, Ordering, OsThread as Thread, StaticMutex as Mutex};
use crate::sys::ThreadId;

/// A task without its type.
pub(super) type Word = NonZeroUsize;

/// The most tasks in one thread's deques that turns leave there; the rest go to the injector.
pub(super) const DEQUE_LIMIT: usize = 4096;
/// The most tasks that move in one theft from the injector.
const BATCH: usize = 32;
/// Spins for which a thief watches a next-slot. Longer than a short turn, shorter than a wake.
const WATCH: usize = 64;

/// The owner's handle of a thread's deques.
pub(super) struct Own {
    pub(super) woken: Worker<Word>,
    pub(super) expired: Worker<Word>,
    /// Woken tasks that were popped, or are known to have been taken by others.
    gone: Cell<usize>,
    /// For the last of the expired tasks, what `gone` is to be when they are due. What a thief
    /// brings has none, and is due at once; what one takes is forgotten at the next look.
    due: RefCell<VecDeque<usize>>,
}

impl Own {
    /// Deques that nobody else knows of.
    pub(super) fn new() -> Self {
        Self {
            woken: Worker::new_fifo(),
            expired: Worker::new_fifo(),
            gone: Cell::new(0),
            due: RefCell::new(VecDeque::new()),
        }
    }

    pub(super) fn pop_woken(&self) -> Option<Word> {
        let word = self.woken.pop();
        let gone = match word {
            Some(_) => self.gone.get() + 1,
            // All that were there are gone, whoever took them.
            None => self.due.borrow().back().map_or(0, |due| *due).max(self.gone.get()),
        };
        self.gone.set(gone);
        word
    }

    pub(super) fn push_expired(&self, word: Word) {
        self.due.borrow_mut().push_back(self.gone.get() + self.woken.len());
        self.expired.push(word);
    }

    /// An expired task, if it is due.
    pub(super) fn pop_due(&self) -> Option<Word> {
        let held = self.expired.len();
        self.forget_taken(held);
        let due = self.due.borrow();
        let waits = due.len() == held && due.front().is_some_and(|due| *due > self.gone.get());
        drop(due);
        if waits { None } else { self.pop_expired() }
    }

    /// An expired task, due or not.
    pub(super) fn pop_expired(&self) -> Option<Word> {
        let word = self.expired.pop();
        self.forget_taken(self.expired.len());
        word
    }

    /// Tasks are taken in front, by the owner and by thieves.
    fn forget_taken(&self, held: usize) {
        let mut due = self.due.borrow_mut();
        let taken = due.len().saturating_sub(held);
        due.drain(..taken);
    }

    pub(super) fn len(&self) -> usize {
        self.woken.len() + self.expired.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.woken.is_empty() && self.expired.is_empty()
    }
}

/// Everybody's handle of a thread's queues, and of the thread itself.
pub(super) struct Lane {
    woken: Stealer<Word>,
    expired: Stealer<Word>,
    next: NextSlot,
    /// Where the thread meets the monitor.
    pub(super) post: Post,
    pub(super) patience: Patience,
    owner: Mutex<Owner>,
}

/// Who has the owner's handle of a lane.
enum Owner {
    /// Nobody: there is no thread, or it has yet to begin.
    Nobody(Own),
    /// This one.
    Thread(Thread, Option<ThreadId>),
}

impl Lane {
    /// The queues of threads, one at a time, of which there is none yet.
    pub(super) fn new(fences: Fences) -> Self {
        let own = Own::new();
        Self {
            woken: own.woken.stealer(),
            expired: own.expired.stealer(),
            next: NextSlot::new(),
            post: Post::new(fences),
            patience: Patience::new(),
            owner: Mutex::new(Owner::Nobody(own)),
        }
    }

    /// Thread: takes the owner's handle, and says whom to unpark, and whose clock to read.
    pub(super) fn enter(&self, thread: Thread, id: Option<ThreadId>) -> Own {
        match std::mem::replace(&mut *self.owner.lock(), Owner::Thread(thread, id)) {
            Owner::Nobody(own) => own,
            Owner::Thread(..) => unreachable!("a number is one thread's at a time"),
        }
    }

    /// Thread: gives the handle back for the next one, and is known no more. What the system calls
    /// the thread may soon be another's name.
    pub(super) fn leave(&self, own: Own) {
        *self.owner.lock() = Owner::Nobody(own);
    }

    /// Owner: puts `word` into the next-slot; returns the task that was there.
    pub(super) fn hand_over(&self, word: Word) -> Option<Word> {
        self.next.put(word)
    }

    /// Owner or thief: takes the task in the next-slot.
    pub(super) fn take_next(&self) -> Option<Word> {
        self.next.take()
    }

    /// Owner: whether the next-slot holds a task. Only the owner fills it, so for the owner "no" is
    /// lasting.
    pub(super) fn has_next(&self) -> bool {
        self.next.is_full()
    }

    /// Thief: takes the next-slot's task if the owner begins no turn for a while. A hot pair is
    /// thus left alone, and a task behind a long turn is not.
    pub(super) fn take_stuck(&self) -> Option<Word> {
        if !self.next.is_full() {
            return None;
        }
        let turns = self.post.turns();
        for _ in 0..WATCH {
            hint::spin_loop();
        }
        (self.post.turns() == turns).then(|| self.take_next()).flatten()
    }

    /// Thief: takes half of the tasks, woken before expired: one to run, the rest into `into`.
    pub(super) fn steal_half(&self, into: &Own) -> Steal<Word> {
        self.woken
            .steal_batch_and_pop(&into.woken)
            .or_else(|| self.expired.steal_batch_and_pop(&into.expired))
    }

    #[cfg(test)]
    /// Anybody: takes one task, the next-slot's included, whatever the owner does.
    pub(super) fn take_any(&self) -> Option<Word> {
        self.take_next()
            .or_else(|| insist(|| self.woken.steal()))
            .or_else(|| insist(|| self.expired.steal()))
    }

    /// Whether the deques hold a task.
    pub(super) fn has_work(&self) -> bool {
        !(self.woken.is_empty() && self.expired.is_empty())
    }

    /// The thread that empties a lane whose owner has lost its seat: moves all tasks to its own
    /// deques, woken ones to woken; says whether there were any.
    pub(super) fn drain(&self, into: &Own) -> bool {
        let before = into.len();
        self.take_next().into_iter().for_each(|word| into.woken.push(word));
        while let Some(word) = insist(|| self.woken.steal()) {
            into.woken.push(word);
        }
        while let Some(word) = insist(|| self.expired.steal()) {
            into.push_expired(word);
        }
        into.len() > before
    }

    pub(super) fn unpark(&self) {
        if let Owner::Thread(thread, _) = &*self.owner.lock() {
            thread.unpark();
        }
    }

    /// The system's name of the thread.
    pub(super) fn id(&self) -> Option<ThreadId> {
        match &*self.owner.lock() {
            Owner::Thread(_, id) => *id,
            Owner::Nobody(_) => None,
        }
    }
}

/// The queues of the whole scheduler, one for each priority.
pub(super) struct Injectors {
    queues: [Injector<Word>; 4],
    /// Whether there may be a task that goes before all others: one word to be read before each
    /// turn, and not the four of two queues.
    urgent: CachePadded<AtomicBool>,
}

impl Injectors {
    pub(super) fn new() -> Self {
        let urgent = CachePadded::new(AtomicBool::new(false));
        Self { queues: std::array::from_fn(|_| Injector::new()), urgent }
    }

    pub(super) fn push(&self, word: Word, priority: Priority) {
        self.of(priority).push(word);
        if priority >= Priority::High {
            // Release: who clears it sees the task.
            self.urgent.store(true, Ordering::Release);
        }
    }

    pub(super) fn is_empty(&self, priority: Priority) -> bool {
        self.of(priority).is_empty()
    }

    pub(super) fn take(&self, priority: Priority) -> Option<Word> {
        // Emptiness first: it reads two words, a theft writes.
        let queue = self.of(priority);
        if queue.is_empty() { None } else { insist(|| queue.steal()) }
    }

    /// A task that goes before all others, if one is known of.
    #[inline]
    pub(super) fn take_urgent(&self) -> Option<Word> {
        // Relaxed: what is missed is found before the next turn, or by who searches.
        if self.urgent.load(Ordering::Relaxed) { self.look_urgent() } else { None }
    }

    #[cold]
    fn look_urgent(&self) -> Option<Word> {
        // Cleared before the look, so that a task which the look misses sets it again. Acquire: a
        // task whose mark is cleared here is seen.
        self.urgent.swap(false, Ordering::AcqRel);
        let found = self.find_urgent();
        if found.is_some() {
            // There may be more.
            self.urgent.store(true, Ordering::Release);
        }
        found
    }

    /// A task that goes before all others.
    pub(super) fn find_urgent(&self) -> Option<Word> {
        self.take(Priority::Max).or_else(|| self.take(Priority::High))
    }

    /// One task to run, and for `into` a fair share among `workers` of the normal ones behind it.
    pub(super) fn take_share(&self, into: &Own, workers: usize) -> Option<Word> {
        let queue = self.of(Priority::Normal);
        if queue.is_empty() {
            return None;
        }
        let share = (queue.len() / workers + 1).min(BATCH);
        insist(|| queue.steal_batch_with_limit_and_pop(&into.woken, share))
    }

    #[cfg(test)]
    pub(super) fn take_any(&self) -> Option<Word> {
        self.queues.iter().rev().find_map(|queue| insist(|| queue.steal()))
    }

    pub(super) fn has_work(&self) -> bool {
        self.queues.iter().any(|queue| !queue.is_empty())
    }

    fn of(&self, priority: Priority) -> &Injector<Word> {
        &self.queues[priority as usize]
    }
}

/// Repeats a theft that lost a race: somebody else made progress each time.
fn insist(mut steal: impl FnMut() -> Steal<Word>) -> Option<Word> {
    loop {
        match steal() {
            Steal::Success(word) => return Some(word),
            Steal::Empty => return None,
            Steal::Retry => hint::spin_loop(),
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn word(number: usize) -> Word {
        Word::new(number).expect("not zero")
    }

    /// A lane, and its owner's handle.
    fn lane() -> (Own, Lane) {
        let lane = Lane::new(Fences::Equal);
        (lane.enter(std::thread::current(), None), lane)
    }

    #[test]
    fn a_lane_serves_one_thread_after_another() {
        let (own, lane) = lane();
        own.woken.push(word(1));
        lane.leave(own);
        assert!(lane.id().is_none(), "the system may give its name to another");
        lane.unpark();
        let own = lane.enter(std::thread::current(), None);
        assert_eq!(own.woken.pop(), Some(word(1)), "nothing is lost");
        own.woken.push(word(2));
        assert_eq!(lane.take_any(), Some(word(2)), "thieves find the same deques");
    }

    #[test]
    fn a_thief_takes_half_and_woken_tasks_first() {
        let (victim, lane) = lane();
        (1..=8).for_each(|n| victim.woken.push(word(n)));
        victim.expired.push(word(9));
        let (thief, _) = self::lane();
        assert_eq!(lane.steal_half(&thief).success(), Some(word(1)));
        assert_eq!((victim.woken.len(), thief.woken.len()), (4, 3));
        while victim.woken.pop().is_some() {}
        assert_eq!(lane.steal_half(&thief).success(), Some(word(9)));
    }

    #[test]
    fn an_expired_task_is_due_when_those_that_were_woken_before_it_are_gone() {
        let (own, _) = lane();
        own.woken.push(word(1));
        own.push_expired(word(8));
        own.woken.push(word(2));
        own.push_expired(word(9));
        own.woken.push(word(3));
        assert_eq!(own.pop_due(), None);
        assert_eq!(own.pop_woken(), Some(word(1)));
        assert_eq!(own.pop_due(), Some(word(8)), "before the one that was woken later");
        assert_eq!(own.pop_due(), None, "each by its own time");
        assert_eq!(own.pop_woken(), Some(word(2)));
        assert_eq!(own.pop_due(), Some(word(9)));
        assert_eq!(own.pop_woken(), Some(word(3)));
    }

    #[test]
    fn an_expired_task_does_not_wait_for_those_that_thieves_took() {
        let ((own, lane), (thief, _)) = (lane(), self::lane());
        (1..=8).for_each(|n| own.woken.push(word(n)));
        own.push_expired(word(20));
        own.push_expired(word(21));
        while lane.woken.steal().is_success() {}
        assert_eq!(own.pop_woken(), None);
        own.woken.push(word(9));
        assert_eq!(own.pop_due(), Some(word(20)));
        assert_eq!(lane.expired.steal().success(), Some(word(21)));
        own.push_expired(word(22));
        assert_eq!(own.pop_due(), None, "it waits for one, whoever took those before it");
        assert_eq!(lane.expired.steal_batch_and_pop(&thief.expired).success(), Some(word(22)));
        thief.expired.push(word(30));
        thief.woken.push(word(10));
        assert_eq!(thief.pop_due(), Some(word(30)), "what a thief brings is due");
        assert_eq!(own.pop_due(), None);
        assert_eq!(own.pop_woken(), Some(word(9)));
    }

    #[test]
    fn the_next_slot_holds_the_latest_and_gives_back_the_one_before() {
        let (_own, lane) = lane();
        assert_eq!(lane.hand_over(word(1)), None);
        assert_eq!(lane.hand_over(word(2)), Some(word(1)));
        assert_eq!(lane.take_stuck(), Some(word(2)));
        assert_eq!(lane.take_next(), None);
    }

    #[test]
    fn a_lane_is_drained_to_the_last_task() {
        let (old, lane) = lane();
        (1..=40).for_each(|n| old.woken.push(word(n)));
        (41..=50).for_each(|n| old.expired.push(word(n)));
        assert_eq!(lane.hand_over(word(51)), None);
        let (new, _) = self::lane();
        assert!(lane.drain(&new));
        assert_eq!((new.woken.len(), new.expired.len(), old.len()), (41, 10, 0));
        assert_eq!(new.woken.pop(), Some(word(51)), "what was made runnable last is run first");
        assert!(!lane.drain(&new));
    }

    #[test]
    fn a_share_of_the_injector_leaves_some_for_the_others() {
        let injectors = Injectors::new();
        (1..=40).for_each(|n| injectors.push(word(n), Priority::Normal));
        let (own, _) = lane();
        assert_eq!(injectors.take_share(&own, 4), Some(word(1)));
        assert!(own.len() <= 10, "{} taken", own.len());
        assert!(!injectors.is_empty(Priority::Normal));
    }

    #[test]
    fn each_task_that_goes_before_all_others_is_found_by_its_mark() {
        let injectors = Injectors::new();
        assert_eq!(injectors.take_urgent(), None);
        injectors.push(word(1), Priority::High);
        injectors.push(word(2), Priority::High);
        injectors.push(word(3), Priority::Max);
        injectors.push(word(4), Priority::Normal);
        let found: Vec<_> = std::iter::from_fn(|| injectors.take_urgent()).collect();
        assert_eq!(found, [word(3), word(1), word(2)]);
        injectors.push(word(5), Priority::Max);
        assert_eq!(injectors.take_urgent(), Some(word(5)));
    }
}
