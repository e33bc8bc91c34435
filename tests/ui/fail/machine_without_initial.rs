use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;

#[machine]
impl Door {
    #[cast(in = Locked)]
    fn push(&mut self) {}
}

fn main() {}
