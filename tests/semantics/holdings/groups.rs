//! Process groups: OTP's `pg` on one node.

use std::collections::BTreeMap;

use actor_core::pg::{Change, Group, GroupError, GroupEvent, GroupMonitor};
use actor_core::{
    Closed, Context, Down, ExitReason, Pid, Process, Runtime, RuntimeHandle, Start, handlers,
    limits,
};
use actor_testkit::{TestKit, TestResult, actor_test};
use futures::FutureExt;

use crate::kit::{Puppet, PuppetRef, bounded, made, on, plain, until, up};

fn puppets(rt: &RuntimeHandle, name: &str) -> Group<PuppetRef> {
    rt.group(name)
}

fn ids(members: &[PuppetRef]) -> Vec<Pid> {
    members.iter().map(PuppetRef::id).collect()
}

/// OTP 17.1
#[test]
fn a_process_is_in_a_group_as_often_as_it_joined() {
    on(2, |rt| {
        let (group, a, b) = (puppets(rt, "g"), plain(rt), plain(rt));
        for who in [&a, &b, &a] {
            assert_eq!(group.join(who), Ok(()));
        }
        assert_eq!(ids(&group.members()), [a.id(), a.id(), b.id()]);
        assert_eq!(group.leave(&a), Ok(()));
        assert_eq!(ids(&group.local_members()), [a.id(), b.id()]);
        assert_eq!(group.leave(&a), Ok(()));
        assert_eq!(group.leave(&a), Err(GroupError::NotJoined));
        assert_eq!(ids(&group.members()), [b.id()]);
    });
}

/// OTP 17.1
#[test]
fn an_end_takes_every_membership_back() {
    on(2, |rt| {
        let (one, two, a, b) = (puppets(rt, "one"), puppets(rt, "two"), plain(rt), plain(rt));
        for group in [&one, &two, &one] {
            group.join(&a).expect("it lives");
            group.join(&b).expect("it lives");
        }
        a.kill();
        a.closed().blocking();
        assert_eq!(ids(&one.members()), [b.id(), b.id()]);
        assert_eq!(ids(&two.members()), [b.id()]);
        assert_eq!(one.leave(&a), Err(GroupError::NotJoined));
        assert_eq!(one.join(&a), Err(GroupError::NoProc));
    });
}

/// OTP 1.8, 17.1: who hears of an end finds it in no group.
#[test]
fn who_hears_of_an_end_finds_it_in_no_group() {
    on(2, |rt| {
        let group = puppets(rt, "g");
        for turn in 0..300 {
            let puppet = plain(rt);
            group.join(&puppet).expect("it lives");
            let closed = puppet.closed();
            match turn % 3 {
                0 => puppet.kill(),
                1 => drop(puppet.stop(ExitReason::Normal)),
                _ => puppet.exit(ExitReason::other("x")),
            }
            closed.blocking();
            assert_eq!(group.members().len(), 0);
        }
    });
}

/// OTP 17.2
#[test]
fn a_process_of_another_runtime_cannot_join() {
    on(1, |rt| {
        let other = Runtime::builder().workers(1).build().expect("threads");
        let stranger = plain(&other);
        assert_eq!(puppets(rt, "g").join(&stranger), Err(GroupError::NotLocal));
        assert_eq!(puppets(rt, "g").leave(&stranger), Err(GroupError::NotJoined));
        assert_eq!(rt.scope("pg").which_groups(), [""; 0]);
        other.shutdown().expect("it ends");
    });
}

/// OTP 17.6
#[test]
fn scopes_have_nothing_to_do_with_each_other() {
    on(1, |rt| {
        let [left, right] = ["left", "right"].map(|name| rt.scope(name));
        let (here, there) = (left.group::<PuppetRef>("g"), right.group::<PuppetRef>("g"));
        let puppet = plain(rt);
        here.join(&puppet).expect("it lives");
        assert_eq!(here.members().len(), 1);
        assert_eq!((there.members().len(), puppets(rt, "g").members().len()), (0, 0));
        assert_eq!((left.which_groups(), right.which_groups()), (vec!["g".into()], vec![]));
        assert_eq!(there.leave(&puppet), Err(GroupError::NotJoined));
    });
}

