//! Mailboxes that are full: who is held, who is refused, what is dropped.

use std::sync::mpsc::{Receiver, Sender, channel};

use actor_core::{
    CallFailure, Context, ExitReason, Overflow, Priority, Process, Runtime, SendError, Start,
    handlers, limits,
};
use futures::executor::block_on;

use crate::kit::{bounded, on, plain, until, up};

/// Takes numbers, tells them, and can be stopped at a gate.
#[derive(Process)]
struct Sink {
    begun: Sender<()>,
    gate: Receiver<()>,
    tell: Sender<u64>,
}

#[handlers]
impl Sink {
    #[cast]
    fn take(&mut self, number: u64) {
        let _ = self.tell.send(number);
    }
    #[cast]
    fn wait(&mut self) {
        let _ = self.begun.send(());
        let _ = self.gate.recv();
    }
    #[call]
    fn ask(&self) {}
}

/// A sink that has stopped at its gate, and what lets it go on.
struct Stopped {
    sink: SinkRef,
    go: Sender<()>,
    told: Receiver<u64>,
}

impl Stopped {
    /// All that it handles before it is asked to stop, once it goes on.
    fn rest(self) -> Vec<u64> {
        drop(self.go);
        self.sink.stop(ExitReason::Normal).blocking();
        self.told.try_iter().collect()
    }
}

fn stopped(rt: &Runtime, mailbox: usize, overflow: Overflow) -> Stopped {
    let ((begun, waits), (go, gate), (tell, told)) = (channel(), channel(), channel());
    let sink = Sink { begun, gate, tell }.with().mailbox(mailbox).overflow(overflow);
    let sink = rt.block_on(sink.on(rt).start()).expect("it starts");
    sink.wait().expect("room");
    waits.recv().expect("it has begun");
    Stopped { sink, go, told }
}

/// Sends numbers on to a sink, so many for each that it gets.
#[derive(Process)]
struct Source {
    sink: SinkRef,
    each: u64,
    next: u64,
    sent: Sender<u64>,
}

#[handlers]
impl Source {
    #[cast(on_err = crash)]
    fn pour(&mut self) -> Result<(), SendError> {
        for _ in 0..self.each {
            self.sink.take(self.next)?;
            self.next += 1;
        }
        let _ = self.sent.send(self.next);
        Ok(())
    }
    #[call]
    fn poured(&self) -> u64 {
        self.next
    }
    #[cast]
    fn fill(&mut self, cx: &mut Context<Self>) {
        (0..5).for_each(|_| cx.me().pour().expect("room"));
    }
}

fn source(rt: &Runtime, sink: &SinkRef, each: u64) -> (SourceRef, Receiver<u64>) {
    let (sent, told) = channel();
    (up(rt, Source { sink: sink.clone(), each, next: 0, sent }), told)
}

/// What it was asked for and did before it was held: one batch of 4, into a mailbox of 2.
fn held_after_one(rt: &Runtime, on: &Stopped) -> (SourceRef, Receiver<u64>) {
    let (source, told) = source(rt, &on.sink, 4);
    (0..3).for_each(|_| source.pour().expect("room"));
    assert_eq!(told.recv(), Ok(4));
    until("it is held", || on.sink.mailbox_stats().held > 0);
    (source, told)
}

#[test]
fn a_process_that_floods_another_is_held_and_nothing_is_lost() {
    on(2, |rt| {
        let stopped = stopped(rt, 2, Overflow::Hold);
        let (source, told) = held_after_one(rt, &stopped);
        stopped.go.send(()).expect("it waits");
        assert_eq!(told.iter().take(2).last(), Some(12));
        assert_eq!(source.poured().blocking(), Ok(12));
        let stats = stopped.sink.mailbox_stats();
        assert_eq!((stats.refused, stats.dropped), (0, 0));
        assert_eq!(stopped.rest(), (0..12).collect::<Vec<_>>());
    });
}

#[test]
fn a_hold_ends_after_its_time_though_nobody_drains() {
    on(2, |rt| {
        let stopped = stopped(rt, 1, Overflow::Hold);
        let begin = std::time::Instant::now();
        let (source, told) = source(rt, &stopped.sink, 2);
        (0..4).for_each(|_| source.pour().expect("room"));
        assert_eq!(told.iter().take(4).last(), Some(8));
        assert!(begin.elapsed() >= limits::HOLD * 3, "it was held after each but the last");
        drop(stopped.go);
    });
}

