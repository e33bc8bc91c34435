//! Links and monitors of one process, as pure bookkeeping: what it is told and what it does goes
//! in, what must be sent comes out. Sets are ordered, so that every run of a simulation sees the
//! same order.

use std::sync::Arc;

use super::{few::Few, node::Mail};
use crate::{
    exit::ExitReason,
    inspection::Peers,
    pid::{MonitorRef, Pid},
    signal::{Fired, Note, Signal},
};

/// Both directions of both relations.
#[derive(Default)]
pub(crate) struct Links {
    /// Who is linked to us, and whether the exit is to go before ordinary messages.
    linked: Few<Pid, bool>,
    /// Whom we watch, by the number alone: all of these monitors are ours.
    watching: Few<u32, Watched>,
    /// Who watches us: the mail that will be the DOWN, so that a death allocates nothing for it.
    watchers: Few<MonitorRef, Mail>,
    /// The next monitor's number.
    monitors: u32,
}

/// Whom a monitor is set on, and with what.
struct Watched {
    target: Pid,
    note: Option<Arc<Note>>,
}

impl Links {
    /// Gives back what room it can.
    pub(super) fn shrink(&mut self) {
        self.linked.shrink();
        self.watching.shrink();
        self.watchers.shrink();
    }

    /// Whether there is neither, and never was a monitor of ours: their numbers go on.
    pub(super) fn is_blank(&self) -> bool {
        self.len() == 0 && self.monitors == 0
    }

    /// How many there are, of all kinds.
    pub(super) fn len(&self) -> usize {
        self.linked.len() + self.watching.len() + self.watchers.len()
    }

    /// We link to `to`; true if a link signal must be sent.
    #[must_use]
    pub(crate) fn link(&mut self, to: Pid, urgent: bool) -> bool {
        self.linked.insert(to, urgent).is_none()
    }

    /// We unlink from `to`; true if an unlink signal must be sent.
    #[must_use]
    pub(crate) fn unlink(&mut self, to: Pid) -> bool {
        self.linked.remove(&to).is_some()
    }

    /// `from` linked itself to us.
    pub(crate) fn linked_by(&mut self, from: Pid) {
        // How urgent its exit is, we have said ourselves.
        if self.linked.get(&from).is_none() {
            self.linked.insert(from, false);
        }
    }

    /// `from` unlinked itself from us.
    pub(crate) fn unlinked_by(&mut self, from: Pid) {
        self.linked.remove(&from);
    }

    /// An exit came along a link with `from`: nothing if there is none (any more); else the exit
    /// ends it, and is urgent or not.
    #[must_use]
    pub(crate) fn broken_by(&mut self, from: Pid) -> Option<bool> {
        self.linked.remove(&from)
    }

    /// We watch `target`: the monitor to be sent to it.
    pub(crate) fn monitor(&mut self, me: Pid, target: Pid, note: Option<Arc<Note>>) -> MonitorRef {
        let monitor = MonitorRef::new(me, self.monitors);
        self.monitors = self.monitors.wrapping_add(1);
        // One of ourselves will never fire.
        if target != me {
            self.watching.insert(monitor.number(), Watched { target, note });
        }
        monitor
    }

    /// We watch no longer: whom to tell, if the monitor had not fired.
    pub(crate) fn demonitor(&mut self, me: Pid, monitor: MonitorRef) -> Option<Pid> {
        let is_ours = monitor.owner() == me;
        is_ours.then(|| self.watching.remove(&monitor.number()))?.map(|watched| watched.target)
    }

    /// A DOWN arrived: nothing if we do not want it (any more); else with what it was asked for.
    #[must_use]
    pub(crate) fn fired(&mut self, monitor: MonitorRef) -> Option<Option<Arc<Note>>> {
        // It comes to who set it.
        self.watching.remove(&monitor.number()).map(|watched| watched.note)
    }

