//! Stopping children: in reverse start order, one after the other, each within its time; dynamic
//! children that stand side by side in that order together, each within its time as well, with one
//! timer for all of the same time.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use super::{
    child::Shutdown,
    children::{Key, Stopping},
    process::SupervisorProcess,
    report,
    together::Ends,
    tree::Vacancy,
};
use crate::{
    actor::{Context, reduce},
    exit::ExitReason,
    pid::Pid,
};

/// Those that were asked together, and are not all dead yet.
#[derive(Default)]
struct Group {
    /// How many are left.
    alive: usize,
    /// Who has how much time, from when all were asked.
    times: BTreeMap<Duration, Vec<Pid>>,
}

/// What becomes of the seats of those that are stopped; and whether they are needed no more: then
/// dynamic ones are forgotten as they end, so that a supervisor of a million children does not end
/// by dropping them all at once.
struct Fate<V> {
    vacancy: V,
    for_good: bool,
}

impl SupervisorProcess {
    /// Stops all children, the last one first.
    pub(super) async fn stop_all(&mut self, cx: &mut Context<Self>) {
        let keys = self.children.iter().rev().map(|(key, _)| key).collect();
        let vacancy = self.tree.vacancy();
        let fate = Fate { vacancy: move |_: &Self, _: Key| vacancy, for_good: true };
        self.stop_each(cx, keys, &fate).await;
    }

    /// Stops these, one after the other, but dynamic ones that stand side by side together.
    pub(super) async fn stop_in_order(
        &mut self,
        cx: &mut Context<Self>,
        keys: Vec<Key>,
        vacancy: impl Fn(&Self, Key) -> Vacancy + Send + Sync,
    ) {
        self.stop_each(cx, keys, &Fate { vacancy, for_good: false }).await;
    }

    async fn stop_each<V>(&mut self, cx: &mut Context<Self>, keys: Vec<Key>, fate: &Fate<V>)
    where
        V: Fn(&Self, Key) -> Vacancy + Send + Sync,
    {
        let mut ends = Ends::default();
        let mut group = Group::default();
        for key in keys {
            reduce().await;
            let vacancy = (fate.vacancy)(self, key);
            if self.children.is_dynamic(key) {
                self.ask(cx, &ends, &mut group, key, vacancy);
                continue;
            }
            self.await_group(cx, &mut ends, &mut group, fate).await;
            self.stop_one(cx, &mut ends, key, vacancy).await;
        }
        self.await_group(cx, &mut ends, &mut group, fate).await;
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
        if let Some(Stopping { pid, shutdown }) = self.children.let_go(key, vacancy) {
            let reason = end(cx, ends, pid, shutdown).await;
            self.stopped(cx, key, pid, &reason);
        }
        // After its death: while it stops, whoever helps it to finish can still reach it.
        self.vacate(key, vacancy);
    }

    /// Asks one of a group to stop.
    fn ask(
        &mut self,
        cx: &mut Context<Self>,
        ends: &Ends,
        group: &mut Group,
        key: Key,
        vacancy: Vacancy,
    ) {
        let Some(Stopping { pid, shutdown }) = self.children.let_go(key, vacancy) else {
            return self.vacate(key, vacancy);
        };
        cx.end_pid(pid, ends.watch(), shutdown == Shutdown::BrutalKill);
        group.alive += 1;
        if let Shutdown::After(time) = shutdown {
            group.times.entry(time).or_default().push(pid);
        }
    }

    /// Waits until all of a group are dead. Who is not when its time is over is killed.
    async fn await_group<V>(
        &mut self,
        cx: &mut Context<Self>,
        ends: &mut Ends,
        group: &mut Group,
        fate: &Fate<V>,
    ) where
        V: Fn(&Self, Key) -> Vacancy + Send + Sync,
    {
        if group.alive == 0 {
            return;
        }
        let asked = cx.now();
        while let Some((time, slow)) = group.times.pop_first() {
            let due = asked.checked_add(time);
            while group.alive > 0 && self.some_ended(cx, ends, group, fate, due).await {}
            if group.alive > 0 {
                let alive = slow.into_iter().filter(|pid| cx.is_alive_pid(*pid));
                alive.for_each(|pid| cx.exit_pid(pid, ExitReason::Kill));
            }
        }
        while group.alive > 0 {
            self.some_ended(cx, ends, group, fate, None).await;
        }
    }

    /// Waits until some of these have died, or the time is over: false.
    async fn some_ended<V>(
        &mut self,
        cx: &mut Context<Self>,
        ends: &mut Ends,
        group: &mut Group,
        fate: &Fate<V>,
        due: Option<Instant>,
    ) -> bool
    where
        V: Fn(&Self, Key) -> Vacancy + Send + Sync,
    {
        let Some(ended) = ends.next(cx, due).await else { return false };
        for (pid, reason) in ended {
            group.alive -= 1;
            if fate.for_good {
                if let Some(child) = self.children.remove_last_of(pid) {
                    report::stopped(cx, &self.spec, &child, pid, &reason);
                    self.forgotten(&child);
                }
            } else if let Some(key) = self.children.last_of(pid) {
                self.stopped(cx, key, pid, &reason);
                self.vacate(key, (fate.vacancy)(self, key));
            }
            reduce().await;
        }
        true
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
    pid: Pid,
    shutdown: Shutdown,
) -> ExitReason {
    cx.end_pid(pid, ends.watch(), shutdown == Shutdown::BrutalKill);
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
