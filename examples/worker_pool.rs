//! A pool: counted children, work given out in turn, and a crash in the middle of it.
//!
//! The refs of a counted child are numbered and stay good, so a pool is an index that goes round.
//! Requests are sent first and awaited afterwards, so that all workers are busy at once. A job that
//! ends its worker fails alone, with those that were already in that worker's mailbox; what is sent
//! later meets the next worker.
//!
//! Run: `cargo run -p examples --bin worker_pool`. Next: `function_process.rs`.

use actor_core::{Request, prelude::*};

/// Hashes texts.
#[derive(Process)]
struct Hasher {
    index: usize,
}

#[handlers]
impl Hasher {
    /// FNV-1a, and which worker did it.
    #[call]
    fn hash(&self, text: String) -> (usize, u64) {
        assert!(!text.is_empty(), "nothing to hash");
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        (self.index, text.bytes().fold(0xcbf2_9ce4_8422_2325, step))
    }
}

/// So many hashers.
#[derive(Supervisor)]
struct Pool {
    size: usize,
}

#[supervisor]
impl Pool {
    #[child(count = self.size)]
    fn hasher(&self, index: usize) -> Hasher {
        Hasher { index }
    }
}

/// Gives work to each in turn.
struct RoundRobin {
    workers: Vec<HasherRef>,
    next: usize,
}

impl RoundRobin {
    fn hash(&mut self, text: &str) -> Request<(usize, u64)> {
        let worker = &self.workers[self.next % self.workers.len()];
        self.next += 1;
        worker.hash(text.to_owned()).request()
    }
}

/// Awaits them in the order sent.
async fn show(jobs: Vec<(&str, Request<(usize, u64)>)>) {
    for (text, job) in jobs {
        match job.await {
            Ok((worker, hash)) => println!("worker {worker}: {text:?} is {hash:016x}"),
            Err(CallFailure::Exited(reason)) if reason.is_panic("nothing to hash") => {
                println!("{text:?} ended its worker");
            }
            Err(failure) => println!("{text:?}: {failure}"),
        }
    }
}

#[actor_core::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = Pool { size: 3 }.start().await?;
    let mut turns = RoundRobin { workers: pool.hasher_refs(), next: 0 };

    show(["one", "two", "three", "four"].map(|text| (text, turns.hash(text))).into()).await;
    // The fifth job goes to the second worker, and is bad.
    show(["", "six", "seven"].map(|text| (text, turns.hash(text))).into()).await;
    // The eighth goes to the second worker again, whether it is back yet or not.
    show(["eight", "nine"].map(|text| (text, turns.hash(text))).into()).await;

    for child in pool.which_children().await?.iter().rev() {
        println!("{}: {} restarts", child.id, child.restarts);
    }
    Ok(())
}
