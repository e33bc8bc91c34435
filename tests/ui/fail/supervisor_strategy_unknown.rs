use actor_core::prelude::*;

#[derive(Process)]
struct Ledger;
#[handlers]
impl Ledger {}

#[derive(Supervisor)]
struct Bank;

#[supervisor(strategy = one_for_al)]
impl Bank {
    #[child(restart = transiant, shutdown = brutal_kil)]
    fn ledger(&self) -> Ledger { Ledger }
}

fn main() {}
