use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;

#[machine(initial = Locked)]
impl Door {
    #[call]
    fn push(&mut self, reply: Reply<u8>) -> To<Postpone> { To::postpone() }
}

fn main() {}
