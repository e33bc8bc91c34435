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
    #[child]
    fn alice(&self, leger: LedgerRef) -> Ledger { let _ = leger; Ledger }
    #[child]
    fn bob(&self, size: usize) -> Ledger { let _ = size; Ledger }
}

fn main() {}
