use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[call]
    const fn a(&self) -> u8 { 0 }
    #[call]
    unsafe fn b(&self) -> u8 { 0 }
    #[call]
    extern "C" fn c(&self) -> u8 { 0 }
}

fn main() {}
