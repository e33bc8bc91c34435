//! Models of the slot. The results are boxes with a count, so that one that is lost or dropped
//! twice is seen.

use std::{
    sync::atomic::{AtomicUsize, Ordering as Plain},
    task::{RawWaker, RawWakerVTable},
};

use super::*;
use crate::sync::{Arc as Shared, explore_all, thread};

/// Counts its drops.
struct Counted(std::sync::Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Plain::SeqCst);
    }
}

/// A waker that counts wakes and says nothing else.
fn waker(wakes: &'static AtomicUsize) -> Waker {
    const fn same(data: *const ()) -> RawWaker {
        RawWaker::new(data, &TABLE)
    }
    unsafe fn wake(data: *const ()) {
        // SAFETY: the data is a static counter.
        unsafe { &*data.cast::<AtomicUsize>() }.fetch_add(1, Plain::SeqCst);
    }
    static TABLE: RawWakerVTable = RawWakerVTable::new(|data| same(data), wake, wake, |_| {});
    // SAFETY: the functions keep a waker's contract; nothing is owned.
    unsafe { Waker::from_raw(same(std::ptr::from_ref(wakes).cast())) }
}

fn counter() -> &'static AtomicUsize {
    Box::leak(Box::new(AtomicUsize::new(0)))
}

/// A caller that was told to wait is woken, and then finds the answer.
#[test]
fn who_waits_is_woken_and_finds_the_answer() {
    explore_all(|| {
        let slot = Shared::new(Oneshot::<Counted>::empty());
        let (dropped, wakes) = (std::sync::Arc::new(AtomicUsize::new(0)), counter());
        let (other, content) = (Shared::clone(&slot), Counted(dropped.clone()));
        let answers = thread::spawn(move || other.complete(content));
        let first = slot.poll(&waker(wakes));
        let waits = first.is_pending();
        drop(first);
        answers.join().expect("it answers");
        if waits {
            assert_eq!(wakes.load(Plain::SeqCst), 1, "a wake was lost");
            assert!(matches!(slot.poll(&waker(wakes)), Poll::Ready(Some(_))));
        }
        assert_eq!(dropped.load(Plain::SeqCst), 1);
    });
}

/// A caller that changes its waker is woken by the new one, or finds the answer.
#[test]
fn a_changed_waker_loses_no_wake() {
    explore_all(|| {
        let slot = Shared::new(Oneshot::<u32>::empty());
        let (old, new) = (counter(), counter());
        assert!(slot.poll(&waker(old)).is_pending());
        let other = Shared::clone(&slot);
        let answers = thread::spawn(move || other.complete(7));
        let waits = slot.poll(&waker(new)).is_pending();
        answers.join().expect("it answers");
        if waits {
            assert_eq!(new.load(Plain::SeqCst), 1);
            assert!(matches!(slot.poll(&waker(new)), Poll::Ready(Some(7))));
        }
    });
}

/// Of two answers one is heard; the other is dropped, and so is one that nobody waits for.
#[test]
fn one_answer_is_heard_and_all_are_dropped_once() {
    explore_all(|| {
        let slot = Shared::new(Oneshot::<Counted>::empty());
        let dropped = std::sync::Arc::new(AtomicUsize::new(0));
        assert!(slot.poll(&waker(counter())).is_pending());
        let (other, content) = (Shared::clone(&slot), Counted(dropped.clone()));
        let answers = thread::spawn(move || other.complete(content));
        let (other, content) = (Shared::clone(&slot), Counted(dropped.clone()));
        let answers_too = thread::spawn(move || other.complete(content));
        slot.abandon();
        answers.join().expect("it answers");
        answers_too.join().expect("it answers");
        drop(slot);
        assert_eq!(dropped.load(Plain::SeqCst), 2);
    });
}

/// A deadline that was armed is disarmed by the caller or by who armed it, whatever they do at
/// once; and one that a call still waits for is not.
#[test]
fn an_armed_deadline_is_disarmed_when_the_call_is_over() {
    explore_all(|| {
        let slot = Shared::new(Oneshot::<u32>::empty());
        let other = Shared::clone(&slot);
        let arms = thread::spawn(move || !other.arm([1, 2, 3]));
        let other = Shared::clone(&slot);
        let answers = thread::spawn(move || other.complete(7));
        let _ = slot.poll(&waker(counter()));
        let ticket = slot.abandon();
        let by_armer = arms.join().expect("it arms");
        answers.join().expect("it answers");
        assert!(ticket.is_none_or(|ticket| ticket == [1, 2, 3]));
        assert!(by_armer || ticket.is_some(), "the deadline is left armed");
    });
}

/// Of many answers one is heard, and all are dropped once: a size that `loom` cannot reach.
#[cfg(shuttle)]
#[test]
fn one_of_many_answers_is_heard() {
    explore_all(|| {
        let slot = Shared::new(Oneshot::<Counted>::empty());
        let (dropped, wakes) = (std::sync::Arc::new(AtomicUsize::new(0)), counter());
        let answers = [0; 5].map(|_| {
            let (slot, content) = (Shared::clone(&slot), Counted(dropped.clone()));
            thread::spawn(move || slot.complete(content))
        });
        let first = slot.poll(&waker(wakes));
        let waits = first.is_pending();
        drop(first);
        answers.into_iter().for_each(|thread| thread.join().expect("it answers"));
        if waits {
            assert_eq!(wakes.load(Plain::SeqCst), 1, "a wake was lost");
            assert!(matches!(slot.poll(&waker(wakes)), Poll::Ready(Some(_))));
        }
        assert_eq!(dropped.load(Plain::SeqCst), 5);
    });
}
