//! Process groups: who is in which, how often, and who watches that.
//!
//! A group is a map from pids to members, and the list of those who watch it. Readers share a lock
//! of the group. Who changes the group takes another one of its own: under it the members are
//! changed, and the event is put into the outbox of every watcher. So the members that a watcher is
//! told at first and the events it is told afterwards make up a whole, and all watchers see one
//! order.
//!
//! An outbox is emptied after the lock is released, by one thread at a time: what makes a message
//! of an event is the program's own code. Who finds another at it leaves its event to that one.
//!
//! Who watches a whole scope is told of every change of every group in it, in the same way, and at
//! first what is in all of them: see [`Scopes`].
//!
//! A group without members and watchers is forgotten; who comes to it just then makes a new one.
//! Groups of one name and different kinds of members are different groups.
//!
//! This module knows pids and nothing else of processes.

mod scopes;

use std::{
    any::{Any, TypeId},
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

pub(crate) use scopes::{InScope, ScopeWatcher};
use scopes::{Scopes, Visited};

use crate::{
    pid::Pid,
    sync::{Mutex, RwLock},
};

/// What names a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) scope: Arc<str>,
    pub(crate) name: Arc<str>,
    /// What can be sent to its members.
    pub(crate) kind: TypeId,
}

/// A group, whatever its members are.
trait Erased: Any + Send + Sync {
    fn has_members(&self) -> bool;
    /// Its members, for who begins to watch its scope, and is told what happens from here on.
    fn visit(&self, by: &ScopeWatcher) -> Visited;
}

/// All groups of a runtime.
pub(crate) struct Groups {
    groups: papaya::HashMap<Key, Arc<dyn Erased>>,
    scopes: Arc<Scopes>,
}

impl Groups {
    pub(crate) fn new() -> Self {
        Self { groups: papaya::HashMap::new(), scopes: Arc::default() }
    }

    /// Watches a scope from now on; the members of its groups at this moment, each as often as it
    /// is in one.
    pub(crate) fn watch_scope(
        &self,
        scope: &Arc<str>,
        id: u64,
        watcher: &Arc<ScopeWatcher>,
    ) -> BTreeMap<Arc<str>, Vec<Pid>> {
        self.scopes.add(scope, id, watcher);
        let mut found = BTreeMap::<_, Vec<_>>::new();
        for (key, group) in &self.groups.pin() {
            if key.scope == *scope
                && let Visited::Members(mut members) = group.visit(watcher)
                && !members.is_empty()
            {
                found.entry(key.name.clone()).or_default().append(&mut members);
            }
        }
        found.values_mut().for_each(|members| members.sort_unstable());
        watcher.has_all();
        found
    }

    /// Whether somebody watches it by that number.
    pub(crate) fn is_scope_watched(&self, scope: &str, id: u64) -> bool {
        self.scopes.has(scope, id)
    }

    /// Watches it no longer; false: it did not.
    pub(crate) fn unwatch_scope(&self, scope: &str, id: u64) -> bool {
        self.scopes.remove(scope, id)
    }

    /// The group, if it has members or watchers.
    pub(crate) fn get<T: Clone + Send + Sync + 'static>(&self, key: &Key) -> Option<Arc<State<T>>> {
        let found: Arc<dyn Any + Send + Sync> = self.groups.pin().get(key)?.clone();
        found.downcast().ok()
    }

    /// The group, made if need be.
    pub(crate) fn get_or_make<T: Clone + Send + Sync + 'static>(
        &self,
        key: &Key,
        id: impl Fn() -> u64,
    ) -> Arc<State<T>> {
        let make = || -> Arc<dyn Erased> {
            Arc::new(State::<T>::new(key.clone(), id(), self.scopes.clone()))
        };
        let found: Arc<dyn Any + Send + Sync> =
            self.groups.pin().get_or_insert_with(key.clone(), make).clone();
        found.downcast().expect("a key says what its group's members are")
    }

    /// Forgets a group that says it is over.
    pub(crate) fn forget<T>(&self, group: &State<T>) {
        let is_it = |_: &Key, other: &Arc<dyn Erased>| std::ptr::addr_eq(Arc::as_ptr(other), group);
        let _ = self.groups.pin().remove_if(&group.key, is_it);
    }

    /// The names of a scope's groups that have members, sorted, each once.
    pub(crate) fn names(&self, scope: &str) -> Vec<Arc<str>> {
        let groups = self.groups.pin();
        let of_scope =
            groups.iter().filter(|(key, group)| &*key.scope == scope && group.has_members());
        let mut names: Vec<_> = of_scope.map(|(key, _)| key.name.clone()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// What has happened in a group.
#[derive(Clone, Debug)]
pub(crate) struct Event<T> {
    pub(crate) joined: bool,
    pub(crate) member: T,
}

#[derive(Clone)]
struct Member<T> {
    who: T,
    times: u32,
}

/// One group.
pub(crate) struct State<T> {
    pub(crate) key: Key,
    /// The number that its owner knows it by.
    pub(crate) id: u64,
    /// Written only by who has the lock of `changes`.
    members: RwLock<BTreeMap<Pid, Member<T>>>,
    changes: Mutex<Changes<T>>,
    scopes: Arc<Scopes>,
}

struct Changes<T> {
    /// It was forgotten.
    over: bool,
    watchers: Vec<(u64, Arc<Watcher<T>>)>,
}

impl<T: Clone + Send + Sync + 'static> Erased for State<T> {
    fn has_members(&self) -> bool {
        !self.members.read().is_empty()
    }

    fn visit(&self, by: &ScopeWatcher) -> Visited {
        let changes = self.changes.lock();
        if changes.over {
            return Visited::Over;
        }
        by.visits(self.id);
        let members = self.members.read();
        let each =
            members.iter().flat_map(|(pid, it)| std::iter::repeat_n(*pid, it.times as usize));
        Visited::Members(each.collect())
    }
}

/// Why a group was not changed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unchanged<E> {
    /// The group is over: look for it again.
    Over,
    /// The member was not admitted.
    Refused(E),
    /// It is not in the group.
    NotJoined,
    /// It is in the group as often as can be counted.
    TooOften,
}

