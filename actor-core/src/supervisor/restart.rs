//! What a supervisor does when a child has ended.

use super::{
    children::{Child, Key},
    intensity::Verdict,
    message::{ChildStatus, Request, SupervisorMessage},
    process::SupervisorProcess,
    report,
    strategy::{AfterExit, Strategy, after_exit, plan},
    tree::Vacancy,
};
use crate::{
    actor::{Context, Next, ProcessRef},
    exit::ExitReason,
    pid::Pid,
};

impl SupervisorProcess {
    /// An exit signal came. One of a stranger, or of a child that has been stopped or replaced
    /// since, means nothing.
    pub(super) async fn child_exited(
        &mut self,
        cx: &mut Context<Self>,
        from: Pid,
        reason: ExitReason,
    ) -> Next {
        let Some(key) = self.children.key_of(from) else { return Next::Continue };
        self.children.set_status(key, ChildStatus::Stopped);
        let Some(child) = self.children.get(key) else { return Next::Continue };
        report::exited(cx, &self.spec, child, from, &reason);
        let significant = child.spec.significant;
        match after_exit(child.spec.restart, &reason) {
            AfterExit::Restart => return self.restart_in_time(cx, key).await,
            // Nobody could start one of a dynamic kind again: it has no spec but its own.
            AfterExit::Keep if !child.is_dynamic() => child.seat.gone(),
            AfterExit::Keep | AfterExit::Forget => self.forget(key),
        }
        let left = || self.children.has_significant();
        if significant && self.spec.auto_shutdown.ends(left) {
            report::auto_shutdown(cx, &self.spec);
            // `terminate` stops the others.
            return Next::Stop(ExitReason::Shutdown);
        }
        Next::Continue
    }

    /// The restart of a child that has ended: now, or, if it backs off, when it has waited.
    async fn restart_in_time(&mut self, cx: &mut Context<Self>, key: Key) -> Next {
        match self.children.get(key) {
            Some(child) if child.spec.backoff.is_some() => {
                child.seat.gap();
                self.ask_to_try_again(cx, key);
                Next::Continue
            }
            _ => self.restart(cx, key).await,
        }
    }

    /// A restart failed before and is due again, unless the child was stopped or started since.
    pub(super) async fn try_again(
        &mut self,
        cx: &mut Context<Self>,
        key: Key,
        attempt: u64,
    ) -> Next {
        let due = self.children.get(key).is_some_and(|child| {
            child.status() == ChildStatus::Restarting && child.attempt() == attempt
        });
        if due { self.restart(cx, key).await } else { Next::Continue }
    }

    /// One attempt to restart a child, and with it whom the strategy says. It counts whether it
    /// succeeds or not, and once for the whole group.
    async fn restart(&mut self, cx: &mut Context<Self>, dead: Key) -> Next {
        let now = cx.now();
        let since_start = now.saturating_duration_since(self.began.unwrap_or(now));
        if self.window.record(since_start) == Verdict::GiveUp {
            if let Some(child) = self.children.get(dead) {
                child.seat.gap();
            }
            self.children.set_status(dead, ChildStatus::Stopped);
            report::gave_up(cx, &self.spec, self.children.get(dead), self.window.count());
            // `terminate` stops the others.
            return Next::Stop(ExitReason::Shutdown);
        }
        if self.spec.strategy == Strategy::OneForOne {
            // The plan is the dead one alone, and that is what most restarts are.
            if self.start(cx, dead, 1).await.is_err() {
                self.ask_to_try_again(cx, dead);
            }
            return Next::Continue;
        }
        // In a block of its own: the usual restart's is small without it.
        Box::pin(self.restart_group(cx, dead)).await;
        Next::Continue
    }

    /// The same with whom the strategy says.
    async fn restart_group(&mut self, cx: &mut Context<Self>, dead: Key) {
        let plan = plan(self.spec.strategy, self.children.standings(), dead);
        for child in plan.start.iter().filter_map(|key| self.children.get(*key)) {
            // Those that had ended are waited for again; those that still run are reachable until
            // it is their turn to stop, by children that stop before them.
            if !matches!(child.status(), ChildStatus::Running(_)) {
                child.seat.gap();
            }
        }
        self.stop_in_order(cx, plan.stop, |this, key| {
            // Those are forgotten next.
            let temporary = this.children.get(key).is_some_and(Child::is_temporary);
            if temporary { Vacancy::Gone } else { Vacancy::Gap }
        })
        .await;
        plan.forget.into_iter().for_each(|key| self.forget(key));
        for key in plan.start {
            if self.start(cx, key, 1).await.is_err() {
                self.ask_to_try_again(cx, key);
                break;
            }
        }
    }

    /// Goes back through the mailbox, so that requests (to stop this child, or the supervisor) are
    /// served between two attempts; after a wait, if the child backs off.
    fn ask_to_try_again(&mut self, cx: &mut Context<Self>, key: Key) {
        self.children.set_status(key, ChildStatus::Restarting);
        let (now, random) = (cx.now(), cx.random());
        let Some(child) = self.children.get_mut(key) else { return };
        let request = Request::TryAgain { child: key, attempt: child.attempt() };
        let message = SupervisorMessage(request);
        if let Some(wait) = child.next_wait(now, random) {
            let timer = cx.send_after(wait, message);
            child.set_retry(timer);
            return;
        }
        // A full mailbox must not lose it: then it is handled next, before the others.
        if cx.me().as_address().send(message.clone()).is_err() {
            cx.continue_with(message);
        }
    }
}
