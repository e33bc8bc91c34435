//! Bounds of the runtime, made small: who goes beyond one gets an error, and the others go on.

use std::time::Duration;

use actor_core::{Context, Process, Runtime, StartError, SystemLimit, handlers};

use crate::kit::{bounded, made, plain, until, up};

/// Asks for time in each way.
#[derive(Process)]
struct Asker;

#[handlers]
impl Asker {
    #[cast]
    fn later(&mut self, cx: &mut Context<Self>) {
        cx.send_after(Duration::from_secs(3_600), AskerMessage::Later);
    }
    #[cast]
    fn often(&mut self, cx: &mut Context<Self>) {
        cx.send_interval(Duration::from_secs(3_600), || AskerMessage::Later);
    }
    #[cast]
    async fn sleep(&mut self, cx: &mut Context<Self>) {
        cx.sleep(Duration::from_secs(3_600)).await;
    }
    #[cast]
    async fn within(&mut self, cx: &mut Context<Self>) {
        let _ = cx.timeout(Duration::from_secs(3_600), std::future::pending::<()>()).await;
    }
    #[call]
    fn ask(&self) -> u32 {
        1
    }
}

#[test]
fn who_asks_for_too_many_timers_ends_and_others_go_on() {
    bounded(|| {
        let rt = Runtime::builder().workers(1).timers(3).build().expect("threads");
        let patient = up(&rt, Asker);
        (0..3).for_each(|_| patient.later().expect("room"));
        until("all are armed", || rt.timer_count() == 3);
        for ask in [AskerRef::later, AskerRef::often, AskerRef::sleep, AskerRef::within] {
            let greedy = up(&rt, Asker);
            ask(&greedy).expect("room");
            let reason = greedy.closed().blocking();
            let limit = SystemLimit::Timers(3).to_string();
            assert!(reason.is_panic(&limit), "{reason}");
            // Its deadline is not counted.
            assert_eq!(patient.ask().blocking(), Ok(1));
        }
        assert_eq!(rt.timer_count(), 3);
        patient.kill();
        until("none is armed", || rt.timer_count() == 0);
        let other = up(&rt, Asker);
        other.later().expect("room");
        assert_eq!(other.ask().blocking(), Ok(1), "there is room again");
        rt.shutdown().expect("everything ends");
    });
}

#[test]
fn who_starts_too_many_processes_is_told_and_the_others_go_on() {
    bounded(|| {
        let rt = Runtime::builder().workers(1).processes(2).build().expect("threads");
        let (one, other) = (plain(&rt), plain(&rt));
        let full = StartError::SystemLimit(SystemLimit::Processes(2));
        assert_eq!(rt.spawn(made(false).0).unwrap_err(), full);
        assert_eq!(one.does(|cx| cx.spawn(made(false).0).unwrap_err()), full);
        other.kill();
        until("there is room", || rt.process_count() == 1);
        plain(&rt).sync();
        one.sync();
        rt.shutdown().expect("everything ends");
    });
}

#[test]
fn a_bound_out_of_its_range_is_refused() {
    use actor_core::limits;
    let invalid = |built: std::io::Result<Runtime>| {
        let error = built.err().map(|error| error.kind());
        assert_eq!(error, Some(std::io::ErrorKind::InvalidInput));
    };
    invalid(Runtime::builder().timers(limits::TIMERS + 1).build());
    invalid(Runtime::builder().processes(limits::PROCESSES + 1).build());
    invalid(Runtime::builder().workers(limits::WORKERS + 1).build());
}