/// What a change leaves to do, when no lock is held.
#[must_use = "the watchers are to be told, a group that is over forgotten"]
pub(crate) struct Changed<T> {
    tell: Vec<Arc<Watcher<T>>>,
    /// Who watches its scope.
    tell_scope: Vec<Arc<ScopeWatcher>>,
    /// The group is over.
    pub(crate) over: bool,
}

impl<T> Changed<T> {
    /// Tells the watchers.
    pub(crate) fn tell(self) {
        self.tell.iter().for_each(|watcher| watcher.flush());
        self.tell_scope.iter().for_each(|watcher| watcher.flush());
    }
}

impl<T: Clone + Send + Sync + 'static> State<T> {
    pub(crate) fn new(key: Key, id: u64, scopes: Arc<Scopes>) -> Self {
        let changes = Changes { over: false, watchers: Vec::new() };
        Self { key, id, members: RwLock::default(), changes: Mutex::new(changes), scopes }
    }

    /// One membership more. A new member is admitted under the group's lock.
    pub(crate) fn join<E>(
        &self,
        pid: Pid,
        who: T,
        admit: impl FnOnce() -> Result<(), E>,
    ) -> Result<Changed<T>, (Unchanged<E>, bool)> {
        let mut changes = self.changes.lock();
        if changes.over {
            return Err((Unchanged::Over, false));
        }
        let before = self.members.read().get(&pid).map_or(0, |member| member.times);
        let times = match before.checked_add(1).ok_or((Unchanged::TooOften, false))? {
            times @ 2.. => times,
            _ => {
                if let Err(error) = admit() {
                    return Err((Unchanged::Refused(error), self.ends(&mut changes)));
                }
                1
            }
        };
        self.members.write().insert(pid, Member { who: who.clone(), times });
        Ok(self.changed(&mut changes, pid, &Event { joined: true, member: who }))
    }

    /// One membership less. The last one is given up under the group's lock.
    pub(crate) fn leave<E>(
        &self,
        pid: Pid,
        give_up: impl FnOnce(),
    ) -> Result<Changed<T>, Unchanged<E>> {
        let mut changes = self.changes.lock();
        let mut members = self.members.write();
        let member = members.get_mut(&pid).ok_or(Unchanged::NotJoined)?;
        member.times -= 1;
        let Member { who, times } = member.clone();
        if times == 0 {
            members.remove(&pid);
        }
        drop(members);
        if times == 0 {
            give_up();
        }
        Ok(self.changed(&mut changes, pid, &Event { joined: false, member: who }))
    }

    /// Watches the group from now on; its members at this moment, each as often as it is in it.
    pub(crate) fn watch(&self, id: u64, watcher: Arc<Watcher<T>>) -> Result<Vec<T>, Unchanged<()>> {
        let mut changes = self.changes.lock();
        if changes.over {
            return Err(Unchanged::Over);
        }
        changes.watchers.push((id, watcher));
        Ok(self.members())
    }

    /// Whether somebody watches it by that number.
    pub(crate) fn is_watched(&self, id: u64) -> bool {
        self.changes.lock().watchers.iter().any(|(watcher, _)| *watcher == id)
    }

    /// Watches it no longer. `None`: it did not.
    pub(crate) fn unwatch(&self, id: u64) -> Option<Changed<T>> {
        let mut changes = self.changes.lock();
        let at = changes.watchers.iter().position(|(watcher, _)| *watcher == id)?;
        changes.watchers.remove(at).1.close();
        let over = self.ends(&mut changes);
        Some(Changed { tell: Vec::new(), tell_scope: Vec::new(), over })
    }

    /// Its members in the order of their pids, each as often as it is in it.
    pub(crate) fn members(&self) -> Vec<T> {
        let members = self.members.read();
        let each =
            |member: &Member<T>| std::iter::repeat_n(member.who.clone(), member.times as usize);
        members.values().flat_map(each).collect()
    }

    fn changed(&self, changes: &mut Changes<T>, pid: Pid, event: &Event<T>) -> Changed<T> {
        let tell_scope = self.scopes.put(&self.key, self.id, pid, event.joined);
        let tell: Vec<_> = changes.watchers.iter().map(|(_, watcher)| watcher.clone()).collect();
        tell.iter().for_each(|watcher| watcher.put(event.clone()));
        Changed { tell, tell_scope, over: self.ends(changes) }
    }

    /// Whether the group is over from now on.
    fn ends(&self, changes: &mut Changes<T>) -> bool {
        if !changes.over && self.members.read().is_empty() && changes.watchers.is_empty() {
            changes.over = true;
            self.scopes.group_is_over(&self.key.scope, self.id);
        }
        changes.over
    }
}

