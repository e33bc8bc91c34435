//! A function process ends with a reason, or with nothing.

use actor_core::{Inbox, Message, spawn_fn};

struct Ping;

impl Message for Ping {
    type Reply = ();
}

fn main() {
    let _ = spawn_fn(async |mut inbox: Inbox<Ping>| {
        inbox.receive().await;
        42
    });
}
