//! OTP's theme 1 on both sides: what holds of a process from its first moment to its last, in
//! whatever order things happen.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actor_core::{
    CallFailure, Context, Down, ExitReason, FnProcess, Inbox, Pid, Process, RegisterError,
    SendError, Start, StartError, handlers,
};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::both::{Side, both};
use crate::kit::{on, until};
use crate::scribe::{Scribe, ScribeMessage, ScribeRef, job, made, plain, scribe, why};

const HOUR: Duration = Duration::from_secs(3_600);

both! {
    /// OTP 1.1: a pid is good as soon as it is there: it can be sent to, and its end be heard,
    /// whether or not the process has had a turn.
    async fn a_pid_is_good_from_the_spawn_on(t) {
        let (what, notes) = made(false);
        let a = t.handle().spawn(what)?;
        a.say(1)?;
        a.asks(|_| ()).await;
        assert_eq!(notes.words(), [1]);
        let (what, notes) = made(false);
        let doomed = t.handle().spawn(what)?;
        doomed.kill();
        assert!(matches!(doomed.say(1), Ok(()) | Err(SendError::NoProc)));
        assert_eq!(doomed.closed().await, ExitReason::Killed);
        assert_eq!(notes.words(), []);
        Ok(())
    }

    /// OTP 1.2: a function that returns, and one that stops in order, end with `normal`, which is
    /// what a link hears.
    async fn who_returns_ends_with_normal(t) {
        let (watcher, notes) = scribe(&t, true).await?;
        let function = FnProcess::new(async |mut inbox: Inbox<ScribeMessage>| {
            inbox.receive().await;
        });
        let (one, other) = watcher
            .asks(|cx| {
                let one = cx.spawn_link(function).expect("room");
                (one, cx.spawn_link(made(false).0).expect("room"))
            })
            .await;
        one.send(ScribeMessage::Say { word: 1 })?;
        other.later(job(|cx| cx.stop(ExitReason::Normal)))?;
        assert_eq!(one.closed().await, ExitReason::Normal);
        assert_eq!(other.closed().await, ExitReason::Normal);
        t.until("both are heard", || notes.exits().len() == 2).await;
        assert!(notes.exits().iter().all(|(_, reason)| *reason == ExitReason::Normal));
        Ok(())
    }

    /// OTP 1.4: an exit signal to oneself cannot be caught, and nothing that is sent after it is
    /// handled.
    async fn who_signals_itself_ends(t) {
        for reason in [why(), ExitReason::Kill, ExitReason::Normal] {
            let (a, notes) = scribe(&t, false).await?;
            let closed = a.closed();
            let signal = reason.clone();
            a.later(job(move |cx| {
                let me = cx.me();
                let caught = catch_unwind(AssertUnwindSafe(|| cx.exit(&me, signal)));
                assert!(caught.is_ok(), "nothing was thrown");
                let _ = me.say(1);
            }))?;
            let seen = if reason == ExitReason::Kill { ExitReason::Killed } else { reason };
            assert_eq!(closed.await, seen);
            assert_eq!(notes.all(), []);
        }
        Ok(())
    }

    /// OTP 1.5: there is no moment between a spawn and its link or monitor: the end that is heard
    /// is the real one, and it is heard once.
    async fn a_spawn_and_its_link_or_monitor_are_one_step(t) {
        for killed in [false, true] {
            let (parent, notes) = scribe(&t, true).await?;
            let [linked, watched] = parent
                .asks(move |cx| {
                    let end = || Err::<(), _>(why());
                    let brief = || FnProcess::new(async move |_: Inbox<ScribeMessage>| end());
                    let linked = cx.spawn_link(brief()).expect("room");
                    let (watched, _) = cx.spawn_monitor(brief()).expect("room");
                    if killed {
                        linked.kill();
                        watched.kill();
                    }
                    [linked, watched].map(|child| child.pid().expect("it was started"))
                })
                .await;
            t.until("both are heard", || notes.all().len() == 2).await;
            let reasons = if killed { [why(), ExitReason::Killed] } else { [why(), why()] };
            let [(from, reason)] = &notes.exits()[..] else { panic!("{:?}", notes.all()) };
            assert!(*from == linked && reasons.contains(reason), "{reason}");
            let [down] = &notes.downs()[..] else { panic!("{:?}", notes.all()) };
            assert!(down.pid == watched && reasons.contains(&down.reason), "{}", down.reason);
        }
        Ok(())
    }

    /// OTP 1.7: once a fatal signal is received nothing of what waits is handled, the handler that
    /// awaits goes no further, and calls among what waits hear why.
    async fn nothing_goes_on_after_a_fatal_signal(t) {
        for reason in [ExitReason::Kill, ExitReason::Shutdown, why()] {
            let (a, notes) = scribe(&t, false).await?;
            a.nap(HOUR)?;
            (0..3).try_for_each(|word| a.say(word))?;
            let call = a.act(job(|_| ())).no_timeout().request();
            let closed = a.closed();
            a.exit(reason.clone());
            (3..6).for_each(|word| _ = a.say(word));
            let seen = if reason == ExitReason::Kill { ExitReason::Killed } else { reason };
            assert_eq!(closed.await, seen);
            assert_eq!(call.await, Err(CallFailure::Exited(seen)));
            assert_eq!(notes.all(), []);
        }
        Ok(())
    }
}