/// Somebody who watches a group.
pub(crate) struct Watcher<T> {
    outbox: Mutex<Outbox<T>>,
    tell: Box<dyn Fn(Event<T>) + Send + Sync>,
}

struct Outbox<T> {
    events: VecDeque<Event<T>>,
    /// Somebody is at it.
    busy: bool,
    closed: bool,
}

impl<T> Watcher<T> {
    /// What is told of each event; it does not panic.
    pub(crate) fn new(tell: impl Fn(Event<T>) + Send + Sync + 'static) -> Self {
        Self::of(Outbox { events: VecDeque::new(), busy: false, closed: false }, tell)
    }

    /// The same, but nothing is told before [`open`](Self::open).
    fn not_yet(tell: impl Fn(Event<T>) + Send + Sync + 'static) -> Self {
        Self::of(Outbox { events: VecDeque::new(), busy: true, closed: false }, tell)
    }

    fn of(outbox: Outbox<T>, tell: impl Fn(Event<T>) + Send + Sync + 'static) -> Self {
        Self { outbox: Mutex::new(outbox), tell: Box::new(tell) }
    }

    fn put(&self, event: Event<T>) {
        let mut outbox = self.outbox.lock();
        if !outbox.closed {
            outbox.events.push_back(event);
        }
    }

    fn close(&self) {
        let mut outbox = self.outbox.lock();
        outbox.closed = true;
        // No code of the program runs in their drop: members are refs.
        outbox.events.clear();
    }

    /// From here on it tells, and what has come meanwhile.
    fn open(&self) {
        self.outbox.lock().busy = false;
        self.flush();
    }

    /// Some of what has come is not told.
    fn withdraw(&self, is_it: impl Fn(&T) -> bool) {
        self.outbox.lock().events.retain(|event| !is_it(&event.member));
    }

    /// Tells what is to be told, unless another is at it, who will.
    fn flush(&self) {
        let next = |mine: bool| {
            let mut outbox = self.outbox.lock();
            if outbox.busy && !mine {
                return None;
            }
            let event = outbox.events.pop_front();
            outbox.busy = event.is_some();
            event
        };
        let mut event = next(false);
        while let Some(now) = event {
            (self.tell)(now);
            event = next(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pid(n: u32) -> Pid {
        Pid::local(n, 1)
    }

    fn join(group: &State<u32>, n: u32) -> bool {
        group.join(pid(n), n, || Ok::<_, ()>(())).map(Changed::tell).is_ok()
    }

    fn empty() -> State<u32> {
        let key = Key { scope: "s".into(), name: "n".into(), kind: TypeId::of::<u32>() };
        State::new(key, 0, Arc::default())
    }

    #[test]
    fn a_member_is_in_a_group_as_often_as_it_joined() {
        let group = empty();
        assert!(join(&group, 2) && join(&group, 1) && join(&group, 2));
        assert_eq!(group.members(), [1, 2, 2]);
        assert!(group.leave::<()>(pid(2), || panic!("it is still in")).is_ok());
        assert_eq!(group.leave::<()>(pid(3), || ()).map(|_| ()), Err(Unchanged::NotJoined));
        assert_eq!(group.members(), [1, 2]);
    }

    #[test]
    fn a_group_that_is_over_stays_so() {
        let group = empty();
        assert!(join(&group, 1));
        assert!(group.leave::<()>(pid(1), || ()).is_ok_and(|changed| changed.over));
        assert!(!join(&group, 1));
        let refused = empty();
        assert!(matches!(refused.join(pid(1), 1, || Err(7)), Err((Unchanged::Refused(7), true))));
    }

    #[test]
    fn a_watcher_that_changes_the_group_is_told_after_that() {
        let group = Arc::new(empty());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (inside, told) = (group.clone(), heard.clone());
        let watcher = Watcher::new(move |event: Event<u32>| {
            if event.joined && event.member == 1 {
                assert!(join(&inside, 2));
            }
            told.lock().push((event.joined, event.member));
        });
        assert_eq!(group.watch(0, Arc::new(watcher)), Ok(Vec::new()));
        assert!(join(&group, 1));
        assert_eq!(*heard.lock(), [(true, 1), (true, 2)]);
        assert!(group.unwatch(0).is_some_and(|changed| !changed.over));
        assert!(join(&group, 3));
        assert_eq!(heard.lock().len(), 2);
    }
}
