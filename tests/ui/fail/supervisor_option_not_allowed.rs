use actor_core::prelude::*;

#[derive(Process)]
struct Ledger;
#[handlers]
impl Ledger {}

#[derive(Supervisor)]
struct Bank;

#[supervisor]
impl Bank {
    #[child(dynamic)]
    fn teller(&self) -> Option<Ledger> { None }
    #[child(count = 2)]
    fn shard(&self) -> Option<Ledger> { None }
}

fn main() {}
