use actor_core::prelude::*;

struct Tick;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[info]
    fn tick(&mut self, _tick: Tick) {}
    #[info]
    fn tock(&mut self, _tick: Tick) {}
}

fn main() {}