/// What an heir has found at an end.
type Found = Arc<Mutex<Vec<(Result<(), RegisterError>, bool)>>>;

/// Takes the crown when it hears that a king has ended, and gives it up again.
#[derive(Process)]
struct Heir {
    found: Found,
    king: Option<ScribeRef>,
}

impl Heir {
    fn inherits(&mut self, cx: &mut Context<Self>) {
        let lives = self.king.as_ref().is_some_and(|king| king.is_alive());
        self.found.lock().expect("no panic").push((cx.register("crown"), lives));
        cx.unregister();
    }
}

#[handlers]
impl Heir {
    #[init]
    fn begin(&mut self, cx: &mut Context<Self>) {
        cx.trap_exit(true);
    }
    #[call]
    fn waits_for(&mut self, cx: &mut Context<Self>, king: ScribeRef, way: usize) {
        match way {
            0 => cx.link(&king),
            1 => _ = cx.monitor(&king),
            _ => _ = cx.monitor_name("crown"),
        }
        self.king = Some(king);
    }
    #[exit]
    fn exited(&mut self, cx: &mut Context<Self>, _from: Pid, _reason: ExitReason) {
        self.inherits(cx);
    }
    #[down]
    fn downed(&mut self, cx: &mut Context<Self>, _down: Down) {
        self.inherits(cx);
    }
}

both! {
    /// OTP 1.8, 4.5, 8.3: who hears an EXIT, or a DOWN, by name or not, finds the name free and
    /// nobody alive; so does who waits for the end.
    async fn a_name_is_free_for_who_hears_the_end(t) {
        let found = Found::default();
        let heir = t.up(Heir { found: found.clone(), king: None }).await;
        for way in 0..3 {
            for killed in [true, false] {
                let (king, _) = scribe(&t, false).await?;
                king.asks(|cx| cx.register("crown")).await?;
                heir.waits_for(king.clone(), way).no_timeout().await?;
                let closed = king.closed();
                if killed { king.kill() } else { king.later(job(|cx| cx.stop(why())))? }
                closed.await;
                let heard = 2 * way + usize::from(!killed) + 1;
                let all = found.clone();
                let len = move || all.lock().expect("no panic").len();
                t.until("the end is heard", || len() == heard).await;
                let (other, _) = scribe(&t, false).await?;
                other.asks(|cx| cx.register("crown")).await?;
                other.asks(|cx| _ = cx.unregister()).await;
            }
        }
        let found = found.lock().expect("no panic").clone();
        assert_eq!(found, vec![(Ok(()), false); 6]);
        Ok(())
    }
}

/// OTP 1.8: on real threads: also for the first of very many who hear of it.
#[test]
fn a_name_is_free_for_the_first_of_many_who_hear_the_end() {
    on(2, |rt| {
        let found = Found::default();
        let heir = rt.spawn(Heir { found: found.clone(), king: None }).expect("room");
        let ((king, _), (crowd, _)) = (plain(rt), plain(rt));
        king.does(|cx| cx.register("crown")).expect("nobody has it");
        // Links are told first.
        heir.waits_for(king.clone(), 0).blocking().expect("it waits");
        let to = king.clone();
        crowd.does(move |cx| (0..50_000).for_each(|_| _ = cx.monitor(&to)));
        king.does(|_| ());
        king.end(why());
        let heard = || found.lock().expect("no panic").clone();
        until("the end is heard", || !heard().is_empty());
        assert_eq!(heard(), [(Ok(()), false)]);
    });
}

