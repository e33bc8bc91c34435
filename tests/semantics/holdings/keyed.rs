//! Registries by key: Elixir's `Registry`, and starts under a key, OTP's `via`.

use actor_core::keyed::{Registry, RegistryError, RegistryEvent, Via};
use actor_core::{
    CallFailure, Context, Down, ExitReason, Pid, Process, Runtime, SendError, Start, StartError,
    Supervisor, handlers, supervisor,
};
use actor_testkit::{TestKit, TestResult, actor_test};
use futures::executor::block_on;

use crate::kit::{Puppet, PuppetRef, made, on, plain, until, up};

type Rooms = Registry<u32, PuppetRef, &'static str>;

fn pids(found: &[(PuppetRef, &str)]) -> Vec<Pid> {
    found.iter().map(|(puppet, _)| puppet.id()).collect()
}

/// OTP 15.4
#[test]
fn a_unique_key_has_one_owner() {
    on(1, |rt| {
        let (rooms, a, b) = (Rooms::unique(rt), plain(rt), plain(rt));
        assert_eq!(rooms.register(&a, 1, "x"), Ok(()));
        let taken = Err(RegistryError::AlreadyRegistered(a.id()));
        assert_eq!(rooms.register(&b, 1, "y"), taken);
        assert_eq!(rooms.register(&a, 1, "z"), taken);
        assert_eq!(rooms.register(&b, 2, "y"), Ok(()));
        assert_eq!(rooms.whereis(&1).map(|found| found.id()), Some(a.id()));
        assert_eq!((rooms.keys(&a), rooms.keys(&b), rooms.count()), (vec![1], vec![2], 2));
    });
}

/// OTP 15.4
#[test]
fn a_duplicate_key_has_any_number_of_owners() {
    on(1, |rt| {
        let (rooms, a, b) = (Rooms::duplicate(rt), plain(rt), plain(rt));
        for (who, value) in [(&a, "x"), (&b, "y"), (&a, "z")] {
            assert_eq!(rooms.register(who, 1, value), Ok(()));
        }
        let found = rooms.lookup(&1);
        assert_eq!(pids(&found), [a.id(), b.id(), a.id()]);
        assert_eq!(found[2].1, "z");
        assert_eq!((rooms.keys(&a), rooms.lookup(&2).len()), (vec![1, 1], 0));
        assert!(rooms.unregister(&a, &1) && !rooms.unregister(&a, &1));
        assert_eq!((pids(&rooms.lookup(&1)), rooms.keys(&a)), (vec![b.id()], vec![]));
    });
}

/// OTP 15.4
#[test]
fn a_value_is_beside_its_key() {
    on(1, |rt| {
        let (rooms, a, b) = (Rooms::duplicate(rt), plain(rt), plain(rt));
        rooms.register(&a, 1, "x").expect("free");
        rooms.register(&b, 1, "y").expect("free");
        assert_eq!(rooms.update_value(&b, &1, |_| "new"), Some("new"));
        assert_eq!(rooms.update_value(&b, &2, |_| "new"), None);
        let values: Vec<_> = rooms.lookup(&1).into_iter().map(|(_, value)| value).collect();
        assert_eq!(values, ["x", "new"]);
        let chosen = rooms.select(|key, who, value| (*value == "x").then_some((*key, who.id())));
        assert_eq!(chosen, [(1, a.id())]);
    });
}

/// OTP 15.4: a dispatch runs in the caller, once for each entry.
#[test]
fn a_dispatch_runs_in_its_caller() {
    on(1, |rt| {
        let (rooms, a) = (Rooms::duplicate(rt), plain(rt));
        rooms.register(&a, 1, "x").expect("free");
        rooms.register(&a, 1, "y").expect("free");
        let here = std::thread::current().id();
        let mut values = Vec::new();
        let count = rooms.dispatch(&1, |who, value| {
            assert_eq!((std::thread::current().id(), who.id()), (here, a.id()));
            values.push(*value);
            // It may use the registry.
            rooms.unregister(who, &1);
        });
        assert_eq!((count, values, rooms.count()), (2, vec!["x", "y"], 0));
    });
}

/// OTP 15.4, 1.8: keys are free when the end of their owner is seen.
#[test]
fn a_key_is_free_when_its_owners_end_is_seen() {
    on(2, |rt| {
        let rooms = Rooms::unique(rt);
        for turn in 0..300 {
            let puppet = plain(rt);
            for key in 0..3 {
                assert_eq!(rooms.register(&puppet, key, "x"), Ok(()));
            }
            let closed = puppet.closed();
            match turn % 3 {
                0 => puppet.kill(),
                1 => drop(puppet.stop(ExitReason::Normal)),
                _ => puppet.exit(ExitReason::other("x")),
            }
            closed.blocking();
            assert_eq!((rooms.count(), rooms.keys(&puppet).len()), (0, 0));
            assert_eq!(rooms.register(&puppet, 1, "x"), Err(RegistryError::NoProc));
        }
    });
}

