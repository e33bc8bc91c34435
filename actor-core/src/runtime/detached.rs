//! The kill of a process whose turn does not end.
//!
//! A kill is a signal, and a process acts on signals between its handlers. One that is on a thread
//! without a seat may not come to that for long, so it is ended by somebody else (`custody` in
//! `process` has the protocol): its inbox closes, its name is free, its callers fail, its links and
//! monitors hear of it, its slot is free. What is left, the state and the handler that runs, is its
//! thread's until that turn ends; all that the handler asks of the runtime meanwhile is refused.
//! This is the one case in which a process is restarted while code of the one before still runs.
//!
//! Who is to be ended so is found in three ways, so that nobody is missed: a kill looks for the
//! process among the threads without a seat; a thread that loses its seat looks whether its process
//! was killed before; and the monitor looks again for those that neither found. The work itself is
//! done in a turn like any other: the process's word is scheduled once more, and whoever gets it
//! finds the process on the list of those to be ended. (If the stuck turn ends at that moment there
//! are two such words for one process. They are alike: who comes first takes it off the list, see
//! `doomed`.)

use std::num::NonZeroUsize;

use super::{Core, doomed::Doomed};
use crate::{
    exit::ExitReason,
    pid::Pid,
    priority::Priority,
    process::{CellRef, Custody, Ended, Phase, RawCell, Running, Take, contain, current},
    scheduler::Task,
    sync::{AtomicUsize, Fences, Mutex, Ordering},
};

/// See the module.
pub(super) struct Detached {
    /// What the threads of the runtime show, by their number.
    threads: Mutex<Vec<Option<&'static Custody>>>,
    /// Processes that were killed and may be in a turn.
    killed: Mutex<Vec<(RawCell, Pid)>>,
    killed_count: AtomicUsize,
    /// Processes to be ended, whose words are queued.
    to_end: Doomed<CellRef>,
}

/// So many kills are remembered without memory being asked for again.
const KILLED_KEPT: usize = 1024;

fn word(cell: RawCell) -> NonZeroUsize {
    cell.into_word()
}

impl Detached {
    pub(super) fn new() -> Self {
        Self {
            threads: Mutex::new(Vec::new()),
            killed: Mutex::new(Vec::new()),
            killed_count: AtomicUsize::new(0),
            to_end: Doomed::new(),
        }
    }

    /// The calling thread is one of the runtime's, without a seat so far.
    pub(super) fn enroll(&self, thread: usize, fences: Fences) {
        let mut threads = self.threads.lock();
        if threads.len() <= thread {
            threads.resize(thread + 1, None);
        }
        threads[thread] = Some(current::enroll(fences));
    }

    /// It ends.
    pub(super) fn dismiss(&self, thread: usize) {
        // Under the lock: who looks for a process there is done with it.
        let mut threads = self.threads.lock();
        if let Some(custody) = threads.get_mut(thread) {
            *custody = None;
            current::dismiss();
        }
    }

    /// A thread has lost its seat, or sits down.
    pub(super) fn set_away(&self, thread: usize, away: bool) {
        if let Some(Some(custody)) = self.threads.lock().get(thread) {
            custody.set_away(away);
        }
    }

    /// The thread that runs a process without a seat, if there is one.
    fn holder(&self, cell: RawCell) -> Option<&'static Custody> {
        let threads = self.threads.lock();
        threads.iter().flatten().find(|custody| custody.runs_away(word(cell))).copied()
    }

    /// Whether some thread runs it, with a seat or without.
    pub(super) fn runs(&self, cell: RawCell) -> bool {
        self.threads.lock().iter().flatten().any(|custody| custody.runs(word(cell)))
    }

    /// Remembers a kill; forgets those that are over, each time the list has doubled.
    fn remember(&self, cell: RawCell, pid: Pid) {
        let mut killed = self.killed.lock();
        if killed.len() == killed.capacity() {
            killed.retain(|(cell, pid)| is_alive(*cell, *pid));
        }
        killed.push((cell, pid));
        // Relaxed: a hint, looked at again and again.
        self.killed_count.store(killed.len(), Ordering::Relaxed);
    }

    /// Those that were killed, and run on a thread without a seat.
    fn stuck(&self) -> Vec<CellRef> {
        let mut killed = self.killed.lock();
        killed.retain(|(cell, pid)| is_alive(*cell, *pid));
        // What a hundred thousand kills at once took goes back.
        let keeps = KILLED_KEPT.max(2 * killed.len());
        killed.shrink_to(keeps);
        self.killed_count.store(killed.len(), Ordering::Relaxed);
        let stuck = killed.iter().filter(|(cell, _)| self.holder(*cell).is_some());
        stuck.filter_map(|(cell, pid)| RawCell::pin_candidate(cell.erase(), *pid)).collect()
    }
}

fn is_alive(cell: RawCell, pid: Pid) -> bool {
    RawCell::pin_candidate(cell.erase(), pid).is_some_and(|pin| pin.phase() < Phase::Exiting)
}

impl Core {
    /// A kill was sent to a process, which may be in a turn.
    #[cold]
    pub(super) fn was_killed(&self, process: &CellRef) {
        if !self.rescues() || process.phase() >= Phase::Exiting {
            return;
        }
        self.detached.remember(process.raw(), process.pid());
        if self.detached.holder(process.raw()).is_some() {
            self.end_soon(process.clone());
        }
    }

    /// Looks for processes that were killed and do not come to act on it.
    pub(super) fn look_for_killed(&self) {
        if self.detached.killed_count.load(Ordering::Relaxed) == 0 {
            return;
        }
        self.detached.stuck().into_iter().for_each(|pin| self.end_soon(pin));
    }

    fn end_soon(&self, pin: CellRef) {
        // Its state must be there, to be left to its thread; a start is waited for.
        if !matches!(pin.phase(), Phase::Running | Phase::Terminating) {
            return;
        }
        let cell = pin.raw();
        if self.detached.to_end.put(pin, |one, other| one.raw() == other.raw())
            && let Some(scheduler) = self.scheduler.get()
        {
            scheduler.schedule(cell, Priority::High);
        }
    }

    /// Whether some word may be that of a process to be ended.
    #[inline]
    pub(super) fn ends_some(&self) -> bool {
        !self.detached.to_end.is_empty()
    }

    /// Ends a process instead of running it, if it is on the list for that; answers whether that is
    /// to go on. `None`: it is not.
    #[cold]
    pub(super) fn end_instead(&self, cell: RawCell) -> Option<Option<Running>> {
        let pin = self.detached.to_end.take(|pin| pin.raw() == cell)?;
        let Some(custody) = self.detached.holder(cell) else { return Some(None) };
        let Some(scheduler) = self.scheduler.get() else { return Some(None) };
        let may = || matches!(pin.phase(), Phase::Running | Phase::Terminating);
        match custody.take(word(cell), || scheduler.heavy_fence(), may) {
            // The right to act for it is ours, but for its state.
            Take::Taken => {
                let ended = Ended { reason: ExitReason::Killed, ignored: false, follows: true };
                return Some(self.finish_taken(cell.take_turn(), ended));
            }
            Take::Busy => self.end_soon(pin),
            Take::Elsewhere => {}
        }
        Some(None)
    }

    /// The turn has ended of a process that was taken from this thread: what is left of it goes.
    pub(super) fn bury(&self, running: Running) {
        let entered = current::enter(&running);
        // The kill was told, and nothing is told after it.
        let _ = contain(&running, || running.drop_state());
        drop(entered);
        current::forget_taken();
        running.release();
    }
}
