//! Ends with much to do: a huge backlog, very many links, monitors and watchers. However much it
//! is, others get their turns in between, and everybody hears of it once.

use std::task::{Context as TaskContext, Waker};

use actor_core::{
    CallFailure, Closed, Context, Down, ExitReason, MonitorRef, Process, Runtime, handlers, limits,
};
use futures::FutureExt;
use futures::executor::block_on;

use crate::kit::{on, until, up};

/// How much there is of everything.
const MANY: usize = 100_000;

/// Sends itself one message after another, and counts those at which a victim has begun to end, and
/// not all have heard of it: on a runtime with one worker it sees that only between the victim's
/// turns.
#[derive(Process)]
struct Spinner {
    victim: VictimRef,
    last: Closed,
    between: u64,
}

#[handlers]
impl Spinner {
    #[cast]
    fn spin(&mut self, cx: &mut Context<Self>) {
        let over = self.last.poll_unpin(&mut TaskContext::from_waker(Waker::noop())).is_ready();
        self.between += u64::from(!over && !self.victim.is_alive());
        if !over {
            let _ = cx.me().spin();
        }
    }
    #[call]
    fn between(&self) -> u64 {
        self.between
    }
}

/// Waits for ever, with a mailbox for many.
#[derive(Process)]
#[process(mailbox = 200_000)]
struct Victim;

#[handlers]
impl Victim {
    #[cast]
    async fn hang(&mut self) {
        std::future::pending().await
    }
    #[call]
    fn ask(&self, number: usize) -> usize {
        number
    }
    #[call]
    fn breed(&self, cx: &mut Context<Self>, count: usize) -> Vec<VictimRef> {
        (0..count).map(|_| cx.spawn_link(Self).expect("room")).collect()
    }
}

/// Watches a victim many times over.
#[derive(Process, Default)]
struct Witness {
    waiting: std::collections::BTreeSet<MonitorRef>,
    others: usize,
}

#[handlers]
impl Witness {
    #[call]
    fn watch(&mut self, cx: &mut Context<Self>, victim: VictimRef, count: usize) {
        (0..count).for_each(|_| assert!(self.waiting.insert(cx.monitor(&victim))));
    }
    #[down]
    fn down(&mut self, down: Down) {
        let wanted = self.waiting.remove(&down.monitor);
        self.others += usize::from(!wanted || down.reason != ExitReason::Killed);
    }
    #[call]
    fn left(&self) -> (usize, usize) {
        (self.waiting.len(), self.others)
    }
}

/// Kills a victim on a runtime with one worker, which must give way so often at least as it takes
/// turns to end `of` things.
fn others_run_while_it_ends(rt: &Runtime, victim: &VictimRef, of: usize) {
    let (victim_, last) = (victim.clone(), victim.closed());
    let spinner = up(rt, Spinner { victim: victim_, last, between: 0 });
    spinner.spin().expect("it lives");
    victim.kill();
    assert_eq!(block_on(victim.closed()), ExitReason::Killed);
    let between = spinner.between().blocking().expect("it lives");
    let turns = of as u64 / u64::from(limits::TURN_EXITS);
    assert!(between > turns, "{between} turns of another for {turns} of the one that ends");
}

#[test]
fn a_huge_backlog_fails_its_callers_and_lets_others_run() {
    on(1, |rt| {
        let victim = up(rt, Victim);
        victim.hang().expect("room");
        let calls: Vec<_> = (0..MANY).map(|number| victim.ask(number).request()).collect();
        others_run_while_it_ends(rt, &victim, MANY);
        for call in calls {
            assert_eq!(block_on(call), Err(CallFailure::Exited(ExitReason::Killed)));
        }
    });
}

#[test]
fn each_of_very_many_monitors_brings_one_down_and_others_run() {
    on(1, |rt| {
        let (victim, witness) = (up(rt, Victim), up(rt, Witness::default()));
        witness.watch(victim.clone(), MANY).no_timeout().blocking().expect("it watches");
        others_run_while_it_ends(rt, &victim, MANY);
        until("all have come", || {
            witness.left().no_timeout().blocking().expect("it lives") == (0, 0)
        });
    });
}

#[test]
fn very_many_links_end_together_and_others_run() {
    on(1, |rt| {
        let victim = up(rt, Victim);
        let linked = victim.breed(MANY / 4).no_timeout().blocking().expect("it breeds");
        others_run_while_it_ends(rt, &victim, MANY / 4);
        until("all but the other are dead", || rt.process_count() == 1);
        assert_eq!(linked[7].closed().blocking(), ExitReason::Killed);
    });
}

#[test]
fn very_many_who_watch_from_outside_hear_and_others_run() {
    on(1, |rt| {
        let victim = up(rt, Victim);
        let watches: Vec<_> = (0..MANY).map(|_| victim.closed()).collect();
        others_run_while_it_ends(rt, &victim, MANY);
        for watch in watches {
            assert_eq!(block_on(watch), ExitReason::Killed);
        }
    });
}

/// While it is taken apart it is *noproc*, and who asks for its end is told the reason when it is
/// over.
#[test]
fn who_comes_while_it_is_taken_apart_is_answered() {
    on(2, |rt| {
        let victim = up(rt, Victim);
        victim.hang().expect("room");
        let calls: Vec<_> = (0..MANY).map(|number| victim.ask(number).request()).collect();
        let witness = up(rt, Witness::default());
        victim.kill();
        until("its inbox is closed", || !victim.is_alive());
        assert_eq!(victim.hang(), Err(actor_core::SendError::NoProc));
        let watches: Vec<_> = (0..100).map(|_| victim.closed()).collect();
        witness.watch(victim.clone(), 10).blocking().expect("it watches");
        for watch in watches {
            assert_eq!(block_on(watch), ExitReason::Killed);
        }
        until("each brings its down", || witness.left().blocking().expect("it lives").0 == 0);
        drop(calls);
    });
}

/// A runtime ends though one of its processes has very much to end, and tells everybody.
#[test]
fn a_shutdown_waits_for_those_who_are_told_last() {
    on(1, |_| {
        let rt = Runtime::builder().workers(1).build().expect("threads");
        let victim = up(&rt, Victim);
        let watches: Vec<_> = (0..MANY).map(|_| victim.closed()).collect();
        assert_eq!(rt.shutdown(), Ok(()));
        for watch in watches {
            let told = watch.now_or_never();
            assert_eq!(told, Some(ExitReason::Shutdown), "told before the shutdown was over");
        }
    });
}
