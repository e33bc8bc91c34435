//! Supervisors under supervisors, and the refs to their children.

use super::*;
use crate::supervisor::{ChildSpec, Restart, Shutdown};

/// root -> office -> lamps; the root's flags are generous.
async fn house_with(
    house: &House,
    ids: &str,
    change: impl FnOnce(ChildSpec) -> ChildSpec,
) -> (SupervisorRef, SupervisorRef) {
    let office = change(Desk::child(lamps(house, ids).intensity(0)));
    let root = open(SupervisorSpec::new("root").intensity(100).child(office)).await;
    let office = root.child::<Desk>("office");
    house.diary();
    (root, office)
}

#[test]
fn refs_to_grandchildren_stay_good_when_their_supervisor_is_restarted() {
    run(async {
        let house = House::default();
        let (root, office) = house_with(&house, "ab", |spec| spec).await;
        let (a, b) = (lamp(&office, "a"), lamp(&office, "b"));
        let before = (pid(&a).await, office.pid());
        a.send(LampMessage::End(boom())).expect("it listens");
        while find(&root, "office").await.pid() == before.1 {}
        assert_eq!(house.diary(), "-b +a +b");
        assert_ne!(pid(&a).await, before.0);
        pid(&b).await;
        assert_eq!(find(&root, "office").await.restarts, 1);
    });
}

#[test]
fn a_killed_supervisor_is_restarted_with_its_own_children_and_without_the_dynamic_ones() {
    run(async {
        let house = House::default();
        let (root, office) = house_with(&house, "a", |spec| spec).await;
        let make = {
            let spot = lamps(&house, "");
            move |_| {
                let spot = spot.clone();
                async move { Ok(Some(Desk(spot))) }
            }
        };
        let (permanent, infinity) = (Restart::Permanent, Shutdown::Infinity);
        let added = office.start_dynamic::<Desk, _, _>("room", permanent, infinity, make).await;
        let added = added.expect("it starts");
        let (a, before) = (lamp(&office, "a"), office.pid());
        office.kill();
        while find(&root, "office").await.pid() == before {}
        pid(&a).await;
        assert_eq!(office.count_children().await.expect("it answers").specs, 1);
        assert_eq!(added.which_children().await.err(), Some(CallFailure::NoProc));
    });
}

#[test]
fn stopping_a_supervisor_for_good_takes_the_refs_below_with_it() {
    run(async {
        let house = House::default();
        let (root, office) = house_with(&house, "ab", |spec| spec).await;
        let a = lamp(&office, "a");
        root.terminate_child("office").await.expect("it is known");
        assert_eq!(house.diary(), "-b -a");
        assert_gone(&a).await;
        root.restart_child("office").await.expect("it starts");
        pid(&a).await;
        root.kill();
        // The office hears of that, and then ends its lamps.
        while a.call_message(LampMessage::Pid).await.is_ok() {}
        assert_gone(&a).await;
    });
}

#[test]
fn giving_up_is_a_normal_end_for_a_transient_supervisor() {
    run(async {
        let house = House::default();
        let transient = |spec: ChildSpec| spec.restart(Restart::Transient);
        let (root, office) = house_with(&house, "ab", transient).await;
        let a = lamp(&office, "a");
        a.send(LampMessage::End(boom())).expect("it listens");
        wait_for(&root, "office", |status| status == ChildStatus::Stopped).await;
        assert_eq!(house.diary(), "-b");
        assert_gone(&a).await;
    });
}

#[test]
fn giving_up_climbs_until_the_top_gives_up() {
    run(async {
        let house = House::default();
        let office = Desk::child(lamps(&house, "a").intensity(0));
        let root = open(SupervisorSpec::new("root").intensity(1).child(office)).await;
        let office = root.child::<Desk>("office");
        let a = lamp(&office, "a");
        let first = office.pid();
        a.send(LampMessage::End(boom())).expect("it listens");
        while find(&root, "office").await.pid() == first {}
        a.send(LampMessage::End(boom())).expect("it is kept or heard");
        while root.which_children().await.is_ok() {}
        assert_gone(&a).await;
    });
}

#[test]
fn the_running_tree_is_drawn_with_pids_down_to_the_leaves() {
    run(async {
        let house = House::default();
        let (root, office) = house_with(&house, "ab", |spec| spec).await;
        root.start_child(house.child("c")).await.expect("it starts");
        root.terminate_child("c").await.expect("it is known");
        let name = |pid: Option<Pid>| pid.expect("it runs").to_string();
        let pids = [root.pid(), office.pid(), lamp(&office, "a").pid(), lamp(&office, "b").pid()];
        let [root_pid, office_pid, a, b] = pids.map(name);
        let width = office_pid.len();
        let expected = format!(
            "root {root_pid}  one_for_one, intensity 100 in 5s\n\
             ├─ office  Desk  {office_pid:width$}\n\
             │  ├─ a  Lamp  {a}\n\
             │  └─ b  Lamp  {b}\n\
             └─ c       Lamp  stopped"
        );
        assert_eq!(root.tree().await, Ok(expected));
    });
}

#[test]
fn a_sibling_ref_made_before_its_supervisor_runs_becomes_good() {
    run(async {
        let house = House::default();
        let early = crate::supervisor::tree::Tree::new();
        let seat = early.find::<Lamp>("a", None).expect("made on demand");
        early.declare(&lamps(&house, "a"));
        let later = early.find::<Lamp>("a", None).expect("declared");
        assert!(std::sync::Arc::ptr_eq(&seat, &later));
        assert!(early.find::<Lamp>("b", None).is_none());
    });
}
