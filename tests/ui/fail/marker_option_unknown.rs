use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[call(timout = "5s")]
    fn a(&self) -> u8 { 0 }
    #[init(x = 1)]
    fn b(&mut self) {}
}

fn main() {}
