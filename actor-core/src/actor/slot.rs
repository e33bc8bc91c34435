//! Slots: the stable identity of a supervised child, while processes come and go in it.
//!
//! A slot is *up* (a process is in it), in a *gap* (that process has ended and its supervisor has
//! not decided, or is starting the next), or *gone* (there will be none). A ref with a slot sends
//! to whoever is in it: in a gap its mail is kept, in order, up to [`limits::GAP_MAIL`] or the
//! child's own mailbox, and goes to the next process as soon as it is ready; when the slot is gone,
//! casts are refused and calls fail, both by noproc. Mail that had reached a process that then
//! ended is that process's, and ends with it, unless it keeps its mailbox: then the slot is its
//! heir, and what it had not begun to handle goes to the next process before the mail of the gap.
//!
//! The usual send takes no lock: it reads the pid, and pins that process by the table. Only mail
//! for a slot that is not up takes the slot's own lock. Order holds for each sender: kept mail is
//! in the inbox of the next process before its pid can be read.

use std::{
    any::Any,
    collections::VecDeque,
    sync::{Arc, OnceLock},
    task::{Poll, Waker},
};

use crate::{
    error::{CallFailure, SendError},
    exit::ExitReason,
    limits,
    pid::Pid,
    process::{CellRef, Heir, Mail, current},
    runtime::{self, Core, route},
    sync::{AtomicU64, Mutex, Ordering},
};

/// See the module.
pub(crate) struct Slot {
    /// The pid of the process that is up; zero in a gap, and when gone.
    present: AtomicU64,
    /// The last process: who asks how it ended can still be told.
    last: Mutex<Option<CellRef>>,
    state: Mutex<State>,
    /// Whether a supervisor starts another process after the present one.
    supervised: bool,
    /// How many casts and calls a gap keeps.
    room: usize,
    /// The runtime, known since the first process at the latest.
    core: OnceLock<Arc<Core>>,
    /// What upper layers keep with the slot.
    annex: Mutex<Option<Arc<dyn Any + Send + Sync>>>,
}

/// The runtime that a slot's processes will run in, if it is known: calls to a child that never ran
/// need its clock.
#[derive(Clone, Default)]
pub(crate) struct Home(Option<Arc<Core>>);

impl Home {
    /// The runtime of this thread.
    pub(crate) fn here() -> Self {
        Self(runtime::current())
    }

    pub(super) fn of(core: &Arc<Core>) -> Self {
        Self(Some(core.clone()))
    }
}

enum State {
    Up,
    /// None: nothing was kept, and nobody waits. Most gaps are over before anything comes.
    Gap(Option<Box<Gap>>),
    Gone,
}

impl State {
    /// A gap as it begins.
    const fn gap() -> Self {
        Self::Gap(None)
    }
}

#[derive(Default)]
struct Gap {
    /// What the process before had not handled, if it keeps its mailbox; the oldest first.
    left: VecDeque<Mail>,
    /// Why that one ended.
    reason: Option<ExitReason>,
    /// The sender, for the order of a simulation, and the mail that came in the gap.
    kept: VecDeque<(Option<Pid>, Mail)>,
    waiting: Vec<Waker>,
}

impl Gap {
    /// Gives the kept mail to a process; false if it has ended, with what is left still kept.
    fn hand_over(&mut self, to: &CellRef) -> bool {
        while let Some(mail) = self.left.pop_front() {
            if let Err((_, mail)) = route::hand_down(to, mail) {
                self.left.push_front(mail);
                return false;
            }
        }
        while let Some((source, mail)) = self.kept.pop_front() {
            if let Err((_, mail)) = route::send_kept(source, to, mail) {
                self.kept.push_front((source, mail));
                return false;
            }
        }
        true
    }
}

/// There is no next process: its mail finds no receiver.
impl Drop for Gap {
    fn drop(&mut self) {
        let reason = self.reason.take();
        for mail in self.left.drain(..) {
            let failure = reason.clone().map_or(CallFailure::NoProc, CallFailure::Exited);
            runtime::guarded("mail kept for a child", || mail.fail(failure));
        }
        for (_, mail) in self.kept.drain(..) {
            runtime::guarded("mail kept for a child", || mail.fail(CallFailure::NoProc));
        }
    }
}

/// A process that keeps its mailbox leaves it to the next one in its slot. What it leaves is older
/// than all that came in the gap, and no more than its mailbox held.
impl Heir for Slot {
    fn inherit(&self, mail: Vec<Mail>, reason: &ExitReason) {
        let refused = {
            let mut state = self.state.lock();
            if matches!(*state, State::Up) && self.supervised {
                self.present.store(0, Ordering::Relaxed);
                *state = State::gap();
            }
            match &mut *state {
                State::Gap(gap) => {
                    let gap = gap.get_or_insert_default();
                    // If it ended in the midst of the hand-over, the rest of that is younger.
                    gap.reason = Some(reason.clone());
                    mail.into_iter().rev().for_each(|mail| gap.left.push_front(mail));
                    Vec::new()
                }
                State::Up | State::Gone => mail,
            }
        };
        for mail in refused {
            let failure = CallFailure::Exited(reason.clone());
            runtime::guarded("mail kept for a child", || mail.fail(failure));
        }
    }
}

/// A gap is over: what it still keeps fails, and who waits looks again. Under no lock.
fn end_gap(gap: Option<Box<Gap>>) {
    let Some(mut gap) = gap else { return };
    let waiting = std::mem::take(&mut gap.waiting);
    drop(gap);
    waiting.into_iter().for_each(Waker::wake);
}

