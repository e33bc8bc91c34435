use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;
struct Open;

#[machine(initial = Locked)]
impl Door {
    #[cast(in = Locked)]
    fn push(&mut self) -> To<Open> { To::state(Open) }
    #[cast(in = Opne, event = push)]
    fn push_again(&mut self) {}
}

fn main() {}
