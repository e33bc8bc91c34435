use std::{cell::RefCell, rc::Rc, time::Duration};

use super::*;

const S: Duration = Duration::from_secs(1);

/// What ran and what was stopped.
type Log = Rc<RefCell<Vec<(TimerName, &'static str)>>>;

struct Guard(Log, TimerName);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.borrow_mut().push((self.1, "stopped"));
    }
}

struct Rig {
    engine: Engine<u32, &'static str, Guard>,
    log: Log,
    fired: Vec<Expiry>,
}

impl Rig {
    fn new() -> Self {
        Self { engine: Engine::new(), log: Log::default(), fired: Vec::new() }
    }

    fn settle(
        &mut self,
        changed: bool,
        postponed: Option<u32>,
        next: &[u32],
        timers: Vec<TimerAction<&'static str>>,
    ) -> Result<(), Excess<u32>> {
        let actions = Actions { next: next.to_vec(), timers };
        let (log, fired) = (&self.log, &mut self.fired);
        self.engine.settle(changed, postponed, 3, actions, |_, expiry| {
            fired.push(expiry);
            Guard(log.clone(), expiry.timer)
        })
    }

    fn order(&mut self) -> Vec<Taken<u32, &'static str>> {
        std::iter::from_fn(|| self.engine.take()).collect()
    }
}

use TimerAction::{Cancel, Start, Update};

fn events(of: &[u32]) -> Vec<Taken<u32, &'static str>> {
    of.iter().map(|event| Taken::Event(*event)).collect()
}

/// OTP 11.2
#[test]
fn postponed_events_come_back_after_a_change_alone_and_in_their_order() {
    let mut rig = Rig::new();
    rig.settle(false, Some(1), &[], vec![]).expect("room");
    rig.settle(false, Some(2), &[], vec![]).expect("room");
    assert_eq!(rig.order(), events(&[]));
    rig.settle(true, Some(3), &[], vec![]).expect("room");
    assert_eq!(rig.order(), events(&[1, 2, 3]));
    assert_eq!(rig.order(), events(&[]));
}

/// OTP 11.3
#[test]
fn inserted_events_come_first_in_their_order() {
    let mut rig = Rig::new();
    rig.settle(false, Some(1), &[2], vec![]).expect("room");
    rig.settle(true, None, &[3, 4], vec![]).expect("room");
    assert_eq!(rig.order(), events(&[3, 4, 1, 2]));
}

/// OTP 11.9
#[test]
fn a_time_out_of_no_time_waits_behind_the_queue_in_the_order_given() {
    let mut rig = Rig::new();
    let timers = vec![
        Start(TimerName::Named("a"), Duration::ZERO, "a"),
        Start(TimerName::State, Duration::ZERO, "state"),
    ];
    rig.settle(false, None, &[1], timers).expect("room");
    let expected = [Taken::Event(1), Taken::Timeout("a"), Taken::Timeout("state")];
    assert_eq!(rig.order(), expected);
}

/// OTP 11.7
#[test]
fn an_event_time_out_of_no_time_fires_if_nothing_else_is_queued() {
    let mut rig = Rig::new();
    rig.settle(false, None, &[], vec![Start(TimerName::Event, Duration::ZERO, "idle")])
        .expect("room");
    assert_eq!(rig.order(), [Taken::Timeout("idle")]);
    rig.settle(false, None, &[1], vec![Start(TimerName::Event, Duration::ZERO, "idle")])
        .expect("room");
    assert_eq!(rig.order(), events(&[1]));
}

/// OTP 11.6, 11.7, 11.8
#[test]
fn what_ends_a_timer_depends_on_its_kind() {
    let mut rig = Rig::new();
    let all = vec![
        Start(TimerName::Event, S, "event"),
        Start(TimerName::State, S, "state"),
        Start(TimerName::Named("n"), S, "n"),
    ];
    rig.settle(false, None, &[], all).expect("room");
    rig.engine.begin();
    assert_eq!(*rig.log.borrow(), [(TimerName::Event, "stopped")]);
    rig.settle(false, None, &[], vec![]).expect("room");
    assert_eq!(rig.log.borrow().len(), 1);
    rig.settle(true, None, &[], vec![]).expect("room");
    assert_eq!(rig.log.borrow()[1..], [(TimerName::State, "stopped")]);
    assert_eq!(rig.engine.expired(rig.fired[2]), Some("n"));
}

/// OTP 11.8, 11.11
#[test]
fn a_timer_that_was_set_anew_or_cancelled_is_not_heard_though_it_fired() {
    let mut rig = Rig::new();
    rig.settle(false, None, &[], vec![Start(TimerName::State, S, "old")]).expect("room");
    rig.settle(false, None, &[], vec![Start(TimerName::State, S, "new")]).expect("room");
    assert_eq!(rig.engine.expired(rig.fired[0]), None);
    assert_eq!(rig.engine.expired(rig.fired[1]), Some("new"));
    assert_eq!(rig.engine.expired(rig.fired[1]), None);
    rig.settle(false, None, &[], vec![Start(TimerName::State, Duration::ZERO, "zero")])
        .expect("room");
    rig.settle(false, None, &[], vec![Cancel(TimerName::State)]).expect("room");
    assert_eq!(rig.order(), []);
}

/// OTP 11.10
#[test]
fn an_update_changes_what_a_timer_carries_and_not_its_time() {
    let mut rig = Rig::new();
    rig.settle(false, None, &[], vec![Start(TimerName::State, S, "old")]).expect("room");
    rig.settle(false, None, &[], vec![Update(TimerName::State, "new")]).expect("room");
    assert_eq!(rig.fired.len(), 1, "it runs on");
    assert_eq!(rig.engine.expired(rig.fired[0]), Some("new"));
    rig.settle(false, None, &[], vec![Update(TimerName::State, "none ran")]).expect("room");
    assert_eq!(rig.order(), [Taken::Timeout("none ran")]);
}

#[test]
fn what_is_postponed_has_a_bound() {
    let mut rig = Rig::new();
    for event in 0..3 {
        rig.settle(false, Some(event), &[], vec![]).expect("room");
    }
    assert_eq!(rig.settle(false, Some(3), &[], vec![]), Err(Excess::Postponed(3)));
    assert_eq!(rig.engine.postponed(), 3);
    rig.settle(true, None, &[], vec![]).expect("room");
    assert_eq!(rig.order(), events(&[0, 1, 2]));
}

#[test]
fn what_is_inserted_has_a_bound() {
    let mut rig = Rig::new();
    let many = vec![7; limits::MACHINE_QUEUE];
    rig.settle(false, None, &many, vec![]).expect("room");
    assert_eq!(rig.settle(false, None, &[8], vec![]), Err(Excess::Inserted));
}
