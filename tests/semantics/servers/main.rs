//! Servers: what OTP promises of `gen_server` and of `sys`, on the real scheduler, and where order
//! or time matters under the simulation.
//!
//! A test is named as the sentence it checks; its doc comment opens with the number of OTP's rule.

#[path = "../both.rs"]
#[allow(dead_code, reason = "the other programs use the rest")]
mod both;
#[path = "../kit.rs"]
#[allow(dead_code, reason = "the other programs use the rest")]
mod kit;

mod debug;
mod hibernate;
mod idle;
mod info;
mod init;
mod many;
mod reasons;
mod scenarios;
mod server;
mod stop;
mod suspend;
mod sys;
