//! OTP's theme 8 beyond what `registry.rs` has: names taken and given up by a process that runs.

use actor_core::{ExitReason, RegisterError, Runtime, Start, StartError};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::kit::on;
use crate::scribe::{Scribe, ScribeRef, job, made, plain, scribe, trapper, why};

fn register(who: &ScribeRef, name: &'static str) -> Result<(), RegisterError> {
    who.does(move |cx| cx.register(name))
}

fn named(rt: &Runtime, name: &str) -> Result<ScribeRef, StartError> {
    rt.block_on(made(false).0.with().name(name).on(rt).start())
}

/// OTP 8.1, 8.2: a name has one owner and a process one name; each violation says which.
#[test]
fn a_name_has_one_owner_and_a_process_one_name() {
    on(2, |rt| {
        let ((a, _), (b, _)) = (plain(rt), plain(rt));
        assert_eq!(register(&a, "n"), Ok(()));
        let taken = RegisterError::NameTaken { name: "n".into(), pid: a.id() };
        assert_eq!(register(&b, "n"), Err(taken));
        assert_eq!(register(&a, "m"), Err(RegisterError::HasName("n".into())));
        assert_eq!(register(&a, "n"), Err(RegisterError::HasName("n".into())));
        assert_eq!(a.does(|cx| cx.name()).as_deref(), Some("n"));
        assert_eq!(rt.registered(), ["n"]);
        assert!(matches!(named(rt, "n"), Err(StartError::NameTaken { pid, .. }) if pid == a.id()));
    });
}

/// OTP 8.5: a name that is given up is free at once; to give up none says so.
#[test]
fn a_name_that_is_given_up_is_free() {
    on(2, |rt| {
        let (a, b) = (named(rt, "n").expect("free"), plain(rt).0);
        assert_eq!(b.does(|cx| cx.unregister()), None);
        assert_eq!(a.does(|cx| cx.unregister()).as_deref(), Some("n"));
        assert_eq!(a.does(|cx| (cx.unregister(), cx.name())), (None, None));
        assert_eq!(register(&b, "n"), Ok(()));
        let found = rt.whereis::<Scribe>("n").expect("its type").expect("it lives");
        assert_eq!((found.id(), rt.registered()), (b.id(), vec!["n".to_owned()]));
        // The end of who had it before takes nothing away.
        a.end(ExitReason::Normal);
        assert_eq!(rt.registered(), ["n"]);
        assert_eq!(register(&b, "m"), Err(RegisterError::HasName("n".into())));
    });
}

/// OTP 8.3, 1.8: 300 of 300, by EXIT and by DOWN: a name that was taken by a running process is
/// free when its end is heard.
#[test]
fn a_name_is_free_when_the_end_is_heard() {
    on(2, |rt| {
        let (heir, notes) = trapper(rt);
        for n in 0..300 {
            let (king, _) = plain(rt);
            register(&king, "crown").expect("it is free");
            let to = king.clone();
            heir.does(move |cx| {
                if n % 2 == 0 {
                    cx.link(&to)
                } else {
                    cx.monitor(&to);
                }
            });
            king.sync();
            if n % 3 == 0 {
                king.kill()
            } else {
                king.exit(why())
            }
            while notes.all().len() <= n {
                heir.sync();
            }
            heir.does(|cx| {
                cx.register("crown").expect("it is free");
                cx.unregister();
            });
        }
    });
}

/// OTP 8.6: a start with a taken name says who has it, and starts nothing.
#[test]
fn a_start_with_a_taken_name_says_who_has_it() {
    on(2, |rt| {
        let (a, _) = plain(rt);
        register(&a, "n").expect("it is free");
        let taken = StartError::NameTaken { name: "n".into(), pid: a.id() };
        assert_eq!(named(rt, "n").map(drop), Err(taken));
        assert_eq!(rt.process_count(), 1);
    });
}

/// OTP 8.1: of many that race for a name one has it at a time, and it goes round.
#[test]
fn one_of_many_has_a_name_at_a_time() {
    on(2, |rt| {
        let crowd: Vec<_> = (0..4).map(|_| plain(rt).0).collect();
        let threads: Vec<_> = crowd
            .into_iter()
            .map(|one| {
                std::thread::spawn(move || {
                    let mut had = 0;
                    for _ in 0..300 {
                        had += one.does(|cx| {
                            if cx.register("n").is_err() {
                                return 0;
                            }
                            let me = Some(cx.pid());
                            let found = cx.runtime().whereis::<Scribe>("n").expect("its type");
                            assert_eq!(found.and_then(|found| found.pid()), me);
                            cx.unregister();
                            1
                        });
                    }
                    had
                })
            })
            .collect();
        let had: u32 = threads.into_iter().map(|thread| thread.join().expect("no panic")).sum();
        assert!(had > 0);
        assert_eq!(rt.registered(), [""; 0]);
    });
}

/// OTP 8.1, 8.3: takers, givers and an end in any order: the name has one owner, who lives, or
/// none.
#[actor_test(schedules = 1000)]
async fn a_name_is_of_the_living_under_every_schedule(t: TestKit) -> TestResult {
    let ((a, _), (b, _), (c, notes)) =
        (scribe(&t, false).await?, scribe(&t, false).await?, scribe(&t, false).await?);
    let to = a.clone();
    c.act(job(move |cx| _ = cx.monitor(&to))).await?;
    a.act(job(|cx| cx.register("n").expect("it is free"))).await?;
    for who in [&b, &c] {
        who.later(job(|cx| drop(cx.register("n"))))?;
    }
    t.kill(&a);
    t.settle().await;
    assert_eq!(notes.downs().len(), 1);
    let found = t.handle().whereis::<Scribe>("n")?.and_then(|found| found.pid());
    assert!([None, b.pid(), c.pid()].contains(&found));
    Ok(())
}
