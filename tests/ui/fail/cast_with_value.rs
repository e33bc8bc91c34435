use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[cast]
    fn deposit(&mut self) -> u64 { 1 }
}

fn main() {}
