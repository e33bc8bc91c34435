use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[cast]
    fn set(&mut self, #[cfg(unix)] value: u8) { let _ = value; }
}

fn main() {}
