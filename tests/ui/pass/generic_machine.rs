use actor_core::{machine::StateMachine, prelude::*};
use std::{collections::BTreeSet, fmt::Display};

/// One place for one thing, which is shown to whoever asks.
#[derive(StateMachine)]
#[process(mailbox = 8)]
struct Place<K, V: Clone, const N: usize> {
    seen: BTreeSet<K>,
    label: V,
}

struct Empty;
struct Full<K> {
    key: K,
    left: usize,
}

#[machine(initial = Empty)]
impl<K, V: Clone + Display + Send + 'static, const N: usize> Place<K, V, N>
where
    K: Ord + Clone + Send + 'static,
{
    #[enter(Empty)]
    fn cleared(&mut self, old: Option<&PlaceState<K>>) {
        if let Some(PlaceState::Full(full)) = old {
            self.seen.insert(full.key.clone());
        }
    }
    #[call(in = Empty, postpone = Full)]
    fn put(&mut self, key: K) -> To<Full<K>, V> {
        To::state(Full { key, left: N }).reply(self.label.clone())
    }
    #[call(ignore = Empty)]
    fn key(&mut self, full: &mut Full<K>) -> K {
        full.key.clone()
    }
    #[cast]
    fn touch(&mut self, state: &mut PlaceState<K>, cx: &mut StateContext<Self>) {
        if let PlaceState::Full(Full { key, left }) = state {
            *left -= 1;
            if *left == 0 {
                cx.next_event(PlaceEvent::Drained { last: key.clone() });
            }
        }
        cx.start_timer(std::time::Duration::from_secs(1), PlaceTimeout::Late {});
        cx.cancel_timer(PlaceTimeout::LATE);
    }
    #[internal(in = Full, ignore = Empty)]
    async fn drained(&mut self, last: K) -> To<Empty> {
        self.seen.insert(last);
        To::state(Empty)
    }
    #[timeout(state)]
    fn late(&mut self) {}
}

/// A parameter that only the data has.
#[derive(StateMachine)]
struct Counter<T>(T, u64);

struct Counting;

#[machine(initial = Counting)]
impl<T: Into<u64> + Copy> Counter<T> {
    #[call]
    fn next(&mut self) -> u64 {
        self.1 += self.0.into();
        self.1
    }
}

fn uses(place: &PlaceRef<u8, String, 2>, counter: &CounterRef<u8>) {
    let _ = (place.put(1), place.key(), place.touch(), counter.next(), counter.pid());
    let _ = PlaceRef::<u8, String, 2>::whereis("place");
}

fn main() {
    let _ = (uses, Counter(1_u8, 0).start(), Place::<u8, String, 2>::mermaid());
}
