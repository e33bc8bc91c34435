//! What the runtime tells of itself, and that it does not say too much.

use std::{
    fmt,
    sync::{
        Mutex, Once,
        mpsc::{Receiver, channel},
    },
};

use actor_core::{ExitReason, Pid, Process, Runtime, Start, SystemEvent, handlers, limits};
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};

use crate::kit::{PuppetRef, WATCHDOG, bounded, made, plain, until};

/// A runtime of one worker, and what it tells of mailboxes.
fn watched(body: impl FnOnce(&Runtime, &Receiver<SystemEvent>) + Send + 'static) {
    bounded(|| {
        let (tell, told) = channel();
        let tell = Mutex::new(tell);
        let builder = Runtime::builder().workers(1).system_monitor(move |event| {
            let is_of_mailboxes = matches!(
                event,
                SystemEvent::LongMessageQueue { .. } | SystemEvent::BusyReceiver { .. }
            );
            if is_of_mailboxes {
                let _ = tell.lock().expect("no panic").send(event.clone());
            }
        });
        let rt = builder.build().expect("threads");
        body(&rt, &told);
        rt.shutdown().expect("everything ends");
    });
}

fn small(rt: &Runtime) -> PuppetRef {
    rt.block_on(made(false).0.with().mailbox(4).on(rt).start()).expect("it starts")
}

/// What was told next of a mailbox, and its length then.
fn next(told: &Receiver<SystemEvent>) -> (Pid, bool, usize) {
    match told.recv_timeout(WATCHDOG).expect("it is told") {
        SystemEvent::LongMessageQueue { pid, name: "Puppet", message_queue_len, long } => {
            (pid, long, message_queue_len)
        }
        other => panic!("{other:?}"),
    }
}

/// OTP 21.7
#[test]
fn a_long_mailbox_is_told_once_and_again_when_it_has_drained() {
    watched(|rt, told| {
        let it = small(rt);
        for _ in 0..3 {
            let go = it.busy(|_| ());
            (0..4).for_each(|word| it.say(word).expect("room"));
            assert!(told.try_recv().is_err(), "it holds four");
            (0..9).for_each(|word| assert!(it.say(word).is_err()));
            assert_eq!(next(told), (it.id(), true, 4));
            assert!(told.try_recv().is_err(), "it is told once");
            drop(go);
            let (pid, long, left) = next(told);
            assert!(pid == it.id() && !long && left <= limits::mailbox_low(4), "{left}");
            it.sync();
        }
        assert!(told.try_recv().is_err());
    });
}

/// OTP 21.7: in the place of `busy_port`.
#[test]
fn the_first_that_is_held_is_told() {
    watched(|rt, told| {
        let (it, flood) = (small(rt), plain(rt));
        let go = it.hang().request();
        until("it hangs", || rt.block_on(rt.inspect(&it)).is_ok_and(|seen| seen.in_handler));
        for _ in 0..3 {
            let to = it.clone();
            flood.does(move |_| (0..5).for_each(|word| to.say(word).expect("room")));
        }
        assert_eq!(next(told), (it.id(), true, 4));
        let busy = SystemEvent::BusyReceiver { pid: it.id(), name: "Puppet", held: flood.id() };
        assert_eq!(told.recv_timeout(WATCHDOG), Ok(busy));
        flood.sync();
        it.kill();
        flood.sync();
        drop(go);
        assert!(told.try_recv().is_err(), "one that ends has not drained");
    });
}

/// OTP 21.7
#[test]
fn a_mailbox_that_somebody_waits_for_is_long_too() {
    watched(|rt, told| {
        let it = small(rt);
        let go = it.busy(|_| ());
        (0..4).for_each(|word| it.say(word).expect("room"));
        let to = it.clone();
        let waiter = std::thread::spawn(move || futures::executor::block_on(to.ready()));
        assert_eq!(next(told), (it.id(), true, 4));
        drop(go);
        assert!(!next(told).1);
        assert_eq!(waiter.join().expect("no panic"), Ok(()));
    });
}

/// Counts reports.
struct Counter;

static REPORTS: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl Subscriber for Counter {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "actor_core::crash"
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        struct Text(String);
        impl Visit for Text {
            fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
                self.0 += &format!("{value:?}");
            }
        }
        let mut text = Text(String::new());
        event.record(&mut text);
        REPORTS.lock().expect("no panic").push(text.0);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Ends by an error of its own.
#[derive(Process)]
struct Squib;

#[handlers]
impl Squib {
    #[cast(on_err = crash)]
    fn fizzle(&mut self) -> Result<(), ExitReason> {
        Err(ExitReason::error("a squib"))
    }
}

/// OTP 21.12
#[test]
fn of_a_burst_of_crashes_so_many_a_second_are_reported_and_the_rest_is_counted() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Counter).expect("the only one"));
    const MANY: usize = 20_000;
    bounded(|| {
        let rt = Runtime::builder().workers(1).build().expect("threads");
        let begin = std::time::Instant::now();
        for squib in rt.spawn_many((0..MANY).map(|_| Squib)).expect("there is room") {
            squib.fizzle().expect("room");
        }
        until("all have ended", || rt.process_count() == 0);
        let seconds = begin.elapsed().as_secs() as usize + 2;
        let reports = REPORTS.lock().expect("no panic");
        let squibs = reports.iter().filter(|text| text.contains("a squib")).count();
        let most = seconds * limits::REPORTS as usize;
        assert!((limits::REPORTS as usize..=most).contains(&squibs), "{squibs} in {seconds} s");
        assert!(squibs < MANY / 2, "{squibs} of {MANY}: the rest was to be left out");
        assert!(reports.iter().any(|text| text.contains("are left out")), "and that is said");
        drop(reports);
        rt.shutdown().expect("everything ends");
    });
}
