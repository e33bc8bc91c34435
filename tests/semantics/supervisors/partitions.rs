//! One child in several copies, and dynamic children: both found by key.

use actor_core::supervisor::{ChildSpec, Partitions, SpecError, SupervisorSpec};
use actor_core::{CallFailure, StartError, prelude::*};
use actor_testkit::{TestKit, TestResult, actor_test};
use futures::executor::block_on;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::kit::{on, up};
use crate::trees::{Diary, boom, fell, lamp, open, settled};

/// Counts what it is given.
#[derive(Process)]
struct Shard {
    number: usize,
}

#[handlers]
impl Shard {
    #[call]
    fn number(&self) -> usize {
        self.number
    }
}

/// Knows the way to all shards.
#[derive(Process)]
struct Router {
    shards: Partitions<ShardRef>,
}

#[handlers]
impl Router {
    #[call]
    async fn route(&self, key: String) -> usize {
        self.shards.of(&key).number().await.expect("it runs")
    }
}

#[derive(Supervisor)]
struct Store {
    copies: usize,
}

#[supervisor]
impl Store {
    #[child(partitions = self.copies)]
    fn shard(&self, index: usize) -> Shard {
        Shard { number: index }
    }

    #[child(partitions)]
    fn cache(&self, index: usize) -> Shard {
        Shard { number: index }
    }

    #[child]
    fn router(&self, shard: Partitions<ShardRef>) -> Router {
        Router { shards: shard }
    }
}

/// OTP 15.3: integer keys by the remainder of their magnitude, others by their hash; a key has
/// always the same copy, by whichever way it is looked up.
#[test]
fn a_key_has_always_the_same_partition() {
    on(2, |rt| {
        let store = up(rt, Store { copies: 5 });
        for key in -12i64..12 {
            let expected = usize::try_from(key.unsigned_abs()).expect("it is small") % 5;
            assert_eq!(store.shard(&key).number().blocking(), Ok(expected), "{key}");
        }
        let mut hit = [false; 5];
        for key in 0..100 {
            let key = format!("account {key}");
            let number = store.shard(&key).number().blocking().expect("it runs");
            hit[number] = true;
            assert_eq!(store.shard(key.as_str()).number().blocking(), Ok(number));
            assert_eq!(store.shard_refs().of(&key).number().blocking(), Ok(number));
            assert_eq!(store.router().route(key).blocking(), Ok(number));
        }
        assert_eq!(hit, [true; 5], "all have their share");
    });
}

/// OTP 15.3: as many as there are workers, unless it says otherwise; their ids are their numbers.
#[test]
fn there_are_as_many_partitions_as_workers() {
    on(3, |rt| {
        let store = up(rt, Store { copies: 1 });
        assert_eq!((store.cache_refs().len(), store.shard_refs().len()), (3, 1));
        let third = block_on(store.which_child("cache[2]")).expect("it is there");
        assert_eq!(third.pid(), store.cache(&2).pid());
    });
}

/// OTP 15.3: a copy that is restarted keeps its share.
#[test]
fn a_partition_keeps_its_keys_through_a_restart() {
    on(2, |rt| {
        let diary = Diary::default();
        let spec = SupervisorSpec::new("office").child(diary.lamp("a").partitions(4));
        let tree = open(rt, spec);
        let of_seven = tree.partition::<crate::trees::Lamp, _>("a", &7);
        let before = of_seven.who().blocking().expect("it runs");
        let closed = of_seven.closed();
        of_seven.end(boom()).expect("it runs");
        closed.blocking();
        settled(&tree);
        assert_ne!(of_seven.who().blocking().expect("it runs"), before);
        assert_eq!(diary.all(), "+a[0] +a[1] +a[2] +a[3] +a[3]");
    });
}

/// OTP 15.3: none at all, or none in particular, makes no sense; a child that does not exist has
/// nobody behind any key.
#[test]
fn no_partitions_are_refused() {
    on(2, |rt| {
        let diary = Diary::default();
        let office = |child: ChildSpec| SupervisorSpec::new("office").child(child).validate();
        let none = office(diary.lamp("a").partitions(0));
        assert!(matches!(none, Err(SpecError::BadCombination { .. })), "{none:?}");
        let dynamic = office(ChildSpec::dynamic::<crate::trees::Lamp>("a").partitions(None));
        assert!(matches!(dynamic, Err(SpecError::BadCombination { .. })), "{dynamic:?}");
        let tree = open(rt, diary.lamps("b"));
        let nobody = tree.partition::<crate::trees::Lamp, _>("a", "key");
        assert_eq!(nobody.who().blocking(), Err(CallFailure::NoProc));
        fell(&tree, "b", boom());
        settled(&tree);
        assert!(lamp(&tree, "b").who().blocking().is_ok());
    });
}

