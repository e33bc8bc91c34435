//! Theme 13: requests to a process itself. Suspended, resumed, looked into, changed.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use actor_core::supervisor::SupervisorSpec;
use actor_core::{RuntimeHandle, StateError, prelude::*};
use actor_testkit::{TestKit, TestResult, actor_test};
use futures::channel::oneshot;
use futures::executor::block_on;
use tests::Tree;

use crate::kit::{on, trapper, until, up};

/// Keeps what it is told, and tells of its end.
#[derive(Process, Clone)]
#[process(mailbox = 4)]
struct Till {
    words: Vec<u64>,
    tell: Sender<String>,
}

#[handlers]
impl Till {
    #[cast]
    fn add(&mut self, word: u64) {
        self.words.push(word);
    }
    #[call]
    fn words(&mut self) -> Vec<u64> {
        self.words.clone()
    }
    #[call]
    async fn wait(&mut self, gate: oneshot::Receiver<()>) {
        let _ = gate.await;
    }
    #[call]
    async fn ask_self(&mut self, cx: &mut Context<Self>) -> Result<(), CallFailure> {
        let me = cx.pid();
        cx.runtime().sys(me).suspend().await
    }
    #[exit]
    fn exit(&mut self, _from: Pid, _reason: ExitReason) {
        let _ = self.tell.send("exit".into());
    }
    #[terminate]
    fn terminate(&mut self, reason: &ExitReason) {
        let _ = self.tell.send(format!("terminate {reason}"));
    }
}

fn till() -> (Till, Receiver<String>) {
    let (tell, told) = channel();
    (Till { words: Vec::new(), tell }, told)
}

/// 13.1: every request works on every behaviour, and no user code has a part in it: here on a
/// server, on a supervisor, and by a pid alone.
#[test]
fn every_request_works_on_every_behaviour() {
    on(2, |rt| {
        let till = up(rt, till().0);
        let office = up(rt, Tree(SupervisorSpec::new("office")));
        assert!(till.sys().get_state().blocking().expect("it answers").words.is_empty());
        till.sys().replace_state(|till| till.words.push(1)).blocking().expect("it answers");
        assert_eq!(till.words().blocking(), Ok(vec![1]));
        let shown = office.sys().with_state(|office| format!("{office:?}")).blocking();
        assert_eq!(shown.as_deref(), Ok("SupervisorProcess(office)"));
        check(rt, till.pid().expect("plain"), "Till");
        check(rt, office.pid().expect("started"), "Supervisor");
    });
    fn check(rt: &RuntimeHandle, pid: Pid, name: &str) {
        let sys = rt.sys(pid);
        assert_eq!(sys.suspend().blocking(), Ok(()));
        let status = sys.get_status().blocking().expect("it answers");
        assert_eq!((status.pid, status.process, status.suspended), (pid, name, true));
        assert_eq!(sys.resume().blocking(), Ok(()));
        assert_eq!(sys.statistics(true).blocking(), Ok(()));
        assert!(sys.get_statistics().blocking().expect("it answers").is_some());
        assert_eq!(sys.log(3).blocking(), Ok(()));
        assert_eq!(sys.get_log().blocking(), Ok(vec![]));
        assert_eq!(sys.install("f", |_| ()).blocking(), Ok(true));
        let status = sys.get_status().blocking().expect("it answers");
        assert!(!status.suspended);
        assert_eq!(status.debug, ["statistics", "log 3", "function f"]);
        assert_eq!(sys.remove("f").blocking(), Ok(()));
        assert_eq!(sys.no_debug().blocking(), Ok(()));
        assert!(sys.get_status().blocking().expect("it answers").debug.is_empty());
        assert_eq!(sys.terminate(ExitReason::Shutdown).blocking(), Ok(()));
        while sys.get_status().blocking().is_ok() {}
        assert_eq!(sys.get_status().blocking(), Err(CallFailure::NoProc));
    }
}

