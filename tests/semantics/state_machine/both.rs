//! One scenario, two tests: on the real scheduler, and under the simulation.

use std::error::Error;

/// What a scenario ends with.
pub(crate) type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Makes of each scenario, an async function of a started [`Rig`](crate::rig::Rig), a test of the
/// same name on the real scheduler, and one in `simulated` under so many schedules.
macro_rules! both {
    ($($(#[$doc:meta])* $name:ident)*) => {
        $($(#[$doc])*
        #[test]
        fn $name() {
            crate::kit::on(2, |rt| {
                let done = rt.run(async {
                    let rig = actor_core::start(crate::rig::Rig::new()).await?;
                    scenarios::$name(rig).await
                });
                done.expect("main ends in order").expect("the scenario ends in order");
            });
        })*

        mod simulated {
            use actor_testkit::{TestKit, TestResult, actor_test};

            $($(#[$doc])*
            #[actor_test(schedules = 1000)]
            async fn $name(t: TestKit) -> TestResult {
                let rig = t.start(crate::rig::Rig::new()).await?;
                super::scenarios::$name(rig).await.expect("the scenario ends in order");
                Ok(())
            })*
        }
    };
}
pub(crate) use both;
