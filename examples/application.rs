//! A program of two applications: what depends on what, where their configuration comes from, and
//! how the program ends.
//!
//! Run: `cargo run -p examples --bin application`; with `SHOP_TILLS=3` before it there is one till
//! more. Next: `worker_pool.rs`.

use std::process::ExitCode;

use actor_core::{application::*, prelude::*};

#[derive(Supervisor)]
struct LedgerTree;

#[supervisor]
impl LedgerTree {}

/// The ledger: needs nothing, and has nothing to be configured.
#[derive(Application)]
struct Ledger;

#[application]
impl Ledger {
    #[start]
    fn start(&self) -> LedgerTree {
        println!("the ledger starts");
        LedgerTree
    }

    #[stop]
    fn stopped(&self) {
        println!("the ledger has stopped");
    }
}

#[derive(Process)]
struct Till {
    number: usize,
}

#[handlers]
impl Till {
    #[call]
    fn number(&self) -> usize {
        self.number
    }
}

#[derive(Supervisor)]
struct ShopTree {
    tills: usize,
}

#[supervisor]
impl ShopTree {
    #[child(count = self.tills)]
    fn till(&self, index: usize) -> Till {
        Till { number: index + 1 }
    }
}

/// The shop: its fields are its configuration.
#[derive(Application)]
struct Shop {
    #[env(default = 2)]
    tills: usize,
    greeting: String,
}

#[application(depends = [Ledger])]
impl Shop {
    #[start]
    fn start(&self) -> ShopTree {
        println!("the shop starts with {} tills", self.tills);
        ShopTree { tills: self.tills }
    }

    #[phase]
    async fn greet(&self, shop: &ShopTreeRef) -> Result<(), ExitReason> {
        let till = shop.till(0).ok_or(ExitReason::other("no till"))?;
        println!("{} at till {}", self.greeting, till.number().await?);
        Ok(())
    }

    #[stop]
    fn stopped(&self) {
        println!("the shop has stopped");
    }
}

#[actor_core::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let bare = Applications::new().load::<Shop>().load::<Ledger>().start().await?;

    // A start needs what the application depends on.
    let early = bare.start_application(Shop::NAME, RestartType::Permanent).await;
    println!("too early: {}", early.unwrap_err());

    println!("not configured: {}", bare.boot().await.unwrap_err());
    println!("running: {}", bare.which_applications().await?.len());
    bare.stop(ExitReason::Shutdown).await;

    let set = Applications::new().load::<Shop>().load::<Ledger>();
    let applications = set.set_env(Shop::NAME, "greeting", "welcome").start().await?;
    println!("started: {:?}", applications.boot().await?);
    applications.stop(ExitReason::Shutdown).await;
    Ok(applications.wait().await)
}
