use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;
struct Broken;

#[machine(initial = Locked)]
impl Door {
    #[cast(in = Locked, postpone = Broken)]
    fn push(&mut self) -> To<Broken> { To::state(Broken) }
}

fn main() {}
