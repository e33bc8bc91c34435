//! Event managers (OTP's `gen_event`).

use std::sync::{Arc, Mutex, mpsc::channel};

use actor_core::{
    CallError, FnProcess, Inbox, Message,
    event::{
        After, EventCall, EventHandler, EventManager, HandlerError, HandlerExit, Left, Removal,
        Successor,
    },
    limits,
    prelude::*,
};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::both::{Side, both};
use crate::kit::on;

/// What the handlers of a test have seen, in order.
#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn note(&self, what: String) {
        self.0.lock().expect("no panic in here").push(what);
    }

    fn read(&self) -> Vec<String> {
        self.0.lock().expect("no panic in here").clone()
    }
}

/// Notes what it sees; panics at 13, goes at 0.
struct Scribe {
    name: &'static str,
    diary: Diary,
}

impl EventHandler<u32> for Scribe {
    fn init(&mut self, before: Option<Left>) -> Result<(), ExitReason> {
        if let Some(left) = before.and_then(|left| left.downcast::<&str>().ok()) {
            self.diary.note(format!("{} after {left}", self.name));
        }
        match self.name {
            "stillborn" => Err(ExitReason::other("no")),
            _ => Ok(()),
        }
    }

    fn event(&mut self, event: &u32) -> After {
        assert!(*event != 13 || self.name != "superstitious", "13");
        self.diary.note(format!("{} {event}", self.name));
        if *event == 0 { After::Remove } else { After::Keep }
    }

    fn terminate(&mut self, why: &Removal) -> Left {
        self.diary.note(format!("{} goes: {why:?}", self.name));
        Box::new(self.name)
    }
}

/// Asks a scribe its name, or to stumble.
enum Ask {
    Name,
    Stumble,
}

impl EventCall<Ask> for Scribe {
    type Reply = &'static str;

    fn call(&mut self, request: Ask) -> &'static str {
        match request {
            Ask::Name => self.name,
            Ask::Stumble => panic!("it stumbles"),
        }
    }
}

fn scribe(name: &'static str, diary: &Diary) -> Scribe {
    Scribe { name, diary: diary.clone() }
}

both! {
    /// OTP 12.1: every handler sees every event of a sender in order, and `sync_notify` answers
    /// when all have.
    async fn handlers_run_one_after_another_and_sync_notify_waits_for_all(t) {
        let (manager, diary) = (t.start(EventManager::new()).await?, Diary::default());
        manager.add_handler("a", scribe("a", &diary)).await?;
        manager.add_handler("b", scribe("b", &diary)).await?;
        manager.notify(1)?;
        manager.sync_notify(2).await?;
        assert_eq!(diary.read(), ["a 1", "b 1", "a 2", "b 2"]);
        assert_eq!(manager.which_handlers().await?, ["a", "b"]);
        Ok(())
    }
}

/// OTP 12.1: `notify` does not wait.
#[test]
fn notify_does_not_wait_for_the_handlers() {
    struct Slow(std::sync::mpsc::Receiver<()>);
    impl EventHandler<u32> for Slow {
        fn event(&mut self, _: &u32) -> After {
            let _ = self.0.recv();
            After::Keep
        }
    }
    on(2, |rt| {
        let manager = rt.spawn(EventManager::new()).expect("room");
        let (go, gate) = channel();
        manager.add_handler("slow", Slow(gate)).blocking().expect("it is added");
        manager.notify(1).expect("room");
        // It has not been handled yet, or never.
        go.send(()).expect("the handler is there");
        drop(go);
        assert_eq!(manager.sync_notify(2).blocking(), Ok(()));
    });
}

/// OTP 12.1: nor do the handlers do anything before it has answered, whatever the schedule.
#[actor_test(schedules = 1000)]
async fn notify_is_over_before_any_handler_begins(t: TestKit) -> TestResult {
    let (manager, diary) = (t.start(EventManager::new()).await?, Diary::default());
    manager.add_handler("a", scribe("a", &diary)).await?;
    let before = t.now();
    for event in 1..=3 {
        manager.notify(event)?;
        assert_eq!(diary.read(), [""; 0]);
    }
    manager.sync_notify(4).await?;
    assert_eq!(diary.read(), ["a 1", "a 2", "a 3", "a 4"]);
    assert_eq!(t.now(), before);
    Ok(())
}

