//! What must hold in whatever order things happen.

use actor_core::supervisor::{ChildSpec, ChildStatus, Shutdown, Strategy, SupervisorSpec};
use actor_core::{ExitReason, Pid, prelude::*};
use actor_testkit::{TestKit, TestResult, actor_test};
use std::time::Duration;
use tests::Tree;

use crate::trees::{Diary, Plan, boom, lamp};

const SECOND: Duration = Duration::from_secs(1);

/// Takes a second to stop.
#[derive(Process)]
struct Slow {
    diary: Diary,
    id: &'static str,
}

#[handlers]
impl Slow {
    #[exit]
    fn exited(&mut self, _from: Pid, _reason: ExitReason) {}

    #[terminate]
    async fn stop(&mut self, cx: &mut Context<Self>) {
        self.diary.write(format!("({}", self.id));
        cx.sleep(SECOND).await;
        self.diary.write(format!("-{}", self.id));
    }
}

fn slow(diary: &Diary, id: &'static str) -> ChildSpec {
    let diary = diary.clone();
    ChildSpec::new(id, move |_| {
        let slow = Slow { diary: diary.clone(), id };
        async move { Ok(Some(slow)) }
    })
}

/// OTP 14.36, 14.37: the next is asked when the one before is dead, so the times add up; one that
/// takes too long costs its time and no more.
#[actor_test(schedules = 1000)]
async fn children_stop_one_after_the_other_each_in_its_time(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let spec = SupervisorSpec::new("office")
        .child(slow(&diary, "a"))
        .child(slow(&diary, "b").shutdown(Shutdown::After(SECOND / 4)))
        .child(slow(&diary, "c").shutdown(Shutdown::Infinity));
    let tree = t.start(Tree(spec)).await?;
    let before = t.elapsed();
    assert_eq!(tree.stop(ExitReason::Shutdown).await, ExitReason::Shutdown);
    assert_eq!(t.elapsed() - before, 2 * SECOND + SECOND / 4);
    assert_eq!(diary.read(), "(c -c (b (a -a");
    t.supervision().child("b").each_reason(|reason| *reason == ExitReason::Killed);
    Ok(())
}

/// OTP 14.27: whoever dies with whom, in the end each child runs once, and no death caused more
/// than one restart of its group.
#[actor_test(schedules = 1000)]
async fn children_that_die_together_are_handled_one_at_a_time(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let strategies = [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne];
    let strategy = t.choose(&strategies);
    let tree = t.start(Tree(diary.lamps("abc").strategy(strategy).intensity(3))).await?;
    for id in ["a", "b", "c"] {
        lamp(&tree, id).end(boom())?;
    }
    t.settle().await;
    for child in tree.which_children().await? {
        assert!(matches!(child.status, ChildStatus::Running(_)), "{child:?}");
        assert!((1..=3).contains(&child.restarts), "{child:?}");
    }
    t.supervision().root().running();
    Ok(())
}

/// OTP 14.24, 14.25: between two attempts there is time for a request, whenever it comes.
#[actor_test(schedules = 1000)]
async fn a_restart_that_fails_again_and_again_can_be_called_off(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let tree = t.start(Tree(diary.lamps("ab").intensity(1_000_000))).await?;
    diary.plan("b", (0..10_000).map(|_| Plan::Fail));
    lamp(&tree, "b").end(boom())?;
    tree.terminate_child("b").await?;
    t.settle().await;
    assert_eq!(tree.which_child("b").await?.status, ChildStatus::Stopped);
    assert_eq!(lamp(&tree, "b").who().await, Err(actor_core::CallFailure::NoProc));
    lamp(&tree, "a").who().await?;
    Ok(())
}

/// OTP 14.34, 14.35: each level spends its own budget, and the top's end is the tree's.
#[actor_test(schedules = 1000)]
async fn giving_up_climbs_level_by_level(t: TestKit) -> TestResult {
    let diary = Diary::default();
    let below = Tree::child("below", diary.lamps("ab").intensity(1));
    let top = SupervisorSpec::new("top").intensity(1).child(diary.lamp("z")).child(below);
    let tree = t.start(Tree(top)).await?;
    let below = tree.child::<Tree>("below");
    for crash in 0..4 {
        t.supervision().child("below").restarted(crash / 2);
        t.supervision().root().running();
        lamp(&below, "b").end(boom())?;
        t.settle().await;
    }
    t.supervision().root().stopped_with(ExitReason::Shutdown);
    assert!(diary.all().ends_with("-a -z"), "{}", diary.all());
    Ok(())
}
