use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;

#[machine(initial = Locked)]
impl Door {
    #[enter(Locked)]
    fn locked(&mut self) {}
    #[enter]
    fn shut(&mut self, _locked: &Locked) {}
    #[enter]
    fn anywhere(&mut self) {}
}

fn main() {}
