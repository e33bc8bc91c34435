//! Themes 1 and 10: what a process gives back when it has nothing to do.

use std::time::Duration;

use actor_core::{
    Context, ExitReason, Process, ProcessOptions, Reply, Runtime, ServerRef, Start, handlers, sleep,
};
use actor_testkit::{TestKit, TestResult, actor_test};
use futures::executor::block_on;

use crate::kit::{on, up};

/// Grows, and shrinks when it hibernates.
#[derive(Process, Default)]
struct Bear {
    fat: Vec<u8>,
    slept: u32,
    kept: Vec<Reply<u32>>,
    heard: Vec<u32>,
}

#[handlers]
impl Bear {
    #[cast]
    fn eat(&mut self) {
        self.fat = vec![0; 1 << 16];
    }
    #[cast]
    fn sleep(&mut self, cx: &mut Context<Self>) {
        cx.hibernate();
    }
    /// Hibernates, with mail behind it.
    #[cast]
    fn sleep_lightly(&mut self, cx: &mut Context<Self>) {
        for word in 0..3 {
            let _ = cx.me().hear(word);
        }
        cx.hibernate();
    }
    #[cast]
    fn hear(&mut self, word: u32) {
        self.heard.push(word + 10 * self.slept);
    }
    #[call]
    fn keep(&mut self, reply: Reply<u32>) {
        self.kept.push(reply);
    }
    #[cast]
    fn answer(&mut self) {
        self.kept.drain(..).for_each(|reply| reply.send(1));
    }
    #[call]
    async fn nap(&mut self) {
        actor_core::yield_now().await;
    }
    #[call]
    fn slept(&self) -> u32 {
        self.slept
    }
    #[hibernate]
    fn shrink(&mut self) {
        self.fat = Vec::new();
        self.slept += 1;
    }
}

fn memory(rt: &Runtime, bear: &BearRef) -> usize {
    let inspection = rt.block_on(rt.inspect(bear)).expect("it answers");
    inspection.memory
}

/// 1.15: it gives back what it has grown to, in bytes by the runtime's own account: all that it has
/// beyond what it was born with, and its state what its own hook lets go.
#[test]
fn a_hibernating_process_gives_back_all_that_it_has_grown_to() {
    on(1, |rt| {
        let bear = up(rt, Bear::default());
        let newborn = memory(rt, &bear);
        bear.eat().expect("room");
        bear.nap().blocking().expect("it answers");
        let kept: Vec<_> = (0..100).map(|_| bear.keep().request()).collect();
        bear.answer().expect("room");
        kept.into_iter().for_each(|call| assert_eq!(block_on(call), Ok(1)));
        let grown = memory(rt, &bear);
        assert!(grown > newborn + 500, "{grown} after {newborn}");
        bear.sleep().expect("room");
        assert_eq!(bear.slept().blocking(), Ok(1));
        assert_eq!(memory(rt, &bear), newborn, "of {grown}");
        assert_eq!(bear.sys().with_state(|bear| bear.fat.capacity()).blocking(), Ok(0));
    });
}

/// 1.15: what it has still, it keeps: its name, its links and monitors, the replies it owes.
#[test]
fn a_hibernating_process_keeps_what_it_has() {
    on(2, |rt| {
        let bear = Bear::default().with().name("bear").on(rt).start();
        let bear = block_on(bear).expect("it starts");
        let (watcher, ear) = crate::kit::trapper(rt);
        let target = bear.clone();
        let monitor = watcher.does(move |cx| cx.monitor(&target));
        let kept = bear.keep().request();
        bear.sleep().expect("room");
        assert_eq!(bear.slept().blocking(), Ok(1));
        assert_eq!(rt.registered(), ["bear"]);
        bear.answer().expect("room");
        assert_eq!(block_on(kept), Ok(1));
        bear.stop(ExitReason::Shutdown).blocking();
        let down = ear.next();
        assert!(
            matches!(down, crate::kit::Heard::Down(m, _, ExitReason::Shutdown) if m == monitor)
        );
    });
}

/// 1.15: a message that waits wakes it at once, and comes after it has slept.
#[actor_test(schedules = 1000)]
async fn a_message_that_waits_wakes_it_at_once(t: TestKit) -> TestResult {
    let bear = t.start(Bear::default()).await?;
    bear.sleep_lightly()?;
    t.settle().await;
    assert_eq!(t.state::<Bear, _>(&bear, |bear| bear.heard.clone()), Some(vec![10, 11, 12]));
    assert_eq!(t.elapsed(), Duration::ZERO);
    Ok(())
}

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// 10.24: a process that hibernates after some time does so when it was idle for that long, and at
/// the latest for twice that; not as long as messages come.
#[actor_test(schedules = 1000)]
async fn it_hibernates_by_itself_after_it_was_idle_for_long(t: TestKit) -> TestResult {
    let slept = |bear: &BearRef| t.state::<Bear, _>(bear, |bear| bear.slept);
    let bear = t.start_with_rest(secs(10))?;
    for _ in 0..20 {
        bear.hear(1)?;
        sleep(secs(9)).await;
        assert_eq!(slept(&bear), Some(0));
    }
    sleep(secs(12)).await;
    assert_eq!(slept(&bear), Some(1), "the last message came 21 seconds ago");
    sleep(secs(1000)).await;
    assert_eq!(slept(&bear), Some(1), "asleep it stays");
    bear.hear(1)?;
    sleep(secs(9)).await;
    assert_eq!(slept(&bear), Some(1));
    sleep(secs(12)).await;
    assert_eq!(slept(&bear), Some(2));
    Ok(())
}

/// 10.24: a request to a process that hibernates is served, and it hibernates on.
#[actor_test(schedules = 1000)]
async fn a_system_request_does_not_keep_it_awake(t: TestKit) -> TestResult {
    let bear = t.start_with_rest(secs(10))?;
    bear.hear(1)?;
    sleep(secs(25)).await;
    let slept = bear.sys().with_state(|bear| bear.slept).await.expect("it answers");
    assert_eq!(slept, 1);
    t.settle().await;
    assert_eq!(t.state::<Bear, _>(&bear, |bear| bear.slept), Some(2));
    Ok(())
}

/// Starts a bear that rests.
trait Rest {
    fn start_with_rest(&self, after: Duration) -> Result<BearRef, actor_core::StartError>;
}

impl Rest for TestKit {
    fn start_with_rest(&self, after: Duration) -> Result<BearRef, actor_core::StartError> {
        Bear::default().with().hibernate_after(after).on(&self.handle()).spawn()
    }
}

/// 10.24: the type's options say it too.
#[test]
fn the_options_of_a_type_say_when_it_hibernates() {
    #[derive(Process)]
    #[process(hibernate_after = "90s")]
    struct Sleepy;
    #[handlers]
    impl Sleepy {}
    let options = ProcessOptions::new().hibernate_after(secs(90));
    assert_eq!(Sleepy::options(), options);
}
