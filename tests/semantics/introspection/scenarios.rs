//! What can be seen of processes while they start, work and end, on both sides.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actor_core::supervisor::{ChildSpec, SupervisorSpec};
use actor_core::{
    ExitReason, Pid, Process, RuntimeHandle, Start, Status, Trace, TraceEvent, TraceKind,
    TraceSession, handlers, sleep,
};
use actor_testkit::{TestKit, TestResult, actor_test};
use tests::Tree;

use crate::both::{Side, both};
use crate::scribe::{ScribeRef, job, made, scribe, why};
use crate::tracing::{call, events};

/// What was told of a process so far.
async fn told(session: &TraceSession, of: &ScribeRef) -> TestResult<Vec<TraceKind>> {
    session.delivered(of).await?;
    let its = events(session).into_iter().filter(|event| event.pid == of.id());
    Ok(its.map(|event| event.what).collect())
}

both! {
    /// OTP 21.1: `procs`: what a process does with others, and others with it, is told in its
    /// order; its end is the last.
    async fn links_spawns_names_and_the_end_are_told_in_order(t) {
        let (other, _) = scribe(&t, true).await?;
        let (what, _) = made(true);
        let session = t.handle().trace(Trace::PROCS);
        session.add_new();
        let it = what.with().name("it").on(&t.handle()).start().await?;
        let to = other.clone();
        let child = it
            .asks(move |cx| {
                cx.link(&to);
                cx.unlink(&to);
                cx.spawn_link(made(false).0).expect("room").id()
            })
            .await;
        let to = it.clone();
        other
            .tells(&it, move |cx| {
                cx.link(&to);
                cx.unlink(&to);
            })
            .await;
        assert_eq!(it.stop(ExitReason::Shutdown).await, ExitReason::Shutdown);
        let (to, by) = (other.id(), other.id());
        let all = told(&session, &it).await?;
        let all: Vec<_> =
            all.into_iter().filter(|kind| !matches!(kind, TraceKind::Spawned { .. })).collect();
        let own = [
            TraceKind::Register { name: "it".into() },
            TraceKind::Link { to },
            TraceKind::Unlink { from: to },
            TraceKind::Spawn { pid: child, type_name: "Scribe" },
            TraceKind::Link { to: child },
            TraceKind::GettingLinked { by },
            TraceKind::GettingUnlinked { by },
            TraceKind::Unregister { name: "it".into() },
            TraceKind::Exit { reason: ExitReason::Shutdown },
        ];
        // A test kit links itself to what it starts.
        let is_own = |kind: &&TraceKind| own.contains(kind);
        assert!(all.iter().filter(is_own).eq(&own), "{all:?}");
        Ok(())
    }

    /// OTP 21.1: `set_on_spawn` and `set_on_link` pass to whom a process spawns or links itself to,
    /// from their first message on.
    async fn a_session_passes_on_with_spawns_and_links(t) {
        for flags in [Trace::SET_ON_SPAWN, Trace::SET_ON_LINK, Trace::RECEIVE] {
            let ((it, _), (other, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
            let session = t.handle().trace(flags | Trace::CALL);
            session.add(&it).await?;
            let to = other.clone();
            let child = it
                .tells(&other, move |cx| {
                    cx.link(&to);
                    cx.spawn(made(false).0).expect("room")
                })
                .await;
            child.asks(|_| ()).await;
            other.asks(|_| ()).await;
            for who in [&child, &other] {
                session.delivered(who).await?;
            }
            let all = events(&session);
            let of = |who: &ScribeRef| -> Vec<TraceKind> {
                let its = all.iter().filter(|event| event.pid == who.id());
                its.map(|event| event.what.clone()).collect()
            };
            let by_spawn = call("Act").to_vec();
            // What `tells` sends it comes behind the link.
            let by_link = [call("Later"), call("Act")].concat();
            let seen = (of(&child), of(&other));
            assert_eq!(seen, match flags {
                Trace::SET_ON_SPAWN => (by_spawn, vec![]),
                Trace::SET_ON_LINK => (vec![], by_link),
                _ => (vec![], vec![]),
            });
            child.kill();
            child.closed().await;
        }
        Ok(())
    }

    /// OTP 21.3: one that is traced answers, tells and ends as one that is not.
    async fn one_that_is_traced_does_as_it_would(t) {
        let mut seen = Vec::new();
        for traced in [false, true] {
            let ((it, notes), (other, of_other)) =
                (scribe(&t, true).await?, scribe(&t, true).await?);
            let session = t.handle().trace(crate::tracing::all());
            if traced {
                session.add(&it).await?;
            }
            let (to, from) = (other.clone(), it.clone());
            it.asks(move |cx| {
                (0..3).for_each(|word| to.say(word).expect("room"));
                cx.link(&to);
                (3..6).for_each(|word| from.say(word).expect("room"));
            })
            .await;
            t.until("its words are heard", || notes.words().len() == 3).await;
            it.later(job(|cx| cx.stop(why())))?;
            it.closed().await;
            t.until("its end is heard", || of_other.exits().len() == 1).await;
            let reason = of_other.exits().remove(0).1;
            seen.push((notes.words(), of_other.words(), reason));
            assert_eq!(traced, !told(&session, &it).await?.is_empty());
        }
        assert_eq!(seen[0], (vec![3, 4, 5], vec![0, 1, 2], why()));
        assert_eq!(seen[0], seen[1]);
        Ok(())
    }

    /// OTP 21.3, 21.4: sessions do not see each other, and the end of who holds one is that of one.
    async fn a_session_ends_with_who_holds_it_and_no_other_does(t) {
        let ((it, _), (other, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
        let (calls, sends) = (t.handle().trace(Trace::CALL), t.handle().trace(Trace::SEND));
        calls.add(&it).await?;
        sends.add(&it).await?;
        sends.add(&other).await?;
        let traced = t.handle().inspect(&other).await?.memory;
        let keeper = t.up(Keeper { _session: sends }).await;
        let to = keeper.clone();
        it.asks(move |_| to.nothing().expect("it lives")).await;
        assert_eq!(told(&calls, &it).await?, call("Act"));
        keeper.kill();
        while t.handle().inspect(&other).await?.memory >= traced {}
        it.asks(|_| ()).await;
        assert_eq!(told(&calls, &it).await?, call("Act"));
        Ok(())
    }

    /// OTP 21.1: each event has the time at which it happened, and no event one before that of the
    /// event before.
    async fn events_have_the_time_at_which_they_happened(t) {
        let (it, _) = scribe(&t, false).await?;
        let session = t.handle().trace(Trace::RECEIVE | Trace::CALL);
        session.add(&it).await?;
        let mut spans = Vec::new();
        for _ in 0..5 {
            sleep(Duration::from_millis(1)).await;
            let begin = t.now();
            it.asks(|_| ()).await;
            session.delivered(&it).await?;
            spans.push(begin..=t.now());
        }
        let times: Vec<_> = events(&session).iter().map(when).collect();
        assert!(times.len() == 15 && times.is_sorted(), "{times:?}");
        let in_time = |(at, span): (&[Instant], &RangeInclusive<Instant>)| {
            at.iter().all(|at| span.contains(at))
        };
        assert!(times.chunks(3).zip(&spans).all(in_time), "{times:?} {spans:?}");
        Ok(())
    }

    /// OTP 21.8: a process that runs is asked by a signal, and answers while its handler awaits.
    async fn one_that_awaits_in_a_handler_is_asked_all_the_same(t) {
        let ((it, _), (other, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
        let open = it.held().await;
        let to = it.clone();
        other.asks(move |cx| _ = cx.monitor(&to)).await;
        let mut seen = t.handle().inspect(&it).await?;
        assert!(seen.in_handler);
        while seen.monitored_by.count == 0 {
            seen = t.handle().inspect(&it).await?;
        }
        drop(open);
        it.asks(|_| ()).await;
        Ok(())
    }

    /// OTP 21.9: who lives during the whole call is among the processes, once, whoever starts and
    /// ends meanwhile; who has ended is not; the names are those of the living.
    async fn all_who_live_are_among_the_processes(t) {
        let ((one, _), (other, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
        one.asks(|cx| cx.register("one")).await?;
        let (doomed, _) = scribe(&t, false).await?;
        doomed.asks(|cx| cx.register("doomed")).await?;
        doomed.kill();
        one.later(job(|cx| {
            let brief = cx.spawn(made(false).0).expect("room");
            brief.later(job(|cx| cx.stop(why()))).expect("room");
        }))?;
        let looks = |all: Vec<Pid>| {
            let times = |who: &ScribeRef| all.iter().filter(|pid| **pid == who.id()).count();
            (times(&one), times(&other), times(&doomed))
        };
        for _ in 0..3 {
            let (first, second, third) = looks(t.handle().processes());
            assert!((first, second) == (1, 1) && third <= 1);
            other.asks(|_| ()).await;
        }
        doomed.closed().await;
        assert_eq!(looks(t.handle().processes()), (1, 1, 0));
        assert_eq!(t.handle().registered(), ["one"]);
        Ok(())
    }

    /// OTP 21.9: one whose state is being dropped is exiting, and among the processes.
    async fn one_that_is_exiting_is_among_the_processes(t) {
        let seen = Arc::new(Mutex::new(None));
        let looker = t.up(Looker { rt: t.handle(), me: None, seen: seen.clone() }).await;
        let pid = looker.pid().expect("it runs");
        looker.know(pid)?;
        if looker.knows().await? {
            looker.kill();
        }
        looker.closed().await;
        let seen = seen.lock().expect("no panic").take();
        assert_eq!(seen, Some((true, Some(Status::Exiting))));
        assert!(!t.handle().processes().contains(&pid));
        Ok(())
    }

    /// OTP 15.8: the ancestors are the line of those who started it linked, as far as they live.
    async fn ancestors_are_asked_for_as_far_as_they_live(t) {
        let leaf = ChildSpec::new("leaf", |_| async { Ok(Some(made(false).0)) });
        let inner = SupervisorSpec::new("inner").child(leaf);
        let outer = SupervisorSpec::new("outer").child(Tree::child("inner", inner));
        let outer = t.up(Tree(outer)).await;
        let below = outer.which_child("inner").await?.pid().expect("it runs");
        let leaf = outer.child::<Tree>("inner").which_child("leaf").await?.pid();
        let line = t.handle().ancestors(&leaf.expect("it runs")).await?;
        assert_eq!(line.pids[..2], [below, outer.pid().expect("it runs")]);
        let (parent, _) = scribe(&t, false).await?;
        let child = parent.asks(|cx| cx.spawn_link(made(true).0).expect("room")).await;
        let to = parent.clone();
        child.tells(&parent, move |cx| cx.unlink(&to)).await;
        parent.kill();
        parent.closed().await;
        let line = t.handle().ancestors(&child).await?;
        assert_eq!((line.pids, line.is_complete), (vec![parent.id()], false));
        child.kill();
        Ok(())
    }
}

/// When it happened.
fn when(event: &TraceEvent) -> Instant {
    event.at
}

/// Holds a session.
#[derive(Process)]
struct Keeper {
    _session: TraceSession,
}

#[handlers]
impl Keeper {
    #[cast]
    fn nothing(&mut self) {}
}

/// Whether one was among the processes, and what it was doing.
type Seen = Option<(bool, Option<Status>)>;

/// Looks for itself when it is dropped.
#[derive(Process)]
struct Looker {
    rt: RuntimeHandle,
    me: Option<Pid>,
    seen: Arc<Mutex<Seen>>,
}

#[handlers]
impl Looker {
    #[cast]
    fn know(&mut self, me: Pid) {
        self.me = Some(me);
    }
    #[call]
    fn knows(&self) -> bool {
        self.me.is_some()
    }
}

impl Drop for Looker {
    fn drop(&mut self) {
        let Some(me) = self.me else { return };
        let status = self.rt.process_info(&me).map(|vitals| vitals.status);
        let is_there = self.rt.processes().contains(&me);
        *self.seen.lock().expect("no panic") = Some((is_there, status));
    }
}
