use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[call]
    fn get_it(&self) -> u8 { 0 }
    #[call]
    fn get__it(&self) -> u8 { 0 }
}

fn main() {}
