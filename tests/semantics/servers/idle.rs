//! Theme 10: the timeout that a handler asks for, if no message comes.

use std::time::Duration;

use actor_core::{Context, Down, ExitReason, Info, Pid, Process, ServerRef, handlers, sleep};
use actor_testkit::{TestError, TestKit, TestResult, actor_test};
use futures::channel::oneshot;

use crate::kit::{on, until, up};

/// Says when it was idle.
#[derive(Process, Default)]
struct Idler {
    begins: Option<Duration>,
    fired: Vec<Duration>,
    seen: u32,
    again: bool,
    start: Option<std::time::Instant>,
}

/// A foreign message.
struct Foreign;

#[handlers]
impl Idler {
    #[init]
    fn begin(&mut self, cx: &mut Context<Self>) {
        self.start = Some(cx.now());
        if let Some(after) = self.begins {
            cx.idle_timeout(after);
        }
    }
    #[cast]
    fn wish(&mut self, cx: &mut Context<Self>, after: Duration) {
        cx.idle_timeout(after);
    }
    /// Asks for it twice, and then takes its time.
    #[cast]
    async fn wish_late(&mut self, cx: &mut Context<Self>, after: Duration, gate: Gate) {
        cx.idle_timeout(after / 2);
        cx.idle_timeout(after);
        let _ = gate.await;
    }
    #[cast]
    fn nothing(&mut self) {
        self.seen += 1;
    }
    #[cast]
    fn watch(&mut self, cx: &mut Context<Self>, other: IdlerRef, after: Duration) {
        cx.monitor(&other);
        cx.idle_timeout(after);
    }
    #[call]
    fn fired(&self) -> Vec<Duration> {
        self.fired.clone()
    }
    #[info]
    fn foreign(&mut self, _message: Foreign) {
        self.seen += 1;
    }
    #[exit]
    fn exit(&mut self, _from: Pid, _reason: ExitReason) {
        self.seen += 1;
    }
    #[down]
    fn down(&mut self, _down: Down) {
        self.seen += 1;
    }
    #[timeout]
    fn timeout(&mut self, cx: &mut Context<Self>) {
        self.fired.extend(self.start.map(|start| cx.now() - start));
        if self.again {
            cx.idle_timeout(secs(10));
        }
    }
}

type Gate = oneshot::Receiver<()>;

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

async fn idler(t: &TestKit) -> Result<IdlerRef, TestError> {
    Ok(t.start(Idler::default()).await?)
}

fn fired(t: &TestKit, idler: &IdlerRef) -> Vec<Duration> {
    t.state::<Idler, _>(idler, |idler| idler.fired.clone()).unwrap_or_default()
}

/// 10.11: it fires once, when no message came for the whole time, and not before.
#[actor_test(schedules = 1000)]
async fn the_timeout_fires_when_no_message_came_for_the_whole_time(t: TestKit) -> TestResult {
    let idler = idler(&t).await?;
    idler.wish(secs(10))?;
    sleep(secs(10) - Duration::from_millis(1)).await;
    assert_eq!(fired(&t, &idler), []);
    sleep(secs(100)).await;
    assert_eq!(fired(&t, &idler), [secs(10)]);
    Ok(())
}

/// 10.11: any message forgets it for good, whatever kind it is of; and it leaves no timer.
#[actor_test(schedules = 1000)]
async fn any_message_forgets_the_timeout_for_good(t: TestKit) -> TestResult {
    let (idler, other) = (idler(&t).await?, idler(&t).await?);
    let kind = t.choose(&[0, 1, 2, 3]);
    match kind {
        3 => idler.watch(other.clone(), secs(10))?,
        _ => idler.wish(secs(10))?,
    }
    sleep(secs(5)).await;
    match kind {
        0 => idler.nothing()?,
        1 => idler.info_address().send(Info(Foreign))?,
        2 => idler.exit(ExitReason::Shutdown),
        _ => t.kill(&other),
    }
    t.settle().await;
    assert_eq!(t.state::<Idler, _>(&idler, |idler| idler.seen), Some(1));
    sleep(secs(100)).await;
    assert_eq!(fired(&t, &idler), []);
    Ok(())
}

