use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[call(timeout = "5s", timeout = "6s")]
    fn a(&self) -> u8 { 0 }
}

fn main() {}
