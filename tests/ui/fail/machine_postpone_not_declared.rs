use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;
struct Open;

#[machine(initial = Locked)]
impl Door {
    #[cast]
    fn push(&mut self) -> To<Open> { To::postpone() }
}

fn main() {}
