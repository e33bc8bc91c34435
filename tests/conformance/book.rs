//! What a script's processes share: the log, who is who, and who waits.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};

use actor_core::supervisor::SupervisorRef;
use actor_core::{ExitReason, Pid};
use futures::channel::oneshot;

use crate::people::{WitnessRef, WorkerRef};
use crate::script::Play;

/// One event of a log: in which step, in whose order, what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) step: usize,
    pub(crate) stream: String,
    pub(crate) text: String,
}

/// Shared by all processes of one script.
#[derive(Clone, Default)]
pub(crate) struct Book(Arc<Mutex<Pages>>);

#[derive(Default)]
pub(crate) struct Pages {
    pub(crate) play: Arc<Play>,
    pub(crate) step: usize,
    pub(crate) lines: Vec<Line>,
    starts: HashMap<String, usize>,
    /// The latest incarnation of each id.
    latest: HashMap<String, (Pid, String)>,
    who: HashMap<Pid, String>,
    workers: BTreeMap<Pid, WorkerRef>,
    pub(crate) dead: HashSet<Pid>,
    /// In the order in which they began to wait.
    held: Vec<(String, Pid, oneshot::Sender<()>)>,
    slow: HashSet<Pid>,
    pub(crate) witness: Option<WitnessRef>,
    pub(crate) top: Option<(String, SupervisorRef)>,
    /// The supervisor of each child supervisor.
    pub(crate) above: HashMap<String, String>,
}

impl Book {
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Pages) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Forgets everybody: the refs in here, and so the book, which they hold.
    pub(crate) fn close(&self) {
        let pages = self.with(std::mem::take);
        drop(pages);
    }

    pub(crate) fn play(&self) -> Arc<Play> {
        self.with(|pages| pages.play.clone())
    }

    /// Writes a line.
    pub(crate) fn log(&self, stream: &str, text: impl Display) {
        let (stream, text) = (stream.to_owned(), text.to_string());
        self.with(|pages| pages.lines.push(Line { step: pages.step, stream, text }));
    }

    /// The number and the name of the next incarnation: `a#1`, `a#2`, ..
    pub(crate) fn next(&self, id: &str) -> (usize, String) {
        self.with(|pages| {
            let count = pages.starts.entry(id.to_owned()).or_default();
            *count += 1;
            (*count, format!("{id}#{count}"))
        })
    }

    /// An incarnation is a process now: it can be found.
    pub(crate) fn enter(&self, id: &str, name: &str, pid: Pid, worker: Option<WorkerRef>) {
        self.with(|pages| {
            pages.latest.insert(id.to_owned(), (pid, name.to_owned()));
            pages.who.insert(pid, name.to_owned());
            if let Some(worker) = worker {
                pages.workers.insert(pid, worker);
            }
        });
    }

    /// The latest incarnation.
    pub(crate) fn pid(&self, id: &str) -> Option<Pid> {
        self.with(|pages| pages.latest.get(id).map(|(pid, _)| *pid))
    }

    /// Its name.
    pub(crate) fn latest(&self, id: &str) -> String {
        self.with(|pages| pages.latest.get(id).map_or_else(String::new, |(_, name)| name.clone()))
    }

    pub(crate) fn worker(&self, id: &str) -> Option<WorkerRef> {
        let pid = self.pid(id)?;
        self.with(|pages| pages.workers.get(&pid).cloned())
    }

    pub(crate) fn workers(&self) -> Vec<WorkerRef> {
        self.with(|pages| pages.workers.values().cloned().collect())
    }

    pub(crate) fn who(&self, pid: Pid) -> String {
        let unknown = || "unknown".to_owned();
        self.with(|pages| pages.who.get(&pid).cloned()).unwrap_or_else(unknown)
    }

    /// Waits until the script says `release`.
    pub(crate) async fn held(&self, id: &str, pid: Pid) {
        let (sender, receiver) = oneshot::channel();
        self.with(|pages| pages.held.push((id.to_owned(), pid, sender)));
        // Released, or the script is over.
        let _ = receiver.await;
    }

    pub(crate) fn is_held(&self) -> bool {
        self.with(|pages| !pages.held.is_empty())
    }

    /// Lets go who is held longest under this id.
    pub(crate) fn release(&self, id: &str) {
        let sender = self.with(|pages| {
            let at = pages.held.iter().position(|(other, ..)| other == id)?;
            Some(pages.held.remove(at).2)
        });
        // Outside of the lock: it wakes a process.
        if let Some(sender) = sender {
            let _ = sender.send(());
        }
    }

    /// This process takes its time and is waited for.
    pub(crate) fn slow(&self, pid: Pid) {
        self.with(|pages| pages.slow.insert(pid));
    }

    pub(crate) fn done(&self, pid: Pid) {
        self.with(|pages| pages.slow.remove(&pid));
    }

    pub(crate) fn is_slow(&self) -> bool {
        self.with(|pages| !pages.slow.is_empty())
    }

    /// A process has ended.
    pub(crate) fn ended(&self, pid: Pid) {
        let held = self.with(|pages| {
            pages.dead.insert(pid);
            pages.slow.remove(&pid);
            let (gone, held) =
                std::mem::take(&mut pages.held).into_iter().partition(|h| h.1 == pid);
            pages.held = held;
            let gone: Vec<_> = gone;
            gone
        });
        drop(held);
    }
}

/// Reasons in the words that both sides have.
pub(crate) fn words(reason: &ExitReason) -> String {
    match reason {
        ExitReason::ShutdownWith(why) => match failed_child(why) {
            Some(id) => format!("failed:{id}"),
            None => format!("shutdown:{why}"),
        },
        ExitReason::Panic(report) => format!("crash:{}", report.message),
        other => other.to_string(),
    }
}

/// The id in `child "ID" did not start: ..`.
fn failed_child(why: &str) -> Option<&str> {
    let (id, rest) = why.strip_prefix("child \"")?.split_once('"')?;
    rest.starts_with(" did not start").then_some(id)
}

/// The reason that a script names.
pub(crate) fn reason(word: &str) -> ExitReason {
    match word {
        "normal" => ExitReason::Normal,
        "shutdown" => ExitReason::Shutdown,
        "shut" => ExitReason::ShutdownWith("t".into()),
        "kill" => ExitReason::Kill,
        "killed" => ExitReason::Killed,
        "noproc" => ExitReason::NoProc,
        other => ExitReason::other(other),
    }
}
