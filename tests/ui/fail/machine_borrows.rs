use actor_core::prelude::*;

struct Locked;

#[derive(StateMachine)]
struct Gate<'a>(&'a str);

#[machine(initial = Locked)]
impl<'a> Gate<'a> {
    #[cast]
    fn push(&mut self) {}
}

fn main() {}
