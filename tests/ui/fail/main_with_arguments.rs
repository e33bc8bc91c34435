#[actor_core::main]
async fn main(name: String) { let _ = name; }
