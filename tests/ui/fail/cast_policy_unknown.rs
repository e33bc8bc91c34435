use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[cast(on_err = crush)]
    fn deposit(&mut self) -> Result<(), String> { Ok(()) }
}

fn main() {}
