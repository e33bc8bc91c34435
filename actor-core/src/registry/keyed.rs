//! Keys of processes, each with something beside it: what a keyed registry is made of.
//!
//! Two maps say the same from two sides. One leads from a key to its entries, and is read without a
//! lock. The other leads from a process to its keys, by shards of pids with a lock each, so that a
//! process that ends finds them. An entry has a number; it is *held* as long as the second map has
//! that number.
//!
//! Who registers notes the number at the holder first, under its lock, puts the entry in, and then
//! looks whether the number is still there. If it is not, the holder has ended meanwhile, and its
//! end may have looked for the entry before it was put in: so it is taken out again. The end takes
//! the numbers one by one, each before its entry. So an entry that stays has a number that stays.
//!
//! What the program knows of an entry (whether its process lives) is asked under no lock.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    sync::Arc,
};

use papaya::{Compute, Operation};

use crate::{
    pid::Pid,
    sync::{AtomicU64, Mutex, Ordering},
};

const SHARDS: usize = 16;

/// One registration.
#[derive(Clone, Debug)]
pub(crate) struct Entry<E> {
    number: u64,
    pub(crate) pid: Pid,
    pub(crate) what: E,
}

type Keys<K> = Mutex<HashMap<Pid, BTreeMap<u64, K>>>;

/// See the module.
pub(crate) struct Keyed<K, E> {
    entries: papaya::HashMap<K, Arc<[Entry<E>]>>,
    holders: Box<[Keys<K>]>,
    next: AtomicU64,
    /// A key has one entry at most.
    pub(crate) unique: bool,
}

/// Why nothing was registered.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unregistered<U> {
    /// The key is another's.
    Taken(Pid),
    /// The holder cannot hold it.
    Refused(U),
    /// The holder has ended.
    Ended,
}

