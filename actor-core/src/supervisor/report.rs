//! What a supervisor tells the log (target `actor_core::supervisor`) and the environment.
//!
//! As in OTP: a child that ended though it should not have, a start that failed, a stop that went
//! wrong and giving up are errors; starts and ends in order are progress.

use std::sync::Arc;

use super::{
    child::Shutdown, children::Child, process::SupervisorProcess, spec::SupervisorSpec,
    strategy::Restart,
};
use crate::{actor::Context, actor::Event, exit::ExitReason, pid::Pid};

const TARGET: &str = "actor_core::supervisor";

type Here = Context<SupervisorProcess>;

/// A child runs.
pub(super) fn started(cx: &Here, spec: &SupervisorSpec, child: &Child, pid: Pid) {
    tracing::debug!(
        target: TARGET,
        supervisor = %spec.name, at = %cx.pid(), child = %child.id, pid = %pid,
        restarts = child.restarts,
        "child started",
    );
    let id = Arc::clone(&child.id);
    let restarts = child.restarts;
    cx.observe(Event::ChildStarted { supervisor: cx.pid(), id, pid, restarts });
}

/// A child did not start.
pub(super) fn start_failed(cx: &Here, spec: &SupervisorSpec, child: &Child, reason: &ExitReason) {
    tracing::error!(
        target: TARGET,
        supervisor = %spec.name, at = %cx.pid(), child = %child.id, reason = %reason,
        restarts = child.restarts,
        "child did not start",
    );
}

/// A child ended by itself.
pub(super) fn exited(
    cx: &Here,
    spec: &SupervisorSpec,
    child: &Child,
    pid: Pid,
    reason: &ExitReason,
) {
    if reason.is_normal() && child.spec.restart != Restart::Permanent {
        tracing::debug!(
            target: TARGET,
            supervisor = %spec.name, at = %cx.pid(), child = %child.id, pid = %pid,
            reason = %reason, restarts = child.restarts,
            "child ended",
        );
    } else {
        tracing::error!(
            target: TARGET,
            supervisor = %spec.name, at = %cx.pid(), child = %child.id, pid = %pid,
            reason = %reason, restarts = child.restarts, restart = %child.spec.restart,
            "child terminated",
        );
    }
    observe_exit(cx, child, pid, reason);
}

/// The supervisor stopped a child, and it ended for this reason.
pub(super) fn stopped(
    cx: &Here,
    spec: &SupervisorSpec,
    child: &Child,
    pid: Pid,
    reason: &ExitReason,
) {
    if ended_as_asked(child, reason) {
        tracing::debug!(
            target: TARGET,
            supervisor = %spec.name, at = %cx.pid(), child = %child.id, pid = %pid,
            reason = %reason, restarts = child.restarts,
            "child stopped",
        );
    } else {
        tracing::error!(
            target: TARGET,
            supervisor = %spec.name, at = %cx.pid(), child = %child.id, pid = %pid,
            reason = %reason, restarts = child.restarts, shutdown = %child.spec.shutdown,
            "child did not stop as asked",
        );
    }
    observe_exit(cx, child, pid, reason);
}

/// Too many restarts in too short a time.
pub(super) fn gave_up(cx: &Here, spec: &SupervisorSpec, restarts: usize) {
    tracing::error!(
        target: TARGET,
        supervisor = %spec.name, at = %cx.pid(), restarts, intensity = spec.intensity,
        period = ?spec.period,
        "reached_max_restart_intensity: supervisor gives up",
    );
    cx.observe(Event::SupervisorGaveUp { supervisor: cx.pid() });
}

fn observe_exit(cx: &Here, child: &Child, pid: Pid, reason: &ExitReason) {
    let (id, reason) = (Arc::clone(&child.id), reason.clone());
    cx.observe(Event::ChildExited { supervisor: cx.pid(), id, pid, reason });
}

/// One that was already dead when it was to be stopped has told its reason to nobody here.
fn ended_as_asked(child: &Child, reason: &ExitReason) -> bool {
    match (child.spec.shutdown, reason) {
        (_, ExitReason::NoProc) => true,
        (Shutdown::BrutalKill, reason) => *reason == ExitReason::Killed,
        (_, ExitReason::Shutdown) => true,
        (_, reason) => reason.is_normal() && child.spec.restart != Restart::Permanent,
    }
}