/// 13.2: while a process is suspended its messages wait, and requests to it are served; a second
/// suspend and a second resume are no errors, and one resume undoes all.
#[test]
fn a_suspended_process_serves_requests_and_lets_messages_wait() {
    on(2, |rt| {
        let till = up(rt, till().0);
        let sys = till.sys();
        assert_eq!(sys.resume().blocking(), Ok(()), "it was not suspended");
        assert_eq!((sys.suspend().blocking(), sys.suspend().blocking()), (Ok(()), Ok(())));
        till.add(1).expect("room");
        till.add(2).expect("room");
        let words = till.words().request();
        // Served behind those three, and before them.
        assert!(sys.get_state().blocking().expect("it answers").words.is_empty());
        assert_eq!(sys.get_status().blocking().map(|status| status.mailbox_len), Ok(3));
        assert_eq!(till.mailbox_len(), 3);
        assert_eq!((sys.resume().blocking(), sys.resume().blocking()), (Ok(()), Ok(())));
        assert_eq!(block_on(words), Ok(vec![1, 2]));
        assert_eq!(till.mailbox_len(), 0);
    });
}

/// 13.2: the mailbox of a suspended process has its bound all the same.
#[test]
fn the_mailbox_of_a_suspended_process_is_bounded() {
    on(1, |rt| {
        let till = up(rt, till().0);
        till.sys().suspend().blocking().expect("it answers");
        for word in 0..4 {
            till.add(word).expect("room");
            // It takes what came, and puts it aside.
            assert_eq!(till.sys().get_status().blocking().map(|s| s.suspended), Ok(true));
        }
        assert_eq!(till.add(4), Err(SendError::Full));
        till.sys().resume().blocking().expect("it answers");
        until("it handles what waited", || till.mailbox_len() == 0);
        assert_eq!(till.words().blocking(), Ok(vec![0, 1, 2, 3]));
        till.add(5).expect("room again");
    });
}

/// 13.3: the state of a suspended process can be looked at and changed.
#[test]
fn the_state_of_a_suspended_process_can_be_changed() {
    on(2, |rt| {
        let till = up(rt, till().0);
        till.sys().suspend().blocking().expect("it answers");
        till.add(2).expect("room");
        let new = till.sys().replace_state(|till| till.words = vec![1]).blocking();
        assert_eq!(new.expect("it answers").words, [1], "it answers with the new state");
        assert_eq!(till.sys().with_state(|till| till.words.len()).blocking(), Ok(1));
        till.sys().resume().blocking().expect("it answers");
        assert_eq!(till.words().blocking(), Ok(vec![1, 2]));
    });
}

/// 13.3: the end of its parent ends a suspended process properly: with its reason, by `terminate`
/// and not by the `exit` hook, and without the messages that wait.
#[test]
fn a_parents_exit_terminates_a_suspended_process() {
    on(2, |rt| {
        for reason in [ExitReason::Normal, ExitReason::Shutdown, ExitReason::other("x")] {
            let (parent, _) = trapper(rt);
            let (what, told) = till();
            let till = parent.does(move |cx| cx.spawn_link(what).expect("room"));
            till.sys().suspend().blocking().expect("it answers");
            let words = till.words().no_timeout().request();
            let seen = reason.clone();
            parent.tries(move |cx| cx.stop(reason));
            assert_eq!(till.closed().blocking(), seen);
            assert_eq!(told.iter().collect::<Vec<_>>(), [format!("terminate {seen}")]);
            assert_eq!(block_on(words), Err(CallFailure::Exited(seen)));
        }
    });
}

