//! Processes that make trouble, keep books of it, and live on.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actor_core::{Inbox, Message, prelude::*, spawn_fn, task::Task, yield_now};

use super::flies::{Fly, FlyRef, Home, NAMES, name};
use crate::measure::Rng;

/// How many flies one keeps at hand.
const FLIES: usize = 40;

#[derive(Process)]
pub(super) struct Keeper {
    home: Arc<Home>,
    rng: Rng,
    flies: Vec<FlyRef>,
    until: Instant,
    open: u64,
}

impl Keeper {
    pub(super) fn new(home: &Arc<Home>, seed: u64, until: Instant) -> Self {
        let (home, rng) = (home.clone(), Rng::new(seed));
        Self { home, rng, flies: Vec::new(), until, open: 0 }
    }
}

#[handlers]
impl Keeper {
    /// Makes trouble until the round is over.
    #[call]
    pub(super) async fn churn(&mut self, cx: &mut Context<Self>) {
        while Instant::now() < self.until {
            for _ in 0..20 {
                self.step(cx).await;
            }
            yield_now().await;
        }
        self.flies.drain(..).for_each(|fly| fly.kill());
    }

    /// How many of its monitors have not brought their DOWN.
    #[call]
    pub(super) fn open(&self) -> u64 {
        self.open
    }

    #[exit]
    fn exit(&mut self, _from: Pid, _reason: ExitReason) {
        self.home.books.exits.one();
    }

    #[down]
    fn down(&mut self, _down: Down) {
        self.open -= 1;
        self.home.books.downs.one();
    }
}

/// What a function process is told.
enum Word {
    Odd(u64),
    Even(u64),
}

impl Message for Word {
    type Reply = u64;
}

/// Answers the odd ones first.
async fn sorter(mut inbox: Inbox<Word>) {
    for odd in [true, true, false, false] {
        let wanted = |word: &Word| matches!(word, Word::Odd(_)) == odd;
        let Some(word) = inbox.receive_match(wanted).after(Duration::from_millis(50)).await else {
            return;
        };
        let (Word::Odd(n) | Word::Even(n)) = word.message;
        word.reply.send(n);
    }
}

impl Keeper {
    async fn step(&mut self, cx: &mut Context<Self>) {
        let Some(fly) = self.any() else { return self.birth(cx) };
        let number = self.rng.next();
        let time = Duration::from_micros(self.rng.next() % 3_000);
        match self.rng.below(32) {
            0..6 => self.birth(cx),
            6..8 => self.watch(cx, &fly),
            8 => {
                let monitor = cx.monitor(&fly);
                cx.demonitor_flush(monitor);
            }
            9..11 => cx.link(&fly),
            11 => cx.unlink(&fly),
            12..14 => self.kill(&fly),
            14 => drop(fly.end(number % 3)),
            15 => drop(self.any().map(|other| fly.link(other))),
            16..18 => drop(fly.hold(number)),
            18..20 => drop(fly.alarm(time, number.is_multiple_of(2))),
            20 => self.ended(fly.nap(time).timeout(Duration::from_millis(1)).await, 0),
            21 => self.ended(fly.later(time).timeout(Duration::from_millis(2)).await, 0),
            22 => self.by_name(number),
            23 if number.is_multiple_of(8) => self.function(number).await,
            24 if number.is_multiple_of(8) => self.task(number, time).await,
            25 => cx.exit(&fly, ExitReason::other("asked to")),
            _ => self.ended(fly.land(number >> 1).no_timeout().await, number >> 1),
        }
    }

    /// A call has ended, by its answer or a failure.
    fn ended(&self, outcome: Result<u64, CallFailure>, wanted: u64) {
        self.home.books.calls.one();
        match outcome {
            Ok(answer) if answer == wanted => self.home.books.answers.one(),
            // Neither end is counted, so the books are off.
            Ok(_) => {}
            Err(_) => self.home.books.failures.one(),
        }
    }

    fn any(&mut self) -> Option<FlyRef> {
        let at = self.rng.below(self.flies.len().max(1));
        self.flies.get(at).cloned()
    }

    fn kill(&self, fly: &FlyRef) {
        self.home.books.kills.one();
        fly.kill();
    }

    fn watch(&mut self, cx: &mut Context<Self>, fly: &FlyRef) {
        self.home.books.monitors.one();
        self.open += 1;
        cx.monitor(fly);
    }

    fn birth(&mut self, cx: &mut Context<Self>) {
        let weight = if self.rng.below(64) == 0 { 1 << 16 } else { self.rng.below(256) };
        let what = Fly::new(&self.home, weight);
        let fly = match self.rng.below(4) {
            0 => cx.spawn(what),
            1 => cx.spawn_link(what),
            // Refused when the name is taken: then the state is dropped at once.
            2 => what.with().name(name(self.rng.next())).spawn(),
            _ => cx.spawn_monitor(what).map(|(fly, _)| {
                self.home.books.monitors.one();
                self.open += 1;
                fly
            }),
        };
        self.flies.extend(fly.ok());
        if self.flies.len() > FLIES {
            let at = self.rng.below(FLIES);
            let fly = self.flies.swap_remove(at);
            self.kill(&fly);
        }
    }

    /// Finds one by its name, its key or its group.
    fn by_name(&mut self, number: u64) {
        let found = match number % 3 {
            0 => FlyRef::whereis(&name(number / 3)).ok().flatten(),
            1 => self.home.keys.whereis(&(number / 3 % NAMES)),
            _ => {
                let members = self.home.group.members();
                let at = self.rng.below(members.len().max(1));
                members.get(at).cloned()
            }
        };
        if let Some(fly) = found {
            self.kill(&fly);
        }
    }

    async fn function(&mut self, number: u64) {
        let Ok(sorter) = spawn_fn(sorter) else { return };
        self.home.books.functions.one();
        let calls = [number, number + 1, number + 2, number + 3].map(|n| {
            let word = if n.is_multiple_of(2) { Word::Even(n) } else { Word::Odd(n) };
            (sorter.call_message(word).request(), n)
        });
        for (call, n) in calls {
            self.ended(call.await, n);
        }
    }

    async fn task(&mut self, number: u64, time: Duration) {
        let work = async move {
            actor_core::sleep(time).await;
            assert!(!number.is_multiple_of(3), "one in three crashes");
            number
        };
        let Ok(mut task) = Task::spawn(work) else { return };
        self.home.books.tasks.one();
        match number % 4 {
            0 => drop(task),
            1 => drop(task.shutdown(Duration::from_millis(1)).await),
            _ => drop(task.yield_for(time).await),
        }
    }
}
