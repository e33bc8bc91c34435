//! Plain threads that do from outside what processes do.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use actor_core::prelude::*;

use super::{
    flies::{Fly, Home, name},
    hogs::{Blocker, BlockerRef, Hog, HogRef},
    tree::{BranchRef, LeafRef, TrunkRef},
};
use crate::measure::Rng;

/// How many of each kind of hog there are.
const HOGS: usize = 4;

/// How many come at once, and go.
const CROWD: usize = 100_000;

/// Spawns, calls, casts and kills.
pub(super) fn guest(rt: &Runtime, home: &Arc<Home>, seed: u64, until: Instant) {
    let mut rng = Rng::new(seed);
    while Instant::now() < until {
        let number = rng.next();
        let fly = Fly::new(home, rng.below(1_000));
        let fly = if number.is_multiple_of(3) {
            fly.with().name(name(number)).on(rt).spawn()
        } else {
            rt.spawn(fly)
        };
        let Ok(fly) = fly else { continue };
        let closed = fly.closed();
        match rng.below(5) {
            0 => ended(home, fly.land(number).blocking(), number),
            1 => {
                let _ = fly.hold(number);
                ended(home, fly.nap(Duration::from_micros(200)).blocking(), 0);
            }
            2 => {
                let request = fly.land(number).request();
                fly.kill();
                ended(home, rt.block_on(request), number);
            }
            3 => drop(fly.alarm(Duration::from_secs(60), false)),
            _ => visitor(rt, home, &fly, number),
        }
        match rng.below(3) {
            0 => drop(fly.end(number % 3)),
            1 => drop(rt.block_on(fly.stop(ExitReason::Shutdown))),
            _ => fly.kill(),
        }
        // A fly that naps ends when it has been told to, whatever that was.
        fly.kill();
        home.books.kills.one();
        closed.blocking();
    }
}

/// A thread that comes for one call.
fn visitor(rt: &Runtime, home: &Arc<Home>, fly: &super::flies::FlyRef, number: u64) {
    home.books.visitors.one();
    let outcome = thread::scope(|scope| {
        let visit = || {
            let _entered = rt.enter();
            fly.land(number).blocking()
        };
        scope.spawn(visit).join()
    });
    ended(home, outcome.expect("no panic"), number);
}

fn ended(home: &Home, outcome: Result<u64, CallFailure>, wanted: u64) {
    home.books.calls.one();
    match outcome {
        Ok(answer) if answer == wanted => home.books.answers.one(),
        Ok(_) => {}
        Err(_) => home.books.failures.one(),
    }
}

/// Keeps hogs of all kinds about, and kills them at any moment of their turns.
pub(super) fn herd(rt: &Runtime, home: &Arc<Home>, seed: u64, until: Instant) {
    let mut rng = Rng::new(seed);
    let mut hogs: Vec<HogRef> = Vec::new();
    let mut blockers: Vec<BlockerRef> = Vec::new();
    while Instant::now() < until {
        let time = Duration::from_micros(rng.next() % 5_000);
        if hogs.len() < HOGS {
            let hog = rt.spawn(Hog(home.clone())).expect("room");
            hog.compute(time).expect("room");
            hogs.push(hog);
        } else {
            hogs.swap_remove(rng.below(HOGS)).kill();
        }
        if blockers.len() < HOGS {
            let blocker = rt.spawn(Blocker(home.clone())).expect("room");
            let begun = if rng.below(2) == 0 { blocker.wait(time) } else { blocker.block(time) };
            begun.expect("room");
            blockers.push(blocker);
        } else {
            blockers.swap_remove(rng.below(HOGS)).kill();
        }
        thread::sleep(Duration::from_micros(rng.next() % 20_000));
    }
    hogs.iter().for_each(|hog| hog.kill());
    blockers.iter().for_each(|blocker| blocker.kill());
}

/// Fells leaves and branches, and asks those that come after them.
pub(super) fn gardener(rt: &Runtime, home: &Arc<Home>, trunk: &TrunkRef, seed: u64, end: Instant) {
    let mut rng = Rng::new(seed);
    let branch: BranchRef = trunk.branch();
    let leaves: [LeafRef; 3] = [trunk.top(), branch.left(), branch.right()];
    while Instant::now() < end {
        let leaf = &leaves[rng.below(leaves.len())];
        let number = rng.next();
        match rng.below(8) {
            0 => branch.kill(),
            1..3 => leaf.kill(),
            3..5 => drop(leaf.fall()),
            5 => {
                let Ok(guest) = rt.block_on(branch.start_guest()) else { continue };
                ended(home, guest.echo(number).blocking(), number);
                guest.kill();
            }
            _ => {
                ended(home, leaf.echo(number).timeout(Duration::from_secs(30)).blocking(), number);
                continue;
            }
        }
        home.books.felled.one();
    }
}

/// Many come at once, each is told something, and all go.
pub(super) fn crowds(rt: &Runtime, home: &Arc<Home>, until: Instant) {
    while Instant::now() < until {
        let flies = rt.spawn_many((0..CROWD).map(|_| Fly::new(home, 0))).expect("room");
        for (at, fly) in flies.iter().enumerate() {
            match at % 3 {
                0 => drop(fly.end(0)),
                1 => drop(fly.alarm(Duration::from_millis(at as u64 % 500), false)),
                _ => drop(fly.hold(at as u64 * 4)),
            }
        }
        flies.iter().for_each(|fly| fly.kill());
        home.books.kills.add(CROWD as u64);
        drop(flies);
        thread::sleep(Duration::from_secs(2).min(until.saturating_duration_since(Instant::now())));
    }
}

/// A runtime of its own, dropped with what lives in it.
pub(super) fn runtimes(until: Instant, seed: u64, home: &Arc<Home>) {
    let mut rng = Rng::new(seed);
    while Instant::now() < until {
        let rt = Runtime::builder().workers(1 + rng.below(2)).build().expect("threads");
        let there = Home::new(&rt);
        for number in 0..1_000 {
            let fly = rt.spawn(Fly::new(&there, 100)).expect("room");
            let _ = fly.hold(number);
            let _ = fly.alarm(Duration::from_secs(60), false);
        }
        if rng.below(2) == 0 {
            rt.shutdown().expect("everything ends");
        } else {
            drop(rt);
        }
        home.books.born.add(there.books.born.get());
        home.books.dropped.add(there.books.dropped.get());
        home.books.runtimes.one();
        thread::sleep(Duration::from_millis(500));
    }
}
