//! OTP's signals: life cycle, exits, links, monitors, aliases, their order, priority messages,
//! names, timers. Each test's number is that of the item in the tables of `actor-core/src/otp`,
//! which also say what is tested elsewhere.

#[path = "../both.rs"]
#[allow(dead_code, reason = "other suites use the rest")]
mod both;
#[path = "../kit.rs"]
#[allow(dead_code, reason = "shared with the other semantics, which use more of it")]
mod kit;
mod scribe;

mod aliases;
mod deliveries;
mod exits;
mod life;
mod links;
mod monitors;
mod names;
mod order;
mod priority;
mod relations;
mod starts;
mod timers;
