//! Ten thousand random trees under random kills.
//!
//! A tree of supervisors is grown at random: strategies, restart types, intensities, up to three
//! levels of them, with ants as their workers. Ants link, monitor and call each other, crash and
//! stop, and whatever lives in the tree is killed, supervisors too. However that goes, these hold:
//!
//! - each monitor brings exactly one DOWN;
//! - nobody lives whose supervisor is dead;
//! - each call is answered or fails, or its caller is dead;
//! - no supervisor restarts more often than its intensity allows;
//! - nothing is left at the end: no process, no timer, no name.
//!
//! Every schedule has its own random numbers, so every schedule is another tree.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actor_core::supervisor::{ChildSpec, Restart, Strategy, SupervisorSpec};
use actor_core::{Context, Down, ExitReason, MonitorRef, Pid, Process, handlers};
use actor_testkit::__private::{Config, run};
use actor_testkit::{SupervisionLog, TestKit, TestResult};
use tests::Tree;

/// How many times trees are grown, and how many from each seed.
const SEEDS: u64 = 100;
const TREES: usize = 100;

/// How deep a tree is at most.
const DEPTH: u32 = 3;

/// How many things happen to a tree.
const ACCIDENTS: usize = 12;

/// The window of all intensities: longer than everything that happens takes.
const PERIOD: Duration = Duration::from_secs(3_600);

/// What all ants of a tree share.
#[derive(Clone, Default)]
struct Colony(Arc<Mutex<Census>>);

#[derive(Default)]
struct Census {
    /// Every ant that ever started, dead or alive.
    ants: Vec<AntRef>,
    /// Every call: who made it, and whether it came back.
    calls: Vec<(Pid, bool)>,
}

impl Colony {
    fn census(&self) -> MutexGuard<'_, Census> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Any ant.
    fn any(&self, random: u64) -> Option<AntRef> {
        let census = self.census();
        let index = random.checked_rem(census.ants.len() as u64)?;
        census.ants.get(index as usize).cloned()
    }
}

/// A worker that does something with another.
#[derive(Process)]
struct Ant {
    colony: Colony,
}

#[handlers]
impl Ant {
    #[init]
    fn begin(&mut self, cx: &mut Context<Self>) {
        self.colony.census().ants.push(cx.me());
    }

    #[cast]
    async fn act(&mut self, cx: &mut Context<Self>) {
        let Some(other) = self.colony.any(cx.random()) else { return };
        match cx.random() % 8 {
            0 => panic!("trodden on"),
            1 => cx.stop(ExitReason::Normal),
            2 => cx.link(&other),
            3 => drop(cx.monitor(&other)),
            _ => {
                let number = {
                    let mut census = self.colony.census();
                    census.calls.push((cx.pid(), false));
                    census.calls.len() - 1
                };
                let _ = other.greet().await;
                self.colony.census().calls[number].1 = true;
            }
        }
    }

    #[call]
    fn greet(&self) -> u32 {
        1
    }
}

/// Watches ants from outside of the tree, and treads on whom it is told to.
#[derive(Process, Default)]
struct Witness {
    downs: BTreeMap<u64, u32>,
    watched: Vec<MonitorRef>,
}

#[handlers]
impl Witness {
    #[call]
    fn watch(&mut self, cx: &mut Context<Self>, ant: Pid) {
        self.downs.insert(self.watched.len() as u64, 0);
        let monitor = cx.monitor(&ant);
        self.watched.push(monitor);
    }

    #[cast]
    fn tread(&mut self, cx: &mut Context<Self>, who: Pid) {
        cx.exit(&who, ExitReason::Kill);
    }

    #[down]
    fn down(&mut self, down: Down) {
        let known = self.watched.iter().position(|monitor| *monitor == down.monitor);
        let number = known.expect("a DOWN is of a monitor that was set") as u64;
        *self.downs.entry(number).or_default() += 1;
    }
}

/// The intensities and strategies of a tree, by the supervisor's id.
type Rules = BTreeMap<String, (Strategy, usize)>;

/// Grows a supervisor with everything below it.
fn grow(t: &TestKit, id: &str, depth: u32, colony: &Colony, rules: &mut Rules) -> SupervisorSpec {
    let pick = |below: u64| (t.random() % below) as usize;
    let strategy = [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne][pick(3)];
    let intensity = pick(4);
    rules.insert(id.into(), (strategy, intensity));
    let mut spec = SupervisorSpec::new(id);
    spec = spec.strategy(strategy).intensity(intensity as u32).period(PERIOD);
    for number in 0..=pick(3) {
        let child_id = format!("{id}.{number}");
        let restart = [Restart::Permanent, Restart::Transient, Restart::Temporary][pick(3)];
        let child = if depth > 1 && pick(3) == 0 {
            let below = grow(t, &child_id, depth - 1, colony, rules);
            Tree::child(&child_id, below)
        } else {
            let colony = colony.clone();
            ChildSpec::new(child_id, move |_| {
                let colony = colony.clone();
                async move { Ok(Some(Ant { colony })) }
            })
        };
        spec = spec.child(child.restart(restart));
    }
    spec
}

