//! How a runtime ends, step by step:
//!
//! 1. nothing is started from outside any more;
//! 2. the supervisors that no other supervises are stopped, the youngest first, each in its own
//!    time (they stop their children in reverse order within their shutdown times), and all of them
//!    within [`limits::SHUTDOWN_TREES`](crate::limits::SHUTDOWN_TREES) or what the builder says;
//! 3. every process that is left is asked to stop with `shutdown`;
//! 4. who is left after [`limits::SHUTDOWN`](crate::limits::SHUTDOWN), and
//!    [`limits::SHUTDOWN_EACH`](crate::limits::SHUTDOWN_EACH) for each process, is killed; that
//!    goes on until no process has ended for [`limits::SHUTDOWN`](crate::limits::SHUTDOWN): who
//!    dies only needs a turn, and how soon a million get theirs is the machine's;
//! 5. timers are disarmed, the threads end and are joined. The cells go with the last ref.
//!
//! What cannot be ended in time is told by the error; its memory is leaked, never freed under it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Core, route};
use crate::{
    error::ShutdownError,
    exit::ExitReason,
    limits,
    pid::Pid,
    process::{CellRef, Mail, current},
    signal::{Signal, Watch},
    sync::{AtomicBool, Condvar, Mutex, OnceLock, Ordering},
};

/// After what time those who are left are asked again to end, if they are few.
const AGAIN: Duration = Duration::from_millis(10);
const FEW: usize = 1_000;

/// A thread waits for one process.
struct Ended(Mutex<crate::sync::mpsc::Sender<()>>);

impl Watch for Ended {
    fn ended(&self, _: Pid, _: &ExitReason) {
        let _ = self.0.lock().send(());
    }

    fn is_wanted(&self) -> bool {
        true
    }
}

/// What a runtime's end needs.
pub(super) struct Ending {
    /// The supervisors that no other supervises, with the number of their start.
    roots: Mutex<Vec<(u64, Pid)>>,
    /// How long they have to stop, all together, if that is not the default.
    trees: OnceLock<Duration>,
    /// Somebody waits for the last process.
    waiting: AtomicBool,
    lock: Mutex<()>,
    fewer: Condvar,
}

impl Ending {
    pub(super) fn new() -> Self {
        Self {
            roots: Mutex::new(Vec::new()),
            trees: OnceLock::new(),
            waiting: AtomicBool::new(false),
            lock: Mutex::new(()),
            fewer: Condvar::new(),
        }
    }
}

impl Core {
    /// Whether nothing is started any more.
    pub(super) fn is_closed(&self) -> bool {
        self.door.is_closed()
    }

    /// Whether that has begun since a start looked, whose process is counted by now: see
    /// [`Door`](super::door::Door). A process of this runtime that starts another is counted
    /// itself.
    #[inline]
    pub(super) fn has_closed_meanwhile(&self) -> bool {
        let starter = current::running();
        if starter.is_some_and(|starter| std::ptr::eq(self, starter.machine_as::<Self>())) {
            return false;
        }
        self.door.has_closed_meanwhile()
    }

    /// Remembers a supervisor that no other supervises; forgets the dead when the list has doubled.
    pub(super) fn add_root(&self, pid: Pid) {
        let number = self.next_sequence();
        let mut roots = self.ending.roots.lock();
        if roots.len() == roots.capacity() {
            // All of them are published, so who cannot be pinned is dead.
            roots.retain(|&(_, pid)| self.pin(pid).is_some());
        }
        roots.push((number, pid));
    }

    /// A process less; tells who waits for the last.
    pub(super) fn one_less(&self) {
        // Relaxed: whoever waits looks again within a millisecond at worst.
        if self.ending.waiting.load(Ordering::Relaxed) && self.is_empty() {
            let _guard = self.ending.lock.lock();
            self.ending.fewer.notify_all();
        }
    }

    /// Whether no process is left, and nobody to be told of one.
    fn is_empty(&self) -> bool {
        self.process_count() == 0 && self.leavings.is_empty()
    }

    /// Asks every process to end, and waits for that; false if some were left at the bound.
    fn ask_all(&self) -> bool {
        let count = u32::try_from(self.process_count()).unwrap_or(u32::MAX);
        let until = Instant::now() + limits::SHUTDOWN + limits::SHUTDOWN_EACH * count;
        self.end_all(ask, |_| until)
    }

    /// Kills every process, and waits as long as some die; false if some are left then.
    fn kill_all(&self) -> bool {
        self.end_all(route::kill, |progress| progress + limits::SHUTDOWN)
    }

