//! Scopes of process groups that somebody watches: OTP's `pg:monitor_scope`.

use std::collections::BTreeMap;

use actor_core::pg::{Change, Group, GroupMonitor, Scope, ScopeEvent};
use actor_core::{Context, Inbox, Info, Pid, Process, handlers};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::kit::{Puppet, PuppetRef, on, plain, until, up};

/// Who is in which group, each as often as it is.
type Present = BTreeMap<String, Vec<Pid>>;

/// Watches a scope, and keeps count of what it is told.
#[derive(Process, Default)]
struct Porter {
    present: Present,
    told: Vec<(GroupMonitor, String, Change, Pid)>,
}

#[handlers]
impl Porter {
    #[call]
    fn watch(&mut self, cx: &mut Context<Self>, scope: Scope) -> GroupMonitor {
        let wrap = |event| PorterMessage::Changed { event };
        let (present, monitor) = scope.monitor(cx, wrap).expect("room");
        self.present = present;
        monitor
    }
    #[call]
    fn unwatch(&self, cx: &mut Context<Self>, scope: Scope, monitor: GroupMonitor) -> bool {
        scope.demonitor(cx, monitor)
    }
    #[call]
    fn unwatch_group(
        &self,
        cx: &mut Context<Self>,
        group: Group<PuppetRef>,
        monitor: GroupMonitor,
    ) -> bool {
        group.demonitor(cx, monitor)
    }
    #[cast]
    fn changed(&mut self, event: ScopeEvent) {
        let ScopeEvent { monitor, group, change, member } = event;
        let group = group.to_string();
        let members = self.present.entry(group.clone()).or_default();
        match change {
            Change::Join => members.insert(members.partition_point(|it| *it < member), member),
            Change::Leave => {
                let at = members.binary_search(&member).expect("more left than came");
                members.remove(at);
            }
        }
        if members.is_empty() {
            self.present.remove(&group);
        }
        self.told.push((monitor, group, change, member));
    }
    #[call]
    fn told(&mut self) -> Vec<(GroupMonitor, String, Change, Pid)> {
        std::mem::take(&mut self.told)
    }
    #[call]
    fn present(&self) -> Present {
        self.present.clone()
    }
}

/// What is so.
fn present(scope: &Scope) -> Present {
    let members = |name: &String| {
        let group: Group<PuppetRef> = scope.group(name.as_str());
        group.members().iter().map(PuppetRef::id).collect()
    };
    scope.which_groups().iter().map(|name| (name.clone(), members(name))).collect()
}

/// OTP 17.7: of a whole scope, and of no other.
#[test]
fn who_watches_a_scope_is_told_its_groups_and_every_change() {
    on(1, |rt| {
        let (scope, other) = (rt.scope("s"), rt.scope("t"));
        let (porter, a, b) = (up(rt, Porter::default()), plain(rt), plain(rt));
        let (one, two): (Group<PuppetRef>, Group<PuppetRef>) = (scope.group("1"), scope.group("2"));
        one.join(&a).expect("it lives");
        two.join(&b).expect("it lives");
        two.join(&a).expect("it lives");
        other.group("1").join(&b).expect("it lives");
        let monitor = porter.watch(scope.clone()).blocking().expect("it lives");
        assert_eq!(porter.present().blocking(), Ok(present(&scope)));
        assert_eq!(porter.present().blocking().map(|it| it["2"].clone()), Ok(vec![a.id(), b.id()]));
        scope.group("3").join(&b).expect("it lives");
        other.group("1").join(&a).expect("it lives");
        one.leave(&a).expect("it is in it");
        let function = rt.spawn_fn(async |mut it: Inbox<Info<u32>>| drop(it.receive().await));
        let function = function.expect("room");
        scope.group("3").join(&function).expect("it lives");
        let its = function.pid().expect("plain");
        function.kill();
        function.closed().blocking();
        b.kill();
        b.closed().blocking();
        let (join, leave) = (Change::Join, Change::Leave);
        let told = porter.told().blocking().expect("it lives");
        let mut expected = vec![
            (monitor, "3".to_owned(), join, b.id()),
            (monitor, "1".to_owned(), leave, a.id()),
            (monitor, "3".to_owned(), join, its),
            (monitor, "3".to_owned(), leave, its),
        ];
        assert_eq!(told[..4], expected[..]);
        // The end of one that is in two.
        expected = vec![
            (monitor, "2".to_owned(), leave, b.id()),
            (monitor, "3".to_owned(), leave, b.id()),
        ];
        let mut last = told[4..].to_vec();
        last.sort_by(|a, b| a.1.cmp(&b.1));
        assert_eq!(last, expected);
        assert_eq!(porter.present().blocking(), Ok(present(&scope)));
    });
}

