#[actor_core::main]
fn main() {}
