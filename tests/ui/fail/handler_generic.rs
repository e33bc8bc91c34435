use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[cast]
    fn put<T: Send>(&mut self, value: T) { let _ = value; }
}

fn main() {}
