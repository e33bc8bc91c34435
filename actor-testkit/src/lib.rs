//! Runs actor-core processes under virtual time and a seeded schedule.
//!
//! The processes are the real ones, with their real inboxes, signals, timers and supervisors; what
//! is replaced is everything that differs from run to run: the order in which mail arrives, the
//! clock, and random numbers.

mod choice;
mod path;
mod report;
mod rng;
mod tape;
mod trace;