/// Somebody with a name.
#[derive(Process)]
struct Teller {
    name: String,
}

#[handlers]
impl Teller {
    #[call]
    fn name(&self) -> String {
        self.name.clone()
    }

    #[cast]
    fn leave(&mut self, cx: &mut Context<Self>) {
        cx.stop(ExitReason::Normal);
    }

    #[cast]
    fn stumble(&mut self) {
        panic!("over a chair");
    }
}

#[derive(Supervisor)]
struct Bank {
    made: Arc<AtomicUsize>,
}

#[supervisor(intensity = 100)]
impl Bank {
    #[child(dynamic, key = name, restart = transient, max_children = 2)]
    fn teller(&self, name: String, _desk: u32) -> Teller {
        self.made.fetch_add(1, Ordering::SeqCst);
        Teller { name }
    }
}

/// A keyed child is started once, however often and from wherever it is asked for.
#[test]
fn a_keyed_child_is_started_once() {
    on(2, |rt| {
        let made = Arc::new(AtomicUsize::new(0));
        let bank = up(rt, Bank { made: made.clone() });
        assert!(bank.teller("Ann").is_none());
        let ask = |name: &str| bank.start_teller(name.into(), 1);
        let asked = futures::future::join_all((0..50).map(|_| ask("Ann")));
        let tellers: Vec<_> = block_on(asked).into_iter().map(|one| one.expect("room")).collect();
        let pid = tellers[0].pid();
        assert!(pid.is_some() && tellers.iter().all(|one| one.pid() == pid));
        assert_eq!(made.load(Ordering::SeqCst), 1);
        assert_eq!(bank.teller("Ann").expect("it is there").pid(), pid);
        assert_eq!(block_on(bank.which_child("teller:Ann")).expect("it is there").pid(), pid);
        block_on(ask("Bob")).expect("room");
        assert_eq!(block_on(ask("Cid")).map(drop), Err(StartError::MaxChildren(2)));
        assert!(block_on(ask("Bob")).is_ok(), "it is there");
    });
}

/// It keeps its key through restarts, and gives it up when it ends for good.
#[actor_test(schedules = 1000)]
async fn a_key_lives_as_long_as_its_child(t: TestKit) -> TestResult {
    let made = Arc::new(AtomicUsize::new(0));
    let bank = t.start(Bank { made: made.clone() }).await?;
    let ann = bank.start_teller("Ann".into(), 1).await?;
    ann.stumble()?;
    let again = bank.start_teller("Ann".into(), 2).await?;
    t.settle().await;
    assert_eq!(again.name().await?, "Ann");
    t.settle().await;
    assert_eq!(made.load(Ordering::SeqCst), 2, "the crash was the supervisor's to mend");
    ann.leave()?;
    t.settle().await;
    assert!(bank.teller("Ann").is_none());
    assert_eq!(ann.name().await, Err(CallFailure::NoProc));
    bank.start_teller("Ann".into(), 3).await?;
    assert_eq!(made.load(Ordering::SeqCst), 3);
    Ok(())
}

/// By hand, a key of another type is refused.
#[test]
fn a_keyed_child_of_another_type_is_refused() {
    use actor_core::supervisor::{Restart, Shutdown};
    on(2, |rt| {
        let tree = open(rt, SupervisorSpec::new("office"));
        let said = Arc::new(Mutex::new(()));
        let shard = |_| async { Ok(Some(Shard { number: 1 })) };
        let (kill, kept) = (Shutdown::BrutalKill, Restart::Permanent);
        block_on(tree.start_keyed::<Shard, _, _>("x", "y", kept, kill, shard)).expect("room");
        let teller = move |_| {
            drop(said.lock());
            async { Ok(Some(Teller { name: "Ann".into() })) }
        };
        let refused = block_on(tree.start_keyed::<Teller, _, _>("x", "y", kept, kill, teller));
        assert!(matches!(refused, Err(StartError::Options(_))));
    });
}
