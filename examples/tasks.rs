//! Tasks: work with a result, beside what one is doing. And agents, for state without messages.
//!
//! A task is a process, linked to its owner, and its result is awaited like that of a call. Many
//! items are a stream of tasks, so many at a time. What may crash alone goes under a task
//! supervisor.
//!
//! Run: `cargo run -p examples --bin tasks`. Next: `inside_tokio.rs`.

use std::time::Duration;

use actor_core::{
    agent::Agent,
    prelude::*,
    sleep,
    task::{Task, TaskError, TaskSupervisor, async_stream, await_many},
};

/// Takes a while.
async fn square(n: u64) -> u64 {
    sleep(Duration::from_millis(10 - n)).await;
    n * n
}

#[actor_core::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Two at once, and something else meanwhile.
    let (three, four) = (Task::spawn(square(3))?, Task::spawn(square(4))?);
    println!("both are on their way");
    println!("{}", three.await? + four.await?);

    // One that takes too long can be asked again, and ended.
    let mut endless = Task::spawn(std::future::pending::<()>())?;
    for _ in 0..2 {
        assert!(endless.yield_for(Duration::from_millis(1)).await.is_none());
    }
    println!("still nothing; ended: {:?}", endless.shutdown(Duration::from_secs(1)).await);

    // Several, with one deadline for all.
    let limit = Duration::from_millis(200);
    let slow = async {
        sleep(Duration::from_secs(60)).await;
        0
    };
    let tasks = [Task::spawn(square(5))?, Task::spawn(slow)?];
    for result in await_many(tasks, limit).await {
        match result {
            Ok(square) => println!("{square} in time"),
            Err(TaskError::Timeout(limit)) => println!("nothing within {limit:?}"),
            Err(error) => println!("{error}"),
        }
    }

    // Many, three at a time, in their order; what they find is kept by an agent.
    let found = Agent::spawn(Vec::new())?;
    let mut squares = async_stream(1..=9, square).max_concurrency(3);
    while let Some(square) = squares.next().await {
        let square = square?;
        found.cast(move |found| found.push(square))?;
    }
    println!("{:?}", found.get(|found| found.clone()).await?);

    // A crash under a task supervisor is an error, and no more.
    let tasks = TaskSupervisor::new().start().await?;
    let doomed = tasks.async_nolink(async { Vec::<u64>::new()[0] }).await?;
    println!("it crashed: {}", doomed.await.is_err());
    Ok(())
}
