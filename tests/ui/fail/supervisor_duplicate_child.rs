use actor_core::prelude::*;

#[derive(Process)]
struct Ledger;
#[handlers]
impl Ledger {}

#[derive(Supervisor)]
struct Bank;

#[supervisor]
impl Bank {
    #[child]
    fn ledger(&self) -> Ledger { Ledger }
    #[child(count = 2)]
    fn shard(&self) -> Ledger { Ledger }
    #[child]
    fn shard_refs(&self) -> Ledger { Ledger }
}

fn main() {}
