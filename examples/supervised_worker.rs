//! A worker that panics, and a supervisor that starts it again.
//!
//! The panic is the worker's exit and nobody else's. Its caller learns of it at once; the ref stays
//! good, because it names the child and not one process: a call that meets the gap waits for the
//! next one. The crash is reported, by `tracing` if the program has a subscriber, else on stderr.
//!
//! Run: `cargo run -p examples --bin supervised_worker`. Next: `supervision_tree.rs`.

use actor_core::prelude::*;

/// Divides, and counts how often it did.
#[derive(Process)]
struct Divider {
    done: u32,
}

#[handlers]
impl Divider {
    #[call]
    fn divide(&mut self, a: u32, b: u32) -> u32 {
        let quotient = a / b;
        self.done += 1;
        quotient
    }

    #[call]
    fn done(&self) -> u32 {
        self.done
    }
}

/// Keeps a divider running. It has no arguments, so it has no fields.
#[derive(Supervisor)]
struct School;

#[supervisor(intensity = 2, period = "5s")]
impl School {
    /// Runs inside the new process, at the first start and at each restart.
    #[child]
    fn divider(&self) -> Divider {
        Divider { done: 0 }
    }
}

#[actor_core::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let school = School.start().await?;
    let divider = school.divider();
    // Resolves when the supervisor has ended; asked for now, while it surely runs.
    let closed = school.closed();

    println!("12 / 3 = {}", divider.divide(12, 3).await?);
    println!("12 / 4 = {}", divider.divide(12, 4).await?);
    println!("done: {}", divider.done().await?);

    for restart in 1..=2 {
        println!("12 / 0 = {}", divider.divide(12, 0).await.unwrap_err());
        println!("done: {} after restart {restart}", divider.done().await?);
    }

    // The third crash within the period is one too many: the supervisor gives up.
    println!("12 / 0 = {}", divider.divide(12, 0).await.unwrap_err());
    println!("supervisor: {}", closed.await);
    println!("done: {}", divider.done().await.unwrap_err());
    Ok(())
}
