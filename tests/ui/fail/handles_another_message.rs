use actor_core::{Address, Handle, prelude::*};

#[derive(Process)]
struct Account;
#[handlers]
impl Account {}

#[derive(Process)]
struct Ledger;
#[handlers]
impl Ledger {}

fn other(ledger: &LedgerRef) -> Option<Address<AccountMessage>> {
    ledger.narrow::<Ledger, AccountMessage>()
}

fn speaks<P: Handle<AccountMessage>>() {}

fn main() { let _ = (other, speaks::<Ledger>); }
