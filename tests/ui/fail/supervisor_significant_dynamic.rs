use actor_core::prelude::*;

#[derive(Process)]
struct Ledger;
#[handlers]
impl Ledger {}

#[derive(Supervisor)]
struct Bank;

#[supervisor(auto_shutdown = any_significant)]
impl Bank {
    #[child(significant, dynamic, restart = transient)]
    fn ledger(&self) -> Ledger { Ledger }
}

fn main() {}
