//! What processes hold in services beside them: groups, tables, keys; and applications.

mod applications;
#[path = "../both.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod both;
mod derived;
mod ends;
mod groups;
mod keyed;
#[path = "../kit.rs"]
#[allow(dead_code, reason = "shared with the tests of processes, which use all of it")]
mod kit;
mod ordered;
mod scenarios;
mod scopes;
#[path = "../signals/scribe.rs"]
#[allow(dead_code, reason = "shared with the tests of signals, which use all of it")]
mod scribe;
mod tables;
