//! OTP's theme 1, the starts: what a start that fails leaves, seen by a process that traps exits.

use std::time::Duration;

use actor_core::{
    Context, ExitReason, Pid, Process, RegisterError, RuntimeHandle, SendError, Start, StartError,
    handlers, start_with,
};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::kit::{on, up};
use crate::scribe::{job, plain, trapper, why, word};

/// How a child's init ends.
#[derive(Clone, Copy, Debug)]
enum Init {
    Fails,
    Panics,
    Hangs,
    KillsItself,
}

const INITS: [Init; 4] = [Init::Fails, Init::Panics, Init::Hangs, Init::KillsItself];

/// A child that never gets through its init.
#[derive(Process)]
struct Child {
    init: Init,
    born: std::sync::mpsc::Sender<ChildRef>,
}

#[handlers]
impl Child {
    #[init]
    async fn begin(&mut self, cx: &mut Context<Self>) -> Result<(), &'static str> {
        let _ = self.born.send(cx.me());
        match self.init {
            Init::Fails => return Err("no"),
            Init::Panics => panic!("in init"),
            Init::KillsItself => cx.me().kill(),
            Init::Hangs => {}
        }
        std::future::pending().await
    }
    #[cast]
    fn never(&self) {}
}

/// Starts children as it is told, and keeps what it hears of them.
#[derive(Process)]
struct Parent {
    heard: Vec<(Pid, ExitReason)>,
    downs: usize,
}

/// What a failed start left.
type Left = (StartError, bool, usize);

#[handlers]
impl Parent {
    /// Starts one, and answers what came of it, whether the child is dead then, and how many names
    /// are taken.
    #[call]
    async fn start(
        &mut self,
        cx: &mut Context<Self>,
        init: Init,
        linked: bool,
        rt: RuntimeHandle,
    ) -> Left {
        let (born, children) = std::sync::mpsc::channel();
        let options = Child { init, born }.with().name("child").on(&rt);
        let options = options.timeout(Duration::from_millis(20));
        let options = if linked { options.link() } else { options };
        let failed = options.start().await.expect_err("it never gets through");
        let child = children.try_recv().expect("it had begun");
        let dead = !child.is_alive() && child.never() == Err(SendError::NoProc);
        let set = cx.monitor(&child);
        cx.demonitor_flush(set);
        (failed, dead, rt.registered().len())
    }
    #[call]
    fn heard(&self) -> (Vec<(Pid, ExitReason)>, usize) {
        (self.heard.clone(), self.downs)
    }
    #[exit]
    fn exited(&mut self, from: Pid, reason: ExitReason) {
        self.heard.push((from, reason));
    }
    #[down]
    fn downed(&mut self, _down: actor_core::Down) {
        self.downs += 1;
    }
}

fn is_right(init: Init, failed: &StartError) -> bool {
    match (init, failed) {
        (Init::Fails, StartError::Init(reason)) => *reason == ExitReason::error("no"),
        (Init::Panics, StartError::Init(reason)) => reason.is_panic("in init"),
        (Init::Hangs, StartError::Timeout(_)) => true,
        (Init::KillsItself, StartError::Init(reason)) => *reason == ExitReason::Killed,
        _ => false,
    }
}

/// OTP 1.11, 1.12, 1.13, 8.7: a start that fails, however it does, says why; when it returns the
/// child is dead and its name free, and no EXIT and no DOWN of it come, linked or not.
#[test]
fn a_start_that_fails_leaves_nothing_to_its_parent() {
    on(2, |rt| {
        let parent = up(rt, Parent { heard: Vec::new(), downs: 0 });
        for init in INITS.into_iter().cycle().take(40) {
            for linked in [false, true] {
                let left = parent.start(init, linked, rt.handle()).blocking();
                let (failed, dead, names) = left.expect("it answers");
                assert!(is_right(init, &failed), "{init:?}: {failed}");
                assert!(dead && names == 0, "{init:?} linked {linked}: dead {dead}, {names} names");
            }
        }
        assert_eq!(parent.heard().blocking(), Ok((Vec::new(), 0)));
        assert_eq!(rt.process_count(), 1);
    });
}

/// The same under every schedule, in virtual time.
#[actor_test(schedules = 1000)]
async fn a_start_that_fails_leaves_nothing_under_any_schedule(t: TestKit) -> TestResult {
    let parent = t.start(Parent { heard: Vec::new(), downs: 0 }).await?;
    let (init, linked) = (t.choose(&INITS), t.choose(&[false, true]));
    let (failed, dead, names) = parent.start(init, linked, t.handle()).await?;
    assert!(is_right(init, &failed), "{init:?}: {failed}");
    assert!(dead && names == 0, "{init:?} linked {linked}: dead {dead}, {names} names");
    t.settle().await;
    assert_eq!(parent.heard().await?, (Vec::new(), 0));
    Ok(())
}

/// OTP 1.12: a starter does not hang when the function that makes the state is dropped, panics or
/// fails.
#[test]
fn a_start_function_that_fails_fails_the_start() {
    on(2, |rt| {
        let failed = rt.block_on(start_with(async |_cx| -> Result<Parent, &str> { Err("no") }));
        assert_eq!(failed.map(drop), Err(StartError::Init(ExitReason::error("no"))));
        let failed = rt.block_on(start_with(async |_cx| -> Result<Parent, &str> { panic!("p") }));
        let Err(StartError::Init(reason)) = failed.map(drop) else { panic!("it started") };
        assert!(reason.is_panic("p"));
        assert_eq!(rt.process_count(), 0);
    });
}

