use actor_core::prelude::*;

#[derive(Process)]
struct Ledger;
#[handlers]
impl Ledger {}

#[derive(Supervisor)]
struct Bank;

#[supervisor(intensity = 3, period = "0s")]
impl Bank {
    #[child]
    fn ledger(&self) -> Ledger { Ledger }
}

fn main() {}
