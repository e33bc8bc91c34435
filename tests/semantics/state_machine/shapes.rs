//! The forms that handlers take, and the graph that is read from them.

use std::time::Duration;

use actor_core::prelude::*;

use crate::kit::on;

/// A door with a code.
#[derive(StateMachine)]
struct Door {
    code: String,
    tries: u32,
}

struct Locked;
struct Open {
    passed: u32,
}
struct Broken;

#[machine(initial = Locked, derive(Clone))]
impl Door {
    #[call(in = Locked, ignore = Broken)]
    fn enter_code(&mut self, code: String) -> To<(Open, Broken), bool> {
        if code == self.code {
            return To::state(Open { passed: 0 }).reply(true);
        }
        self.tries += 1;
        if self.tries == 3 { To::state(Broken).reply(false) } else { To::keep().reply(false) }
    }
    #[call(in = Open, event = enter_code)]
    fn enter_code_again(&mut self, code: String) -> bool {
        code == self.code
    }
    #[call(postpone = Locked, ignore = _)]
    fn pass(&mut self, open: &mut Open, width: u32) -> To<(Locked, Postpone), u32> {
        open.passed += 1;
        match width {
            1 => To::state(Locked).reply(open.passed),
            _ => To::postpone_to(Locked),
        }
    }
    #[cast(in = Open, ignore = _)]
    fn leave_ajar(&mut self, cx: &mut StateContext<Self>) {
        cx.start_timer(Duration::ZERO, DoorTimeout::Grace);
    }
    #[timeout(name = "grace", ignore = _)]
    fn grace(&mut self, _open: &Open) -> To<Locked> {
        To::state(Locked)
    }
    #[timeout(state, in = Open)]
    fn relock(&mut self) -> To<Locked> {
        To::state(Locked)
    }
    #[internal(in = Broken, ignore = _)]
    fn alarm(&mut self, loud: bool) {
        self.tries += u32::from(loud);
    }
    #[cast]
    fn start_relock(&mut self, cx: &mut StateContext<Self>) {
        cx.next_event(DoorEvent::Alarm { loud: true });
        cx.start_timer(Duration::ZERO, DoorTimeout::Relock);
    }
    #[call]
    fn place(&self, state: &mut DoorState) -> &'static str {
        Self::state_name(state)
    }
}

fn door() -> Door {
    Door { code: "7".into(), tries: 0 }
}

const TEXT: &str = "\
Door, at first Locked
  Locked --enter_code--> Open | Broken
  Locked --pass (postponed)--> *
  Locked --leave_ajar (ignored)--> *
  Locked --grace (ignored)--> *
  Locked --alarm (ignored)--> *
  Locked --start_relock--> *
  Locked --place--> *
  Open --enter_code--> *
  Open --pass--> Locked
  Open --leave_ajar--> *
  Open --grace (time-out)--> Locked
  Open --relock (state time-out)--> Locked
  Open --alarm (ignored)--> *
  Open --start_relock--> *
  Open --place--> *
  Broken --enter_code (ignored)--> *
  Broken --pass (ignored)--> *
  Broken --leave_ajar (ignored)--> *
  Broken --grace (ignored)--> *
  Broken --alarm (internal)--> *
  Broken --start_relock--> *
  Broken --place--> *
";

const MERMAID: &str = "\
stateDiagram-v2
    [*] --> Locked
    Locked --> Open: enter_code
    Locked --> Broken: enter_code
    Locked : pass (postponed)
    Locked : start_relock
    Locked : place
    Open : enter_code
    Open --> Locked: pass
    Open : leave_ajar
    Open --> Locked: grace (time-out)
    Open --> Locked: relock (state time-out)
    Open : start_relock
    Open : place
    Broken : alarm (internal)
    Broken : start_relock
    Broken : place
";

#[test]
fn the_diagram_is_what_the_signatures_say() {
    assert_eq!(Door::diagram(), TEXT);
    assert_eq!(Door::mermaid(), MERMAID);
}

/// OTP 11.14: there is one mode; an event has a handler for each state, or one for many.
#[test]
fn an_event_is_handled_by_the_handler_of_the_state() {
    on(1, |rt| {
        let door = rt.spawn(door()).expect("room");
        assert_eq!(door.enter_code("6".into()).blocking(), Ok(false));
        assert_eq!(door.place().blocking(), Ok("Locked"));
        assert_eq!(door.enter_code("7".into()).blocking(), Ok(true));
        assert_eq!(door.enter_code("6".into()).blocking(), Ok(false));
        assert_eq!(door.place().blocking(), Ok("Open"));
    });
}

#[test]
fn an_ignored_call_gets_no_reply_and_at_once() {
    on(1, |rt| {
        let door = rt.spawn(door()).expect("room");
        (0..3).for_each(|_| assert_eq!(door.enter_code("6".into()).blocking(), Ok(false)));
        assert_eq!(door.place().blocking(), Ok("Broken"));
        assert_eq!(door.enter_code("7".into()).blocking(), Err(CallFailure::NoReply));
        assert_eq!(door.pass(1).blocking(), Err(CallFailure::NoReply));
    });
}

#[test]
fn a_handler_may_postpone_what_it_has_looked_at() {
    on(1, |rt| {
        let door = rt.spawn(door()).expect("room");
        let done = rt.run(async move {
            assert!(door.enter_code("7".into()).await?);
            let wide = door.pass(2).request();
            assert_eq!(door.place().await?, "Locked");
            // It goes to `Locked` and waits there, each time the door is opened.
            assert!(door.enter_code("7".into()).await?);
            assert_eq!(door.place().await?, "Locked");
            drop(wide);
            Ok::<(), CallFailure>(())
        });
        done.expect("main ends").expect("it answers");
    });
}

#[test]
fn a_time_out_without_a_handler_where_it_fires_ends_the_machine() {
    on(1, |rt| {
        let door = rt.spawn(door()).expect("room");
        door.start_relock().expect("room");
        let text = "no handler for the time-out `relock` in this state";
        assert_eq!(door.closed().blocking(), ExitReason::error(text));
    });
}

#[test]
fn a_time_out_is_handled_in_its_state() {
    on(1, |rt| {
        let door = rt.spawn(door()).expect("room");
        assert_eq!(door.enter_code("7".into()).blocking(), Ok(true));
        door.leave_ajar().expect("room");
        assert_eq!(door.place().blocking(), Ok("Locked"));
    });
}
