use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[cast]
    fn tick(&mut self, cx: Context<Self>) { let _ = cx; }
}

fn main() {}
