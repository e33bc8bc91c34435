//! Supervisors: what OTP says in its themes 14 and 15.1 to 15.3, beyond what `semantics` has.
//!
//! On the real scheduler where what happens is enough; under the simulation where it matters when,
//! or in which order.

mod admin;
mod backoff;
mod dynamic;
mod keep;
mod orders;
mod partitions;
mod reports;
mod requests;
mod significant;
mod simulated;
mod together;

#[allow(dead_code, reason = "other suites use the rest")]
#[path = "../both.rs"]
mod both;
#[allow(dead_code, reason = "the tests of `semantics` use the rest")]
#[path = "../kit.rs"]
mod kit;
#[allow(dead_code, reason = "the tests of `semantics` use the rest")]
#[path = "../trees.rs"]
mod trees;

mod panic {
    //! What the lamps can be given elsewhere.

    /// Not used here.
    #[allow(dead_code, reason = "named by the lamps' messages")]
    #[derive(Debug)]
    pub(crate) struct Bomb;
}
