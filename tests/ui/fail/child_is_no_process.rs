use actor_core::prelude::*;

struct Ledger;

#[derive(Supervisor)]
struct Bank;
#[supervisor]
impl Bank {
    #[child]
    fn ledger(&self) -> Ledger { Ledger }
}

fn main() {}
