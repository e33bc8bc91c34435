use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;

#[machine(initial = Locked)]
impl Door {
    #[cast(on_err = crash)]
    fn push(&mut self) -> Result<(), String> { Ok(()) }
    #[call(within = Locked)]
    fn pull(&mut self) {}
}

fn main() {}
