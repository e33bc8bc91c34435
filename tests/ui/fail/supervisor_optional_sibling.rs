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
    fn audit(&self) -> Option<Ledger> { None }
    #[child(count = 2)]
    fn shard(&self, index: usize) -> Ledger { let _ = index; Ledger }
    #[child]
    fn alice(&self, audit: LedgerRef, shard: LedgerRef) -> Ledger { let _ = (audit, shard); Ledger }
}

fn main() {}
