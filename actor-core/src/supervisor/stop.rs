//! Stopping children: in reverse start order, one after the other, each within its time; dynamic
//! children that stand side by side in that order together, each within its time as well, with one
//! timer for all of the same time.

use std::{
    collections::{BTreeMap, HashMap},
    time::{Duration, Instant},
};

use super::{
    child::Shutdown, children::Key, message::ChildStatus, process::SupervisorProcess, report,
    together::Ends, tree::Vacancy,
};
use crate::{
    actor::{Context, reduce},
    exit::ExitReason,
    pid::Pid,
};

/// Those that were asked and are not dead yet, and what becomes of their seats.
type Alive = HashMap<Key, (Pid, Vacancy)>;

impl SupervisorProcess {
    /// Stops all children, the last one first.
    pub(super) async fn stop_all(&mut self, cx: &mut Context<Self>) {
        let keys = self.children.iter().rev().map(|(key, _)| key).collect();
        let vacancy = self.tree.vacancy();
        self.stop_in_order(cx, keys, |_, _| vacancy).await;
    }

    /// Stops these, one after the other, but dynamic ones that stand side by side together.
    pub(super) async fn stop_in_order(
        &mut self,
        cx: &mut Context<Self>,
        keys: Vec<Key>,
        vacancy: impl Fn(&Self, Key) -> Vacancy + Send,
    ) {
        let mut ends = Ends::default();
        let mut keys = keys.into_iter().peekable();
        while let Some(key) = keys.next() {
            if !self.children.is_dynamic(key) {
                self.stop_one(cx, &mut ends, key, vacancy(self, key)).await;
                continue;
            }
            let mut together = vec![(key, vacancy(self, key))];
            while let Some(key) = keys.next_if(|key| self.children.is_dynamic(*key)) {
                together.push((key, vacancy(self, key)));
            }
            self.stop_together(cx, &mut ends, &together).await;
        }
    }

    /// Stops one child, if it runs, and waits until it is dead. `vacancy` says what becomes of its
    /// seat.
    pub(super) async fn stop(&mut self, cx: &mut Context<Self>, key: Key, vacancy: Vacancy) {
        self.stop_one(cx, &mut Ends::default(), key, vacancy).await;
    }

    async fn stop_one(
        &mut self,
        cx: &mut Context<Self>,
        ends: &mut Ends,
        key: Key,
        vacancy: Vacancy,
    ) {
        let Some(child) = self.children.get(key) else { return };
        let shutdown = child.spec.shutdown;
        if let Some(pid) = self.let_go(key, vacancy) {
            let reason = end(cx, ends, key, pid, shutdown).await;
            self.stopped(cx, key, pid, &reason);
        }
        // After its death: while it stops, whoever helps it to finish can still reach it.
        self.vacate(key, vacancy);
    }

    /// Asks all of these to stop, and waits until all are dead. Who is not when its time is over
    /// is killed.
    async fn stop_together(
        &mut self,
        cx: &mut Context<Self>,
        ends: &mut Ends,
        children: &[(Key, Vacancy)],
    ) {
        let mut alive: Alive = HashMap::new();
        let mut times: BTreeMap<Duration, Vec<Key>> = BTreeMap::new();
        for (key, vacancy) in children {
            reduce().await;
            let Some(pid) = self.let_go(*key, *vacancy) else {
                self.vacate(*key, *vacancy);
                continue;
            };
            let Some(child) = self.children.get(*key) else { continue };
            let shutdown = child.spec.shutdown;
            cx.end_pid(pid, ends.of(*key), shutdown == Shutdown::BrutalKill);
            if let Shutdown::After(time) = shutdown {
                times.entry(time).or_default().push(*key);
            }
            alive.insert(*key, (pid, *vacancy));
        }
        let asked = cx.now();
        while let Some((time, slow)) = times.pop_first() {
            let due = asked.checked_add(time);
            while !alive.is_empty() && self.some_ended(cx, ends, &mut alive, due).await {}
            for (pid, _) in slow.iter().filter_map(|key| alive.get(key)) {
                cx.exit_pid(*pid, ExitReason::Kill);
            }
        }
        while !alive.is_empty() {
            self.some_ended(cx, ends, &mut alive, None).await;
        }
    }

    /// Waits until some of these have died, or the time is over: false.
    async fn some_ended(
        &mut self,
        cx: &mut Context<Self>,
        ends: &mut Ends,
        alive: &mut Alive,
        due: Option<Instant>,
    ) -> bool {
        let Some(ended) = ends.next(cx, due).await else { return false };
        for (key, reason) in ended {
            let Some((pid, vacancy)) = alive.remove(&key) else { continue };
            self.stopped(cx, key, pid, &reason);
            self.vacate(key, vacancy);
            reduce().await;
        }
        true
    }

    /// The first half of a stop: its pid, if it runs. From here on its exit is a stranger's: no
    /// restart comes of it.
    fn let_go(&mut self, key: Key, vacancy: Vacancy) -> Option<Pid> {
        let child = self.children.get(key)?;
        let status = child.status();
        if vacancy == Vacancy::Gap {
            // Before the signal: what is sent while it stops is for the one that comes after it.
            child.seat.gap();
        }
        self.children.set_status(key, ChildStatus::Stopped);
        if let ChildStatus::Running(pid) = status { Some(pid) } else { None }
    }

    fn vacate(&self, key: Key, vacancy: Vacancy) {
        if let (Vacancy::Gone, Some(child)) = (vacancy, self.children.get(key)) {
            child.seat.gone();
        }
    }

    fn stopped(&self, cx: &Context<Self>, key: Key, pid: Pid, reason: &ExitReason) {
        if let Some(child) = self.children.get(key) {
            report::stopped(cx, &self.spec, child, pid, reason);
        }
    }
}

/// Ends a child and waits for its death, by a monitor: one that has unlinked itself ends as well.
async fn end(
    cx: &mut Context<SupervisorProcess>,
    ends: &mut Ends,
    key: Key,
    pid: Pid,
    shutdown: Shutdown,
) -> ExitReason {
    cx.end_pid(pid, ends.of(key), shutdown == Shutdown::BrutalKill);
    if let Shutdown::After(time) = shutdown {
        let due = cx.now().checked_add(time);
        if let Some(reason) = ends.only(cx, due).await {
            return reason;
        }
        cx.exit_pid(pid, ExitReason::Kill);
    }
    // Without a time it waits until there is one.
    ends.only(cx, None).await.unwrap_or(ExitReason::NoProc)
}