/// Something happens to the tree.
async fn accident(t: &TestKit, colony: &Colony, witness: &WitnessRef) -> TestResult {
    let ant = colony.any(t.random());
    match (t.random() % 6, ant) {
        (0, _) => t.settle().await,
        (1, _) => {
            // Whoever is below the tree's root, supervisors too.
            let mut alive = t.processes();
            alive.retain(|process| process.path.parent().is_some_and(|above| !above.is_root()));
            if let Some(index) = t.random().checked_rem(alive.len() as u64) {
                witness.tread(alive[index as usize].pid)?;
            }
        }
        (2, Some(ant)) => {
            if let Some(pid) = ant.pid() {
                witness.watch(pid).await?;
            }
        }
        (_, Some(ant)) => drop(ant.act()),
        (_, None) => {}
    }
    Ok(())
}

/// Nobody lives whose parent is dead.
fn no_orphan(t: &TestKit) {
    let alive = t.processes();
    for process in &alive {
        let Some(parent) = process.path.parent() else { continue };
        let found = alive.iter().any(|other| other.path == parent);
        assert!(found, "{} ({}) is an orphan", process.path, process.name);
    }
}

/// Nobody was restarted more often than its supervisor may.
fn within_intensity(log: &SupervisionLog, rules: &Rules) {
    let mut starts = BTreeMap::new();
    for start in log.starts() {
        *starts.entry((start.supervisor, start.id)).or_insert(0_usize) += 1;
    }
    let mut sums = BTreeMap::new();
    for ((supervisor, id), count) in starts {
        let (above, _) = id.rsplit_once('.').expect("children are numbered");
        let (strategy, intensity) = rules[above];
        // One restart starts a child at most once, whatever the strategy; with one_for_one it
        // starts nobody else.
        assert!(count - 1 <= intensity, "{id} was restarted {} times\n{log}", count - 1);
        let sum = sums.entry(supervisor).or_insert(0);
        *sum += count - 1;
        assert!(strategy != Strategy::OneForOne || *sum <= intensity, "{above}: {sum}\n{log}");
    }
}

/// Grows a tree, lets things happen to it, and looks.
async fn a_tree_lives_and_dies(t: TestKit) -> TestResult {
    let (colony, mut rules) = (Colony::default(), Rules::new());
    let witness = t.start(Witness::default()).await?;
    let spec = grow(&t, "top", DEPTH, &colony, &mut rules);
    let tree = t.start(Tree(spec)).await?;
    for _ in 0..ACCIDENTS {
        accident(&t, &colony, &witness).await?;
    }
    t.settle().await;
    no_orphan(&t);
    // Those who called each other in a circle have given up by then.
    t.advance(Duration::from_secs(60)).await;
    no_orphan(&t);
    within_intensity(&t.supervision(), &rules);
    let alive = t.processes();
    for (caller, returned) in &colony.census().calls {
        let lives = alive.iter().any(|process| process.pid == *caller);
        assert!(*returned || !lives, "{caller} still waits for its call");
    }
    if !tree.is_alive() {
        // Nobody trod on the topmost supervisor, and ants link to ants alone.
        assert!(t.supervision().root().gave_up(), "it ended without a reason");
    } else {
        tree.stop(ExitReason::Shutdown).await;
    }
    t.settle().await;
    let left: Vec<&str> = t.processes().iter().map(|process| process.name).collect();
    assert_eq!(left.len(), 2, "only the body and the witness are left: {left:?}");
    let downs = t.state::<Witness, _>(&witness, |witness| witness.downs.clone());
    let downs = downs.expect("the witness is idle");
    assert!(downs.values().all(|count| *count == 1), "DOWNs by monitor: {downs:?}");
    Ok(())
}

#[test]
fn ten_thousand_random_trees_survive_random_kills_or_end_as_they_should() {
    for seed in 0..SEEDS {
        let name = "trees::ten_thousand_random_trees_survive_random_kills_or_end_as_they_should";
        let config = Config::new(name).seed(seed).schedules(TREES);
        let report = run(&config, a_tree_lives_and_dies);
        assert!(report.passed(), "{report}");
    }
}
