use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;
struct Broken;

#[machine(initial = Locked)]
impl Door {
    #[cast(in = Locked)]
    fn push(&mut self) {}
    #[cast(in = Broken, event = push)]
    fn push_in_vain(&mut self) -> To<Locked> { To::state(Locked) }
}

fn main() {}