/// 13.3, 10.20: a stranger's exit waits with the messages; `stop` and `kill` do not.
#[test]
fn a_suspended_process_can_be_stopped_and_killed() {
    on(2, |rt| {
        let (what, told) = till();
        let till = up(rt, what);
        till.sys().suspend().blocking().expect("it answers");
        till.exit(ExitReason::other("x"));
        assert_eq!(till.sys().get_status().blocking().map(|s| s.suspended), Ok(true));
        assert!(told.try_iter().next().is_none());
        assert_eq!(till.stop(ExitReason::Shutdown).blocking(), ExitReason::Shutdown);
        assert_eq!(told.iter().collect::<Vec<_>>(), ["terminate shutdown"]);
        let (what, told) = self::till();
        let till = up(rt, what);
        till.sys().suspend().blocking().expect("it answers");
        till.kill();
        assert_eq!(till.closed().blocking(), ExitReason::Killed);
        assert_eq!(told.iter().count(), 0);
    });
}

/// 13.4: resumed, it handles what waited in the order of arrival; the request of a caller that gave
/// up is handled too, and its answer goes nowhere.
#[actor_test(schedules = 1000)]
async fn what_waited_is_handled_in_order_after_a_resume(t: TestKit) -> TestResult {
    let till = t.start(till().0).await?;
    till.add(1)?;
    till.sys().suspend().await?;
    till.add(2)?;
    let late = till.words().timeout(Duration::from_millis(1)).await;
    assert_eq!(late, Err(CallFailure::Timeout(Duration::from_millis(1))));
    if t.choose(&[true, false]) {
        till.sys().suspend().await?;
    }
    till.add(3)?;
    till.sys().resume().await?;
    till.add(4)?;
    assert_eq!(till.words().await?, [1, 2, 3, 4]);
    Ok(())
}

/// 13.4: whoever suspends and resumes meanwhile, each sender's messages stay in order, and none is
/// lost.
#[actor_test(schedules = 1000)]
async fn suspensions_that_race_lose_and_reorder_nothing(t: TestKit) -> TestResult {
    let till = t.start(till().0).await?;
    let (sys, other) = (till.sys(), till.sys());
    let first = sys.suspend().request();
    till.add(1)?;
    let second = other.resume().request();
    till.add(2)?;
    let third = sys.suspend().request();
    till.add(3)?;
    first.await?;
    second.await?;
    third.await?;
    sys.resume().await?;
    assert_eq!(till.words().await?, [1, 2, 3]);
    assert_eq!(sys.get_status().await?.mailbox_len, 0);
    Ok(())
}

