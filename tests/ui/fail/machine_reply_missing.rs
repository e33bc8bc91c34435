use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;
struct Open;

#[machine(initial = Locked)]
impl Door {
    #[call]
    fn push(&mut self) -> To<Open, bool> { To::state(Open) }
}

fn main() {}