/// OTP 15.4: from the moment its inbox is closed the dead keep a key from nobody.
#[test]
fn a_dead_owner_never_keeps_a_key() {
    on(2, |rt| {
        let rooms = Rooms::unique(rt);
        let keeper = plain(rt);
        for _ in 0..300 {
            let puppet = plain(rt);
            rooms.register(&puppet, 1, "x").expect("free");
            puppet.kill();
            until("its inbox is closed", || !puppet.is_alive());
            // It may be taken apart still.
            assert!(rooms.whereis(&1).is_none());
            assert_eq!(rooms.register(&keeper, 1, "y"), Ok(()));
            puppet.closed().blocking();
            assert_eq!(rooms.whereis(&1).map(|found| found.id()), Some(keeper.id()));
            assert!(rooms.unregister(&keeper, &1));
        }
    });
}

#[test]
fn one_of_many_that_race_for_a_key_gets_it() {
    on(2, |rt| {
        let rooms = Rooms::unique(rt);
        for key in 0..200 {
            let race: Vec<_> = (0..3)
                .map(|_| {
                    let (rooms, puppet) = (rooms.clone(), plain(rt));
                    std::thread::spawn(move || rooms.register(&puppet, key, "x").is_ok())
                })
                .collect();
            let won = race.into_iter().map(|one| one.join().expect("no panic"));
            assert_eq!(won.filter(|won| *won).count(), 1);
        }
    });
}

#[test]
fn a_process_of_another_runtime_has_no_key() {
    on(1, |rt| {
        let other = Runtime::builder().workers(1).build().expect("threads");
        let stranger = plain(&other);
        let rooms = Rooms::unique(rt);
        assert_eq!(rooms.register(&stranger, 1, "x"), Err(RegistryError::NotLocal));
        other.shutdown().expect("it ends");
    });
}

