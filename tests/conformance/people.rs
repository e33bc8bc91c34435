//! The processes of a script: as `erlang/conform_worker.erl` and its neighbours have them.

use std::sync::Arc;
use std::time::Duration;

use actor_core::supervisor::{
    ChildAdminError, ChildSpec, ChildStatus, SupervisorRef, SupervisorSpec,
};
use actor_core::{
    CallError, CallFailure, Context, Down, ExitReason, MonitorRef, Pid, Process, Start, StartError,
    handlers,
};
use tests::Tree;

use crate::book::{Book, words};
use crate::script::{Kid, Nature, Outcome, Stop};

/// How long a slow worker takes to stop: much longer than the time that scripts give it.
const SLOW: Duration = Duration::from_millis(400);

/// What all dynamic children are.
const KIND: &str = "kind";

/// A supervisor of a script. Its first child is a lamp: so that there is a child, and because it
/// knows its parent, which enters the supervisor into the book.
pub(crate) fn tree(book: &Book, id: &str) -> Tree {
    let play = book.play();
    let flags = play.sups[id];
    let (_, name) = book.next(id);
    let lamp = {
        let (book, id, name) = (book.clone(), id.to_owned(), name.clone());
        ChildSpec::new("lamp", move |_| {
            let lamp = Lamp { book: book.clone(), id: id.clone(), name: name.clone() };
            async move { Ok(Some(lamp)) }
        })
    };
    let mut spec = SupervisorSpec::new(&*name)
        .strategy(flags.strategy)
        .intensity(flags.intensity)
        .period(flags.period)
        .auto_shutdown(flags.auto_shutdown);
    if flags.simple {
        return Tree(spec.child(ChildSpec::dynamic::<Worker>(KIND)));
    }
    spec = spec.child(lamp);
    for (_, kid) in play.kids.iter().filter(|(sup, _)| sup == id) {
        spec = spec.child(child(book, &name, kid));
    }
    Tree(spec)
}

/// The name of a supervisor is `id#n`.
fn id_of(name: &str) -> &str {
    name.split_once('#').map_or(name, |(id, _)| id)
}

/// A child of the supervisor that is called `sup`.
pub(crate) fn child(book: &Book, sup: &str, kid: &Kid) -> ChildSpec {
    let (book, sup, id) = (book.clone(), sup.to_owned(), kid.id.clone());
    let spec = match kid.nature.clone() {
        Some(nature) => ChildSpec::new(id.clone(), move |_| {
            let worker = Worker::next(&book, &sup, &id, &nature);
            async move { Ok(worker) }
        }),
        None => ChildSpec::new(id.clone(), move |_| {
            let tree = tree(&book, &id);
            book.with(|pages| pages.above.insert(id.clone(), id_of(&sup).to_owned()));
            book.log(&sup, format_args!("start {}", tree.0.name()));
            async move { Ok(Some(tree)) }
        }),
    };
    let spec = spec.restart(kid.restart).shutdown(kid.shutdown);
    if kid.significant { spec.significant() } else { spec }
}

/// Does nothing but to enter its supervisor into the book.
#[derive(Process)]
pub(crate) struct Lamp {
    book: Book,
    id: String,
    name: String,
}

#[handlers]
impl Lamp {
    #[init]
    async fn begin(&mut self, cx: &mut Context<Self>) -> Result<(), CallFailure> {
        let parent = cx.parent().expect("a supervisor");
        // The lamp may be a later one of the same supervisor.
        if self.book.pid(&self.id) == Some(parent) {
            return Ok(());
        }
        self.book.enter(&self.id, &self.name, parent, None);
        watched(&self.book, parent, &self.name).await?;
        // Time passes when nothing else can happen: so the monitor has arrived.
        self.book.slow(cx.pid());
        cx.sleep(Duration::from_millis(1)).await;
        self.book.done(cx.pid());
        Ok(())
    }
}

/// Has the witness watch a process.
async fn watched(book: &Book, pid: Pid, name: &str) -> Result<(), CallFailure> {
    let witness = book.with(|pages| pages.witness.clone()).expect("the witness");
    witness.watch(pid, name.to_owned()).await
}

