use actor_core::prelude::*;

#[derive(Process)]
struct Ledger;
#[handlers]
impl Ledger {}

#[derive(Supervisor)]
struct Bank;

#[supervisor]
impl Bank {
    #[child(key = name)]
    fn ledger(&self) -> Ledger { Ledger }
}

fn main() {}
