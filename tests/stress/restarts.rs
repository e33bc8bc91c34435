//! Trees under fire: children crash while others cast to them and call them, supervisors are
//! killed, and dynamic children come and go.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use actor_core::supervisor::{
    ChildSpec, Restart, Shutdown, Strategy, SupervisorRef, SupervisorSpec,
};
use actor_core::{CallFailure, ExitReason, Process, SendError, handlers};
use futures::executor::block_on;
use tests::Tree;

use crate::kit::{Dice, on_all, until};

/// How many are alive: each has a crown in its state.
#[derive(Clone, Default)]
struct Census(Arc<AtomicU64>);

/// A worker that counts what one sender sent, which must grow, and crashes when told.
#[derive(Process)]
struct Worker {
    census: Census,
    last: Vec<u64>,
}

impl Worker {
    fn new(census: &Census) -> Self {
        census.0.fetch_add(1, Ordering::AcqRel);
        Self { census: census.clone(), last: Vec::new() }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.census.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[handlers]
impl Worker {
    #[cast]
    fn take(&mut self, from: usize, number: u64) {
        if self.last.len() <= from {
            self.last.resize(from + 1, 0);
        }
        if self.last[from] >= number {
            // A stressed tree must not hide it by a restart.
            out_of_order(from, self.last[from], number);
        }
        self.last[from] = number;
    }
    #[cast]
    fn crash(&mut self) {
        std::panic::resume_unwind(Box::new("crash"));
    }
    #[call]
    fn echo(&self, n: u64) -> u64 {
        n
    }
}

/// An order was broken: the test ends here, whatever restarts.
fn out_of_order(from: usize, last: u64, number: u64) -> ! {
    FAULTS.fetch_add(1, Ordering::AcqRel);
    panic!("{number} of {from} came after {last}");
}

static FAULTS: AtomicU64 = AtomicU64::new(0);

fn worker(id: &str, census: &Census) -> ChildSpec {
    let census = census.clone();
    ChildSpec::new(id, move |_| {
        let census = census.clone();
        async move { Ok(Some(Worker::new(&census))) }
    })
}

/// A tree of two levels that restarts for ever.
fn tree(census: &Census, strategy: Strategy) -> SupervisorSpec {
    let endless =
        |name: &str| SupervisorSpec::new(name).intensity(u32::MAX).period(Duration::from_millis(1));
    let inner = endless("below")
        .strategy(strategy)
        .child(worker("c", census))
        .child(worker("d", census))
        .child(ChildSpec::dynamic::<Worker>("e"));
    let below = Tree::child("below", inner);
    endless("top").child(worker("a", census)).child(worker("b", census)).child(below)
}

#[test]
fn refs_stay_good_while_everything_is_restarted() {
    on_all(|rt, time| {
        for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
            let census = Census::default();
            let top = rt.block_on(rt.start(Tree(tree(&census, strategy)))).expect("it starts");
            let below = top.child::<Tree>("below");
            let workers = [
                top.child::<Worker>("a"),
                top.child::<Worker>("b"),
                below.child::<Worker>("c"),
                below.child::<Worker>("d"),
            ];
            let senders: Vec<_> = (0..3_usize)
                .map(|who| {
                    let (workers, mut dice) = (workers.clone(), Dice::new(who as u64));
                    thread::spawn(move || {
                        let mut number = 0;
                        while time.goes_on() || number < 50 {
                            number += 1;
                            let to = &workers[dice.roll(4) as usize];
                            match to.take(who, number) {
                                Ok(()) | Err(SendError::Full) => {}
                                Err(error) => panic!("{error}: it will be back"),
                            }
                            if dice.roll(4) == 0 {
                                echo(to, number);
                            }
                        }
                    })
                })
                .collect();
            let mut dice = Dice::new(99);
            let mut rounds = 0;
            while time.goes_on() || rounds < 10 {
                rounds += 1;
                let victim = &workers[dice.roll(4) as usize];
                match dice.roll(8) {
                    0 => below.kill(),
                    1..4 => victim.kill(),
                    4 => dynamic(&below, &census, &mut dice),
                    _ => drop(victim.crash()),
                }
                (0..dice.roll(5_000)).for_each(|_| std::hint::spin_loop());
            }
            senders.into_iter().for_each(|sender| sender.join().expect("no panic"));
            for worker in &workers {
                while worker.echo(1).no_timeout().blocking() != Ok(1) {}
            }
            assert_eq!(FAULTS.load(Ordering::Acquire), 0, "an order was broken");
            let ended = top.stop(ExitReason::Shutdown).blocking();
            assert_eq!(ended, ExitReason::Shutdown);
            until("all are dead", || rt.process_count() == 0);
            assert_eq!(census.0.load(Ordering::Acquire), 0, "a state was not dropped");
            assert_eq!(workers[2].take(0, u64::MAX), Err(SendError::NoProc));
        }
    });
}

/// A call to a worker that will be back ends with its answer or its incarnation.
fn echo(to: &WorkerRef, number: u64) {
    match to.echo(number).no_timeout().blocking() {
        Ok(answer) => assert_eq!(answer, number),
        Err(CallFailure::Exited(_) | CallFailure::Full) => {}
        Err(other) => panic!("{other}: it will be back"),
    }
}

/// A child that comes and goes.
fn dynamic(below: &SupervisorRef, census: &Census, dice: &mut Dice) {
    let restart = [Restart::Permanent, Restart::Temporary][dice.roll(2) as usize];
    let census = census.clone();
    let make = move |_| {
        let census = census.clone();
        async move { Ok(Some(Worker::new(&census))) }
    };
    if let Ok(worker) = block_on(below.start_dynamic("e", restart, Shutdown::BrutalKill, make)) {
        worker.kill();
        let _ = worker.echo(1).no_timeout().blocking();
    }
}
