//! What the scheduler and the limits promise, counted in turns and never in time.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};

use actor_core::{Priority, Process, Runtime, Start, handlers, yield_now};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::kit::{PuppetRef, bounded, made, plain};

/// A runtime with one worker, whose turns are its own however long they are.
fn alone(body: impl FnOnce(&Runtime) + Send + 'static) {
    bounded(move || {
        let rt = Runtime::builder().workers(1).rescue_threads(0).build().expect("threads");
        body(&rt);
        rt.shutdown().expect("everything ends");
    });
}

/// What a crowd of spinners counts, and when they end.
#[derive(Clone, Default)]
struct Race {
    turns: Arc<[AtomicU64; 8]>,
    over: Arc<AtomicBool>,
}

impl Race {
    fn all(&self) -> [u64; 8] {
        std::array::from_fn(|number| self.turns[number].load(Relaxed))
    }
}

/// Takes every turn it gets, and does next to nothing in each.
#[derive(Process)]
struct Spinner {
    number: usize,
    race: Race,
    /// Everything ends when it has had so many.
    last: u64,
}

#[handlers]
impl Spinner {
    #[cast]
    async fn spin(&mut self) {
        while !self.race.over.load(Relaxed) {
            if self.race.turns[self.number].fetch_add(1, Relaxed) + 1 == self.last {
                self.race.over.store(true, Relaxed);
            }
            yield_now().await;
        }
    }
}

/// Eight spinners with these priorities begin at once, on one worker; the first ends the race with
/// its `last`th turn. What the others have had then. Without rescue: to a machine that is slow
/// enough a turn is a long one, and then the others run beside it.
fn race(priorities: [Priority; 8], last: u64) -> [u64; 8] {
    let race = Race::default();
    let told = race.clone();
    alone(move |rt| {
        let spinners: Vec<_> = (0..8)
            .map(|number| Spinner {
                number,
                race: race.clone(),
                last: if number == 0 { last } else { 0 },
            })
            .zip(priorities)
            .map(|(spinner, priority)| spinner.with().priority(priority).on(rt).spawn())
            .collect();
        // The only worker is busy until all are there.
        let (begin, started) = (plain(rt), spinners.len());
        begin.does(move |_| {
            spinners.iter().flatten().for_each(|spinner| spinner.spin().expect("room"));
            assert_eq!(started, spinners.iter().flatten().count());
        });
        crate::kit::until("the race is over", || race.over.load(Relaxed));
    });
    told.all()
}

/// OTP 22.2
#[test]
fn low_gets_about_one_turn_in_eight_beside_normal() {
    use Priority::{Low, Normal};
    let turns = race([Normal, Normal, Normal, Normal, Low, Low, Low, Low], 7_000);
    let (normal, low) = (turns[..4].iter().sum::<u64>(), turns[4..].iter().sum::<u64>());
    let share = low * 100 / (normal + low);
    assert!((11..=14).contains(&share), "{share} %: {turns:?}");
}

/// OTP 22.2: `high` excludes the others as long as it has something to do.
#[test]
fn high_runs_before_all_others() {
    use Priority::{High, Low, Max, Normal};
    for first in [High, Max] {
        let turns = race([first, Normal, Normal, Normal, Normal, Low, Low, Low], 10_000);
        let others = turns[1..].iter().sum::<u64>();
        // Who was in a turn when it came has that turn.
        assert!(others <= 16, "{first:?}: {turns:?}");
    }
}

/// OTP 22.2
#[test]
fn max_runs_before_high() {
    use Priority::{High, Max};
    let turns = race([Max, High, High, High, High, High, High, High], 10_000);
    assert!(turns[1..].iter().sum::<u64>() <= 16, "{turns:?}");
}

/// Asks another again and again.
#[derive(Process)]
struct Asker {
    race: Race,
}

#[handlers]
impl Asker {
    /// How many turns the spinners have had while so many questions were answered.
    #[call]
    async fn ask(&mut self, other: PuppetRef, questions: u32) -> u64 {
        let turns = || self.race.all().iter().sum::<u64>();
        let before = turns();
        for _ in 0..questions {
            other.act(Box::new(|_| ())).await.expect("it answers");
        }
        turns() - before
    }
}