    /// Has every process end by `how`, and waits for that; false if some were left at the time that
    /// `bound` makes of the last one's end.
    ///
    /// A start that was under way when the runtime closed may be seen only now: so those who are
    /// left are asked again, after a while, and again after ten times that.
    fn end_all(&self, how: fn(&CellRef), bound: impl Fn(Instant) -> Instant) -> bool {
        self.ending.waiting.store(true, Ordering::Relaxed);
        let begun = Instant::now();
        self.each(how);
        let mut again = AGAIN;
        let (mut least, mut progress) = (usize::MAX, begun);
        let mut guard = self.ending.lock.lock();
        while !self.is_empty() {
            let (now, count) = (Instant::now(), self.process_count());
            if count < least {
                (least, progress) = (count, now);
            }
            let until = bound(progress);
            if now >= until {
                return false;
            }
            if now - begun >= again && count <= FEW {
                again *= 10;
                drop(guard);
                self.each(how);
                guard = self.ending.lock.lock();
            }
            let step = (until - now).min(Duration::from_millis(1));
            guard = self.ending.fewer.wait_timeout(guard, step).0;
        }
        true
    }

    /// How long all trees together have to stop; said once, before there are any.
    pub(super) fn bound_trees(&self, limit: Duration) {
        let _ = self.ending.trees.set(limit);
    }

    /// Stops the supervisors that no other supervises, the youngest first. `since` is the number of
    /// the first that is meant.
    pub(crate) fn stop_trees(&self, since: u64) {
        let mut roots = std::mem::take(&mut *self.ending.roots.lock());
        roots.sort_unstable();
        let mine = roots.split_off(roots.partition_point(|&(number, _)| number < since));
        self.ending.roots.lock().extend(roots);
        let limit = *self.ending.trees.get().unwrap_or(&limits::SHUTDOWN_TREES);
        // None: as long as it takes.
        let until = Instant::now().checked_add(limit);
        for (_, pid) in mine.into_iter().rev() {
            let Some(pin) = self.pin(pid) else { continue };
            let (tell, ended) = crate::sync::mpsc::channel();
            let watch = Arc::new(Ended(Mutex::new(tell)));
            route::signal_cell(&pin, Mail::signal(Signal::Watch(watch)));
            route::signal_cell(&pin, Mail::signal(Signal::Stop(ExitReason::Shutdown)));
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let in_time = match left {
                Some(left) => ended.recv_timeout(left).is_ok(),
                None => ended.recv().is_ok(),
            };
            if !in_time {
                route::kill(&pin);
            }
        }
    }

    /// Ends the runtime; see the module. Called from one of its own processes it cannot wait for
    /// itself, and says so by an error at once.
    pub(crate) fn shutdown(&self) -> Result<(), ShutdownError> {
        if self.runs_here() {
            return Err(self.left(vec![current_thread()]));
        }
        if self.ending.waiting.load(Ordering::Relaxed) && self.is_empty() {
            return self.join();
        }
        self.door.close();
        // From here on the last process to go frees the last cell.
        self.slab.let_go();
        self.stop_trees(0);
        let _ = self.ask_all() || self.kill_all();
        self.join()
    }

    /// Whether one of its processes runs on this thread.
    pub(super) fn runs_here(&self) -> bool {
        current::is_running() && super::current().is_some_and(|core| self.is(&core))
    }

    fn is(&self, other: &Arc<Self>) -> bool {
        std::ptr::eq(self, Arc::as_ptr(other))
    }

    /// The last step.
    fn join(&self) -> Result<(), ShutdownError> {
        self.timers.clear();
        let mut threads = Vec::new();
        if let Some(scheduler) = self.scheduler.get() {
            scheduler.stop();
            threads = scheduler.join(Instant::now() + limits::SHUTDOWN).err().unwrap_or_default();
        }
        self.timers.clear();
        if threads.is_empty() && self.is_empty() { Ok(()) } else { Err(self.left(threads)) }
    }

    fn left(&self, threads: Vec<String>) -> ShutdownError {
        ShutdownError { processes: self.process_count(), threads }
    }

    /// The end of a simulation: every process is killed on the spot.
    pub(super) fn abandon(&self) {
        self.door.close();
        for pin in self.pins() {
            self.kill_now(pin.raw().take_turn());
        }
        for cell in self.leavings.cells() {
            self.kill_now(cell.take_turn());
        }
        self.timers.clear();
    }
}

/// Asks a process to stop: one that has a `terminate` or traps exits by a request, so that it can;
/// any other by an exit signal, which waits for no handler.
pub(super) fn ask(pin: &CellRef) {
    if pin.table().has_terminate || pin.state().traps_exit() {
        return route::signal_cell(pin, Mail::signal(Signal::Stop(ExitReason::Shutdown)));
    }
    let from = Pid::local(0, 0);
    let exit = Signal::Exit { from, reason: ExitReason::Shutdown, linked: false };
    route::signal_cell(pin, Mail::signal(exit));
}

fn current_thread() -> String {
    crate::sync::thread::current().name().unwrap_or("a worker").to_owned()
}