/// 10.11: a request to the process begins the full wait anew.
#[actor_test(schedules = 1000)]
async fn a_system_request_begins_the_wait_anew(t: TestKit) -> TestResult {
    let idler = idler(&t).await?;
    idler.wish(secs(10))?;
    sleep(secs(6)).await;
    idler.sys().get_status().await?;
    sleep(secs(6)).await;
    assert_eq!(fired(&t, &idler), [], "twelve seconds after the wish");
    sleep(secs(6)).await;
    assert_eq!(fired(&t, &idler), [secs(16)]);
    Ok(())
}

/// 10.11, 13.2: a suspended process is not idle; resumed, it waits the full time.
#[actor_test(schedules = 1000)]
async fn a_suspended_process_is_not_idle(t: TestKit) -> TestResult {
    let idler = idler(&t).await?;
    idler.wish(secs(10))?;
    sleep(secs(6)).await;
    idler.sys().suspend().await?;
    sleep(secs(100)).await;
    assert_eq!(fired(&t, &idler), []);
    idler.sys().resume().await?;
    sleep(secs(9)).await;
    assert_eq!(fired(&t, &idler), []);
    sleep(secs(9)).await;
    assert_eq!(fired(&t, &idler), [secs(116)]);
    Ok(())
}

/// 10.12: zero lets what is in the queue go first, and is forgotten then; with nothing there it
/// fires.
#[actor_test(schedules = 1000)]
async fn zero_lets_what_waits_go_first(t: TestKit) -> TestResult {
    let idler = idler(&t).await?;
    let (open, gate) = oneshot::channel();
    idler.wish_late(Duration::ZERO, gate)?;
    idler.nothing()?;
    t.settle().await;
    open.send(()).expect("it waits");
    sleep(secs(1)).await;
    assert_eq!(fired(&t, &idler), [], "the message that waited was first");
    assert_eq!(t.state::<Idler, _>(&idler, |idler| idler.seen), Some(1));
    idler.wish(Duration::ZERO)?;
    sleep(secs(1)).await;
    assert_eq!(fired(&t, &idler).len(), 1);
    Ok(())
}

/// 10.11: the wait begins when the handler is done, and the last wish of a handler counts.
#[actor_test(schedules = 1000)]
async fn the_wait_begins_at_the_end_of_the_handler(t: TestKit) -> TestResult {
    let idler = idler(&t).await?;
    let (open, gate) = oneshot::channel();
    idler.wish_late(secs(10), gate)?;
    sleep(secs(50)).await;
    open.send(()).expect("it waits");
    sleep(secs(9)).await;
    assert_eq!(fired(&t, &idler), []);
    sleep(secs(9)).await;
    assert_eq!(fired(&t, &idler), [secs(60)]);
    Ok(())
}

/// 10.11: `init` and the timeout itself may ask for it.
#[actor_test(schedules = 1000)]
async fn init_and_the_timeout_may_ask_for_it(t: TestKit) -> TestResult {
    let what = Idler { begins: Some(secs(3)), again: true, ..Idler::default() };
    let idler = t.start(what).await?;
    sleep(secs(25)).await;
    assert_eq!(fired(&t, &idler), [secs(3), secs(13), secs(23)]);
    Ok(())
}

/// 10.11: on the real clock: never early, and a process that ends leaves no timer.
#[test]
fn on_the_real_clock_it_is_never_early() {
    on(2, |rt| {
        let idler = up(rt, Idler::default());
        idler.wish(secs(3600)).expect("room");
        until("it is armed", || rt.timer_count() == 1);
        idler.wish(Duration::from_millis(5)).expect("room");
        until("it fires", || {
            let fired = idler.sys().with_state(|idler| idler.fired.clone()).blocking();
            // A look is a request, which begins the wait anew.
            until("its time is over", || rt.timer_count() == 0);
            fired.is_ok_and(|fired| fired.iter().any(|at| *at >= Duration::from_millis(5)))
        });
        idler.wish(secs(3600)).expect("room");
        until("it is armed", || rt.timer_count() == 1);
        idler.stop(ExitReason::Normal).blocking();
        assert_eq!(rt.timer_count(), 0);
    });
}
