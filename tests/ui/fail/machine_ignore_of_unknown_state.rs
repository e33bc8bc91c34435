use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;
struct Open;

#[machine(initial = Locked)]
impl Door {
    #[cast(in = Locked, ignore = Opened)]
    fn push(&mut self) -> To<Open> { To::state(Open) }
}

fn main() {}
