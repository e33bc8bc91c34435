use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[cast]
    fn put(&mut self) where Self: Sized {}
}

fn main() {}
