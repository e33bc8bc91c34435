use actor_core::prelude::*;

#[derive(Process)]
struct Ledger;
#[handlers]
impl Ledger {}

#[derive(Supervisor)]
struct Bank;

#[supervisor]
impl Bank {
    #[child(partitions = 2)]
    fn ledger(&self) -> Ledger { Ledger }

    #[child]
    fn audit(&self, ledger: LedgerRef) -> Ledger { drop(ledger); Ledger }
}

fn main() {}