both! {
    /// OTP 12.2: in an event, in a call, in its `terminate`.
    async fn a_handler_that_crashes_is_removed_alone(t) {
        let (manager, diary) = (t.start(EventManager::new()).await?, Diary::default());
        for name in ["a", "superstitious", "b"] {
            manager.add_handler(name, scribe(name, &diary)).await?;
        }
        manager.sync_notify(13).await?;
        assert_eq!(diary.read(), ["a 13", "b 13"]);
        assert_eq!(manager.which_handlers().await?, ["a", "b"]);
        let failed = manager.call::<Scribe, _>("a", Ask::Stumble).await;
        let Err(CallError::Handler(HandlerError::Failed(reason))) = failed else {
            panic!("{failed:?}");
        };
        assert!(reason.is_panic("it stumbles"));
        assert_eq!(manager.which_handlers().await?, ["b"]);
        let stillborn = manager.add_handler("c", scribe("stillborn", &diary)).await;
        let why = HandlerError::Failed(ExitReason::other("no"));
        assert_eq!(stillborn, Err(CallError::Handler(why)));
        assert_eq!(manager.which_handlers().await?, ["b"]);
        assert!(manager.is_alive());
        Ok(())
    }
}

both! {
    /// OTP's `remove_handler`: one that has had enough goes, and the rest do not miss an event.
    async fn a_handler_may_remove_itself(t) {
        let (manager, diary) = (t.start(EventManager::new()).await?, Diary::default());
        for name in ["a", "b"] {
            manager.add_handler(name, scribe(name, &diary)).await?;
        }
        manager.sync_notify(0).await?;
        assert_eq!(diary.read(), ["a 0", "a goes: Itself", "b 0", "b goes: Itself"]);
        assert!(manager.which_handlers().await?.is_empty());
        Ok(())
    }
}

/// Word of a supervised handler.
struct Lost(HandlerExit);

impl Message for Lost {
    type Reply = ();
}

both! {
    /// OTP 12.3: whose handler is removed hears of it, with the reason.
    async fn who_added_a_supervised_handler_hears_of_its_removal(t) {
        let manager = t.start(EventManager::new()).await?;
        let adder = FnProcess::new(async move |mut inbox: Inbox<Lost>| {
            let diary = Diary::default();
            for name in ["superstitious", "b", "c"] {
                let me = inbox.me();
                let tell = move |exit| _ = me.send(Lost(exit));
                manager.add_sup_handler(name, scribe(name, &diary), tell).await?;
            }
            manager.notify(13)?;
            let Lost(first) = inbox.receive().await.message;
            assert!(first.id == "superstitious" && first.reason.is_panic("13"));
            manager.delete_handler("b").await?;
            let Lost(second) = inbox.receive().await.message;
            assert_eq!(
                second,
                HandlerExit { id: "b".into(), reason: ExitReason::Normal, swapped: None }
            );
            drop(manager.stop(ExitReason::Normal));
            let Lost(third) = inbox.receive().await.message;
            assert_eq!(
                third,
                HandlerExit { id: "c".into(), reason: ExitReason::Shutdown, swapped: None }
            );
            // Nobody is linked to it any more.
            assert!(inbox.receive().after(crate::kit::MOMENT).await.is_none());
            Ok::<_, ExitReason>(())
        });
        assert_eq!(t.start(adder).await?.closed().await, ExitReason::Normal);
        Ok(())
    }
}

both! {
    /// OTP 12.3: and its own end removes the handler, and no other.
    async fn the_end_of_who_added_a_supervised_handler_removes_it(t) {
        let (manager, diary) = (t.start(EventManager::new()).await?, Diary::default());
        manager.add_handler("a", scribe("a", &diary)).await?;
        let (its, notes) = (manager.clone(), diary.clone());
        let adder = FnProcess::<Lost>::new(async move |_| {
            its.add_sup_handler("b", scribe("b", &notes), |_| ()).await?;
            its.add_sup_handler("c", scribe("c", &notes), |_| ()).await?;
            Err::<(), _>(ExitReason::Shutdown)
        });
        assert_eq!(t.start(adder).await?.closed().await, ExitReason::Shutdown);
        let goes = |name| format!("{name} goes: AdderEnded(Shutdown)");
        let gone = [goes("b"), goes("c")];
        t.until("they are removed", || diary.read() == gone).await;
        assert_eq!(manager.which_handlers().await?, ["a"]);
        Ok(())
    }
}

