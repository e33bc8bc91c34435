//! Destructors that panic where no handler runs: in timers, in mail kept for a child, in a tree's
//! arguments. None of them may take a worker thread, or a bystander, with it.

use std::time::Duration;

use actor_core::{
    CallFailure, Context, ExitReason, Process, Reply, Supervisor, handlers, supervisor,
};
use futures::executor::block_on;

use crate::kit::{Heard, on, trapper, up};
use crate::panic::{Bomb, all_is_well};
use crate::trees::{Diary, Plan, boom, fell, lamp, open};

/// Keeps a bomb in a timer.
#[derive(Process, Default)]
struct Keeper {
    kept: Vec<Reply<u32>>,
}

#[handlers]
impl Keeper {
    #[call]
    fn arm(&mut self, cx: &mut Context<Self>, after: Duration) {
        cx.send_after(after, KeeperMessage::Hold { bomb: Bomb("in a timer") });
    }
    #[call]
    async fn arm_and_fill(&mut self, cx: &mut Context<Self>) {
        let _ = cx.me().send(KeeperMessage::Hang);
        let message = KeeperMessage::Hold { bomb: Bomb("in a refused timer") };
        cx.send_after(Duration::from_millis(5), message);
        std::future::pending::<()>().await;
    }
    #[call]
    fn tick_badly(&mut self, cx: &mut Context<Self>) {
        cx.send_interval(Duration::from_millis(1), || panic!("in the tick"));
    }
    #[cast]
    fn hold(&mut self, bomb: Bomb) {
        std::mem::forget(bomb);
    }
    #[call]
    fn keep(&mut self, reply: Reply<u32>) {
        self.kept.push(reply);
    }
    #[call]
    fn lend(&mut self, reply: Reply<u32>, to: std::sync::mpsc::Sender<Reply<u32>>) {
        let _ = to.send(reply);
    }
    #[cast]
    fn both(&mut self, bomb: Bomb, replies: Vec<Reply<u32>>) {
        self.hold(bomb);
        self.kept.extend(replies);
    }
    #[call]
    async fn hang(&mut self) {
        std::future::pending::<()>().await;
    }
}

/// The message of a timer that is disarmed by the end of its process.
#[test]
fn a_panic_in_the_drop_of_a_timers_message_is_contained() {
    on(1, |rt| {
        let keeper = up(rt, Keeper::default());
        let (watcher, ear) = trapper(rt);
        let target = keeper.clone();
        watcher.does(move |cx| cx.link(&target));
        keeper.arm(Duration::from_secs(3_600)).blocking().expect("armed");
        keeper.kill();
        let pid = keeper.pid().expect("plain");
        assert_eq!(ear.next(), Heard::Exit(pid, ExitReason::Killed));
        assert_eq!(keeper.closed().blocking(), ExitReason::Killed);
        assert_eq!(rt.timer_count(), 0);
        all_is_well(rt);
    });
}

/// A timer that fires at a full mailbox: its message is dropped by whoever fires it.
#[test]
fn a_panic_in_the_drop_of_a_refused_timers_message_is_contained() {
    use actor_core::{Overflow, Start};
    on(1, |rt| {
        let options = Keeper::default().with().mailbox(1).overflow(Overflow::Reject);
        let keeper = rt.block_on(options.on(rt).start()).expect("it starts");
        let call = keeper.arm_and_fill().no_timeout().request();
        crate::kit::until("the box is full", || keeper.mailbox_len() == 1);
        crate::kit::until("the timer has fired", || rt.timer_count() == 0);
        all_is_well(rt);
        assert_eq!(keeper.mailbox_len(), 1, "the timer's message was refused");
        keeper.kill();
        assert_eq!(block_on(call), Err(CallFailure::Exited(ExitReason::Killed)));
    });
}

/// The maker of an interval's messages is the process's code: its panic is the process's end, or
/// at least the end of that timer, and no other's.
#[test]
fn a_panic_in_the_maker_of_ticks_harms_nobody_else() {
    on(1, |rt| {
        let keeper = up(rt, Keeper::default());
        keeper.tick_badly().blocking().expect("armed");
        crate::kit::until("the timer has fired", || rt.timer_count() == 0);
        all_is_well(rt);
    });
}

/// A reply inside a message whose drop panics fails its call all the same.
#[test]
fn a_reply_beside_a_bomb_in_the_backlog_is_failed() {
    on(1, |rt| {
        let (lender, keeper) = (up(rt, Keeper::default()), up(rt, Keeper::default()));
        let (tell, told) = std::sync::mpsc::channel();
        let call = lender.lend(tell).no_timeout().request();
        let reply = told.recv().expect("handed out");
        let hanging = keeper.hang().no_timeout().request();
        keeper.both(Bomb("beside a reply"), vec![reply]).expect("room");
        keeper.kill();
        assert!(block_on(hanging).is_err());
        assert!(block_on(call).is_err(), "it fails, and does not hang");
        all_is_well(rt);
    });
}

/// Mail kept in a gap that never ends is dropped by the supervisor, which must not die of it.
#[test]
fn a_panic_in_the_drop_of_kept_mail_does_not_harm_the_supervisor() {
    on(2, |rt| {
        let diary = Diary::default();
        let office = open(rt, diary.lamps("ab"));
        assert_eq!(diary.read(), "+a +b");
        let closed = office.closed();
        let (open, gate) = futures::channel::oneshot::channel();
        diary.plan("b", [Plan::Wait(gate)]);
        fell(&office, "b", boom());
        let b = lamp(&office, "b");
        for _ in 0..3 {
            b.take(Bomb("kept")).expect("it is kept");
        }
        let kept = b.who().no_timeout().request();
        // The restart fails, and one more attempt is one too many.
        drop(open);
        assert_eq!(block_on(kept), Err(CallFailure::NoProc));
        assert_eq!(closed.blocking(), ExitReason::Shutdown);
        assert_eq!(diary.read(), "~b -a", "the other child was stopped in order");
        all_is_well(rt);
    });
}

/// The arguments of a tree are dropped when nobody needs them any more, wherever that is.
#[test]
fn a_panic_in_the_drop_of_a_trees_arguments_is_contained() {
    #[derive(Supervisor)]
    struct Armed(#[allow(dead_code, reason = "it is there to be dropped")] Bomb);
    #[supervisor]
    impl Armed {
        #[child]
        fn keeper(&self) -> Keeper {
            Keeper::default()
        }
    }
    on(1, |rt| {
        let tree = up(rt, Armed(Bomb("in the arguments")));
        let root = tree.pid().expect("it runs");
        drop(tree);
        let (watcher, ear) = trapper(rt);
        watcher.does(move |cx| {
            cx.link(&root);
            cx.exit(&root, ExitReason::Kill);
        });
        assert!(matches!(ear.next(), Heard::Exit(pid, _) if pid == root));
        all_is_well(rt);
    });
}
