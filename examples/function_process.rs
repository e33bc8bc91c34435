//! Function processes: one async function that receives its mail itself, and chooses what.
//!
//! Handlers take messages as they come. Where the order depends on what was said before, a function
//! reads better: a receive takes the oldest message that matches, and leaves all others where they
//! are. The end of a monitored process comes in the same inbox, and a receive may give up.
//!
//! Run: `cargo run -p examples --bin function_process`. Next: `tasks.rs`.

use std::time::Duration;

use actor_core::{Address, Inbox, Item, Message, prelude::*, spawn_fn};

/// What a ward is told.
enum Ward {
    /// Somebody waits, with so much pain.
    Patient { name: &'static str, pain: u32 },
    /// The doctor has time.
    Open,
}

impl Message for Ward {
    /// When it was their turn.
    type Reply = u32;
}

/// Whoever is in pain comes first; then, in order, whoever came.
async fn ward(mut inbox: Inbox<Ward>) {
    // Until then nobody is seen, and nobody is lost.
    inbox.receive_match(|it| matches!(it, Ward::Open)).await;
    for turn in 1.. {
        let in_pain = |it: &Ward| matches!(it, Ward::Patient { pain: 7.., .. });
        let urgent = inbox.receive_match(in_pain).after(Duration::ZERO).await;
        let next = match urgent {
            Some(patient) => Some(patient),
            None => inbox.receive().after(Duration::from_millis(20)).await,
        };
        let Some(patient) = next else { break };
        if let Ward::Patient { name, pain } = patient.message {
            println!("{turn}. {name}, pain {pain}");
        }
        patient.reply.send(turn);
    }
    println!("nobody is left");
}

/// Sends for the doctor, and waits for the end of the ward.
async fn reception(mut inbox: Inbox<Ward>, ward: Address<Ward>) -> Result<(), ExitReason> {
    let monitor = inbox.monitor(&ward);
    ward.send(Ward::Open)?;
    loop {
        match inbox.receive_any().await {
            Item::Down(down) if down.monitor == monitor => {
                println!("the ward has closed: {}", down.reason);
                return Err(ExitReason::other("nothing left to do"));
            }
            Item::Message(_) | Item::Exit { .. } | Item::Down(_) => {}
        }
    }
}

#[actor_core::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ward = spawn_fn(ward)?;
    let patients = [("Ann", 3), ("Ben", 9), ("Cleo", 1), ("Dan", 7)];
    let calls: Vec<_> = patients
        .map(|(name, pain)| ward.call_message(Ward::Patient { name, pain }).request())
        .into_iter()
        .collect();
    let ends = spawn_fn(|inbox| reception(inbox, ward))?.closed();
    for ((name, _), call) in patients.into_iter().zip(calls) {
        let turn = call.await?;
        assert!(turn <= 4, "{name} was number {turn}");
    }
    println!("reception: {}", ends.await);
    Ok(())
}
