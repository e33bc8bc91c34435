//! A machine that does what it is told, and writes down what happens to it.

use std::sync::Arc;
use std::time::Duration;

use actor_core::prelude::*;

pub(crate) const MS: Duration = Duration::from_millis(1);

/// The first state.
pub(crate) struct A;
/// Another.
pub(crate) struct B;
/// One more, with data.
pub(crate) struct C {
    pub(crate) n: u32,
}

/// What a rig is told to do.
pub(crate) type Job = Box<dyn FnOnce(&mut Rig, &mut StateContext<Rig>) -> To<(A, B, C)> + Send>;

/// What it does on entering a state.
type OnEnter = Arc<dyn Fn(&mut Rig, &mut StateContext<Rig>) + Send + Sync>;

/// See the module.
#[derive(StateMachine)]
pub(crate) struct Rig {
    log: Vec<String>,
    until: Option<(String, Reply<Vec<String>>)>,
    pub(crate) on_enter: Option<OnEnter>,
    pub(crate) held: Vec<Reply<u32>>,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self { log: Vec::new(), until: None, on_enter: None, held: Vec::new() }
    }

    pub(crate) fn note(&mut self, what: impl Into<String>) {
        self.log.push(what.into());
        let last = self.log.last();
        if let Some((_, reply)) = self.until.take_if(|(word, _)| Some(&*word) == last) {
            reply.send(self.log.clone());
        }
    }

    fn entered(&mut self, state: &str, old: Option<&RigState>, cx: &mut StateContext<Self>) {
        let old = old.map_or("nothing", |old| Self::state_name(old));
        self.note(format!("enter {state} from {old}"));
        if let Some(on_enter) = self.on_enter.take() {
            on_enter(self, cx);
        }
    }
}

#[machine(initial = A)]
impl Rig {
    #[enter(A)]
    fn enter_a(&mut self, old: Option<&RigState>, cx: &mut StateContext<Self>) {
        self.entered("A", old, cx);
    }
    #[enter(B)]
    fn enter_b(&mut self, old: Option<&RigState>, cx: &mut StateContext<Self>) {
        self.entered("B", old, cx);
    }
    #[enter]
    fn enter_c(&mut self, c: &C, old: Option<&RigState>, cx: &mut StateContext<Self>) {
        self.entered(&format!("C{}", c.n), old, cx);
    }

    /// Does the job.
    #[cast]
    pub(crate) fn act(&mut self, job: Job, cx: &mut StateContext<Self>) -> To<(A, B, C)> {
        self.note("act");
        job(self, cx)
    }

    /// All that has been written down once this word is.
    #[call(timeout = infinity)]
    pub(crate) fn until(&mut self, word: String, reply: Reply<Vec<String>>) {
        match self.log.contains(&word) {
            true => reply.send(self.log.clone()),
            false => self.until = Some((word, reply)),
        }
    }

    /// Replies with the log so far.
    #[call]
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.clone()
    }

    #[cast]
    pub(crate) fn say(&mut self, n: u32) {
        self.note(format!("say {n}"));
    }

    /// Is heard in B alone.
    #[cast(in = B, postpone = _)]
    pub(crate) fn wait(&mut self, n: u32) {
        self.note(format!("waited {n}"));
    }

    /// The same as a call.
    #[call(in = B, postpone = _)]
    pub(crate) fn ask(&mut self, n: u32) -> u32 {
        self.note(format!("asked {n}"));
        n
    }

    /// A call whose reply is kept.
    #[call]
    pub(crate) fn hold(&mut self, reply: Reply<u32>) {
        self.held.push(reply);
    }

    #[internal]
    fn inner(&mut self, n: u32) {
        self.note(format!("inner {n}"));
    }

    /// Waits for the gate.
    #[internal]
    async fn gate(&mut self, open: tokio::sync::oneshot::Receiver<()>) {
        let is_open = open.await.is_ok();
        self.note(format!("gate {is_open}"));
    }

    #[timeout(state)]
    fn state_over(&mut self, n: u32) {
        self.note(format!("state {n}"));
    }

    #[timeout(event)]
    fn event_over(&mut self, n: u32) {
        self.note(format!("event {n}"));
    }

    #[timeout(name = "first")]
    fn first_over(&mut self, n: u32) {
        self.note(format!("first {n}"));
    }

    #[timeout(name = "second")]
    fn second_over(&mut self, n: u32) {
        self.note(format!("second {n}"));
    }
}

impl RigRef {
    /// Has a job done.
    pub(crate) fn job(
        &self,
        job: impl FnOnce(&mut Rig, &mut StateContext<Rig>) -> To<(A, B, C)> + Send + 'static,
    ) -> Result<(), SendError> {
        self.act(Box::new(job))
    }

    /// All that was written down until `word`, without the first enter call.
    pub(crate) async fn heard(&self, word: &str) -> Result<Vec<String>, CallFailure> {
        let log = self.until(word.into()).await?;
        Ok(log.into_iter().skip(1).collect())
    }
}

/// Short for what a timer brings.
pub(crate) fn state_over(n: u32) -> RigTimeout {
    RigTimeout::StateOver { n }
}

pub(crate) fn event_over(n: u32) -> RigTimeout {
    RigTimeout::EventOver { n }
}

pub(crate) fn first_over(n: u32) -> RigTimeout {
    RigTimeout::FirstOver { n }
}

pub(crate) fn second_over(n: u32) -> RigTimeout {
    RigTimeout::SecondOver { n }
}

pub(crate) fn inner(n: u32) -> RigEvent {
    RigEvent::Inner { n }
}
