use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;
struct Open;

#[machine(initial = Locked)]
impl Door {
    #[enter(Locked)]
    fn locked(&mut self) -> To<Open> { To::state(Open) }
}

fn main() {}
