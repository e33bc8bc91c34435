//! Many processes started in one go: all of them, or none.

use std::panic::{AssertUnwindSafe, catch_unwind};

use actor_core::{Context, Process, Runtime, StartError, SystemLimit, handlers, spawn_many};

use crate::kit::{bounded, on, plain, until, up};

/// Knows its number.
#[derive(Process)]
struct Numbered(usize);

#[handlers]
impl Numbered {
    #[call]
    fn number(&self) -> usize {
        self.0
    }
    /// Starts others.
    #[call]
    fn breed(&mut self, cx: &mut Context<Self>, count: usize) -> Vec<NumberedRef> {
        cx.spawn_many((0..count).map(Self)).expect("room")
    }
}

#[test]
fn all_of_them_are_there_in_order_wherever_they_were_started() {
    on(2, |rt| {
        let from_outside = rt.spawn_many((0..10_000).map(Numbered)).expect("room");
        let from_inside = up(rt, Numbered(0)).breed(10_000).blocking().expect("it lives");
        let _entered = rt.enter();
        let entered = spawn_many((0..10_000).map(Numbered)).expect("room");
        for all in [from_outside, from_inside, entered] {
            assert_eq!(all.len(), 10_000);
            for number in [0, 1, 4_999, 9_999] {
                assert_eq!(all[number].number().blocking(), Ok(number));
            }
        }
        assert_eq!(rt.process_count(), 30_001);
    });
}

#[test]
fn there_is_room_for_all_or_none_is_started() {
    bounded(|| {
        let rt = Runtime::builder().workers(1).processes(10).build().expect("threads");
        let full = StartError::SystemLimit(SystemLimit::Processes(10));
        // Known before the first.
        assert_eq!(rt.spawn_many((0..11).map(Numbered)).unwrap_err(), full);
        assert_eq!(rt.process_count(), 0);
        // Found at the eleventh.
        let unknown = (0..100).filter(|_| true).map(Numbered);
        assert_eq!(rt.spawn_many(unknown).unwrap_err(), full);
        until("those before it have ended", || rt.process_count() == 0);
        assert_eq!(rt.spawn_many((0..10).map(Numbered)).expect("room").len(), 10);
        rt.shutdown().expect("everything ends");
    });
}

#[test]
fn a_panic_of_what_is_to_be_started_leaves_none() {
    on(1, |rt| {
        let other = plain(rt);
        let caught = catch_unwind(AssertUnwindSafe(|| {
            rt.spawn_many((0..10).map(|number| {
                assert!(number < 5, "half way");
                Numbered(number)
            }))
        }));
        assert!(caught.is_err());
        until("only the other lives", || rt.process_count() == 1);
        other.sync();
        assert_eq!(spawn_many([Numbered(0)]).unwrap_err(), StartError::NoRuntime);
    });
}
