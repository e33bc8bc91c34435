use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;

#[machine(initial = Locked)]
impl Door {
    #[cast(in = Locked)]
    fn push(&mut self) {}
    #[cast(in = Locked, event = push)]
    fn push_again(&mut self) {}
    #[cast(ignore = _)]
    fn pull(&mut self) {}
}

fn main() {}
