//! OTP's theme 4 beyond what `monitor.rs` has: demonitor's options, monitors by name, tags.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use actor_core::{ExitReason, MonitorOptions, Start};
use actor_testkit::__private::{Config, run};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::kit::on;
use crate::scribe::{Note, Notes, ScribeRef, job, made, plain, scribe, trapper, why, word};

fn named(rt: &actor_core::Runtime, name: &str) -> ScribeRef {
    rt.block_on(made(false).0.with().name(name).on(rt).start()).expect("the name is free")
}

/// A watcher whose DOWN of the second has become a message, and waits between words.
fn queued(rt: &actor_core::Runtime) -> (ScribeRef, Notes, ScribeRef, actor_core::MonitorRef) {
    let ((a, notes), (b, _)) = (plain(rt), plain(rt));
    let target = b.clone();
    let set = a.does(move |cx| cx.monitor(&target));
    (a, notes, b, set)
}

/// OTP 4.7: with `info` the answer says whether there was a monitor to remove.
#[test]
fn demonitor_says_whether_a_monitor_was_there() {
    on(2, |rt| {
        let (a, notes, b, set) = queued(rt);
        let (other, _) = plain(rt);
        assert!(!other.does(move |cx| cx.demonitor(set)), "it is not its");
        assert!(a.does(move |cx| cx.demonitor(set)));
        assert!(!a.does(move |cx| cx.demonitor(set)), "it is gone");
        let target = b.clone();
        let fired = a.does(move |cx| cx.monitor(&target));
        b.end(why());
        a.sync();
        assert!(!a.does(move |cx| cx.demonitor(fired)), "it has fired");
        assert_eq!(notes.downs().len(), 1);
    });
}

/// OTP 4.7: with `flush` a DOWN that was queued is gone, and nothing else; without, it stays.
#[test]
fn flush_takes_a_queued_down_out_of_the_queue() {
    on(2, |rt| {
        for flush in [false, true] {
            let (a, notes, b, set) = queued(rt);
            let target = b.clone();
            let other = a.does(move |cx| cx.monitor(&target));
            b.sync();
            let go = a.busy();
            let (tell, told) = channel();
            a.say(1).expect("room");
            a.later(job(move |cx| {
                let was = if flush { cx.demonitor_flush(set) } else { cx.demonitor(set) };
                let _ = tell.send(was);
            }))
            .expect("room");
            // Received with what is above, and behind it in the queue when that is handled.
            b.end(why());
            a.say(2).expect("room");
            drop(go);
            a.sync();
            assert_eq!(told.recv(), Ok(false), "it had fired");
            let mut downs: Vec<_> = notes.downs().iter().map(|down| down.monitor).collect();
            downs.sort_unstable();
            assert_eq!(downs, if flush { vec![other] } else { vec![set, other] });
            assert_eq!(notes.words(), [1, 2]);
            // The queue is whole: its end is still its end.
            a.say(3).expect("room");
            a.sync();
            assert_eq!(notes.words(), [1, 2, 3]);
        }
    });
}

/// OTP 4.7: a flushed DOWN that was the last of the queue, or the only one, leaves a queue that
/// works.
#[test]
fn flush_may_take_the_last_of_the_queue() {
    on(2, |rt| {
        let (a, notes, b, set) = queued(rt);
        b.sync();
        let go = a.busy();
        a.later(job(move |cx| {
            assert!(!cx.demonitor_flush(set));
            assert!(!cx.demonitor_flush(set));
        }))
        .expect("room");
        b.end(why());
        drop(go);
        (0..3).for_each(|word| a.say(word).expect("room"));
        a.sync();
        assert_eq!(notes.all(), [Note::Word(0), Note::Word(1), Note::Word(2)]);
    });
}

/// OTP 4.4: the DOWN of a monitor by name says the name, and who had it.
#[test]
fn a_monitor_by_name_says_the_name() {
    on(2, |rt| {
        let (a, notes) = plain(rt);
        let till = named(rt, "till");
        let set = a.does(|cx| cx.monitor_name("till"));
        till.end(why());
        a.sync();
        let [down] = &notes.downs()[..] else { panic!("{:?}", notes.all()) };
        assert_eq!((down.monitor, down.name(), down.pid), (set, Some("till"), till.id()));
        assert_eq!((&down.reason, down.tag()), (&why(), None));
    });
}

