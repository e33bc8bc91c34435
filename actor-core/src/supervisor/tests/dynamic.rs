//! Children that are started later.

use super::*;
use crate::{
    error::StartError,
    supervisor::{Restart, Shutdown, testing::Fault},
};

/// Starts a lamp of a dynamic kind; the house knows it by its numbered id.
async fn add(
    office: &SupervisorRef,
    house: &House,
    restart: Restart,
) -> Result<LampRef, StartError> {
    let house = house.clone();
    let make = move |siblings| house.clone().lamp(siblings);
    office.start_dynamic::<Lamp, _, _>("spot", restart, Shutdown::Infinity, make).await
}

#[test]
fn dynamic_children_come_last_with_ids_of_their_own() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "a").strategy(Strategy::RestForOne)).await;
        let one = add(&office, &house, Restart::Permanent).await.expect("it starts");
        let two = add(&office, &house, Restart::Permanent).await.expect("it starts");
        assert_ne!(pid(&one).await, pid(&two).await);
        assert_eq!(pid(&lamp(&office, "spot#2")).await, pid(&two).await);
        house.diary();
        end(&office, "spot#1", boom()).await;
        assert_eq!(house.diary(), "-spot#2 +spot#1 +spot#2");
        pid(&one).await;
    });
}

#[test]
fn a_temporary_dynamic_child_is_forgotten_and_its_number_is_not_used_again() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "a").intensity(0)).await;
        let one = add(&office, &house, Restart::Temporary).await.expect("it starts");
        end(&office, "spot#1", boom()).await;
        assert_gone(&one).await;
        assert_eq!(office.count_children().await.expect("it answers").specs, 1);
        add(&office, &house, Restart::Temporary).await.expect("it starts");
        assert_eq!(house.diary(), "+a +spot#1 +spot#2");
    });
}

#[test]
fn nothing_is_kept_of_a_dynamic_child_that_does_not_start() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "")).await;
        house.fault("spot#1", Fault::Fails(1));
        house.fault("spot#2", Fault::Ignores);
        let failed = add(&office, &house, Restart::Permanent).await;
        assert_eq!(failed.err(), Some(StartError::Init(ExitReason::error("no bulb"))));
        let ignored = add(&office, &house, Restart::Permanent).await;
        assert_eq!(ignored.err(), Some(StartError::Ignored));
        assert_eq!(office.count_children().await.expect("it answers").specs, 0);
    });
}

#[test]
fn a_dynamic_child_that_ignores_its_restart_is_forgotten() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "")).await;
        let one = add(&office, &house, Restart::Permanent).await.expect("it starts");
        house.fault("spot#1", Fault::Ignores);
        end(&office, "spot#1", boom()).await;
        assert_eq!(status_now(&office, "spot#1").await, None);
        assert_gone(&one).await;
    });
}

#[test]
fn a_supervisor_that_is_gone_starts_nobody() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "")).await;
        office.kill();
        while office.which_children().await.is_ok() {}
        let started = add(&office, &house, Restart::Permanent).await;
        assert!(matches!(started, Err(StartError::Supervisor(_))));
    });
}
