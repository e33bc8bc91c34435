//! Dynamic children stop together, with one timer for all of the same time.

use actor_core::supervisor::{ChildSpec, Restart, Shutdown, Siblings, Strategy, SupervisorRef};
use actor_core::{ExitReason, Pid, StartError, prelude::*};
use actor_testkit::{TestKit, TestResult, actor_test};
use futures::executor::block_on;
use std::time::Duration;
use tests::Tree;

use crate::kit::{on, until};
use crate::trees::{Diary, boom, end, open};

const SECOND: Duration = Duration::from_secs(1);

/// Somebody who leaves when asked, or never.
#[derive(Process)]
struct Guest {
    diary: Diary,
    id: String,
    deaf: bool,
}

#[handlers]
impl Guest {
    #[exit]
    fn exited(&mut self, _from: Pid, _reason: ExitReason) {}

    #[terminate]
    async fn leave(&mut self) {
        self.diary.write(format!("({}", self.id));
        if self.deaf {
            std::future::pending::<()>().await;
        }
        self.diary.write(format!("-{}", self.id));
    }
}

/// Starts a guest.
async fn invite(
    tree: &SupervisorRef,
    diary: &Diary,
    deaf: bool,
    shutdown: Shutdown,
) -> Result<GuestRef, StartError> {
    let diary = diary.clone();
    let make = move |siblings: Siblings| {
        let guest = Guest { diary: diary.clone(), id: siblings.id().into(), deaf };
        async move { Ok(Some(guest)) }
    };
    tree.start_dynamic::<Guest, _, _>("g", Restart::Permanent, shutdown, make).await
}

/// OTP 14.41: all are asked before any is waited for, who is late is killed when the time is over,
/// and that time passes once.
#[actor_test(schedules = 1000)]
async fn dynamic_children_stop_together_within_one_time(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let tree = t.start(Tree(diary.lamps("ab"))).await?;
    for deaf in [true, false, true, true, false, true] {
        invite(&tree, &diary, deaf, Shutdown::After(5 * SECOND)).await?;
    }
    let before = t.elapsed();
    assert_eq!(tree.stop(ExitReason::Shutdown).await, ExitReason::Shutdown);
    assert_eq!(t.elapsed() - before, 5 * SECOND, "not five seconds for each");
    let all = diary.all();
    for number in [1, 3, 4, 6] {
        assert!(all.contains(&format!("(g#{number}")) && !all.contains(&format!("-g#{number}")));
    }
    assert!(all.contains("-g#2") && all.contains("-g#5"), "{all}");
    assert!(all.ends_with("-b -a"), "the others stop afterwards, in reverse: {all}");
    t.supervision().child("g#1").each_reason(|reason| *reason == ExitReason::Killed);
    t.supervision().child("g#2").each_reason(|reason| *reason == ExitReason::Shutdown);
    Ok(())
}

/// OTP 14.41, where children differ: each has its own time, counted from the moment when all were
/// asked; who is to be killed at once is.
#[actor_test(schedules = 1000)]
async fn each_of_those_that_stop_together_has_its_own_time(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let tree = t.start(Tree(diary.lamps(""))).await?;
    for seconds in [2, 7, 3] {
        invite(&tree, &diary, true, Shutdown::After(seconds * SECOND)).await?;
    }
    let patient = invite(&tree, &diary, false, Shutdown::Infinity).await?;
    let brutal = invite(&tree, &diary, false, Shutdown::BrutalKill).await?;
    let before = t.elapsed();
    let (stopped, patient, brutal) =
        (tree.stop(ExitReason::Shutdown), patient.closed(), brutal.closed());
    assert_eq!(patient.await, ExitReason::Shutdown);
    assert_eq!(brutal.await, ExitReason::Killed);
    assert_eq!(t.elapsed(), before);
    assert_eq!(stopped.await, ExitReason::Shutdown);
    assert_eq!(t.elapsed() - before, 7 * SECOND, "the longest of them");
    assert!(!diary.all().contains("g#5"), "no terminate runs");
    Ok(())
}

/// OTP 14.19, with dynamic children: those side by side stop together, and start in order.
#[test]
fn a_group_restart_stops_dynamic_children_together_and_starts_them_in_order() {
    on(2, |rt| {
        let diary = Diary::default();
        let spec = diary.lamps("a").strategy(Strategy::OneForAll).intensity(5);
        let spec = spec.child(ChildSpec::dynamic::<Guest>("g"));
        let tree = open(rt, spec);
        for _ in 0..3 {
            block_on(invite(&tree, &diary, false, Shutdown::Infinity)).expect("it starts");
        }
        block_on(tree.start_child(diary.lamp("z"))).expect("it starts");
        let restarts = || {
            let all = block_on(tree.which_children()).expect("it answers");
            all.iter().map(|child| child.restarts).collect::<Vec<_>>()
        };
        diary.read();
        end(&tree, "a", boom());
        let said = diary.read();
        let words: Vec<_> = said.split(' ').collect();
        assert_eq!((words[0], words[7], words[8]), ("-z", "+a", "+z"), "{said}");
        let mut guests = words[1..7].to_vec();
        guests.sort_unstable();
        assert_eq!(guests, ["(g#1", "(g#2", "(g#3", "-g#1", "-g#2", "-g#3"]);
        assert_eq!(restarts(), [1; 5]);
    });
}

/// Somebody of no account.
#[derive(Process)]
struct Ant;

#[handlers]
impl Ant {}

/// OTP 14.54: a hundred thousand children come and go; where the build is not optimised, fewer.
#[test]
fn a_hundred_thousand_children_start_and_stop() {
    const ANTS: usize = if cfg!(debug_assertions) { 20_000 } else { 100_000 };
    on(2, |rt| {
        let diary = Diary::default();
        let tree = open(rt, diary.lamps("a"));
        let asking = tree.clone();
        let started = rt.run(async move {
            for _ in 0..ANTS {
                let make = |_| async { Ok(Some(Ant)) };
                let ant = asking.start_dynamic::<Ant, _, _>(
                    "ant",
                    Restart::Temporary,
                    Shutdown::Infinity,
                    make,
                );
                ant.await?;
            }
            Ok::<_, StartError>(())
        });
        started.expect("it runs").expect("all start");
        let counts = block_on(tree.count_children()).expect("it answers");
        assert_eq!(counts.active, ANTS + 1);
        assert_eq!(tree.stop(ExitReason::Shutdown).blocking(), ExitReason::Shutdown);
        until("all have ended", || rt.process_count() == 0);
        assert_eq!(diary.all(), "+a -a");
    });
}
