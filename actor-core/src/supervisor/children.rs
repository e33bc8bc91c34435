//! Who a supervisor's children are at the moment, in start order.
//!
//! Keys are numbers that grow, so start order is key order; a child is found by key, id or pid
//! without a scan, and starting or stopping many children costs `n log n` in all.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    child::{ChildSpec, Shutdown, numbered},
    ids::Ids,
    message::{ChildCounts, ChildInfo, ChildName, ChildStatus},
    siblings::Siblings,
    strategy::{Restart, Standing},
    tree::{Seat, Tree, Vacancy},
};
use crate::{
    actor::{ChildKind, Timer},
    pid::Pid,
};

/// A child's place in the start order.
pub(super) type Key = u64;

/// One child.
pub(super) struct Child {
    pub(super) spec: ChildSpec,
    /// With its number, if it has one.
    pub(super) id: Arc<str>,
    pub(super) seat: Arc<Seat>,
    pub(super) restarts: u64,
    /// The dynamic kind it is an instance of: then it is forgotten when it will not run again.
    kind: Option<Arc<str>>,
    index: usize,
    status: ChildStatus,
    /// Counts the changes of `status`, to tell a retry that is still wanted from an old one.
    attempt: u64,
    /// The last process of this child; what it is called by while it is restarted, too.
    last: Option<Pid>,
    /// None if it does not back off.
    pace: Option<Box<Pace>>,
}

/// What is known of a child that backs off.
#[derive(Default)]
struct Pace {
    /// How many waits there were since it last was well.
    waits: u32,
    /// When its process started, if one did since then.
    since: Option<Instant>,
    /// The end of the wait.
    retry: Option<Timer>,
}

impl Child {
    /// A child that does not run yet.
    pub(super) fn new(tree: &Tree, spec: ChildSpec, index: Option<usize>) -> Self {
        let id = match index {
            None => spec.shared_id(),
            Some(index) => numbered(spec.id(), index).into(),
        };
        Self {
            seat: tree.seat_for(&spec, index),
            pace: spec.backoff.map(|_| Box::default()),
            spec,
            id,
            restarts: 0,
            kind: None,
            index: index.unwrap_or(0),
            status: ChildStatus::Stopped,
            attempt: 0,
            last: None,
        }
    }

    /// One of a dynamic kind, under an id of its own.
    pub(super) fn instance(tree: &Tree, kind: ChildSpec, id: Arc<str>) -> Self {
        let of = kind.shared_id();
        Self { kind: Some(of), ..Self::new(tree, kind.with_id(id), None) }
    }

    pub(super) fn is_dynamic(&self) -> bool {
        self.kind.is_some()
    }

    /// How long it is to wait now for its next start, if it backs off.
    pub(super) fn next_wait(&mut self, now: Instant, random: u64) -> Option<Duration> {
        let (backoff, pace) = (self.spec.backoff?, self.pace.as_mut()?);
        let ran = pace.since.take().map(|since| now.saturating_duration_since(since));
        if ran.is_some_and(|ran| backoff.is_over(ran)) {
            pace.waits = 0;
        }
        let wait = backoff.wait(pace.waits, random);
        pace.waits = pace.waits.saturating_add(1);
        Some(wait)
    }

    /// That wait's timer.
    pub(super) fn set_retry(&mut self, timer: Timer) {
        if let Some(pace) = &mut self.pace {
            pace.retry = Some(timer);
        }
    }

    /// It runs since now.
    pub(super) fn has_started(&mut self, now: impl FnOnce() -> Instant) {
        if let Some(pace) = &mut self.pace {
            pace.since = Some(now());
        }
    }

    /// It was stopped by hand: what was is no matter any more.
    pub(super) fn rests(&mut self) {
        if let Some(pace) = &mut self.pace {
            **pace = Pace::default();
        }
    }

    /// A retry that it waited for is not wanted any more, or is here.
    fn end_wait(&mut self) {
        if let Some(timer) = self.pace.as_mut().and_then(|pace| pace.retry.take()) {
            timer.cancel();
        }
    }

    pub(super) fn status(&self) -> ChildStatus {
        self.status
    }

    pub(super) fn attempt(&self) -> u64 {
        self.attempt
    }

    pub(super) fn is_temporary(&self) -> bool {
        self.spec.restart == Restart::Temporary
    }

    fn is_now(&mut self, status: ChildStatus) {
        self.attempt += 1;
        self.status = status;
        self.end_wait();
    }

    /// What its start function is given.
    pub(super) fn siblings(&self, tree: &Arc<Tree>) -> Siblings {
        Siblings::new(Arc::clone(tree), Arc::clone(&self.id), self.index)
    }

    pub(super) fn info(&self) -> ChildInfo {
        ChildInfo {
            id: Arc::clone(&self.id),
            status: self.status,
            kind: self.spec.kind(),
            type_name: self.spec.type_name,
            restart: self.spec.restart,
            restarts: self.restarts,
        }
    }
}

/// All children of a supervisor.
#[derive(Default)]
pub(super) struct Children {
    /// Boxed: a tree moves what it holds at each insertion and removal, and a child is large.
    by_key: BTreeMap<Key, Box<Child>>,
    by_id: Ids<Key>,
    /// By the last process of each.
    by_pid: BTreeMap<Pid, Key>,
    /// How many there are of each dynamic kind.
    of_kind: BTreeMap<Arc<str>, usize>,
    last: Key,
}

