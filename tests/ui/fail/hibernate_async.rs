use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[hibernate]
    async fn shrink(&mut self) -> u8 {
        1
    }
}

fn main() {}