    /// Somebody watches us; the mail is kept for its DOWN.
    pub(crate) fn watched_by(&mut self, monitor: MonitorRef, record: Mail) {
        self.watchers.insert(monitor, record);
    }

    /// Somebody watches us no longer.
    pub(crate) fn unwatched_by(&mut self, monitor: MonitorRef) {
        self.watchers.remove(&monitor);
    }

    /// Whom we are linked to, whom we watch, and who watches us; about how many bytes that takes.
    pub(super) fn peers(&self, at_most: usize) -> ([Peers; 3], usize) {
        let Self { linked, watching, watchers, .. } = self;
        let some = |pids: &mut dyn Iterator<Item = Pid>| pids.take(at_most).collect();
        let links = Peers::new(linked.len(), some(&mut linked.iter().map(|(pid, _)| *pid)));
        let targets = some(&mut watching.iter().map(|(_, watched)| watched.target));
        let owners = some(&mut watchers.iter().map(|(monitor, _)| monitor.owner()));
        // One lies in the map itself; a watcher's mail lies outside in any case.
        let beyond = |len: usize, each: usize| len.saturating_sub(1) * each;
        let bytes = beyond(linked.len(), size_of::<(Pid, bool)>())
            + beyond(watching.len(), size_of::<(u32, Watched)>())
            + beyond(watchers.len(), size_of::<(MonitorRef, Mail)>())
            + watchers.iter().next().map_or(0, |(_, mail)| mail.size() * watchers.len());
        ([links, Peers::new(watching.len(), targets), Peers::new(watchers.len(), owners)], bytes)
    }

    /// We end: the next signal to be sent, and to whom, until there is none.
    pub(crate) fn end(&mut self, me: Pid, reason: &ExitReason) -> Option<(Pid, Mail)> {
        if let Some((peer, _)) = self.linked.pop_first() {
            let exit = Signal::Exit { from: me, reason: reason.clone(), linked: true };
            return Some((peer, Mail::signal(exit)));
        }
        if let Some((monitor, mut record)) = self.watchers.pop_first() {
            let down = Fired { monitor, pid: me, reason: reason.clone() };
            record.replace_signal(Signal::Down(down));
            return Some((monitor.owner(), record));
        }
        let (number, watched) = self.watching.pop_first()?;
        let monitor = MonitorRef::new(me, number);
        Some((watched.target, Mail::signal(Signal::Demonitor { monitor })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pid(n: u32) -> Pid {
        Pid::local(n, 1)
    }

    #[test]
    fn there_is_at_most_one_link_per_pair() {
        let mut links = Links::default();
        assert!(links.link(pid(2), false));
        assert!(!links.link(pid(2), true));
        assert!(links.unlink(pid(2)));
        assert_eq!(links.broken_by(pid(2)), None, "an exit of a removed link is dropped");
    }

    #[test]
    fn only_we_say_how_urgent_an_exit_is_to_us() {
        let mut links = Links::default();
        assert!(links.link(pid(2), true));
        links.linked_by(pid(2));
        assert_eq!(links.broken_by(pid(2)), Some(true));
        links.linked_by(pid(2));
        assert_eq!(links.broken_by(pid(2)), Some(false));
    }

    #[test]
    fn the_end_tells_links_watchers_and_those_it_watched_once_each() {
        let mut links = Links::default();
        links.linked_by(pid(2));
        let ours = links.monitor(pid(1), pid(3), None);
        let theirs = MonitorRef::new(pid(4), 0);
        links.watched_by(theirs, Mail::signal(Signal::Monitor { monitor: theirs }));
        let next = || links.end(pid(1), &ExitReason::Killed).map(|(to, mail)| (to, mail.name()));
        let sent: Vec<_> = std::iter::from_fn(next).collect();
        assert_eq!(sent, [(pid(2), "exit"), (pid(4), "down"), (pid(3), "demonitor")]);
        assert_eq!(links.fired(ours), None);
    }
}
