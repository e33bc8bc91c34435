use actor_core::attr::{call, child};

struct Account;

impl Account {
    #[call]
    fn balance(&self) -> u8 { 0 }
    #[child]
    fn ledger(&self) -> u8 { 0 }
}

fn main() { let _ = (Account.balance(), Account.ledger()); }