/// OTP 1.9: a pid that was used is not used again, under churn on several cores.
#[test]
fn pids_are_not_used_twice_under_churn() {
    on(2, |rt| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let rt = rt.handle();
                std::thread::spawn(move || {
                    let mut pids = Vec::new();
                    for _ in 0..1_000 {
                        let one = rt.spawn(Parent { heard: Vec::new(), downs: 0 }).expect("room");
                        pids.push(one.pid().expect("plain"));
                        one.kill();
                        one.closed().blocking();
                    }
                    pids
                })
            })
            .collect();
        let all: Vec<_> = threads.into_iter().flat_map(|it| it.join().expect("no panic")).collect();
        let unique: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(unique.len(), all.len());
    });
}

/// What is said of crashes, by those who end here.
#[derive(Default)]
struct Reports(std::sync::Mutex<Vec<String>>);

impl tracing::Subscriber for &'static Reports {
    fn enabled(&self, metadata: &tracing::Metadata<'_>) -> bool {
        metadata.target() == "actor_core::crash"
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        struct Text<'a>(&'a Reports);
        impl tracing::field::Visit for Text<'_> {
            fn record_debug(&mut self, _: &tracing::field::Field, value: &dyn std::fmt::Debug) {
                self.0.0.lock().expect("no panic").push(format!("{value:?}"));
            }
        }
        event.record(&mut Text(self));
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

/// OTP 1.14: a crash is reported once, with who and why; an end in order, one by a signal and one
/// with a reason that the process gave are not.
#[test]
fn a_crash_is_reported_and_an_end_in_order_is_not() {
    static REPORTS: std::sync::LazyLock<Reports> = std::sync::LazyLock::new(Reports::default);
    tracing::subscriber::set_global_default(&*REPORTS).expect("the only one of this program");
    on(2, |rt| {
        let reported = |text: &str| {
            let reports = REPORTS.0.lock().expect("no panic");
            reports.iter().filter(|report| report.contains(text)).count()
        };
        let (linked, _) = plain(rt);
        let (a, _) = plain(rt);
        let to = a.clone();
        linked.does(move |cx| cx.link(&to));
        let closed = linked.closed();
        a.later(job(|_| panic!("with a bang"))).expect("room");
        assert!(closed.blocking().is_panic("with a bang"));
        assert_eq!(reported("with a bang"), 1, "who follows says nothing");
        let (b, _) = plain(rt);
        b.end(ExitReason::error("with an error"));
        assert_eq!(reported("with an error"), 1);
        let quiet: Vec<_> = (0..5).map(|_| plain(rt).0).collect();
        quiet[0].end(ExitReason::Normal);
        quiet[1].end(ExitReason::ShutdownWith("quietly".into()));
        quiet[2].end(ExitReason::other("quietly"));
        quiet[3].exit(ExitReason::error("quietly"));
        quiet[4].kill();
        quiet.iter().for_each(|it| drop(it.closed().blocking()));
        assert_eq!(reported("quietly"), 0);
        assert_eq!(reported(&quiet[4].id().to_string()), 0);
    });
}

/// OTP 1.8: who hears of an end sees a process that takes no mail and has no name.
#[test]
fn nothing_is_left_of_a_process_whose_end_is_heard() {
    on(2, |rt| {
        let (watcher, notes) = trapper(rt);
        for n in 0..200 {
            let (a, _) = plain(rt);
            let to = a.clone();
            watcher.does(move |cx| cx.link(&to));
            a.does(|cx| cx.register("n").expect("it is free"));
            a.exit(why());
            while notes.exits().len() <= n {
                watcher.sync();
            }
            assert_eq!((a.is_alive(), a.say(1)), (false, Err(SendError::NoProc)));
            assert_eq!(rt.registered(), [""; 0]);
        }
    });
}

/// OTP 1.7: what the code of a process that was killed in mid-turn still does has no effect: no
/// name, no timer, no link, no alias of it is left.
#[test]
fn code_of_the_killed_takes_no_name_and_arms_no_timer() {
    on(2, |rt| {
        let ((a, _), (b, notes)) = (plain(rt), trapper(rt));
        let (tell, told) = std::sync::mpsc::channel();
        let other = b.clone();
        let go = a.busy_then(move |cx| {
            let hour = Duration::from_secs(3_600);
            let registered = cx.register("n");
            let timers =
                [cx.send_after(hour, word(1)).read(), other.send_after(hour, word(1)).read()];
            cx.link(&other);
            let alias = cx.alias();
            let _ = tell.send((registered, cx.unregister(), timers, alias.send(word(1))));
        });
        a.kill();
        // At once, though its handler waits.
        assert_eq!(a.closed().blocking(), ExitReason::Killed);
        drop(go);
        let told = told.recv().expect("its code runs on");
        assert_eq!(told, (Err(RegisterError::Exiting), None, [None; 2], Err(SendError::Exiting)));
        b.sync();
        assert_eq!((rt.registered().len(), notes.all(), rt.timer_count()), (0, vec![], 0));
    });
}
