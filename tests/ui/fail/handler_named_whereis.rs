use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[call]
    fn whereis(&self) -> u8 { 0 }
    #[call]
    fn clone(&self) -> u8 { 0 }
}

fn main() {}
