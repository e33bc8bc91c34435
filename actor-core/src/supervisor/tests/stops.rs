//! How children are stopped.

use std::time::{Duration, Instant};

use super::*;
use crate::{
    error::StartError,
    supervisor::{Restart, Shutdown, testing::Fault},
};

#[test]
fn children_stop_in_reverse_when_their_supervisor_is_stopped() {
    run(async {
        let house = House::default();
        let hall = lamps(&house, "bc").strategy(Strategy::OneForAll);
        let root = SupervisorSpec::new("root")
            .child(house.child("a"))
            .child(Desk::child(hall))
            .child(house.child("d"));
        let root = open(root).await;
        assert_eq!(house.diary(), "+a +b +c +d");
        root.terminate_child("office").await.expect("it is known");
        assert_eq!(house.diary(), "-c -b");
        assert!(root.restart_child("office").await.expect("it starts").is_some());
        assert_eq!(house.diary(), "+b +c");
    });
}

#[test]
fn a_child_that_fails_to_start_rolls_back_those_before_it() {
    run(async {
        let house = House::default();
        house.fault("c", Fault::Fails(1));
        let error = Desk(lamps(&house, "abcd")).start().await.expect_err("c cannot start");
        assert_eq!(house.diary(), "+a +b ?c -b -a");
        let StartError::Init(reason) = error else { panic!("init failed") };
        assert!(reason.is_normal());
        let text = "shutdown: child \"c\" did not start: error: no bulb";
        assert_eq!(reason.to_string(), text);
    });
}

#[test]
fn a_panic_in_a_start_function_is_that_childs_start_failure() {
    run(async {
        let house = House::default();
        house.fault("b", Fault::Panics);
        let error = Desk(lamps(&house, "ab")).start().await.expect_err("b cannot start");
        assert_eq!(house.diary(), "+a -a");
        let text = error.to_string();
        assert!(text.contains("child \"b\" did not start") && text.contains("short circuit"));
    });
}

#[test]
fn a_spec_that_cannot_work_starts_nobody() {
    run(async {
        let house = House::default();
        let error = Desk(lamps(&house, "aba")).start().await.expect_err("a is there twice");
        assert!(error.to_string().contains("duplicate_child_name"));
        assert_eq!(house.diary(), "");
    });
}

async fn stop_a_deaf_child(shutdown: Shutdown) -> Duration {
    let house = House::default();
    let spec = SupervisorSpec::new("office").child(house.child("a").shutdown(shutdown));
    let office = open(spec).await;
    let a = lamp(&office, "a");
    pid(&a).await;
    a.send(LampMessage::Stick).expect("it listens");
    let asked = Instant::now();
    office.terminate_child("a").await.expect("it is known");
    assert_gone(&a).await;
    asked.elapsed()
}

#[test]
fn a_child_that_does_not_stop_in_time_is_killed() {
    run(async {
        let time = Duration::from_millis(20);
        assert!(stop_a_deaf_child(Shutdown::After(time)).await >= time);
        stop_a_deaf_child(Shutdown::After(Duration::ZERO)).await;
        stop_a_deaf_child(Shutdown::BrutalKill).await;
    });
}

/// The timer that was set for `b`, which needs none of it, is not the one of `a`.
#[test]
fn a_deaf_child_has_its_own_time_whatever_the_one_before_it_had() {
    run(async {
        let millis = Duration::from_millis;
        for (deaf, quick) in [(millis(40), millis(10)), (millis(10), Duration::from_secs(3_600))] {
            let house = House::default();
            let spec = SupervisorSpec::new("office")
                .child(house.child("a").shutdown(Shutdown::After(deaf)))
                .child(house.child("b").shutdown(Shutdown::After(quick)));
            let office = open(spec).await;
            let a = lamp(&office, "a");
            pid(&a).await;
            a.send(LampMessage::Stick).expect("it listens");
            let asked = Instant::now();
            assert_eq!(office.stop(ExitReason::Shutdown).await, ExitReason::Shutdown);
            assert!(asked.elapsed() >= deaf, "{:?} of {deaf:?}", asked.elapsed());
            assert_eq!(house.diary(), "+a +b -b");
        }
    });
}

#[test]
fn a_brutal_kill_lets_nothing_be_cleaned_up() {
    run(async {
        let house = House::default();
        let spec = lamps(&house, "a").child(house.child("b").shutdown(Shutdown::BrutalKill));
        let office = open(spec).await;
        house.diary();
        office.terminate_child("a").await.expect("it is known");
        office.terminate_child("b").await.expect("it is known");
        assert_eq!(house.diary(), "-a");
    });
}

#[test]
fn the_end_of_a_child_that_was_stopped_restarts_nobody() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "ab").strategy(Strategy::OneForAll).intensity(0)).await;
        house.diary();
        office.terminate_child("a").await.expect("it is known");
        assert_eq!(find(&office, "a").await.status, ChildStatus::Stopped);
        assert!(runs(find(&office, "b").await.status));
        assert_eq!(house.diary(), "-a");
    });
}

#[test]
fn a_killed_supervisor_leaves_refs_that_are_gone() {
    run(async {
        let house = House::default();
        let spec = lamps(&house, "a").child(house.child("b").restart(Restart::Temporary));
        let office = open(spec).await;
        let (a, b) = (lamp(&office, "a"), lamp(&office, "b"));
        let watch = office.clone();
        let closed = async move { watch.closed().await };
        office.kill();
        closed.await;
        while office.which_children().await.is_ok() {}
        assert_gone(&a).await;
        assert_gone(&b).await;
    });
}
