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
    fn teller(&self) -> Ledger { Ledger }
    #[child]
    fn alice(&self, teller: LedgerRef) -> Ledger { let _ = teller; Ledger }
}

fn main() {}
