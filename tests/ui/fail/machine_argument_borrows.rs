use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;

#[machine(initial = Locked)]
impl Door {
    #[cast]
    fn push(&mut self, force: &String) {}
    #[cast(in = "Locked")]
    fn pull(&mut self) {}
}

fn main() {}
