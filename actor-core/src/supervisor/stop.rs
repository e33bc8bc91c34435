//! Stopping children: in reverse start order, one after the other, each within its time.

use super::{
    child::Shutdown, children::Key, message::ChildStatus, process::SupervisorProcess, report,
    tree::Vacancy,
};
use crate::{actor::Context, exit::ExitReason, pid::Pid};

impl SupervisorProcess {
    /// Stops all children, the last one first.
    pub(super) async fn stop_all(&mut self, cx: &mut Context<Self>) {
        let mut next = self.children.last_key();
        while let Some(key) = next {
            self.stop(cx, key, self.tree.vacancy()).await;
            next = self.children.before(key);
        }
    }

    /// Stops one child, if it runs, and waits until it is dead. `vacancy` says what becomes of its
    /// seat.
    pub(super) async fn stop(&mut self, cx: &mut Context<Self>, key: Key, vacancy: Vacancy) {
        let Some(child) = self.children.get(key) else { return };
        let (seat, shutdown, status) = (child.seat.clone(), child.spec.shutdown, child.status());
        if vacancy == Vacancy::Gap {
            // Before the signal: what is sent while it stops is for the one that comes after it.
            seat.gap();
        }
        // From here on its exit is a stranger's: no restart comes of it.
        self.children.set_status(key, ChildStatus::Stopped);
        if let ChildStatus::Running(pid) = status {
            let reason = end(cx, pid, shutdown).await;
            if let Some(child) = self.children.get(key) {
                report::stopped(cx, &self.spec, child, pid, &reason);
            }
        }
        if vacancy == Vacancy::Gone {
            // After its death: while it stops, whoever helps it to finish can still reach it.
            seat.gone();
        }
    }
}

/// Ends a child and waits for its death, by a monitor: one that has unlinked itself ends as well.
async fn end(cx: &mut Context<SupervisorProcess>, pid: Pid, shutdown: Shutdown) -> ExitReason {
    let closed = cx.closed_pid(pid);
    cx.unlink_pid(pid);
    match shutdown {
        Shutdown::BrutalKill => {
            cx.exit_pid(pid, ExitReason::Kill);
            closed.await
        }
        Shutdown::Infinity => {
            cx.exit_pid(pid, ExitReason::Shutdown);
            closed.await
        }
        Shutdown::After(time) => {
            cx.exit_pid(pid, ExitReason::Shutdown);
            if let Ok(reason) = cx.timeout(time, closed).await {
                return reason;
            }
            let closed = cx.closed_pid(pid);
            cx.exit_pid(pid, ExitReason::Kill);
            closed.await
        }
    }
}
