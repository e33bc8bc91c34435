use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[call]
    fn close(self) -> u8 { 0 }
}

fn main() {}
