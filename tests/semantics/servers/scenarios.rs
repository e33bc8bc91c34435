//! Themes 10 and 13 on both sides: what a server, its caller and its parent see of each other, in
//! whatever order things happen.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actor_core::{
    CallFailure, Context, ExitReason, Pid, Process, Reply, ServerRef, handlers, sleep,
};
use actor_testkit::{TestKit, TestResult, actor_test};
use futures::channel::oneshot;

use crate::both::{Side, both};
use crate::kit::WATCHDOG;

const SHORT: Duration = Duration::from_millis(20);

/// What was done, by whom, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().expect("no panic").push(what.into());
    }
    fn all(&self) -> Vec<String> {
        self.0.lock().expect("no panic").clone()
    }
}

/// Serves, and may have children.
#[derive(Process, Clone)]
struct Clerk {
    log: Log,
    traps: bool,
    crashes_last: bool,
    ends_slowly: bool,
    kept: Arc<Mutex<Vec<Reply<u32>>>>,
}

impl Clerk {
    fn writing(log: &Log) -> Self {
        Self {
            log: log.clone(),
            traps: false,
            crashes_last: false,
            ends_slowly: false,
            kept: Arc::default(),
        }
    }
}

#[handlers]
impl Clerk {
    #[init]
    fn begin(&mut self, cx: &mut Context<Self>) {
        cx.trap_exit(self.traps);
    }
    #[cast]
    fn add(&mut self, word: u32) {
        self.log.note(word.to_string());
    }
    #[call]
    fn sum(&self, with: u32) -> u32 {
        1 + with
    }
    /// Says that it has begun, and waits.
    #[cast]
    async fn wait(&mut self, begun: oneshot::Sender<()>, gate: oneshot::Receiver<()>) {
        let _ = begun.send(());
        let _ = gate.await;
    }
    #[call]
    fn keep(&mut self, reply: Reply<u32>) {
        self.kept.lock().expect("no panic").push(reply);
    }
    /// Gives what it has kept to another.
    #[call]
    fn hand_over(&mut self, to: ClerkRef) {
        to.take(std::mem::take(&mut *self.kept.lock().expect("no panic"))).expect("room");
    }
    /// Gives them, the last one first.
    #[cast]
    fn take(&mut self, replies: Vec<Reply<u32>>) {
        let numbered: Vec<_> = (0..).zip(replies).collect();
        numbered.into_iter().rev().for_each(|(n, reply)| reply.send(n));
    }
    /// OTP's `{stop, Reason, State}`.
    #[call]
    fn leave(&mut self, cx: &mut Context<Self>, reply: Reply<u32>, reason: ExitReason) {
        cx.stop(reason);
        drop(reply);
    }
    #[cast]
    fn end(&mut self, cx: &mut Context<Self>, reason: ExitReason) {
        cx.stop(reason);
    }
    #[cast]
    fn crash(&mut self) {
        panic!("on purpose");
    }
    #[cast(on_err = crash)]
    fn fail(&mut self) -> Result<(), String> {
        Err("no more".into())
    }
    #[call]
    fn child(&mut self, cx: &mut Context<Self>, traps: bool) -> ClerkRef {
        cx.spawn_link(Self { traps, ..Self::writing(&self.log) }).expect("room")
    }
    #[exit]
    fn exited(&mut self, _from: Pid, reason: ExitReason) {
        self.log.note(format!("exit {reason}"));
    }
    #[terminate]
    async fn terminate(&mut self, reason: &ExitReason) {
        if self.ends_slowly {
            sleep(Duration::from_millis(1)).await;
        }
        let why = if reason.is_panic("on purpose") { "panic" } else { &reason.to_string() };
        self.log.note(format!("terminate {why}"));
        assert!(!self.crashes_last, "in terminate");
    }
}

/// A way to end one.
type End = fn(&ClerkRef);

/// Has it wait until the answer is dropped.
async fn held(clerk: &ClerkRef) -> oneshot::Sender<()> {
    let (open, gate) = oneshot::channel();
    let (begun, begins) = oneshot::channel();
    clerk.wait(begun, gate).expect("room");
    begins.await.expect("it begins");
    open
}

