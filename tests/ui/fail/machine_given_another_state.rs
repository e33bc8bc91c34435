use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;
struct Open { by: u32 }

#[machine(initial = Locked)]
impl Door {
    #[cast(in = Locked)]
    fn push(&mut self, open: &mut Open) { open.by += 1 }
    #[cast]
    fn pull(&mut self, open: &mut Open, locked: &mut Locked) -> To<Open> { To::keep() }
}

fn main() {}
