//! OTP's theme 9 beyond what `timer.rs` has: what a cancel says, absolute deadlines, timers to
//! others and to names, and that of every schedule.

use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use actor_core::{ExitReason, Supervisor, Timer, supervisor};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::kit::{on, until};
use crate::scribe::{Notes, Scribe, ScribeRef, job, plain, scribe, why, word};

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3_600);

fn heard(notes: &Notes, words: &[u64]) {
    until("it fires", || notes.words() == words);
}

fn arm(a: &ScribeRef, delay: Duration, n: u64) -> Timer {
    a.does(move |cx| cx.send_after(delay, word(n)))
}

/// OTP 9.3: a cancel says how much time was left, which is no more than there was.
#[test]
fn a_cancel_says_how_much_time_was_left() {
    on(2, |rt| {
        let (a, notes) = plain(rt);
        let begin = Instant::now();
        let timers = [
            arm(&a, HOUR, 1),
            a.send_after(HOUR, word(2)),
            a.send_at(begin + HOUR, word(3)),
            rt.send_after::<Scribe>("nobody", HOUR, word(4)),
            a.does(|cx| cx.send_interval(HOUR, || word(5))),
        ];
        for timer in timers {
            let (read, left) = (timer.read().expect("armed"), timer.cancel().expect("armed"));
            assert!(left <= read && read <= HOUR && left + begin.elapsed() >= HOUR, "{left:?}");
            assert_eq!((timer.read(), timer.cancel()), (None, None));
        }
        assert_eq!((rt.timer_count(), notes.all().len()), (0, 0));
    });
}

/// OTP 9.4: a timer that fired, or whose process ended, has no time left and cannot be cancelled.
#[test]
fn a_timer_that_is_over_cannot_be_cancelled() {
    on(2, |rt| {
        let (a, notes) = plain(rt);
        let fired = arm(&a, Duration::ZERO, 1);
        heard(&notes, &[1]);
        assert_eq!((fired.read(), fired.cancel()), (None, None));
        let (own, others) = (arm(&a, HOUR, 2), a.send_after(HOUR, word(3)));
        a.end(why());
        until("they are gone", || rt.timer_count() == 0);
        for timer in [own, others, a.send_after(HOUR, word(4))] {
            assert_eq!((timer.read(), timer.cancel()), (None, None));
        }
        assert_eq!(rt.timer_count(), 0);
    });
}

/// OTP 9.5: that a cancel comes too late does not say that the message was handled: it may wait.
#[test]
fn a_cancel_that_comes_too_late_says_nothing_of_the_message() {
    on(2, |rt| {
        let (a, notes) = plain(rt);
        let (tell, told) = channel();
        let (hand, handed) = channel();
        let (go, gate) = channel::<()>();
        a.later(job(move |cx| {
            let timer = cx.send_after(MS, word(1));
            let _ = hand.send(timer.clone());
            let _ = gate.recv();
            let _ = tell.send(timer.cancel());
        }))
        .expect("room");
        let timer = handed.recv().expect("it is armed");
        until("it has fired", || timer.read().is_none());
        until("its message waits", || a.mailbox_len() > 0);
        assert_eq!(notes.words(), []);
        drop(go);
        assert_eq!(told.recv(), Ok(None));
        a.sync();
        assert_eq!(notes.words(), [1]);
    });
}

/// OTP 9.7: a timer to another process is that one's: it outlives who armed it, and dies with whom
/// it is aimed at.
#[test]
fn a_timer_to_another_dies_with_it_and_not_with_who_armed_it() {
    on(2, |rt| {
        for n in 0..50 {
            let ((a, notes), (b, _)) = (plain(rt), plain(rt));
            let to = a.clone();
            b.does(move |_| {
                to.send_after(MS, word(1));
                (0..20).for_each(|_| drop(to.send_after(HOUR, word(2))));
            });
            b.end(why());
            heard(&notes, &[1]);
            assert_eq!(rt.timer_count(), 20);
            if n % 2 == 0 {
                a.kill()
            } else {
                a.exit(ExitReason::Shutdown)
            }
            a.closed().blocking();
            until("they are gone", || rt.timer_count() == 0);
        }
    });
}

/// OTP 9.7: also if it is armed while that one ends.
#[test]
fn no_timer_is_left_of_one_that_is_armed_while_its_process_ends() {
    on(2, |rt| {
        for _ in 0..300 {
            let ((a, _), (b, _)) = (plain(rt), plain(rt));
            let to = a.clone();
            b.later(job(move |_| (0..50).for_each(|_| drop(to.send_after(HOUR, word(1))))))
                .expect("room");
            a.kill();
            a.closed().blocking();
            b.sync();
            until("they are gone", || rt.timer_count() == 0);
        }
    });
}

