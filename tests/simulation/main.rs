//! The testkit under test, and the framework under the testkit.
//!
//! Tests that must fail are run as a library would run them, so that their reports can be read; the
//! others are what a user writes.

mod exits;
mod exploring;
mod failures;
mod floods;
mod forest;
mod model;
mod probes;
mod programs;
mod reductions;
mod supervision;
mod time;
mod trees;
