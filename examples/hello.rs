//! A process and a call. Run: `cargo run -p examples --bin hello`. Next: `counter.rs`.

use actor_core::prelude::*;

/// Greets people and counts them.
#[derive(Process)]
struct Greeter {
    greeted: u32,
}

#[handlers]
impl Greeter {
    #[call]
    fn greet(&mut self, name: String) -> String {
        self.greeted += 1;
        format!("Hello, {name}! You are guest {}.", self.greeted)
    }
}

#[actor_core::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let greeter = Greeter { greeted: 0 }.start().await?;
    println!("{}", greeter.greet("Joe".into()).await?);
    println!("{}", greeter.greet("Robert".into()).await?);
    Ok(())
}
