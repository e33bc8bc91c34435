//! Tasks: processes with a result.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actor_core::{
    FnProcess, Inbox, Item, Pid, RuntimeHandle, limits,
    prelude::*,
    sleep,
    task::{self, Task, TaskError, TaskSupervisor, async_stream, await_many},
};
use actor_testkit::{TestKit, TestResult, actor_test};
use futures::channel::oneshot;

use crate::both::{Side, both};
use crate::kit::{MOMENT, WATCHDOG, Word, gate, on};

const SECOND: Duration = Duration::from_secs(1);

/// Starts a function process that traps exits, and waits for its end, which is to be in order.
async fn trapping<F, Fut>(function: F) -> TestResult
where
    F: FnOnce(Inbox<Word>) -> Fut + Send + 'static,
    Fut: Future<Output = Result<(), ExitReason>> + Send + 'static,
{
    let owner = FnProcess::new(move |mut inbox: Inbox<Word>| {
        inbox.trap_exit(true);
        function(inbox)
    });
    assert_eq!(start(owner).await?.closed().await, ExitReason::Normal);
    Ok(())
}

/// On real threads: a result, a panic, and no process to link to.
#[test]
fn a_task_has_a_result_or_a_reason() {
    on(2, |rt| {
        let _entered = rt.enter();
        let answer = Task::spawn(async { 6 * 7 }).expect("room");
        assert_eq!(rt.block_on(answer), Ok(42));
        let doomed = Task::spawn(async { assert_eq!(1, 2, "sums") }).expect("room");
        let reason = rt.block_on(doomed).expect_err("it panics");
        assert!(reason.to_string().contains("sums"), "{reason}");
    });
}

/// OTP 15.8: `$callers`, through tasks, supervised tasks and streams, which have other parents.
#[actor_test(schedules = 1000)]
async fn a_task_knows_for_whom_it_works_and_for_whom_that_one_does(t: TestKit) -> TestResult {
    let tasks = t.start(TaskSupervisor::new()).await?;
    let owner = FnProcess::<Word>::new(async move |inbox: Inbox<Word>| {
        assert_eq!(task::callers(), [], "it is no task");
        let me = inbox.pid();
        let outer = tasks.async_nolink(async move {
            let deeper = Task::spawn(async { task::callers() })?;
            let inner = deeper.address().pid();
            let mut stream = async_stream([()], |()| async { task::callers() });
            let streamed = stream.next().await.expect("one item").map_err(ExitReason::error)?;
            Ok::<_, ExitReason>((task::callers(), inner, deeper.await?, streamed))
        });
        let outer = outer.await?;
        let its = outer.address().pid().expect("a process");
        let (of_outer, inner, of_inner, streamed) = outer.await??;
        assert_eq!(of_outer, [me]);
        assert_eq!(of_inner, [its, me]);
        assert_eq!(streamed, [its, me]);
        assert_ne!(inner, Some(its));
        Ok::<_, ExitReason>(())
    });
    assert_eq!(t.start(owner).await?.closed().await, ExitReason::Normal);
    Ok(())
}

/// OTP 15.8: anybody can see them, and there are so many at most.
#[test]
fn the_callers_of_a_task_can_be_seen_and_are_bounded() {
    type Digging = Pin<Box<dyn Future<Output = Result<Vec<Pid>, ExitReason>> + Send>>;
    fn dig(depth: usize) -> Digging {
        Box::pin(async move {
            match depth {
                0 => Ok(task::callers()),
                _ => Task::spawn(dig(depth - 1))?.await?,
            }
        })
    }
    on(2, |rt| {
        let _entered = rt.enter();
        let nobodys = Task::spawn(async { task::callers() }).expect("room");
        assert_eq!(rt.block_on(nobodys), Ok(vec![]));
        let deep = rt.run(dig(limits::CALLERS + 2)).expect("no panic").expect("room");
        assert_eq!(deep.len(), limits::CALLERS);
        let (me, seen) = rt
            .run(async {
                let me = Task::spawn(async {
                    let rt = RuntimeHandle::current().expect("in a process");
                    let endless = Task::spawn(std::future::pending::<()>())?;
                    let seen = loop {
                        let seen = rt.inspect(endless.address()).await?;
                        if seen.in_handler {
                            break seen;
                        }
                    };
                    endless.kill().await;
                    Ok::<_, ExitReason>(seen)
                })?;
                Ok::<_, ExitReason>((me.address().pid(), me.await??))
            })
            .expect("no panic")
            .expect("room");
        assert_eq!((seen.callers.len(), seen.callers.first().copied()), (2, me));
    });
}

