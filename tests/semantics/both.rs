//! One scenario, two tests: on the real scheduler, and under a thousand schedules.
//!
//! A scenario waits for what it is about ([`Side::until`], a call, an end), never for a time: then
//! it holds on a machine that is busy with other things, too.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use actor_core::{RuntimeHandle, Start, StartError, sleep, start, yield_now};
use actor_testkit::TestKit;

use crate::kit::{MOMENT, WATCHDOG};

/// The little of a test kit that there is on the real scheduler.
pub(crate) struct Real;

impl Real {
    /// Starts something in this runtime.
    pub(crate) async fn start<S: Start>(&self, what: S) -> Result<S::Ref, StartError> {
        start(what).await
    }

    /// This runtime.
    pub(crate) fn handle(&self) -> RuntimeHandle {
        RuntimeHandle::current().expect("a scenario runs in a runtime")
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Instant {
        self.handle().now()
    }

    /// Gives what must not happen a moment in which to happen. What must happen is waited for with
    /// [`Side::until`].
    pub(crate) async fn settle(&self) {
        sleep(MOMENT).await;
    }
}

/// What both sides can do, each in its way.
pub(crate) trait Side {
    /// Starts something that does start.
    fn up<S: Start>(&self, what: S) -> impl Future<Output = S::Ref> + Send;

    /// Returns when it is so, which must not take for ever.
    fn until(&self, what: &str, so: impl Fn() -> bool + Send) -> impl Future<Output = ()> + Send;

    /// Checks that so much time has passed: in virtual time exactly so much, else at least.
    fn passed(&self, since: Instant, time: Duration);
}

impl Side for Real {
    async fn up<S: Start>(&self, what: S) -> S::Ref {
        start(what).await.expect("it starts")
    }

    async fn until(&self, what: &str, so: impl Fn() -> bool + Send) {
        let begin = Instant::now();
        while !so() {
            assert!(begin.elapsed() < WATCHDOG, "never: {what}");
            yield_now().await;
        }
    }

    fn passed(&self, since: Instant, time: Duration) {
        let passed = self.now() - since;
        assert!(passed >= time, "{passed:?} and not {time:?}");
    }
}

impl Side for TestKit {
    async fn up<S: Start>(&self, what: S) -> S::Ref {
        self.start(what).await.expect("it starts")
    }

    async fn until(&self, what: &str, so: impl Fn() -> bool + Send) {
        self.settle().await;
        let mut nap = Duration::from_millis(1);
        while !so() {
            assert!(nap < WATCHDOG, "never: {what}");
            sleep(nap).await;
            self.settle().await;
            nap *= 2;
        }
    }

    fn passed(&self, since: Instant, time: Duration) {
        assert_eq!(self.now() - since, time);
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
