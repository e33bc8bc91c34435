//! Tables: OTP's `ets`, typed. Items of this checklist are numbered T; they are in the table of
//! `otp/theme_ets.md`.

use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use actor_core::ets::{
    BagTable, OrderedTable, Table, TableAccess, TableError, TableOptions, Transfer, WrongTable,
};
use actor_core::{
    Context, Down, ExitReason, Pid, Process, ProcessRef, Runtime, RuntimeHandle, handlers,
};
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::kit::{Heard, Puppet, PuppetRef, listener, on, plain, until, up};

type Words = Table<&'static str, u64>;

/// Has a puppet make a table.
pub(crate) fn made<T: Clone + Send + Sync + 'static>(
    puppet: &PuppetRef,
    options: impl FnOnce() -> TableOptions<T> + Send + 'static,
) -> Result<T, TableError> {
    puppet.does(move |cx| options().create(cx))
}

fn words(puppet: &PuppetRef, access: TableAccess) -> Words {
    made(puppet, move || Table::set().access(access)).expect("room")
}

/// T.1: one value a key; an insert replaces it.
#[test]
fn a_set_has_one_value_a_key() {
    on(1, |rt| {
        let table = words(&plain(rt), TableAccess::Public);
        assert_eq!((table.insert("a", 1), table.insert("a", 2)), (Ok(()), Ok(())));
        assert_eq!((table.lookup(&"a"), table.lookup(&"b")), (Ok(Some(2)), Ok(None)));
        assert_eq!((table.member(&"a"), table.member(&"b")), (Ok(true), Ok(false)));
        assert_eq!(table.size(), Ok(1));
    });
}

/// T.2: insert_new changes nothing if the key is there.
#[test]
fn insert_new_leaves_what_is_there() {
    on(1, |rt| {
        let table = words(&plain(rt), TableAccess::Public);
        assert_eq!((table.insert_new("a", 1), table.insert_new("a", 2)), (Ok(true), Ok(false)));
        assert_eq!(table.lookup(&"a"), Ok(Some(1)));
    });
}

/// T.3: delete and take.
#[test]
fn take_gives_what_it_takes() {
    on(1, |rt| {
        let table = words(&plain(rt), TableAccess::Public);
        for (number, key) in ["a", "b", "c", "d"].into_iter().enumerate() {
            table.insert(key, number as u64).expect("room");
        }
        assert_eq!((table.take(&"a"), table.take(&"a")), (Ok(Some(0)), Ok(None)));
        assert_eq!((table.delete(&"b"), table.delete(&"b")), (Ok(true), Ok(false)));
        assert_eq!(table.size(), Ok(2));
        assert_eq!((table.delete_all(), table.size()), (Ok(()), Ok(0)));
    });
}

