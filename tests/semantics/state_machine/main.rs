//! State machines: what `gen_statem` promises, theme 11 of OTP's observable semantics, on the real
//! scheduler and under a thousand schedules of the simulation.
//!
//! A test is named as the sentence it checks, and its doc comment opens with the rule's number. The
//! playground of most is [`rig`]: a machine that does what it is told and writes down what happens.

mod both;
mod bounds;
mod ends;
#[allow(dead_code, reason = "shared with the other semantics tests")]
#[path = "../kit.rs"]
mod kit;
mod order;
mod parameters;
mod processes;
mod rig;
mod shapes;
mod timeouts;
