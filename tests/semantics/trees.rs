//! Trees for the tests of supervision: lamps that write in a diary when they start and stop, and
//! whose starts can be made to fail, wait or be ignored.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use actor_core::supervisor::{ChildInfo, ChildSpec, ChildStatus, SupervisorRef, SupervisorSpec};
use actor_core::{Context, ExitReason, Pid, Process, Runtime, handlers};
use futures::channel::oneshot;
use futures::executor::block_on;
pub(crate) use tests::Tree;

use crate::kit::up;

/// What a start is to do.
pub(crate) enum Plan {
    /// Fail with an error.
    Fail,
    /// Panic.
    Panic,
    /// Choose not to start.
    Ignore,
    /// Wait; fail if the sender is dropped.
    Wait(oneshot::Receiver<()>),
    /// Start, and end by itself at once.
    Crash,
}

/// What a lamp does when it is stopped.
pub(crate) type Gate = Arc<Mutex<Option<oneshot::Receiver<()>>>>;

#[derive(Default)]
struct Book {
    lines: Vec<String>,
    plans: HashMap<String, VecDeque<Plan>>,
}

/// What has happened, and what is to.
#[derive(Clone, Default)]
pub(crate) struct Diary(Arc<Mutex<Book>>);

impl Diary {
    fn with<T>(&self, f: impl FnOnce(&mut Book) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes a line.
    pub(crate) fn write(&self, line: impl Into<String>) {
        self.with(|book| book.lines.push(line.into()));
    }

    /// All that was written since the last look, on one line.
    pub(crate) fn read(&self) -> String {
        self.with(|book| std::mem::take(&mut book.lines)).join(" ")
    }

    /// All that was written, which stays.
    pub(crate) fn all(&self) -> String {
        self.with(|book| book.lines.join(" "))
    }

    /// Whether this was written last.
    pub(crate) fn ends_with(&self, line: &str) -> bool {
        self.with(|book| book.lines.last().is_some_and(|last| last == line))
    }

    /// What the next starts of a lamp do; after them they succeed.
    pub(crate) fn plan(&self, id: &str, plans: impl IntoIterator<Item = Plan>) {
        self.with(|book| book.plans.entry(id.into()).or_default().extend(plans));
    }

    /// A lamp of this id, as a child.
    pub(crate) fn lamp(&self, id: &'static str) -> ChildSpec {
        self.lingering(id, Gate::default())
    }

    /// A lamp whose `terminate` waits at the gate.
    pub(crate) fn lingering(&self, id: &'static str, gate: Gate) -> ChildSpec {
        let diary = self.clone();
        ChildSpec::new(id, move |siblings| {
            let (diary, gate) = (diary.clone(), gate.clone());
            let id = siblings.id().to_owned();
            async move { make(diary, id, gate).await }
        })
    }

    /// A spec with a lamp for each letter.
    pub(crate) fn lamps(&self, ids: &'static str) -> SupervisorSpec {
        let one = |at: usize| self.lamp(&ids[at..=at]);
        (0..ids.len()).fold(SupervisorSpec::new("office"), |spec, at| spec.child(one(at)))
    }
}

async fn make(diary: Diary, id: String, gate: Gate) -> Result<Option<Lamp>, ExitReason> {
    let plan = diary.with(|book| book.plans.get_mut(&id).and_then(VecDeque::pop_front));
    match plan {
        Some(Plan::Fail) => {
            diary.write(format!("!{id}"));
            return Err(ExitReason::other("planned"));
        }
        Some(Plan::Panic) => panic!("planned"),
        Some(Plan::Ignore) => {
            diary.write(format!("?{id}"));
            return Ok(None);
        }
        Some(Plan::Wait(gate)) => {
            diary.write(format!("~{id}"));
            gate.await.map_err(ExitReason::error)?;
        }
        Some(Plan::Crash) => return Ok(Some(Lamp { id, diary, gate, crashes: true })),
        None => {}
    }
    diary.write(format!("+{id}"));
    Ok(Some(Lamp { id, diary, gate, crashes: false }))
}

/// A child that can be told to end, and tells of it.
#[derive(Process)]
pub(crate) struct Lamp {
    id: String,
    diary: Diary,
    gate: Gate,
    crashes: bool,
}

impl Lamp {
    /// One whose `terminate` waits at the gate.
    #[allow(dead_code, reason = "the tests of `supervisors` use it")]
    pub(crate) fn waiting(diary: Diary, id: String, gate: Gate) -> Self {
        Self { id, diary, gate, crashes: false }
    }
}

#[handlers]
impl Lamp {
    #[init]
    fn begin(&mut self, cx: &mut Context<Self>) {
        if self.crashes {
            // Handled right after the start, before anybody else can have sent anything.
            cx.continue_with(LampMessage::End { reason: ExitReason::other("planned") });
        }
    }

