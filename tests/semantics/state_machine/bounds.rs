//! What can grow has a bound, and what keeps itself busy harms nobody.

use std::sync::mpsc::channel;

use actor_core::{Overflow, limits, prelude::*};

use crate::kit::{WATCHDOG, on};
use crate::rig::{MS, Rig, RigEvent, first_over, inner};

/// Postpones two events at most.
#[derive(StateMachine)]
struct Narrow {
    heard: Vec<u32>,
}

struct Shut;
struct Ajar;

#[machine(initial = Shut, postponed = 2)]
impl Narrow {
    #[cast(in = Shut, ignore = _)]
    fn open(&mut self) -> To<Ajar> {
        To::state(Ajar)
    }
    #[cast(in = Ajar, postpone = _)]
    fn put(&mut self, n: u32) {
        self.heard.push(n);
    }
    #[call(in = Ajar, postpone = _)]
    fn pull(&mut self, n: u32) -> u32 {
        n
    }
    #[call]
    fn heard(&self) -> Vec<u32> {
        self.heard.clone()
    }
}

#[test]
fn a_call_that_would_be_one_postponed_too_many_fails_with_full() {
    on(1, |rt| {
        let narrow = rt.spawn(Narrow { heard: vec![] }).expect("room");
        let first = rt.run({
            let narrow = narrow.clone();
            async move {
                let (first, second) = (narrow.pull(1).request(), narrow.pull(2).request());
                let third = narrow.pull(3).request();
                assert_eq!(third.await, Err(CallFailure::Full));
                narrow.open().expect("it lives");
                (first.await, second.await)
            }
        });
        assert_eq!(first.expect("main ends"), (Ok(1), Ok(2)));
    });
}

#[test]
fn a_cast_that_would_be_one_postponed_too_many_is_dropped_and_no_other() {
    on(1, |rt| {
        let narrow = rt.spawn(Narrow { heard: vec![] }).expect("room");
        (0..4).for_each(|n| narrow.put(n).expect("room"));
        narrow.open().expect("it lives");
        narrow.put(9).expect("room");
        assert_eq!(narrow.heard().blocking(), Ok(vec![0, 1, 9]));
    });
}

#[test]
fn inserting_more_events_than_fit_ends_the_machine_with_an_error() {
    on(1, |rt| {
        let rig = rt.spawn(Rig::new()).expect("room");
        rig.job(|_, cx| {
            (0..=limits::MACHINE_QUEUE as u32).for_each(|n| cx.next_event(inner(n)));
            To::keep()
        })
        .expect("room");
        let text = format!("a state machine inserted more than {} events", limits::MACHINE_QUEUE);
        assert_eq!(rig.closed().blocking(), ExitReason::error(text));
    });
}

/// A message that a full mailbox refuses is lost; a time-out would be missed for ever.
#[test]
fn a_time_out_is_heard_however_full_the_mailbox_is() {
    on(1, |rt| {
        let done = rt.run(async {
            let options = Rig::new().with().mailbox(1).overflow(Overflow::Reject);
            let rig = options.start().await?;
            let (open, gate) = tokio::sync::oneshot::channel();
            let (begun, begins) = tokio::sync::oneshot::channel();
            rig.job(|_, cx| {
                begun.send(()).expect("the test waits");
                cx.start_timer(5 * MS, first_over(1));
                cx.next_event(RigEvent::Gate { open: gate });
                To::keep()
            })?;
            begins.await?;
            // Full from here on, for as long as it waits at the gate.
            while rig.say(1).is_ok() {}
            actor_core::sleep(20 * MS).await;
            open.send(()).expect("it waits");
            while let Err(CallFailure::Full) = rig.heard("first 1").await {}
            Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
        });
        done.expect("main ends").expect("it is heard");
    });
}

/// Tells itself to go on, for ever.
#[derive(StateMachine)]
struct Busy {
    begun: Option<std::sync::mpsc::Sender<()>>,
}

struct Turning;

#[machine(initial = Turning)]
impl Busy {
    #[cast]
    fn begin(&mut self, cx: &mut StateContext<Self>) {
        cx.next_event(BusyEvent::Again);
    }
    #[internal]
    fn again(&mut self, cx: &mut StateContext<Self>) {
        if let Some(begun) = self.begun.take() {
            begun.send(()).expect("the test listens");
        }
        cx.next_event(BusyEvent::Again);
    }
}

/// Handlers of a machine that never gets to its mailbox end its turns all the same.
#[test]
fn a_machine_that_inserts_events_for_ever_lets_others_run_and_can_be_killed() {
    on(1, |rt| {
        let (begun, listen) = channel();
        let busy = rt.spawn(Busy { begun: Some(begun) }).expect("room");
        busy.begin().expect("room");
        listen.recv_timeout(WATCHDOG).expect("it begins");
        let rig = rt.spawn(Rig::new()).expect("room");
        assert_eq!(rig.log().blocking().map(|log| log.len()), Ok(1));
        busy.kill();
        assert_eq!(busy.closed().blocking(), ExitReason::Killed);
    });
}
