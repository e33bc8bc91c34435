use actor_core::prelude::*;

#[derive(Process)]
struct Ledger;
#[handlers]
impl Ledger {}

#[derive(Supervisor)]
struct Bank;

#[supervisor]
impl Bank {
    #[child(max_children = 100)]
    fn ledger(&self) -> Ledger { Ledger }
}

fn main() {}
