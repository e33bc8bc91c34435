use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[cast]
    fn rename(&mut self, name: impl Into<String>) { let _: String = name.into(); }
}

fn main() {}
