//! What supervisors do, as the log of the testkit tells it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use actor_core::supervisor::{ChildSpec, Restart, Strategy, SupervisorSpec};
use actor_core::{Context, ExitReason, Pid, Process, Supervisor, handlers, supervisor};
use actor_testkit::__private::{Config, run};
use actor_testkit::{TestKit, TestResult, actor_test};
use tests::Tree;

use crate::programs::{Door, Parent, ParentRef};

/// A child that leaves its address at a door when it starts.
fn child(id: &str, door: &Door) -> ChildSpec {
    let door = door.clone();
    ChildSpec::new(id, move |_| {
        let door = door.clone();
        async move { Ok(Some(Parent { door: Some(door) })) }
    })
}

/// A shop with three children, and the doors at which they can be found.
fn shop(strategy: Strategy, intensity: u32) -> (Tree, [Door; 3]) {
    let doors = [Door::default(), Door::default(), Door::default()];
    let mut spec = SupervisorSpec::new("shop").strategy(strategy).intensity(intensity);
    for (id, door) in ["till", "worker", "shelf"].into_iter().zip(&doors) {
        spec = spec.child(child(id, door));
    }
    (Tree(spec), doors)
}

/// Lets whoever is behind a door panic.
async fn boom(t: &TestKit, door: &Door) -> TestResult {
    let worker: ParentRef = door.who().ok_or_else(|| actor_testkit::TestError::new("nobody"))?;
    worker.boom()?;
    t.settle().await;
    Ok(())
}

#[actor_test(schedules = 1000)]
async fn the_third_crash_escalates(t: TestKit) -> TestResult {
    let (shop, doors) = shop(Strategy::OneForOne, 2);
    t.start(shop).await?;
    for crash in 0..3 {
        t.supervision().child("worker").restarted(crash);
        t.supervision().root().running();
        boom(&t, &doors[1]).await?;
    }
    t.supervision().child("worker").restarted(2);
    t.supervision().child("till").restarted(0);
    t.supervision().root().stopped_with(ExitReason::Shutdown);
    assert!(t.supervision().root().gave_up());
    Ok(())
}

#[actor_test(schedules = 1000)]
async fn crashes_that_are_far_enough_apart_do_not_escalate(t: TestKit) -> TestResult {
    let (shop, doors) = shop(Strategy::OneForOne, 1);
    t.start(shop).await?;
    for _ in 0..4 {
        boom(&t, &doors[1]).await?;
        t.advance(Duration::from_secs(6)).await;
    }
    t.supervision().child("worker").restarted(4).each_reason(|reason| reason.is_panic("boom"));
    t.supervision().root().running();
    Ok(())
}

#[actor_test(schedules = 1000)]
async fn children_start_in_order_and_stop_in_reverse(t: TestKit) -> TestResult {
    let (shop, doors) = shop(Strategy::OneForAll, 1);
    t.start(shop).await?;
    t.supervision().order(&["till", "worker", "shelf"]);
    boom(&t, &doors[1]).await?;
    t.supervision().order(&["till", "worker", "shelf", "till", "worker", "shelf"]);
    assert_eq!(t.supervision().stop_order(), ["worker", "shelf", "till"]);
    Ok(())
}

#[actor_test(schedules = 1000)]
async fn rest_for_one_restarts_those_after_the_one_that_ended(t: TestKit) -> TestResult {
    let (shop, doors) = shop(Strategy::RestForOne, 1);
    t.start(shop).await?;
    boom(&t, &doors[1]).await?;
    t.supervision().order(&["till", "worker", "shelf", "worker", "shelf"]);
    Ok(())
}

#[actor_test(schedules = 1000)]
async fn a_temporary_child_is_not_restarted(t: TestKit) -> TestResult {
    let door = Door::default();
    let spec = SupervisorSpec::new("shop").child(child("guest", &door).restart(Restart::Temporary));
    t.start(Tree(spec)).await?;
    boom(&t, &door).await?;
    t.supervision().child("guest").restarted(0);
    t.supervision().root().running();
    Ok(())
}

#[test]
fn an_assertion_about_supervision_that_fails_prints_the_log() {
    let report = run(&Config::new("log").schedules(1), |t: TestKit| async move {
        let (shop, doors) = shop(Strategy::OneForOne, 2);
        t.start(shop).await?;
        boom(&t, &doors[1]).await?;
        t.supervision().child("worker").restarted(2);
        TestResult::Ok(())
    });
    let failure = report.failure.expect("it was restarted once");
    for part in ["`worker` was restarted 1 times, not 2", "root.1 started worker as root.1.2"] {
        assert!(failure.message.contains(part), "{part} is missing in {}", failure.message);
    }
    let place = failure.location.expect("the place of the assertion");
    assert!(place.contains("supervision.rs"), "{place}");
}

/// Takes its time to stop, and counts how often it came to the end of that.
#[derive(Process)]
struct Slow(Arc<AtomicU32>);

#[handlers]
impl Slow {
    #[exit]
    fn exit(&mut self, _from: Pid, _reason: ExitReason) {}
    #[terminate]
    async fn terminate(&mut self, cx: &mut Context<Self>) {
        cx.sleep(Duration::from_secs(3)).await;
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[derive(Supervisor)]
struct SlowTree(Arc<AtomicU32>);

#[supervisor]
impl SlowTree {
    #[child]
    fn slow(&self) -> Slow {
        Slow(Arc::clone(&self.0))
    }
}

/// It is asked to stop, not killed: it stops in its own order and time.
#[test]
fn a_tree_that_the_body_leaves_is_given_its_time() {
    let (begun, stopped) = (AtomicU32::new(0), Arc::new(AtomicU32::new(0)));
    let report = run(&Config::new("left").schedules(20), |t: TestKit| {
        begun.fetch_add(1, Ordering::Relaxed);
        let tree = SlowTree(Arc::clone(&stopped));
        async move {
            t.start(tree).await?;
            TestResult::Ok(())
        }
    });
    assert!(report.failure.is_none(), "{:?}", report.failure.map(|failure| failure.message));
    assert_eq!(stopped.load(Ordering::Relaxed), begun.load(Ordering::Relaxed));
}
