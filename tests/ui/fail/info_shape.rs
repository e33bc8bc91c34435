use actor_core::prelude::*;

struct Tick;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[info]
    fn nothing(&mut self, _cx: &mut Context<Self>) {}
    #[info]
    fn two(&mut self, _tick: Tick, _again: Tick) {}
    #[info]
    fn borrowed(&mut self, _word: &str) {}
}

fn main() {}