/// OTP 4.4, 4.2: a name that nobody has is answered at once by `noproc`.
#[test]
fn a_monitor_of_an_unknown_name_is_noproc_at_once() {
    on(2, |rt| {
        let (a, notes) = plain(rt);
        let set = a.does(|cx| cx.monitor_name("nobody"));
        a.sync();
        let [down] = &notes.downs()[..] else { panic!("{:?}", notes.all()) };
        assert_eq!((down.monitor, down.name()), (set, Some("nobody")));
        assert_eq!(down.reason, ExitReason::NoProc);
        assert!(!a.does(move |cx| cx.demonitor(set)));
    });
}

/// OTP 4.4: it follows who had the name when it was set, and not the name.
#[test]
fn a_monitor_by_name_follows_the_process_and_not_the_name() {
    on(2, |rt| {
        let (a, notes) = plain(rt);
        let (first, second) = (named(rt, "n"), plain(rt).0);
        let set = a.does(|cx| cx.monitor_name("n"));
        first.does(|cx| cx.unregister());
        second.does(|cx| cx.register("n").expect("it is free"));
        second.end(why());
        a.sync();
        assert_eq!(notes.all(), []);
        first.end(ExitReason::Shutdown);
        a.sync();
        let [down] = &notes.downs()[..] else { panic!("{:?}", notes.all()) };
        assert_eq!((down.monitor, down.pid, down.name()), (set, first.id(), Some("n")));
    });
}

/// OTP 4.11: a monitor's own tag comes back with its DOWN, however it was set.
#[test]
fn a_down_carries_the_tag_of_its_monitor() {
    on(2, |rt| {
        let (a, notes) = plain(rt);
        let b = named(rt, "n");
        let target = b.clone();
        a.does(move |cx| {
            cx.monitor_with(&target, MonitorOptions::new().tag(1));
            cx.monitor_name_with("n", MonitorOptions::new().tag(2));
            cx.monitor(&target);
        });
        b.end(why());
        a.sync();
        let dead = b.clone();
        a.does(move |cx| cx.monitor_with(&dead, MonitorOptions::new().tag(3)));
        a.sync();
        let mut tags: Vec<_> = notes.downs().iter().map(actor_core::Down::tag).collect();
        tags.sort_unstable();
        assert_eq!(tags, [None, Some(1), Some(2), Some(3)]);
    });
}

/// OTP 4.5: 300 of 300: who hears a DOWN by name can take that name at once.
#[test]
fn who_hears_a_down_by_name_can_take_the_name() {
    on(2, |rt| {
        for _ in 0..300 {
            let (heir, notes) = plain(rt);
            let king = named(rt, "crown");
            heir.does(|cx| cx.monitor_name("crown"));
            let closed = king.closed();
            king.kill();
            while notes.downs().is_empty() {
                heir.sync();
            }
            heir.does(|cx| cx.register("crown").expect("it is free"));
            closed.blocking();
            heir.end(ExitReason::Normal);
        }
    });
}

