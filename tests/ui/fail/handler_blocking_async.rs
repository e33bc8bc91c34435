//! A handler that awaits goes on at the workers, whatever it said.
use actor_core::prelude::*;

#[derive(Process)]
struct Archive;

#[handlers]
impl Archive {
    #[call(blocking)]
    async fn pack(&mut self) -> u64 {
        7
    }
}

fn main() {}