both! {
    /// OTP 12.3: the link is there: a manager that is killed takes who added a supervised handler.
    async fn a_killed_manager_takes_who_added_a_supervised_handler(t) {
        let (manager, diary) = (t.start(EventManager::new()).await?, Diary::default());
        let its = manager.clone();
        let adder = FnProcess::<Lost>::new(async move |mut inbox: Inbox<Lost>| {
            its.add_sup_handler("b", scribe("b", &diary), |_| ()).await?;
            inbox.receive().await;
            Ok::<_, ExitReason>(())
        });
        let adder = t.start(adder).await?;
        while manager.which_handlers().await?.is_empty() {}
        manager.kill();
        assert_eq!(adder.closed().await, ExitReason::Killed);
        Ok(())
    }
}

both! {
    /// OTP 12.4: the new one is given what the old one left, and no event falls between.
    async fn a_swap_hands_over_what_the_old_handler_left(t) {
        let (manager, diary) = (t.start(EventManager::new()).await?, Diary::default());
        manager.add_handler("old", scribe("a", &diary)).await?;
        manager.notify(1)?;
        let swap = manager.swap_handler("old", "new", scribe("b", &diary)).request();
        manager.notify(2)?;
        swap.await?;
        manager.sync_notify(3).await?;
        assert_eq!(diary.read(), ["a 1", "a goes: Swapped", "b after a", "b 2", "b 3"]);
        // Without an old one, the new one has nothing to begin with.
        manager.swap_handler("nobody", "third", scribe("c", &diary)).await?;
        assert_eq!(manager.which_handlers().await?, ["new", "third"]);
        assert_eq!(diary.read().len(), 5);
        Ok(())
    }
}

both! {
    /// OTP 12.4: a supervised handler that somebody swaps leaves its adder the new one.
    async fn what_a_supervised_handler_is_swapped_for_belongs_to_its_adder(t) {
        let (manager, diary) = (t.start(EventManager::new()).await?, Diary::default());
        let (its, notes) = (manager.clone(), diary.clone());
        let adder = FnProcess::new(async move |mut inbox: Inbox<Lost>| {
            let me = inbox.me();
            let tell = move |exit| _ = me.send(Lost(exit));
            its.add_sup_handler("old", scribe("a", &notes), tell).await?;
            let Lost(exit) = inbox.receive().await.message;
            let swapped = Some(Successor { id: "new".into(), owner: Some(inbox.pid()) });
            assert_eq!(exit, HandlerExit { id: "old".into(), reason: ExitReason::Normal, swapped });
            its.notify(13)?;
            let Lost(exit) = inbox.receive().await.message;
            assert!(exit.id == "new" && exit.reason.is_panic("13") && exit.swapped.is_none());
            // Nobody is linked to it any more, and so this end is no other's.
            Err::<(), _>(ExitReason::Shutdown)
        });
        let adder = t.start(adder).await?;
        while manager.which_handlers().await?.is_empty() {}
        manager.swap_handler("old", "new", scribe("superstitious", &diary)).await?;
        assert_eq!(adder.closed().await, ExitReason::Shutdown);
        t.settle().await;
        assert_eq!(diary.read(), ["a goes: Swapped", "superstitious after a"]);
        assert!(manager.is_alive());
        Ok(())
    }
}