    /// Ends with this reason.
    #[cast]
    pub(crate) fn end(&mut self, cx: &mut Context<Self>, reason: ExitReason) {
        self.crashes = true;
        cx.stop(reason);
    }

    /// Writes a word.
    #[cast]
    pub(crate) fn say(&mut self, word: u64) {
        self.diary.write(word.to_string());
    }

    /// Drops something.
    #[cast]
    pub(crate) fn take(&mut self, bomb: crate::panic::Bomb) {
        let _kept = std::mem::ManuallyDrop::new(bomb);
    }

    /// Its pid.
    #[call]
    pub(crate) fn who(&self, cx: &mut Context<Self>) -> Pid {
        cx.pid()
    }

    /// Unlinks itself from its supervisor.
    #[call]
    pub(crate) fn leave(&mut self, cx: &mut Context<Self>) {
        if let Some(parent) = cx.parent() {
            cx.unlink(&parent);
        }
    }

    #[exit]
    fn exited(&mut self, _from: Pid, _reason: ExitReason) {}

    #[terminate]
    async fn terminate(&mut self) {
        if self.crashes {
            return;
        }
        let gate = self.gate.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(gate) = gate {
            self.diary.write(format!("({}", self.id));
            let _ = gate.await;
        }
        self.diary.write(format!("-{}", self.id));
    }
}

/// A started tree.
pub(crate) fn open(rt: &Runtime, spec: SupervisorSpec) -> SupervisorRef {
    up(rt, Tree(spec))
}

/// The ref of a lamp.
pub(crate) fn lamp(tree: &SupervisorRef, id: &str) -> LampRef {
    tree.child::<Lamp>(id)
}

/// Returns when the supervisor has acted on all that has happened so far.
pub(crate) fn settled(tree: &SupervisorRef) {
    block_on(tree.count_children()).expect("the supervisor lives");
}

/// Ends a lamp's present incarnation; returns when the supervisor has acted on it.
pub(crate) fn end(tree: &SupervisorRef, id: &str, reason: ExitReason) {
    fell(tree, id, reason);
    settled(tree);
}

/// Ends a lamp's present incarnation; returns when it has ended.
pub(crate) fn fell(tree: &SupervisorRef, id: &str, reason: ExitReason) {
    let lamp = lamp(tree, id);
    let closed = lamp.closed();
    lamp.end(reason).expect("it runs");
    closed.blocking();
}

/// An abnormal reason.
pub(crate) fn boom() -> ExitReason {
    ExitReason::other("boom")
}

/// What the supervisor says of a child.
pub(crate) fn info(tree: &SupervisorRef, id: &str) -> Option<ChildInfo> {
    let children = block_on(tree.which_children()).expect("the supervisor lives");
    children.into_iter().find(|child| &*child.id == id)
}

/// Whether a child runs.
pub(crate) fn status(tree: &SupervisorRef, id: &str) -> Option<ChildStatus> {
    info(tree, id).map(|child| child.status)
}

/// What a lamp's start function does, for those that are started one by one.
pub(crate) async fn started(diary: Diary, id: String) -> Result<Option<Lamp>, ExitReason> {
    make(diary, id, Gate::default()).await
}
