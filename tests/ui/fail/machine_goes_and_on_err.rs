use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;

#[machine(initial = Locked)]
impl Door {
    #[call(on_err = crash)]
    fn push(&mut self) -> To<(), Result<u8, String>> { To::keep().reply(Ok(1)) }
}

fn main() {}
