//! Births, links, monitors, calls and deaths, all at once: what was begun is ended, and the sums
//! balance.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actor_core::{Context, Down, ExitReason, Pid, Process, handlers};

use crate::kit::{Dice, Until, on_all, until};

/// What was done, and what came of it.
#[derive(Default)]
struct Books {
    born: AtomicU64,
    dropped: AtomicU64,
    monitors: AtomicU64,
    removed: AtomicU64,
    downs: AtomicU64,
    calls: AtomicU64,
    answers: AtomicU64,
    failures: AtomicU64,
    exits: AtomicU64,
}

fn count(book: &AtomicU64) {
    book.fetch_add(1, Ordering::Relaxed);
}

fn read(book: &AtomicU64) -> u64 {
    book.load(Ordering::Relaxed)
}

/// Lives shortly, and is counted at its end.
#[derive(Process)]
struct Fly(Arc<Books>);

impl Drop for Fly {
    fn drop(&mut self) {
        count(&self.0.dropped);
    }
}

#[handlers]
impl Fly {
    #[call]
    fn land(&self, n: u64) -> u64 {
        n
    }
    #[cast]
    fn end(&mut self, cx: &mut Context<Self>, how: u64) {
        match how {
            0 => cx.stop(ExitReason::Normal),
            1 => cx.stop(ExitReason::other("churn")),
            _ => std::panic::resume_unwind(Box::new("churn")),
        }
    }
    #[cast]
    fn link(&mut self, cx: &mut Context<Self>, to: FlyRef) {
        cx.link(&to);
    }
}

/// Makes trouble, and keeps the books. It traps exits and lives on.
#[derive(Process)]
struct Keeper {
    books: Arc<Books>,
    dice: Dice,
    flies: Vec<FlyRef>,
    until: Until,
    open: u64,
}

#[handlers]
impl Keeper {
    #[call]
    async fn churn(&mut self, cx: &mut Context<Self>) {
        while self.until.goes_on() {
            for _ in 0..20 {
                self.step(cx).await;
            }
            crate::wakers::yield_now().await;
        }
        for fly in self.flies.drain(..) {
            fly.kill();
        }
    }

    async fn step(&mut self, cx: &mut Context<Self>) {
        let Some(fly) = self.any() else { return self.birth(cx) };
        match self.dice.roll(12) {
            0..3 => self.birth(cx),
            3 => {
                count(&self.books.monitors);
                self.open += 1;
                cx.monitor(&fly);
            }
            4 => {
                let set = cx.monitor(&fly);
                cx.demonitor(set);
                count(&self.books.removed);
            }
            5 => cx.link(&fly),
            6 => cx.unlink(&fly),
            7 => fly.kill(),
            8 => drop(fly.end(self.dice.roll(3))),
            9 => drop(self.any().map(|other| fly.link(other))),
            _ => {
                count(&self.books.calls);
                let n = self.dice.roll(1 << 30);
                match fly.land(n).no_timeout().await {
                    Ok(answer) if answer == n => count(&self.books.answers),
                    Ok(_) => panic!("the answer to another call"),
                    Err(_) => count(&self.books.failures),
                }
            }
        }
    }

    fn any(&mut self) -> Option<FlyRef> {
        let at = self.dice.roll((self.flies.len() as u64).max(1)) as usize;
        self.flies.get(at).cloned()
    }

    fn birth(&mut self, cx: &mut Context<Self>) {
        count(&self.books.born);
        let what = Fly(self.books.clone());
        let fly = match self.dice.roll(3) {
            0 => cx.spawn(what),
            1 => cx.spawn_link(what),
            _ => {
                count(&self.books.monitors);
                self.open += 1;
                cx.spawn_monitor(what).map(|(fly, _)| fly)
            }
        };
        self.flies.push(fly.expect("room"));
        if self.flies.len() > 40 {
            let at = self.dice.roll(40) as usize;
            self.flies.swap_remove(at).kill();
        }
    }

    #[exit]
    fn exit(&mut self, _from: Pid, _reason: ExitReason) {
        count(&self.books.exits);
    }

    #[down]
    fn down(&mut self, _down: Down) {
        self.open -= 1;
        count(&self.books.downs);
    }

    #[call]
    fn open(&self) -> u64 {
        self.open
    }
}

#[test]
fn births_deaths_links_monitors_and_calls_balance() {
    on_all(|rt, time| {
        let books = Arc::new(Books::default());
        let keepers: Vec<KeeperRef> = (0..6)
            .map(|seed| {
                let (books, dice) = (books.clone(), Dice::new(seed));
                let keeper = Keeper { books, dice, flies: Vec::new(), until: time, open: 0 };
                rt.spawn(keeper).expect("room")
            })
            .collect();
        let calls: Vec<_> =
            keepers.iter().map(|keeper| keeper.churn().no_timeout().request()).collect();
        for call in calls {
            rt.block_on(call).expect("it churns");
        }
        until("all flies are dead", || rt.process_count() == keepers.len());
        for keeper in &keepers {
            until("every monitor has brought its DOWN", || keeper.open().blocking() == Ok(0));
        }
        assert!(read(&books.born) > 100, "there was hardly any trouble");
        assert_eq!(read(&books.born), read(&books.dropped), "a state was lost, or dropped twice");
        assert_eq!(read(&books.monitors), read(&books.downs), "one DOWN each");
        assert_eq!(read(&books.calls), read(&books.answers) + read(&books.failures));
    });
}
