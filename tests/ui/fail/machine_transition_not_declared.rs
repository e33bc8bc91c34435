use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;
struct Open;
struct Broken;

#[machine(initial = Locked)]
impl Door {
    #[cast]
    fn push(&mut self) -> To<(Open, Locked)> { To::state(Broken) }
}

fn main() {}