/// OTP 9.7: a process that many timers are aimed at forgets those that have fired.
#[test]
fn timers_to_another_that_fired_are_forgotten() {
    on(2, |rt| {
        let (a, notes) = plain(rt);
        let mut timers = 0;
        for _ in 0..100 {
            let armed: Vec<_> = (0..20).map(|n| a.send_after(MS, word(n))).collect();
            timers += armed.len();
            until("all fired", || notes.words().len() == timers);
            assert!(armed.iter().all(|timer| timer.cancel().is_none()));
        }
        let last = a.send_after(HOUR, word(0));
        a.sync();
        assert!(last.read().is_some());
        a.end(why());
        until("it is gone", || rt.timer_count() == 0);
    });
}

/// OTP 9.8: a timer to a name is for whoever has it when it fires, and for nobody if nobody has.
#[test]
fn a_timer_to_a_name_looks_it_up_when_it_fires() {
    on(2, |rt| {
        let ((a, of_a), (b, of_b)) = (plain(rt), plain(rt));
        a.does(|cx| cx.register("n").expect("it is free"));
        let timer = rt.send_after::<Scribe>("n", 20 * MS, word(1));
        a.does(|cx| cx.unregister());
        b.does(|cx| cx.register("n").expect("it is free"));
        if timer.read().is_some() {
            heard(&of_b, &[1]);
            assert_eq!(of_a.words(), []);
        }
        rt.send_after::<Scribe>("nobody", Duration::ZERO, word(2));
        rt.send_after::<other::Other>("n", Duration::ZERO, other::message());
        until("all are over", || rt.timer_count() == 0);
        b.sync();
        assert!(of_b.words().len() <= 1 && of_a.words().len() <= 1);
    });
}

mod other {
    use actor_core::{Process, handlers};

    /// Another type of process than has the name.
    #[derive(Process)]
    pub(super) struct Other;
    #[handlers]
    impl Other {
        #[cast]
        fn wrong(&mut self) {}
    }

    pub(super) fn message() -> OtherMessage {
        OtherMessage::Wrong
    }
}

/// OTP 9.8 under every schedule, after the end of who had the name when the timer was armed.
#[actor_test(schedules = 1000)]
async fn a_timer_to_a_name_is_for_who_has_it_then(t: TestKit) -> TestResult {
    let ((a, of_a), (b, of_b)) = (scribe(&t, false).await?, scribe(&t, false).await?);
    a.act(job(|cx| cx.register("n").expect("it is free"))).await?;
    t.handle().send_after::<Scribe>("n", HOUR, word(1));
    let dies = t.choose(&[true, false]);
    if dies {
        t.kill(&a);
        t.settle().await;
        b.act(job(|cx| cx.register("n").expect("it is free"))).await?;
    }
    t.advance(HOUR).await;
    t.settle().await;
    let (heir, other) = if dies { (&of_b, &of_a) } else { (&of_a, &of_b) };
    assert_eq!((heir.words(), other.words()), (vec![1], vec![]));
    Ok(())
}

/// OTP 9.9: absolute deadlines are kept, and one that has passed is due at once.
#[test]
fn a_deadline_that_has_passed_is_due_at_once() {
    on(2, |rt| {
        let (a, notes) = plain(rt);
        let begin = rt.now();
        a.does(move |cx| {
            cx.send_at(begin + 5 * MS, word(3));
            cx.send_at(begin, word(1));
            cx.send_at(begin.checked_sub(HOUR).unwrap_or(begin), word(1));
        });
        until("all fire", || notes.words().len() == 3);
        assert!(rt.now() >= begin + 5 * MS);
        assert_eq!(notes.words(), [1, 1, 3]);
    });
}

/// OTP 9.10: huge delays are legal, to others and to names too.
#[test]
fn huge_delays_to_others_are_legal() {
    on(2, |rt| {
        let (a, notes) = plain(rt);
        let far = Duration::from_millis(1 << 33);
        let timers = [
            a.send_after(far, word(1)),
            a.send_after(Duration::MAX, word(2)),
            rt.send_after::<Scribe>("n", Duration::MAX, word(3)),
        ];
        assert!(timers[0].read().is_some_and(|left| left > far - HOUR));
        assert!(timers[1..].iter().all(|timer| timer.read().is_some_and(|left| left > far)));
        a.sync();
        assert!(timers.iter().all(|timer| timer.cancel().is_some()));
        assert_eq!((rt.timer_count(), notes.words()), (0, vec![]));
    });
}

/// OTP 9.12: to cancel one interval stops no other, and its end stops all that a process has.
#[test]
fn to_cancel_one_interval_stops_no_other() {
    on(2, |rt| {
        let (a, notes) = plain(rt);
        let [one, two] = [1, 2].map(|n| a.does(move |cx| cx.send_interval(MS, move || word(n))));
        until("both tick", || [1, 2].iter().all(|n| notes.words().contains(n)));
        assert!(one.cancel().is_some());
        assert_eq!(one.cancel(), None);
        a.sync();
        let before = notes.words().len();
        until("the other goes on", || notes.words().len() > before + 3);
        assert!(notes.words()[before + 1..].iter().all(|n| *n == 2));
        a.end(why());
        until("both are over", || rt.timer_count() == 0);
        assert_eq!(two.read(), None);
    });
}

