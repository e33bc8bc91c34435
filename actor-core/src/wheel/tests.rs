//! The wheel against a sorted map, and the cases that a random run would rarely meet.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const MS: u64 = TICK;
const YEAR: u64 = 365 * 24 * 3600 * 1000 * MS;

fn fired(wheel: &mut Wheel<u32>, now: u64) -> Vec<(u64, u32)> {
    let mut fired = Vec::new();
    wheel.advance(now, &mut fired);
    fired
}

#[test]
fn a_timer_fires_at_its_nanosecond_and_not_before() {
    let mut wheel = Wheel::new(0);
    wheel.insert(5 * MS + 7, 1);
    assert_eq!(wheel.next_deadline(), Some(5 * MS + 7));
    assert_eq!(fired(&mut wheel, 5 * MS + 6), []);
    assert_eq!(wheel.next_deadline(), Some(5 * MS + 7));
    assert_eq!(fired(&mut wheel, 5 * MS + 7), [(5 * MS + 7, 1)]);
    assert_eq!(wheel.next_deadline(), None);
    assert!(wheel.len() == 0);
}

#[test]
fn timers_fire_by_deadline_and_then_in_the_order_they_were_set() {
    let mut wheel = Wheel::new(0);
    // The same deadline from three distances, so that they meet from three levels.
    let deadline = 70_000 * MS;
    wheel.insert(deadline, 1);
    assert_eq!(fired(&mut wheel, 69_000 * MS), []);
    wheel.insert(deadline, 2);
    wheel.insert(deadline - 1, 3);
    assert_eq!(fired(&mut wheel, 69_999 * MS), []);
    wheel.insert(deadline, 4);
    wheel.insert(deadline + 1, 5);
    wheel.insert(deadline, 6);
    let expected = [(deadline - 1, 3), (deadline, 1), (deadline, 2), (deadline, 4), (deadline, 6)];
    assert_eq!(fired(&mut wheel, deadline), expected);
    assert_eq!(wheel.len(), 1);
}

#[test]
fn a_deadline_in_the_past_fires_at_once() {
    let mut wheel = Wheel::new(9 * YEAR);
    wheel.insert(9 * YEAR, 1);
    wheel.insert(3, 2);
    assert_eq!(wheel.next_deadline(), Some(3));
    assert_eq!(fired(&mut wheel, 9 * YEAR), [(3, 2), (9 * YEAR, 1)]);
}

#[test]
fn time_that_goes_back_fires_what_is_due_and_turns_nothing_back() {
    let mut wheel = Wheel::new(0);
    assert_eq!(fired(&mut wheel, 100 * MS), []);
    wheel.insert(50 * MS, 1);
    wheel.insert(60 * MS, 2);
    assert_eq!(fired(&mut wheel, 55 * MS), [(50 * MS, 1)]);
    assert_eq!(fired(&mut wheel, 100 * MS), [(60 * MS, 2)]);
}

#[test]
fn the_last_nanosecond_of_time_is_a_deadline_like_any_other() {
    let mut wheel = Wheel::new(0);
    wheel.insert(u64::MAX, 1);
    wheel.insert(500 * YEAR, 2);
    assert_eq!(fired(&mut wheel, 499 * YEAR), []);
    assert_eq!(fired(&mut wheel, u64::MAX - 1), [(500 * YEAR, 2)]);
    assert_eq!(fired(&mut wheel, u64::MAX), [(u64::MAX, 1)]);
    wheel.insert(u64::MAX, 3);
    assert_eq!(fired(&mut wheel, u64::MAX), [(u64::MAX, 3)]);
}

#[test]
fn a_cancelled_timer_never_fires_and_its_key_names_nothing_again() {
    let mut wheel = Wheel::new(0);
    let key = wheel.insert(5 * MS, 1);
    assert_eq!(wheel.cancel(key), Some(1));
    assert_eq!(wheel.cancel(key), None);
    let next = wheel.insert(6 * MS, 2);
    assert_eq!(next.index, key.index);
    assert_eq!(wheel.cancel(key), None);
    assert_eq!(fired(&mut wheel, YEAR), [(6 * MS, 2)]);
    assert_eq!(wheel.cancel(next), None);
    assert_eq!(wheel.chunks.len(), 1);
    assert_eq!(wheel.chunks[0].len(), 1);
}

