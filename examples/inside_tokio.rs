//! A program of another executor: tokio tasks that call processes.
//!
//! A `Runtime` is a value with threads of its own. Refs work from anywhere: a call is a future that
//! any executor can await, its deadline included. What blocks (`shutdown`, or the drop of a
//! `Runtime`) belongs on a thread that may block.
//!
//! Run: `cargo run -p examples --bin inside_tokio`. Next: `plain_threads.rs`.

use std::error::Error;

use actor_core::prelude::*;

/// Counts the requests of a service.
#[derive(Process, Default)]
struct Stats {
    requests: u64,
    bytes: u64,
}

#[handlers]
impl Stats {
    #[cast]
    fn request(&mut self, bytes: u64) {
        self.requests += 1;
        self.bytes += bytes;
    }

    #[call]
    fn totals(&self) -> (u64, u64) {
        (self.requests, self.bytes)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::new()?;
    // The free functions need a runtime that is entered; the methods of a runtime work anywhere.
    let stats = runtime.start(Stats::default()).await?;

    let tasks: Vec<_> = (1..=10)
        .map(|size| {
            let stats = stats.clone();
            tokio::spawn(async move {
                stats.request(size * 100)?;
                // A cast and a call of one sender arrive in the order sent.
                let (requests, _) = stats.totals().await?;
                Ok::<bool, Box<dyn Error + Send + Sync>>(requests >= 1)
            })
        })
        .collect();
    let mut seen = 0;
    for task in tasks {
        seen += usize::from(task.await?.map_err(|error| error.to_string())?);
    }
    println!("{seen} tasks have seen their own request");
    let (requests, bytes) = stats.totals().await?;
    println!("{requests} requests, {bytes} bytes");

    // Waits until all processes have ended and all threads are joined.
    tokio::task::spawn_blocking(|| runtime.shutdown()).await??;
    println!("stats is alive: {}", stats.is_alive());
    println!("a call now: {}", stats.totals().await.unwrap_err());
    Ok(())
}
