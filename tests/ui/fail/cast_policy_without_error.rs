use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[cast(on_err = crash)]
    fn deposit(&mut self) {}
}

fn main() {}
