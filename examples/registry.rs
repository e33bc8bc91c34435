//! Names: a process can be found by what it is for, and by its type.
//!
//! A name belongs to one live process of the runtime, and is free again when that process's end
//! can be seen. Prefer handing refs around, as supervisors do; names are for what is one of a kind.
//!
//! Run: `cargo run -p examples --bin registry`. Next: `groups_and_tables.rs`.

use actor_core::{RuntimeHandle, prelude::*};

/// Says a word.
#[derive(Process)]
struct Speaker {
    word: String,
}

#[handlers]
impl Speaker {
    #[call]
    fn word(&self) -> String {
        self.word.clone()
    }

    #[call]
    fn own_name(&self, cx: &mut Context<Self>) -> Option<String> {
        cx.name()
    }
}

/// Something else.
#[derive(Process)]
struct Wall;

#[handlers]
impl Wall {}

#[actor_core::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let hall = Speaker { word: "welcome".into() }.with().name("hall").start().await?;
    let wall = Wall.with().name("wall").start().await?;
    println!("its own name: {:?}", hall.own_name().await?);

    // Found by name, with its type.
    let found = SpeakerRef::whereis("hall")?.ok_or("nobody is in the hall")?;
    println!("{}, found: {}", found.word().await?, found.pid() == hall.pid());

    // Nobody has that name; somebody of another type has it.
    println!("cellar: {:?}", SpeakerRef::whereis("cellar")?);
    println!("wall: {}", SpeakerRef::whereis("wall").unwrap_err());
    println!("a wall: {}", WallRef::whereis("wall")?.is_some());

    let runtime = RuntimeHandle::current().ok_or("main runs in a runtime")?;
    println!("registered: {:?}", runtime.registered());

    // A name that is taken refuses the next.
    let second = Speaker { word: "go away".into() }.with().name("hall").start().await;
    match second {
        Err(StartError::NameTaken { name, pid }) => {
            println!("{name} is taken, by the first: {}", Some(pid) == hall.pid());
        }
        other => println!("second: {other:?}"),
    }

    // It is free when the process's end is seen.
    hall.stop(ExitReason::Normal).await;
    let next = Speaker { word: "welcome back".into() }.with().name("hall").start().await?;
    println!("{}, registered: {:?}", next.word().await?, runtime.registered());
    wall.stop(ExitReason::Normal).await;
    println!("registered: {:?}", runtime.registered());
    Ok(())
}
