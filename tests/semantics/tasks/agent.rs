//! Agents: a state and closures.

use actor_core::{CallFailure, agent::Agent, prelude::*};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::both::both;

both! {
    /// What one caller asks is done in order, and each closure sees what those before it left.
    async fn closures_are_run_one_after_another_in_order(t) {
        let agent = t.start(Agent::new(Vec::new())).await?;
        for n in 0..4 {
            agent.cast(move |all| all.push(n))?;
        }
        agent.update(|all| all.reverse()).await?;
        assert_eq!(agent.get_and_update(|all| all.pop()).await?, Some(0));
        assert_eq!(agent.get(|all| all.clone()).await?, [3, 2, 1]);
        Ok(())
    }
}

both! {
    /// As an agent's function that fails does in Elixir: it is the agent's end, and its caller
    /// hears why.
    async fn a_closure_that_panics_ends_the_agent(t) {
        let agent = t.start(Agent::new(1_u32)).await?;
        let failed = agent.get(|one| one - 2).await;
        let Err(CallFailure::Exited(ExitReason::Panic(report))) = failed else {
            panic!("{failed:?}");
        };
        assert_eq!(report.message, "attempt to subtract with overflow");
        assert_eq!(agent.cast(|_| {}), Err(SendError::NoProc));
        Ok(())
    }
}