/// OTP 17.8
#[test]
fn an_empty_group_vanishes() {
    on(1, |rt| {
        let (scope, puppet) = (rt.scope("pg"), plain(rt));
        for name in ["b", "a"] {
            puppets(rt, name).join(&puppet).expect("it lives");
        }
        assert_eq!(scope.which_groups(), ["a", "b"]);
        puppets(rt, "a").leave(&puppet).expect("it is in it");
        assert_eq!(scope.which_groups(), ["b"]);
        puppet.kill();
        puppet.closed().blocking();
        assert_eq!(scope.which_groups(), [""; 0]);
    });
}

/// Groups of one name and different messages are different groups.
#[test]
fn a_group_is_its_name_and_its_message() {
    on(1, |rt| {
        let (puppet, board) = (plain(rt), up(rt, Board::default()));
        puppets(rt, "g").join(&puppet).expect("it lives");
        rt.group::<BoardRef>("g").join(&board).expect("it lives");
        assert_eq!(ids(&puppets(rt, "g").members()), [puppet.id()]);
        assert_eq!(rt.group::<BoardRef>("g").members().len(), 1);
        assert_eq!(rt.scope("pg").which_groups(), ["g"]);
    });
}

#[test]
fn a_broadcast_reaches_every_membership() {
    on(1, |rt| {
        let (puppet, ear) = crate::kit::listener(rt);
        let (group, gone) = (puppets(rt, "g"), plain(rt));
        for who in [&puppet, &gone, &puppet] {
            group.join(who).expect("it lives");
        }
        gone.kill();
        gone.closed().blocking();
        let word = || actor_core::Message::name(&say(0)).len() as u64;
        assert_eq!(group.broadcast(|| say(word())), 2);
        puppet.sync();
        assert_eq!(ear.so_far().len(), 2);
    });
}

fn say(word: u64) -> <PuppetRef as actor_core::ProcessRef>::Message {
    crate::kit::PuppetMessage::Say { word }
}

/// Watches groups, and keeps count of what it is told.
#[derive(Process, Default)]
struct Board {
    present: BTreeMap<Pid, i64>,
    told: Vec<(GroupMonitor, Change, Pid)>,
    downs: Vec<Pid>,
}

#[handlers]
impl Board {
    #[call]
    fn watch(&mut self, cx: &mut Context<Self>, group: Group<PuppetRef>) -> GroupMonitor {
        let wrap = |event| BoardMessage::Changed { event };
        let (present, monitor) = group.monitor(cx, wrap).expect("room");
        for puppet in present {
            *self.present.entry(puppet.id()).or_default() += 1;
        }
        monitor
    }
    #[call]
    fn unwatch(
        &self,
        cx: &mut Context<Self>,
        group: Group<PuppetRef>,
        monitor: GroupMonitor,
    ) -> bool {
        group.demonitor(cx, monitor)
    }
    #[cast]
    fn look_after(&mut self, cx: &mut Context<Self>, puppet: PuppetRef) {
        cx.monitor(&puppet);
    }
    #[cast]
    fn changed(&mut self, event: GroupEvent<PuppetRef>) {
        let by = if event.change == Change::Join { 1 } else { -1 };
        *self.present.entry(event.member.id()).or_default() += by;
        self.told.push((event.monitor, event.change, event.member.id()));
    }
    #[down]
    fn down(&mut self, down: Down) {
        self.downs.push(down.pid);
    }
    #[call]
    fn told(&mut self) -> Vec<(GroupMonitor, Change, Pid)> {
        std::mem::take(&mut self.told)
    }
    /// Who is there, by what it was told, each as often as it is.
    #[call]
    fn present(&self) -> Vec<Pid> {
        let each = self.present.iter().flat_map(|(pid, times)| {
            assert!(*times >= 0, "more left than came");
            std::iter::repeat_n(*pid, *times as usize)
        });
        each.collect()
    }
    #[call]
    fn downs(&self) -> usize {
        self.downs.len()
    }
}

