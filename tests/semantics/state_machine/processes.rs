//! A machine is a process like others: supervised, watched, found by name, and it awaits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use actor_core::machine::Machine;
use actor_core::prelude::*;
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::kit::on;
use crate::rig::{B, C, MS, Rig, RigEvent, RigRef, first_over, second_over};

#[derive(Supervisor)]
struct Shelf;

#[supervisor]
impl Shelf {
    #[child]
    fn rig(&self) -> Rig {
        Rig::new()
    }
    #[child(dynamic, restart = temporary)]
    fn watcher(&self, rig: RigRef) -> Watcher {
        Watcher { watched: rig, seen: 0 }
    }
}

/// Is told of an end when it is ready.
#[derive(StateMachine)]
struct Watcher {
    watched: RigRef,
    seen: u32,
}

struct Deaf;
struct Listening;

#[machine(initial = Deaf)]
impl Watcher {
    #[init]
    fn begin(&mut self, cx: &mut StateContext<Self>) {
        cx.monitor(&self.watched);
        cx.link(&self.watched);
    }
    #[down(in = Listening, postpone = Deaf)]
    fn down(&mut self, _down: Down) {
        self.seen += 1;
    }
    #[exit(in = Listening, postpone = Deaf)]
    fn ended(&mut self, _from: Pid, reason: ExitReason) -> To<Deaf> {
        self.seen += 10 * u32::from(reason == ExitReason::Killed);
        To::state(Deaf)
    }
    #[call(in = Deaf, ignore = _)]
    fn listen(&mut self) -> To<Listening, u32> {
        To::state(Listening).reply(self.seen)
    }
    #[call]
    fn seen(&self) -> u32 {
        self.seen
    }
}

#[actor_test(schedules = 1000)]
async fn a_supervised_machine_restarts_in_its_first_state(t: TestKit) -> TestResult {
    let shelf = t.start(Shelf).await?;
    let rig = shelf.rig();
    rig.job(|_, _| To::state(C { n: 1 })).expect("it lives");
    assert_eq!(rig.heard("enter C1 from A").await.expect("it lives").len(), 2);
    t.kill(&rig);
    t.settle().await;
    assert_eq!(rig.log().await.expect("the next one answers"), ["enter A from nothing"]);
    Ok(())
}

/// Keeps the mailbox of a machine that waits at a gate.
#[derive(Supervisor)]
struct Keeper {
    started: Arc<AtomicU32>,
}

#[supervisor]
impl Keeper {
    #[child(keep_mailbox)]
    fn rig(&self) -> Rig {
        let mut rig = Rig::new();
        if self.started.fetch_add(1, Ordering::Relaxed) > 0 {
            rig.on_enter = Some(Arc::new(|_, cx| {
                cx.start_timer(50 * MS, first_over(2));
                cx.start_timer(10 * MS, second_over(2));
            }));
        }
        rig
    }
}

#[actor_test(schedules = 1000)]
async fn a_time_out_of_a_former_process_is_not_heard_by_the_next(t: TestKit) -> TestResult {
    let keeper = t.start(Keeper { started: Arc::default() }).await?;
    let rig = keeper.rig();
    let (_open, gate) = tokio::sync::oneshot::channel();
    rig.job(|_, cx| {
        cx.start_timer(MS, first_over(1));
        cx.next_event(RigEvent::Gate { open: gate });
        To::keep()
    })
    .expect("it lives");
    // It fires, and stays in the mailbox, which the next process gets.
    t.advance(5 * MS).await;
    t.kill(&rig);
    t.settle().await;
    let log = rig.until("first 2".into()).await.expect("the next one answers");
    assert_eq!(log, ["enter A from nothing", "second 2", "first 2"]);
    Ok(())
}

