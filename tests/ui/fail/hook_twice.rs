use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[init]
    fn begin(&mut self) {}
    #[init]
    fn start(&mut self) {}
}

fn main() {}