both! {
    /// OTP 12.4: `swap_sup_handler`.
    async fn a_supervised_swap_makes_the_new_handler_the_callers(t) {
        let (manager, diary) = (t.start(EventManager::new()).await?, Diary::default());
        let (its, notes) = (manager.clone(), diary.clone());
        let first = FnProcess::new(async move |mut inbox: Inbox<Lost>| {
            let me = inbox.me();
            let tell = move |exit| _ = me.send(Lost(exit));
            its.add_sup_handler("old", scribe("a", &notes), tell).await?;
            let Lost(exit) = inbox.receive().await.message;
            assert_ne!(exit.swapped.and_then(|it| it.owner), Some(inbox.pid()));
            Err::<(), _>(ExitReason::Shutdown)
        });
        let (its, notes) = (manager.clone(), diary.clone());
        let second = FnProcess::new(async move |mut inbox: Inbox<Lost>| {
            its.swap_sup_handler("old", "new", scribe("b", &notes), |_| ()).await?;
            inbox.receive().await;
            Err::<(), _>(ExitReason::Shutdown)
        });
        let first = t.start(first).await?;
        while manager.which_handlers().await?.is_empty() {}
        let second = t.start(second).await?;
        assert_eq!(first.closed().await, ExitReason::Shutdown);
        t.settle().await;
        assert_eq!(manager.which_handlers().await?, ["new"], "the first one's end is not its own");
        second.exit(ExitReason::Shutdown);
        second.closed().await;
        let all = ["a goes: Swapped", "b after a", "b goes: AdderEnded(Shutdown)"];
        t.until("its end is heard", || diary.read() == all).await;
        assert!(manager.which_handlers().await?.is_empty());
        // One that cannot be added leaves its caller unlinked.
        let its = manager.clone();
        let third = FnProcess::<Lost>::new(async move |_| {
            let stillborn = scribe("stillborn", &diary);
            let failed = its.swap_sup_handler("nobody", "new", stillborn, |_| ()).await;
            assert!(matches!(failed, Err(CallError::Handler(HandlerError::Failed(_)))));
            Err::<(), _>(ExitReason::Shutdown)
        });
        t.start(third).await?.closed().await;
        t.settle().await;
        assert!(manager.which_handlers().await?.is_empty() && manager.is_alive());
        Ok(())
    }
}

both! {
    /// OTP 12.4: and whose handler that was is linked to the manager no more.
    async fn who_lost_a_handler_to_a_supervised_swap_is_unlinked(t) {
        let (manager, diary) = (t.start(EventManager::new()).await?, Diary::default());
        let (its, notes) = (manager.clone(), diary.clone());
        let first = FnProcess::<Lost>::new(async move |mut inbox: Inbox<Lost>| {
            its.add_sup_handler("old", scribe("a", &notes), |_| ()).await?;
            inbox.receive().await;
            Ok::<_, ExitReason>(())
        });
        let its = manager.clone();
        let second = FnProcess::<Lost>::new(async move |mut inbox: Inbox<Lost>| {
            its.swap_sup_handler("old", "new", scribe("b", &diary), |_| ()).await?;
            inbox.receive().await;
            Ok::<_, ExitReason>(())
        });
        let first = t.start(first).await?;
        while manager.which_handlers().await?.is_empty() {}
        let second = t.start(second).await?;
        while manager.which_handlers().await? != ["new"] {}
        manager.kill();
        assert_eq!(second.closed().await, ExitReason::Killed);
        t.settle().await;
        assert!(first.is_alive());
        Ok(())
    }
}

struct Deaf;

impl EventHandler<u32> for Deaf {
    fn event(&mut self, _: &u32) -> After {
        After::Keep
    }
}

both! {
    /// OTP 12.5: by its id, or by its type.
    async fn a_call_to_an_absent_handler_is_bad_module(t) {
        let (manager, diary) = (t.start(EventManager::new()).await?, Diary::default());
        manager.add_handler("a", scribe("a", &diary)).await?;
        manager.add_handler("deaf", Deaf).await?;
        let bad_module = Err(CallError::Handler(HandlerError::BadModule));
        assert_eq!(manager.call::<Scribe, _>("a", Ask::Name).await, Ok("a"));
        assert_eq!(manager.call::<Scribe, _>("b", Ask::Name).await, bad_module);
        assert_eq!(manager.call::<Scribe, _>("deaf", Ask::Name).await, bad_module);
        let absent = manager.delete_handler("b").await.err();
        assert_eq!(absent, Some(CallError::Handler(HandlerError::BadModule)));
        Ok(())
    }
}

/// There are as many handlers as there may be, and one with each id.
#[test]
fn handlers_are_bounded_and_their_ids_unique() {
    on(1, |rt| {
        let manager = rt.spawn(EventManager::new()).expect("room");
        for n in 0..limits::EVENT_HANDLERS {
            manager.add_handler(n.to_string(), Deaf).blocking().expect("room for it");
        }
        let taken = manager.add_handler("7", Deaf).blocking();
        assert_eq!(taken, Err(CallError::Handler(HandlerError::AlreadyAdded)));
        let many = manager.add_handler("one more", Deaf).blocking();
        assert_eq!(many, Err(CallError::Handler(HandlerError::TooMany)));
    });
}
