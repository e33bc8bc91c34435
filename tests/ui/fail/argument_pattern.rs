use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[cast]
    fn shift(&mut self, (x, y): (u8, u8)) { let _ = (x, y); }
    #[cast]
    fn ignore(&mut self, _: u8) {}
}

fn main() {}
