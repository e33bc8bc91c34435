//! What can be seen of a runtime and its processes, and what its scheduler and limits promise: the
//! themes 21 and 22 of OTP's semantics.
//!
//! A test is named as the sentence it checks; its doc comment opens with the number of OTP's rule.

#[path = "../both.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod both;
mod info;
#[path = "../kit.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod kit;
mod processes;
mod scenarios;
mod scheduling;
#[path = "../signals/scribe.rs"]
#[allow(dead_code, reason = "shared with the tests of signals, which use all of it")]
mod scribe;
mod snapshots;
mod system;
mod traced_order;
mod tracing;
