//! Random trees of supervisors whose workers start badly and stop slowly.
//!
//! One thing at a time, all of it is foretold by the [`model`](crate::model): who is started in
//! which order, who runs, who gives up. Many things at once, and kills while the tree is stopped,
//! leave open what happens; then these hold:
//!
//! - nobody lives whose supervisor is dead, once those who stop have had their time;
//! - of each child one instance lives at any instant: its start begins after the end of the one
//!   before (unless a supervisor above was killed: then nobody waits for its children);
//! - a tree stops within the sum of the times that its children may take;
//! - nobody is restarted more often than its supervisor may.
//!
//! Every schedule has its own random numbers, so every schedule is another tree.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actor_core::supervisor::{
    ChildSpec, Restart, Shutdown, Strategy, SupervisorRef, SupervisorSpec,
};
use actor_core::{Context, ExitReason, Pid, Process, handlers};
use actor_testkit::__private::{Config, run};
use actor_testkit::{TestKit, TestResult};
use tests::Tree;

use crate::model::{ChildPlan, End, Kind, Model, Outcome, Plan};

/// How many times trees are grown, and how many from each seed.
const SEEDS: u64 = 20;
const TREES: usize = 100;

const DEPTH: u32 = 3;
const ACCIDENTS: usize = 12;

/// The window of all intensities: longer than everything that happens takes.
const PERIOD: Duration = Duration::from_secs(3_600);

/// How long a start takes at most.
const START: Duration = Duration::from_millis(30);

/// Longer than any stop takes.
const REST: Duration = Duration::from_secs(60);

/// What all trees of a wood share.
#[derive(Clone, Default)]
struct Wood(Arc<Mutex<Ledger>>);

#[derive(Default)]
struct Ledger {
    /// The live instances of each worker.
    living: BTreeMap<String, usize>,
    oaks: BTreeMap<String, OakRef>,
    /// How many starts were tried.
    tried: BTreeMap<String, usize>,
    /// Supervisors that were killed, or may be: nobody waits for the ends of their children.
    killed: BTreeSet<String>,
    /// Who began while another instance lived.
    doubles: Vec<String>,
}

impl Wood {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A supervisor is killed, or may be.
    fn may_be_killed(&self, id: &str) {
        self.ledger().killed.insert(id.to_owned());
    }

    fn any(&self, random: u64) -> Option<(String, OakRef)> {
        let ledger = self.ledger();
        let at = random.checked_rem(ledger.oaks.len() as u64)? as usize;
        ledger.oaks.iter().nth(at).map(|(id, oak)| (id.clone(), oak.clone()))
    }
}

/// How a worker starts and stops.
#[derive(Clone, Debug)]
struct Nature {
    id: String,
    outcomes: Vec<Outcome>,
    start: Duration,
    stop: Duration,
}

/// A worker: it exists from the moment its start begins to that in which its state is dropped.
#[derive(Process)]
struct Oak {
    wood: Wood,
    nature: Nature,
    outcome: Outcome,
}

impl Oak {
    fn grow(wood: &Wood, nature: &Nature) -> Option<Self> {
        let outcome = {
            let mut ledger = wood.ledger();
            let tried = ledger.tried.entry(nature.id.clone()).or_default();
            *tried += 1;
            nature.outcomes[(*tried).min(nature.outcomes.len()) - 1]
        };
        if outcome == Outcome::Ignore {
            return None;
        }
        let mut ledger = wood.ledger();
        let living = ledger.living.entry(nature.id.clone()).or_default();
        *living += 1;
        // A supervisor's id is the beginning of its children's.
        let below = |sup: &String| nature.id.starts_with(&format!("{sup}."));
        if *living > 1 && !ledger.killed.iter().any(below) {
            ledger.doubles.push(nature.id.clone());
        }
        drop(ledger);
        Some(Self { wood: wood.clone(), nature: nature.clone(), outcome })
    }
}

impl Drop for Oak {
    fn drop(&mut self) {
        if let Some(living) = self.wood.ledger().living.get_mut(&self.nature.id) {
            *living -= 1;
        }
    }
}

