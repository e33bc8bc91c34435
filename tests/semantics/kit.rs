//! What the tests share: a bound on every wait, and a process that does what it is told.
//!
//! Nothing here sleeps to order events. A test waits for what it is about, and if that never comes
//! (a lost wake-up, say) it fails after [`WATCHDOG`] instead of hanging.

use std::panic;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use actor_core::{Context, Down, ExitReason, MonitorRef, Pid, Process, Runtime, Start, handlers};

/// How long anything may take before it counts as lost.
pub(crate) const WATCHDOG: Duration = Duration::from_secs(60);

/// A time that is long enough for what must not happen, where only time can tell.
pub(crate) const MOMENT: Duration = Duration::from_millis(50);

/// Runs a test's body on a thread of its own; fails when it takes too long.
pub(crate) fn bounded(body: impl FnOnce() + Send + 'static) {
    let (done, ended) = channel();
    let thread = thread::spawn(move || {
        body();
        let _ = done.send(());
    });
    if ended.recv_timeout(WATCHDOG) == Err(RecvTimeoutError::Timeout) {
        panic!("it hangs: nothing for {WATCHDOG:?}");
    }
    if let Err(payload) = thread.join() {
        panic::resume_unwind(payload);
    }
}

/// Runs a test's body with a runtime of so many workers, which must end in order afterwards.
pub(crate) fn on(workers: usize, body: impl FnOnce(&Runtime) + Send + 'static) {
    bounded(move || {
        let rt = Runtime::builder().workers(workers).build().expect("threads");
        body(&rt);
        rt.shutdown().expect("everything ends");
    });
}

/// What a puppet is told to do.
pub(crate) type Job = Box<dyn FnOnce(&mut Context<Puppet>) + Send>;

/// What a puppet has heard, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A trapped exit.
    Exit(Pid, ExitReason),
    /// A DOWN.
    Down(MonitorRef, Pid, ExitReason),
    /// A message.
    Word(u64),
}

/// A process that does what it is told, and tells what it hears.
#[derive(Process)]
pub(crate) struct Puppet {
    traps: bool,
    tell: Sender<Heard>,
}

#[handlers]
impl Puppet {
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

    /// Hears it.
    #[cast]
    pub(crate) fn say(&mut self, word: u64) {
        drop(self.tell.send(Heard::Word(word)));
    }

    /// Waits for ever.
    #[call]
    pub(crate) async fn hang(&mut self) {
        std::future::pending::<()>().await;
    }

    #[exit]
    fn exited(&mut self, from: Pid, reason: ExitReason) {
        drop(self.tell.send(Heard::Exit(from, reason)));
    }

    #[down]
    fn downed(&mut self, down: Down) {
        drop(self.tell.send(Heard::Down(down.monitor, down.pid, down.reason)));
    }
}

impl PuppetRef {
    /// Has the puppet do something, and gives what comes of it.
    pub(crate) fn does<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Context<Puppet>) -> T + Send + 'static,
    ) -> T {
        let (tell, told) = channel();
        let job: Job = Box::new(move |cx| drop(tell.send(job(cx))));
        self.act(job).blocking().expect("the puppet acts");
        told.recv().expect("it has acted")
    }

    /// Has the puppet do something that may be its end.
    pub(crate) fn tries(&self, job: impl FnOnce(&mut Context<Puppet>) + Send + 'static) {
        self.later(Box::new(job)).expect("the puppet lives");
    }

    /// Keeps the puppet's turn busy until the answer is sent to or dropped; then it does the job.
    /// Returns when the turn has begun: what arrives from here on is received after the job. Nobody
    /// else must be runnable: a busy thread may hold what its turn made so.
    pub(crate) fn busy(
        &self,
        job: impl FnOnce(&mut Context<Puppet>) + Send + 'static,
    ) -> Sender<()> {
        let (go, gate) = channel::<()>();
        let (tell, begun) = channel();
        self.tries(move |cx| {
            let _ = tell.send(());
            let _ = gate.recv();
            job(cx);
        });
        begun.recv().expect("the turn begins");
        go
    }

    /// Returns when the puppet has handled all that was sent to it before.
    pub(crate) fn sync(&self) {
        self.does(|_| ());
    }

    /// Ends it, and returns when it has ended.
    pub(crate) fn end(&self, reason: ExitReason) {
        self.tries(move |cx| cx.stop(reason));
        self.closed().blocking();
    }

    /// The puppet's pid.
    pub(crate) fn id(&self) -> Pid {
        self.pid().expect("a plain ref has a pid")
    }
}

/// A job in its box.
pub(crate) fn job(job: impl FnOnce(&mut Context<Puppet>) + Send + 'static) -> Job {
    Box::new(job)
}

/// A reason of ours.
pub(crate) fn why() -> ExitReason {
    ExitReason::other("why")
}

/// Where a puppet's words arrive.
pub(crate) struct Ear(Receiver<Heard>);

impl Ear {
    /// The next thing heard.
    pub(crate) fn next(&self) -> Heard {
        self.0.recv_timeout(WATCHDOG).expect("something is heard")
    }

    /// What was heard and not yet asked for.
    pub(crate) fn so_far(&self) -> Vec<Heard> {
        self.0.try_iter().collect()
    }

    /// All that is left to hear until the puppet's state is dropped.
    pub(crate) fn rest(self) -> Vec<Heard> {
        let mut all = Vec::new();
        loop {
            match self.0.recv_timeout(WATCHDOG) {
                Ok(heard) => all.push(heard),
                Err(RecvTimeoutError::Disconnected) => return all,
                Err(RecvTimeoutError::Timeout) => panic!("the puppet lives on"),
            }
        }
    }
}

/// A puppet that is made, not started.
pub(crate) fn made(traps: bool) -> (Puppet, Ear) {
    let (tell, heard) = channel();
    (Puppet { traps, tell }, Ear(heard))
}

/// A puppet that traps exits.
pub(crate) fn trapper(rt: &Runtime) -> (PuppetRef, Ear) {
    let (puppet, ear) = made(true);
    (rt.block_on(rt.start(puppet)).expect("it starts"), ear)
}

/// A puppet that does not.
pub(crate) fn plain(rt: &Runtime) -> PuppetRef {
    let (puppet, _) = made(false);
    rt.block_on(rt.start(puppet)).expect("it starts")
}

/// A puppet that does not trap, and its ear.
pub(crate) fn listener(rt: &Runtime) -> (PuppetRef, Ear) {
    let (puppet, ear) = made(false);
    (rt.block_on(rt.start(puppet)).expect("it starts"), ear)
}

/// Starts something on a runtime from a plain thread, and waits until it is ready.
pub(crate) fn up<S: Start>(rt: &Runtime, what: S) -> S::Ref {
    rt.block_on(rt.start(what)).expect("it starts")
}

/// Waits until something outside of any process is so, by looking often: for counters that nobody
/// announces.
pub(crate) fn until(what: &str, so: impl Fn() -> bool) {
    let begin = std::time::Instant::now();
    while !so() {
        assert!(begin.elapsed() < WATCHDOG, "never: {what}");
        thread::yield_now();
    }
}
