//! How machines begin and end.

use std::sync::mpsc::{Sender, channel};

use actor_core::prelude::*;
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::kit::{WATCHDOG, on};
use crate::rig::{B, Rig, RigMessage, inner};

/// May fail to start, and tells in which state it ended.
#[derive(StateMachine)]
struct Mortal {
    init: Result<(), &'static str>,
    enter: Result<(), &'static str>,
    ended: Option<Sender<(&'static str, ExitReason)>>,
}

struct Young;
struct Old;

#[machine(initial = Young)]
impl Mortal {
    #[init]
    fn begin(&mut self, cx: &mut StateContext<Self>) -> Result<(), &'static str> {
        // Handled before anything from outside.
        cx.next_event(MortalEvent::Begun);
        self.init
    }
    #[enter(Young)]
    async fn born(&mut self) -> Result<(), &'static str> {
        actor_core::yield_now().await;
        self.enter
    }
    #[internal]
    fn begun(&mut self, _state: &mut MortalState) {}
    #[cast(in = Young, ignore = _)]
    fn age(&mut self) -> To<Old> {
        To::state(Old)
    }
    #[call(in = Young, ignore = _)]
    fn late(&mut self) -> To<(), u32> {
        To::stop(ExitReason::error("no reply"))
    }
    #[cast]
    fn die(&mut self) {
        panic!("at last");
    }
    #[call(on_err = crash)]
    fn must(&mut self, text: String) -> Result<u32, std::num::ParseIntError> {
        text.parse()
    }
    #[cast(on_err = crash)]
    fn must_not(&mut self) -> Result<(), String> {
        Err("it did".into())
    }
    #[cast(on_err = log)]
    async fn may_not(&mut self) -> Result<(), String> {
        Err("it did, and that is no matter".into())
    }
    #[terminate]
    async fn end(&mut self, state: &mut MortalState, reason: &ExitReason) {
        actor_core::yield_now().await;
        if let Some(ended) = &self.ended {
            ended.send((Self::state_name(state), reason.clone())).expect("the test listens");
        }
    }
}

impl Mortal {
    fn sound() -> Self {
        Self { init: Ok(()), enter: Ok(()), ended: None }
    }
}

#[test]
fn an_init_that_fails_is_a_start_that_fails() {
    on(1, |rt| {
        let failed = rt.block_on(rt.start(Mortal { init: Err("no room"), ..Mortal::sound() }));
        assert_eq!(failed.err(), Some(StartError::Init(ExitReason::error("no room"))));
    });
}

/// OTP confirms a start before the first enter call; here it is part of the start.
#[test]
fn a_first_enter_call_that_fails_is_a_start_that_fails() {
    on(1, |rt| {
        let failed = rt.block_on(rt.start(Mortal { enter: Err("no air"), ..Mortal::sound() }));
        assert_eq!(failed.err(), Some(StartError::Init(ExitReason::error("no air"))));
    });
}

/// OTP 11.4: under every schedule, too: nothing of it is left.
#[actor_test(schedules = 1000)]
async fn a_start_whose_first_enter_call_fails_leaves_nothing(t: TestKit) -> TestResult {
    let before = t.processes().len();
    let failed = t.start(Mortal { enter: Err("no air"), ..Mortal::sound() }).await;
    assert_eq!(failed.err(), Some(StartError::Init(ExitReason::error("no air"))));
    assert_eq!(t.processes().len(), before);
    Ok(())
}

#[test]
fn terminate_is_given_the_last_state_and_the_reason() {
    on(1, |rt| {
        let (ended, listen) = channel();
        let mortal = rt.spawn(Mortal { ended: Some(ended), ..Mortal::sound() }).expect("room");
        mortal.age().expect("it lives");
        rt.block_on(mortal.stop(ExitReason::error("enough")));
        let heard = listen.recv_timeout(WATCHDOG).expect("terminate runs");
        assert_eq!(heard, ("Old", ExitReason::error("enough")));
    });
}

/// OTP 11.12: without a reply, the caller hears the reason.
#[test]
fn a_call_that_stops_the_machine_without_a_reply_fails_with_the_reason() {
    on(1, |rt| {
        let mortal = rt.spawn(Mortal::sound()).expect("room");
        let why = ExitReason::error("no reply");
        assert_eq!(mortal.late().blocking(), Err(CallFailure::Exited(why)));
    });
}

#[test]
fn an_error_ends_the_machine_where_its_handler_says_so() {
    on(1, |rt| {
        let mortal = rt.spawn(Mortal::sound()).expect("room");
        mortal.may_not().expect("room");
        assert_eq!(mortal.must("7".into()).blocking(), Ok(7));
        let why = ExitReason::error("invalid digit found in string");
        let failed = mortal.must("x".into()).blocking();
        assert_eq!(failed, Err(CallFailure::Exited(why)));
        let mortal = rt.spawn(Mortal::sound()).expect("room");
        mortal.must_not().expect("room");
        assert_eq!(mortal.closed().blocking(), ExitReason::error("it did"));
    });
}

#[test]
fn a_panic_ends_the_machine_with_its_message() {
    on(1, |rt| {
        let mortal = rt.spawn(Mortal::sound()).expect("room");
        mortal.die().expect("it lives");
        let reason = mortal.closed().blocking();
        assert!(matches!(&reason, ExitReason::Panic(report) if report.message == "at last"));
    });
}

#[test]
fn who_waits_for_a_postponed_call_hears_of_the_end_at_once() {
    on(1, |rt| {
        let rig = rt.spawn(Rig::new()).expect("room");
        let failure = rt.run(async move {
            let (first, second) = (rig.ask(1).request(), rig.ask(2).request());
            // It is answered behind the two, so they are postponed by then.
            rig.log().await?;
            rig.kill();
            let killed = CallFailure::Exited(ExitReason::Killed);
            assert_eq!((first.await, second.await), (Err(killed.clone()), Err(killed)));
            Ok::<(), CallFailure>(())
        });
        failure.expect("main ends").expect("the machine answers");
    });
}

/// The code of a handler that is stuck runs on, and keeps what the machine has; who waits does not.
#[test]
fn who_waits_for_a_postponed_call_hears_of_a_kill_though_a_handler_is_stuck() {
    on(1, |rt| {
        let rig = rt.spawn(Rig::new()).expect("room");
        let (stuck, is_stuck) = tokio::sync::oneshot::channel();
        let (free, is_free) = channel::<()>();
        let waiting = rt.run(async move {
            let waiting = rig.ask(1).request();
            rig.job(move |_, _| {
                stuck.send(()).expect("the test waits");
                is_free.recv().expect("the test lets it go");
                To::keep()
            })?;
            is_stuck.await?;
            rig.kill();
            let failure = waiting.await;
            free.send(())?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(failure)
        });
        let killed = CallFailure::Exited(ExitReason::Killed);
        assert_eq!(waiting.expect("main ends").expect("all is sent"), Err(killed));
    });
}

#[test]
fn nothing_that_is_queued_is_handled_after_a_stop() {
    on(1, |rt| {
        let (told, listen) = channel();
        let rig = rt.spawn(Rig::new()).expect("room");
        rig.job(move |_, cx| {
            cx.next_message(RigMessage::Act {
                job: Box::new(move |_, _| {
                    told.send("handled").expect("the test listens");
                    To::keep()
                }),
            });
            cx.next_event(inner(1));
            cx.stop(ExitReason::Normal);
            To::state(B)
        })
        .expect("room");
        assert_eq!(rig.closed().blocking(), ExitReason::Normal);
        assert!(listen.recv().is_err(), "the job was dropped, and not done");
    });
}