#[handlers]
impl Oak {
    #[init]
    async fn begin(&mut self, cx: &mut Context<Self>) -> Result<(), &'static str> {
        cx.sleep(self.nature.start).await;
        if self.outcome == Outcome::Fail {
            return Err("no rain");
        }
        self.wood.ledger().oaks.insert(self.nature.id.clone(), cx.me());
        Ok(())
    }

    #[cast]
    fn fall(&mut self, cx: &mut Context<Self>, good: bool) {
        match good {
            true => cx.stop(ExitReason::Normal),
            false => panic!("the storm"),
        }
    }

    /// Traps exits, so that a stop takes its time.
    #[exit]
    fn exit(&mut self, _from: Pid, _reason: ExitReason) {}

    #[terminate]
    async fn end(&mut self, cx: &mut Context<Self>, _reason: &ExitReason) {
        cx.sleep(self.nature.stop).await;
    }
}

/// Does to a tree what must not keep the test waiting.
#[derive(Process)]
struct Forester;

#[handlers]
impl Forester {
    #[cast]
    fn fell(&mut self, cx: &mut Context<Self>, who: Pid) {
        cx.exit(&who, ExitReason::Kill);
    }

    #[cast]
    async fn plant(&mut self, sup: SupervisorRef, child: Arc<Mutex<Option<ChildSpec>>>) {
        let child = child.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(child) = child {
            let _ = sup.start_child(child).await;
        }
    }

    #[cast]
    async fn clear(&mut self, sup: SupervisorRef, id: String) {
        let _ = sup.terminate_child(&id).await;
    }
}

/// A tree that was grown: its spec, the model's plan of it, and how long its stop may take.
struct Grown {
    spec: SupervisorSpec,
    plan: Plan,
    stop: Duration,
}

struct Gardener {
    t: TestKit,
    wood: Wood,
    /// Intensities and strategies, by the supervisor's id.
    rules: BTreeMap<String, (Strategy, usize)>,
}

impl Gardener {
    fn pick<T: Copy>(&self, of: &[T]) -> T {
        of[(self.t.random() % of.len() as u64) as usize]
    }

    /// How the starts of a worker go; the first one well if the tree is to stand.
    fn outcomes(&self) -> Vec<Outcome> {
        use Outcome::{Fail, Ignore, Ok};
        let mut outcomes = vec![self.pick(&[Ok, Ok, Ok, Ok, Ok, Ok, Ok, Ignore, Ok, Fail])];
        for _ in 0..self.pick(&[0, 0, 1, 2, 4]) {
            outcomes.push(self.pick(&[Ok, Ok, Fail, Fail, Ignore]));
        }
        outcomes
    }

    /// A worker, with its plan, and how long its stop may take.
    fn worker(&self, id: &str, outcomes: Vec<Outcome>) -> (ChildSpec, ChildPlan, Duration) {
        let millis = |millis| Duration::from_millis(millis);
        let start = self.pick(&[millis(0), millis(0), millis(10), START]);
        let stop = self.pick(&[millis(0), millis(50), millis(200), millis(400)]);
        let nature = Nature { id: id.to_owned(), outcomes: outcomes.clone(), start, stop };
        let restart = self.pick(&[Restart::Permanent, Restart::Transient, Restart::Temporary]);
        let shutdown = self.pick(&[
            Shutdown::BrutalKill,
            Shutdown::After(millis(100)),
            Shutdown::After(millis(5_000)),
            Shutdown::Infinity,
        ]);
        let takes = match shutdown {
            Shutdown::BrutalKill => Duration::ZERO,
            Shutdown::After(limit) => stop.min(limit),
            Shutdown::Infinity => stop,
        };
        let wood = self.wood.clone();
        let spec = ChildSpec::new(id, move |_| {
            let oak = Oak::grow(&wood, &nature);
            async move { Ok(oak) }
        });
        let plan = ChildPlan { id: id.to_owned(), restart, kind: Kind::Worker(outcomes) };
        (spec.restart(restart).shutdown(shutdown), plan, takes)
    }

    /// Grows a supervisor with everything below it.
    fn grow(&mut self, id: &str, depth: u32) -> Grown {
        let strategies = [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne];
        let (strategy, intensity) = (self.pick(&strategies), self.pick(&[0, 1, 2, 3, 5]));
        self.rules.insert(id.to_owned(), (strategy, intensity));
        let spec = SupervisorSpec::new(id).strategy(strategy);
        let mut grown = Grown {
            spec: spec.intensity(intensity as u32).period(PERIOD),
            plan: Plan { strategy, intensity, children: Vec::new() },
            stop: Duration::ZERO,
        };
        for number in 0..self.pick(&[1, 2, 3, 4]) {
            let id = format!("{id}.{number}");
            let (spec, plan, takes) = match depth > 1 && self.pick(&[true, false, false]) {
                true => self.branch(&id, depth - 1),
                false => self.worker(&id, self.outcomes()),
            };
            grown.spec = grown.spec.child(spec);
            grown.plan.children.push(plan);
            grown.stop += takes;
        }
        grown
    }

