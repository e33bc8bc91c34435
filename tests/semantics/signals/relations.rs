//! OTP's themes 2 to 4 on both sides: exits, links and monitors, in whatever order things happen.

use actor_core::{ExitReason, MonitorOptions, MonitorRef, Start};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::both::{Side, both};
use crate::scribe::{Note, ScribeRef, job, made, scribe, why};

/// Links one to another, which knows it then.
async fn link(a: &ScribeRef, b: &ScribeRef) {
    let to = b.clone();
    a.tells(b, move |cx| cx.link(&to)).await;
}

/// Monitors another, which knows it then.
async fn monitor(a: &ScribeRef, b: &ScribeRef) -> MonitorRef {
    let to = b.clone();
    a.tells(b, move |cx| cx.monitor(&to)).await
}

/// Ends it.
async fn end(a: &ScribeRef, reason: ExitReason) {
    let closed = a.closed();
    let _ = a.later(job(move |cx| cx.stop(reason)));
    closed.await;
}

both! {
    /// OTP 2.1: a normal end harms nobody who is linked to it.
    async fn a_normal_end_is_dropped_along_links(t) {
        let ((a, notes), (b, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
        link(&a, &b).await;
        end(&b, ExitReason::Normal).await;
        t.settle().await;
        a.asks(|_| ()).await;
        assert_eq!(notes.all(), []);
        Ok(())
    }

    /// OTP 2.2: any other end is that of who is linked and does not trap, with the same reason,
    /// whoever made the link.
    async fn an_end_runs_along_links_with_its_reason(t) {
        for reason in [why(), ExitReason::Shutdown, ExitReason::NoProc, ExitReason::error("e")] {
            for back in [false, true] {
                let ((a, notes), (b, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
                if back { link(&b, &a).await } else { link(&a, &b).await }
                let closed = a.closed();
                end(&b, reason.clone()).await;
                assert_eq!(closed.await, reason);
                assert_eq!(notes.all(), []);
            }
        }
        Ok(())
    }

    /// OTP 2.3: to who traps it is a message, behind those that were sent before; `normal` and
    /// `kill` too.
    async fn an_end_is_a_message_in_its_place_to_who_traps(t) {
        for reason in [ExitReason::Normal, ExitReason::Kill, why()] {
            let ((a, notes), (b, _)) = (scribe(&t, true).await?, scribe(&t, false).await?);
            link(&a, &b).await;
            // Both are there before either is heard.
            let open = a.held().await;
            let (to, closed, stops) = (a.clone(), b.closed(), reason.clone());
            b.later(job(move |cx| {
                to.say(1).expect("room");
                cx.stop(stops);
            }))?;
            closed.await;
            while t.handle().inspect(&a).await?.links.count > 0 {}
            drop(open);
            t.until("it is heard", || notes.all().len() == 2).await;
            assert_eq!(notes.all(), [Note::Word(1), Note::Exit(b.id(), reason)]);
        }
        Ok(())
    }

    /// OTP 2.7: `normal` sent by another is nothing to who does not trap, a message to who does.
    async fn a_normal_exit_signal_harms_nobody(t) {
        let ((a, of_a), (b, of_b)) = (scribe(&t, false).await?, scribe(&t, true).await?);
        let (c, _) = scribe(&t, false).await?;
        let targets = [a.clone(), b.clone()];
        let me = c.id();
        c.later(job(move |cx| targets.iter().for_each(|to| cx.exit(to, ExitReason::Normal))))?;
        t.until("it is heard", || of_b.exits() == [(me, ExitReason::Normal)]).await;
        c.asks(|_| ()).await;
        a.asks(|_| ()).await;
        assert_eq!(of_a.all(), []);
        let closed = c.closed();
        c.later(job(|cx| {
            let me = cx.me();
            cx.exit(&me, ExitReason::Normal);
        }))?;
        assert_eq!(closed.await, ExitReason::Normal, "it is the end of who sends it to itself");
        Ok(())
    }

    /// OTP 3.3: a link to oneself and an unlink of a stranger do nothing.
    async fn a_link_to_oneself_and_an_unlink_of_a_stranger_do_nothing(t) {
        let ((a, of_a), (b, of_b)) = (scribe(&t, true).await?, scribe(&t, true).await?);
        let (to, back) = (b.clone(), a.clone());
        a.later(job(move |cx| {
            let me = cx.me();
            cx.link(&me);
            cx.unlink(&to);
        }))?;
        b.later(job(move |cx| cx.unlink(&back)))?;
        a.asks(|_| ()).await;
        b.asks(|_| ()).await;
        let seen = t.handle().inspect(&b).await?;
        assert_eq!(seen.links.count, 0);
        end(&a, why()).await;
        t.settle().await;
        b.asks(|_| ()).await;
        assert_eq!((of_a.all(), of_b.all()), (vec![], vec![]));
        Ok(())
    }

    /// OTP 3.4: a link to who is dead, or about to be, brings one EXIT: with the real reason if it
    /// came in time, else `noproc`; who does not trap ends.
    async fn a_link_that_races_with_the_end_brings_one_exit(t) {
        let ((a, notes), (b, _)) = (scribe(&t, true).await?, scribe(&t, false).await?);
        let (to, pid) = (b.clone(), b.id());
        b.later(job(|cx| cx.stop(why())))?;
        a.later(job(move |cx| cx.link(&to)))?;
        let possible = [(pid, why()), (pid, ExitReason::NoProc)];
        t.until("it is heard", || !notes.exits().is_empty()).await;
        b.closed().await;
        t.settle().await;
        a.asks(|_| ()).await;
        let heard = notes.exits();
        assert!(heard.len() == 1 && possible.contains(&heard[0]), "{heard:?}");
        let to = b.clone();
        a.asks(move |cx| cx.link(&to)).await;
        t.until("it is heard again", || notes.exits().len() == 2).await;
        assert_eq!(notes.exits()[1], possible[1]);
        let (c, _) = scribe(&t, false).await?;
        let closed = c.closed();
        c.later(job(move |cx| cx.link(&pid)))?;
        assert_eq!(closed.await, ExitReason::NoProc);
        Ok(())
    }

    /// OTP 3.5, 6.1: what comes behind the signal that ends a process is in order, too: an unlink,
    /// then a link, leave one link, which its end goes along.
    async fn an_unlink_and_a_link_behind_a_fatal_signal_leave_one_link(t) {
        let ((a, notes), (b, _)) = (scribe(&t, true).await?, scribe(&t, false).await?);
        link(&a, &b).await;
        let (pid, closed, to) = (b.id(), b.closed(), b.clone());
        a.later(job(move |cx| {
            cx.exit(&to, why());
            cx.unlink(&to);
            cx.link(&to);
        }))?;
        assert_eq!(closed.await, why());
        t.until("it is heard", || !notes.exits().is_empty()).await;
        t.settle().await;
        a.asks(|_| ()).await;
        let heard = notes.exits();
        let possible = [(pid, why()), (pid, ExitReason::NoProc)];
        assert!(heard.len() == 1 && possible.contains(&heard[0]), "{heard:?}");
        Ok(())
    }

    /// OTP 4.2: a monitor of the dead, and of a name that nobody has, is answered by `noproc`.
    async fn a_monitor_of_nobody_is_answered_by_noproc(t) {
        let ((a, notes), (b, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
        end(&b, why()).await;
        let sets = a.asks(move |cx| [cx.monitor(&b), cx.monitor_name("nobody")]).await;
        t.until("both are answered", || notes.downs().len() == 2).await;
        let mut downs = notes.downs();
        downs.sort_unstable_by_key(|down| down.name().is_some());
        assert_eq!([downs[0].monitor, downs[1].monitor], sets);
        assert!(downs.iter().all(|down| down.reason == ExitReason::NoProc), "{downs:?}");
        assert_eq!(downs[1].name(), Some("nobody"));
        Ok(())
    }

    /// OTP 4.3: the reason in a DOWN is the real one, each monitor has one, and an end that comes
    /// before the monitor is `noproc`.
    async fn a_down_has_the_real_reason_or_noproc(t) {
        for reason in [ExitReason::Normal, why(), ExitReason::Kill] {
            let ((a, notes), (b, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
            monitor(&a, &b).await;
            let (second, pid) = (b.clone(), b.id());
            a.later(job(move |cx| _ = cx.monitor(&second)))?;
            b.exit(reason.clone());
            let stops = reason.clone();
            let _ = b.later(job(move |cx| cx.stop(stops)));
            t.until("both are heard", || notes.downs().len() == 2).await;
            let real = if reason == ExitReason::Kill { ExitReason::Killed } else { reason };
            let reasons: Vec<_> = notes.downs().into_iter().map(|down| down.reason).collect();
            assert!(reasons.contains(&real), "{reasons:?}");
            let others = reasons.iter().filter(|reason| **reason != real);
            assert!(others.into_iter().all(|reason| *reason == ExitReason::NoProc), "{reasons:?}");
            assert!(notes.downs().iter().all(|down| down.pid == pid));
        }
        Ok(())
    }

    /// OTP 4.4: a monitor by name is of who had the name then, whoever has it later; its DOWN says
    /// the name.
    async fn a_monitor_by_name_is_of_who_had_it(t) {
        let (a, notes) = scribe(&t, false).await?;
        let till = made(false).0.with().name("till").on(&t.handle()).start().await?;
        let set = a.tells(&till, |cx| cx.monitor_name("till")).await;
        till.asks(|cx| _ = cx.unregister()).await;
        let next = made(false).0.with().name("till").on(&t.handle()).start().await?;
        end(&next, ExitReason::Shutdown).await;
        t.settle().await;
        a.asks(|_| ()).await;
        assert_eq!(notes.downs(), []);
        end(&till, why()).await;
        t.until("it is heard", || notes.downs().len() == 1).await;
        let down = &notes.downs()[0];
        assert_eq!((down.monitor, down.name(), down.pid), (set, Some("till"), till.id()));
        assert_eq!(down.reason, why());
        Ok(())
    }

    /// OTP 4.6, 4.7: whenever the end comes, a demonitor that says that the monitor was there
    /// leaves no DOWN, and one that says it was not leaves the one that there is; it can be
    /// repeated.
    async fn a_demonitor_that_says_true_leaves_no_down(t) {
        let ((a, notes), (b, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
        let set = monitor(&a, &b).await;
        b.later(job(|cx| cx.stop(why())))?;
        let removed = a.asks(move |cx| (cx.demonitor(set), cx.demonitor(set))).await;
        assert!(!removed.1, "it was there twice");
        b.closed().await;
        if removed.0 {
            t.settle().await;
        } else {
            t.until("it is heard", || notes.downs().len() == 1).await;
        }
        a.asks(|_| ()).await;
        assert_eq!(notes.downs().len(), usize::from(!removed.0));
        Ok(())
    }

    /// OTP 4.8: a monitor can be removed by its owner alone, whenever another tries.
    async fn only_its_owner_removes_a_monitor(t) {
        let ((a, notes), (b, _)) = (scribe(&t, false).await?, scribe(&t, false).await?);
        let (c, of_c) = scribe(&t, false).await?;
        // Both are the first of their owners, and the same in all but that.
        let (set, own) = (monitor(&a, &b).await, monitor(&c, &b).await);
        b.later(job(|cx| cx.stop(why())))?;
        let removed = c.asks(move |cx| (cx.demonitor(set), cx.demonitor_flush(set))).await;
        assert_eq!(removed, (false, false));
        for (notes, set) in [(notes, set), (of_c, own)] {
            t.until("it is heard", || notes.downs().len() == 1).await;
            assert_eq!(notes.downs()[0].monitor, set);
        }
        Ok(())
    }

    /// OTP 4.9: a monitor of oneself never fires, and there is none to remove.
    async fn a_monitor_of_oneself_is_none(t) {
        let ((a, of_a), (b, of_b)) = (scribe(&t, false).await?, scribe(&t, false).await?);
        monitor(&b, &a).await;
        let removed = a
            .asks(|cx| {
                let me = cx.me();
                let (one, other) = (cx.monitor(&me), cx.monitor_with(&me, MonitorOptions::new()));
                assert_ne!(one, other);
                cx.demonitor(one)
            })
            .await;
        assert!(!removed);
        end(&a, why()).await;
        t.until("others hear of it", || of_b.downs().len() == 1).await;
        assert_eq!(of_a.all(), []);
        Ok(())
    }

    /// OTP 6.4: the EXIT and the DOWN of one death come once each, in whatever order.
    async fn one_death_is_one_exit_and_one_down(t) {
        let ((a, notes), (b, _)) = (scribe(&t, true).await?, scribe(&t, false).await?);
        let set = monitor(&a, &b).await;
        link(&a, &b).await;
        end(&b, why()).await;
        t.until("both are heard", || notes.all().len() == 2).await;
        t.settle().await;
        a.asks(|_| ()).await;
        assert_eq!(notes.exits(), [(b.id(), why())]);
        let [down] = &notes.downs()[..] else { panic!("{:?}", notes.all()) };
        assert_eq!((down.monitor, &down.reason), (set, &why()));
        Ok(())
    }
}
