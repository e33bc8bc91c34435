use actor_core::prelude::*;

#[derive(StateMachine)]
struct Door;

fn main() {
    let _ = spawn(Door);
}
