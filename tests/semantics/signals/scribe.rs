//! A process that does what it is told and writes down all that it hears, on the real scheduler and
//! under simulation.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actor_core::{Context, Down, ExitReason, Pid, Process, Runtime, handlers};
use actor_testkit::TestError;
use futures::channel::oneshot;

use crate::both::Side;

/// What a scribe is told to do.
pub(crate) type Job = Box<dyn FnOnce(&mut Context<Scribe>) + Send>;

/// What a scribe has heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    Word(u64),
    Exit(Pid, ExitReason),
    Down(Down),
}

/// What a scribe has heard, in order; it outlives it.
#[derive(Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<Vec<Note>>>);

impl Notes {
    fn add(&self, note: Note) {
        self.0.lock().expect("no panic").push(note);
    }

    /// All of them.
    pub(crate) fn all(&self) -> Vec<Note> {
        self.0.lock().expect("no panic").clone()
    }

    /// The words among them.
    pub(crate) fn words(&self) -> Vec<u64> {
        let word = |note| if let Note::Word(word) = note { Some(word) } else { None };
        self.all().into_iter().filter_map(word).collect()
    }

    /// The trapped exits among them.
    pub(crate) fn exits(&self) -> Vec<(Pid, ExitReason)> {
        let exit = |note| if let Note::Exit(from, why) = note { Some((from, why)) } else { None };
        self.all().into_iter().filter_map(exit).collect()
    }

    /// The downs among them.
    pub(crate) fn downs(&self) -> Vec<Down> {
        let down = |note| if let Note::Down(down) = note { Some(down) } else { None };
        self.all().into_iter().filter_map(down).collect()
    }
}

/// See the module.
#[derive(Process)]
pub(crate) struct Scribe {
    traps: bool,
    notes: Notes,
}

impl Scribe {
    /// One that writes in this book.
    pub(crate) fn writing(notes: Notes) -> Self {
        Self { traps: false, notes }
    }
}

#[handlers]
impl Scribe {
    #[init]
    fn begin(&mut self, cx: &mut Context<Self>) {
        cx.trap_exit(self.traps);
    }

    /// Does it, and answers when it is done.
    #[call]
    pub(crate) fn act(&mut self, cx: &mut Context<Self>, job: Job) {
        job(cx);
    }

    /// Does it.
    #[cast]
    pub(crate) fn later(&mut self, cx: &mut Context<Self>, job: Job) {
        job(cx);
    }

    /// Writes it down.
    #[cast]
    pub(crate) fn say(&mut self, word: u64) {
        self.notes.add(Note::Word(word));
    }

    /// Writes it down; like `say`, on a thread beside the workers.
    #[cast(blocking)]
    pub(crate) fn say_slowly(&mut self, word: u64) {
        self.notes.add(Note::Word(word));
    }

    /// Writes it down after it was woken once.
    #[cast]
    pub(crate) async fn say_later(&mut self, word: u64) {
        actor_core::yield_now().await;
        self.notes.add(Note::Word(word));
    }

    /// Handles nothing else for so long.
    #[cast]
    pub(crate) async fn nap(&mut self, cx: &mut Context<Self>, time: Duration) {
        cx.sleep(time).await;
    }

    /// Says that it has begun, and handles nothing else until the gate opens.
    #[cast]
    async fn wait(&mut self, begun: oneshot::Sender<()>, gate: oneshot::Receiver<()>) {
        let _ = begun.send(());
        let _ = gate.await;
    }

    /// Does it, then writes the word down before anything else is handled.
    #[cast]
    pub(crate) fn then_say(&mut self, cx: &mut Context<Self>, job: Job, word: u64) {
        cx.continue_with(ScribeMessage::Say { word });
        job(cx);
    }

    #[exit]
    fn exited(&mut self, from: Pid, reason: ExitReason) {
        self.notes.add(Note::Exit(from, reason));
    }

    #[down]
    fn downed(&mut self, down: Down) {
        self.notes.add(Note::Down(down));
    }
}

/// A job in its box.
pub(crate) fn job(job: impl FnOnce(&mut Context<Scribe>) + Send + 'static) -> Job {
    Box::new(job)
}

