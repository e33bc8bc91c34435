//! What the test's body waits for.
//!
//! A body that awaits a call waits as any process does. Three waits are the testkit's own, because
//! they are about the whole system and not about one message: until it has settled, until the clock
//! shows some time, and until a probe has mail *or never will*. The futures below register what
//! they wait for; the simulation's loop resolves them when nothing else can happen. None of them
//! looks at a wall clock.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::simulation::Simulation;

/// What a wait waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// Nothing can happen but by the passing of time.
    Settled,
    /// The clock shows at least this, and everything due by then is done.
    Clock(Duration),
    /// Something that the waiter looks for by itself; resolves when it cannot come any more:
    /// nothing is left to happen up to this time.
    Hopeless(Duration),
}

/// An open wait.
#[derive(Debug)]
struct Open {
    until: Until,
    waker: Option<Waker>,
    reached: bool,
}

/// All open waits, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    count: u64,
    open: BTreeMap<u64, Open>,
}

impl Waits {
    /// Ends every wait that `test` accepts; returns whom to wake, outside of any lock.
    pub(crate) fn end(&mut self, test: impl Fn(Until) -> bool) -> Vec<Waker> {
        let ended = self.unreached().filter(|open| test(open.until));
        let ended = ended.map(|open| {
            open.reached = true;
            open.waker.take()
        });
        ended.flatten().collect()
    }

    /// Up to when the clock may run for the waits: the earliest time that any of them names. `None`
    /// if no wait is open.
    pub(crate) fn horizon(&mut self) -> Option<Duration> {
        let times = self.unreached().map(|open| match open.until {
            Until::Settled => Duration::ZERO,
            Until::Clock(at) | Until::Hopeless(at) => at,
        });
        times.min()
    }

    /// Whether some wait moves the clock, whatever the rule of the test is.
    pub(crate) fn moves_clock(&mut self) -> bool {
        self.unreached().any(|open| matches!(open.until, Until::Clock(_)))
    }

    fn unreached(&mut self) -> impl Iterator<Item = &mut Open> {
        self.open.values_mut().filter(|open| !open.reached)
    }
}

/// A future that resolves when its wait is over.
pub(crate) struct Wait {
    simulation: Arc<Simulation>,
    id: u64,
}

impl Wait {
    /// Opens a wait.
    pub(crate) fn new(simulation: &Arc<Simulation>, until: Until) -> Self {
        let id = simulation.with(|world| {
            world.waits.count += 1;
            let open = Open { until, waker: None, reached: false };
            world.waits.open.insert(world.waits.count, open);
            world.waits.count
        });
        Self { simulation: simulation.clone(), id }
    }
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.simulation.with(|world| match world.waits.open.get_mut(&self.id) {
            Some(open) if !open.reached => {
                open.waker = Some(cx.waker().clone());
                Poll::Pending
            }
            _ => Poll::Ready(()),
        })
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        // The entry holds a waker, whose drop may call into the runtime: not under the lock.
        let open = self.simulation.with(|world| world.waits.open.remove(&self.id));
        drop(open);
    }
}