/// Hears of keys, and of ends.
#[derive(Process, Default)]
struct Porter {
    heard: Vec<(bool, u32, &'static str)>,
    at_down: Vec<bool>,
    rooms: Option<Rooms>,
}

#[handlers]
impl Porter {
    #[call]
    fn listen(&mut self, cx: &mut Context<Self>, rooms: Rooms) {
        rooms.listen(cx, |event| PorterMessage::Changed { event }).expect("room");
        self.rooms = Some(rooms);
    }
    #[call]
    fn watch(&self, cx: &mut Context<Self>, puppet: PuppetRef) {
        cx.monitor(&puppet);
    }
    #[cast]
    fn changed(&mut self, event: RegistryEvent<u32, PuppetRef, &'static str>) {
        self.heard.push((event.registered, event.key, event.value));
    }
    #[down]
    fn down(&mut self, _down: Down) {
        let rooms = self.rooms.as_ref().expect("it listens");
        self.at_down.push(rooms.count() == 0);
    }
    #[call]
    fn heard(&mut self) -> (Vec<(bool, u32, &'static str)>, Vec<bool>) {
        (std::mem::take(&mut self.heard), self.at_down.clone())
    }
}

/// OTP 15.4: listeners hear of every key that is registered and unregistered.
#[test]
fn a_listener_hears_of_keys() {
    on(1, |rt| {
        let (rooms, porter, a) = (Rooms::unique(rt), up(rt, Porter::default()), plain(rt));
        porter.listen(rooms.clone()).blocking().expect("it lives");
        for (key, value) in [(1, "x"), (2, "y"), (3, "z")] {
            rooms.register(&a, key, value).expect("free");
        }
        let _ = rooms.register(&a, 1, "again");
        rooms.unregister(&a, &1);
        a.kill();
        a.closed().blocking();
        let (heard, _) = porter.heard().blocking().expect("it lives");
        let (came, went) = (
            [(true, 1, "x"), (true, 2, "y"), (true, 3, "z")],
            [(false, 1, "x"), (false, 2, "y"), (false, 3, "z")],
        );
        assert_eq!(heard, [came, went].concat());
        porter.kill();
        porter.closed().blocking();
        assert_eq!(rooms.register(&plain(rt), 1, "nobody hears"), Ok(()));
    });
}

/// OTP 1.8, 15.4: in every schedule the keys of who has ended are free before its DOWN.
#[actor_test(schedules = 1000)]
async fn keys_are_free_before_the_down(t: TestKit) -> TestResult {
    let (rooms, porter) = (Rooms::unique(&t.handle()), t.start(Porter::default()).await?);
    porter.listen(rooms.clone()).await?;
    let puppet = t.start(made(false).0).await?;
    let (own, mine) = (rooms.clone(), puppet.clone());
    puppet.later(Box::new(move |_: &mut Context<Puppet>| {
        own.register(&mine, 1, "x").expect("free");
        own.register(&mine, 2, "y").expect("free");
    }))?;
    porter.watch(puppet.clone()).await?;
    t.kill(&puppet);
    t.settle().await;
    let (heard, at_down) = porter.heard().await?;
    assert_eq!(at_down, [true]);
    let came = heard.iter().filter(|(registered, ..)| *registered).count();
    assert_eq!(heard.len(), 2 * came, "what was registered is unregistered: {heard:?}");
    Ok(())
}

/// OTP 8.8: a start under a key registers before the process runs, and is found by it.
#[test]
fn a_start_via_a_registry_is_found_by_its_key() {
    on(2, |rt| {
        let rooms = Rooms::unique(rt);
        let puppet = block_on(made(false).0.with().via(rooms.via(7, "x")).on(rt).start());
        let puppet = puppet.expect("free");
        let found = rooms.whereis(&7).expect("it lives");
        assert_eq!(found.id(), puppet.id());
        // Send and call by way of it.
        assert_eq!(found.say(1), Ok(()));
        found.sync();
        puppet.kill();
        puppet.closed().blocking();
        assert!(rooms.whereis(&7).is_none());
        assert_eq!(found.say(2), Err(SendError::NoProc));
        assert_eq!(found.act(Box::new(|_| ())).blocking(), Err(CallFailure::NoProc));
    });
}

/// Says when its init runs.
#[derive(Process)]
struct Loud(std::sync::mpsc::Sender<()>);

#[handlers]
impl Loud {
    #[init]
    fn begin(&mut self) -> Result<(), &'static str> {
        let _ = self.0.send(());
        Err("not today")
    }
}

/// OTP 8.6, 8.7, 8.8: a key that is taken fails the start before any init, and names the owner; a
/// start that fails leaves the key free.
#[test]
fn a_start_via_a_taken_key_runs_no_init() {
    on(1, |rt| {
        let rooms: Registry<u32, LoudRef> = Registry::unique(rt);
        let (tell, told) = std::sync::mpsc::channel();
        let loud = || Loud(tell.clone()).with().via(rooms.via(7, ())).on(rt);
        for _ in 0..10 {
            let failed = block_on(loud().start()).map(drop);
            assert_eq!(failed, Err(StartError::Init(ExitReason::error("not today"))));
            assert_eq!((rooms.count(), told.try_iter().count()), (0, 1));
        }
        let holder = rt.spawn(Loud(tell.clone())).expect("room");
        // It is dead by its init, or about to be; a living one is needed.
        holder.closed().blocking();
        let (puppets, a) = (Rooms::unique(rt), plain(rt));
        puppets.register(&a, 7, "x").expect("free");
        let puppet = made(false).0.with().via(puppets.via(7, "y")).name("n").on(rt);
        let taken = StartError::NameTaken { name: "7".into(), pid: a.id() };
        assert_eq!(block_on(puppet.start()).map(drop), Err(taken));
        // The name that it had for a moment is free.
        assert_eq!(rt.registered(), [""; 0]);
        assert_eq!(rt.process_count(), 1);
    });
}

/// OTP 8.8: any registry plugs in; one that panics fails the start.
#[test]
fn any_registry_plugs_in() {
    on(1, |rt| {
        let group = rt.group::<PuppetRef>("g");
        let joined = group.clone();
        let via = Via::new(move |who: &PuppetRef| joined.join(who).map_err(options));
        let puppet = block_on(made(false).0.with().via(via).on(rt).start()).expect("it starts");
        assert_eq!(group.members()[0].id(), puppet.id());
        // What was done before a registration failed is undone.
        let joined = group.clone();
        let via = Via::new(move |who: &PuppetRef| {
            joined.join(who).map_err(options)?;
            panic!("no more")
        });
        let failed = block_on(made(false).0.with().via(via).on(rt).start()).map(drop);
        let Err(StartError::Init(reason)) = failed else { panic!("{failed:?}") };
        assert!(reason.is_panic("no more"), "{reason}");
        assert_eq!(group.members().len(), 1);
    });
}

fn options(error: impl ToString) -> StartError {
    StartError::Options(error.to_string())
}

/// Joins a registry in its init.
#[derive(Process)]
struct Lamp(Registry<u32, LampRef>);

#[handlers]
impl Lamp {
    #[init]
    fn begin(&mut self, cx: &mut Context<Self>) -> Result<(), RegistryError> {
        self.0.register(&cx.me(), 1, ())
    }
}

#[derive(Supervisor)]
struct Office {
    lamps: Registry<u32, LampRef>,
}

#[supervisor(intensity = 50)]
impl Office {
    #[child]
    fn lamp(&self) -> Lamp {
        Lamp(self.lamps.clone())
    }
}

/// OTP 15.4: a supervised child that is restarted has its key again.
#[test]
fn a_restarted_child_has_its_key_again() {
    on(2, |rt| {
        let lamps = Registry::unique(rt);
        let _office = up(rt, Office { lamps: lamps.clone() });
        let mut before = None;
        for _ in 0..20 {
            until("the next one is there", || {
                lamps.whereis(&1).is_some_and(|lamp| lamp.pid() != before)
            });
            let lamp = lamps.whereis(&1).expect("it is there");
            before = lamp.pid();
            lamp.kill();
        }
    });
}