/// What a worker is told.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Stop(ExitReason),
    Crash,
    Exit(Pid, ExitReason),
    Trap(bool),
    Link(Pid),
    Unlink(Pid),
    Monitor(Pid),
    Demonitor(Pid),
    SpawnLink(String, Nature),
    SpawnMonitor(String, Nature),
}

/// Starts and stops as its plan says, does what it is told, and writes down what it hears.
#[derive(Process)]
pub(crate) struct Worker {
    book: Book,
    sup: String,
    id: String,
    name: String,
    nature: Nature,
    outcome: Outcome,
    monitors: Vec<(Pid, MonitorRef)>,
}

impl Worker {
    /// The next incarnation of an id, if it chooses to start.
    pub(crate) fn next(book: &Book, sup: &str, id: &str, nature: &Nature) -> Option<Self> {
        let (number, name) = book.next(id);
        let outcome = nature.outcome(number);
        book.log(sup, format_args!("start {name} {}", outcome.word()));
        (outcome != Outcome::Ignore).then(|| Self {
            book: book.clone(),
            sup: sup.to_owned(),
            id: id.to_owned(),
            name,
            nature: nature.clone(),
            outcome,
            monitors: Vec::new(),
        })
    }

    /// One that this one starts.
    fn another(&self, id: &str, nature: &Nature) -> Self {
        Self::next(&self.book, &self.name, id, nature).expect("free workers start")
    }
}

#[handlers]
impl Worker {
    #[init]
    async fn begin(&mut self, cx: &mut Context<Self>) -> Result<(), ExitReason> {
        cx.trap_exit(false);
        self.book.enter(&self.id, &self.name, cx.pid(), Some(cx.me()));
        watched(&self.book, cx.pid(), &self.name).await?;
        if matches!(self.outcome, Outcome::Hold | Outcome::HoldErr) {
            self.book.held(&self.id, cx.pid()).await;
        }
        match self.outcome {
            Outcome::Err | Outcome::HoldErr => return Err(ExitReason::other("bad")),
            Outcome::Crash => panic!("boom"),
            _ => {}
        }
        cx.trap_exit(self.nature.trap);
        self.book.log(&self.sup, format_args!("ready {}", self.name));
        Ok(())
    }

    #[cast(on_err = crash)]
    pub(crate) fn act(&mut self, cx: &mut Context<Self>, act: Act) -> Result<(), StartError> {
        match act {
            Act::Stop(reason) => cx.stop(reason),
            Act::Crash => panic!("boom"),
            Act::Exit(pid, reason) => cx.exit(&pid, reason),
            Act::Trap(trap) => cx.trap_exit(trap),
            Act::Link(pid) => cx.link(&pid),
            Act::Unlink(pid) => cx.unlink(&pid),
            Act::Monitor(pid) => {
                let monitor = cx.monitor(&pid);
                self.monitors.insert(0, (pid, monitor));
            }
            Act::Demonitor(pid) => {
                if let Some(at) = self.monitors.iter().position(|(other, _)| *other == pid) {
                    cx.demonitor(self.monitors.remove(at).1);
                }
            }
            Act::SpawnLink(id, nature) => drop(cx.spawn_link(self.another(&id, &nature))?),
            Act::SpawnMonitor(id, nature) => {
                let (worker, monitor) = cx.spawn_monitor(self.another(&id, &nature))?;
                self.monitors.insert(0, (worker.pid().expect("a process"), monitor));
            }
        }
        Ok(())
    }

    #[exit]
    fn exit(&mut self, from: Pid, reason: ExitReason) {
        let from = self.book.who(from);
        self.book.log(&self.name, format_args!("exit {from} {}", words(&reason)));
    }

    #[down]
    fn down(&mut self, down: Down) {
        let who = self.book.who(down.pid);
        self.book.log(&self.name, format_args!("down {who} {}", words(&down.reason)));
        self.monitors.retain(|(_, monitor)| *monitor != down.monitor);
    }

