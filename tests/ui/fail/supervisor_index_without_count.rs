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
    fn shard(&self, index: usize) -> Ledger { let _ = index; Ledger }
}

fn main() {}