both! {
    /// OTP 15.5: a task is linked to its owner.
    async fn a_task_that_crashes_takes_its_owner(t) {
        let owner = FnProcess::<Word>::new(async |_| {
            let doomed: Task<()> = Task::spawn(async { panic!("boom") })?;
            let _ = doomed.await;
            // Its failure may be known before its exit has come.
            std::future::pending::<Result<(), ExitReason>>().await
        });
        assert!(t.start(owner).await?.closed().await.is_panic("boom"));
        Ok(())
    }
}

/// OTP 15.5: and the other way.
#[actor_test(schedules = 1000)]
async fn an_owner_that_crashes_takes_its_tasks(t: TestKit) -> TestResult {
    let owner = FnProcess::<Word>::new(async |mut inbox: Inbox<Word>| {
        let _endless = Task::spawn(std::future::pending::<()>())?;
        gate(&mut inbox).await;
        Err::<(), _>(ExitReason::other("x"))
    });
    let owner = t.start(owner).await?;
    owner.send(Word::Go)?;
    assert_eq!(owner.closed().await, ExitReason::other("x"));
    t.settle().await;
    assert!(t.processes().iter().all(|process| process.name != "Task"));
    Ok(())
}

both! {
    /// OTP 15.5: who traps exits has the reason, and an EXIT.
    async fn an_owner_that_traps_exits_hears_of_the_crash(_t) {
        trapping(async |mut inbox| {
            let doomed: Task<()> = Task::spawn(async { panic!("boom") })?;
            assert!(doomed.await.is_err_and(|reason| reason.is_panic("boom")));
            let exit = inbox.receive_any().await;
            assert!(matches!(exit, Item::Exit { reason, .. } if reason.is_panic("boom")));
            Ok(())
        })
        .await
    }
}

both! {
    /// OTP 15.5: "discards late replies": nothing of it is ever in a mailbox.
    async fn a_late_result_vanishes(_t) {
        trapping(async |mut inbox| {
            let (open, gate) = oneshot::channel();
            let slow = Task::spawn(async { gate.await.expect("it is opened") })?;
            let short = Duration::from_millis(20);
            assert_eq!(slow.await_timeout(short).await, Err(TaskError::Timeout(short)));
            open.send(7).expect("it goes on");
            let exit = inbox.receive_any().await;
            assert!(matches!(exit, Item::Exit { reason: ExitReason::Normal, .. }));
            assert!(inbox.receive_any().after(MOMENT).await.is_none());
            Ok(())
        })
        .await
    }
}

both! {
    /// OTP 15.5: yield is nil when the time is over, and may be repeated.
    async fn yield_may_be_repeated(t) {
        let (open, gate) = oneshot::channel();
        let mut slow = Task::spawn(async { gate.await.expect("it is opened") })?;
        let (begin, short) = (t.now(), Duration::from_millis(20));
        assert_eq!(slow.yield_for(short).await, None);
        assert_eq!(slow.yield_for(Duration::ZERO).await, None);
        assert_eq!(slow.yield_for(short).await, None);
        t.passed(begin, 2 * short);
        open.send(7).expect("it goes on");
        assert_eq!(slow.yield_for(WATCHDOG).await, Some(Ok(7)));
        assert_eq!(slow.yield_for(WATCHDOG).await, None);
        t.passed(begin, 2 * short);
        Ok(())
    }
}

both! {
    /// OTP 15.6: a result that was delivered is given by shutdown, in whatever state the task is.
    async fn shutdown_gives_a_result_that_was_delivered(_t) {
        trapping(async |_inbox| {
            let quick = Task::spawn(async { 7 })?;
            assert_eq!(quick.address().closed().await, ExitReason::Normal);
            assert_eq!(quick.shutdown(WATCHDOG).await, Some(Ok(7)));
            let racing = Task::spawn(async { 8 })?;
            let address = racing.address().clone();
            assert!(matches!(racing.shutdown(WATCHDOG).await, None | Some(Ok(8))));
            assert!(!address.is_alive());
            let crashed: Task<()> = Task::spawn(async { panic!("boom") })?;
            crashed.address().closed().await;
            let reason = crashed.shutdown(WATCHDOG).await.and_then(Result::err);
            assert!(reason.is_some_and(|reason| reason.is_panic("boom")));
            Ok(())
        })
        .await
    }
}

