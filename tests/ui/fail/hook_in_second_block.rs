use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {}

#[handlers(name = AdminMessage)]
impl Account {
    #[init]
    fn begin(&mut self) {}
}

fn main() {}
