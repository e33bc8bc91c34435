//! A plain `fn` cannot give way between two rounds of a loop.
use actor_core::prelude::*;

#[derive(Process)]
struct Archive;

#[handlers]
impl Archive {
    #[call(yields)]
    fn pack(&mut self, files: u64) -> u64 {
        (0..files).sum()
    }

    #[cast(yields)]
    fn check(&mut self) {}

    #[call(yields = true)]
    async fn list(&self) -> u64 { 0 }
}

fn main() {}