both! {
    /// OTP 15.6: an owner that does not trap exits takes no harm from ending its task.
    async fn shutdown_ends_a_task_and_not_its_owner(t) {
        let owner = FnProcess::<Word>::new(async |inbox: Inbox<Word>| {
            let endless = Task::spawn(std::future::pending::<()>())?;
            let address = endless.address().clone();
            assert_eq!(endless.shutdown(SECOND).await, None);
            assert!(!address.is_alive());
            let endless = Task::spawn(std::future::pending::<()>())?;
            assert_eq!(endless.kill().await, None);
            inbox.sleep(MOMENT).await;
            Ok::<_, ExitReason>(())
        });
        assert_eq!(t.start(owner).await?.closed().await, ExitReason::Normal);
        Ok(())
    }
}

/// Elixir's `Task.ignore`.
#[actor_test(schedules = 1000)]
async fn an_ignored_task_harms_nobody(t: TestKit) -> TestResult {
    let owner = FnProcess::<Word>::new(async |inbox: Inbox<Word>| {
        let doomed: Task<()> = Task::spawn(async {
            sleep(SECOND).await;
            panic!("nobody minds")
        })?;
        assert_eq!(doomed.ignore(), None);
        inbox.sleep(2 * SECOND).await;
        Ok::<_, ExitReason>(())
    });
    assert_eq!(t.start(owner).await?.closed().await, ExitReason::Normal);
    Ok(())
}

both! {
    /// OTP 15.5: `await_many` has one deadline for all.
    async fn many_tasks_have_one_deadline(t) {
        let limit = Duration::from_millis(20);
        let (mut gates, mut tasks) = (Vec::new(), Vec::new());
        for quick in [false, true, true, false] {
            let (open, gate) = oneshot::channel();
            let task = Task::spawn(async { gate.await.expect("it is opened") })?;
            if quick {
                open.send(()).expect("it waits");
                task.address().closed().await;
            } else {
                gates.push(open);
            }
            tasks.push(task);
        }
        let begin = t.now();
        let results = await_many(tasks, limit).await;
        let late = Err(TaskError::Timeout(limit));
        assert_eq!(results, [late.clone(), Ok(()), Ok(()), late]);
        t.passed(begin, limit);
        // The late ones run on.
        for open in gates {
            assert_eq!(open.send(()), Ok(()));
        }
        t.settle().await;
        Ok(())
    }
}

both! {
    /// OTP 15.6.
    async fn the_owner_of_an_unlinked_task_survives_its_crash(t) {
        let tasks = t.start(TaskSupervisor::new()).await?;
        let owner = FnProcess::<Word>::new(async move |inbox: Inbox<Word>| {
            let doomed = tasks.async_nolink(async { panic!("alone") }).await?;
            let reason: Result<(), _> = doomed.await;
            assert!(reason.is_err_and(|reason| reason.is_panic("alone")));
            let answer = tasks.async_nolink(async { 42 }).await?;
            assert_eq!(answer.await, Ok(42));
            inbox.sleep(MOMENT).await;
            Ok::<_, ExitReason>(())
        });
        assert_eq!(t.start(owner).await?.closed().await, ExitReason::Normal);
        Ok(())
    }
}

/// OTP 15.6: an unlinked task outlives its owner, and not its supervisor.
#[actor_test(schedules = 1000)]
async fn an_unlinked_task_outlives_its_owner_and_not_its_supervisor(t: TestKit) -> TestResult {
    let done = Arc::new(AtomicUsize::new(0));
    let tasks = t.start(TaskSupervisor::new()).await?;
    let (its, counts) = (tasks.clone(), done.clone());
    let owner = FnProcess::<Word>::new(async move |_| {
        let finishing = async move {
            sleep(SECOND).await;
            counts.fetch_add(1, Ordering::Relaxed);
        };
        its.start_task(finishing).await?;
        its.start_task(std::future::pending()).await?;
        Err::<(), _>(ExitReason::other("x"))
    });
    assert_eq!(t.start(owner).await?.closed().await, ExitReason::other("x"));
    sleep(2 * SECOND).await;
    assert_eq!(done.load(Ordering::Relaxed), 1);
    assert_eq!(tasks.count_children().await?.active, 1);
    assert_eq!(tasks.stop(ExitReason::Normal).await, ExitReason::Normal);
    assert!(t.processes().iter().all(|process| process.name != "Task"));
    Ok(())
}
