use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[call(on_err = crash)]
    fn balance(&self) -> u64 { 0 }
    #[call(on_err = log)]
    fn withdraw(&mut self) -> Result<u64, String> { Ok(0) }
}

fn main() {}