impl Slot {
    /// A slot that nobody is in yet, for processes with such a mailbox. `home` is its
    /// runtime, as far as that is known.
    pub(crate) fn new(supervised: bool, mailbox: usize, home: Home) -> Arc<Self> {
        Arc::new(Self {
            present: AtomicU64::new(0),
            last: Mutex::new(None),
            state: Mutex::new(State::gap()),
            supervised,
            room: mailbox.min(limits::GAP_MAIL),
            core: home.0.map_or_else(OnceLock::new, OnceLock::from),
            annex: Mutex::new(None),
        })
    }

    /// A process of the running process's runtime is in it, and ready: it gets the mail that was
    /// kept.
    pub(crate) fn running(&self, pid: Pid) {
        match self.core.get() {
            Some(core) => self.running_in(core, pid),
            None => {
                if let Some(core) = runtime::current() {
                    self.running_in(&core, pid);
                }
            }
        }
    }

    /// The same for a process of this runtime. If that has ended already, and another will come,
    /// the gap goes on.
    pub(super) fn running_in(&self, core: &Arc<Core>, pid: Pid) {
        let core = self.core.get_or_init(|| core.clone());
        let pin = core.pin(pid);
        if pin.is_some() {
            // The one before may be the last pin of its cell: dropped outside the lock.
            let before = std::mem::replace(&mut *self.last.lock(), pin.clone());
            drop(before);
        }
        let over = {
            let mut state = self.state.lock();
            let mut over = None;
            if let State::Gap(gap) = &mut *state {
                let handed = pin.as_ref().is_some_and(|pin| match gap {
                    Some(gap) => gap.hand_over(pin),
                    None => true,
                });
                if !handed && self.supervised {
                    return;
                }
                over = gap.take();
            }
            *state = State::Up;
            // Release: who reads the pid finds the kept mail in the inbox before its own.
            self.present.store(pid.bits(), Ordering::Release);
            over
        };
        end_gap(over);
    }

    /// Nobody is in it, and somebody will be: calls wait, casts are kept.
    pub(crate) fn gap(&self) {
        let mut state = self.state.lock();
        self.present.store(0, Ordering::Relaxed);
        if !matches!(*state, State::Gap(_)) {
            *state = State::gap();
        }
    }

    /// Nobody will be in it, unless [`running`](Self::running) says otherwise.
    pub(crate) fn gone(&self) {
        let old = {
            let mut state = self.state.lock();
            self.present.store(0, Ordering::Relaxed);
            std::mem::replace(&mut *state, State::Gone)
        };
        if let State::Gap(gap) = old {
            end_gap(gap);
        }
    }

    /// The last process that was in it.
    pub(crate) fn last_pid(&self) -> Option<Pid> {
        self.last().map(|cell| cell.pid())
    }

    /// Its cell; it may have ended.
    pub(crate) fn last(&self) -> Option<CellRef> {
        self.last.lock().clone()
    }

    /// The process in it, pinned and alive.
    pub(crate) fn present(&self) -> Option<CellRef> {
        // Acquire: pairs with `running_in`.
        let pid = Pid::from_bits(self.present.load(Ordering::Acquire))?;
        self.core.get()?.pin(pid).filter(CellRef::is_alive)
    }

    /// The pid of the process in it.
    pub(crate) fn pid(&self) -> Option<Pid> {
        self.present().map(|pin| pin.pid())
    }

    /// Whether a process is in it.
    pub(crate) fn is_up(&self) -> bool {
        self.present().is_some()
    }

    /// Its runtime, as far as that is known here.
    pub(crate) fn home(&self) -> Home {
        Home(self.core.get().cloned().or_else(runtime::current))
    }

    /// The runtime, if it is known.
    pub(crate) fn core(&self) -> Option<&Arc<Core>> {
        self.core.get()
    }

    /// Sends to the process in it, or to the next.
    pub(crate) fn send(&self, mut mail: Mail) -> Result<(), (SendError, Mail)> {
        loop {
            if let Some(pin) = self.present() {
                match route::send(&pin, mail) {
                    Err((SendError::NoProc, back)) => mail = back,
                    other => return other,
                }
            }
            let mut state = self.state.lock();
            // A process may have come meanwhile.
            if self.present().is_some() {
                continue;
            }
            if matches!(*state, State::Up) {
                *state = if self.supervised { State::gap() } else { State::Gone };
            }
            return match &mut *state {
                State::Gap(gap) => {
                    let gap = gap.get_or_insert_default();
                    if gap.left.len() + gap.kept.len() >= self.room {
                        return Err((SendError::Full, mail));
                    }
                    gap.kept.push_back((current::pid(), mail));
                    Ok(())
                }
                State::Up | State::Gone => Err((SendError::NoProc, mail)),
            };
        }
    }

    /// Whether somebody is in it now, or never will be; else wakes when that changes.
    pub(crate) fn poll_ready(&self, waker: &Waker) -> Poll<Result<(), SendError>> {
        let mut state = self.state.lock();
        if self.is_up() {
            return Poll::Ready(Ok(()));
        }
        match &mut *state {
            State::Gap(gap) => {
                let gap = gap.get_or_insert_default();
                if !gap.waiting.iter().any(|known| known.will_wake(waker)) {
                    gap.waiting.push(waker.clone());
                }
                Poll::Pending
            }
            State::Up if self.supervised => {
                let mut gap = Box::<Gap>::default();
                gap.waiting.push(waker.clone());
                *state = State::Gap(Some(gap));
                Poll::Pending
            }
            State::Up | State::Gone => Poll::Ready(Err(SendError::NoProc)),
        }
    }

    /// The one value of upper layers that lives with the slot, made at first use.
    pub(crate) fn annex<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        let mut annex = self.annex.lock();
        let value = annex.get_or_insert_with(|| Arc::new(make())).clone();
        value.downcast().expect("a slot has one kind of annex")
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Slot").field(&self.last_pid()).finish()
    }
}
