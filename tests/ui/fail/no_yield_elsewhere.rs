//! `#[no_yield]` leaves a check out, so it stands where there would be one.
use actor_core::prelude::*;

#[derive(Process)]
struct Archive;

#[handlers]
impl Archive {
    #[call]
    async fn pack(&mut self, files: u64) -> u64 {
        #[no_yield]
        let mut packed = 0;
        #[no_yield]
        if files > 0 {
            packed += 1;
        }
        #[no_yield(always)]
        for _ in 0..files {
            packed += async { 1 }.await;
        }
        packed
    }

    #[call]
    fn count(&self, files: u64) -> u64 {
        let mut count = 0;
        #[no_yield]
        while count < files {
            count += 1;
        }
        count
    }
}

fn main() {}