/// OTP 17.7
#[test]
fn who_watches_a_group_is_told_its_members_and_every_change() {
    on(1, |rt| {
        let (group, board) = (puppets(rt, "g"), up(rt, Board::default()));
        let (a, b) = (plain(rt), plain(rt));
        group.join(&a).expect("it lives");
        let monitor = board.watch(group.clone()).blocking().expect("it lives");
        assert_eq!(board.present().blocking(), Ok(vec![a.id()]));
        group.join(&b).expect("it lives");
        group.join(&b).expect("it lives");
        group.leave(&a).expect("it is in it");
        let told = board.told().blocking().expect("it lives");
        let (join, leave) = (Change::Join, Change::Leave);
        let expected = [(join, b.id()), (join, b.id()), (leave, a.id())];
        assert_eq!(told, expected.map(|(change, pid)| (monitor, change, pid)));
        b.kill();
        b.closed().blocking();
        // One for each membership.
        assert_eq!(board.told().blocking(), Ok(vec![(monitor, leave, b.id()); 2]));
        // The group is empty, and is watched still.
        group.join(&a).expect("it lives");
        assert_eq!(board.told().blocking(), Ok(vec![(monitor, join, a.id())]));
    });
}

/// Nothing grows without a bound: not the mailbox of one who watches what others do either.
#[test]
fn a_watcher_that_falls_behind_by_the_hard_mark_of_its_mailbox_is_killed() {
    on(2, |rt| {
        let (group, scope) = (puppets(rt, "g"), rt.scope("pg"));
        let small = || {
            let puppet = made(false).0.with().mailbox(4).on(rt).start();
            rt.block_on(puppet).expect("it starts")
        };
        let (member, stuck, other) = (plain(rt), small(), small());
        let own = group.clone();
        stuck.does(move |cx| own.monitor(cx, |_| say(0)).map(drop)).expect("room");
        other.does(move |cx| scope.monitor(cx, |_| say(0)).map(drop)).expect("room");
        let (closed, also) = (stuck.closed(), other.closed());
        let (go, went) = (stuck.busy(|_| ()), other.busy(|_| ()));
        let hard = limits::mailbox_hard(4);
        let short = hard - stuck.mailbox_len().max(other.mailbox_len());
        let mut joined = false;
        let mut change = || {
            joined = !joined;
            if joined { group.join(&member) } else { group.leave(&member) }.expect("it lives");
        };
        (0..short).for_each(|_| change());
        assert_eq!((stuck.mailbox_len(), other.mailbox_len()), (hard, hard));
        assert!(stuck.is_alive() && other.is_alive());
        change();
        drop((go, went));
        assert_eq!(closed.blocking(), ExitReason::Killed);
        assert_eq!(also.blocking(), ExitReason::Killed);
    });
}

/// OTP 17.7
#[test]
fn a_watch_that_was_taken_back_tells_nothing_more() {
    on(1, |rt| {
        let (group, board) = (puppets(rt, "g"), up(rt, Board::default()));
        let [kept, other] = [(); 2].map(|()| board.watch(group.clone()).blocking().expect("lives"));
        assert_ne!(kept, other);
        assert_eq!(board.unwatch(group.clone(), other).blocking(), Ok(true));
        assert_eq!(board.unwatch(group.clone(), other).blocking(), Ok(false));
        let puppet = plain(rt);
        group.join(&puppet).expect("it lives");
        assert_eq!(board.told().blocking(), Ok(vec![(kept, Change::Join, puppet.id())]));
        // Nobody else can take it back.
        let stranger = up(rt, Board::default());
        assert_eq!(stranger.unwatch(group, kept).blocking(), Ok(false));
    });
}

/// A watch ends with its process.
#[test]
fn a_watch_ends_with_its_process() {
    on(1, |rt| {
        let (group, board) = (puppets(rt, "g"), up(rt, Board::default()));
        board.watch(group.clone()).blocking().expect("it lives");
        board.kill();
        board.closed().blocking();
        let puppet = plain(rt);
        group.join(&puppet).expect("it lives");
        group.leave(&puppet).expect("it is in it");
        assert_eq!(rt.scope("pg").which_groups(), [""; 0]);
    });
}

/// OTP 1.8, 17.7: the groups of who has ended are left before its DOWN is heard, in every schedule.
#[actor_test(schedules = 1000)]
async fn a_member_has_left_before_its_down(t: TestKit) -> TestResult {
    let (board, group) = (t.start(Board::default()).await?, puppets(&t.handle(), "g"));
    let puppet = t.start(crate::kit::made(false).0).await?;
    board.look_after(puppet.clone())?;
    group.join(&puppet)?;
    t.kill(&puppet);
    while board.downs().await? == 0 {}
    assert_eq!(group.members().len(), 0);
    Ok(())
}

