//! Schedules: they repeat, they find races, and what they found can be replayed.

use actor_testkit::__private::{Config, FailureKind, Report, run};
use actor_testkit::{Tape, TestKit, TestResult, actor_test};

use crate::programs::{Bank, Client, Parent, lost_update};

fn config() -> Config {
    Config::new("exploring::lost_update")
}

#[test]
fn the_same_seed_gives_the_same_trace_a_hundred_times_of_a_hundred() {
    let trace = |seed| lost_update(&config().seed(seed).schedules(20), true).trace;
    let first = trace(0x25);
    assert!(first.steps.len() > 5);
    for _ in 0..100 {
        assert_eq!(first.divergence(&trace(0x25)), None);
    }
    assert_ne!(first.divergence(&trace(0x26)), None, "another seed is another schedule");
}

#[test]
fn a_lost_update_is_found_from_every_seed() {
    for seed in 0..20 {
        let report = lost_update(&config().seed(seed), false);
        let failure = report.failure.expect("two clients read before either writes");
        assert_eq!(failure.kind, FailureKind::Panic);
        assert!(failure.message.contains("a deposit is lost"), "{}", failure.message);
        assert!(failure.location.is_some_and(|place| place.contains("programs.rs")));
    }
}

#[test]
fn an_update_that_is_one_message_is_never_lost() {
    let report = lost_update(&config().schedules(500), true);
    assert!(report.passed(), "{report}");
    assert_eq!(report.schedules, 500);
}

#[test]
fn the_replay_line_fails_identically_a_hundred_times_of_a_hundred() {
    let report = lost_update(&config(), false);
    let failure = report.failure.expect("the race is found");
    let line = failure.replay_line(&report.name);
    let text = line.strip_prefix("replay: ACTOR_REPLAY=").expect("how the line starts");
    let (tape, command) = text.split_once(' ').expect("a tape and a command");
    assert_eq!(command, "cargo test exploring::lost_update");
    let replay = config().with_environment(|name| (name == "ACTOR_REPLAY").then(|| tape.into()));
    let replay = replay.expect("what was printed can be read");
    for _ in 0..100 {
        let again = lost_update(&replay, false);
        assert_eq!(again.schedules, 1);
        let again = again.failure.expect("it fails again");
        assert_eq!(again.message, failure.message);
        assert_eq!(again.trace, failure.trace);
        assert_eq!(again.tape, failure.tape);
    }
}

#[test]
fn any_tape_is_a_schedule() {
    for tape in ["t1:", "t1:7.7.7.7.7.7.7.7.7.7", "t1:4294967295", "t1:1*999"] {
        let tape: Tape = tape.parse().expect("a tape");
        assert!(lost_update(&config().replay(tape), true).passed());
    }
}

/// Fails when the dice show a number from a half of all.
fn dice(config: &Config) -> Report {
    run(config, |t: TestKit| async move {
        let parent = t.start(Parent::default()).await?;
        let number = parent.dice().await?;
        assert!(number < 50, "the dice show {number}");
        TestResult::Ok(())
    })
}

#[test]
fn random_numbers_differ_from_schedule_to_schedule_and_are_the_same_in_a_replay() {
    let report = dice(&Config::new("dice"));
    let failure = report.failure.expect("one of many throws is high");
    assert!(failure.tape.streams().is_some());
    let again = dice(&Config::new("dice").seed(99).replay(failure.tape));
    assert_eq!(again.failure.expect("the same throw").message, failure.message);
}

#[test]
fn every_value_that_a_test_may_choose_is_chosen() {
    let report = run(&Config::new("choose"), |t: TestKit| async move {
        assert_ne!(t.choose(&["red", "green", "blue"]), "blue", "blue was chosen");
    });
    let failure = report.failure.expect("one of many schedules chooses the last value");
    assert!(failure.schedule > 0, "the first schedule chooses the first value");
}

#[actor_test(schedules = 1000)]
async fn what_one_process_sends_to_another_is_never_reordered(t: TestKit) -> TestResult {
    let bank = t.start(Bank { balance: 0 }).await?;
    for balance in 1..=5 {
        bank.put(balance)?;
        assert_eq!(bank.get().await?, balance);
    }
    bank.put(6)?;
    bank.put(7)?;
    t.settle().await;
    assert_eq!(t.state::<Bank, _>(&bank, |bank| bank.balance), Some(7));
    Ok(())
}

#[actor_test]
async fn an_attribute_makes_a_test_of_an_async_function(t: TestKit) {
    let bank = t.start(Bank { balance: 1 }).await.expect("it starts");
    let client = t.spawn(Client { bank: bank.clone(), atomic: false }).expect("it spawns");
    client.deposit().expect("it is alive");
    t.settle().await;
    assert_eq!(bank.get().await, Ok(11));
}