impl<K, E> Keyed<K, E>
where
    K: Hash + Eq + Clone + Send + Sync,
    E: Clone + Send + Sync,
{
    pub(crate) fn new(unique: bool) -> Self {
        let holders = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { entries: papaya::HashMap::new(), holders, next: AtomicU64::new(0), unique }
    }

    fn keys_of(&self, pid: Pid) -> &Keys<K> {
        &self.holders[pid.index() as usize % SHARDS]
    }

    /// Registers a process. `admit` is asked, under the holder's lock, at its first key; `give_up`
    /// after its last one; `lives` whether an entry's process does.
    pub(crate) fn register<U>(
        &self,
        key: K,
        pid: Pid,
        what: E,
        admit: impl FnOnce() -> Result<(), U>,
        give_up: impl FnOnce(),
        lives: impl Fn(&E) -> bool,
    ) -> Result<(), Unregistered<U>> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let noted = key.clone();
        {
            let mut holders = self.keys_of(pid).lock();
            if !holders.contains_key(&pid) {
                admit().map_err(Unregistered::Refused)?;
            }
            holders.entry(pid).or_default().insert(number, noted);
        }
        let entry = Entry { number, pid, what };
        let entries = self.entries.pin();
        let computed = entries.compute(key.clone(), |found| {
            let there: &[_] = found.map_or(&[], |(_, there)| there);
            let living = there.iter().filter(|other| lives(&other.what));
            if self.unique
                && let Some(owner) = living.clone().next()
            {
                return Operation::Abort(owner.pid);
            }
            Operation::Insert(living.chain([&entry]).cloned().collect())
        });
        if let Compute::Aborted(owner) = computed {
            drop(self.forget(pid, number, give_up));
            return Err(Unregistered::Taken(owner));
        }
        let is_held = {
            let holders = self.keys_of(pid).lock();
            holders.get(&pid).is_some_and(|keys| keys.contains_key(&number))
        };
        if !is_held {
            self.remove(&key, number);
            return Err(Unregistered::Ended);
        }
        Ok(())
    }

    /// Takes a number back from its holder.
    fn forget(&self, pid: Pid, number: u64, give_up: impl FnOnce()) -> Option<K> {
        let mut holders = self.keys_of(pid).lock();
        let keys = holders.get_mut(&pid)?;
        let key = keys.remove(&number);
        if keys.is_empty() {
            holders.remove(&pid);
            give_up();
        }
        key
    }

    /// Takes an entry out; what it was.
    fn remove(&self, key: &K, number: u64) -> Option<Entry<E>> {
        let entries = self.entries.pin();
        let mut removed = None;
        entries.compute(key.clone(), |found| {
            let Some((_, there)) = found else { return Operation::Abort(()) };
            removed = there.iter().find(|entry| entry.number == number).cloned();
            let left: Arc<[_]> =
                there.iter().filter(|entry| entry.number != number).cloned().collect();
            match (&removed, left.len()) {
                (None, _) => Operation::Abort(()),
                (_, 0) => Operation::Remove,
                _ => Operation::Insert(left),
            }
        });
        removed
    }

    /// Takes all entries of a process under a key out; what they were.
    pub(crate) fn unregister(&self, key: &K, pid: Pid, give_up: impl Fn()) -> Vec<Entry<E>> {
        let mine = self.get(key).into_iter().filter(|entry| entry.pid == pid);
        let removed = mine.filter_map(|entry| {
            // Who takes the number takes the entry.
            self.forget(pid, entry.number, &give_up)?;
            self.remove(key, entry.number)
        });
        removed.collect()
    }

    /// Takes the oldest entry of a process that has ended out. `None`: there is none. The entry is
    /// `None` if it had not been put in yet.
    pub(crate) fn pop(&self, pid: Pid) -> Option<(K, Option<Entry<E>>)> {
        let (number, key) = {
            let mut holders = self.keys_of(pid).lock();
            let keys = holders.get_mut(&pid)?;
            let first = keys.pop_first();
            if keys.is_empty() {
                holders.remove(&pid);
            }
            first?
        };
        let entry = self.remove(&key, number);
        Some((key, entry))
    }

    /// The entries of a key, in the order in which they came.
    pub(crate) fn get(&self, key: &K) -> Vec<Entry<E>> {
        self.entries.pin().get(key).map(|there| there.to_vec()).unwrap_or_default()
    }

    /// The keys of a process, in the order in which they came, each as often as it has it.
    pub(crate) fn keys(&self, pid: Pid) -> Vec<K> {
        let holders = self.keys_of(pid).lock();
        holders.get(&pid).map(|keys| keys.values().cloned().collect()).unwrap_or_default()
    }

    /// Changes what is beside a process's key, in one step; the new one. `change` may be asked
    /// several times.
    pub(crate) fn update(&self, key: &K, pid: Pid, change: impl Fn(&E) -> E) -> Option<E> {
        let entries = self.entries.pin();
        let mut new = None;
        entries.compute(key.clone(), |found| {
            let Some((_, there)) = found else { return Operation::Abort(()) };
            let mut changed = there.to_vec();
            let Some(mine) = changed.iter_mut().find(|entry| entry.pid == pid) else {
                new = None;
                return Operation::Abort(());
            };
            mine.what = change(&mine.what);
            new = Some(mine.what.clone());
            Operation::Insert(changed.into())
        });
        new
    }

    /// A look at every entry.
    pub(crate) fn all(&self) -> Vec<(K, Entry<E>)> {
        let entries = self.entries.pin();
        let of = |(key, there): (&K, &Arc<[Entry<E>]>)| {
            there.iter().map(|entry| (key.clone(), entry.clone())).collect::<Vec<_>>()
        };
        let mut all: Vec<_> = entries.iter().flat_map(of).collect();
        all.sort_unstable_by_key(|(_, entry)| entry.number);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pid(n: u32) -> Pid {
        Pid::local(n, 1)
    }

    fn put(keyed: &Keyed<&'static str, bool>, key: &'static str, n: u32) -> Result<(), Pid> {
        let put = keyed.register(key, pid(n), true, || Ok::<_, ()>(()), || (), |lives| *lives);
        put.map_err(|error| match error {
            Unregistered::Taken(by) => by,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn a_unique_key_has_one_living_owner() {
        let keyed = Keyed::new(true);
        assert_eq!(put(&keyed, "a", 1), Ok(()));
        assert_eq!(put(&keyed, "a", 2), Err(pid(1)));
        assert_eq!(keyed.keys(pid(2)), [""; 0]);
        keyed.update(&"a", pid(1), |_| false);
        assert_eq!(put(&keyed, "a", 2), Ok(()), "the first one is dead");
        assert_eq!(keyed.get(&"a").len(), 1);
        assert!(keyed.pop(pid(1)).is_some_and(|(key, entry)| key == "a" && entry.is_none()));
        assert_eq!(keyed.get(&"a").len(), 1);
    }

    #[test]
    fn what_a_process_has_is_found_from_both_sides() {
        let keyed = Keyed::new(false);
        for (key, n) in [("a", 1), ("b", 1), ("a", 2), ("a", 1)] {
            assert_eq!(put(&keyed, key, n), Ok(()));
        }
        assert_eq!(keyed.keys(pid(1)), ["a", "b", "a"]);
        let owners = |key| keyed.get(&key).iter().map(|entry| entry.pid).collect::<Vec<_>>();
        assert_eq!(owners("a"), [pid(1), pid(2), pid(1)]);
        assert_eq!(keyed.unregister(&"a", pid(1), || panic!("it has another")).len(), 2);
        assert_eq!((owners("a"), keyed.keys(pid(1))), (vec![pid(2)], vec!["b"]));
        assert!(keyed.pop(pid(1)).is_some() && keyed.pop(pid(1)).is_none());
        assert_eq!(keyed.all().len(), 1);
    }

    #[test]
    fn who_is_not_admitted_leaves_nothing() {
        let keyed = Keyed::<&str, ()>::new(true);
        let put = keyed.register("a", pid(1), (), || Err(7), || (), |()| true);
        assert_eq!(put, Err(Unregistered::Refused(7)));
        assert!(keyed.pop(pid(1)).is_none() && keyed.get(&"a").is_empty());
    }
}