/// OTP 17.7: `demonitor`, by who made the monitor and where it was made.
#[test]
fn a_watch_on_a_scope_is_taken_back_where_it_was_made() {
    on(1, |rt| {
        let (scope, porter, puppet) = (rt.scope("s"), up(rt, Porter::default()), plain(rt));
        let group: Group<PuppetRef> = scope.group("1");
        let monitor = porter.watch(scope.clone()).blocking().expect("it lives");
        assert_eq!(porter.unwatch(rt.scope("t"), monitor).blocking(), Ok(false));
        group.join(&puppet).expect("it lives");
        assert_eq!(porter.unwatch_group(group.clone(), monitor).blocking(), Ok(false));
        let stranger = up(rt, Porter::default());
        assert_eq!(stranger.unwatch(scope.clone(), monitor).blocking(), Ok(false));
        group.join(&puppet).expect("it lives");
        assert_eq!(porter.told().blocking().map(|told| told.len()), Ok(2));
        assert_eq!(porter.unwatch(scope.clone(), monitor).blocking(), Ok(true));
        assert_eq!(porter.unwatch(scope.clone(), monitor).blocking(), Ok(false));
        group.leave(&puppet).expect("it is in it");
        assert_eq!(porter.told().blocking(), Ok(vec![]));
        // And by the end of who made it, also if it was asked for in the wrong place before.
        let mortal = up(rt, Porter::default());
        let monitor = mortal.watch(scope.clone()).blocking().expect("it lives");
        assert_eq!(mortal.unwatch_group(group.clone(), monitor).blocking(), Ok(false));
        mortal.kill();
        mortal.closed().blocking();
        group.join(&puppet).expect("nobody is told");
    });
}

/// Under every schedule: what it was told at first and what it was told later make up a whole.
#[actor_test(schedules = 1000)]
async fn what_the_watcher_of_a_scope_was_told_is_what_is_so(t: TestKit) -> TestResult {
    let (porter, scope) = (t.start(Porter::default()).await?, t.handle().scope("s"));
    for at in 0..3 {
        let puppet = t.start(crate::kit::made(false).0).await?;
        let (own, mine) = (scope.clone(), puppet.clone());
        puppet.later(Box::new(move |_: &mut Context<Puppet>| {
            for name in ["1", "2", "1"] {
                own.group(name).join(&mine).expect("it lives");
            }
            let _ = own.group("2").leave(&mine);
        }))?;
        if t.choose(&[true, false]) {
            t.kill(&puppet);
        }
        if at == 1 {
            porter.watch(scope.clone()).await?;
        }
    }
    t.settle().await;
    assert_eq!(porter.present().await?, present(&scope));
    Ok(())
}

/// And when threads race: groups come and go while it begins to watch.
#[test]
fn watchers_of_a_scope_agree_with_it_when_threads_race() {
    on(2, |rt| {
        let (scope, puppets) = (rt.scope("s"), [plain(rt), plain(rt)]);
        for _ in 0..20 {
            let threads: Vec<_> = (0..2)
                .map(|thread| {
                    let (scope, puppet) = (scope.clone(), puppets[thread].clone());
                    std::thread::spawn(move || {
                        for round in 0..200 {
                            let group = scope.group(["1", "2", "3"][round % 3]);
                            group.join(&puppet).expect("it lives");
                            if round % 7 != 6 {
                                group.leave(&puppet).expect("it is in it");
                            }
                        }
                    })
                })
                .collect();
            let porters: Vec<_> = (0..8).map(|_| up(rt, Porter::default())).collect();
            for porter in &porters {
                porter.watch(scope.clone()).blocking().expect("it lives");
            }
            threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
            for porter in porters {
                until("the last event is there", || {
                    porter.present().blocking().expect("nothing odd was told") == present(&scope)
                });
                porter.kill();
            }
        }
    });
}
