//! Who watches a whole scope.
//!
//! The list of them is one for all scopes of a runtime, and nearly always empty: then a change of a
//! group costs a fence and a load more.
//!
//! **What is in the groups and what happens there make up a whole**, though there is no lock over
//! all groups. A watcher is put into the list first, and from then on every change of a group is
//! put into its outbox, under that group's lock; it tells nothing yet. Then it visits the groups
//! that there are, one by one, each under its lock. What it has heard of a group by then is in
//! what it sees there, so it is withdrawn; what it hears of it later comes after. Of a group that
//! it does not visit, either:
//!
//! - it was made since the watcher is in the list: it was empty then, and all of it is heard. (Who
//!   makes a group puts it into the map, and looks into the list at each change; who watches is put
//!   into the list, and looks into the map: with a fence between the two on both sides, one sees
//!   the other.)
//! - or it was over before it could be visited: it is empty now, and what was heard of it is
//!   withdrawn when it becomes so.
//!
//! Then it tells.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{Event, Key, Watcher};
use crate::{
    pid::Pid,
    sync::{AtomicUsize, Mutex, Ordering, RwLock, fence},
};

/// Who joined or left what.
#[derive(Clone, Debug)]
pub(crate) struct InScope {
    pub(crate) group: Arc<str>,
    pub(crate) pid: Pid,
    /// The number of the group, which is that of this one as long as it has members.
    id: u64,
}

/// What a visit of a group found.
pub(super) enum Visited {
    /// So many.
    Members(Vec<Pid>),
    /// It is no more.
    Over,
}

type List = BTreeMap<Arc<str>, Vec<(u64, Arc<ScopeWatcher>)>>;

/// See the module.
#[derive(Default)]
pub(crate) struct Scopes {
    /// How many there are in the list.
    count: AtomicUsize,
    list: RwLock<List>,
}

impl Scopes {
    pub(super) fn add(&self, scope: &Arc<str>, id: u64, watcher: &Arc<ScopeWatcher>) {
        let mut list = self.list.write();
        list.entry(scope.clone()).or_default().push((id, watcher.clone()));
        self.count.fetch_add(1, Ordering::Relaxed);
        drop(list);
        // Pairs with the one below: see the module.
        fence(Ordering::SeqCst);
    }

    pub(super) fn has(&self, scope: &str, id: u64) -> bool {
        let list = self.list.read();
        list.get(scope).is_some_and(|of_scope| of_scope.iter().any(|(known, _)| *known == id))
    }

    pub(super) fn remove(&self, scope: &str, id: u64) -> bool {
        let mut list = self.list.write();
        let Some(of_scope) = list.get_mut(scope) else { return false };
        let Some(at) = of_scope.iter().position(|(known, _)| *known == id) else { return false };
        of_scope.remove(at).1.watcher.close();
        if of_scope.is_empty() {
            list.remove(scope);
        }
        self.count.fetch_sub(1, Ordering::Relaxed);
        true
    }

    /// Under the lock of the group: puts the event into the outboxes, and answers whose.
    pub(super) fn put(&self, key: &Key, id: u64, pid: Pid, joined: bool) -> Vec<Arc<ScopeWatcher>> {
        // Pairs with the one above.
        fence(Ordering::SeqCst);
        if self.count.load(Ordering::Relaxed) == 0 {
            return Vec::new();
        }
        let list = self.list.read();
        let of_scope = list.get(&key.scope).map_or(&[][..], Vec::as_slice);
        let put = |(_, watcher): &(u64, Arc<ScopeWatcher>)| {
            let member = InScope { group: key.name.clone(), pid, id };
            watcher.watcher.put(Event { joined, member });
            watcher.clone()
        };
        of_scope.iter().map(put).collect()
    }

    /// Under the lock of the group: it has become over.
    pub(super) fn group_is_over(&self, scope: &str, id: u64) {
        // Who is not in the list yet finds no such group.
        if self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        let list = self.list.read();
        let of_scope = list.get(scope).map_or(&[][..], Vec::as_slice);
        of_scope.iter().for_each(|(_, watcher)| watcher.group_is_over(id));
    }
}

/// Somebody who watches a scope.
pub(crate) struct ScopeWatcher {
    watcher: Watcher<InScope>,
    /// Which groups it has visited, as long as it does.
    visited: Mutex<Option<BTreeSet<u64>>>,
}

impl ScopeWatcher {
    /// What is told of each event; it does not panic.
    pub(crate) fn new(tell: impl Fn(Event<InScope>) + Send + Sync + 'static) -> Self {
        Self { watcher: Watcher::not_yet(tell), visited: Mutex::new(Some(BTreeSet::new())) }
    }

    /// Under the lock of the group, whose members it sees now.
    pub(super) fn visits(&self, id: u64) {
        if let Some(visited) = &mut *self.visited.lock() {
            visited.insert(id);
        }
        self.watcher.withdraw(|event| event.id == id);
    }

    fn group_is_over(&self, id: u64) {
        let is_unseen = self.visited.lock().as_ref().is_some_and(|visited| !visited.contains(&id));
        if is_unseen {
            self.watcher.withdraw(|event| event.id == id);
        }
    }

    /// It has visited all groups.
    pub(super) fn has_all(&self) {
        *self.visited.lock() = None;
        self.watcher.open();
    }

    pub(super) fn flush(&self) {
        self.watcher.flush();
    }
}
