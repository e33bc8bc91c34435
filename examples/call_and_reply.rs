//! What a call can be, and the usual ways in which it fails; `CallFailure` has all.
//!
//! A call whose handler cannot fail is a `Result<T, CallFailure>`. If the handler returns a
//! `Result<T, E>`, the call is a `Result<T, CallError<E>>`: the handler's error, or a failure on
//! the way. A handler that takes a `Reply<T>` answers when it likes, and serves others meanwhile.
//!
//! Run: `cargo run -p examples --bin call_and_reply`. Next: `supervised_worker.rs`.

use std::{fmt, time::Duration};

use actor_core::prelude::*;

/// There is less than that.
#[derive(Clone, Debug, PartialEq)]
struct Overdrawn {
    left: u64,
}

impl fmt::Display for Overdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "overdrawn, only {} left", self.left)
    }
}

impl std::error::Error for Overdrawn {}

/// A till, and the people who wait for it to open.
#[derive(Process, Default)]
struct Till {
    cash: u64,
    queue: Vec<Reply<String>>,
}

#[handlers]
impl Till {
    #[cast]
    fn pay_in(&mut self, amount: u64) {
        self.cash += amount;
    }

    /// Takes money out; refused if there is not enough.
    #[call]
    fn pay_out(&mut self, amount: u64) -> Result<u64, Overdrawn> {
        self.cash = self.cash.checked_sub(amount).ok_or(Overdrawn { left: self.cash })?;
        Ok(self.cash)
    }

    /// Answered by the next `open`.
    #[call]
    fn wait(&mut self, reply: Reply<String>) {
        self.queue.push(reply);
    }

    #[call]
    fn open(&mut self) -> usize {
        let waiting = self.queue.len();
        for (place, reply) in self.queue.drain(..).enumerate() {
            reply.send(format!("served as number {}", place + 1));
        }
        waiting
    }

    /// Sends everybody home without an answer.
    #[cast]
    fn close(&mut self) {
        self.queue.clear();
    }

    #[call]
    fn cash(&self) -> u64 {
        self.cash
    }

    /// While this waits for the other till, messages to this one wait too.
    #[call]
    async fn cash_with(&mut self, other: TillRef) -> Result<u64, CallFailure> {
        Ok(self.cash + other.cash().await?)
    }
}

#[actor_core::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let till = Till::default().start().await?;
    till.pay_in(100)?;

    println!("pay out 30: {:?}", till.pay_out(30).await);
    match till.pay_out(90).await {
        Err(CallError::Handler(Overdrawn { left })) => println!("pay out 90: only {left} left"),
        other => println!("pay out 90: {other:?}"),
    }

    // `request` sends now and is awaited later. These two are open at once.
    let (first, second) = (till.wait().request(), till.wait().request());
    println!("open: {} waiting", till.open().await?);
    println!("first {}, second {}", first.await?, second.await?);

    // A `Reply` that is dropped fails its call at once; nobody waits for a timeout.
    let turned_away = till.wait().request();
    till.close()?;
    println!("closed: {}", turned_away.await.unwrap_err());

    // A call waits 5 s unless told otherwise.
    let hasty = till.wait().timeout(Duration::from_millis(1));
    println!("hasty: {}", hasty.await.unwrap_err());

    // A process may call others and wait; it cannot call itself.
    let other = Till { cash: 5, ..Till::default() }.start().await?;
    println!("with the other till: {}", till.cash_with(other).await?);
    println!("with itself: {}", till.cash_with(till.clone()).await.unwrap_err());

    till.kill();
    assert_eq!(till.closed().await, ExitReason::Killed);
    assert_eq!(till.open().await, Err(CallFailure::NoProc));
    println!("killed: {}", till.pay_out(1).await.unwrap_err());
    Ok(())
}
