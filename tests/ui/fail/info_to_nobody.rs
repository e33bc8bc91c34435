use actor_core::prelude::*;

struct Tick;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {}

fn main() {
    let account = spawn(Account).unwrap();
    let _ = account.info_address::<Tick>();
}
