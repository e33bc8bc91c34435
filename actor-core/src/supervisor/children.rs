//! Who a supervisor's children are at the moment, in start order.
//!
//! Keys are numbers that grow, so start order is key order; a child is found by key, id or pid
//! without a scan, and starting or stopping many children costs `n log n` in all.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    child::{ChildSpec, numbered},
    message::{ChildCounts, ChildInfo, ChildStatus},
    siblings::Siblings,
    strategy::{Restart, Standing},
    tree::{Seat, Tree},
};
use crate::{actor::ChildKind, pid::Pid};

/// A child's place in the start order.
pub(super) type Key = u64;

/// One child.
pub(super) struct Child {
    pub(super) spec: ChildSpec,
    /// With its number, if it has one.
    pub(super) id: Arc<str>,
    pub(super) seat: Arc<Seat>,
    pub(super) restarts: u64,
    /// An instance of a dynamic kind: forgotten when it chooses not to start again.
    pub(super) dynamic: bool,
    index: usize,
    status: ChildStatus,
    /// Counts the changes of `status`, to tell a retry that is still wanted from an old one.
    attempt: u64,
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
            spec,
            id,
            restarts: 0,
            dynamic: false,
            index: index.unwrap_or(0),
            status: ChildStatus::Stopped,
            attempt: 0,
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
    by_key: BTreeMap<Key, Child>,
    by_id: HashMap<Arc<str>, Key>,
    by_pid: BTreeMap<Pid, Key>,
    last: Key,
}

impl Children {
    /// Appends a child to the start order.
    pub(super) fn push(&mut self, child: Child) -> Key {
        self.last += 1;
        self.by_id.insert(Arc::clone(&child.id), self.last);
        self.by_key.insert(self.last, child);
        self.last
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<Child> {
        let child = self.by_key.remove(&key)?;
        self.by_id.remove(&child.id);
        if let ChildStatus::Running(pid) = child.status {
            self.by_pid.remove(&pid);
        }
        Some(child)
    }

    pub(super) fn get(&self, key: Key) -> Option<&Child> {
        self.by_key.get(&key)
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut Child> {
        self.by_key.get_mut(&key)
    }

    pub(super) fn find(&self, id: &str) -> Option<(Key, &Child)> {
        let key = *self.by_id.get(id)?;
        self.get(key).map(|child| (key, child))
    }

    /// Whose process this is; `None` is a stranger, or one that was already given up.
    pub(super) fn key_of(&self, pid: Pid) -> Option<Key> {
        self.by_pid.get(&pid).copied()
    }

    /// The one place where a child's status changes.
    pub(super) fn set_status(&mut self, key: Key, status: ChildStatus) {
        let Some(child) = self.by_key.get_mut(&key) else { return };
        child.attempt += 1;
        let before = std::mem::replace(&mut child.status, status);
        if let ChildStatus::Running(pid) = before {
            self.by_pid.remove(&pid);
        }
        if let ChildStatus::Running(pid) = status {
            self.by_pid.insert(pid, key);
        }
    }

    /// In start order.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (Key, &Child)> {
        self.by_key.iter().map(|(key, child)| (*key, child))
    }

    /// The last of the children, in start order.
    pub(super) fn last_key(&self) -> Option<Key> {
        self.by_key.last_key_value().map(|(key, _)| *key)
    }

    /// The child before this one.
    pub(super) fn before(&self, key: Key) -> Option<Key> {
        self.by_key.range(..key).next_back().map(|(key, _)| *key)
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
