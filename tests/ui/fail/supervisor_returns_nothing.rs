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
    fn ledger(&self) {}
    #[child]
    fn other(&self) -> impl Start { Ledger }
}

fn main() {}
