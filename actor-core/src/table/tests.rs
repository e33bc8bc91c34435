//! The table on one thread, and one race on real ones.

use super::*;
use std::collections::HashSet;
use std::thread;

use crate::sync::{Fences, leave_crew};

/// No thread keeps anything for itself.
fn alone() -> Crew {
    Crew::new(0, Fences::Equal)
}

fn cell(number: usize) -> NonNull<()> {
    NonNull::new(ptr::without_provenance_mut(number * 64)).expect("numbers start at one")
}

#[test]
fn indices_fill_segments_without_gap_or_overlap() {
    let mut expected = (0, 0);
    for index in 0..10_000 {
        let place = Slots::<2, 25>::place(index);
        assert_eq!(place, expected, "index {index}");
        expected.1 += 1;
        if expected.1 == Slots::<2, 25>::segment_len(expected.0) {
            expected = (expected.0 + 1, 0);
        }
    }
    let (number, offset) = Table::place(MAX_SLOTS - 1);
    assert!(number < SEGMENTS && offset < Table::segment_len(number));
}

#[test]
fn a_key_is_found_from_its_publication_to_its_release() {
    let table = Table::new(10, &alone());
    assert_eq!(table.lookup(0), None);
    let key = table.reserve().expect("room");
    assert_eq!(key, Key::new(0, 1));
    assert_eq!(table.lookup(key.index()), None);
    table.publish(key, cell(7));
    assert_eq!(table.lookup(key.index()), Some(cell(7)));
    assert_eq!(table.len(), 1);
    table.release(key);
    assert_eq!(table.lookup(key.index()), None);
    assert_eq!(table.len(), 0);
    assert_eq!(table.reserve(), Some(Key::new(0, 2)));
}

#[test]
fn an_index_that_no_segment_holds_names_nothing() {
    let table = Table::new(10, &alone());
    assert_eq!(table.lookup(MAX_SLOTS - 1), None);
    assert_eq!(table.lookup(MAX_SLOTS), None);
    assert_eq!(table.lookup(u32::MAX), None);
}

#[test]
fn the_limit_is_on_live_keys() {
    let table = Slots::<1, 25>::new(5, &alone());
    let keys: Vec<Key> = std::iter::from_fn(|| table.reserve()).collect();
    assert_eq!(keys.len(), 5);
    table.release(keys[3]);
    assert_eq!(table.reserve(), Some(Key::new(3, 2)));
    assert_eq!(table.reserve(), None);
    assert_eq!(Table::new(0, &alone()).reserve(), None);
}

#[test]
fn no_key_comes_twice_and_a_spent_index_is_replaced_by_a_fresh_one() {
    // Generations 1, 2 and 3, and room for two: every third release retires an index.
    let table = Slots::<1, 2>::new(2, &alone());
    let mut seen = HashSet::new();
    for _ in 0..50 {
        let pair = [table.reserve().expect("room"), table.reserve().expect("room")];
        assert_eq!(table.reserve(), None, "two live keys at most");
        for key in pair {
            assert!(seen.insert(key), "{key:?} came twice");
            assert!((1..=3).contains(&key.generation()));
            table.publish(key, cell(1));
            table.release(key);
        }
    }
    assert_eq!(table.len(), 0);
    // A hundred keys at three an index.
    assert_eq!(seen.iter().map(|key| key.index()).max(), Some(33));
}

#[test]
fn a_retired_slot_names_nothing() {
    let table = Slots::<1, 1>::new(1, &alone());
    let key = table.reserve().expect("room");
    table.publish(key, cell(1));
    table.release(key);
    assert_eq!(table.lookup(key.index()), None);
    assert_eq!(table.reserve(), Some(Key::new(1, 1)));
}

#[test]
fn every_published_cell_is_visited_once() {
    let table = Slots::<0, 25>::new(100, &alone());
    let keys: Vec<Key> = std::iter::from_fn(|| table.reserve()).collect();
    for (number, &key) in keys.iter().enumerate().skip(10) {
        table.publish(key, cell(number));
    }
    for &key in &keys[90..] {
        table.release(key);
    }
    let mut seen = Vec::new();
    table.for_each(|_, found| seen.push(found));
    assert_eq!(seen, (10..90).map(cell).collect::<Vec<_>>());
}

#[test]
fn racing_threads_never_hold_the_same_key() {
    let rounds = if cfg!(miri) { 20 } else { 5_000 };
    let table = Slots::<1, 25>::new(6, &alone());
    let act = |thread: usize| {
        let mut mine = Vec::new();
        for _ in 0..rounds {
            // Three threads with two keys each: there is always room.
            let pair = [table.reserve().expect("room"), table.reserve().expect("room")];
            for key in pair {
                table.publish(key, cell(thread));
                assert_eq!(table.lookup(key.index()), Some(cell(thread)));
                table.release(key);
                mine.push(key);
            }
        }
        mine
    };
    let seen: Vec<Key> = thread::scope(|scope| {
        let threads = [1, 2, 3].map(|thread| scope.spawn(move || act(thread)));
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(table.len(), 0);
    assert_eq!(seen.len(), 3 * 2 * rounds);
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), seen.len(), "no key came twice");
}

#[test]
fn at_the_limit_keys_at_hand_elsewhere_are_found() {
    let limit = 2 * MANY as u32;
    let crew = Crew::new(1, Fences::Equal);
    let table = Table::new(limit, &crew);
    let mut keys: Vec<Key> = std::iter::from_fn(|| table.reserve()).collect();
    assert_eq!(keys.len(), limit as usize);
    let back: Vec<Key> = keys.drain(..keys::BATCH).collect();
    thread::scope(|scope| {
        scope.spawn(|| {
            crew.join();
            back.iter().for_each(|&key| table.release(key));
            leave_crew();
        });
    });
    assert_eq!(table.len(), keys.len());
    let again: HashSet<Key> = std::iter::from_fn(|| table.reserve()).collect();
    let expected = back.iter().map(|key| Key::new(key.index(), 2));
    assert_eq!(again, expected.collect());
    assert_eq!(table.len(), limit as usize);
}

#[test]
fn keys_at_hand_are_bounded_and_name_nothing() {
    let table = Table::new(MAX_SLOTS, &alone());
    let keys: Vec<Key> = (0..1000).map(|_| table.reserve().expect("room")).collect();
    for (number, &key) in (1..).zip(&keys) {
        table.publish(key, cell(number));
    }
    for &key in &keys {
        table.release(key);
        assert_eq!(table.lookup(key.index()), None);
        let kept = table.at_hand.with(|keys| keys.len());
        assert!(kept.is_some_and(|kept| kept < 2 * keys::BATCH));
    }
    assert_eq!(table.len(), 0);
}
