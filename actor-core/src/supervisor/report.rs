//! What a supervisor tells the log (target `actor_core::supervisor`) and the environment.
//!
//! The reports are OTP's, with its names in the field `report` and what it has in them as fields:
//!
//! | `report` | level | when |
//! |---|---|---|
//! | `start_error` | error | a child did not start |
//! | `child_terminated` | error | a child ended that should not have |
//! | `shutdown_error` | error | a child that was stopped ended for another reason than it should |
//! | `shutdown` | error | the supervisor gives up: `reached_max_restart_intensity` |
//! | `progress` | debug | a child runs |
//! | `child_ended`, `child_stopped`, `auto_shutdown` | debug | in order; not OTP's |
//!
//! OTP logs progress at a level that is not shown unless asked for; hence `debug`.
//!
//! Fields: `supervisor` (its name), `at` (its pid), `child` (the id), `pid`, `reason`, `place` (of
//! the panic, if it was one), `restarts` (how often the child was started again), `restart_type`,
//! `shutdown`, `significant`, `child_type`.

use std::sync::Arc;

use super::{
    child::Shutdown, children::Child, process::SupervisorProcess, spec::SupervisorSpec,
    strategy::Restart,
};
use crate::{
    actor::{ChildKind, Context, Event},
    exit::ExitReason,
    pid::Pid,
};

const TARGET: &str = "actor_core::supervisor";

type Here = Context<SupervisorProcess>;

/// A report about a child.
macro_rules! report {
    ($level:ident, $report:literal, $cx:ident, $spec:ident, $child:ident, $pid:expr, $reason:expr,
     $text:literal) => {
        tracing::$level!(
            target: TARGET,
            report = $report,
            supervisor = %$spec.name, at = %$cx.pid(), child = %$child.id,
            pid = $pid.map(tracing::field::display),
            reason = $reason.map(tracing::field::display), place = $reason.and_then(place),
            restarts = $child.restarts, restart_type = %$child.spec.restart,
            shutdown = %$child.spec.shutdown, significant = $child.spec.significant,
            child_type = kind($child), process = $child.spec.type_name,
            $text,
        )
    };
}

/// `file:line:column` of a panic.
fn place(reason: &ExitReason) -> Option<&str> {
    if let ExitReason::Panic(report) = reason { report.location.as_deref() } else { None }
}

fn kind(child: &Child) -> &'static str {
    match child.spec.kind() {
        ChildKind::Worker => "worker",
        ChildKind::Supervisor => "supervisor",
    }
}

/// A child runs.
pub(super) fn started(cx: &Here, spec: &SupervisorSpec, child: &Child, pid: Pid) {
    let none: Option<&ExitReason> = None;
    report!(debug, "progress", cx, spec, child, Some(pid), none, "child started");
    cx.observe(|| {
        let (id, restarts) = (Arc::clone(&child.id), child.restarts);
        Event::ChildStarted { supervisor: cx.pid(), id, pid, restarts }
    });
}

/// A child did not start.
pub(super) fn start_failed(cx: &Here, spec: &SupervisorSpec, child: &Child, reason: &ExitReason) {
    let none: Option<Pid> = None;
    report!(error, "start_error", cx, spec, child, none, Some(reason), "child did not start");
    cx.observe(|| {
        let (id, reason) = (Arc::clone(&child.id), reason.clone());
        Event::ChildFailed { supervisor: cx.pid(), id, reason }
    });
}

/// A child ended by itself.
pub(super) fn exited(
    cx: &Here,
    spec: &SupervisorSpec,
    child: &Child,
    pid: Pid,
    reason: &ExitReason,
) {
    let (pid_is, why) = (Some(pid), Some(reason));
    if reason.is_normal() && child.spec.restart != Restart::Permanent {
        report!(debug, "child_ended", cx, spec, child, pid_is, why, "child ended");
    } else {
        report!(error, "child_terminated", cx, spec, child, pid_is, why, "child terminated");
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
    let (pid_is, why) = (Some(pid), Some(reason));
    if ended_as_asked(child, reason) {
        report!(debug, "child_stopped", cx, spec, child, pid_is, why, "child stopped");
    } else {
        report!(
            error,
            "shutdown_error",
            cx,
            spec,
            child,
            pid_is,
            why,
            "child did not stop as asked"
        );
    }
    observe_exit(cx, child, pid, reason);
}

/// Too many restarts in too short a time, the last of them of this child.
pub(super) fn gave_up(cx: &Here, spec: &SupervisorSpec, child: Option<&Child>, restarts: usize) {
    tracing::error!(
        target: TARGET,
        report = "shutdown",
        supervisor = %spec.name, at = %cx.pid(), reason = "reached_max_restart_intensity",
        child = child.map(|child| tracing::field::display(&child.id)),
        restarts, intensity = spec.intensity, period = ?spec.period,
        "supervisor gives up",
    );
    cx.observe(|| Event::SupervisorGaveUp { supervisor: cx.pid() });
}

/// The significant children have ended, and with them the supervisor.
pub(super) fn auto_shutdown(cx: &Here, spec: &SupervisorSpec) {
    tracing::debug!(
        target: TARGET,
        report = "auto_shutdown",
        supervisor = %spec.name, at = %cx.pid(), auto_shutdown = %spec.auto_shutdown,
        "supervisor ends with its significant children",
    );
}

fn observe_exit(cx: &Here, child: &Child, pid: Pid, reason: &ExitReason) {
    cx.observe(|| {
        let (id, reason) = (Arc::clone(&child.id), reason.clone());
        Event::ChildExited { supervisor: cx.pid(), id, pid, reason }
    });
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
