use actor_core::{CallFailure, prelude::*};

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[call]
    fn rename(&mut self, name: &str) -> usize { name.len() }
}

async fn uses(account: &AccountRef) -> Result<usize, CallFailure> {
    account.rename("Ann").await
}

fn main() { let _ = uses; }
