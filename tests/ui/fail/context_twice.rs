use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[cast]
    fn tick(&mut self, a: &mut Context<Self>, b: &mut Context<Self>) { let _ = (a, b); }
}

fn main() {}