/// A word as a message.
pub(crate) fn word(word: u64) -> ScribeMessage {
    ScribeMessage::Say { word }
}

impl ScribeRef {
    /// Has the scribe do something, and gives what comes of it.
    pub(crate) fn does<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Context<Scribe>) -> T + Send + 'static,
    ) -> T {
        let (tell, told) = channel();
        let work = job(move |cx| drop(tell.send(work(cx))));
        self.act(work).blocking().expect("the scribe acts");
        told.recv().expect("it has acted")
    }

    /// The same where a thread must not wait.
    pub(crate) async fn asks<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Context<Scribe>) -> T + Send + 'static,
    ) -> T {
        let (tell, told) = channel();
        let work = job(move |cx| drop(tell.send(work(cx))));
        self.act(work).no_timeout().await.expect("the scribe acts");
        told.try_recv().expect("it has acted")
    }

    /// The same; returns when another has received what it sent to that by then.
    pub(crate) async fn tells<T: Send + 'static>(
        &self,
        other: &Self,
        work: impl FnOnce(&mut Context<Scribe>) -> T + Send + 'static,
    ) -> T {
        let (tell, told) = oneshot::channel();
        let to = other.clone();
        let done = self.asks(move |cx| {
            let done = work(cx);
            to.later(job(move |_| _ = tell.send(()))).expect("it lives");
            done
        });
        let done = done.await;
        told.await.expect("it acts");
        done
    }

    /// Keeps the scribe from handling anything until the answer is dropped; returns when that has
    /// begun.
    pub(crate) async fn held(&self) -> oneshot::Sender<()> {
        let (open, gate) = oneshot::channel();
        let (begun, begins) = oneshot::channel();
        self.wait(begun, gate).expect("room");
        begins.await.expect("it begins");
        open
    }

    /// Keeps the scribe's turn busy until the answer is dropped; returns when that has begun.
    pub(crate) fn busy(&self) -> Sender<()> {
        self.busy_then(|_| ())
    }

    /// The same, and then does something in that turn.
    pub(crate) fn busy_then(
        &self,
        work: impl FnOnce(&mut Context<Scribe>) + Send + 'static,
    ) -> Sender<()> {
        let (go, gate) = channel::<()>();
        let (tell, begun) = channel();
        let work = job(move |cx| {
            let _ = tell.send(());
            let _ = gate.recv();
            work(cx);
        });
        self.later(work).expect("the scribe lives");
        begun.recv().expect("the turn begins");
        go
    }

    /// Returns when it has handled all that was sent to it before.
    pub(crate) fn sync(&self) {
        self.does(|_| ());
    }

    /// Its pid.
    pub(crate) fn id(&self) -> Pid {
        self.pid().expect("a plain ref has a pid")
    }

    /// Ends it, and returns when it has ended.
    pub(crate) fn end(&self, reason: ExitReason) {
        let _ = self.later(job(move |cx| cx.stop(reason)));
        self.closed().blocking();
    }
}

/// A scribe that is made, not started.
pub(crate) fn made(traps: bool) -> (Scribe, Notes) {
    let notes = Notes::default();
    (Scribe { traps, notes: notes.clone() }, notes)
}

/// A scribe that traps exits.
pub(crate) fn trapper(rt: &Runtime) -> (ScribeRef, Notes) {
    let (scribe, notes) = made(true);
    (rt.block_on(rt.start(scribe)).expect("it starts"), notes)
}

/// A scribe that does not.
pub(crate) fn plain(rt: &Runtime) -> (ScribeRef, Notes) {
    let (scribe, notes) = made(false);
    (rt.block_on(rt.start(scribe)).expect("it starts"), notes)
}

/// A scribe on either side.
pub(crate) async fn scribe(t: &impl Side, traps: bool) -> Result<(ScribeRef, Notes), TestError> {
    let (scribe, notes) = made(traps);
    Ok((t.up(scribe).await, notes))
}

/// A reason of ours.
pub(crate) fn why() -> ExitReason {
    ExitReason::other("why")
}
