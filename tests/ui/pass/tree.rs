use actor_core::prelude::*;

#[derive(Process)]
struct Ledger;
#[handlers]
impl Ledger {}

#[derive(Supervisor)]
struct Bank;

#[supervisor(strategy = rest_for_one, intensity = 0, period = std::time::Duration::from_secs(1))]
impl Bank {
    #[child(restart = transient, shutdown = "10s")]
    async fn ledger(&self) -> std::io::Result<Ledger> { Ok(Ledger) }
    #[child(shutdown = infinity)]
    fn audit(&self, ledger: LedgerRef) -> Option<Ledger> { let _ = ledger; None }
    #[child(count = 3)]
    fn shard(&self, index: usize, audit: Option<LedgerRef>) -> Ledger {
        let _ = (index, audit);
        Ledger
    }
    #[child(dynamic, restart = temporary, shutdown = brutal_kill)]
    fn teller(&self, name: String, shard: Vec<LedgerRef>) -> Ledger {
        let _ = (name, shard);
        Ledger
    }
}

fn main() {}
