//! What happens above a mailbox's high mark, and who waits until it has drained. The protocol is in
//! `process/HOLD.md`.
//!
//! Everything here is off the path of a mailbox with room. Lists and counters are kept by shards of
//! pids, each with its own lock, so that floods of different mailboxes do not meet.

use std::{
    collections::BTreeMap,
    sync::Arc,
    task::{Poll, Waker},
};

use crossbeam_utils::CachePadded;

use super::{Core, SystemEvent, route::Refused};
use crate::{
    error::SendError,
    limits,
    overflow::{MailboxStats, Overflow},
    pid::Pid,
    process::{CellRef, Mail, Phase, Running},
    sync::{AtomicU64, Mutex, Ordering},
    timer::{Action, TimerId},
};

const SHARDS: usize = 16;

#[derive(Default)]
struct Shard(Mutex<Books>);

#[derive(Default)]
struct Books {
    /// Who waits for whose mailbox to drain, in the order in which they came.
    waiting: BTreeMap<(Pid, u64), Waker>,
    /// Numbers those who wait.
    number: u64,
    /// What the mailboxes that overflowed have to tell.
    stats: BTreeMap<Pid, Entry>,
}

/// What is kept of a mailbox that overflowed.
#[derive(Default)]
struct Entry {
    stats: MailboxStats,
    long: Option<Long>,
    /// Its process is suspended: it holds nobody.
    suspended: bool,
}

/// A mailbox has grown long. What is told of that is told by one at a time, and outside the lock:
/// the next thing is told when the one before has been.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Long {
    /// Somebody is telling of it.
    Telling,
    /// It has been told; and perhaps that somebody was held.
    Told { busy: bool },
}

/// What became of telling those who wait for a mailbox to drain.
pub(super) struct Drained {
    /// They were told, all of them.
    pub(super) all: bool,
    /// That it had grown long was told, and it has drained.
    pub(super) shrank: bool,
}

/// See the module.
pub(super) struct Overflows {
    shards: Box<[CachePadded<Shard>]>,
    /// How many processes have stats: without any, an exit has nothing to look for.
    known: AtomicU64,
}

impl Overflows {
    pub(super) fn new() -> Self {
        let shards = (0..SHARDS).map(|_| CachePadded::default()).collect();
        Self { shards, known: AtomicU64::new(0) }
    }

    fn shard(&self, pid: Pid) -> &Mutex<Books> {
        &self.shards[pid.index() as usize % SHARDS].0
    }

    /// Holds a process until the mailbox of `on` has drained; `None`: it has, or it has closed, or
    /// nobody drains it.
    fn hold(&self, on: &CellRef, waker: &Waker) -> Option<u64> {
        let mut books = self.shard(on.pid()).lock();
        if books.stats.get(&on.pid()).is_some_and(|entry| entry.suspended) {
            return None;
        }
        Self::enter(&mut books, on, waker)
    }

    /// Waits until the mailbox of `on` has drained; `None`: it has, or it has closed.
    fn wait(&self, on: &CellRef, waker: &Waker) -> Option<u64> {
        Self::enter(&mut self.shard(on.pid()).lock(), on, waker)
    }

    fn enter(books: &mut Books, on: &CellRef, waker: &Waker) -> Option<u64> {
        // The tag first, the length after it: see the proof.
        if !on.await_drain() || on.has_drained() {
            return None;
        }
        books.number += 1;
        let number = books.number;
        books.waiting.insert((on.pid(), number), waker.clone());
        Some(number)
    }

    fn give_up(&self, on: Pid, number: u64) {
        let waker = self.shard(on).lock().waiting.remove(&(on, number));
        // It may be the last pin of a cell: dropped outside the lock.
        drop(waker);
    }

    /// Wakes some of those who waited for this mailbox; answers whether that were all. `closed`:
    /// its process ends, and takes no more of them.
    pub(super) fn tell(&self, of: &CellRef, closed: bool) -> Drained {
        let mut some = Vec::new();
        let told = {
            let mut books = self.shard(of.pid()).lock();
            let first = (of.pid(), 0)..=(of.pid(), u64::MAX);
            let keys = books.waiting.range(first).map(|(key, _)| *key);
            let keys: Vec<_> = keys.take(limits::TOLD_AT_ONCE).collect();
            some.extend(keys.iter().filter_map(|key| books.waiting.remove(key)));
            let all = keys.len() < limits::TOLD_AT_ONCE;
            let mut shrank = false;
            if all && !closed {
                of.drain_told();
                let long = books.stats.get_mut(&of.pid()).and_then(|entry| entry.long.as_mut());
                if let Some(long @ Long::Told { .. }) = long {
                    *long = Long::Telling;
                    shrank = true;
                }
            }
            Drained { all, shrank }
        };
        some.into_iter().for_each(Waker::wake);
        told
    }