/// A child that runs and is about to be stopped: its process, and how.
pub(super) struct Stopping {
    pub(super) pid: Pid,
    pub(super) shutdown: Shutdown,
}

impl Children {
    /// Appends a child to the start order.
    pub(super) fn push(&mut self, child: Child) -> Key {
        self.last += 1;
        self.by_id.insert(&child.id, self.last);
        if let Some(kind) = &child.kind {
            *self.of_kind.entry(Arc::clone(kind)).or_default() += 1;
        }
        self.by_key.insert(self.last, Box::new(child));
        self.last
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<Box<Child>> {
        let child = self.by_key.remove(&key)?;
        if let Some(pid) = child.last {
            self.by_pid.remove(&pid);
        }
        Some(self.removed(child))
    }

    /// The same for the child whose last process this is.
    pub(super) fn remove_last_of(&mut self, pid: Pid) -> Option<Box<Child>> {
        let key = self.by_pid.remove(&pid)?;
        let child = self.by_key.remove(&key)?;
        Some(self.removed(child))
    }

    fn removed(&mut self, mut child: Box<Child>) -> Box<Child> {
        child.end_wait();
        self.by_id.remove(&child.id);
        if let Some(kind) = &child.kind
            && let Some(count) = self.of_kind.get_mut(kind)
        {
            *count -= 1;
            if *count == 0 {
                self.of_kind.remove(kind);
            }
        }
        child
    }

    pub(super) fn get(&self, key: Key) -> Option<&Child> {
        self.by_key.get(&key).map(Box::as_ref)
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut Child> {
        self.by_key.get_mut(&key).map(Box::as_mut)
    }

    pub(super) fn find(&self, id: &str) -> Option<(Key, &Child)> {
        let key = *self.by_id.get(id)?;
        self.get(key).map(|child| (key, child))
    }

    /// The child that a request names: by its id, by the pid of its process, or, while it is being
    /// restarted, by that of the last one.
    pub(super) fn named(&self, who: &ChildName) -> Option<(Key, &Child)> {
        let pid = match who {
            ChildName::Id(id) => return self.find(id),
            ChildName::Pid(pid) => *pid,
        };
        let key = *self.by_pid.get(&pid)?;
        self.get(key).map(|child| (key, child)).filter(|(_, child)| match child.status {
            ChildStatus::Running(now) => now == pid,
            ChildStatus::Restarting => true,
            ChildStatus::Stopped => false,
        })
    }

    /// Whose process this is; `None` is a stranger, or one that was already given up.
    pub(super) fn key_of(&self, pid: Pid) -> Option<Key> {
        let key = *self.by_pid.get(&pid)?;
        let child = self.get(key)?;
        (child.status == ChildStatus::Running(pid)).then_some(key)
    }

    /// Whose last process this is, whether that runs or not.
    pub(super) fn last_of(&self, pid: Pid) -> Option<Key> {
        self.by_pid.get(&pid).copied()
    }

    pub(super) fn is_dynamic(&self, key: Key) -> bool {
        self.get(key).is_some_and(Child::is_dynamic)
    }

    /// How many there are of a dynamic kind, running or not.
    pub(super) fn count_of(&self, kind: &str) -> usize {
        self.of_kind.get(kind).copied().unwrap_or(0)
    }

    /// Whether a significant child is active: runs, or is about to.
    pub(super) fn has_significant(&self) -> bool {
        self.by_key
            .values()
            .any(|child| child.spec.significant && child.status != ChildStatus::Stopped)
    }

    /// The first half of a stop; the process, if it runs. From here on its exit is a stranger's: no
    /// restart comes of it.
    pub(super) fn let_go(&mut self, key: Key, vacancy: Vacancy) -> Option<Stopping> {
        let child = self.by_key.get_mut(&key)?;
        let (status, shutdown) = (child.status, child.spec.shutdown);
        if vacancy == Vacancy::Gap {
            // Before the signal: what is sent while it stops is for the one that comes after it.
            child.seat.gap();
        }
        child.is_now(ChildStatus::Stopped);
        if let ChildStatus::Running(pid) = status { Some(Stopping { pid, shutdown }) } else { None }
    }

    /// The one place where a child's status changes, but for a stop.
    pub(super) fn set_status(&mut self, key: Key, status: ChildStatus) {
        let Some(child) = self.by_key.get_mut(&key) else { return };
        child.is_now(status);
        if let ChildStatus::Running(pid) = status {
            if let Some(before) = child.last.replace(pid) {
                self.by_pid.remove(&before);
            }
            self.by_pid.insert(pid, key);
        }
    }

    /// In start order.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (Key, &Child)> {
        self.by_key.iter().map(|(key, child)| (*key, child.as_ref()))
    }

    /// What the strategies need, in start order.
    pub(super) fn standings(&self) -> impl Iterator<Item = (Key, Standing)> {
        self.iter().map(|(key, child)| {
            let running = matches!(child.status, ChildStatus::Running(_));
            (key, Standing { running, restart: child.spec.restart })
        })
    }

    pub(super) fn counts(&self) -> ChildCounts {
        let mut counts = ChildCounts { specs: self.by_key.len(), ..ChildCounts::default() };
        for child in self.by_key.values() {
            counts.active += usize::from(matches!(child.status, ChildStatus::Running(_)));
            match child.spec.kind() {
                ChildKind::Supervisor => counts.supervisors += 1,
                ChildKind::Worker => counts.workers += 1,
            }
        }
        counts
    }
}