    /// A child that is a supervisor.
    fn branch(&mut self, id: &str, depth: u32) -> (ChildSpec, ChildPlan, Duration) {
        let below = self.grow(id, depth);
        let restart = self.pick(&[Restart::Permanent, Restart::Transient, Restart::Temporary]);
        let limit = Duration::from_millis(150);
        let hasty = self.pick(&[true, false, false, false]);
        let mut spec = Tree::child(id, below.spec).restart(restart);
        if hasty {
            spec = spec.shutdown(Shutdown::After(limit));
            self.wood.may_be_killed(id);
        }
        let takes = if hasty { below.stop.min(limit) } else { below.stop };
        (spec, ChildPlan { id: id.to_owned(), restart, kind: Kind::Supervisor(below.plan) }, takes)
    }

    /// The pid of a child that runs, and its id.
    fn pids(&self) -> BTreeMap<String, Pid> {
        let alive = self.t.processes();
        let log = self.t.supervision();
        let starts = log.starts().filter_map(|start| {
            let found = alive.iter().find(|process| process.path == *start.child)?;
            Some((start.id.to_owned(), found.pid))
        });
        starts.collect()
    }
}

/// The ref of a supervisor, by its id.
fn sup_ref(top: &SupervisorRef, id: &str) -> SupervisorRef {
    // `top.1.2` is `top.1`'s child.
    match id.rsplit_once('.') {
        Some((above, _)) => sup_ref(top, above).child::<Tree>(id),
        None => top.clone(),
    }
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

/// One thing at a time: the model says what comes of it.
async fn as_foretold(t: TestKit) -> TestResult {
    let (wood, rules) = (Wood::default(), BTreeMap::new());
    let mut gardener = Gardener { t: t.clone(), wood: wood.clone(), rules };
    let forester = t.start(Forester).await?;
    let Grown { spec, plan, .. } = gardener.grow("top", DEPTH);
    let mut model = Model::start(&plan);
    let tree = t.start(Tree(spec)).await;
    assert_eq!(tree.is_ok(), model.is_alive());
    t.advance(REST).await;
    let Ok(tree) = tree else {
        no_orphan(&t);
        return Ok(());
    };
    let sups: Vec<String> = gardener.rules.keys().cloned().collect();
    for number in 0..ACCIDENTS {
        let running = gardener.pids();
        let ids: Vec<&String> = running.keys().collect();
        let Some(at) = t.random().checked_rem(ids.len() as u64) else { break };
        let id = ids[at as usize].clone();
        match (t.random() % 4, gardener.rules.contains_key(&id)) {
            (0, _) => {
                let sup = sups[(t.random() % sups.len() as u64) as usize].clone();
                if sup == "top" || running.contains_key(&sup) {
                    let outcomes = vec![gardener.pick(&[Outcome::Ok, Outcome::Ok, Outcome::Fail])];
                    let (spec, plan, _) = gardener.worker(&format!("{sup}.+{number}"), outcomes);
                    model.add(if sup == "top" { "" } else { &sup }, &plan);
                    let spec = Arc::new(Mutex::new(Some(spec)));
                    forester.plant(sup_ref(&tree, &sup), spec)?;
                }
            }
            (1 | 2, false) => {
                let good = gardener.pick(&[true, false]);
                let oak = wood.ledger().oaks[&id].clone();
                oak.fall(good)?;
                model.end(&id, if good { End::Good } else { End::Bad });
            }
            (_, is_sup) => {
                if is_sup {
                    wood.may_be_killed(&id);
                }
                forester.fell(running[&id])?;
                model.end(&id, End::Bad);
            }
        }
        t.advance(REST).await;
        let log = t.supervision();
        assert_eq!(log.start_order(), model.started, "in the order of starts\n{log}");
        assert_eq!(tree.is_alive(), model.is_alive(), "{log}");
        let running: Vec<String> = gardener.pids().into_keys().collect();
        assert_eq!(running, model.running(), "{log}");
        no_orphan(&t);
    }
    assert_eq!(wood.ledger().doubles, Vec::<String>::new());
    tree.stop(ExitReason::Shutdown).await;
    t.advance(REST).await;
    Ok(())
}

/// Something happens to the tree, and nobody waits for what comes of it.
async fn accident(gardener: &Gardener, tree: &SupervisorRef, forester: &ForesterRef) -> TestResult {
    let (t, wood) = (&gardener.t, &gardener.wood);
    let running = gardener.pids();
    let victim = t.random().checked_rem(running.len() as u64);
    let victim = victim.and_then(|at| running.iter().nth(at as usize));
    match (t.random() % 7, victim, wood.any(t.random())) {
        (0, ..) => t.advance(Duration::from_millis(t.random() % 300)).await,
        (1, Some((id, pid)), _) => {
            if gardener.rules.contains_key(id) {
                wood.may_be_killed(id);
            }
            forester.fell(*pid)?;
        }
        (2, Some((id, _)), _) => {
            if let Some((sup, _)) = id.rsplit_once('.') {
                forester_of(t)?.clear(sup_ref(tree, sup), id.clone())?;
            }
        }
        (3, ..) => {
            let id = format!("top.+{}", t.random());
            let (spec, ..) = gardener.worker(&id, gardener.outcomes());
            forester_of(t)?.plant(tree.clone(), Arc::new(Mutex::new(Some(spec))))?;
        }
        (_, _, Some((_, oak))) => drop(oak.fall(gardener.pick(&[true, false]))),
        _ => {}
    }
    Ok(())
}

/// One who may wait for an answer.
fn forester_of(t: &TestKit) -> TestResult<ForesterRef> {
    Ok(t.spawn(Forester)?)
}

/// Nobody was restarted more often than its supervisor may.
fn within_intensity(gardener: &Gardener) {
    let log = gardener.t.supervision();
    let mut starts = BTreeMap::new();
    for start in log.starts() {
        *starts.entry((start.supervisor, start.id)).or_insert(0_usize) += 1;
    }
    for ((_, id), count) in starts {
        let (above, _) = id.rsplit_once('.').expect("children are numbered");
        let (_, intensity) = gardener.rules[above];
        assert!(count - 1 <= intensity, "{id} was restarted {} times\n{log}", count - 1);
    }
}

/// Many things at once, then a stop, into which more may happen.
async fn in_a_storm(t: TestKit) -> TestResult {
    let (wood, rules) = (Wood::default(), BTreeMap::new());
    let mut gardener = Gardener { t: t.clone(), wood: wood.clone(), rules };
    let forester = t.start(Forester).await?;
    let Grown { spec, stop, .. } = gardener.grow("top", DEPTH);
    let tree = t.start(Tree(spec)).await;
    let Ok(tree) = tree else {
        t.advance(REST).await;
        no_orphan(&t);
        return Ok(());
    };
    for _ in 0..ACCIDENTS {
        accident(&gardener, &tree, &forester).await?;
    }
    let calm = gardener.pick(&[true, false]);
    if calm {
        t.advance(REST).await;
        no_orphan(&t);
    }
    let began = t.elapsed();
    let ending = tree.stop(ExitReason::Shutdown);
    if calm {
        ending.await;
        // Children that were added take their time as well, each 400 ms at most.
        let added = wood.ledger().tried.keys().filter(|id| id.contains('+')).count();
        let bound = stop + Duration::from_millis(400) * added as u32;
        assert!(t.elapsed() - began <= bound, "{:?} of {bound:?}", t.elapsed() - began);
    } else {
        for _ in 0..4 {
            accident(&gardener, &tree, &forester).await?;
        }
        ending.await;
    }
    t.advance(REST).await;
    assert!(gardener.pids().is_empty(), "left alive: {:?}", gardener.pids());
    let ledger = wood.ledger();
    assert!(ledger.living.values().all(|living| *living == 0), "{:?}", ledger.living);
    assert_eq!(ledger.doubles, Vec::<String>::new());
    drop(ledger);
    within_intensity(&gardener);
    Ok(())
}

#[test]
fn two_thousand_random_trees_do_as_the_model_says() {
    for seed in 0..SEEDS {
        let name = "forest::two_thousand_random_trees_do_as_the_model_says";
        let config = Config::new(name).seed(seed).schedules(TREES).max_steps(100_000);
        let report = run(&config, as_foretold);
        assert!(report.passed(), "{report}");
    }
}

#[test]
fn two_thousand_random_trees_stand_a_storm_or_end_as_they_should() {
    for seed in 0..SEEDS {
        let name = "forest::two_thousand_random_trees_stand_a_storm_or_end_as_they_should";
        let config = Config::new(name).seed(seed).schedules(TREES).max_steps(100_000);
        let report = run(&config, in_a_storm);
        assert!(report.passed(), "{report}");
    }
}
