use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;

#[machine(initial = Locked)]
impl Door {
    #[timeout(state, name = "grace")]
    fn grace(&mut self) {}
}

fn main() {}
