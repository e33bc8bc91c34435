use std::error::Error;

#[actor_core::main]
async fn run() -> Result<(), Box<dyn Error>> {
    "1".parse::<u8>()?;
    Ok(())
}

fn main() { let _ = run; }
