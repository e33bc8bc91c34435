use actor_core::prelude::*;

#[derive(StateMachine)]
struct Gate<T> { none: Option<T> }

#[machine(initial = Empty)]
impl<T> Gate<T> {
    #[cast(in = Empty)]
    fn put(&mut self, value: T) -> To<T> { To::state(value) }
    #[cast(in = T)]
    fn take(&mut self) -> To<Empty> { To::state(Empty) }
}

struct Empty;

fn main() {}
