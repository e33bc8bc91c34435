//! Reductions are no steps of a schedule: where turns end is the simulation's choice alone.

use std::future::ready;

use actor_core::{Process, handlers, limits, reduce};
use actor_testkit::__private::{Config, Report, run};
use actor_testkit::{TestKit, TestResult};

use crate::programs::{Bank, BankRef};

/// Works long between reading a balance and writing it.
#[derive(Process)]
struct Clerk {
    bank: BankRef,
    /// Whether there are checks where it works.
    checked: bool,
}

#[handlers]
impl Clerk {
    #[cast]
    async fn deposit(&mut self, rounds: u32) {
        let balance = self.bank.get().await.unwrap_or(0);
        if self.checked {
            for _ in 0..rounds {
                ready(()).await;
                reduce().await;
            }
        } else {
            #[no_yield]
            for _ in 0..rounds {
                ready(()).await;
            }
        }
        let _ = self.bank.put(balance + 10);
    }
}

fn deposits(seed: u64, rounds: u32, checked: bool) -> Report {
    let config = Config::new("reductions").seed(seed).schedules(8);
    run(&config, move |t: TestKit| async move {
        let bank = t.start(Bank { balance: 100 }).await?;
        for _ in 0..3 {
            let clerk = t.start(Clerk { bank: bank.clone(), checked }).await?;
            clerk.deposit(rounds)?;
        }
        t.settle().await;
        TestResult::Ok(())
    })
}

#[test]
fn a_long_loop_takes_the_steps_that_it_takes_without_checks() {
    for seed in 0..4 {
        let long = 2 * limits::TURN_REDUCTIONS;
        let plain = deposits(seed, long, false);
        assert!(plain.passed() && plain.trace.steps.len() > 10, "{plain}");
        for (rounds, checked) in [(long, true), (0, true), (0, false)] {
            let other = deposits(seed, rounds, checked);
            assert!(other.passed(), "{other}");
            assert_eq!(plain.trace.divergence(&other.trace), None, "from seed {seed}");
        }
    }
}
