//! Tests of the registry as a map.

use std::{
    collections::BTreeMap,
    ptr::NonNull,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use super::*;
use proptest::prelude::*;

fn holder(number: u32) -> Holder {
    Holder { pid: Pid::local(number, 1), cell: NonNull::dangling() }
}

#[test]
fn a_name_has_one_owner_and_only_it_can_give_it_up() {
    let (a, b) = (holder(1), holder(2));
    let registry = Registry::new();
    assert_eq!(registry.register("x".into(), a), Ok(()));
    assert_eq!(registry.register("x".into(), b), Err(a.pid));
    registry.unregister("x", b.pid);
    assert_eq!(registry.whereis("x"), Some(a));
    registry.unregister("x", a.pid);
    assert_eq!(registry.register("x".into(), b), Ok(()));
    assert_eq!(registry.names(), ["x".into()] as [Arc<str>; 1]);
}

/// Names that are short, as long as can lie in words, and longer.
fn name(number: u8) -> Arc<str> {
    let room = [1, 7, 8, 39, 40, 80][number as usize % 6];
    format!("{number:0>room$}").into()
}

#[test]
fn a_name_is_not_another_that_ends_in_zeros() {
    let (a, registry) = (holder(1), Registry::new());
    registry.register("a".into(), a).expect("it is free");
    for other in ["", "a\0", "a\0\0\0\0\0\0\0", &"a".repeat(39), &"a".repeat(40)] {
        assert_eq!(registry.whereis(other), None, "{other:?}");
    }
}

proptest! {
    #[test]
    fn it_does_as_a_map_does(steps in prop::collection::vec((0..3_u8, any::<u8>()), 0..1500)) {
        let (registry, mut model) = (Registry::new(), BTreeMap::new());
        for (turn, (step, number)) in steps.into_iter().enumerate() {
            let (name, by) = (name(number), holder(turn as u32 % 4));
            match step {
                0 | 1 => {
                    let taken = model.get(&name).map(|owner: &Holder| owner.pid);
                    prop_assert_eq!(registry.register(name.clone(), by).err(), taken);
                    model.entry(name).or_insert(by);
                }
                _ => {
                    registry.unregister(&name, by.pid);
                    if model.get(&name) == Some(&by) {
                        model.remove(&name);
                    }
                }
            }
        }
        prop_assert!(registry.names().iter().eq(model.keys()));
        for number in 0..=u8::MAX {
            let name = name(number);
            prop_assert_eq!(registry.whereis(&name), model.get(&name).copied());
        }
    }
}

#[test]
fn names_that_stay_are_found_while_others_come_and_go() {
    let (registry, done) = (Registry::new(), AtomicBool::new(false));
    let stay = |i: u32| format!("stay-{i}");
    for i in 0..256 {
        registry.register(stay(i).into(), holder(i + 1)).expect("it is free");
    }
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..if cfg!(miri) { 1 } else { 50 } {
                let names: Vec<Arc<str>> =
                    (0..1000).map(|i| format!("go-{round}-{i}").into()).collect();
                let by = holder(9999);
                names.iter().for_each(|name| _ = registry.register(name.clone(), by));
                names.iter().for_each(|name| registry.unregister(name, by.pid));
            }
            done.store(true, Ordering::Release);
        });
        while !done.load(Ordering::Acquire) {
            for i in 0..256 {
                assert_eq!(registry.whereis(&stay(i)), Some(holder(i + 1)));
            }
        }
    });
    assert_eq!(registry.names().len(), 256);
}
