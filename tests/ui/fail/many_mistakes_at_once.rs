use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[call]
    fn a(self, _name: &str) -> &str { "" }
    #[cast]
    fn b(&mut self) -> u8 { 0 }
    #[call]
    fn fine(&self) -> u8 { 0 }
}

fn uses(account: &AccountRef) {
    let _ = account.fine();
}

fn main() {}