#[test]
fn a_call_is_answered_by_a_process_that_is_held() {
    on(2, |rt| {
        let stopped = stopped(rt, 2, Overflow::Hold);
        let (source, _) = source(rt, &stopped.sink, 4);
        // More than could be handled in the call's time if it were held before each.
        (0..2_000).for_each(|_| source.pour().expect("room"));
        assert_eq!(source.poured().blocking(), Ok(8_000), "a call ends the hold");
        drop(stopped.go);
    });
}

#[test]
fn a_held_process_acts_on_signals_and_on_a_request_to_stop() {
    on(2, |rt| {
        for kill in [false, true] {
            let stopped = stopped(rt, 2, Overflow::Hold);
            let (source, _) = held_after_one(rt, &stopped);
            if kill {
                source.kill();
                assert_eq!(source.closed().blocking(), ExitReason::Killed);
            } else {
                assert_eq!(source.stop(ExitReason::Shutdown).blocking(), ExitReason::Shutdown);
            }
            drop(stopped.go);
        }
    });
}

#[test]
fn the_end_of_the_receiver_ends_the_hold() {
    on(2, |rt| {
        let stopped = stopped(rt, 2, Overflow::Hold);
        let (source, _told) = held_after_one(rt, &stopped);
        stopped.sink.kill();
        drop(stopped.go);
        assert_eq!(stopped.sink.closed().blocking(), ExitReason::Killed);
        // Its next cast finds nobody, if it had been let go before, too.
        let _ = source.pour();
        assert_eq!(source.closed().blocking(), ExitReason::error(SendError::NoProc));
    });
}

#[test]
fn supervisors_high_priorities_and_the_receiver_itself_are_not_held() {
    on(2, |rt| {
        let stopped = stopped(rt, 1, Overflow::Hold);
        let (sent, told) = channel();
        let source = Source { sink: stopped.sink.clone(), each: 3, next: 0, sent };
        let source = source.with().priority(Priority::High).on(rt).spawn().expect("it starts");
        (0..3).for_each(|_| source.pour().expect("room"));
        assert_eq!(told.iter().take(3).last(), Some(9));
        assert_eq!(stopped.sink.mailbox_stats().held, 0);
        drop(stopped.go);

        let (sent, told) = channel();
        let sink = up(rt, Sink { begun: channel().0, gate: channel().1, tell: channel().0 });
        let own = Source { sink, each: 1, next: 0, sent }.with().mailbox(2);
        let own = rt.block_on(own.on(rt).start()).expect("it starts");
        own.fill().expect("room");
        assert_eq!(told.iter().take(5).last(), Some(5));
        assert_eq!(own.mailbox_stats().held, 0);
    });
}

#[test]
fn who_sends_from_outside_is_refused_at_the_mark_and_can_wait_for_room() {
    on(2, |rt| {
        let stopped = stopped(rt, 4, Overflow::Hold);
        (0..4).for_each(|number| stopped.sink.take(number).expect("room"));
        assert_eq!(stopped.sink.take(4), Err(SendError::Full));
        assert_eq!(stopped.sink.ask().blocking(), Err(CallFailure::Full));
        assert_eq!(stopped.sink.mailbox_stats().refused, 2);
        let mut ready = Box::pin(stopped.sink.ready());
        assert!(futures::FutureExt::now_or_never(&mut ready).is_none(), "there is no room");
        stopped.go.send(()).expect("it waits");
        assert_eq!(block_on(ready), Ok(()));
        until("there is room", || stopped.sink.take(5).is_ok());
        assert_eq!(stopped.rest(), [0, 1, 2, 3, 5]);
    });
}

#[test]
fn who_waits_for_room_hears_of_the_end() {
    on(2, |rt| {
        let stopped = stopped(rt, 1, Overflow::Hold);
        stopped.sink.take(0).expect("room");
        let mut ready = Box::pin(stopped.sink.ready());
        assert!(futures::FutureExt::now_or_never(&mut ready).is_none());
        stopped.sink.kill();
        drop(stopped.go);
        assert_eq!(stopped.sink.closed().blocking(), ExitReason::Killed);
        assert_eq!(block_on(ready), Err(SendError::NoProc));
        assert_eq!(stopped.sink.mailbox_stats(), actor_core::MailboxStats::default());
    });
}

#[test]
fn a_mailbox_that_rejects_refuses_everybody() {
    on(2, |rt| {
        let stopped = stopped(rt, 2, Overflow::Reject);
        (0..2).for_each(|number| stopped.sink.take(number).expect("room"));
        assert_eq!(stopped.sink.take(2), Err(SendError::Full));
        let sink = stopped.sink.clone();
        assert_eq!(plain(rt).does(move |_| sink.take(2)), Err(SendError::Full));
        assert_eq!(stopped.sink.mailbox_stats().refused, 2);
        assert_eq!(stopped.rest(), [0, 1]);
    });
}

