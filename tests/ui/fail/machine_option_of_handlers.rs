use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;

#[machine(initial = Locked)]
impl Door {
    #[cast(blocking)]
    fn push(&mut self) {}
    #[call(within = Locked)]
    fn pull(&mut self) {}
}

fn main() {}