#[actor_test(schedules = 1000)]
async fn downs_and_exits_are_events_and_can_be_postponed(t: TestKit) -> TestResult {
    let rig = t.start(Rig::new()).await?;
    let watcher = t.start(Watcher { watched: rig.clone(), seen: 0 }).await?;
    // Linked and monitored by then.
    t.settle().await;
    t.kill(&rig);
    t.settle().await;
    assert_eq!(watcher.listen().await.expect("it lives"), 0);
    t.settle().await;
    // Both in one change of state, if the DOWN came first; otherwise one, and the other after it.
    let seen = watcher.seen().await.expect("it lives");
    assert!(seen == 11 || seen == 10, "{seen}");
    if seen == 10 {
        watcher.listen().await.expect("it is deaf again");
        assert_eq!(watcher.seen().await.expect("it lives"), 11);
    }
    Ok(())
}

#[test]
fn a_machine_is_found_by_its_name_and_type() {
    on(1, |rt| {
        let rig = rt.block_on(Rig::new().with().name("rig").on(&rt.handle()).start());
        let rig = rig.expect("the name is free");
        let _entered = rt.enter();
        let found = RigRef::whereis("rig").expect("it is one").expect("it is there");
        assert_eq!(found.pid(), rig.pid());
        assert!(WatcherRef::whereis("rig").is_err());
    });
}

#[test]
fn a_machine_can_be_made_inside_of_its_process() {
    on(1, |rt| {
        let _entered = rt.enter();
        let made = rt
            .block_on(actor_core::start_with(async |_| Ok::<_, String>(Machine::new(Rig::new()))));
        assert_eq!(made.expect("it starts").log().blocking().map(|log| log.len()), Ok(1));
    });
}

/// Awaits in every kind of handler.
#[derive(StateMachine)]
struct Slow {
    log: Vec<&'static str>,
}

struct Cold;
struct Warm {
    degrees: u32,
}

#[machine(initial = Cold)]
impl Slow {
    #[enter(Warm)]
    async fn warm(&mut self, warm: &mut Warm, old: Option<&SlowState>) {
        actor_core::yield_now().await;
        warm.degrees += 1;
        let cold = matches!(old, Some(SlowState::Cold(_)));
        self.log.push(if cold { "enter from cold" } else { "enter" });
    }
    #[call(in = Cold)]
    async fn heat(&mut self, by: u32, cx: &mut StateContext<Self>) -> To<Warm, u32> {
        cx.next_event(SlowEvent::Hum);
        actor_core::yield_now().await;
        self.log.push("heat");
        To::state(Warm { degrees: by }).reply(by)
    }
    #[call(in = Warm, event = heat)]
    async fn heat_more(&mut self, by: u32, warm: &mut Warm) -> u32 {
        for _ in 0..by {
            actor_core::yield_now().await;
            warm.degrees += 1;
        }
        warm.degrees
    }
    #[internal]
    async fn hum(&mut self) {
        actor_core::yield_now().await;
        self.log.push("hum");
    }
    #[call(yields)]
    async fn log(&mut self) -> Vec<&'static str> {
        self.log.clone()
    }
}

#[actor_test(schedules = 1000)]
async fn handlers_that_await_keep_the_order_of_events(t: TestKit) -> TestResult {
    let slow = t.start(Slow { log: vec![] }).await?;
    let (first, second) = (slow.heat(2).request(), slow.heat(3).request());
    let log = slow.log().request();
    assert_eq!((first.await, second.await), (Ok(2), Ok(6)));
    assert_eq!(log.await.expect("it lives"), ["heat", "enter from cold", "hum"]);
    Ok(())
}

#[test]
fn a_state_of_data_is_lent_to_who_handles_events_in_it() {
    on(1, |rt| {
        let slow = rt.spawn(Slow { log: vec![] }).expect("room");
        assert_eq!(slow.heat(1).blocking(), Ok(1));
        assert_eq!((slow.heat(1).blocking(), slow.heat(1).blocking()), (Ok(3), Ok(4)));
        let rig = rt.spawn(Rig::new()).expect("room");
        rig.job(|_, _| To::state(B)).expect("it lives");
        assert_eq!(rig.ask(3).blocking(), Ok(3));
    });
}
