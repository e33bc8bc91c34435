//! An end that takes several turns, with everybody else's in between.

use actor_core::{
    CallFailure, Context, Down, ExitReason, Pid, Process, SendError, Start, handlers, limits,
};
use actor_testkit::{TestKit, TestResult, actor_test};

/// More than one turn takes apart.
const MANY: usize = 2 * limits::TURN_EXITS as usize;

/// Hangs, with whatever waits behind that.
#[derive(Process)]
struct Victim;

#[handlers]
impl Victim {
    #[cast]
    async fn hang(&mut self) {
        std::future::pending().await
    }
    #[call]
    fn ask(&self) -> u32 {
        1
    }
}

/// Asks a victim, and hears of its end.
#[derive(Process)]
struct Witness {
    victim: VictimRef,
    failed: Option<CallFailure>,
    downs: Vec<ExitReason>,
    heir: Option<Pid>,
}

#[handlers]
impl Witness {
    #[call]
    fn fill(&mut self, cx: &mut Context<Self>) -> Result<(), SendError> {
        cx.monitor(&self.victim);
        (0..=MANY).try_for_each(|_| self.victim.hang())
    }
    #[cast]
    async fn ask(&mut self) {
        self.failed = self.victim.ask().no_timeout().await.err();
    }
    #[down]
    fn down(&mut self, cx: &mut Context<Self>, down: Down) {
        self.downs.push(down.reason);
        assert_eq!(self.victim.hang(), Err(SendError::NoProc), "its inbox is closed");
        // Its name is free.
        let heir = Victim.with().name("till").on(&cx.runtime()).spawn().expect("it starts");
        self.heir = heir.pid();
    }
}

#[actor_test(schedules = 20)]
async fn an_end_in_pieces_keeps_its_order(t: TestKit) -> TestResult {
    let victim = Victim.with().name("till").on(&t.handle()).start().await?;
    let (downs, failed) = (Vec::new(), None);
    let witness = t.start(Witness { victim: victim.clone(), failed, downs, heir: None }).await?;
    witness.fill().await?;
    witness.ask()?;
    t.settle().await;
    let closed = victim.closed();
    t.kill(&victim);
    assert_eq!(closed.await, ExitReason::Killed);
    t.settle().await;
    let seen = t.state::<Witness, _>(&witness, |witness| {
        (witness.failed.clone(), witness.downs.clone(), witness.heir)
    });
    let (failed, downs, heir) = seen.expect("it is idle");
    assert_eq!(failed, Some(CallFailure::Exited(ExitReason::Killed)));
    assert_eq!(downs, [ExitReason::Killed]);
    let found = t.handle().whereis::<Victim>("till")?;
    let found = found.expect("it has the name");
    assert_eq!(found.pid(), heir);
    t.kill(&found);
    t.settle().await;
    Ok(())
}

/// A schedule that is over in the midst of such an end leaves nothing behind.
#[actor_test(schedules = 5, leaks = "allow")]
async fn an_end_in_pieces_may_be_cut_off(t: TestKit) -> TestResult {
    let victim = t.start(Victim).await?;
    let watches: Vec<_> = (0..MANY).map(|_| victim.closed()).collect();
    t.settle().await;
    t.kill(&victim);
    drop(watches);
    Ok(())
}