    /// A process is suspended: who is held because of it goes on, and nobody is held from here on.
    pub(super) fn suspended(&self, of: &CellRef) {
        self.change(of, |entry| entry.suspended = true);
        // Who comes later, from outside, waits for room as before.
        let last = self.shard(of.pid()).lock().number;
        loop {
            let some: Vec<_> = {
                let mut books = self.shard(of.pid()).lock();
                let keys = books.waiting.range((of.pid(), 0)..=(of.pid(), last));
                let keys: Vec<_> = keys.map(|(key, _)| *key).take(limits::TOLD_AT_ONCE).collect();
                keys.iter().filter_map(|key| books.waiting.remove(key)).collect()
            };
            let is_last = some.len() < limits::TOLD_AT_ONCE;
            some.into_iter().for_each(Waker::wake);
            if is_last {
                return;
            }
        }
    }

    /// It goes on.
    pub(super) fn resumed(&self, of: &CellRef) {
        if let Some(entry) = self.shard(of.pid()).lock().stats.get_mut(&of.pid()) {
            entry.suspended = false;
        }
    }

    /// A mailbox has grown long; false if that is known, or it is closing.
    pub(super) fn begin_long(&self, of: &CellRef) -> bool {
        let mut begins = false;
        self.change(of, |entry| {
            begins = entry.long.is_none() && of.is_alive();
            entry.long = entry.long.or(Some(Long::Telling));
        });
        begins
    }

    /// That has been told. True: it has drained meanwhile, and who asked is to tell that too.
    pub(super) fn told_long(&self, of: &CellRef) -> bool {
        let mut books = self.shard(of.pid()).lock();
        let Some(entry) = books.stats.get_mut(&of.pid()) else { return false };
        // The tag first, the length after it: as for those who wait.
        let waits = of.await_drain() && !of.has_drained();
        entry.long = Some(if waits { Long::Told { busy: false } } else { Long::Telling });
        !waits && of.is_alive()
    }

    /// That it has drained has been told.
    pub(super) fn end_long(&self, of: &CellRef) {
        if let Some(entry) = self.shard(of.pid()).lock().stats.get_mut(&of.pid()) {
            entry.long = None;
        }
    }

    /// A process is held because of it; true if that is to be told.
    fn hold_begins(&self, of: &CellRef) -> bool {
        let mut is_first = false;
        self.change(of, |entry| {
            entry.stats.held += 1;
            is_first = entry.long == Some(Long::Told { busy: false });
            if is_first {
                entry.long = Some(Long::Told { busy: true });
            }
        });
        is_first
    }

    pub(super) fn count(&self, of: &CellRef, count: impl FnOnce(&mut MailboxStats)) {
        self.change(of, |entry| count(&mut entry.stats));
    }

    fn change(&self, of: &CellRef, change: impl FnOnce(&mut Entry)) {
        let mut books = self.shard(of.pid()).lock();
        // Under the lock: once it is dead, its exit has been here or will be.
        if of.phase() != Phase::Dead {
            change(books.stats.entry(of.pid()).or_insert_with(|| {
                // Relaxed: the exit of that process looks after it is dead, under the lock.
                self.known.fetch_add(1, Ordering::Relaxed);
                Entry::default()
            }));
        }
    }

    /// What is known of a mailbox.
    pub(super) fn stats(&self, of: &CellRef) -> MailboxStats {
        let known = self.shard(of.pid()).lock().stats.get(&of.pid()).map(|entry| entry.stats);
        MailboxStats { waiting: of.mailbox_len(), ..known.unwrap_or_default() }
    }

