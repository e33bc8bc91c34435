use actor_core::prelude::*;

#[derive(Process)]
struct Ledger;
#[handlers]
impl Ledger {}

#[derive(Supervisor)]
struct Bank;

#[supervisor]
impl Bank {
    #[child(backoff = "30s..100ms")]
    fn ledger(&self) -> Ledger { Ledger }
}

fn main() {}
