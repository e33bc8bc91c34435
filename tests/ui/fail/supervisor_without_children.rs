use actor_core::prelude::*;

#[derive(Supervisor)]
struct Bank;

fn main() { let _ = start(Bank); }
