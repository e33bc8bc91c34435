use actor_core::prelude::*;

#[derive(Process)]
struct Ledger;
#[handlers]
impl Ledger {}

#[derive(Supervisor)]
struct Bank;

#[supervisor(auto_shutdown = all)]
impl Bank {
    #[child(significant, restart = transient)]
    fn ledger(&self) -> Ledger { Ledger }
}

fn main() {}