/// Invariant 6: what a timer sends is a message like others, whoever armed it.
#[test]
fn what_a_timer_sends_to_another_needs_room() {
    on(2, |rt| {
        for by_name in [false, true] {
            let (begun, waits) = channel();
            let ((go, gate), (tell, told)) = (channel(), channel());
            let sink = Sink { begun, gate, tell }.with().mailbox(2).overflow(Overflow::Reject);
            let sink = rt.block_on(sink.name("sink").on(rt).start()).expect("it starts");
            sink.wait().expect("room");
            waits.recv().expect("it has begun");
            let stopped = Stopped { sink, go, told };
            (0..2).for_each(|number| stopped.sink.take(number).expect("room"));
            let late = SinkMessage::Take { number: 9 };
            let soon = std::time::Duration::from_millis(1);
            let timer = match by_name {
                false => stopped.sink.send_after(soon, late),
                true => rt.send_after::<Sink>("sink", soon, late),
            };
            until("it fires, and finds no room", || stopped.sink.mailbox_stats().refused == 1);
            assert_eq!(timer.read(), None);
            assert_eq!(stopped.rest(), [0, 1]);
        }
    });
}

#[test]
fn a_mailbox_that_drops_the_newest_keeps_the_first() {
    on(2, |rt| {
        let stopped = stopped(rt, 2, Overflow::DropNewest);
        (0..5).for_each(|number| stopped.sink.take(number).expect("it says nothing"));
        assert_eq!(stopped.sink.ask().blocking(), Err(CallFailure::Full));
        let stats = stopped.sink.mailbox_stats();
        assert_eq!((stats.waiting, stats.dropped, stats.refused), (2, 3, 1));
        assert_eq!(stopped.rest(), [0, 1]);
    });
}

#[test]
fn a_mailbox_that_drops_the_oldest_keeps_the_last() {
    on(2, |rt| {
        let stopped = stopped(rt, 2, Overflow::DropOldest);
        let asked = stopped.sink.ask().request();
        (0..5).for_each(|number| stopped.sink.take(number).expect("it goes in"));
        stopped.go.send(()).expect("it waits");
        assert_eq!(block_on(asked), Err(CallFailure::Full), "the call was the oldest");
        assert_eq!(stopped.told.iter().take(2).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(stopped.sink.mailbox_stats().dropped, 4);
        assert_eq!(stopped.rest(), []);
    });
}

#[test]
fn at_the_hard_mark_every_sender_is_refused() {
    on(2, |rt| {
        let stopped = stopped(rt, 1, Overflow::Hold);
        let (sink, hard) = (stopped.sink.clone(), limits::mailbox_hard(1) as u64);
        let (last, next) = plain(rt).does(move |_| {
            (0..hard - 1).for_each(|number| sink.take(number).expect("room"));
            (sink.take(hard - 1), sink.take(hard))
        });
        assert_eq!((last, next), (Ok(()), Err(SendError::Full)));
        drop(stopped.go);
    });
}

/// Many that flood one with a small mailbox, and one that is asked meanwhile: on real threads, all
/// comes through.
#[test]
fn a_crowd_that_floods_one_mailbox_gets_everything_through() {
    const CROWD: u64 = 50;
    const EACH: u64 = 200;
    bounded(|| {
        let rt = Runtime::builder().workers(2).build().expect("threads");
        let (tell, told) = channel();
        let sink = Sink { begun: channel().0, gate: channel().1, tell };
        let sink = rt.block_on(sink.with().mailbox(8).on(&rt).start()).expect("it starts");
        let crowd: Vec<_> = (0..CROWD).map(|_| source(&rt, &sink, 1)).collect();
        for _ in 0..EACH {
            crowd.iter().for_each(|(one, _)| one.pour().expect("room"));
        }
        for (one, told) in crowd {
            assert_eq!(told.iter().take(EACH as usize).last(), Some(EACH));
            assert_eq!(one.poured().blocking(), Ok(EACH));
        }
        assert_eq!(told.iter().take((CROWD * EACH) as usize).count() as u64, CROWD * EACH);
        assert!(sink.mailbox_stats().held > 0);
        rt.shutdown().expect("everything ends");
        assert_eq!(told.iter().count(), 0, "nothing came twice");
    });
}
