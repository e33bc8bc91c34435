//! Everybody who was ever spawned in a schedule.
//!
//! Pids are turned into spawn paths here, once, when a process is spawned; everything else in the
//! testkit speaks of paths.

use std::collections::HashMap;

use actor_core::{ExitReason, Pid};

use crate::path::SpawnPath;

/// One process, dead or alive.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) pid: Pid,
    pub(crate) path: SpawnPath,
    pub(crate) name: &'static str,
    pub(crate) exited: Option<ExitReason>,
    children: u32,
}

/// All processes of a schedule, in the order in which they were spawned.
#[derive(Debug, Default)]
pub(crate) struct Identities {
    all: Vec<Identity>,
    /// Looked up by pid, never walked.
    by_pid: HashMap<Pid, usize>,
    outside: u32,
}

impl Identities {
    /// Takes a process in, and returns its path. The first one that no process spawned is the
    /// test's body.
    pub(crate) fn spawned(
        &mut self,
        pid: Pid,
        parent: Option<Pid>,
        name: &'static str,
    ) -> SpawnPath {
        let parent = parent.and_then(|parent| self.by_pid.get(&parent)).copied();
        let path = match parent {
            Some(index) => {
                let parent = &mut self.all[index];
                parent.children += 1;
                parent.path.child(parent.children)
            }
            None if self.all.is_empty() => SpawnPath::root(),
            None => {
                self.outside += 1;
                SpawnPath::outside(self.outside)
            }
        };
        self.by_pid.insert(pid, self.all.len());
        self.all.push(Identity { pid, path: path.clone(), name, exited: None, children: 0 });
        path
    }

    /// Notes how a process ended.
    pub(crate) fn exited(&mut self, pid: Pid, reason: ExitReason) {
        if let Some(&index) = self.by_pid.get(&pid) {
            self.all[index].exited = Some(reason);
        }
    }

    /// The process with this pid.
    pub(crate) fn get(&self, pid: Pid) -> Option<&Identity> {
        self.by_pid.get(&pid).map(|&index| &self.all[index])
    }

    /// The path of a process; one that nobody announced counts as spawned from outside.
    pub(crate) fn path(&mut self, pid: Pid) -> SpawnPath {
        match self.get(pid) {
            Some(identity) => identity.path.clone(),
            None => self.spawned(pid, None, "unannounced process"),
        }
    }

    /// The test's body.
    pub(crate) fn body(&self) -> Option<&Identity> {
        self.all.first()
    }

    /// All processes, in the order in which they were spawned.
    pub(crate) fn all(&self) -> &[Identity] {
        &self.all
    }
}
