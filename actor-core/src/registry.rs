//! The local registry: names to pids.
//!
//! A name belongs to at most one live process, and a process has at most one name. Reads take no
//! lock, writes lock nothing that two unrelated names share for long. A name is released in the
//! exit of its process, before anybody hears of the death.

mod hash;
pub(crate) mod keyed;

use std::sync::Arc;

use self::hash::Hashing;
use crate::pid::Pid;

/// See the module.
pub(crate) struct Registry {
    names: papaya::HashMap<Arc<str>, Pid, Hashing>,
}

impl Registry {
    pub(crate) fn new() -> Self {
        Self { names: papaya::HashMap::with_hasher(Hashing::new()) }
    }

    /// Gives `name` to `pid`, or says who has it.
    pub(crate) fn register(&self, name: Arc<str>, pid: Pid) -> Result<(), Pid> {
        match self.names.pin().try_insert(name, pid) {
            Ok(_) => Ok(()),
            Err(taken) => Err(*taken.current),
        }
    }

    /// Takes `name` from `pid`, if it is its.
    pub(crate) fn unregister(&self, name: &str, pid: Pid) {
        let _ = self.names.pin().remove_if(name, |_, owner| *owner == pid);
    }

    /// Who has the name.
    pub(crate) fn whereis(&self, name: &str) -> Option<Pid> {
        self.names.pin().get(name).copied()
    }

    /// All names, sorted.
    pub(crate) fn names(&self) -> Vec<Arc<str>> {
        let mut names: Vec<_> = self.names.pin().keys().cloned().collect();
        names.sort_unstable();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_owner_and_only_it_can_give_it_up() {
        let (a, b) = (Pid::local(1, 1), Pid::local(2, 1));
        let registry = Registry::new();
        assert_eq!(registry.register("x".into(), a), Ok(()));
        assert_eq!(registry.register("x".into(), b), Err(a));
        registry.unregister("x", b);
        assert_eq!(registry.whereis("x"), Some(a));
        registry.unregister("x", a);
        assert_eq!(registry.register("x".into(), b), Ok(()));
        assert_eq!(registry.names(), ["x".into()] as [Arc<str>; 1]);
    }
}
