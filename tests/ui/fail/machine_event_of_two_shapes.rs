use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;
struct Open;

#[machine(initial = Locked)]
impl Door {
    #[call(in = Locked)]
    fn push(&mut self, force: u32) -> To<Open, bool> { To::state(Open).reply(force > 1) }
    #[call(in = Open, event = push)]
    fn push_again(&mut self, force: u8) -> bool { force > 1 }
}

fn main() {}
