//! Requests to a running supervisor.

use super::*;
use crate::{
    error::CallError,
    supervisor::{ChildAdminError, ChildCounts, Restart, SpecError, testing::Fault},
};

fn refused(error: ChildAdminError) -> CallError<ChildAdminError> {
    CallError::Handler(error)
}

#[test]
fn start_child_appends_and_refuses_an_id_that_is_taken() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "a").strategy(Strategy::RestForOne)).await;
        let started = office.start_child(house.child("b")).await.expect("it starts");
        assert_eq!(started, find(&office, "b").await.pid());
        let taken = ChildAdminError::AlreadyStarted(started.expect("it runs"));
        assert_eq!(office.start_child(house.child("b")).await, Err(refused(taken)));
        house.diary();
        end(&office, "a", boom()).await;
        assert_eq!(house.diary(), "-b +a +b");
        office.terminate_child("b").await.expect("it is known");
        let present = refused(ChildAdminError::AlreadyPresent);
        assert_eq!(office.start_child(house.child("b")).await, Err(present));
    });
}

#[test]
fn start_child_keeps_nothing_of_a_child_that_fails() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "")).await;
        house.fault("a", Fault::Fails(1));
        let failed = refused(ChildAdminError::Start(ExitReason::error("no bulb")));
        assert_eq!(office.start_child(house.child("a")).await, Err(failed));
        assert_eq!(office.count_children().await, Ok(ChildCounts::default()));
        assert_gone(&lamp(&office, "a")).await;
        assert!(office.start_child(house.child("a")).await.is_ok());
        pid(&lamp(&office, "a")).await;
    });
}

#[test]
fn a_child_that_ignores_its_start_is_kept_unless_it_is_temporary() {
    run(async {
        let house = House::default();
        for id in ["a", "b", "c", "d"] {
            house.fault(id, Fault::Ignores);
        }
        let temporary = |id| house.child(id).restart(Restart::Temporary);
        let office = open(lamps(&house, "a").child(temporary("b"))).await;
        assert_eq!(office.start_child(house.child("c")).await, Ok(None));
        assert_eq!(office.start_child(temporary("d")).await, Ok(None));
        let children = office.which_children().await.expect("it answers");
        let ids: Vec<_> = children.iter().map(|child| &*child.id).collect();
        assert_eq!(ids, ["c", "a"]);
        let counts = office.count_children().await.expect("it answers");
        assert_eq!((counts.specs, counts.active, counts.workers), (2, 0, 2));
        assert_eq!(office.restart_child("a").await, Ok(None));
        assert!(office.child_optional::<Lamp>("a").is_none());
        house.fault("a", Fault::Fails(0));
        assert!(office.restart_child("a").await.expect("it starts").is_some());
        assert!(office.child_optional::<Lamp>("a").is_some());
    });
}

#[test]
fn a_counted_child_or_a_dynamic_kind_cannot_be_added() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "")).await;
        let answer = office.start_child(house.child("a").count(2)).await;
        let counted = SpecError::NotSingle { id: "a".into(), what: "counted" };
        assert_eq!(answer, Err(refused(ChildAdminError::Spec(counted))));
    });
}

#[test]
fn requests_about_a_child_answer_as_otp_does() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "ab")).await;
        let not_found = || refused(ChildAdminError::NotFound);
        assert_eq!(office.terminate_child("x").await, Err(not_found()));
        assert_eq!(office.restart_child("x").await, Err(not_found()));
        assert_eq!(office.delete_child("x").await, Err(not_found()));
        let running = || refused(ChildAdminError::Running);
        assert_eq!(office.restart_child("a").await, Err(running()));
        assert_eq!(office.delete_child("a").await, Err(running()));
        assert_eq!(office.terminate_child("a").await, Ok(()));
        assert_eq!(office.terminate_child("a").await, Ok(()));
        assert_gone(&lamp(&office, "a")).await;
        assert!(office.restart_child("a").await.expect("it starts").is_some());
        pid(&lamp(&office, "a")).await;
        assert_eq!(office.terminate_child("a").await, Ok(()));
        assert_eq!(office.delete_child("a").await, Ok(()));
        assert_eq!(office.delete_child("a").await, Err(not_found()));
    });
}

#[test]
fn terminating_a_child_that_is_being_restarted_ends_its_retries() {
    run(async {
        let house = House::default();
        let spec = lamps(&house, "abc").strategy(Strategy::RestForOne).intensity(1_000_000);
        let office = open(spec).await;
        let (b, c) = (lamp(&office, "b"), lamp(&office, "c"));
        house.fault("b", Fault::Fails(u32::MAX));
        end(&office, "b", boom()).await;
        assert_eq!(find(&office, "b").await.status, ChildStatus::Restarting);
        let restarting = || refused(ChildAdminError::Restarting);
        assert_eq!(office.restart_child("b").await, Err(restarting()));
        assert_eq!(office.delete_child("b").await, Err(restarting()));
        let present = refused(ChildAdminError::AlreadyPresent);
        assert_eq!(office.start_child(house.child("b")).await, Err(present));
        assert_eq!(office.count_children().await.expect("it answers").active, 1);
        office.terminate_child("b").await.expect("it is known");
        house.diary();
        assert_eq!(find(&office, "b").await.status, ChildStatus::Stopped);
        assert_eq!(house.diary(), "");
        assert_gone(&b).await;
        assert_gone(&c).await;
        house.fault("b", Fault::Fails(0));
        assert!(office.restart_child("b").await.expect("it starts").is_some());
        pid(&b).await;
    });
}

#[test]
fn a_counted_child_is_many_children() {
    run(async {
        let house = House::default();
        let spec = SupervisorSpec::new("office").child(house.child("row").count(3));
        let office = open(spec).await;
        assert_eq!(house.diary(), "+row[0] +row[1] +row[2]");
        end_numbered(&office, 1).await;
        assert_eq!(house.diary(), "+row[1]");
        assert_eq!(office.children::<Lamp>("row").len(), 3);
        assert!(office.child_at::<Lamp>("row", 3).is_none());
        assert_gone(&lamp(&office, "row")).await;
    });
}

async fn end_numbered(office: &SupervisorRef, index: usize) {
    let lamp = office.child_at::<Lamp>("row", index).expect("there are so many");
    let before = pid(&lamp).await;
    lamp.send(LampMessage::End(boom())).expect("it listens");
    let id = format!("row[{index}]");
    while status_now(office, &id).await == Some(ChildStatus::Running(before)) {}
}

#[test]
#[should_panic(expected = "child \"a\" is of another type than")]
fn a_ref_of_another_type_is_refused() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "a")).await;
        office.child::<Desk>("a");
    });
}
