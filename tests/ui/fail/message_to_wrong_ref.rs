use actor_core::prelude::*;

#[derive(Process)]
struct Account;
#[handlers]
impl Account {
    #[cast]
    fn deposit(&mut self, amount: u64) { let _ = amount; }
}

#[derive(Process)]
struct Ledger;
#[handlers]
impl Ledger {}

fn uses(ledger: &LedgerRef) {
    let _ = ledger.send(AccountMessage::Deposit { amount: 1 });
    let _ = ledger.deposit(1);
}

fn main() { let _ = uses; }
