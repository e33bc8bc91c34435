//! What supervisors should do, as a model: a tree that lives in plain data, in which one thing
//! happens at a time.
//!
//! It is written from OTP's manual, not from the supervisor here, and knows nothing of processes:
//! who runs, whose start goes how, and in which order children are started.

use std::collections::BTreeMap;

use actor_core::supervisor::{Restart, Strategy};

/// How a start goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ok,
    Ignore,
    Fail,
}

/// A supervisor's spec, and what is below it.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) strategy: Strategy,
    pub(crate) intensity: usize,
    pub(crate) children: Vec<ChildPlan>,
}

#[derive(Clone, Debug)]
pub(crate) struct ChildPlan {
    pub(crate) id: String,
    pub(crate) restart: Restart,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// How its starts go; the last one for all later ones.
    Worker(Vec<Outcome>),
    Supervisor(Plan),
}

/// Why a child ended, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Good,
    Bad,
}

/// A tree that runs, or has ended.
#[derive(Debug)]
pub(crate) struct Model {
    top: Option<Sup>,
    /// What has happened: the ids of the children in the order in which they were started.
    pub(crate) started: Vec<String>,
    /// How many starts of each worker were tried.
    tried: BTreeMap<String, usize>,
}

#[derive(Debug)]
struct Sup {
    plan: Plan,
    restarts: usize,
    children: Vec<Child>,
}

#[derive(Debug)]
struct Child {
    plan: ChildPlan,
    running: Option<Running>,
}

#[derive(Debug)]
enum Running {
    Worker,
    Supervisor(Sup),
}

/// What became of a supervisor.
#[derive(PartialEq, Eq)]
enum Fate {
    GoesOn,
    GaveUp,
}

impl Model {
    /// Starts a tree; none if a child does not start.
    pub(crate) fn start(plan: &Plan) -> Self {
        let mut model = Self { top: None, started: Vec::new(), tried: BTreeMap::new() };
        model.top = model.start_tree(plan);
        model
    }

    pub(crate) fn is_alive(&self) -> bool {
        self.top.is_some()
    }

    /// The ids of all children that run, sorted.
    pub(crate) fn running(&self) -> Vec<String> {
        let mut ids = Vec::new();
        if let Some(top) = &self.top {
            top.running(&mut ids);
        }
        ids.sort();
        ids
    }

    /// A child ends by itself.
    pub(crate) fn end(&mut self, id: &str, end: End) {
        let Some(mut top) = self.top.take() else { return };
        if self.end_below(&mut top, id, end) == Fate::GoesOn {
            self.top = Some(top);
        }
    }

    /// A worker is added to a supervisor (`""`: the topmost), and kept if it starts.
    pub(crate) fn add(&mut self, sup: &str, child: &ChildPlan) {
        let Some(mut top) = self.top.take() else { return };
        if let Some(found) = top.find(sup) {
            let started = self.start_child(child);
            // One that fails is not kept, nor is a dynamic one that chose not to start.
            if let Ok(Some(running)) = started {
                found.children.push(Child { plan: child.clone(), running: Some(running) });
            }
        }
        self.top = Some(top);
    }

    fn start_tree(&mut self, plan: &Plan) -> Option<Sup> {
        let mut sup = Sup { plan: plan.clone(), restarts: 0, children: Vec::new() };
        for child in &plan.children {
            let running = self.start_child(child).ok()?;
            // Of a temporary child that chose not to start nothing is kept.
            if running.is_some() || child.restart != Restart::Temporary {
                sup.children.push(Child { plan: child.clone(), running });
            }
        }
        Some(sup)
    }

