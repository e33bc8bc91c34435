use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;
struct Locked;

#[machine(initial = Locked)]
impl Door {
    #[cast]
    fn push(&mut self, cx: &mut Context<Self>) {}
    #[cast]
    fn pull(&mut self, cx: StateContext<Self>) {}
}

fn main() {}