both! {
    /// OTP 1.9, 6.6: to send to the dead crashes nobody, whether the end has come or is on its way;
    /// and who comes later has another pid.
    async fn the_dead_are_sent_to_and_their_pids_not_given_again(t) {
        let (a, notes) = scribe(&t, true).await?;
        let mut pids = Vec::new();
        for _ in 0..4 {
            let (b, _) = scribe(&t, false).await?;
            pids.push(b.id());
            b.kill();
            let to = b.clone();
            a.asks(move |cx| {
                assert!(matches!(to.say(1), Ok(()) | Err(SendError::NoProc)));
                cx.exit(&to, ExitReason::Kill);
                cx.unlink(&to);
            })
            .await;
            b.closed().await;
            assert_eq!(b.say(1), Err(SendError::NoProc));
            assert_eq!(b.act(job(|_| ())).no_timeout().await, Err(CallFailure::NoProc));
            a.asks(move |cx| cx.exit(&b, why())).await;
        }
        pids.push(a.id());
        pids.sort_unstable();
        pids.dedup();
        assert_eq!((pids.len(), notes.all()), (5, vec![]));
        Ok(())
    }
}

/// Takes some turns to begin.
#[derive(Process)]
struct Slow {
    ready: Arc<AtomicBool>,
}

#[handlers]
impl Slow {
    #[init]
    async fn begin(&mut self) {
        for _ in 0..3 {
            actor_core::yield_now().await;
        }
        self.ready.store(true, Ordering::SeqCst);
    }
    #[call]
    fn ready(&self) -> bool {
        self.ready.load(Ordering::SeqCst)
    }
}

both! {
    /// OTP 1.10: a start returns when `init` is done, and no sooner; the name is there by then.
    async fn a_start_has_initialized_and_registered(t) {
        for number in 0..3 {
            let ready = Arc::new(AtomicBool::new(false));
            let slow = Slow { ready: ready.clone() }.with().name(format!("slow {number}"));
            let slow = slow.on(&t.handle()).start().await?;
            assert!(ready.load(Ordering::SeqCst));
            let found = t.handle().whereis::<Slow>(&format!("slow {number}"))?;
            assert_eq!(found.and_then(|found| found.pid()), slow.pid());
            assert!(slow.ready().no_timeout().await?);
        }
        Ok(())
    }

    /// OTP 8.6: of two starts with one name one fails, says who has it, and runs no `init`.
    async fn of_two_starts_with_one_name_one_is_told_of_the_other(t) {
        let (one, other) = (made(false), made(false));
        let options = |what: Scribe| what.with().name("n").on(&t.handle());
        let (first, second) =
            futures::future::join(options(one.0).start(), options(other.0).start()).await;
        let (lives, failed) = match (first, second) {
            (Ok(lives), Err(failed)) | (Err(failed), Ok(lives)) => (lives, failed),
            both => panic!("{both:?}"),
        };
        assert_eq!(failed, StartError::NameTaken { name: "n".into(), pid: lives.id() });
        assert_eq!(t.handle().registered(), ["n"]);
        let ready = Arc::new(AtomicBool::new(false));
        let third = Slow { ready: ready.clone() }.with().name("n").on(&t.handle()).start().await;
        let taken = StartError::NameTaken { name: "n".into(), pid: lives.id() };
        assert_eq!(third.map(drop), Err(taken));
        assert!(!ready.load(Ordering::SeqCst), "its `init` ran");
        Ok(())
    }

    /// OTP 8.5: a name that is given up is free at once, and the end of who had it takes nothing
    /// away; who has none is told so.
    async fn a_name_given_up_is_free_for_others(t) {
        let ((a, _), (b, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
        a.asks(|cx| cx.register("n")).await?;
        assert_eq!(b.asks(|cx| cx.unregister()).await, None);
        let closed = a.closed();
        assert_eq!(a.asks(|cx| cx.unregister()).await.as_deref(), Some("n"));
        b.asks(|cx| cx.register("n")).await?;
        a.later(job(|cx| cx.stop(why())))?;
        assert_eq!(closed.await, why());
        assert_eq!(t.handle().registered(), ["n"]);
        let found = t.handle().whereis::<Scribe>("n")?;
        assert_eq!(found.and_then(|found| found.pid()), b.pid());
        Ok(())
    }
}
