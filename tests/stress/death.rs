//! Calls that race with death: every one is answered or failed, with the right number.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use actor_core::{CallFailure, ExitReason, Process, Reply, Runtime, Start, StartError, handlers};

use crate::kit::{Dice, Until, on_all, on_all_without_rescue, until};

/// Answers at once, later, or never.
#[derive(Process, Default)]
struct Victim {
    kept: Vec<(u64, Reply<u64>)>,
}

#[handlers]
impl Victim {
    #[call]
    fn now(&self, n: u64) -> u64 {
        n
    }
    #[call]
    fn later(&mut self, n: u64, reply: Reply<u64>) {
        if n.is_multiple_of(3) {
            self.kept.drain(..).for_each(|(n, reply)| reply.send(n));
        }
        self.kept.push((n, reply));
    }
    #[call]
    async fn after_a_turn(&mut self, n: u64) -> u64 {
        crate::wakers::yield_now().await;
        n
    }
    #[call]
    async fn never(&mut self, n: u64) -> u64 {
        std::future::pending::<()>().await;
        n
    }
}

fn call_some(victim: &VictimRef, dice: &mut Dice) -> bool {
    let n = dice.roll(1 << 40);
    let outcome = match dice.roll(8) {
        0 => victim.never(n).no_timeout().blocking(),
        1..3 => victim.later(n).no_timeout().blocking(),
        3..5 => victim.after_a_turn(n).no_timeout().blocking(),
        _ => victim.now(n).no_timeout().blocking(),
    };
    match outcome {
        Ok(answer) => {
            assert_eq!(answer, n, "the answer to another call");
            true
        }
        Err(CallFailure::NoProc) => false,
        Err(CallFailure::Exited(ExitReason::Killed)) => false,
        Err(CallFailure::Exited(reason)) if reason == ExitReason::other("shot") => false,
        Err(other) => panic!("{other}"),
    }
}

fn start(rt: &Runtime) -> VictimRef {
    rt.spawn(Victim::default()).expect("room")
}

#[test]
fn every_call_that_races_with_death_is_answered_or_failed() {
    on_all(|rt, time: Until| {
        let mut dice = Dice::new(7);
        let (answered, failed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        while time.goes_on() {
            let victim = start(rt);
            let callers: Vec<_> = (0..4)
                .map(|seed| {
                    let (victim, mut dice) = (victim.clone(), Dice::new(dice.roll(1 << 50) + seed));
                    let (answered, failed) = (answered.clone(), failed.clone());
                    thread::spawn(move || {
                        while call_some(&victim, &mut dice) {
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                        failed.fetch_add(1, Ordering::Relaxed);
                    })
                })
                .collect();
            let shots = dice.roll(2_000);
            (0..shots).for_each(|_| std::hint::spin_loop());
            match dice.roll(2) {
                0 => victim.kill(),
                _ => victim.exit(ExitReason::other("shot")),
            }
            callers.into_iter().for_each(|caller| caller.join().expect("the right answer"));
        }
        assert!(failed.load(Ordering::Relaxed) > 0);
        until("all are dead", || rt.process_count() == 0);
    });
}

/// Says that a name is owned, for as long as it lives.
struct Crown(Arc<AtomicBool>);

impl Drop for Crown {
    fn drop(&mut self) {
        assert!(self.0.swap(false, Ordering::AcqRel), "it was owned");
    }
}

/// Holds a crown from its init on.
#[derive(Process)]
struct Owner {
    throne: Arc<AtomicBool>,
    crown: Option<Crown>,
}

#[handlers]
impl Owner {
    #[init]
    fn init(&mut self) {
        assert!(!self.throne.swap(true, Ordering::AcqRel), "two live with one name");
        self.crown = Some(Crown(self.throne.clone()));
    }
    #[call]
    fn reigns(&self) -> bool {
        self.crown.is_some()
    }
}

/// Names that are taken and freed by many at once.
#[test]
fn a_name_has_at_most_one_living_owner() {
    on_all_without_rescue(|rt, time| {
        let throne = Arc::new(AtomicBool::new(false));
        let threads: Vec<_> = (0..3_u64)
            .map(|seed| {
                let (rt, throne, mut dice) = (rt.handle(), throne.clone(), Dice::new(seed));
                thread::spawn(move || {
                    let mut won = 0_u64;
                    while time.goes_on() {
                        let owner = Owner { throne: throne.clone(), crown: None };
                        match owner.with().name("crown").on(&rt).spawn() {
                            Ok(owner) => {
                                won += 1;
                                if dice.roll(2) == 0 {
                                    assert_eq!(owner.reigns().blocking(), Ok(true));
                                }
                                owner.kill();
                            }
                            Err(StartError::NameTaken { .. }) => thread::yield_now(),
                            Err(other) => panic!("{other}"),
                        }
                    }
                    won
                })
            })
            .collect();
        let won: u64 = threads.into_iter().map(|thread| thread.join().expect("no panic")).sum();
        assert!(won > 0);
        until("all are dead", || rt.process_count() == 0);
        assert!(rt.registered().is_empty() && !throne.load(Ordering::Acquire));
    });
}
