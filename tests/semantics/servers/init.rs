//! Theme 10: how a start may end that is neither a success nor a crash.

use std::sync::mpsc::{Sender, channel};

use actor_core::supervisor::SupervisorSpec;
use actor_core::{
    CallFailure, ExitReason, Init, Process, Start, StartError, Supervisor, handlers, supervisor,
};
use actor_testkit::{TestKit, TestResult, actor_test};
use futures::executor::block_on;

use crate::both::both;
use crate::kit::{Heard, on, plain, trapper};

/// Starts or not, as it is told.
#[derive(Process, Clone)]
struct Choosy {
    outcome: Result<Init, &'static str>,
    tell: Sender<&'static str>,
}

#[handlers]
impl Choosy {
    #[init]
    async fn begin(&mut self) -> Result<Init, &'static str> {
        actor_core::yield_now().await;
        let _ = self.tell.send("init");
        self.outcome
    }
    #[call]
    fn is_here(&self) -> bool {
        true
    }
    #[terminate]
    fn terminate(&mut self) {
        let _ = self.tell.send("terminate");
    }
}

fn choosy(
    outcome: Result<Init, &'static str>,
) -> (Choosy, std::sync::mpsc::Receiver<&'static str>) {
    let (tell, told) = channel();
    (Choosy { outcome, tell }, told)
}

/// 10.15: `ignore`: the start says so, the process ends normally, without `terminate`, and its name
/// is free.
#[test]
fn an_init_that_ignores_ends_normally_and_says_so() {
    on(2, |rt| {
        let (what, told) = choosy(Ok(Init::Ignore));
        let ignored = block_on(what.with().name("c").on(rt).start()).map(drop);
        assert_eq!(ignored, Err(StartError::Ignored));
        assert_eq!(rt.registered(), [""; 0]);
        assert_eq!(told.iter().collect::<Vec<_>>(), ["init"]);
        let (what, _told) = choosy(Ok(Init::Ignore));
        let choosy = rt.spawn(what).expect("room");
        let call = choosy.is_here().no_timeout().request();
        assert_eq!(choosy.closed().blocking(), ExitReason::Normal);
        let heard = block_on(call);
        let allowed = [CallFailure::Exited(ExitReason::Normal), CallFailure::NoProc];
        assert!(heard.as_ref().is_err_and(|heard| allowed.contains(heard)), "{heard:?}");
        assert_eq!(rt.process_count(), 0);
    });
}

/// 10.15: who is linked and does not wait for the start hears a normal end.
#[test]
fn a_linked_spawn_that_ignores_sends_a_normal_exit() {
    on(2, |rt| {
        let (parent, ear) = trapper(rt);
        let (what, _told) = choosy(Ok(Init::Ignore));
        let child = parent.does(move |cx| cx.spawn_link(what).expect("room").pid());
        let child = child.expect("a process");
        assert_eq!(ear.next(), Heard::Exit(child, ExitReason::Normal));
        let linked = plain(rt);
        let (what, _told) = choosy(Ok(Init::Ignore));
        let child = linked.does(move |cx| cx.spawn_link(what).expect("room"));
        child.closed().blocking();
        linked.sync();
    });
}

/// 10.15: `Ready` is a start, an error is the start's.
#[test]
fn an_init_that_is_ready_or_fails_is_as_without() {
    on(2, |rt| {
        let (what, told) = choosy(Ok(Init::Ready));
        let choosy = block_on(what.with().on(rt).start()).expect("it starts");
        assert_eq!(choosy.is_here().blocking(), Ok(true));
        choosy.stop(ExitReason::Normal).blocking();
        assert_eq!(told.iter().collect::<Vec<_>>(), ["init", "terminate"]);
        let (what, told) = self::choosy(Err("no"));
        let failed = block_on(what.with().on(rt).start()).map(drop);
        assert_eq!(failed, Err(StartError::Init(ExitReason::error("no"))));
        assert_eq!(told.iter().collect::<Vec<_>>(), ["init"]);
    });
}

/// A tree with a child that may not want to start.
#[derive(Supervisor)]
struct Office {
    choosy: Choosy,
}

#[supervisor]
impl Office {
    #[child]
    fn choosy(&self) -> Choosy {
        self.choosy.clone()
    }
}

/// 10.15: a child whose `init` ignores is a child that was ignored: its supervisor goes on, and
/// keeps its spec.
#[actor_test(schedules = 1000)]
async fn a_child_whose_init_ignores_is_an_ignored_child(t: TestKit) -> TestResult {
    let outcome = t.choose(&[Ok(Init::Ignore), Ok(Init::Ready)]);
    let office = t.start(Office { choosy: choosy(outcome).0 }).await?;
    let count = office.count_children().await?;
    assert_eq!((count.specs, count.active), (1, usize::from(outcome == Ok(Init::Ready))));
    let nobody = t.start(tests::Tree(SupervisorSpec::new("empty"))).await?;
    assert_eq!(nobody.count_children().await?.specs, 0);
    Ok(())
}

both! {
    /// 10.14, 10.13: a start returns before what its init continues with runs, and that runs before
    /// any message; a continue may chain others.
    async fn a_continue_runs_after_the_start_and_before_all_messages(t) {
        use actor_core::Context;
        /// Its first work takes its time.
        #[derive(Process)]
        struct Slow {
            heard: Vec<u32>,
            gate: Option<futures::channel::oneshot::Receiver<()>>,
        }
        #[handlers]
        impl Slow {
            #[init]
            fn begin(&mut self, cx: &mut Context<Self>) {
                cx.continue_with(SlowMessage::Load { part: 1 });
            }
            #[cast]
            async fn load(&mut self, cx: &mut Context<Self>, part: u32) {
                if let Some(gate) = self.gate.take() {
                    let _ = gate.await;
                }
                self.heard.push(part);
                if part < 3 {
                    cx.continue_with(SlowMessage::Load { part: part + 1 });
                }
            }
            #[call]
            fn heard(&mut self, cx: &mut Context<Self>) -> Vec<u32> {
                cx.continue_with(SlowMessage::Load { part: 9 });
                self.heard.clone()
            }
        }
        let (open, gate) = futures::channel::oneshot::channel();
        let slow = t.start(Slow { heard: Vec::new(), gate: Some(gate) }).await?;
        let ask = || slow.heard().no_timeout().request();
        let (first, second) = (ask(), ask());
        open.send(()).expect("its start has returned, and it waits");
        assert_eq!((first.await?, second.await?), (vec![1, 2, 3], vec![1, 2, 3, 9]));
        Ok(())
    }
}
