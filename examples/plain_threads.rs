//! A program without any executor: plain threads, and `.blocking()`.
//!
//! Run: `cargo run -p examples --bin plain_threads`. Next: `testing.rs`.

use std::{error::Error, thread};

use actor_core::prelude::*;

/// Collects words.
#[derive(Process, Default)]
struct Words {
    words: Vec<String>,
}

#[handlers]
impl Words {
    #[call]
    fn add(&mut self, word: String) -> usize {
        self.words.push(word);
        self.words.len()
    }

    #[call]
    fn sorted(&self) -> Vec<String> {
        let mut words = self.words.clone();
        words.sort();
        words
    }

    /// What a process must not do.
    #[call]
    fn block(&self, other: WordsRef) -> String {
        match other.sorted().blocking() {
            Ok(words) => format!("{words:?}"),
            Err(failure) => failure.to_string(),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::builder().workers(2).name("words").build()?;
    let words = runtime.spawn(Words::default())?;

    thread::scope(|scope| {
        let threads = ["beam", "actor", "cell"].map(|word| {
            let words = words.clone();
            scope.spawn(move || words.add(word.into()).blocking())
        });
        let added = threads.map(|thread| thread.join().expect("it does not panic"));
        println!("all are in: {}", added.iter().all(Result::is_ok));
    });
    println!("{:?}", words.sorted().blocking()?);

    // The free functions want a runtime that is entered on this thread.
    println!("without one: {}", spawn(Words::default()).unwrap_err());
    let entered = runtime.enter();
    let other = spawn(Words::default())?;
    drop(entered);

    // Inside a process, blocking is an error and not a blocked worker.
    println!("in a process: {}", words.block(other).blocking()?);

    // A whole future can be driven here as well.
    let sum = runtime.block_on(async {
        let first = words.add("d".into()).await?;
        let second = words.add("e".into()).await?;
        Ok::<usize, CallFailure>(first + second)
    })?;
    println!("sum of the lengths: {sum}");

    println!("stopped: {}", words.stop(ExitReason::Shutdown).blocking());
    runtime.shutdown()?;
    Ok(())
}