/// OTP 22.2: there is no inheritance.
#[test]
fn a_request_of_a_high_process_is_served_at_the_priority_of_its_server() {
    alone(|rt| {
        let race = Race::default();
        let low = made(false).0.with().priority(Priority::Low).on(rt).start();
        let low = rt.block_on(low).expect("it starts");
        let asker = Asker { race: race.clone() }.with().priority(Priority::High).on(rt);
        let asker = rt.block_on(asker.start()).expect("it starts");
        for number in 0..4 {
            let spinner = Spinner { number, race: race.clone(), last: 0 };
            rt.spawn(spinner).expect("it starts").spin().expect("room");
        }
        let turns = asker.ask(low, 50).blocking().expect("it is answered");
        race.over.store(true, Relaxed);
        // The low one has one turn in eight.
        assert!((50 * 5..).contains(&turns), "{turns} turns for 50 questions");
    });
}

/// OTP 22.3, 22.1
#[test]
fn equals_get_equal_turns() {
    let turns = race([Priority::Normal; 8], 5_000);
    let (least, most) = (turns.iter().min().copied(), turns.iter().max().copied());
    assert!(least >= Some(4_500) && most <= Some(5_500), "{turns:?}");
    let low = race([Priority::Low; 8], 5_000);
    let (least, most) = (low.iter().min().copied(), low.iter().max().copied());
    assert!(least >= Some(4_500) && most <= Some(5_500), "{low:?}");
}

/// OTP 22.9: on real threads: who fills a mailbox is held back, and nobody else.
#[test]
fn others_answer_while_one_is_held_by_a_full_mailbox() {
    bounded(|| {
        let rt = Runtime::builder().workers(2).build().expect("threads");
        let full = made(false).0.with().mailbox(4).on(&rt).start();
        let full = rt.block_on(full).expect("it starts");
        let (flood, others) = (plain(&rt), [plain(&rt), plain(&rt)]);
        let hang = full.hang().request();
        while !rt.block_on(rt.inspect(&full)).expect("it lives").in_handler {}
        for _ in 0..4 {
            let to = full.clone();
            flood.tries(move |_| (0..3).for_each(|word| to.say(word).expect("room")));
        }
        for _ in 0..100 {
            others.iter().for_each(PuppetRef::sync);
        }
        flood.sync();
        assert_eq!(full.mailbox_len(), 12);
        assert!(full.mailbox_stats().held > 0, "who fills it was held");
        full.kill();
        drop(hang);
        rt.shutdown().expect("everything ends");
    });
}

/// OTP 22.9: a mailbox that is full holds back who fills it, and takes no time of anybody else.
#[actor_test(schedules = 1000)]
async fn a_full_mailbox_slows_only_those_who_send_to_it(t: TestKit) -> TestResult {
    let small = made(false).0.with().mailbox(4);
    let full = small.on(&t.handle()).start().await?;
    let (flood, one, other) = (
        t.start(made(false).0).await?,
        t.start(made(false).0).await?,
        t.start(made(false).0).await?,
    );
    let hang = full.hang().request();
    while !t.handle().inspect(&full).await?.in_handler {}
    for _ in 0..4 {
        let to = full.clone();
        flood.later(Box::new(move |_| (0..3).for_each(|word| to.say(word).expect("room"))))?;
    }
    for _ in 0..10 {
        one.act(Box::new(|_| ())).await?;
        other.act(Box::new(|_| ())).await?;
    }
    assert!(t.elapsed().is_zero(), "they waited for a hold");
    // A call is not held up by a hold, and comes after what was sent before.
    flood.act(Box::new(|_| ())).await?;
    t.settle().await;
    // What was sent is there, and more of it than the mark.
    assert_eq!(full.mailbox_len(), 12);
    t.kill(&full);
    drop(hang);
    Ok(())
}
