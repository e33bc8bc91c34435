use actor_core::prelude::*;

#[derive(Supervisor)]
struct Bank;
#[supervisor]
impl Bank {}

#[derive(Supervisor)]
struct Chain<T: Clone + Send + Sync + 'static>(T);
#[supervisor]
impl<T: Clone + Send + Sync + 'static> Chain<T> {}

#[derive(Process)]
struct Auditor { bank: BankRef, chain: ChainRef<u8> }
#[handlers]
impl Auditor {
    #[init]
    fn begin(&mut self, cx: &mut Context<Self>) {
        cx.link(&self.bank);
        cx.monitor(&self.bank);
        cx.monitor(&self.chain);
    }
}

async fn uses(t: actor_testkit::TestKit, bank: BankRef) -> ExitReason {
    t.kill(&bank);
    bank.stop(ExitReason::Shutdown).await
}

fn main() { let _ = uses; }
