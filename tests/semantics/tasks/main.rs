//! Function processes, tasks, agents and event managers (OTP 7.1 to 7.4, 12, 15.5 to 15.8).
//!
//! What is about time or order also runs under the simulation, with a thousand schedules.

mod agent;
mod both;
mod event;
mod function;
mod kit;
mod mailbox;
mod receive;
mod stream;
mod task;
