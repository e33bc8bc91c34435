//! Very many processes at once: their start, and the end of all.

use actor_core::{Process, Runtime, handlers};

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

/// How many there are of each: a million in all.
const MANY: usize = 500_000;

/// The bound is the shutdown's own: beyond it those that are left are killed, and if none of them
/// ends for `limits::SHUTDOWN` then it is an error.
#[test]
fn a_crowd_of_processes_ends_in_bounded_time() {
    let rt = Runtime::builder().workers(2).build().expect("threads");
    for _ in 0..MANY {
        let _ = rt.spawn(Member).expect("room");
        let _ = rt.spawn(Elder).expect("room");
    }
    assert_eq!(rt.process_count(), 2 * MANY);
    rt.shutdown().expect("everything ends");
}
