//! Those who ask while a process is being taken apart, and what had arrived before and was not
//! acted on.
//!
//! From the moment its inbox is closed a process is *noproc*; but who watches it is told of its end
//! only when there is nothing left of it: state dropped, name free, links told. So a link, monitor
//! or watch that comes in between is kept here, and answered by the process's own exit.
//!
//! Two sides meet: the asker says that it is here, fences, and looks whether the process is dead;
//! the exit makes the process dead, fences, and looks whether somebody is here. One of the two sees
//! the other. Askers are kept by shards of pids, each with its own lock, which the exit takes only
//! when somebody is in that shard.

use crossbeam_utils::CachePadded;

use super::{Core, observe};
use crate::{
    exit::ExitReason,
    pid::Pid,
    process::{CellRef, Mail, Opened, Phase, Running, TimerPlace},
    signal::Signal,
    sync::{AtomicU64, Fences, Mutex, Ordering},
};

const SHARDS: usize = 16;

#[derive(Default)]
struct Shard {
    /// How many are kept, or about to be.
    count: AtomicU64,
    kept: Mutex<Vec<(Pid, Mail)>>,
}

/// See the module.
pub(super) struct Latecomers {
    shards: Box<[CachePadded<Shard>]>,
    fences: Fences,
}

impl Latecomers {
    pub(super) fn new(fences: Fences) -> Self {
        Self { shards: (0..SHARDS).map(|_| CachePadded::default()).collect(), fences }
    }

    fn shard(&self, pid: Pid) -> &Shard {
        &self.shards[pid.index() as usize % SHARDS]
    }

    /// Keeps a signal for the exit of `of` to answer; gives it back if that is over.
    pub(super) fn keep(&self, of: &CellRef, mail: Mail) -> Option<Mail> {
        if of.phase() == Phase::Dead {
            return Some(mail);
        }
        let shard = self.shard(of.pid());
        let mut kept = shard.kept.lock();
        // Relaxed: written under the lock; what it is ordered with, the phase, the fences order.
        shard.count.store(kept.len() as u64 + 1, Ordering::Relaxed);
        // Pairs with the fence in `take`: either we see the process dead, or its exit sees us.
        self.fences.heavy();
        if of.phase() == Phase::Dead {
            shard.count.store(kept.len() as u64, Ordering::Relaxed);
            return Some(mail);
        }
        kept.push((of.pid(), mail));
        None
    }

    /// What was kept for a process that has just become dead.
    pub(super) fn take(&self, dead: Pid) -> Vec<Mail> {
        // See `keep`. All that end come here, and hardly anybody there.
        self.fences.light();
        let shard = self.shard(dead);
        if shard.count.load(Ordering::Relaxed) == 0 {
            return Vec::new();
        }
        let mut kept = shard.kept.lock();
        let (mine, others) =
            std::mem::take(&mut *kept).into_iter().partition(|(of, _)| *of == dead);
        *kept = others;
        shard.count.store(kept.len() as u64, Ordering::Relaxed);
        let mine: Vec<(Pid, Mail)> = mine;
        mine.into_iter().map(|(_, mail)| mail).collect()
    }
}

impl Core {
    /// A signal that had arrived and not been acted on.
    pub(super) fn answer_late(&self, running: &Running, mail: Mail, reason: &ExitReason) {
        let Opened::Signal(signal) = mail.open() else { return };
        match signal {
            // A link that had arrived is a link: the end goes along it.
            Signal::Link { from } => running.extras(|extras| extras.links.linked_by(from)),
            Signal::Unlink { from } => running.extras(|extras| extras.links.unlinked_by(from)),
            Signal::Demonitor { monitor } => {
                running.extras(|extras| extras.links.unwatched_by(monitor));
            }
            Signal::Watch(watch) => running.extras(|extras| extras.add_watch(watch)),
            Signal::End { from, watch, .. } => running.extras(|extras| {
                extras.add_watch(watch);
                extras.links.unlinked_by(from);
            }),
            Signal::System(request) => request.refuse(Some(reason.clone())),
            Signal::Timer { seat, index } => {
                let message = self.timers.cancel_at(TimerPlace { seat, index }, running.raw());
                observe::guarded("a timer for the dead", || drop(message));
            }
            Signal::Exit { .. }
            | Signal::Monitor { .. }
            | Signal::Down(_)
            | Signal::Noted(_)
            | Signal::Stop(_)
            | Signal::Idle(_)
            | Signal::Inspect(_) => {}
            // It is told of the end by now.
            Signal::Trace(order) => (order.done)(false),
        }
    }
}
