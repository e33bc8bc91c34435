//! A state machine: a turnstile that takes coins, lets people through, and can be out of order.
//!
//! What a process does often depends on the state it is in. Here each state is a type with its own
//! data; a handler names the state it is for and the states it may lead to, so the compiler knows
//! the whole graph: it says which event has no handler where, and draws the picture.
//!
//! Run: `cargo run -p examples --bin state_machine`. Next: `registry.rs`.

use std::time::Duration;

use actor_core::prelude::*;

/// How long an open turnstile waits for somebody to go through.
const PATIENCE: Duration = Duration::from_millis(5);

/// What all states share.
#[derive(StateMachine)]
struct Turnstile {
    price: u32,
    passed: u32,
}

/// It waits for coins.
struct Locked {
    paid: u32,
}

/// One may go through.
struct Open;

/// Somebody is at it with a screwdriver.
struct OutOfOrder {
    why: String,
}

#[machine(initial = Locked { paid: 0 })]
impl Turnstile {
    #[enter]
    fn locked(&mut self, _locked: &Locked, old: Option<&TurnstileState>) {
        let from = old.map_or("the start", |old| Self::state_name(old));
        println!("locked, from {from}");
    }

    #[enter(Open)]
    fn opened(&mut self, cx: &mut StateContext<Self>) {
        println!("open");
        cx.start_timer(PATIENCE, TurnstileTimeout::Close);
    }

    /// Replies with the change.
    #[call(postpone = Open, ignore = OutOfOrder)]
    fn pay(&mut self, locked: &mut Locked, coin: u32) -> To<Open, u32> {
        locked.paid += coin;
        match locked.paid.checked_sub(self.price) {
            Some(change) => To::state(Open).reply(change),
            None => To::keep().reply(0),
        }
    }

    /// Waits until it is open.
    #[call(in = Open, postpone = Locked, ignore = OutOfOrder)]
    fn pass(&mut self) -> To<Locked, u32> {
        self.passed += 1;
        To::state(Locked { paid: 0 }).reply(self.passed)
    }

    /// Nobody came.
    #[timeout(state, in = Open)]
    fn close(&mut self) -> To<Locked> {
        println!("closing");
        To::state(Locked { paid: 0 })
    }

    #[cast]
    fn open_it_up(&mut self, why: String) -> To<OutOfOrder> {
        To::state(OutOfOrder { why })
    }

    #[call(ignore = _)]
    fn trouble(&mut self, broken: &OutOfOrder) -> To<Locked, String> {
        To::state(Locked { paid: 0 }).reply(broken.why.clone())
    }
}

#[actor_core::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    print!("{}", Turnstile::mermaid());

    let turnstile = Turnstile { price: 3, passed: 0 }.start().await?;
    // Too early: it is postponed until the turnstile is open, and the caller waits.
    let eager = turnstile.pass().request();
    let change = [turnstile.pay(2).await?, turnstile.pay(2).await?];
    let passed = eager.await?;

    // Nobody goes through: the time-out closes it, and the second coin is postponed until then.
    let wasted = [turnstile.pay(5).await?, turnstile.pay(1).await?];

    turnstile.open_it_up("a bent coin".into())?;
    let refused = turnstile.pass().await.unwrap_err();
    let trouble = turnstile.trouble().await?;

    // All has been said there before anything is said here.
    turnstile.stop(ExitReason::Normal).await;
    println!("change {change:?}, passed {passed}, wasted {wasted:?}");
    println!("{trouble}: {refused}");
    Ok(())
}