/// OTP 17.7: however joins, leaves and ends cross a watch, what it was told is what is so.
#[actor_test(schedules = 1000)]
async fn what_a_watcher_was_told_is_what_is_so(t: TestKit) -> TestResult {
    let (board, group) = (t.start(Board::default()).await?, puppets(&t.handle(), "g"));
    let mut puppets = Vec::new();
    for _ in 0..3 {
        puppets.push(t.start(crate::kit::made(false).0).await?);
    }
    for (at, puppet) in puppets.iter().enumerate() {
        let (own, mine) = (group.clone(), puppet.clone());
        puppet.later(Box::new(move |_: &mut Context<Puppet>| {
            own.join(&mine).expect("it lives");
            own.join(&mine).expect("it lives");
            let _ = own.leave(&mine);
        }))?;
        if t.choose(&[true, false]) {
            t.kill(puppet);
        }
        if at == 1 {
            board.watch(group.clone()).await?;
        }
    }
    t.settle().await;
    assert_eq!(board.present().await?, ids(&group.members()));
    Ok(())
}

/// What a watcher was told is what is so also when threads race.
#[test]
fn watchers_agree_with_the_group_when_threads_race() {
    on(2, |rt| {
        let (group, board) = (puppets(rt, "g"), up(rt, Board::default()));
        board.watch(group.clone()).blocking().expect("it lives");
        let puppets: Vec<_> = (0..4).map(|_| plain(rt)).collect();
        let threads: Vec<_> = (0..2)
            .map(|thread| {
                let (group, puppets) = (group.clone(), puppets.clone());
                std::thread::spawn(move || {
                    for round in 0..500 {
                        let puppet = &puppets[(round + thread) % puppets.len()];
                        let _ =
                            if round % 3 == 2 { group.leave(puppet) } else { group.join(puppet) };
                    }
                })
            })
            .collect();
        puppets[3].kill();
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        puppets[3].closed().blocking();
        until("the last event is there", || {
            board.present().blocking().expect("it lives") == ids(&group.members())
        });
    });
}

/// Sends itself one message after another until a victim has ended, and counts those at which it
/// has begun to: with one worker it sees that only between the victim's turns.
#[derive(Process)]
struct Spinner {
    victim: PuppetRef,
    last: Closed,
    between: u64,
}

#[handlers]
impl Spinner {
    #[cast]
    fn spin(&mut self, cx: &mut Context<Self>) {
        let over = (&mut self.last).now_or_never().is_some();
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

/// An end with very many memberships is cut in turns.
#[test]
fn very_many_memberships_are_left_and_others_run() {
    const MANY: usize = 100_000;
    on(1, |rt| {
        let (victim, group) = (plain(rt), puppets(rt, "often"));
        for _ in 0..MANY / 2 {
            group.join(&victim).expect("it lives");
        }
        for number in 0..MANY / 2 {
            puppets(rt, &format!("g{number}")).join(&victim).expect("it lives");
        }
        let last = victim.closed();
        let spinner = up(rt, Spinner { victim: victim.clone(), last, between: 0 });
        spinner.spin().expect("it lives");
        victim.kill();
        victim.closed().blocking();
        assert_eq!(rt.scope("pg").which_groups(), [""; 0]);
        let between = spinner.between().blocking().expect("it lives");
        let turns = MANY as u64 / u64::from(limits::TURN_EXITS);
        assert!(between > turns / 2, "{between} turns of another, {turns} of the one that ends");
    });
}

/// Two runtimes share no groups, and a runtime ends with its groups.
#[test]
fn a_runtime_ends_with_its_groups() {
    bounded(|| {
        let rt = Runtime::builder().workers(1).build().expect("threads");
        let (group, puppet) = (puppets(&rt, "g"), plain(&rt));
        group.join(&puppet).expect("it lives");
        rt.shutdown().expect("it ends");
        assert_eq!(group.members().len(), 0);
        assert_eq!(group.join(&puppet), Err(GroupError::NoProc));
    });
}