/// OTP 4.1, 4.6, 4.7: whether the DOWN is on its way, waits or was handled when demonitor with
/// flush comes: none is handled after it.
#[test]
fn no_down_is_handled_after_a_flush() {
    /// How often the monitor was there, its DOWN waited, and its DOWN was handled.
    static SEEN: [AtomicUsize; 3] = [const { AtomicUsize::new(0) }; 3];
    let report = run(&Config::new("flush").schedules(1000), |t: TestKit| async move {
        let ((a, notes), (b, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
        let (tell, set) = channel();
        let target = b.clone();
        a.act(job(move |cx| _ = tell.send(cx.monitor(&target)))).await?;
        t.settle().await;
        // Meanwhile both come, in either order, or the end comes later.
        a.nap(Duration::from_secs(1))?;
        t.settle().await;
        if t.choose(&[true, true, false]) {
            b.later(job(|cx| cx.stop(why())))?;
        }
        let (set, seen) = (set.recv()?, notes.clone());
        let flush = a.act(job(move |cx| {
            let before = seen.downs().len();
            let was = cx.demonitor_flush(set);
            SEEN[if was { 0 } else { 1 + before }].fetch_add(1, Ordering::Relaxed);
            cx.continue_with(word(before as u64));
        }));
        let flushed = flush.request();
        t.advance(Duration::from_secs(1)).await;
        flushed.await?;
        b.later(job(|cx| cx.stop(why()))).ok();
        t.settle().await;
        let heard = notes.all();
        assert!(matches!(heard[..], [Note::Word(0)] | [Note::Down(_), Note::Word(1)]), "{heard:?}");
        TestResult::Ok(())
    });
    assert!(report.passed(), "{report}");
    assert!(SEEN.iter().all(|seen| seen.load(Ordering::Relaxed) > 0), "{SEEN:?}");
}

/// OTP 4.8, 4.10: the end of a watcher removes its monitor; a DOWN for it goes nowhere.
#[actor_test(schedules = 1000)]
async fn the_end_of_the_watcher_and_of_the_watched_may_cross(t: TestKit) -> TestResult {
    let ((a, notes), (b, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
    let target = b.clone();
    a.act(job(move |cx| _ = cx.monitor(&target))).await?;
    t.kill(&a);
    let crossing = t.choose(&[true, false]);
    if !crossing {
        t.settle().await;
    }
    t.kill(&b);
    t.settle().await;
    assert!(notes.downs().len() <= usize::from(crossing));
    Ok(())
}

/// OTP 4.3, 6.3: a trapping watcher that is linked too hears both, each once.
#[test]
fn link_and_monitor_of_one_process_bring_one_message_each() {
    on(2, |rt| {
        let ((a, notes), (b, _)) = (trapper(rt), plain(rt));
        let target = b.clone();
        a.does(move |cx| {
            cx.link(&target);
            cx.monitor(&target);
        });
        b.end(why());
        a.sync();
        assert_eq!((notes.exits(), notes.downs().len()), (vec![(b.id(), why())], 1));
    });
}

/// OTP 4.9: a monitor of oneself leaves nothing behind, and there is none to remove.
#[test]
fn a_monitor_of_oneself_leaves_nothing_behind() {
    on(2, |rt| {
        let (a, notes) = plain(rt);
        let set = a.does(|cx| {
            let me = cx.me();
            [cx.monitor(&me), cx.monitor(&me)]
        });
        assert_ne!(set[0], set[1]);
        let seen = rt.block_on(rt.inspect(&a)).expect("it lives");
        assert_eq!((seen.monitors.count, seen.monitored_by.count), (0, 0));
        assert!(!a.does(move |cx| cx.demonitor(set[0])));
        a.end(why());
        assert_eq!(notes.all(), []);
    });
}

/// OTP 4.10: when watchers end, who was watched forgets them; and demonitor is known at once.
#[test]
fn who_is_watched_forgets_watchers_that_end() {
    on(2, |rt| {
        let (target, _) = plain(rt);
        let watchers: Vec<_> = (0..100).map(|_| plain(rt).0).collect();
        for watcher in &watchers {
            let to = target.clone();
            watcher.does(move |cx| {
                cx.monitor(&to);
                cx.link(&to);
            });
        }
        let count = || {
            let seen = rt.block_on(rt.inspect(&target)).expect("it lives");
            (seen.monitored_by.count, seen.links.count)
        };
        assert_eq!(count(), (100, 100));
        watchers[..60].iter().for_each(|watcher| watcher.end(ExitReason::Normal));
        crate::kit::until("they are forgotten", || count() == (40, 40));
        let to = target.clone();
        watchers[60].does(move |cx| {
            let set = cx.monitor(&to);
            cx.demonitor(set);
            cx.unlink(&to);
        });
        assert_eq!(count(), (40, 39));
    });
}