both! {
    /// OTP 10.3: a reply that comes when the caller has given up goes nowhere, and the request was
    /// handled all the same.
    async fn a_reply_to_who_has_given_up_vanishes(t) {
        let log = Log::default();
        let clerk = t.up(Clerk::writing(&log)).await;
        let open = held(&clerk).await;
        let late = clerk.sum(1).timeout(SHORT).await;
        assert_eq!(late, Err(CallFailure::Timeout(SHORT)));
        let (kept, next) = (clerk.keep().timeout(SHORT).request(), clerk.sum(2).no_timeout());
        let next = next.request();
        assert_eq!(kept.await, Err(CallFailure::Timeout(SHORT)));
        drop(open);
        assert_eq!(next.await, Ok(3), "each answer is to its own question");
        let handled = |clerk: &Clerk| clerk.kept.lock().expect("no panic").len();
        assert_eq!(clerk.sys().with_state(handled).no_timeout().await, Ok(1));
        let other = t.up(Clerk::writing(&log)).await;
        clerk.hand_over(other.clone()).no_timeout().await?;
        assert_eq!(other.sum(4).no_timeout().await, Ok(5));
        Ok(())
    }

    /// OTP 10.6: a cast is over at once, whatever the other does, and says if there is nobody.
    async fn a_cast_is_over_at_once(t) {
        let log = Log::default();
        let clerk = t.up(Clerk::writing(&log)).await;
        let open = held(&clerk).await;
        (0..20).try_for_each(|word| clerk.add(word))?;
        t.settle().await;
        assert_eq!(log.all(), [""; 0], "it does something else");
        drop(open);
        t.until("all is handled", || log.all().len() == 20).await;
        assert!(log.all().into_iter().eq((0..20).map(|word| word.to_string())));
        clerk.kill();
        clerk.closed().await;
        assert_eq!(clerk.add(1), Err(actor_core::SendError::NoProc));
        Ok(())
    }

    /// OTP 10.7: a reply can be given later, by another process, and in any order with others.
    async fn a_reply_may_be_given_by_another_process(t) {
        let log = Log::default();
        let (one, other) = (t.up(Clerk::writing(&log)).await, t.up(Clerk::writing(&log)).await);
        let calls: Vec<_> = (0..3).map(|_| one.keep().no_timeout().request()).collect();
        one.hand_over(other).no_timeout().await?;
        for (n, call) in (0..).zip(calls) {
            assert_eq!(call.await, Ok(n));
        }
        Ok(())
    }

    /// OTP 10.10: who calls a handler that stops without an answer hears the reason, after
    /// `terminate`; so does who waits behind.
    async fn a_stop_without_an_answer_is_its_reason(t) {
        for reason in [ExitReason::Normal, ExitReason::Shutdown, ExitReason::other("x")] {
            let log = Log::default();
            let clerk = t.up(Clerk { ends_slowly: true, ..Clerk::writing(&log) }).await;
            let open = held(&clerk).await;
            let leaves = clerk.leave(reason.clone()).no_timeout().request();
            let behind = clerk.sum(1).no_timeout().request();
            t.until("both wait", || clerk.mailbox_len() == 2).await;
            drop(open);
            assert_eq!(leaves.await, Err(CallFailure::Exited(reason.clone())));
            assert_eq!(log.all(), [format!("terminate {reason}")]);
            assert_eq!(behind.await, Err(CallFailure::Exited(reason)));
        }
        Ok(())
    }

    /// OTP 10.18: a crash runs `terminate` with its reason, and is the reason of the end, unless
    /// that crashes too.
    async fn a_crash_is_told_to_terminate_and_is_the_end(t) {
        for crashes_last in [false, true] {
            let ends: [(End, &str); 3] = [
                (|clerk| clerk.crash().expect("room"), "panic"),
                (|clerk| clerk.fail().expect("room"), "error: no more"),
                (|clerk| clerk.end(ExitReason::other("own")).expect("room"), "own"),
            ];
            for (end, says) in ends {
                let log = Log::default();
                let clerk = t.up(Clerk { crashes_last, ..Clerk::writing(&log) }).await;
                let closed = clerk.closed();
                end(&clerk);
                let _ = clerk.add(1);
                let reason = closed.await;
                assert_eq!(log.all(), [format!("terminate {says}")]);
                match says {
                    _ if crashes_last => assert!(reason.is_panic("in terminate"), "{reason}"),
                    "panic" => assert!(reason.is_panic("on purpose"), "{reason}"),
                    _ => assert_eq!(reason.to_string(), says),
                }
            }
        }
        Ok(())
    }

    /// OTP 10.19: the parent's exit ends who traps, in its turn and with that reason, `normal` too,
    /// by `terminate` and not by way of its hook for exits.
    async fn a_parents_end_is_that_of_a_child_that_traps(t) {
        for reason in [ExitReason::Normal, ExitReason::Shutdown, ExitReason::other("x")] {
            let (log, quiet) = (Log::default(), Log::default());
            let parent = t.up(Clerk::writing(&quiet)).await;
            let child = parent.child(true).no_timeout().await?;
            let (closed, says) = (child.closed(), format!("terminate {reason}"));
            let open = held(&child).await;
            child.add(1)?;
            t.until("it waits", || child.mailbox_len() == 1).await;
            let parents = parent.closed();
            parent.end(reason.clone())?;
            parents.await;
            while t.handle().inspect(&child).await?.links.count > 0 {}
            drop(open);
            assert_eq!(closed.await, reason);
            assert_eq!(quiet.all(), [&says, "1", &says]);
            assert_eq!(log.all(), [""; 0]);
        }
        Ok(())
    }

    /// OTP 10.20: every other exit goes to the hook of who traps, and ends nobody.
    async fn a_strangers_exit_is_told_to_the_hook(t) {
        let log = Log::default();
        let parent = t.up(Clerk::writing(&log)).await;
        let child = parent.child(true).no_timeout().await?;
        for reason in [ExitReason::Normal, ExitReason::Shutdown, ExitReason::other("x")] {
            child.exit(reason);
        }
        t.until("all are heard", || log.all().len() == 3).await;
        assert_eq!(log.all(), ["exit normal", "exit shutdown", "exit x"]);
        assert_eq!(child.sum(1).no_timeout().await, Ok(2));
        Ok(())
    }

    /// OTP 10.21: neither an exit signal that is not trapped nor a kill runs `terminate`.
    async fn no_signal_runs_terminate(t) {
        for (traps, reason) in [
            (false, ExitReason::Shutdown),
            (false, ExitReason::other("x")),
            (false, ExitReason::Kill),
            (true, ExitReason::Kill),
        ] {
            let log = Log::default();
            let clerk = t.up(Clerk { traps, ..Clerk::writing(&log) }).await;
            clerk.add(1)?;
            let closed = clerk.closed();
            clerk.exit(reason.clone());
            let seen = if reason == ExitReason::Kill { ExitReason::Killed } else { reason };
            assert_eq!(closed.await, seen);
            assert!(log.all().iter().all(|note| note == "1"), "{:?}", log.all());
        }
        Ok(())
    }

    /// OTP 13.3: suspended, a server's state can be read and replaced before anything that waits is
    /// handled, and its parent's exit ends it by its `terminate`.
    async fn a_suspended_child_can_be_changed_and_ends_with_its_parent(t) {
        let (log, other) = (Log::default(), Log::default());
        let parent = t.up(Clerk::writing(&log)).await;
        let child = parent.child(true).no_timeout().await?;
        let sys = child.sys();
        sys.suspend().no_timeout().await?;
        child.add(1)?;
        let its = other.clone();
        sys.replace_state(move |clerk| clerk.log = its).no_timeout().await.map(drop)?;
        assert_eq!(sys.with_state(|clerk| clerk.log.all().len()).no_timeout().await, Ok(0));
        child.add(2)?;
        sys.resume().no_timeout().await?;
        assert_eq!(child.sum(1).no_timeout().await, Ok(2));
        assert_eq!((log.all().len(), other.all()), (0, vec!["1".to_owned(), "2".to_owned()]));
        sys.suspend().no_timeout().await?;
        child.add(3)?;
        let closed = child.closed();
        parent.end(ExitReason::other("x"))?;
        assert_eq!(closed.await, ExitReason::other("x"));
        let ends = || String::from("terminate x");
        assert_eq!((log.all(), &other.all()[2..]), (vec![ends()], &[ends()][..]));
        Ok(())
    }

    /// OTP 13.4: resumed, it handles what waited in its order, the request of a caller that gave up
    /// too.
    async fn what_waits_for_a_resume_is_handled_in_its_order(t) {
        let log = Log::default();
        let clerk = t.up(Clerk::writing(&log)).await;
        let sys = clerk.sys();
        // What comes behind the request to resume is there when that is served.
        let open = held(&clerk).await;
        let first = sys.suspend().no_timeout().request();
        clerk.add(1)?;
        let kept = clerk.keep().timeout(SHORT).request();
        let second = sys.suspend().no_timeout().request();
        clerk.add(2)?;
        let resumed = sys.resume().no_timeout().request();
        clerk.add(3)?;
        assert_eq!(kept.await, Err(CallFailure::Timeout(SHORT)));
        drop(open);
        for request in [first, second, resumed] {
            request.await?;
        }
        clerk.sum(0).no_timeout().await?;
        assert_eq!(log.all(), ["1", "2", "3"]);
        let kept = |clerk: &Clerk| clerk.kept.lock().expect("no panic").len();
        let kept = clerk.sys().with_state(kept).no_timeout().await;
        assert_eq!(kept, Ok(1), "it was handled");
        Ok(())
    }

    /// OTP 13.9: a request to a process that does not answer fails when its time is up, and harms
    /// its caller alone.
    async fn a_request_that_is_late_harms_its_caller_alone(t) {
        let log = Log::default();
        let clerk = t.up(Clerk::writing(&log)).await;
        let open = held(&clerk).await;
        let begin = t.now();
        let late = clerk.sys().get_status().timeout(SHORT).await.map(drop);
        assert_eq!(late, Err(CallFailure::Timeout(SHORT)));
        t.passed(begin, SHORT);
        drop(open);
        assert_eq!(clerk.sum(1).no_timeout().await, Ok(2));
        Ok(())
    }

    /// OTP 13.10: `terminate` ends a process by its `terminate`, with that reason, in its turn,
    /// suspended or not.
    async fn a_request_to_terminate_ends_it_in_order(t) {
        for suspended in [false, true] {
            let log = Log::default();
            let clerk = t.up(Clerk::writing(&log)).await;
            let open = held(&clerk).await;
            let sys = clerk.sys();
            let _suspends = suspended.then(|| sys.suspend().no_timeout().request());
            clerk.add(1)?;
            let asked = sys.terminate(ExitReason::other("x")).no_timeout().request();
            clerk.add(2)?;
            let closed = clerk.closed();
            drop(open);
            let _ = asked.await;
            assert_eq!(closed.timeout(WATCHDOG).await, Ok(ExitReason::other("x")));
            let before = if suspended { &[][..] } else { &["1"] };
            assert_eq!(log.all(), [before, &["terminate x"]].concat());
        }
        Ok(())
    }

    /// OTP 10.12: a timeout of nothing lets what waits go first.
    async fn a_timeout_of_nothing_lets_what_waits_go_first(t) {
        let log = Log::default();
        let idler = t.up(Idler { log: log.clone() }).await;
        let (open, gate) = oneshot::channel();
        let (begun, begins) = oneshot::channel();
        idler.rest(Some((begun, gate)))?;
        begins.await?;
        idler.word(1)?;
        t.until("it waits", || idler.mailbox_len() == 1).await;
        drop(open);
        idler.word(2)?;
        t.until("both are handled", || log.all().len() == 2).await;
        t.settle().await;
        assert_eq!(log.all(), ["1", "2"], "the wish was forgotten");
        idler.rest(None)?;
        t.until("it fires", || log.all().len() == 3).await;
        assert_eq!(log.all()[2], "timeout");
        Ok(())
    }
}

/// Asks for a timeout of nothing.
#[derive(Process)]
struct Idler {
    log: Log,
}

#[handlers]
impl Idler {
    #[cast]
    async fn rest(
        &mut self,
        cx: &mut Context<Self>,
        wait: Option<(oneshot::Sender<()>, oneshot::Receiver<()>)>,
    ) {
        if let Some((begun, gate)) = wait {
            let _ = begun.send(());
            let _ = gate.await;
        }
        cx.idle_timeout(Duration::ZERO);
    }
    #[cast]
    fn word(&mut self, word: u32) {
        self.log.note(word.to_string());
    }
    #[timeout]
    fn idle(&mut self) {
        self.log.note("timeout");
    }
}
