use actor_core::prelude::*;

#[derive(Process)]
struct Ledger;
#[handlers]
impl Ledger {}

#[derive(Supervisor)]
struct Bank;

#[supervisor]
impl Bank {
    #[child(partitions, count = 2)]
    fn ledger(&self) -> Ledger { Ledger }
}

fn main() {}
