use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[call]
    fn size(&self) -> u8 { 0 }
}

#[handlers(name = AdminMessage, derive(Clone))]
impl Account {
    #[call]
    fn reset(&mut self) -> Self { Account }
}

fn uses(account: &AccountRef) {
    let _ = (account.size(), account.reset());
    let _ = AdminMessage::Reset.clone();
}

fn main() { let _ = uses; }
