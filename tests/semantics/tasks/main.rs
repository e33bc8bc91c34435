//! Function processes, tasks, agents and event managers (OTP 7.1 to 7.4, 12, 15.5 to 15.8).
//!
//! What is about time or order also runs under the simulation, with a thousand schedules.

mod agent;
#[path = "../both.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod both;
mod event;
mod function;
mod kit;
mod mailbox;
mod receive;
mod stream;
mod task;
