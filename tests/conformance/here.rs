//! Plays scripts on this runtime, in the simulation: as `erlang/conform_player.erl` does there.
//!
//! The barrier is the simulation's own: nothing can happen but by the passing of time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use actor_core::supervisor::SupervisorRef;
use actor_testkit::__private::{Config, Leaks, run};
use actor_testkit::{TestKit, TestResult};
use tests::Tree;

use crate::book::{Book, Line, reason};
use crate::people::{Act, Asker, Boss, BossRef, Stranger, StrangerRef, Witness, Worker};
use crate::script::{Nature, Play, Script};

/// While somebody takes their time, so much of it passes between two looks.
const TICK: Duration = Duration::from_millis(10);

/// The log of one schedule.
pub(crate) type Log = Vec<Line>;

/// Plays a script under so many schedules: the logs, or why there are none.
pub(crate) fn play(script: &Script, schedules: usize, seed: u64) -> Result<Vec<Log>, String> {
    let play = Arc::new(Play::of(script));
    let logs = Arc::new(Mutex::new(Vec::new()));
    let config = Config::new(&*script.name).schedules(schedules).seed(seed);
    let config = config.max_steps(100_000).leaks(Leaks::Allow);
    let report = run(&config, |t: TestKit| {
        let (play, logs) = (play.clone(), logs.clone());
        async move {
            let log = played(t, play).await?;
            logs.lock().unwrap_or_else(PoisonError::into_inner).push(log);
            TestResult::Ok(())
        }
    });
    if !report.passed() {
        return Err(report.to_string());
    }
    let logs = std::mem::take(&mut *logs.lock().unwrap_or_else(PoisonError::into_inner));
    Ok(logs)
}

struct Player {
    t: TestKit,
    book: Book,
    boss: BossRef,
    stranger: StrangerRef,
}

async fn played(t: TestKit, play: Arc<Play>) -> TestResult<Log> {
    let book = Book::default();
    book.with(|pages| pages.play = play.clone());
    let witness = t.start(Witness { book: book.clone(), watched: Vec::new() }).await?;
    book.with(|pages| pages.witness = Some(witness));
    let boss = t.start(Boss { book: book.clone() }).await?;
    let stranger = t.start(Stranger { book: book.clone() }).await?;
    let player = Player { t, book, boss, stranger };
    for (at, step) in play.steps.iter().enumerate() {
        player.book.with(|pages| pages.step = at + 1);
        let words: Vec<&str> = step.words.iter().map(String::as_str).collect();
        player.step(at + 1, &words).await?;
        if step.waits {
            player.barrier().await;
        }
    }
    let log = player.book.with(|pages| std::mem::take(&mut pages.lines));
    player.end().await;
    Ok(log)
}

impl Player {
    /// Nothing can happen but by the passing of time, and nobody takes their time.
    async fn barrier(&self) {
        self.t.settle().await;
        while self.book.is_slow() {
            self.t.advance(TICK).await;
            self.t.settle().await;
        }
    }

    async fn step(&self, number: usize, words: &[&str]) -> TestResult {
        let tell = |id: &str, act: Act| {
            // A cast to the dead is silent there.
            let _ = self.book.worker(id).map(|worker| worker.act(act));
        };
        let at = |id: &str, act: fn(actor_core::Pid) -> Act, of: &str| {
            if let Some(pid) = self.book.pid(of) {
                tell(id, act(pid));
            }
        };
        match *words {
            ["start", id] => self.boss.start(id.to_owned())?,
            ["parent", why] => drop(self.boss.parent(reason(why))),
            ["exit", id, why] => {
                if let Some(pid) = self.book.pid(id) {
                    self.stranger.exit_to(pid, reason(why))?;
                }
            }
            ["release", id] => self.book.release(id),
            ["sleep", millis] => self.t.advance(Duration::from_millis(millis.parse()?)).await,
            ["stop", id, why] => tell(id, Act::Stop(reason(why))),
            ["crash", id] => tell(id, Act::Crash),
            ["trap", id, trap] => tell(id, Act::Trap(trap == "on")),
            ["send", id, other, why] => {
                if let Some(pid) = self.book.pid(other) {
                    tell(id, Act::Exit(pid, reason(why)));
                }
            }
            ["link", id, other] => at(id, Act::Link, other),
            ["unlink", id, other] => at(id, Act::Unlink, other),
            ["monitor", id, other] => at(id, Act::Monitor, other),
            ["demonitor", id, other] => at(id, Act::Demonitor, other),
            ["spawn", id, trap] => {
                let worker = Worker::next(&self.book, id, id, &Nature::free(trap));
                self.t.spawn(worker.expect("free workers start"))?;
            }
            ["spawn_link", id, new, trap] => {
                tell(id, Act::SpawnLink(new.to_owned(), Nature::free(trap)));
            }
            ["spawn_monitor", id, new, trap] => {
                tell(id, Act::SpawnMonitor(new.to_owned(), Nature::free(trap)));
            }
            _ => self.request(number, words)?,
        }
        Ok(())
    }

    fn request(&self, number: usize, words: &[&str]) -> TestResult {
        if !self.can_ask(words) {
            return Ok(());
        }
        let Some(pid) = self.book.pid(words[1]) else { return Ok(()) };
        let sup = self.supervisor(words[1]);
        let dead = self.book.with(|pages| pages.dead.contains(&pid));
        // A request goes to the latest incarnation, as it would by its pid.
        if let (Some(sup), false) = (sup, dead) {
            let words = words.iter().map(|word| (*word).to_owned()).collect();
            self.t.spawn(Asker { book: self.book.clone() })?.ask(number, sup, words)?;
        } else {
            self.book.log("answers", format_args!("{number} {} noproc", words[0]));
        }
        Ok(())
    }

    /// Nobody knows a tree that has not started; for the rest see the essay on requests.
    fn can_ask(&self, words: &[&str]) -> bool {
        let Some((top, _)) = self.book.with(|pages| pages.top.clone()) else { return false };
        !self.book.is_held() || words[1] == top && words[0] != "count"
    }

    /// The ref of a supervisor, by the way to it from the top.
    fn supervisor(&self, id: &str) -> Option<SupervisorRef> {
        let (top, tree) = self.book.with(|pages| pages.top.clone())?;
        if top == id {
            return Some(tree);
        }
        let above = self.book.with(|pages| pages.above.get(id).cloned())?;
        Some(self.supervisor(&above)?.child::<Tree>(id))
    }

    /// The script is over: whoever is left is killed.
    async fn end(self) {
        for worker in self.book.workers() {
            worker.kill();
        }
        self.t.kill(&self.boss);
        self.t.settle().await;
        self.book.close();
    }
}
