//! Supervisors at work, by theme. Each test reads the diary of its workers: `+a` started, `?a`
//! failed to start, `-a` stopped in order.

mod admin;
mod dynamic;
mod nested;
mod restarts;
mod stops;

use std::future::Future;

use super::{
    ChildInfo, ChildStatus, Strategy, SupervisorRef, SupervisorSpec,
    testing::{Desk, House, Lamp, LampMessage, LampRef},
};
use crate::{
    actor::Start,
    error::{CallFailure, SendError},
    exit::ExitReason,
    pid::Pid,
    runtime::Runtime,
};

/// Runs a test's body where processes can run.
fn run(body: impl Future<Output = ()>) {
    Runtime::new().expect("a runtime").block_on(body);
}

/// A tree of lamps, one for each letter.
fn lamps(house: &House, ids: &str) -> SupervisorSpec {
    let office = SupervisorSpec::new("office").intensity(100);
    ids.chars().fold(office, |spec, id| spec.child(house.child(&id.to_string())))
}

async fn open(spec: SupervisorSpec) -> SupervisorRef {
    Desk(spec).start().await.expect("the tree starts")
}

fn lamp(office: &SupervisorRef, id: &str) -> LampRef {
    office.child::<Lamp>(id)
}

async fn pid(lamp: &LampRef) -> Pid {
    lamp.call_message(LampMessage::Pid).await.expect("the lamp answers")
}

async fn find(office: &SupervisorRef, id: &str) -> ChildInfo {
    let children = office.which_children().await.expect("the supervisor answers");
    children.into_iter().find(|child| &*child.id == id).expect("the child is known")
}

fn boom() -> ExitReason {
    ExitReason::error("boom")
}

/// Ends a child and waits until the supervisor has dealt with it, as far as it will in one go.
async fn end(office: &SupervisorRef, id: &str, reason: ExitReason) {
    let before = find(office, id).await.pid().expect("the child runs");
    lamp(office, id).send(LampMessage::End(reason)).expect("the child listens");
    while status_now(office, id).await == Some(ChildStatus::Running(before)) {}
}

/// `None` once the child is forgotten, or the supervisor has ended.
async fn status_now(office: &SupervisorRef, id: &str) -> Option<ChildStatus> {
    let children = office.which_children().await.ok()?;
    Some(children.iter().find(|child| &*child.id == id)?.status)
}

async fn wait_for(office: &SupervisorRef, id: &str, is: impl Fn(ChildStatus) -> bool) {
    while !is(find(office, id).await.status) {}
}

fn runs(status: ChildStatus) -> bool {
    matches!(status, ChildStatus::Running(_))
}

/// Calls and casts on this ref end in noproc.
async fn assert_gone(lamp: &LampRef) {
    assert_eq!(lamp.send(LampMessage::Note(0)), Err(SendError::NoProc));
    let answer = lamp.call_message(LampMessage::Pid).await;
    assert_eq!(answer.err(), Some(CallFailure::NoProc));
}
