//! What a supervisor reports, in OTP's shape.

use actor_core::supervisor::{Restart, Shutdown, SupervisorSpec};
use actor_core::{ExitReason, prelude::*};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, Once, PoisonError};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

use crate::kit::{on, until, up};
use crate::trees::{Diary, Plan, boom, end, fell, lamp, open};
use futures::executor::block_on;
use tests::Tree;

/// One report: its level and its fields.
type Line = BTreeMap<String, String>;

static LINES: Mutex<Vec<Line>> = Mutex::new(Vec::new());

/// Keeps what supervisors report.
struct Ledger;

#[derive(Default)]
struct Fields(Line);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().into(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().into(), value.into());
    }
}

impl Subscriber for Ledger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "actor_core::supervisor"
    }

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        fields.0.insert("level".into(), level(event.metadata().level()).into());
        LINES.lock().unwrap_or_else(PoisonError::into_inner).push(fields.0);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

fn level(level: &Level) -> &'static str {
    if *level == Level::ERROR { "error" } else { "debug" }
}

/// From now on reports are kept.
fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Ledger).expect("the only one"));
}

/// What a supervisor of this name has reported under this name.
fn said(supervisor: &str, report: &str) -> Vec<Line> {
    let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
    let of = |line: &&Line| line["supervisor"] == supervisor && line["report"] == report;
    lines.iter().filter(of).cloned().collect()
}

/// Whether a report has these fields.
fn has(line: &Line, fields: &[(&str, &str)]) {
    for (name, value) in fields {
        assert_eq!(line.get(*name).map(String::as_str), Some(*value), "{name} of {line:?}");
    }
}

fn named(name: &str, diary: &Diary) -> SupervisorSpec {
    SupervisorSpec::new(name).intensity(1).child(diary.lamp("a"))
}

/// OTP 14.53: progress for each start, with the child.
#[test]
fn a_start_is_progress() {
    listen();
    on(2, |rt| {
        let diary = Diary::default();
        let tree = open(rt, named("progressing", &diary));
        end(&tree, "a", boom());
        let lines = said("progressing", "progress");
        let pid = lamp(&tree, "a").pid().expect("it runs").to_string();
        let at = tree.pid().expect("it runs").to_string();
        assert_eq!(lines.len(), 2);
        has(&lines[0], &[("level", "debug"), ("child", "a"), ("restarts", "0"), ("at", &at)]);
        has(&lines[1], &[("pid", &pid), ("restarts", "1"), ("restart_type", "permanent")]);
        has(&lines[1], &[("child_type", "worker"), ("significant", "false"), ("process", "Lamp")]);
    });
}

#[derive(Process)]
struct Clerk;

#[handlers]
impl Clerk {
    #[cast]
    fn stumble(&mut self) {
        panic!("over a chair");
    }
}

#[derive(Supervisor)]
struct Stumbling;

#[supervisor(intensity = 3)]
impl Stumbling {
    #[child(shutdown = "3s")]
    fn clerk(&self) -> Clerk {
        Clerk
    }
}

/// OTP 14.53: child_terminated, with who, why, how often, and where the panic was.
#[test]
fn a_crash_is_reported_with_its_place() {
    listen();
    on(2, |rt| {
        let tree = up(rt, Stumbling);
        for _ in 0..2 {
            let clerk = tree.clerk();
            let (pid, closed) = (clerk.pid().expect("it runs").to_string(), clerk.closed());
            clerk.stumble().expect("it runs");
            closed.blocking();
            crate::trees::settled(&tree);
            let lines = said("Stumbling", "child_terminated");
            has(lines.last().expect("it was reported"), &[("pid", &pid), ("level", "error")]);
        }
        let lines = said("Stumbling", "child_terminated");
        assert_eq!(lines.len(), 2);
        has(&lines[0], &[("child", "clerk"), ("restarts", "0"), ("shutdown", "shutdown 3s")]);
        has(&lines[1], &[("restarts", "1")]);
        assert!(lines[0]["reason"].contains("over a chair"), "{:?}", lines[0]);
        assert!(lines[0]["place"].contains("reports.rs:"), "{:?}", lines[0]);
    });
}

/// OTP 14.53: start_error.
#[test]
fn a_failed_start_is_reported() {
    listen();
    on(2, |rt| {
        let diary = Diary::default();
        diary.plan("a", [Plan::Fail]);
        rt.block_on(rt.start(Tree(named("failing", &diary)))).map(drop).expect_err("a fails");
        let lines = said("failing", "start_error");
        assert_eq!(lines.len(), 1);
        has(&lines[0], &[("level", "error"), ("child", "a"), ("reason", "planned")]);
        assert!(!lines[0].contains_key("pid") && !lines[0].contains_key("place"));
    });
}

/// OTP 14.53: shutdown, for reached_max_restart_intensity, with the child that was one too many.
#[test]
fn giving_up_is_reported() {
    listen();
    on(2, |rt| {
        let diary = Diary::default();
        let tree = open(rt, named("despairing", &diary));
        let closed = tree.closed();
        end(&tree, "a", boom());
        fell(&tree, "a", boom());
        closed.blocking();
        let lines = said("despairing", "shutdown");
        assert_eq!(lines.len(), 1);
        has(&lines[0], &[("level", "error"), ("reason", "reached_max_restart_intensity")]);
        has(&lines[0], &[("child", "a"), ("restarts", "2"), ("intensity", "1")]);
    });
}

/// OTP 14.40, 14.53: shutdown_error, for a child that ended otherwise than it was asked to; none
/// for those that did as they should.
#[test]
fn a_stop_that_goes_wrong_is_reported() {
    listen();
    on(2, |rt| {
        let diary = Diary::default();
        let (_never, gate) = futures::channel::oneshot::channel();
        let gate = Arc::new(Mutex::new(Some(gate)));
        let stuck = diary.lingering("b", gate).shutdown(Shutdown::After(std::time::Duration::ZERO));
        let brutal = diary.lamp("c").shutdown(Shutdown::BrutalKill);
        let tree = open(rt, named("stopping", &diary).child(stuck).child(brutal));
        assert_eq!(tree.stop(ExitReason::Shutdown).blocking(), ExitReason::Shutdown);
        let lines = said("stopping", "shutdown_error");
        assert_eq!(lines.len(), 1, "{lines:?}");
        has(&lines[0], &[("level", "error"), ("child", "b"), ("reason", "killed")]);
        assert_eq!(said("stopping", "child_stopped").len(), 2);
    });
}

/// OTP 14.53: an end that is no error is none in the log.
#[test]
fn an_end_in_order_is_no_error() {
    listen();
    on(2, |rt| {
        let diary = Diary::default();
        let child = diary.lamp("a").restart(Restart::Transient);
        let tree = open(rt, SupervisorSpec::new("retiring").child(child));
        end(&tree, "a", ExitReason::Normal);
        until("it is said", || !said("retiring", "child_ended").is_empty());
        assert!(said("retiring", "child_terminated").is_empty());
        block_on(tree.delete_child("a")).expect("it does not run");
    });
}
