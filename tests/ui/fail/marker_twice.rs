use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[call]
    #[call]
    fn a(&self) -> u8 { 0 }
    #[call]
    #[cast]
    fn b(&mut self) {}
}

fn main() {}
