//! The promises of the framework, one module each, on the real scheduler.
//!
//! A test is named as the sentence it checks; where OTP has the rule, its doc comment opens with
//! the rule's number in the checklist of OTP's observable semantics that this framework holds
//! itself to.

mod backpressure;
mod big_exits;
mod bulk;
mod call;
mod cast;
mod drops;
mod exit_reason;
mod foreign;
mod init;
mod kit;
mod limits;
mod link;
mod monitor;
mod order;
mod panic;
mod registry;
mod reply;
mod runtime;
mod runtime_drop;
mod simulated;
mod supervised_ref;
mod supervisor;
mod supervisor_stop;
mod terminate;
mod timer;
mod trap_exit;
mod trees;
mod workers;
mod yields;
