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
    fn alice(&self, ledger: &LedgerRef) -> Ledger { let _ = ledger; Ledger }
}

fn main() {}
