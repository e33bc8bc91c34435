//! Machines with type parameters: their data, their states, and what they are told.

use std::fmt::Debug;
use std::time::Duration;

use actor_core::prelude::*;
use actor_testkit::{TestKit, TestResult, actor_test};

use crate::kit::on;

/// A place for one thing; who puts another waits until it has been taken.
#[derive(StateMachine)]
struct Place<T, const N: usize> {
    taken: Vec<T>,
    keeps: Duration,
}

struct Empty;
struct Full<T> {
    thing: T,
    looks: usize,
}

#[machine(initial = Empty)]
impl<T: Clone + PartialEq + Debug + Send + 'static, const N: usize> Place<T, N> {
    #[call(in = Empty, postpone = Full)]
    fn put(&mut self, thing: T, cx: &mut StateContext<Self>) -> To<Full<T>, usize> {
        cx.start_timer(self.keeps, PlaceTimeout::Spoilt);
        To::state(Full { thing, looks: 0 }).reply(self.taken.len())
    }

    #[call(postpone = Empty)]
    fn look(&mut self, full: &mut Full<T>, cx: &mut StateContext<Self>) -> T {
        full.looks += 1;
        if full.looks == N {
            cx.next_event(PlaceEvent::LookedAt { thing: full.thing.clone() });
        }
        full.thing.clone()
    }

    /// At the `N`th look it is taken.
    #[internal(in = Full, ignore = Empty)]
    async fn looked_at(&mut self, thing: T) -> To<Empty> {
        self.taken.push(thing);
        To::state(Empty)
    }

    #[timeout(state, in = Full)]
    fn spoilt(&mut self, state: &mut PlaceState<T>) -> To<Empty> {
        assert!(matches!(state, PlaceState::Full(_)));
        To::state(Empty)
    }

    #[call]
    fn taken(&mut self) -> Vec<T> {
        self.taken.clone()
    }
}

fn place<T, const N: usize>(keeps: Duration) -> Place<T, N> {
    Place { taken: Vec::new(), keeps }
}

/// Data and states carry what the machine's parameters say, and each of their values is a
/// machine of its own.
#[test]
fn a_machine_with_parameters_is_one_for_each_of_their_values() {
    on(2, |rt| {
        let hour = Duration::from_secs(3_600);
        let words: PlaceRef<String, 2> =
            rt.block_on(place(hour).with().name("words").start()).expect("it starts");
        let numbers = rt.spawn(place::<u8, 1>(hour)).expect("room");
        assert_eq!(numbers.put(7).blocking(), Ok(0));
        assert_eq!((numbers.look().blocking(), numbers.taken().blocking()), (Ok(7), Ok(vec![7])));
        assert_eq!(words.put("one".into()).blocking(), Ok(0));
        assert_eq!(
            (words.look().blocking(), words.taken().blocking()),
            (Ok("one".into()), Ok(vec![]))
        );
        let _entered = rt.enter();
        let found = PlaceRef::<String, 2>::whereis("words").expect("it is one");
        assert_eq!(found.and_then(|found| found.pid()), words.pid());
        assert!(PlaceRef::<String, 1>::whereis("words").is_err());
        assert!(Place::<u8, 1>::mermaid().contains("Full --> Empty: looked_at"));
    });
}

/// OTP 11.2, 11.6: what is postponed waits for a change of state, whatever the state holds; and a
/// state time-out ends with its state.
#[actor_test(schedules = 1000)]
async fn events_of_a_machine_with_parameters_wait_as_all_others(t: TestKit) -> TestResult {
    let place = t.start(place::<u64, 1>(Duration::from_millis(5))).await?;
    let (looked, put) = (place.look().request(), place.put(1).request());
    let again = place.put(2).request();
    assert_eq!((looked.await?, put.await?), (1, 0));
    // The first was taken by the look, so the second is there, with a time-out of its own.
    assert_eq!(again.await?, 1);
    if t.choose(&[true, false]) {
        assert_eq!(place.look().await?, 2);
        assert_eq!(place.taken().await?, [1, 2]);
    } else {
        t.advance(Duration::from_millis(5)).await;
        assert_eq!(place.put(3).await?, 1);
        assert_eq!(place.look().await?, 3);
    }
    Ok(())
}