    fn start_child(&mut self, child: &ChildPlan) -> Result<Option<Running>, ()> {
        let running = match &child.kind {
            Kind::Worker(outcomes) => {
                let tried = self.tried.entry(child.id.clone()).or_default();
                *tried += 1;
                match outcomes[(*tried).min(outcomes.len()) - 1] {
                    Outcome::Ok => Running::Worker,
                    Outcome::Ignore => return Ok(None),
                    Outcome::Fail => return Err(()),
                }
            }
            Kind::Supervisor(plan) => Running::Supervisor(self.start_tree(plan).ok_or(())?),
        };
        self.started.push(child.id.clone());
        Ok(Some(running))
    }

    fn end_below(&mut self, sup: &mut Sup, id: &str, end: End) -> Fate {
        if let Some(at) = sup.children.iter().position(|c| c.plan.id == id && c.running.is_some()) {
            sup.children[at].running = None;
            return self.ended(sup, at, end);
        }
        for at in 0..sup.children.len() {
            let Some(Running::Supervisor(below)) = &mut sup.children[at].running else { continue };
            if below.find_child(id) && self.end_below(below, id, end) == Fate::GaveUp {
                sup.children[at].running = None;
                // It ends with `shutdown`.
                return self.ended(sup, at, End::Good);
            }
        }
        Fate::GoesOn
    }

    /// The child at `at` has ended.
    fn ended(&mut self, sup: &mut Sup, at: usize, end: End) -> Fate {
        match (sup.children[at].plan.restart, end) {
            (Restart::Temporary, _) => drop(sup.children.remove(at)),
            (Restart::Transient, End::Good) => {}
            _ => return self.restart(sup, at),
        }
        Fate::GoesOn
    }

    /// Attempts until all run, or too many were made.
    fn restart(&mut self, sup: &mut Sup, mut dead: usize) -> Fate {
        loop {
            sup.restarts += 1;
            if sup.restarts > sup.plan.intensity {
                return Fate::GaveUp;
            }
            let failed = match sup.plan.strategy {
                Strategy::OneForOne => self.start_range(sup, dead, dead + 1),
                Strategy::OneForAll => self.restart_group(sup, 0, dead),
                Strategy::RestForOne => self.restart_group(sup, dead, dead),
            };
            match failed {
                None => return Fate::GoesOn,
                Some(at) => dead = at,
            }
        }
    }

    /// Stops all from `first` on, forgets temporary bystanders, and starts the others.
    fn restart_group(&mut self, sup: &mut Sup, first: usize, dead: usize) -> Option<usize> {
        let group = sup.children.split_off(first).into_iter().enumerate();
        let stays = |(at, child): &(usize, Child)| {
            first + at == dead || child.plan.restart != Restart::Temporary
        };
        let group = group.filter(stays).map(|(_, child)| Child { running: None, ..child });
        sup.children.extend(group);
        self.start_range(sup, first, sup.children.len())
    }

    /// Starts children in order; the one that failed, if one did.
    fn start_range(&mut self, sup: &mut Sup, first: usize, end: usize) -> Option<usize> {
        for at in first..end {
            match self.start_child(&sup.children[at].plan.clone()) {
                Ok(running) => sup.children[at].running = running,
                Err(()) => return Some(at),
            }
        }
        None
    }
}

impl Sup {
    fn running(&self, ids: &mut Vec<String>) {
        for child in &self.children {
            if let Some(running) = &child.running {
                ids.push(child.plan.id.clone());
                if let Running::Supervisor(below) = running {
                    below.running(ids);
                }
            }
        }
    }

    fn find_child(&self, id: &str) -> bool {
        let mut ids = Vec::new();
        self.running(&mut ids);
        ids.iter().any(|other| other == id)
    }

    /// A supervisor that runs, by its id; `""` is this one.
    fn find(&mut self, id: &str) -> Option<&mut Self> {
        if id.is_empty() {
            return Some(self);
        }
        self.children.iter_mut().find_map(|child| match &mut child.running {
            Some(Running::Supervisor(below)) => {
                below.find(if child.plan.id == id { "" } else { id })
            }
            _ => None,
        })
    }
}
