//! What processes hold in services beside them: groups, tables, keys; and applications.

mod applications;
mod derived;
mod ends;
mod groups;
mod keyed;
#[path = "../kit.rs"]
#[allow(dead_code, reason = "shared with the tests of processes, which use all of it")]
mod kit;
mod ordered;
mod scopes;
mod tables;
