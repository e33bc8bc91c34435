//! Models of the table: each states the invariant that every interleaving must keep.

use super::*;
use crate::sync::{Arc, Fences, UnsafeCell, explore, thread};

type Small = Slots<0, 25>;

fn model(test: impl Fn() + Send + Sync + 'static) {
    explore(3, test);
}

/// No thread keeps anything for itself.
fn alone() -> Crew {
    Crew::new(0, Fences::Equal)
}

fn cell(number: usize) -> NonNull<()> {
    NonNull::new(ptr::without_provenance_mut(number * 64)).expect("numbers start at one")
}

/// Two threads that reserve and release never hold equal keys, and a key never comes twice: not
/// even when a pop is overtaken by the whole life of the slot it looked at.
#[test]
fn no_key_is_held_twice() {
    model(|| {
        let table = Arc::new(Small::new(3, &alone()));
        // Two slots on the free stack.
        let first = [table.reserve(), table.reserve()].map(|key| key.expect("room"));
        first.into_iter().for_each(|key| table.release(key));
        let round = |table: &Small| {
            let one = table.reserve().expect("room");
            table.release(one);
            let two = table.reserve().expect("room");
            [one, two]
        };
        let other = table.clone();
        let there = thread::spawn(move || round(&other));
        let here = round(&table);
        let there = there.join().expect("the thread ends");
        let mut all = [first, here, there].concat();
        all.sort_unstable_by_key(|key| (key.index(), key.generation()));
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count, "a key came twice: {all:?}");
        assert_eq!(table.len(), 2);
    });
}

/// Who counts a key no more finds the room that it has left.
#[test]
fn what_is_counted_no_more_has_left_its_room() {
    model(|| {
        let table = Arc::new(Small::new(1, &alone()));
        let key = table.reserve().expect("room");
        table.publish(key, cell(1));
        let other = table.clone();
        let ends = thread::spawn(move || other.release(key));
        if table.len() == 0 {
            assert!(table.reserve().is_some());
        }
        ends.join().expect("the thread ends");
    });
}

/// Who finds a cell sees it as it was made, whether the slot is fresh or used again; after a
/// release that it has seen, nobody finds it.
#[test]
fn a_lookup_sees_the_cell_made() {
    struct Cell(UnsafeCell<u32>);
    // SAFETY: written before its publication alone, which the model checks.
    unsafe impl Sync for Cell {}
    // SAFETY: as above.
    unsafe impl Send for Cell {}

    model(|| {
        let table = Arc::new(Small::new(1, &alone()));
        let made = Arc::new(Cell(UnsafeCell::new(0)));
        let (shared, content) = (table.clone(), made.clone());
        let maker = thread::spawn(move || {
            let spent = shared.reserve().expect("room");
            shared.publish(spent, cell(1));
            shared.release(spent);
            let key = shared.reserve().expect("room");
            assert_eq!(key, Key::new(0, 2));
            // SAFETY: nobody finds cell 2 before it is published.
            content.0.with_mut(|content| unsafe { *content = 7 });
            shared.publish(key, cell(2));
        });
        if table.lookup(0) == Some(cell(2)) {
            // SAFETY: published, and not written any more.
            made.0.with(|content| assert_eq!(unsafe { *content }, 7));
        }
        maker.join().expect("the maker ends");
        assert_eq!(table.lookup(0), Some(cell(2)));
        table.release(Key::new(0, 2));
        assert_eq!(table.lookup(0), None);
    });
}

/// Two threads that need the same segment make it once, and both use the one that stays.
#[test]
fn a_segment_is_made_once() {
    model(|| {
        let table = Arc::new(Small::new(2, &alone()));
        let other = table.clone();
        let take = |table: &Small, number| {
            let key = table.reserve().expect("room");
            table.publish(key, cell(number));
            key
        };
        let there = thread::spawn(move || take(&other, 1));
        let here = take(&table, 2);
        let there = there.join().expect("the thread ends");
        assert_ne!(here.index(), there.index());
        assert_eq!(table.lookup(there.index()), Some(cell(1)));
        assert_eq!(table.lookup(here.index()), Some(cell(2)));
        assert_eq!(table.reserve(), None);
    });
}

/// A release against a reserve at the limit: the reserve gets the released slot with its next
/// generation, or nothing.
#[test]
fn a_release_against_a_reserve_at_the_limit() {
    model(|| {
        let table = Arc::new(Small::new(1, &alone()));
        let key = table.reserve().expect("room");
        let other = table.clone();
        let there = thread::spawn(move || other.reserve());
        table.release(key);
        let got = there.join().expect("the thread ends");
        assert!(got.is_none() || got == Some(Key::new(0, 2)));
        assert_eq!(table.reserve().is_none(), got.is_some());
    });
}

/// Two threads that take and give back several slots at once never hold equal keys.
#[test]
fn no_key_of_a_batch_is_held_twice() {
    model(|| {
        let table = Arc::new(Small::new(3, &alone()));
        let fresh = table.bump(3);
        table.push(&fresh);
        let round = |table: &Small| {
            let held = table.pop(2);
            let next = |key: &Key| Key::new(key.index(), key.generation() + 1);
            table.push(&held.iter().map(next).collect::<Vec<_>>());
            held
        };
        let other = table.clone();
        let there = thread::spawn(move || round(&other));
        let here = round(&table);
        let there = there.join().expect("the thread ends");
        let left = table.pop(4);
        assert_eq!(left.len(), 3, "a slot is lost");
        let mut all = [here, there, left].concat();
        all.sort_unstable_by_key(|key| (key.index(), key.generation()));
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count, "a key came twice: {all:?}");
    });
}

/// Whoever counts none, while one key leads to the next (who has one reserves another, and releases
/// the first), has not looked between the two: somebody has one all the time.
#[test]
fn a_key_that_is_handed_on_is_counted_all_the_time() {
    model(|| {
        let table = Arc::new(Small::new(2, &alone()));
        let first = table.reserve().expect("room");
        let other = table.clone();
        let hands_on = thread::spawn(move || {
            let next = other.reserve().expect("room");
            other.release(first);
            next
        });
        assert_ne!(table.len(), 0);
        hands_on.join().expect("the thread ends");
    });
}

/// Sizes that `loom` cannot reach.
#[cfg(shuttle)]
mod large {
    use super::*;

    /// Many threads that reserve and release slots: no key comes twice, and none is lost.
    #[test]
    fn no_key_of_many_threads_is_held_twice() {
        model(|| {
            let table = Arc::new(Small::new(12, &alone()));
            let threads = [0; 4].map(|_| {
                let table = table.clone();
                thread::spawn(move || {
                    let mut keys = Vec::new();
                    for _ in 0..5 {
                        let held = [table.reserve(), table.reserve()];
                        for key in held.into_iter().flatten() {
                            keys.push((key.index(), key.generation()));
                            table.release(key);
                        }
                    }
                    keys
                })
            });
            let mut all = Vec::new();
            for thread in threads {
                all.extend(thread.join().expect("the thread ends"));
            }
            let count = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!((all.len(), table.len()), (count, 0), "a key came twice, or is left");
            let rest = (0..12).filter_map(|_| table.reserve());
            assert_eq!(rest.count(), 12, "a slot is lost");
        });
    }
}
