use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[call]
    fn balance(self: Box<Self>) -> u8 { 0 }
}

fn main() {}
