use actor_core::prelude::*;

#[derive(Process)]
struct Ledger;
#[handlers]
impl Ledger {}

#[derive(Supervisor)]
struct Bank;

#[supervisor]
impl Bank {
    #[child(dynamic, count = 2)]
    fn teller(&self) -> Ledger { Ledger }
}

fn main() {}
