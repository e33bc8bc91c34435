//! Who is restarted, with whom, and how often.

use futures::future::join;

use super::*;
use crate::supervisor::{Restart, testing::Fault};

#[test]
fn one_for_one_restarts_the_dead_child_alone_and_in_its_place() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "abc")).await;
        assert_eq!(house.diary(), "+a +b +c");
        end(&office, "b", boom()).await;
        assert_eq!(house.diary(), "+b");
        let children = office.which_children().await.expect("it answers");
        let ids: Vec<_> = children.iter().map(|child| &*child.id).collect();
        assert_eq!(ids, ["c", "b", "a"]);
        assert_eq!(find(&office, "b").await.restarts, 1);
    });
}

#[test]
fn one_for_all_stops_the_others_in_reverse_and_starts_all_in_order() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "abcd").strategy(Strategy::OneForAll)).await;
        house.diary();
        end(&office, "b", boom()).await;
        assert_eq!(house.diary(), "-d -c -a +a +b +c +d");
    });
}

#[test]
fn rest_for_one_touches_only_what_was_started_after_the_dead_child() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "abcd").strategy(Strategy::RestForOne)).await;
        house.diary();
        end(&office, "b", boom()).await;
        assert_eq!(house.diary(), "-d -c +b +c +d");
    });
}

#[test]
fn a_transient_child_that_ends_normally_stays_stopped_until_its_group_restarts() {
    run(async {
        let house = House::default();
        let spec = SupervisorSpec::new("office")
            .strategy(Strategy::OneForAll)
            .child(house.child("a").restart(Restart::Transient))
            .child(house.child("b"));
        let office = open(spec).await;
        let a = lamp(&office, "a");
        end(&office, "a", ExitReason::Normal).await;
        assert_eq!(find(&office, "a").await.status, ChildStatus::Stopped);
        assert_gone(&a).await;
        assert_eq!(house.diary(), "+a +b");
        end(&office, "b", boom()).await;
        assert_eq!(house.diary(), "+a +b");
        assert_eq!(Some(pid(&a).await), find(&office, "a").await.pid());
    });
}

#[test]
fn a_temporary_child_is_forgotten_when_it_ends_or_its_group_restarts() {
    run(async {
        let house = House::default();
        let spec = SupervisorSpec::new("office")
            .strategy(Strategy::OneForAll)
            .child(house.child("a").restart(Restart::Temporary))
            .child(house.child("b"))
            .child(house.child("c").restart(Restart::Temporary));
        let office = open(spec).await;
        let (a, c) = (lamp(&office, "a"), lamp(&office, "c"));
        end(&office, "a", boom()).await;
        assert_eq!(status_now(&office, "a").await, None);
        assert_gone(&a).await;
        house.diary();
        end(&office, "b", boom()).await;
        assert_eq!(house.diary(), "-c +b");
        assert_gone(&c).await;
    });
}

#[test]
fn a_failed_one_for_all_restart_tries_the_whole_group_again() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "abc").strategy(Strategy::OneForAll)).await;
        house.diary();
        house.fault("b", Fault::Fails(1));
        end(&office, "a", boom()).await;
        wait_for(&office, "c", runs).await;
        assert_eq!(house.diary(), "-c -b +a ?b -a +a +b +c");
    });
}

#[test]
fn a_failed_rest_for_one_restart_tries_from_the_failed_child_on() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "abcd").strategy(Strategy::RestForOne)).await;
        house.diary();
        house.fault("c", Fault::Fails(2));
        end(&office, "b", boom()).await;
        wait_for(&office, "d", runs).await;
        assert_eq!(house.diary(), "-d -c +b ?c ?c +c +d");
    });
}

#[test]
fn a_child_that_ignores_its_restart_is_stopped_and_its_refs_are_gone() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "a")).await;
        let a = lamp(&office, "a");
        house.fault("a", Fault::Ignores);
        end(&office, "a", boom()).await;
        assert_eq!(find(&office, "a").await.status, ChildStatus::Stopped);
        assert!(office.child_optional::<Lamp>("a").is_none());
        assert_gone(&a).await;
    });
}

#[test]
fn one_restart_too_many_stops_the_others_in_reverse_and_ends_with_shutdown() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "abc").intensity(2)).await;
        let (a, b) = (lamp(&office, "a"), lamp(&office, "b"));
        end(&office, "b", boom()).await;
        end(&office, "b", boom()).await;
        house.diary();
        let (reason, ()) = join(office.closed(), end(&office, "b", boom())).await;
        assert_eq!(reason, ExitReason::Shutdown);
        assert_eq!(house.diary(), "-c -a");
        assert_gone(&a).await;
        assert_gone(&b).await;
    });
}

#[test]
fn each_attempt_counts_so_a_child_that_cannot_start_makes_its_supervisor_give_up() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "ab").intensity(3)).await;
        house.fault("a", Fault::Fails(u32::MAX));
        house.diary();
        end(&office, "a", boom()).await;
        while office.which_children().await.is_ok() {}
        assert_eq!(house.diary(), "?a ?a ?a -b");
    });
}

#[test]
fn a_group_restart_counts_once_and_bystanders_cause_no_second_one() {
    run(async {
        let house = House::default();
        let spec = lamps(&house, "abc").strategy(Strategy::OneForAll).intensity(1);
        let office = open(spec).await;
        end(&office, "a", boom()).await;
        for id in ["a", "b", "c"] {
            assert_eq!(find(&office, id).await.restarts, 1);
        }
        assert_eq!(office.count_children().await.expect("it answers").active, 3);
    });
}

#[test]
fn a_cast_in_the_restart_gap_is_kept_and_a_call_waits() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "a")).await;
        let a = lamp(&office, "a");
        let before = pid(&a).await;
        let (begun, go) = house.hold("a");
        a.send(LampMessage::End(boom())).expect("it listens");
        begun.await.expect("the restart begins");
        assert_eq!(a.pid(), None);
        a.send(LampMessage::Note(1)).expect("it is kept");
        a.send(LampMessage::Note(2)).expect("it is kept");
        let call = a.call_message(LampMessage::Pid);
        let (after, ()) = join(call, async {
            go.send(()).expect("the start waits");
        })
        .await;
        assert_ne!(after.expect("the next one answers"), before);
        assert_eq!(house.diary(), "+a +a a1 a2");
    });
}

#[test]
fn the_exit_of_a_stranger_means_nothing() {
    run(async {
        let house = House::default();
        let office = open(lamps(&house, "a")).await;
        office.exit(ExitReason::error("a stranger's"));
        assert!(runs(find(&office, "a").await.status));
        assert_eq!(house.diary(), "+a");
    });
}