    /// A process is dead: nobody asks for its numbers any more.
    pub(super) fn forget(&self, dead: Pid) {
        if self.known.load(Ordering::Relaxed) > 0
            && self.shard(dead).lock().stats.remove(&dead).is_some()
        {
            self.known.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Who sends a message that found its mailbox at the high mark.
pub(super) enum Source<'a> {
    /// A process of the same runtime.
    Process(&'a Running),
    /// A timer.
    Timer,
    /// Anybody else.
    Foreign,
}

/// A message has found the mailbox at its high mark.
#[cold]
pub(super) fn overfull(core: &Core, source: &Source<'_>, to: &CellRef, mail: Mail) -> Refused {
    let overflows = &core.overflows;
    core.queue_grew(to);
    let cast = !mail.is_call();
    let fits = match to.state().overflow() {
        Overflow::Reject => false,
        Overflow::DropOldest => true,
        Overflow::Hold => !matches!(source, Source::Foreign),
        Overflow::DropNewest if cast => {
            overflows.count(to, |stats| stats.dropped += 1);
            drop(mail);
            return Ok(());
        }
        Overflow::DropNewest => false,
    };
    let pushed =
        if fits { super::route::push_hard(to, mail) } else { Err((SendError::Full, mail)) };
    match &pushed {
        Ok(()) => {
            if let (Source::Process(sender), true) = (source, cast)
                && to.state().overflow() == Overflow::Hold
                && sender.state().is_holdable()
                && sender.raw() != to.raw()
            {
                sender.ask_to_hold(to);
            }
        }
        Err((SendError::Full, _)) => overflows.count(to, |stats| stats.refused += 1),
        Err((SendError::NoProc | SendError::Exiting, _)) => {}
    }
    pushed
}

/// Whether a message that is to be staged would be refused if it arrived now.
pub(super) fn would_refuse(foreign: bool, to: &CellRef, mail: &Mail) -> bool {
    let (length, mark) = (to.mailbox_len(), to.state().mailbox() as usize);
    if length < mark || !mail.takes_room() {
        return false;
    }
    let full = match to.state().overflow() {
        Overflow::Reject => true,
        Overflow::DropNewest => mail.is_call(),
        Overflow::DropOldest => false,
        Overflow::Hold => foreign,
    };
    full || length >= limits::mailbox_hard(mark)
}

/// What holds a process: its place in a list, and its timer.
struct Ticket {
    core: Arc<Core>,
    on: Pid,
    number: u64,
    timer: TimerId,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.core.timers.cancel(self.timer);
        self.core.overflows.give_up(self.on, self.number);
    }
}

impl Core {
    /// That process is suspended: it holds nobody.
    pub(crate) fn suspended(&self, of: &CellRef) {
        self.overflows.suspended(of);
    }

    /// It is resumed.
    pub(crate) fn resumed(&self, of: &CellRef) {
        self.overflows.resumed(of);
    }

    /// Holds a process that has overfilled a mailbox; gives it back if it is to run on.
    pub(super) fn hold(&self, running: Running) -> Option<Running> {
        let Some(on) = running.take_hold() else { return Some(running) };
        let waker = Waker::clone(&running.borrowed_waker());
        if let Some(number) = self.overflows.hold(&on, &waker) {
            if self.overflows.hold_begins(&on) {
                let (pid, name, held) = (on.pid(), on.table().name, running.pid());
                self.tell_system(&SystemEvent::BusyReceiver { pid, name, held });
            }
            let timer = self.arm(self.after(limits::HOLD), Action::Wake(waker));
            let ticket = Ticket { core: self.arc(), on: on.pid(), number, timer };
            running.keep_ticket(Box::new(ticket));
            if running.try_idle() {
                return None;
            }
        }
        Some(running)
    }
}

/// Waits, outside of any process or in a handler, until a mailbox has room.
pub(crate) struct Room {
    on: CellRef,
    place: Option<u64>,
}

impl Room {
    /// For the mailbox of `on`.
    pub(crate) fn new(on: CellRef) -> Self {
        Self { on, place: None }
    }

    /// Whether there is room, or will never be; else the waker is called.
    pub(crate) fn poll(&mut self, waker: &Waker) -> Poll<Result<(), SendError>> {
        self.give_up();
        if !self.on.is_alive() {
            return Poll::Ready(Err(SendError::NoProc));
        }
        if self.on.mailbox_len() < self.on.state().mailbox() as usize {
            return Poll::Ready(Ok(()));
        }
        let core = Core::at(&self.on);
        core.queue_grew(&self.on);
        self.place = core.overflows.wait(&self.on, waker);
        match self.place {
            Some(_) => Poll::Pending,
            None if self.on.is_alive() => Poll::Ready(Ok(())),
            None => Poll::Ready(Err(SendError::NoProc)),
        }
    }

    fn give_up(&mut self) {
        if let Some(place) = self.place.take() {
            Core::of(&self.on).overflows.give_up(self.on.pid(), place);
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// What is known of a process's mailbox.
pub(crate) fn stats(of: &CellRef) -> MailboxStats {
    Core::of(of).overflows.stats(of)
}