/// T.4: update_counter and its like lose nothing, from however many threads.
#[test]
fn no_update_is_lost() {
    const EACH: u64 = 2_000;
    fn count(table: Words) {
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let table = table.clone();
                std::thread::spawn(move || {
                    for _ in 0..EACH {
                        table.update_or_insert("hits", 0, |hits| hits + 1).expect("it is there");
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        assert_eq!(table.lookup(&"hits"), Ok(Some(3 * EACH)));
        assert_eq!(table.update(&"misses", |misses| misses + 1), Ok(None));
    }
    on(2, |rt| {
        let owner = plain(rt);
        count(words(&owner, TableAccess::Public));
        let ordered = || Table::ordered_set().access(TableAccess::Public);
        count((*made(&owner, ordered).expect("room")).clone());
    });
}

/// What changes a value may use the table itself.
#[test]
fn a_change_may_look_at_the_table() {
    on(1, |rt| {
        let owner = plain(rt);
        let ordered = made(&owner, || Table::ordered_set().access(TableAccess::Public));
        let tables = [words(&owner, TableAccess::Public), (*ordered.expect("room")).clone()];
        for table in tables {
            table.insert("a", 1).expect("room");
            table.insert("b", 10).expect("room");
            let inside = table.clone();
            let sum = table.update(&"a", |a| a + inside.lookup(&"b").ok().flatten().unwrap_or(0));
            assert_eq!(sum, Ok(Some(11)));
            let inside = table.clone();
            let kept = table.select(|key, _| inside.delete(key).ok());
            assert_eq!((kept, table.size()), (Ok(vec![true, true]), Ok(0)));
        }
    });
}

/// T.5: first, last, next and prev follow the order of keys, past keys that are gone.
#[test]
fn an_ordered_set_is_walked_in_the_order_of_its_keys() {
    on(1, |rt| {
        let options = || Table::ordered_set().access(TableAccess::Public);
        let table: OrderedTable<u32, char> = made(&plain(rt), options).expect("room");
        assert_eq!((table.first(), table.last()), (Ok(None), Ok(None)));
        for (key, value) in [(3, 'c'), (1, 'a'), (2, 'b')] {
            table.insert(key, value).expect("room");
        }
        assert_eq!(table.entries(), Ok(vec![(1, 'a'), (2, 'b'), (3, 'c')]));
        let mut walked = Vec::new();
        let mut at = table.first().expect("it is there");
        while let Some((key, value)) = at {
            walked.push(value);
            table.delete(&key).expect("it is there");
            at = table.next(&key).expect("it is there");
        }
        assert_eq!(walked, ['a', 'b', 'c']);
        table.insert(5, 'e').expect("room");
        assert_eq!((table.prev(&9), table.prev(&5)), (Ok(Some((5, 'e'))), Ok(None)));
        assert_eq!(
            (table.range(..5), table.range((Bound::Excluded(5), Bound::Excluded(5)))),
            (Ok(vec![]), Ok(vec![]))
        );
        assert_eq!(table.range(..), Ok(vec![(5, 'e')]));
    });
}

/// T.6: a bag keeps several values a key, a duplicate bag the same one several times.
#[test]
fn a_bag_has_several_values_a_key() {
    on(1, |rt| {
        let owner = plain(rt);
        let bag = || BagTable::<&str, u8>::bag().access(TableAccess::Public);
        let twice = || BagTable::<&str, u8>::duplicate_bag().access(TableAccess::Public);
        let (bag, twice) = (made(&owner, bag).expect("room"), made(&owner, twice).expect("room"));
        for table in [&bag, &twice] {
            for value in [2, 1, 2] {
                table.insert("a", value).expect("room");
            }
            table.insert("b", 9).expect("room");
        }
        assert_eq!((bag.lookup(&"a"), bag.size()), (Ok(vec![2, 1]), Ok(3)));
        assert_eq!((twice.lookup(&"a"), twice.size()), (Ok(vec![2, 1, 2]), Ok(4)));
        assert_eq!(twice.delete_object(&"a", |value| *value == 2), Ok(2));
        assert_eq!((twice.take(&"a"), twice.member(&"a")), (Ok(vec![1]), Ok(false)));
    });
}

/// T.7: of a protected table others read and do not write, of a private one they do neither.
#[test]
fn access_is_as_it_was_given() {
    on(1, |rt| {
        let (owner, other) = (plain(rt), plain(rt));
        let check = |access, writes: Result<(), TableError>, reads: Result<bool, TableError>| {
            let table = words(&owner, access);
            let theirs = table.clone();
            let outcome = owner.does(move |_| (theirs.insert("a", 1), theirs.member(&"a")));
            assert_eq!(outcome, (Ok(()), Ok(true)));
            let theirs = table.clone();
            let outcome = other.does(move |_| (theirs.insert("a", 2), theirs.member(&"a")));
            assert_eq!(outcome, (writes.clone(), reads.clone()));
            assert_eq!((table.insert("a", 3), table.member(&"a")), (writes.clone(), reads));
            assert_eq!(table.delete(&"a").map(drop), writes);
        };
        check(TableAccess::Public, Ok(()), Ok(true));
        check(TableAccess::Protected, Err(TableError::NotOwner), Ok(true));
        check(TableAccess::Private, Err(TableError::NotOwner), Err(TableError::NotOwner));
    });
}

/// A pid of another runtime is nobody here, though its number may be the owner's.
#[test]
fn an_owner_is_of_one_runtime() {
    on(1, |rt| {
        let other = Runtime::builder().workers(1).build().expect("threads");
        let (owner, twin) = (plain(rt), plain(&other));
        assert_eq!(owner.id(), twin.id());
        let table = words(&owner, TableAccess::Protected);
        let theirs = table.clone();
        assert_eq!(twin.does(move |_| theirs.insert("a", 1)), Err(TableError::NotOwner));
        let give = move |_: &mut Context<Puppet>| {
            table.give_away(&twin, |_| crate::kit::PuppetMessage::Say { word: 0 })
        };
        assert_eq!(owner.does(give), Err(TableError::NotLocal));
        other.shutdown().expect("it ends");
    });
}

/// T.8: a name belongs to one table, and finds it by its type.
#[test]
fn a_name_finds_its_table() {
    on(1, |rt| {
        let (owner, other) = (plain(rt), plain(rt));
        let named = || Table::<u8, u8>::set().name("t");
        made(&owner, named).expect("free");
        assert_eq!(made(&other, named).map(drop), Err(TableError::NameTaken("t".into())));
        assert!(rt.table::<Table<u8, u8>>("t").expect("its type").is_some());
        let wrong = rt.table::<OrderedTable<u8, u8>>("t").map(drop);
        assert_eq!(wrong, Err(WrongTable { name: "t".into() }));
        let table: Table<u8, u8> = rt.table("t").expect("its type").expect("it is there");
        assert_eq!(owner.does(move |_| table.delete_table()), Ok(()));
        assert!(rt.table::<Table<u8, u8>>("t").expect("no type").is_none());
        made(&other, named).expect("free again");
    });
}

/// T.9, OTP 1.8: a table is gone when its owner's end is seen, with its name and its entries.
#[test]
fn a_table_is_gone_when_its_owners_end_is_seen() {
    on(2, |rt| {
        let token = Arc::new(());
        for turn in 0..200 {
            let owner = plain(rt);
            let options = || Table::<u32, Arc<()>>::set().name("t").access(TableAccess::Public);
            let table = made(&owner, options).expect("free");
            for key in 0..10 {
                table.insert(key, token.clone()).expect("room");
            }
            let closed = owner.closed();
            match turn % 3 {
                0 => owner.kill(),
                1 => drop(owner.stop(ExitReason::Normal)),
                _ => owner.exit(ExitReason::other("x")),
            }
            closed.blocking();
            assert_eq!(table.size(), Err(TableError::Gone));
            assert_eq!(table.insert(1, token.clone()), Err(TableError::Gone));
            assert_eq!((table.owner(), Arc::strong_count(&token)), (None, 1));
        }
    });
}

/// T.9: the same of an ordered set, whose many entries are dropped over several turns.
#[test]
fn the_entries_of_an_ordered_set_are_gone_with_it() {
    on(1, |rt| {
        let (owner, token) = (plain(rt), Arc::new(()));
        let options = || Table::<u32, Arc<()>>::ordered_set().access(TableAccess::Public);
        let table = made(&owner, options).expect("room");
        for key in 0..20_000 {
            table.insert(key, token.clone()).expect("room");
        }
        owner.kill();
        owner.closed().blocking();
        assert_eq!((Arc::strong_count(&token), table.first()), (1, Err(TableError::Gone)));
    });
}

/// T.9: who writes while the table goes leaves nothing in it.
#[test]
fn who_writes_while_a_table_goes_leaves_nothing() {
    on(2, |rt| {
        for _ in 0..100 {
            let (owner, token) = (plain(rt), Arc::new(()));
            let options = || Table::<usize, Arc<()>>::set().access(TableAccess::Public);
            let table = made(&owner, options).expect("room");
            let (writer, written) = (table.clone(), token.clone());
            let thread = std::thread::spawn(move || {
                let mut key = 0;
                while writer.insert(key, written.clone()).is_ok() {
                    key += 1;
                }
            });
            until("the writer is at it", || table.size() != Ok(0));
            owner.kill();
            thread.join().expect("no panic");
            owner.closed().blocking();
            drop(table);
            assert_eq!(Arc::strong_count(&token), 1);
        }
    });
}

/// T.10: the heir owns the table before anybody hears of the end, and is told.
#[test]
fn an_heir_gets_the_table() {
    on(2, |rt| {
        for _ in 0..100 {
            let (owner, (heir, ear)) = (plain(rt), listener(rt));
            let to = heir.clone();
            let table = made(&owner, move || {
                Words::set().heir(&to, |transfer: Transfer<Words>| {
                    let word = transfer.table.lookup(&"a").ok().flatten().unwrap_or(0);
                    crate::kit::PuppetMessage::Say { word }
                })
            });
            let table = table.expect("room");
            let mine = table.clone();
            owner.does(move |_| mine.insert("a", 7)).expect("room");
            owner.kill();
            owner.closed().blocking();
            assert_eq!(table.owner(), heir.pid());
            assert_eq!(ear.next(), Heard::Word(7));
            let theirs = table.clone();
            assert_eq!(heir.does(move |_| theirs.insert("a", 8)), Ok(()));
            // The heir has no heir: with it the table goes.
            heir.kill();
            heir.closed().blocking();
            assert_eq!(table.lookup(&"a"), Err(TableError::Gone));
        }
    });
}

/// T.16: the last one that was named inherits, by its own notice; and only the owner names one.
#[test]
fn an_heir_is_named_changed_and_taken_back_by_the_owner() {
    on(2, |rt| {
        for (named, taken_back) in [(1, false), (2, false), (2, true)] {
            let (owner, heirs) = (plain(rt), [listener(rt), listener(rt)]);
            let table = made(&owner, Words::set).expect("room");
            for (number, (heir, _)) in heirs.iter().take(named).enumerate() {
                let (mine, to, word) = (table.clone(), heir.clone(), number as u64);
                let say = move |_: Transfer<Words>| crate::kit::PuppetMessage::Say { word };
                let stranger = mine.set_heir(&to, say);
                assert_eq!(stranger, Err(TableError::NotOwner), "it is no process even");
                owner.does(move |_| mine.set_heir(&to, say)).expect("it is its own");
            }
            if taken_back {
                let mine = table.clone();
                owner.does(move |_| mine.no_heir()).expect("it is its own");
            }
            let last = (!taken_back).then(|| heirs[named - 1].0.id());
            assert_eq!(table.info().expect("it is there").heir, last);
            owner.kill();
            owner.closed().blocking();
            assert_eq!(table.owner(), last);
            if !taken_back {
                assert_eq!(heirs[named - 1].1.next(), Heard::Word(named as u64 - 1));
            }
        }
    });
}

/// T.17: also what is private, and of a table that is gone nothing.
#[test]
fn anybody_may_know_what_a_table_is() {
    on(1, |rt| {
        let owner = plain(rt);
        let options = || Words::set().name("words").access(TableAccess::Private).limit(7);
        let table = made(&owner, options).expect("room");
        let mine = table.clone();
        owner.does(move |_| mine.insert("a", 7)).expect("room");
        let info = table.info().expect("it is there");
        assert_eq!(
            (info.name.as_deref(), info.owner, info.heir),
            (Some("words"), owner.id(), None)
        );
        assert_eq!((info.access, info.limit, info.size), (TableAccess::Private, 7, 1));
        assert_eq!(table.size(), Err(TableError::NotOwner));
        owner.kill();
        owner.closed().blocking();
        assert_eq!(table.info(), None);
    });
}

/// T.10: an heir that is dead inherits nothing.
#[test]
fn a_dead_heir_inherits_nothing() {
    on(1, |rt| {
        let (owner, heir) = (plain(rt), plain(rt));
        let to = heir.clone();
        let notice = |_: Transfer<Words>| crate::kit::PuppetMessage::Say { word: 0 };
        let table = made(&owner, move || Words::set().heir(&to, notice)).expect("room");
        heir.kill();
        heir.closed().blocking();
        assert_eq!(table.size(), Ok(0));
        owner.kill();
        owner.closed().blocking();
        assert_eq!(table.size(), Err(TableError::Gone));
    });
}

/// T.11: a table that is given away belongs to the other at once.
#[test]
fn a_table_that_is_given_away_belongs_to_the_other() {
    on(2, |rt| {
        let (owner, (other, ear)) = (plain(rt), listener(rt));
        let table = words(&owner, TableAccess::Protected);
        let give = |to: &PuppetRef| {
            let (mine, to) = (table.clone(), to.clone());
            move |_: &mut Context<Puppet>| {
                mine.give_away(&to, |transfer| {
                    assert_eq!(transfer.table.owner(), to.pid());
                    crate::kit::PuppetMessage::Say { word: 1 }
                })
            }
        };
        let dead = plain(rt);
        dead.kill();
        dead.closed().blocking();
        assert_eq!(owner.does(give(&dead)), Err(TableError::NoProc));
        assert_eq!(owner.does(give(&other)), Ok(()));
        assert_eq!(ear.next(), Heard::Word(1));
        let mine = table.clone();
        assert_eq!(owner.does(move |_| mine.insert("a", 1)), Err(TableError::NotOwner));
        assert_eq!(owner.does(give(&owner)), Err(TableError::NotOwner));
        owner.kill();
        owner.closed().blocking();
        let theirs = table.clone();
        assert_eq!(other.does(move |_| theirs.insert("a", 1)), Ok(()));
        other.kill();
        other.closed().blocking();
        assert_eq!(table.lookup(&"a"), Err(TableError::Gone));
    });
}

/// T.12: a table takes no more than its limit.
#[test]
fn a_table_is_full_at_its_limit() {
    on(1, |rt| {
        let options = || Words::set().access(TableAccess::Public).limit(2);
        let table = made(&plain(rt), options).expect("room");
        assert_eq!((table.insert("a", 1), table.insert("b", 1)), (Ok(()), Ok(())));
        assert_eq!(table.insert("c", 1), Err(TableError::Full(2)));
        assert_eq!(table.update_or_insert("c", 1, |one| *one), Err(TableError::Full(2)));
        assert_eq!((table.insert("a", 2), table.insert_new("a", 3)), (Ok(()), Ok(false)));
        assert_eq!((table.delete(&"b"), table.insert("c", 1)), (Ok(true), Ok(())));
    });
}

/// T.13: readers see whole values, whoever writes.
#[test]
fn readers_on_all_cores_see_whole_values() {
    on(2, |rt| {
        let options = || Table::<u8, (u64, u64)>::set().access(TableAccess::Public);
        let table = made(&plain(rt), options).expect("room");
        table.insert(0, (0, 0)).expect("room");
        let reads = Arc::new(AtomicUsize::new(0));
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let (table, reads) = (table.clone(), reads.clone());
                std::thread::spawn(move || {
                    loop {
                        let (one, other) = table.lookup(&0).expect("there").expect("always");
                        assert_eq!(one, other);
                        reads.fetch_add(1, Ordering::Relaxed);
                        if one == u64::MAX {
                            return;
                        }
                    }
                })
            })
            .collect();
        for number in 1..20_000 {
            table.insert(0, (number, number)).expect("room");
        }
        table.insert(0, (u64::MAX, u64::MAX)).expect("room");
        readers.into_iter().for_each(|reader| reader.join().expect("no panic"));
        assert!(reads.load(Ordering::Relaxed) >= 2);
    });
}

/// Watches a table's owner.
#[derive(Process, Default)]
struct Witness {
    found: Vec<(Option<Pid>, bool)>,
    inherited: usize,
}

#[handlers]
impl Witness {
    #[call]
    fn watch(&self, cx: &mut Context<Self>, puppet: PuppetRef) {
        cx.monitor(&puppet);
    }
    #[cast]
    fn inherit(&mut self, transfer: Transfer<Words>) {
        self.inherited += usize::from(transfer.table.insert("mine", 1).is_ok());
    }
    #[down]
    fn down(&mut self, cx: &mut Context<Self>, _down: Down) {
        let table = cx.runtime().table::<Words>("t").expect("its type");
        self.found.push((table.as_ref().and_then(Table::owner), table.is_some()));
    }
    #[call]
    fn found(&self) -> (Vec<(Option<Pid>, bool)>, usize) {
        (self.found.clone(), self.inherited)
    }
}

/// T.9, T.10, OTP 1.8: in every schedule, who hears DOWN finds the table with its heir, or not at
/// all.
#[actor_test(schedules = 1000)]
async fn who_hears_down_finds_no_table_of_the_dead(t: TestKit) -> TestResult {
    let (witness, owner) = (t.start(Witness::default()).await?, puppet(&t).await?);
    witness.watch(owner.clone()).await?;
    let with_heir = t.choose(&[true, false]);
    let heir = witness.clone();
    owner.later(Box::new(move |cx: &mut Context<Puppet>| {
        let options = Words::set().name("t");
        let options = match with_heir {
            true => options.heir(&heir, |transfer| WitnessMessage::Inherit { transfer }),
            false => options,
        };
        options.create(cx).expect("free");
    }))?;
    if t.choose(&[true, false]) {
        t.settle().await;
    }
    let made = handle(&t).table::<Words>("t")?.is_some();
    t.kill(&owner);
    t.settle().await;
    let (found, inherited) = witness.found().await?;
    let expected = (with_heir && made).then(|| witness.as_address().pid()).flatten();
    // The table may have been made after we looked, and before the kill: then an heir has it too.
    assert!(found.len() == 1 && (found[0].0 == expected || with_heir && !made), "{found:?}");
    assert_eq!(found[0].1, found[0].0.is_some());
    assert_eq!(inherited, usize::from(found[0].1));
    Ok(())
}

async fn puppet(t: &TestKit) -> Result<PuppetRef, actor_testkit::TestError> {
    Ok(t.start(crate::kit::made(false).0).await?)
}

fn handle(t: &TestKit) -> RuntimeHandle {
    t.handle()
}

/// A thousand entries are selected in one order by the same schedule: the testkit runs the first
/// one twice, and fails if they differ.
#[actor_test(schedules = 20)]
async fn a_select_repeats_under_simulation(t: TestKit) -> TestResult {
    let owner = puppet(&t).await?;
    owner
        .act(Box::new(|cx: &mut Context<Puppet>| {
            let table = Table::<u32, u32>::set().create(cx).expect("room");
            for key in 0..1000 {
                table.insert(key, key).expect("room");
            }
            let order = table.select(|key, _| Some(*key)).expect("it is there");
            // What comes first decides how often the process draws: a difference shows.
            (0..order[0] % 7).for_each(|_| _ = cx.random());
        }))
        .await?;
    Ok(())
}

/// Tables of a process that is stuck go with its kill, and its code gets nothing more.
#[test]
fn what_a_stuck_process_asks_after_its_kill_is_refused() {
    on(2, |rt| {
        let owner = plain(rt);
        let table = words(&owner, TableAccess::Protected);
        let mine = table.clone();
        let (tell, told) = std::sync::mpsc::channel();
        let go = owner.busy(move |cx| {
            let made = Words::set().create(cx).map(drop);
            let _ = tell.send((mine.insert("a", 1), made));
        });
        owner.kill();
        owner.closed().blocking();
        assert_eq!(table.size(), Err(TableError::Gone));
        drop(go);
        let refused = (Err(TableError::Gone), Err(TableError::NoProc));
        assert_eq!(told.recv().expect("it goes on"), refused);
        let _ = up(rt, Witness::default());
    });
}