/// 13.5: a function that panics leaves the state as it was, and its caller is told; so with a look,
/// and with a `clone`.
#[test]
fn a_function_that_panics_changes_nothing_and_is_reported() {
    on(2, |rt| {
        let till = up(rt, till().0);
        till.add(1).expect("room");
        let replaced = till.sys().replace_state(|till| {
            till.words.clear();
            panic!("halfway");
        });
        let check = |failed: Result<(), CallError<StateError>>| match failed {
            Err(CallError::Handler(StateError::CallbackFailed(panic))) => panic.message.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(check(replaced.blocking().map(drop)), "halfway");
        let looked = till.sys().with_state(|_| panic!("at once")).blocking();
        assert_eq!(check(looked), "at once");
        assert_eq!(till.words().blocking(), Ok(vec![1]));
    });
}

/// 13.9: a request waits five seconds unless told otherwise, and its failure is the caller's alone.
#[actor_test(schedules = 1000)]
async fn a_request_waits_five_seconds_and_fails_the_caller_alone(t: TestKit) -> TestResult {
    let till = t.start(till().0).await?;
    let (open, gate) = oneshot::channel();
    let wait = till.wait(gate).no_timeout().request();
    let begin = t.now();
    let late = till.sys().get_status().await.map(drop);
    assert_eq!(late, Err(CallFailure::Timeout(Duration::from_secs(5))));
    assert_eq!(t.now() - begin, Duration::from_secs(5));
    open.send(()).expect("it waits");
    assert_eq!(wait.await, Ok(()));
    assert_eq!(till.words().await, Ok(vec![]));
    Ok(())
}

/// 13.10: `terminate` makes a process end by its `terminate` with that reason, suspended or not.
#[test]
fn terminate_ends_a_process_by_its_terminate() {
    on(2, |rt| {
        for suspended in [false, true] {
            let (what, told) = till();
            let till = up(rt, what);
            if suspended {
                till.sys().suspend().blocking().expect("it answers");
            }
            assert_eq!(till.sys().terminate(ExitReason::other("x")).blocking(), Ok(()));
            assert_eq!(till.closed().blocking(), ExitReason::other("x"));
            assert_eq!(told.iter().collect::<Vec<_>>(), ["terminate x"]);
        }
    });
}

/// 10.1: a request to the process has its place in the queue like any message.
#[actor_test(schedules = 1000)]
async fn a_request_keeps_its_place_in_the_queue(t: TestKit) -> TestResult {
    let till = t.start(till().0).await?;
    till.add(1)?;
    let seen = till.sys().with_state(|till| till.words.clone()).request();
    till.add(2)?;
    assert_eq!(seen.await.expect("it answers"), [1]);
    Ok(())
}

/// 10.5: a process that asks itself is told so at once, and goes on.
#[test]
fn a_request_to_oneself_fails_at_once() {
    on(1, |rt| {
        let till = up(rt, till().0);
        assert_eq!(till.ask_self().blocking(), Err(CallError::Handler(CallFailure::CallingSelf)));
        assert_eq!(till.words().blocking(), Ok(vec![]));
    });
}

/// 10.4: a request to the dead is noproc; one that the process does not live to serve fails with
/// its reason.
#[test]
fn a_request_to_the_dead_and_the_dying_fails() {
    on(2, |rt| {
        let till = up(rt, till().0);
        let (_open, gate) = oneshot::channel();
        let wait = till.wait(gate).no_timeout().request();
        let status = till.sys().get_status().no_timeout().request();
        till.kill();
        assert_eq!(block_on(status).map(drop), Err(CallFailure::Exited(ExitReason::Killed)));
        assert_eq!(block_on(wait), Err(CallFailure::Exited(ExitReason::Killed)));
        assert_eq!(till.sys().suspend().blocking(), Err(CallFailure::NoProc));
    });
}

/// Requests to a process that ends race with its end: each is answered or failed.
#[actor_test(schedules = 1000)]
async fn a_request_that_races_with_death_ends(t: TestKit) -> TestResult {
    let till = t.start(till().0).await?;
    let suspended = till.sys().suspend().no_timeout().request();
    till.stop(ExitReason::Shutdown).await;
    use CallFailure::{Exited, NoProc};
    let allowed = [Ok(()), Err(NoProc), Err(Exited(ExitReason::Shutdown))];
    let outcome = suspended.await;
    assert!(allowed.contains(&outcome), "{outcome:?}");
    Ok(())
}

/// Closed, then open.
#[derive(StateMachine)]
struct Door;
struct Closed;
struct Open;

#[machine(initial = Closed)]
impl Door {
    #[call(in = Closed, ignore = Open)]
    fn push(&mut self) -> To<Open, bool> {
        To::state(Open).reply(true)
    }
    #[cast(in = Open, ignore = Closed)]
    fn pull(&mut self) -> To<Closed> {
        To::state(Closed)
    }
}

/// 13.1: a state machine is a server like others.
#[test]
fn a_state_machine_is_a_system_too() {
    on(1, |rt| {
        let door = up(rt, Door);
        let sys = door.sys();
        sys.suspend().blocking().expect("it answers");
        let push = door.push().no_timeout().request();
        assert_eq!(sys.get_status().blocking().map(|status| status.mailbox_len), Ok(1));
        sys.resume().blocking().expect("it answers");
        assert_eq!(block_on(push), Ok(true));
        door.pull().expect("room");
        assert_eq!(sys.with_state(|_| 7).blocking(), Ok(7));
    });
}
