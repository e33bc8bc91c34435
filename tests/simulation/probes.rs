//! Probes: what they expect comes, or they say at once what came instead.

use std::time::Duration;

use actor_core::ExitReason;
use actor_testkit::__private::{Config, Failure, FailureKind, run};
use actor_testkit::{Fish, TestKit, TestResult, Verdict, actor_test, pat};

use crate::programs::{Bank, BankMessage, BankReply, BeatMessage, Client, Heart, Parent};

const SECOND: Duration = Duration::from_secs(1);

/// The failure of a body that fails.
fn failure<F>(body: impl Fn(TestKit) -> F) -> Failure
where
    F: Future<Output: Verdict> + Send + 'static,
{
    run(&Config::new("probe").schedules(1), body).failure.expect("the body fails")
}

#[actor_test]
async fn a_probe_stands_for_a_process_and_answers_its_calls(t: TestKit) -> TestResult {
    let mut bank = t.probe::<BankMessage>();
    let address = bank.address();
    let client = t.start(Client { bank: bank_ref(address), atomic: false }).await?;
    client.deposit()?;
    let (_, reply) = bank.expect_call(pat!(BankMessage::Get)).await;
    reply.send(BankReply::Get(32));
    let put = bank.expect(pat!(BankMessage::Put { .. })).await;
    assert!(matches!(put, BankMessage::Put { balance: 42 }));
    bank.expect_none().await;
    Ok(())
}

fn bank_ref(address: actor_core::Address<BankMessage>) -> crate::programs::BankRef {
    actor_core::ProcessRef::from_address(address)
}

#[actor_test]
async fn an_expectation_takes_the_first_match_and_leaves_the_others(t: TestKit) -> TestResult {
    let mut bank = t.probe::<BankMessage>();
    for amount in 1..=3 {
        bank.address().send(BankMessage::Add { amount })?;
    }
    bank.address().send(BankMessage::Put { balance: 9 })?;
    bank.expect(pat!(BankMessage::Add { amount } if *amount > 1)).await;
    bank.expect(pat!(BankMessage::Put { .. })).await;
    assert!(matches!(bank.receive().await, BankMessage::Add { amount: 1 }));
    assert!(matches!(bank.drain()[..], [BankMessage::Add { amount: 3 }]));
    Ok(())
}

#[actor_test]
async fn fishing_keeps_what_it_is_told_to(t: TestKit) -> TestResult {
    let mut bank = t.probe::<BankMessage>();
    for amount in 1..=5 {
        bank.address().send(BankMessage::Add { amount })?;
    }
    let judge = |message: &BankMessage| match message {
        BankMessage::Add { amount: 4 } => Fish::Last,
        BankMessage::Add { amount } if amount % 2 == 0 => Fish::Keep,
        _ => Fish::Skip,
    };
    assert_eq!(bank.fish(judge).await.len(), 2);
    t.settle().await;
    assert_eq!(bank.drain().len(), 1);
    Ok(())
}

#[test]
fn an_expectation_that_cannot_be_met_fails_at_once_and_lists_what_came() {
    let failure = failure(|t: TestKit| async move {
        let mut bank = t.probe::<BankMessage>();
        bank.address().send(BankMessage::Add { amount: 1 })?;
        bank.expect(pat!(BankMessage::Put { .. })).await;
        TestResult::Ok(())
    });
    assert_eq!(failure.kind, FailureKind::Panic);
    for part in ["`BankMessage::Put { .. }`", "received in all: Add", "not taken yet: Add"] {
        assert!(failure.message.contains(part), "{part} is missing in {}", failure.message);
    }
    let place = failure.location.expect("the place of the expectation");
    assert!(place.contains("probes.rs"), "{place}");
}

#[test]
fn an_expectation_waits_five_virtual_seconds_and_no_longer() {
    let body = |beats: u32| {
        move |t: TestKit| async move {
            let mut out = t.probe::<BeatMessage>();
            t.start(Heart { every: SECOND * beats, to: out.address() }).await?;
            out.receive().await;
            TestResult::Ok(())
        }
    };
    assert!(run(&Config::new("in time").schedules(3), body(5)).passed());
    assert!(failure(body(6)).message.contains("within 5s"));
}

#[test]
fn a_message_that_nobody_expects_is_named() {
    let failure = failure(|t: TestKit| async move {
        let mut bank = t.probe::<BankMessage>();
        bank.address().send(BankMessage::Add { amount: 1 })?;
        bank.expect_none().await;
        TestResult::Ok(())
    });
    assert!(failure.message.contains("expected nothing, but got [\"Add\"]"), "{}", failure.message);
}

#[actor_test]
async fn the_end_of_a_process_is_seen_with_its_reason(t: TestKit) -> TestResult {
    let mut probe = t.probe::<BeatMessage>();
    let parent = t.start(Parent::default()).await?;
    parent.boom()?;
    assert!(probe.expect_down(&parent).await.is_panic("boom"));
    let bank = t.start(Bank { balance: 0 }).await?;
    bank.add(1)?;
    t.kill(&bank);
    assert_eq!(probe.expect_down(&bank).await, ExitReason::Killed);
    assert_eq!(probe.expect_down(&bank).await, ExitReason::Killed, "and seen again");
    Ok(())
}

#[test]
fn a_process_that_does_not_end_is_named() {
    let failure = failure(|t: TestKit| async move {
        let bank = t.start(Bank { balance: 0 }).await?;
        t.probe::<BeatMessage>().expect_down(&bank).await;
        TestResult::Ok(())
    });
    assert!(failure.message.contains("root.1 was expected to end"), "{}", failure.message);
}
