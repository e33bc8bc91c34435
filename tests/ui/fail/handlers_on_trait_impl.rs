use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {}

trait Cache { fn get(&self) -> u8; }

#[handlers]
impl Cache for Account {
    #[call]
    fn get(&self) -> u8 { 0 }
}

fn main() {}
