use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {}

fn main() {
    let account = spawn(Account).unwrap();
    let _ = account.sys().get_state();
}