/// OTP 9.12: under every schedule: an interval that is cancelled ticks no more, the other goes on.
#[actor_test(schedules = 1000)]
async fn a_cancelled_interval_ticks_no_more(t: TestKit) -> TestResult {
    let (a, notes) = scribe(&t, false).await?;
    let (tell, told) = channel();
    a.act(job(move |cx| {
        let one = cx.send_interval(HOUR, || word(1));
        cx.send_interval(HOUR, || word(2));
        let _ = tell.send(one);
    }))
    .await?;
    let one = told.recv()?;
    t.advance(HOUR * 2).await;
    t.settle().await;
    assert!(one.cancel().is_some());
    t.advance(HOUR * 2).await;
    t.settle().await;
    let count = |n| notes.words().iter().filter(|word| **word == n).count();
    assert_eq!((count(1), count(2)), (2, 4));
    Ok(())
}

/// OTP 9.1, 9.2, 9.11: all timers of one deadline fire at it, those of a later one after them,
/// whoever armed them.
#[actor_test(schedules = 1000)]
async fn timers_fire_at_their_deadline_and_in_its_order(t: TestKit) -> TestResult {
    let ((a, notes), (b, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
    let to = a.clone();
    b.act(job(move |_| (0..20).for_each(|_| drop(to.send_after(2 * HOUR, word(2)))))).await?;
    a.act(job(|cx| (0..20).for_each(|_| drop(cx.send_after(HOUR, word(1)))))).await?;
    t.advance(HOUR - MS).await;
    assert_eq!(notes.words(), []);
    t.advance(MS).await;
    t.settle().await;
    assert_eq!(notes.words(), [1; 20]);
    t.advance(HOUR).await;
    t.settle().await;
    assert_eq!(notes.words()[20..], [2; 20]);
    Ok(())
}

/// OTP 9.3: of a cancel that races with the firing, an answer means that nothing arrives, whoever
/// armed it.
#[actor_test(schedules = 1000)]
async fn a_cancel_that_was_in_time_is_right(t: TestKit) -> TestResult {
    let ((a, notes), (b, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
    let timer = a.send_after(MS, word(1));
    let (tell, told) = channel();
    let waits = t.choose(&[false, true]);
    if waits {
        t.advance(MS).await;
    }
    b.act(job(move |_| _ = tell.send(timer.cancel()))).await?;
    t.advance(HOUR).await;
    t.settle().await;
    let cancelled = told.recv()?;
    assert_eq!(notes.words().len(), usize::from(cancelled.is_none()));
    Ok(())
}

/// OTP 9.7: under every schedule a timer to a process that ends is gone, whichever comes first.
#[actor_test(schedules = 1000)]
async fn a_timer_to_the_dead_is_gone_under_every_schedule(t: TestKit) -> TestResult {
    let ((a, _), (b, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
    let to = a.clone();
    b.later(job(move |_| (0..3).for_each(|_| drop(to.send_after(HOUR, word(1))))))?;
    t.kill(&a);
    t.settle().await;
    assert_eq!(t.handle().timer_count(), 0);
    Ok(())
}

/// OTP 9.13: deadlines are counted by the runtime's clock alone: in a simulation an hour of it is
/// over at once.
#[actor_test(schedules = 1000)]
async fn deadlines_are_counted_by_the_runtimes_clock(t: TestKit) -> TestResult {
    let wall = Instant::now();
    let (a, notes) = scribe(&t, false).await?;
    a.send_after(HOUR, word(1));
    t.advance(HOUR).await;
    t.settle().await;
    assert_eq!(notes.words(), [1]);
    assert!(wall.elapsed() < HOUR / 2 && t.elapsed() >= HOUR);
    Ok(())
}

/// Two scribes that write in one book, one after the other.
#[derive(Supervisor)]
struct Office(Notes);

#[supervisor(intensity = 1, period = "5s")]
impl Office {
    #[child]
    fn scribe(&self) -> Scribe {
        Scribe::writing(self.0.clone())
    }
}

/// OTP 9.8: a timer to a supervised ref is, like one to a name, for who is there when it fires.
#[actor_test(schedules = 1000)]
async fn a_timer_to_a_supervised_ref_is_for_who_is_there_then(t: TestKit) -> TestResult {
    let notes = Notes::default();
    let office = t.start(Office(notes.clone())).await?;
    let a = office.scribe();
    let before = a.pid();
    let timers = [a.send_after(HOUR, word(1)), a.send_at(t.now() + HOUR, word(2))];
    assert_eq!(timers[0].read(), Some(HOUR));
    t.kill(&a);
    t.advance(HOUR).await;
    t.settle().await;
    let mut words = notes.words();
    words.sort_unstable();
    assert_eq!(words, [1, 2]);
    assert!(a.pid().is_some() && a.pid() != before);
    assert!(timers.iter().all(|timer| timer.cancel().is_none()));
    Ok(())
}
