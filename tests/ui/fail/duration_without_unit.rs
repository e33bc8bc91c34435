use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[call(timeout = 5)]
    fn a(&self) -> u8 { 0 }
    #[call(timeout = "5")]
    fn b(&self) -> u8 { 0 }
    #[call(timeout = "5 days")]
    fn c(&self) -> u8 { 0 }
}

fn main() {}
