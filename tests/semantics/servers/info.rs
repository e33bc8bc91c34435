//! Theme 10: foreign messages, `handle_info` with types.

use actor_core::{
    Address, Context, ExitReason, Info, Next, Process, SendError, ServerRef, handlers, yield_now,
};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::kit::{on, up};

/// Two types of somebody else's.
struct Tick(u32);
#[derive(Debug)]
struct Word(String);

/// Keeps what it hears, in order.
#[derive(Process, Default)]
struct Ear {
    heard: Vec<String>,
}

#[handlers]
impl Ear {
    #[cast]
    fn own(&mut self, number: u32) {
        self.heard.push(format!("own {number}"));
    }
    #[call]
    fn heard(&self) -> Vec<String> {
        self.heard.clone()
    }
    #[call]
    fn wire(&self, cx: &mut Context<Self>) -> Address<Info<Tick>> {
        cx.info_address()
    }
    #[info]
    async fn tick(&mut self, cx: &mut Context<Self>, Tick(number): Tick) {
        yield_now().await;
        self.heard.push(format!("tick {number} of {}", cx.parent().is_none()));
    }
    #[info]
    fn word(&mut self, word: Word) -> Next {
        match word.0.as_str() {
            "stop" => Next::Stop(ExitReason::other("told to")),
            _ => Next::Continue,
        }
    }
    #[info]
    fn count(&mut self, count: Vec<u8>) -> Result<(), String> {
        if count.is_empty() { Err("nothing to count".into()) } else { Ok(()) }
    }
}

/// 10.1: foreign messages and a process's own share one queue, and each is handled by its type.
#[actor_test(schedules = 1000)]
async fn foreign_messages_share_the_queue_with_its_own(t: TestKit) -> TestResult {
    let ear = t.start(Ear::default()).await?;
    let wire = ear.wire().await?;
    ear.own(1)?;
    wire.info(Tick(2))?;
    ear.own(3)?;
    ear.info_address().send(Info(Tick(4)))?;
    assert_eq!(ear.heard().await?, ["own 1", "tick 2 of true", "own 3", "tick 4 of true"]);
    Ok(())
}

/// 10.1: the handler of a foreign message may end its process, as a hook may.
#[test]
fn a_foreign_message_may_end_its_process() {
    on(2, |rt| {
        let ear = up(rt, Ear::default());
        let words = ear.info_address::<Word>();
        words.info(Word("go on".into())).expect("room");
        words.info(Word("stop".into())).expect("room");
        assert_eq!(ear.closed().blocking(), ExitReason::other("told to"));
        assert_eq!(words.info(Word("hello".into())), Err(SendError::NoProc));
        let ear = up(rt, Ear::default());
        ear.info_address::<Vec<u8>>().info(vec![]).expect("room");
        assert_eq!(ear.closed().blocking(), ExitReason::error("nothing to count"));
    });
}

/// 10.22: behind a ref that leads to another's process there is nobody for foreign messages.
#[actor_test(schedules = 20)]
async fn behind_another_process_nobody_takes_foreign_messages(t: TestKit) -> TestResult {
    use actor_core::ProcessRef;
    let probe = t.probe::<EarMessage>();
    let ear = EarRef::from_address(probe.address());
    assert_eq!(ear.info_address::<Word>().info(Word("hello".into())), Err(SendError::NoProc));
    Ok(())
}
