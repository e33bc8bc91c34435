use actor_core::prelude::*;

#[derive(Process)]
struct Account;

fn main() { let _ = spawn(Account); }
