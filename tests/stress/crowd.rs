//! Very many processes at once: their start, and the end of all.

use std::time::{Duration, Instant};

use actor_core::{Process, Runtime, handlers, limits};

/// Half of them have something to do when they stop.
#[derive(Process)]
struct Member;

#[handlers]
impl Member {
    #[call]
    fn count(&self) -> u32 {
        1
    }
}

#[derive(Process)]
struct Elder;

#[handlers]
impl Elder {
    #[terminate]
    fn terminate(&mut self) {}
}

/// How many there are of each.
const MANY: usize = 500_000;

#[test]
fn a_million_processes_end_in_bounded_time() {
    let rt = Runtime::builder().workers(2).build().expect("threads");
    for _ in 0..MANY {
        let _ = rt.spawn(Member).expect("room");
        let _ = rt.spawn(Elder).expect("room");
    }
    assert_eq!(rt.process_count(), 2 * MANY);
    let begin = Instant::now();
    rt.shutdown().expect("everything ends");
    let bound = limits::SHUTDOWN + limits::SHUTDOWN_EACH * 2 * MANY as u32;
    let took = begin.elapsed();
    assert!(took < bound + Duration::from_secs(1), "it took {took:?}");
}
