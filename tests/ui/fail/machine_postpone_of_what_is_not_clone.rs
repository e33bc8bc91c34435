use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;
struct Open;
struct Key;

#[machine(initial = Locked)]
impl Door {
    #[cast]
    fn unlock(&mut self, key: Key) -> To<(Open, Postpone)> { drop(key); To::postpone() }
}

fn main() {}
