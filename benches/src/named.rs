//! Names: two processes, so that both cores work, in one registry.

use std::{sync::Arc, time::Instant};

use actor_core::prelude::*;

use crate::{
    measure::{Latch, Line, Rng, Run},
    runtime,
};

/// How many before others get their turn.
const BATCH: u64 = 256;
/// How many names there are.
const NAMES: usize = 1000;

fn names(of: &str) -> Arc<[String]> {
    (0..NAMES).map(|i| format!("{of}-{i}")).collect()
}

#[derive(Process)]
struct Shop;

#[handlers]
impl Shop {}

#[derive(Process)]
struct Customer {
    names: Arc<[String]>,
    random: Rng,
    done: Arc<Latch>,
}

#[handlers]
impl Customer {
    #[cast]
    fn look(&mut self, cx: &mut Context<Self>, left: u64) {
        let now = left.min(BATCH);
        for _ in 0..now {
            let name = &self.names[self.random.below(NAMES)];
            let shop = ShopRef::whereis(name).expect("a shop");
            assert!(shop.is_some(), "they stay");
        }
        match left - now {
            0 => self.done.dec(),
            left => cx.continue_with(CustomerMessage::Look { left }),
        }
    }
}

/// Two processes find others by random names of 1,000, `n / 2` times each.
pub(crate) fn registry_lookup(run: &Run) -> Line {
    let rt = runtime(run);
    let (names, done) = (names("shop"), Latch::new(2));
    for name in names.iter() {
        Shop.with().name(name.as_str()).on(rt).spawn().expect("a process");
    }
    let customer = |seed| {
        let (names, random) = (names.clone(), Rng::new(seed));
        rt.spawn(Customer { names, random, done: done.clone() }).expect("a process")
    };
    let customers = [customer(1), customer(2)];
    let since = Instant::now();
    customers.iter().for_each(|customer| customer.look(run.n / 2).expect("room"));
    Line::new(done.wait(since), run.n)
}

/// Is one after the other.
#[derive(Process)]
struct Actor {
    roles: Arc<[String]>,
    done: Arc<Latch>,
}

#[handlers]
impl Actor {
    #[cast]
    fn play(&mut self, cx: &mut Context<Self>, left: u64) {
        let now = left.min(BATCH);
        for i in 0..now {
            let role = &self.roles[(left - i) as usize % NAMES];
            cx.register(role.as_str()).expect("it is free");
            cx.unregister();
        }
        match left - now {
            0 => self.done.dec(),
            left => cx.continue_with(ActorMessage::Play { left }),
        }
    }
}

/// Two processes register themselves and take that back, `n / 2` times each, under 1,000 names of
/// their own in turn.
pub(crate) fn registry_register(run: &Run) -> Line {
    let rt = runtime(run);
    let done = Latch::new(2);
    let actor = |of| rt.spawn(Actor { roles: names(of), done: done.clone() }).expect("a process");
    let actors = [actor("hero"), actor("villain")];
    let since = Instant::now();
    actors.iter().for_each(|actor| actor.play(run.n / 2).expect("room"));
    Line::new(done.wait(since), run.n)
}

#[derive(Process)]
struct Mayfly;

#[handlers]
impl Mayfly {
    #[init]
    fn live(&mut self, cx: &mut Context<Self>) {
        cx.stop(ExitReason::Normal);
    }
}

/// Has one child after the other, all of one name.
#[derive(Process)]
struct Parent {
    name: String,
    done: Arc<Latch>,
}

#[handlers]
impl Parent {
    #[cast]
    async fn raise(&mut self, left: u64) {
        for _ in 0..left {
            let child = Mayfly.with().name(self.name.as_str()).spawn().expect("the name is free");
            child.closed().await;
        }
        self.done.dec();
    }
}

/// Two processes start a child under a name and wait for its end, `n / 2` times each: the name is
/// free again when the end is heard of.
pub(crate) fn registry_exit(run: &Run) -> Line {
    let rt = runtime(run);
    let done = Latch::new(2);
    let parent = |name: &str| {
        rt.spawn(Parent { name: name.to_owned(), done: done.clone() }).expect("a process")
    };
    let parents = [parent("junior"), parent("minor")];
    let since = Instant::now();
    parents.iter().for_each(|parent| parent.raise(run.n / 2).expect("room"));
    Line::new(done.wait(since), run.n)
}
