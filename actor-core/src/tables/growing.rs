//! A map that begins small: a list behind a lock, and from some point on a concurrent map.
//!
//! The concurrent map (`papaya`) is read without a lock, and for that each one keeps 16 KiB and
//! more of its own, with room for each thread that may come. Most tables hold a few entries and are
//! touched by one thread at a time, and a program may have a hundred thousand of them: so a table
//! costs that only once it is worth it. A map *grows*, for good, when it holds [`FEW`] entries, or
//! when somebody finds the lock taken. So nobody waits for the lock but those who come at that one
//! moment, while a few entries are brought over.
//!
//! Values are shared, so that under the lock nothing of the program's runs but its keys' code: they
//! are compared, cloned and, when the map grows, hashed.

use std::{hash::Hash as HashKey, sync::Arc};

use super::Hashing;
use crate::sync::{Mutex, MutexGuard, StaticOnce as OnceLock};

/// So many entries are not few any more.
const FEW: usize = 16;

/// See the module. `T` is what the list shares, and `W` what the concurrent map holds.
pub(super) struct Growing<K, T: ?Sized, W> {
    few: Mutex<Few<K, T>>,
    many: OnceLock<Box<Many<K, W>>>,
    fixed: bool,
}

/// Where the entries are.
pub(super) enum Place<'a, K, T: ?Sized, W> {
    /// In the list, and the lock is the caller's: what is taken out is dropped after it.
    Few(MutexGuard<'a, Few<K, T>>),
    Many(&'a Many<K, W>),
}

pub(super) type Many<K, W> = papaya::HashMap<K, W, Hashing>;

/// The entries of a small map, in the order in which they came.
pub(super) struct Few<K, T: ?Sized> {
    entries: Vec<(K, Arc<T>)>,
    /// They are in the concurrent map now.
    grown: bool,
}

impl<K: Eq, T: ?Sized> Few<K, T> {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// A copy of all.
    pub(super) fn all(&self) -> Vec<(K, Arc<T>)>
    where
        K: Clone,
    {
        self.entries.clone()
    }

    /// Takes all out.
    pub(super) fn take_all(&mut self) -> Vec<(K, Arc<T>)> {
        std::mem::take(&mut self.entries)
    }

    fn find(&self, key: &K) -> Option<usize> {
        self.entries.iter().position(|(other, _)| other == key)
    }

    pub(super) fn get(&self, key: &K) -> Option<Arc<T>> {
        self.find(key).map(|at| self.entries[at].1.clone())
    }

    pub(super) fn has(&self, key: &K) -> bool {
        self.find(key).is_some()
    }

    /// Puts a value in. What comes back is not needed any more: a key that was there already, and
    /// the value in whose place the new one is.
    pub(super) fn put(&mut self, key: K, value: Arc<T>) -> Option<(K, Arc<T>)> {
        if let Some(at) = self.find(&key) {
            return Some((key, std::mem::replace(&mut self.entries[at].1, value)));
        }
        self.entries.push((key, value));
        None
    }

    /// Takes a key out.
    pub(super) fn take(&mut self, key: &K) -> Option<(K, Arc<T>)> {
        self.find(key).map(|at| self.entries.remove(at))
    }

    /// Puts `new`, or nothing, in the place of what was `old`; false: another value is there now,
    /// and stays. What comes back beside it is not needed any more.
    pub(super) fn exchange(
        &mut self,
        key: &K,
        old: Option<&Arc<T>>,
        new: Option<Arc<T>>,
    ) -> (bool, Option<(K, Arc<T>)>)
    where
        K: Clone,
    {
        let is = self.find(key).map(|at| Arc::as_ptr(&self.entries[at].1));
        if !same(is, old.map(Arc::as_ptr)) {
            return (false, None);
        }
        match new {
            Some(new) => (true, self.put(key.clone(), new)),
            None => (true, self.take(key)),
        }
    }
}

fn same<T: ?Sized>(one: Option<*const T>, other: Option<*const T>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => std::ptr::addr_eq(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

impl<K, T, W> Growing<K, T, W>
where
    K: HashKey + Eq + Clone,
    T: ?Sized,
    W: From<Arc<T>>,
{
    /// An empty one; `fixed`: keys are hashed the same in every run.
    pub(super) fn new(fixed: bool) -> Self {
        let few = Mutex::new(Few { entries: Vec::new(), grown: false });
        Self { few, many: OnceLock::new(), fixed }
    }

    /// Where the entries are now; it may grow for that.
    #[inline]
    pub(super) fn place(&self) -> Place<'_, K, T, W> {
        self.many.get().map_or_else(|| self.small_place(), |many| Place::Many(many))
    }

    fn small_place(&self) -> Place<'_, K, T, W> {
        match self.few.try_lock() {
            Some(few) if !few.grown && few.entries.len() < FEW => Place::Few(few),
            held => {
                drop(held);
                Place::Many(self.grow())
            }
        }
    }

    #[cold]
    fn grow(&self) -> &Many<K, W> {
        let mut few = self.few.lock();
        let mut old = Vec::new();
        if !few.grown {
            // Copies: if a key panics when it is hashed or compared, all stays as it was.
            let many = Many::with_hasher(Hashing::new(self.fixed));
            for (key, value) in few.all() {
                many.pin().insert(key, W::from(value));
            }
            // It is empty: who sets it does so here, under the lock.
            let _ = self.many.set(Box::new(many));
            few.grown = true;
            old = few.take_all();
        }
        drop(few);
        drop(old);
        self.many.get().expect("set before it counts as grown")
    }

    #[cfg(test)]
    pub(super) fn has_grown(&self) -> bool {
        self.many.get().is_some()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    type Numbers = Growing<usize, usize, Arc<usize>>;

    fn put(map: &Numbers, key: usize) {
        match map.place() {
            Place::Few(mut few) => assert!(few.put(key, Arc::new(key)).is_none()),
            Place::Many(many) => drop(many.pin().insert(key, Arc::new(key))),
        }
    }

    fn has(map: &Numbers, key: usize) -> bool {
        match map.place() {
            Place::Few(few) => few.has(&key),
            Place::Many(many) => many.pin().contains_key(&key),
        }
    }

    #[test]
    fn a_map_grows_with_its_entries_and_loses_none() {
        let map = Numbers::new(true);
        (0..FEW).for_each(|key| put(&map, key));
        assert!(!map.has_grown());
        assert!((0..FEW).all(|key| has(&map, key)));
        assert!(map.has_grown());
        assert!((0..FEW).all(|key| has(&map, key)) && !has(&map, FEW));
    }

    /// Hashed, it panics while it is told to.
    #[derive(Clone, PartialEq, Eq)]
    struct Mine<'a>(usize, &'a std::cell::Cell<bool>);

    impl HashKey for Mine<'_> {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            assert!(self.0 != 7 || !self.1.get(), "planned");
            self.0.hash(state);
        }
    }

    #[test]
    fn a_key_that_panics_while_the_map_grows_costs_no_entry() {
        let panics = std::cell::Cell::new(true);
        let map = Growing::<Mine<'_>, usize, Arc<usize>>::new(true);
        for key in 0..FEW {
            let Place::Few(mut few) = map.place() else { panic!("it is small") };
            assert!(few.put(Mine(key, &panics), Arc::new(key)).is_none());
        }
        let grown = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| _ = map.place()));
        assert!(grown.is_err());
        panics.set(false);
        let Place::Many(many) = map.place() else { panic!("it has many") };
        assert!((0..FEW).all(|key| many.pin().contains_key(&Mine(key, &panics))));
    }

    #[test]
    fn a_map_grows_when_two_meet_at_it() {
        let map = Numbers::new(true);
        put(&map, 1);
        std::thread::scope(|scope| {
            // They meet sooner or later; if that did nothing, this would not end.
            let visit = || {
                while !map.has_grown() {
                    assert!(has(&map, 1));
                }
            };
            let visits = [scope.spawn(visit), scope.spawn(visit)];
            visits.into_iter().for_each(|visit| visit.join().expect("no panic"));
        });
        assert!(has(&map, 1));
    }

    #[test]
    fn of_threads_that_come_at_once_each_finds_what_it_put_in() {
        for _ in 0..200 {
            let map = Numbers::new(false);
            std::thread::scope(|scope| {
                let act = |thread: usize| {
                    let map = &map;
                    scope.spawn(move || {
                        for key in (thread..40).step_by(4) {
                            put(map, key);
                            assert!(has(map, key));
                        }
                    })
                };
                let threads: Vec<_> = (0..4).map(act).collect();
                threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
            });
            assert!((0..40).all(|key| has(&map, key)));
        }
    }

    #[test]
    fn an_exchange_is_refused_when_something_else_is_there() {
        let map = Numbers::new(true);
        let Place::Few(mut few) = map.place() else { panic!("it is small") };
        assert!(few.exchange(&1, None, Some(Arc::new(10))).0);
        assert!(!few.exchange(&1, None, None).0);
        let old = few.get(&1);
        assert!(!few.exchange(&1, Some(&Arc::new(10)), None).0);
        assert!(few.exchange(&1, old.as_ref(), None).0);
        assert_eq!(few.len(), 0);
    }
}
