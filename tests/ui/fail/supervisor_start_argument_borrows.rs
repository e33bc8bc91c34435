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
    fn teller(&self, name: &str) -> Ledger { let _ = name; Ledger }
}

fn main() {}
