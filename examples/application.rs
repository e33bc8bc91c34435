//! A program of two applications: what depends on what, where their configuration comes from, and
//! how the program ends.
//!
//! Run: `cargo run -p examples --bin application`; with `SHOP_TILLS=3` before it there is one till
//! more. Next: `worker_pool.rs`.

use std::process::ExitCode;

use actor_core::{
    application::{Application, Applications, ConfigError, Env, RestartType, StartType},
    prelude::*,
};

#[derive(Supervisor)]
struct LedgerTree;

#[supervisor]
impl LedgerTree {}

/// The ledger: needs nothing, and has nothing to be configured.
struct Ledger;

impl Application for Ledger {
    const NAME: &'static str = "ledger";
    type Tree = LedgerTree;

    fn configure(_env: &Env) -> Result<Self, ConfigError> {
        Ok(Self)
    }

    fn start(&self, _how: StartType) -> Result<LedgerTree, ExitReason> {
        println!("the ledger starts");
        Ok(LedgerTree)
    }

    async fn stop(&self) {
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

/// The shop: its value is its configuration.
struct Shop {
    tills: usize,
    greeting: String,
}

impl Application for Shop {
    const NAME: &'static str = "shop";
    const DEPENDENCIES: &'static [&'static str] = &["ledger"];
    const PHASES: &'static [&'static str] = &["greet"];
    type Tree = ShopTree;

    fn configure(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { tills: env.get("tills", 2)?, greeting: env.require("greeting")? })
    }

    fn start(&self, _how: StartType) -> Result<ShopTree, ExitReason> {
        println!("the shop starts with {} tills", self.tills);
        Ok(ShopTree { tills: self.tills })
    }

    async fn start_phase(&self, _: &'static str, shop: &ShopTreeRef) -> Result<(), ExitReason> {
        let till = shop.till(0).ok_or(ExitReason::other("no till"))?;
        println!("{} at till {}", self.greeting, till.number().await?);
        Ok(())
    }

    async fn stop(&self) {
        println!("the shop has stopped");
    }
}

#[actor_core::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let applications = Applications::new().load::<Shop>().load::<Ledger>();
    let bare = applications.start().await?;

    // A start needs what the application depends on.
    let early = bare.start_application("shop", RestartType::Permanent).await;
    println!("too early: {}", early.unwrap_err());

    let unset = bare.ensure_all_started("shop", RestartType::Permanent).await;
    println!("not configured: {}", unset.unwrap_err());
    println!("running: {}", bare.which_applications().await?.len());
    bare.stop(ExitReason::Shutdown).await;

    let set = Applications::new().load::<Shop>().load::<Ledger>();
    let applications = set.set_env("shop", "greeting", "welcome").start().await?;
    let started = applications.ensure_all_started("shop", RestartType::Permanent).await?;
    println!("started: {started:?}");
    applications.stop(ExitReason::Shutdown).await;
    Ok(applications.wait().await)
}
