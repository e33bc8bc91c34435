//! The life of a process: `#[init]`, casts and calls, `#[terminate]`, and what a ref says then.
//!
//! A cast is done when the message is in the mailbox; a call waits for the answer. Messages of one
//! sender are handled in the order sent, one at a time, so the call below sees all the casts.
//!
//! Run: `cargo run -p examples --bin counter`. Next: `call_and_reply.rs`.

use actor_core::prelude::*;

/// Counts.
#[derive(Process)]
struct Counter {
    count: i64,
}

#[handlers]
impl Counter {
    /// Runs before the first message; `start` returns when it is done.
    #[init]
    fn begin(&mut self) {
        println!("begin at {}", self.count);
    }

    /// Adds to the count. The method of `CounterRef` returns `Result<(), SendError>`.
    #[cast]
    fn add(&mut self, by: i64) {
        self.count += by;
    }

    /// The count. The method of `CounterRef` returns a `Call<i64>`, to be awaited.
    #[call]
    fn count(&self) -> i64 {
        self.count
    }

    /// Adds, and stops by itself when the count is `limit` or more.
    #[call]
    fn add_up_to(&mut self, limit: i64, by: i64, cx: &mut Context<Self>) -> i64 {
        self.count += by;
        if self.count >= limit {
            cx.stop(ExitReason::Normal);
        }
        self.count
    }

    /// Runs before the process ends.
    #[terminate]
    fn end(&mut self, reason: &ExitReason) {
        println!("end at {}: {reason}", self.count);
    }
}

#[actor_core::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let counter = Counter { count: 40 }.start().await?;
    counter.add(1)?;
    counter.add(1)?;
    println!("count: {}", counter.count().await?);

    // Stopped from outside: `stop` resolves when the process has ended, to its exit reason.
    let reason = counter.stop(ExitReason::Shutdown).await;
    println!("stopped: {reason}, alive: {}", counter.is_alive());

    // A ref outlives its process. Then a cast is refused, and a call fails.
    assert_eq!(counter.add(1), Err(SendError::NoProc));
    assert_eq!(counter.count().await, Err(CallFailure::NoProc));

    // Stopped from inside: the handler that asked for it still replies.
    let counter = Counter { count: 0 }.start().await?;
    println!("count: {}", counter.add_up_to(5, 3).await?);
    let count = counter.add_up_to(5, 3).await?;
    println!("closed: {}, count: {count}", counter.closed().await);
    Ok(())
}
