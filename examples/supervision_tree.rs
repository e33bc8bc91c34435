//! A bank: a tree with an order, a child that may be left out, counted and dynamic children.
//!
//! A child's parameter named after a child further up is that child's ref; it stays good through
//! restarts. With `rest_for_one` the end of a child restarts those after it too.
//!
//! Run: `cargo run -p examples --bin supervision_tree`. Next: `link_and_monitor.rs`.

use actor_core::prelude::*;

/// Every change of every account.
#[derive(Process)]
struct Ledger {
    entries: Vec<u64>,
}

#[handlers]
impl Ledger {
    #[call]
    fn record(&mut self, change: u64) {
        assert!(change != 0, "an entry of nothing");
        self.entries.push(change);
    }
}

/// A bank account.
#[derive(Process)]
struct Account {
    balance: u64,
    ledger: LedgerRef,
}

/// Why money stays where it is.
#[derive(Debug)]
enum Refused {
    Overdrawn,
    NotRecorded,
}

#[handlers]
impl Account {
    #[call]
    fn balance(&self) -> u64 {
        self.balance
    }

    #[call]
    async fn withdraw(&mut self, amount: u64) -> Result<u64, Refused> {
        let left = self.balance.checked_sub(amount).ok_or(Refused::Overdrawn)?;
        self.ledger.record(amount).await.map_err(|_| Refused::NotRecorded)?;
        self.balance = left;
        Ok(left)
    }
}

/// Serves one customer, then is gone.
#[derive(Process)]
struct Teller {
    name: String,
    alice: AccountRef,
}

#[handlers]
impl Teller {
    #[call]
    async fn pay(&mut self, amount: u64, cx: &mut Context<Self>) -> String {
        cx.stop(ExitReason::Normal);
        format!("{} pays {amount}: {:?}", self.name, self.alice.withdraw(amount).await)
    }
}

/// The fields are the arguments of the tree: plain data, the same at each restart.
#[derive(Supervisor)]
struct Bank {
    opening: u64,
    shards: usize,
    audited: bool,
}

#[supervisor(strategy = rest_for_one, intensity = 3, period = "5s")]
impl Bank {
    #[child(shutdown = "10s")]
    async fn ledger(&self) -> std::io::Result<Ledger> {
        Ok(Ledger { entries: Vec::new() })
    }
    #[child]
    fn alice(&self, ledger: LedgerRef) -> Account {
        Account { balance: self.opening, ledger }
    }
    #[child]
    fn audit(&self, ledger: LedgerRef) -> Option<Account> {
        self.audited.then_some(Account { balance: 0, ledger })
    }
    #[child(count = self.shards)]
    fn shard(&self, index: usize, ledger: LedgerRef) -> Account {
        Account { balance: index as u64, ledger }
    }
    #[child(dynamic, restart = temporary)]
    fn teller(&self, name: String, alice: AccountRef) -> Teller {
        Teller { name, alice }
    }
}

#[actor_core::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bank = Bank { opening: 100, shards: 2, audited: false }.start().await?;
    println!("withdraw 30: {:?}", bank.alice().withdraw(30).await);
    println!("audit: {}, shards: {}", bank.audit().is_some(), bank.shard_refs().len());
    let ann = bank.start_teller("Ann".into()).await?;
    println!("{}", ann.pay(500).await?);

    // The ledger ends by a panic; alice and the shards come after it, and start again with it.
    let old_alice = bank.alice().closed();
    println!("ledger: {}", bank.ledger().record(0).await.is_err());
    println!("old alice: {}", old_alice.await);
    println!("new alice: {}", bank.alice().balance().await?);
    for child in bank.which_children().await?.iter().rev() {
        println!("{}: {} restarts", child.id, child.restarts);
    }
    Ok(())
}