    #[terminate]
    async fn end(&mut self, cx: &mut Context<Self>, reason: &ExitReason) {
        // Only a supervisor stops with `shutdown`: then it is part of what the supervisor does.
        let stream = if *reason == ExitReason::Shutdown { &self.sup } else { &self.name };
        self.book.log(stream, format_args!("stop {} {}", self.name, words(reason)));
        match self.nature.stop {
            Stop::Now => {}
            Stop::Held => self.book.held(&self.id, cx.pid()).await,
            Stop::Slow => {
                self.book.slow(cx.pid());
                cx.sleep(SLOW).await;
            }
            Stop::Crash => panic!("fall"),
        }
        self.book.log(stream, format_args!("stopped {}", self.name));
    }
}

/// Watches whoever is entered, and writes how each ended.
#[derive(Process)]
pub(crate) struct Witness {
    pub(crate) book: Book,
    pub(crate) watched: Vec<(MonitorRef, String)>,
}

#[handlers]
impl Witness {
    #[call]
    pub(crate) fn watch(&mut self, cx: &mut Context<Self>, pid: Pid, name: String) {
        let monitor = cx.monitor(&pid);
        self.watched.push((monitor, name));
    }

    #[down]
    fn down(&mut self, down: Down) {
        let at = self.watched.iter().position(|(monitor, _)| *monitor == down.monitor);
        let (_, name) = self.watched.remove(at.expect("a DOWN is of a monitor that was set"));
        self.book.ended(down.pid);
        self.book.log("witness", format_args!("{name} ended {}", words(&down.reason)));
    }
}

/// The parent of the tree.
#[derive(Process)]
pub(crate) struct Boss {
    pub(crate) book: Book,
}

#[handlers]
impl Boss {
    #[init]
    fn begin(&mut self, cx: &mut Context<Self>) {
        self.book.enter("boss", "boss", cx.pid(), None);
    }

    #[cast]
    pub(crate) async fn start(&mut self, id: String) {
        let tree = tree(&self.book, &id);
        let name = tree.0.name().to_owned();
        self.book.log("boss", format_args!("start {name}"));
        match tree.with().link().start().await {
            Ok(top) => {
                if self.book.play().sups[&id].simple {
                    // It has no lamp.
                    let pid = top.pid().expect("it runs");
                    self.book.enter(&id, &name, pid, None);
                    let _ = watched(&self.book, pid, &name).await;
                }
                self.book.with(|pages| pages.top = Some((id, top)));
                self.book.log("boss", format_args!("started {name}"));
            }
            Err(StartError::Init(reason)) => {
                self.book.log("boss", format_args!("failed {}", words(&reason)));
            }
            Err(other) => self.book.log("boss", format_args!("failed {other}")),
        }
    }

    #[cast]
    pub(crate) fn parent(&mut self, cx: &mut Context<Self>, reason: ExitReason) {
        let top = self.book.with(|pages| pages.top.clone());
        if let Some((_, top)) = top {
            cx.exit(&top, reason);
        }
    }

    #[exit]
    fn exit(&mut self, from: Pid, reason: ExitReason) {
        let from = self.book.who(from);
        self.book.log("boss", format_args!("exit {from} {}", words(&reason)));
    }
}

/// Sends exit signals, for the script.
#[derive(Process)]
pub(crate) struct Stranger {
    pub(crate) book: Book,
}

#[handlers]
impl Stranger {
    #[init]
    fn begin(&mut self, cx: &mut Context<Self>) {
        self.book.enter("stranger", "stranger", cx.pid(), None);
    }

    #[cast]
    pub(crate) fn exit_to(&mut self, cx: &mut Context<Self>, pid: Pid, reason: ExitReason) {
        cx.exit(&pid, reason);
    }
}

/// Asks a supervisor, and writes the answer whenever it comes.
#[derive(Process)]
pub(crate) struct Asker {
    pub(crate) book: Book,
}

#[handlers]
impl Asker {
    #[cast]
    pub(crate) async fn ask(&mut self, number: usize, sup: SupervisorRef, words: Arc<[String]>) {
        let answer = match self.request(&sup, &words).await {
            Ok(answer) => answer,
            Err(CallFailure::NoProc) => "noproc".to_owned(),
            Err(CallFailure::Exited(reason)) => crate::book::words(&reason),
            Err(other) => other.to_string(),
        };
        self.book.log("answers", format_args!("{number} {} {answer}", words[0]));
    }
}

