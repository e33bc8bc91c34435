//! The programs that the tests run: small, and each with one thing to show.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actor_core::{Address, CallFailure, Context, Process, handlers};
use actor_testkit::__private::{Config, Report, run};
use actor_testkit::TestKit;

/// An account that is read and written by different messages: whoever adds by reading and then
/// writing can lose what came between.
#[derive(Process)]
pub(crate) struct Bank {
    pub(crate) balance: u64,
}

#[handlers]
impl Bank {
    #[call]
    pub(crate) fn get(&self) -> u64 {
        self.balance
    }

    #[cast]
    pub(crate) fn put(&mut self, balance: u64) {
        self.balance = balance;
    }

    #[cast]
    pub(crate) fn add(&mut self, amount: u64) {
        self.balance += amount;
    }
}

/// Adds ten to a bank, by get and put or by add.
#[derive(Process)]
pub(crate) struct Client {
    pub(crate) bank: BankRef,
    pub(crate) atomic: bool,
}

#[handlers]
impl Client {
    #[cast]
    pub(crate) async fn deposit(&mut self) {
        if self.atomic {
            let _ = self.bank.add(10);
        } else if let Ok(balance) = self.bank.get().await {
            let _ = self.bank.put(balance + 10);
        }
    }
}

/// Two clients deposit ten each into a bank with a hundred; is it a hundred and twenty then?
pub(crate) fn lost_update(config: &Config, atomic: bool) -> Report {
    run(config, move |t: TestKit| async move {
        let bank = t.start(Bank { balance: 100 }).await?;
        for _ in 0..2 {
            let client = t.start(Client { bank: bank.clone(), atomic }).await?;
            client.deposit()?;
        }
        t.settle().await;
        let balance = t.state::<Bank, _>(&bank, |bank| bank.balance);
        assert_eq!(balance, Some(120), "a deposit is lost");
        actor_testkit::TestResult::Ok(())
    })
}

/// Beats at a fixed pace.
#[derive(Process)]
pub(crate) struct Heart {
    pub(crate) every: Duration,
    pub(crate) to: Address<BeatMessage>,
}

#[handlers]
impl Heart {
    #[init]
    fn begin(&mut self, cx: &mut Context<Self>) {
        cx.send_after(self.every, HeartMessage::Pump);
    }

    #[cast]
    fn pump(&mut self, cx: &mut Context<Self>) {
        let _ = self.to.send(BeatMessage::Beat);
        cx.send_after(self.every, HeartMessage::Pump);
    }
}

/// What hears a heart.
#[derive(Process)]
pub(crate) struct Beat;

#[handlers]
impl Beat {
    #[cast]
    fn beat(&mut self) {}
}

/// Asks another of its kind, which it must have been told of.
#[derive(Process)]
pub(crate) struct Asker {
    pub(crate) peer: Option<AskerRef>,
    pub(crate) patience: bool,
}

#[handlers]
impl Asker {
    #[cast]
    pub(crate) fn meet(&mut self, peer: AskerRef) {
        self.peer = Some(peer);
    }

    #[call]
    pub(crate) async fn ask(&mut self) -> Result<u32, CallFailure> {
        match &self.peer {
            Some(peer) if self.patience => peer.idle().no_timeout().await,
            Some(peer) => peer.idle().await,
            None => Ok(0),
        }
    }

    #[call]
    pub(crate) fn idle(&self) -> u32 {
        1
    }
}

/// Sends itself a message for ever.
#[derive(Process)]
pub(crate) struct Spinner;

#[handlers]
impl Spinner {
    #[cast]
    pub(crate) fn spin(&mut self, cx: &mut Context<Self>) {
        let _ = cx.me().spin();
    }
}

/// Where a process leaves its address, for a test to find it after a restart.
#[derive(Clone, Default)]
pub(crate) struct Door(Arc<Mutex<Option<ParentRef>>>);

impl Door {
    /// Who started last.
    pub(crate) fn who(&self) -> Option<ParentRef> {
        self.0.lock().expect("nobody panics at the door").clone()
    }
}

/// Spawns a child and forgets it, or panics, as it is told.
#[derive(Process, Default)]
pub(crate) struct Parent {
    pub(crate) door: Option<Door>,
}

#[handlers]
impl Parent {
    #[init]
    fn begin(&mut self, cx: &mut Context<Self>) {
        if let Some(Door(door)) = &self.door {
            *door.lock().expect("nobody panics at the door") = Some(cx.me());
        }
    }

    #[cast]
    pub(crate) fn forget_a_child(&mut self, cx: &mut Context<Self>) {
        let _ = cx.spawn(Bank { balance: 0 });
    }

    #[cast]
    pub(crate) fn boom(&mut self) {
        panic!("boom");
    }

    #[call]
    pub(crate) fn dice(&self, cx: &mut Context<Self>) -> u64 {
        cx.random() % 100
    }
}
