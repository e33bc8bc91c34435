use actor_core::prelude::*;

struct Locked;

#[derive(StateMachine)]
struct Gate<T>(T);

#[machine(initial = Locked)]
impl<T> Gate<T> {
    #[cast]
    fn push(&mut self) {}
}

fn main() {}
