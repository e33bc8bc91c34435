use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[cast]
    fn run(&mut self, job: dyn Fn()) { job() }
}

fn main() {}
