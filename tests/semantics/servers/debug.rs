//! Theme 13: statistics, logs and traces of one process.

use std::sync::mpsc::channel;

use actor_core::{Context, ExitReason, Pid, Process, Reply, ServerRef, SysEvent, handlers, limits};
use futures::executor::block_on;

use crate::kit::{on, plain, up};

/// Answers at once, later, or never.
#[derive(Process, Default)]
struct Desk {
    kept: Vec<Reply<u32>>,
}

#[handlers]
impl Desk {
    #[call]
    fn now(&self) -> u32 {
        1
    }
    #[call]
    async fn soon(&mut self) -> u32 {
        actor_core::yield_now().await;
        2
    }
    #[call]
    fn later(&mut self, reply: Reply<u32>) {
        self.kept.push(reply);
    }
    #[cast]
    fn answer(&mut self) {
        self.kept.drain(..).for_each(|reply| reply.send(3));
    }
    #[exit]
    fn exit(&mut self, _cx: &mut Context<Self>, _from: Pid, _reason: ExitReason) {}
}

fn event(message: &'static str, call: bool) -> SysEvent {
    let (tell, told) = channel();
    on(1, move |rt| {
        let desk = up(rt, Desk::default());
        desk.sys().log(1).blocking().expect("it answers");
        match (message, call) {
            ("Answer", _) => desk.answer().expect("room"),
            _ => drop(desk.now().blocking()),
        }
        let _ = tell.send(desk.sys().get_log().blocking().expect("it answers"));
    });
    told.recv().expect("told").remove(0)
}

/// 13.7: statistics count what came in, what was answered, and work, since they were switched on;
/// off, there are none.
#[test]
fn statistics_count_from_when_they_are_switched_on() {
    on(2, |rt| {
        let desk = up(rt, Desk::default());
        let sys = desk.sys();
        let counted = || sys.get_statistics().blocking().expect("it answers");
        desk.now().blocking().expect("it answers");
        assert_eq!(counted(), None, "no_statistics");
        sys.statistics(true).blocking().expect("it answers");
        desk.now().blocking().expect("it answers");
        desk.soon().blocking().expect("it answers");
        let later = desk.later().request();
        desk.exit(ExitReason::Shutdown);
        desk.answer().expect("room");
        assert_eq!(block_on(later), Ok(3));
        let statistics = counted().expect("they are on");
        assert_eq!(statistics.messages_in, 5, "the trapped exit is one");
        assert_eq!(statistics.messages_out, 2, "a kept reply is none, as in OTP");
        assert!(statistics.reductions >= 5);
        assert!(statistics.current_time >= statistics.start_time);
        sys.statistics(false).blocking().expect("it answers");
        assert_eq!(counted(), None);
    });
}

/// 13.8: a function is installed once under its name, hears of each event in order, and nothing
/// after it was removed.
#[test]
fn a_function_is_installed_once_under_its_name() {
    on(2, |rt| {
        let desk = up(rt, Desk::default());
        let (tell, told) = channel();
        for _ in 0..2 {
            let tell = tell.clone();
            let install = desk.sys().install("f", move |event| drop(tell.send(event.clone())));
            assert_eq!(install.blocking(), Ok(true));
        }
        drop(tell);
        desk.soon().blocking().expect("it answers");
        desk.sys().remove("f").blocking().expect("it answers");
        desk.now().blocking().expect("it answers");
        let into = SysEvent::In { message: "Soon", call: true, from: None };
        let out = SysEvent::Out { message: "Soon", to: None };
        assert_eq!(told.iter().collect::<Vec<_>>(), [into, out]);
        assert_eq!(desk.sys().remove("f").blocking(), Ok(()), "it is out already");
    });
}

/// 13.8: a function that panics hears no more, and the process goes on; there is a bound on them.
#[test]
fn a_function_that_panics_is_out_and_their_number_is_bounded() {
    on(1, |rt| {
        let desk = up(rt, Desk::default());
        desk.sys().install("bad", |_| panic!("on an event")).blocking().expect("it answers");
        assert_eq!(desk.now().blocking(), Ok(1));
        assert_eq!(desk.sys().get_status().blocking().map(|s| s.debug.len()), Ok(0));
        for number in 0..limits::SYS_FUNCTIONS {
            assert_eq!(desk.sys().install(number.to_string(), |_| ()).blocking(), Ok(true));
        }
        assert_eq!(desk.sys().install("one more", |_| ()).blocking(), Ok(false));
        desk.sys().no_debug().blocking().expect("it answers");
        assert_eq!(desk.sys().install("one more", |_| ()).blocking(), Ok(true));
    });
}

/// 13.1: the log keeps the last so many events; who calls is named.
#[test]
fn the_log_keeps_the_last_events_and_names_the_caller() {
    on(2, |rt| {
        let (desk, caller) = (up(rt, Desk::default()), plain(rt));
        desk.sys().log(2).blocking().expect("it answers");
        desk.now().blocking().expect("it answers");
        let to = desk.clone();
        let request = caller.does(move |_| to.now().request());
        assert_eq!(block_on(request), Ok(1));
        let caller = Some(caller.id());
        let log = desk.sys().get_log().blocking().expect("it answers");
        let into = SysEvent::In { message: "Now", call: true, from: caller };
        assert_eq!(log, [into, SysEvent::Out { message: "Now", to: caller }]);
        desk.sys().log(0).blocking().expect("it answers");
        assert_eq!(desk.sys().get_log().blocking(), Ok(vec![]));
    });
}

/// 13.1: an event says whether somebody waits for an answer.
#[test]
fn an_event_tells_a_call_from_a_cast() {
    let into = |message, call| SysEvent::In { message, call, from: None };
    assert_eq!(event("Answer", false), into("Answer", false));
    assert_eq!(event("Now", true), SysEvent::Out { message: "Now", to: None });
}
