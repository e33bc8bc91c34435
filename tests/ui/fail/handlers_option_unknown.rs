use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers(nam = AdminMessage)]
impl Account {
    #[cast]
    fn a(&mut self) {}
}

fn main() {}
