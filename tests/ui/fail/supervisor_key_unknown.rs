use actor_core::prelude::*;

#[derive(Process)]
struct Ledger;
#[handlers]
impl Ledger {}

#[derive(Supervisor)]
struct Bank;

#[supervisor]
impl Bank {
    #[child(dynamic, key = nam)]
    fn ledger(&self, name: String) -> Ledger { drop(name); Ledger }
}

fn main() {}
