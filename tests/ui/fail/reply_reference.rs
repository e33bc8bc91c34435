use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[call]
    fn name(&self) -> &str { "" }
}

fn main() {}
