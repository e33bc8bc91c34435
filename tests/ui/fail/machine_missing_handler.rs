use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;
struct Open;
struct Broken;

#[machine(initial = Locked)]
impl Door {
    #[call(in = Locked)]
    fn push(&mut self) -> To<(Open, Broken), u8> { To::state(Open).reply(1) }
}

fn main() {}
