use actor_core::prelude::*;

#[derive(Process)]
struct Ledger;
#[handlers]
impl Ledger {}

#[derive(Supervisor)]
struct Bank;

#[supervisor]
impl Bank {
    #[child(keep_mailbox, restart = temporary)]
    fn ledger(&self) -> Ledger { Ledger }
}

fn main() {}
