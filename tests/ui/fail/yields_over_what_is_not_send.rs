//! A check is an `.await` at the head of the loop: what the loop binds is held over it.
use actor_core::prelude::*;

#[derive(Process)]
struct Archive;

#[handlers]
impl Archive {
    #[call(yields)]
    async fn pack(&mut self, files: u64) -> u64 {
        let mut packed = 0;
        for file in (0..files).map(std::rc::Rc::new) {
            packed += *file;
        }
        packed
    }
}

fn main() {}
