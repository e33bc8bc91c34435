use actor_core::prelude::*;

struct Account;

fn main() {
    let _ = spawn(Account);
    let _ = start(Account);
}
