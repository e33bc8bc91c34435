//! Real threads under load: what the semantics tests promise one by one must hold for all at once.
//!
//! Each test runs for about a second; `ACTOR_STRESS=60` makes it a minute. What is checked are sums
//! that must balance and orders that must hold, so it does not matter what happened when. A test
//! that gets stuck (a lost wake-up) fails by its watchdog and says what was missing.

mod churn;
mod crowd;
mod death;
mod kill;
mod kit;
mod online;
mod order;
mod rescue;
mod restarts;
mod stuck;
mod wakers;
