use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[terminate]
    fn end(&mut self) -> u8 { 0 }
}

fn main() {}