impl Asker {
    async fn request(&self, sup: &SupervisorRef, words: &[String]) -> Result<String, CallFailure> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match &*words {
            ["which", _] => Ok(self.which(sup).await?),
            ["count", _] => {
                let counts = sup.count_children().await?;
                let (specs, active) = (counts.specs, counts.active);
                Ok(format!("{specs}/{active}/{}/{}", counts.supervisors, counts.workers))
            }
            ["add", id, kid @ ..] => {
                let spec = child(&self.book, &self.book.latest(id), &Kid::of(kid));
                self.started(sup.start_child(spec).await)
            }
            ["grow", sup_id, id] => self.grow(sup, sup_id, id).await,
            ["restart", _, id] => self.started(sup.restart_child(id).await),
            ["terminate", _, id] => done(sup.terminate_child(*id).await),
            ["delete", _, id] => done(sup.delete_child(id).await),
            other => panic!("{other:?} is no request"),
        }
    }

    /// One more of a supervisor's only kind.
    async fn grow(&self, to: &SupervisorRef, sup: &str, id: &str) -> Result<String, CallFailure> {
        let play = self.book.play();
        let kid = play.kids.iter().find(|(of, _)| of == sup).map(|(_, kid)| kid);
        let kid = kid.expect("a simple_one_for_one supervisor has one kind of child");
        let nature = kid.nature.clone().expect("a worker");
        let (book, sup, id) = (self.book.clone(), self.book.latest(sup), id.to_owned());
        let make = move |_| {
            let worker = Worker::next(&book, &sup, &id, &nature);
            async move { Ok(worker) }
        };
        let grown = to.start_dynamic::<Worker, _, _>(KIND, kid.restart, kid.shutdown, make).await;
        match grown {
            Ok(worker) => {
                let pid = worker.pid().expect("it runs");
                Ok(format!("ok {}", self.book.who(pid)))
            }
            Err(StartError::Init(reason)) => Ok(format!("error {}", words(&reason))),
            Err(StartError::Supervisor(failure)) => Err(failure),
            Err(other) => Ok(other.to_string()),
        }
    }

    async fn which(&self, sup: &SupervisorRef) -> Result<String, CallFailure> {
        let children = sup.which_children().await?;
        let states = children.iter().filter(|child| &*child.id != "lamp").map(|child| {
            let state = match child.status {
                ChildStatus::Running(pid) => self.book.who(pid),
                ChildStatus::Restarting => "restarting".to_owned(),
                ChildStatus::Stopped => "stopped".to_owned(),
            };
            format!("{}={state}", child.id)
        });
        Ok(states.collect::<Vec<_>>().join(" "))
    }

    fn started(
        &self,
        result: Result<Option<Pid>, CallError<ChildAdminError>>,
    ) -> Result<String, CallFailure> {
        let refused = match result {
            Ok(Some(pid)) => return Ok(format!("ok {}", self.book.who(pid))),
            Ok(None) => return Ok("ignored".to_owned()),
            Err(CallError::Failed(failure)) => return Err(failure),
            Err(CallError::Handler(refused)) => refused,
        };
        Ok(match refused {
            ChildAdminError::AlreadyStarted(pid) => {
                format!("already_started {}", self.book.who(pid))
            }
            ChildAdminError::Start(reason) => format!("error {}", words(&reason)),
            other => error(&other),
        })
    }
}

fn done(result: Result<(), CallError<ChildAdminError>>) -> Result<String, CallFailure> {
    match result {
        Ok(()) => Ok("ok".to_owned()),
        Err(CallError::Failed(failure)) => Err(failure),
        Err(CallError::Handler(refused)) => Ok(error(&refused)),
    }
}

/// OTP's word for it.
fn error(refused: &ChildAdminError) -> String {
    match refused {
        ChildAdminError::NotFound => "not_found".to_owned(),
        ChildAdminError::Running => "running".to_owned(),
        ChildAdminError::Restarting => "restarting".to_owned(),
        ChildAdminError::AlreadyPresent => "already_present".to_owned(),
        other => other.to_string(),
    }
}
