//! One scenario, two tests: on the real scheduler, and under a thousand schedules.

use actor_core::{Start, StartError, start};

/// The little of a test kit that there is on the real scheduler.
pub(crate) struct Real;

impl Real {
    /// Starts something in this runtime.
    pub(crate) async fn start<S: Start>(&self, what: S) -> Result<S::Ref, StartError> {
        start(what).await
    }
}

/// Makes of each scenario a test of its name on the real scheduler, and one, `simulated` in a
/// module of that name, under the simulation.
macro_rules! both {
    ($($(#[$doc:meta])* async fn $name:ident($t:ident) $body:block)*) => {$(
        $(#[$doc])*
        #[test]
        fn $name() {
            crate::kit::on(2, |rt| {
                let done = rt.run(async {
                    let $t = crate::both::Real;
                    let outcome: TestResult = async { $body }.await;
                    outcome
                });
                done.expect("main ends in order").expect("the scenario ends in order");
            });
        }

        mod $name {
            use super::*;

            #[actor_test(schedules = 1000)]
            async fn simulated($t: TestKit) -> TestResult $body
        }
    )*};
}
pub(crate) use both;
