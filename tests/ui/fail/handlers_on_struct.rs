use actor_core::prelude::*;

#[handlers]
pub struct Account;

fn main() { let _ = Account; }