#[test]
fn memory_for_many_is_given_back_and_old_keys_name_nothing_in_what_comes_after() {
    let mut wheel = Wheel::new(0);
    let many = (CHUNKS_KEPT + 1) * CHUNK;
    let keys: Vec<_> = (0..many).map(|n| wheel.insert(n as u64 * MS, 0)).collect();
    assert_eq!((wheel.len(), wheel.chunks.len()), (many, CHUNKS_KEPT + 1));
    assert_eq!(fired(&mut wheel, YEAR).len(), many);
    assert_eq!(wheel.chunks.len(), 0);
    let kept: usize = wheel.slots.iter().map(|slot| slot.items.capacity()).sum();
    assert!(kept <= wheel.slots.len() * ITEMS_KEPT);
    for _ in 0..many {
        wheel.insert(2 * YEAR, 1);
    }
    assert!(keys.iter().all(|key| wheel.cancel(*key).is_none()));
    assert_eq!(wheel.len(), many);
}

#[test]
fn what_is_at_a_place_is_cancelled_only_if_it_is_wanted() {
    let mut wheel = Wheel::new(0);
    let place = wheel.insert(5 * MS, 1).index;
    assert_eq!((wheel.at(place), wheel.at(place + 1)), (Some(&1), None));
    assert_eq!(wheel.cancel_at(place, |value| *value == 2), None);
    assert_eq!(wheel.cancel_at(place, |value| *value == 1), Some(1));
    assert_eq!(wheel.at(place), None);
    assert_eq!(wheel.cancel_at(place, |_| true), None);
}

#[test]
fn an_armed_timer_takes_its_value_and_twentyeight_bytes_rounded_up() {
    assert_eq!(size_of::<Entry<[Box<u8>; 4]>>(), 32 + 16);
    assert_eq!(size_of::<Item>(), 16);
}

#[test]
fn an_optional_key_is_one_word() {
    assert_eq!(size_of::<Option<TimerKey>>(), 8);
}

#[derive(Debug, Clone)]
enum Step {
    Insert(u64),
    Again,
    Cancel(prop::sample::Index),
    Advance(u64),
    ToNext,
}

fn distance() -> impl Strategy<Value = u64> {
    prop_oneof![
        Just(0),
        0..3_u64,
        0..3 * MS,
        0..200 * MS,
        0..10_000 * MS,
        0..YEAR,
        Just(64 * MS),
        Just(4096 * MS),
        any::<u64>(),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => distance().prop_map(Step::Insert),
        2 => Just(Step::Again),
        3 => any::<prop::sample::Index>().prop_map(Step::Cancel),
        2 => distance().prop_map(Step::Advance),
        3 => Just(Step::ToNext),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: if cfg!(miri) { 4 } else { 128 },
        ..ProptestConfig::default()
    })]

    /// The map holds (deadline, number of the insert): what is due is its front, in its order.
    #[test]
    fn the_wheel_does_as_a_sorted_map_does(
        start in distance(),
        steps in prop::collection::vec(step(), 1..200),
    ) {
        let mut now = start;
        let mut wheel = Wheel::new(now);
        let mut model = BTreeMap::new();
        let mut keys = Vec::new();
        let mut last = now;
        let mut cancelled = false;
        for step in steps {
            let until = match step {
                Step::Insert(away) => {
                    last = now.saturating_add(away);
                    None
                }
                Step::Again => None,
                Step::Cancel(which) => {
                    if !keys.is_empty() {
                        let (key, id): (TimerKey, (u64, u32)) = *which.get(&keys);
                        let known = model.remove(&id).map(|_| id.1);
                        cancelled |= known.is_some();
                        prop_assert_eq!(wheel.cancel(key), known);
                    }
                    continue;
                }
                Step::Advance(by) => Some(now.saturating_add(by)),
                Step::ToNext => Some(wheel.next_deadline().unwrap_or(now).max(now)),
            };
            if let Some(until) = until {
                now = until;
                let later = match until.checked_add(1) {
                    Some(first) => model.split_off(&(first, 0)),
                    None => BTreeMap::new(),
                };
                let due: Vec<_> = std::mem::replace(&mut model, later).into_keys().collect();
                prop_assert_eq!(fired(&mut wheel, now), due);
                let next = wheel.next_deadline();
                prop_assert!(next.is_none_or(|next| next > now), "no way forward: {:?}", next);
            } else {
                let number = keys.len() as u32;
                keys.push((wheel.insert(last, number), (last, number)));
                model.insert((last, number), ());
            }
            prop_assert_eq!(wheel.len(), model.len());
            let first = model.keys().next().map(|&(deadline, _)| deadline);
            let bound = wheel.next_deadline();
            prop_assert_eq!(bound.is_some(), first.is_some());
            prop_assert!(bound <= first);
            prop_assert!(cancelled || bound == first, "{:?} is not {:?}", bound, first);
        }
        let rest: Vec<_> = model.into_keys().collect();
        prop_assert_eq!(fired(&mut wheel, u64::MAX), rest);
        prop_assert!(wheel.len() == 0);
    }
}
