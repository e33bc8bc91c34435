//! Who does not end at a shutdown is named, and left alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use actor_core::{Process, Runtime, handlers, limits};

/// Spins until it is let go.
#[derive(Process)]
struct Hog(Arc<AtomicBool>);

#[handlers]
impl Hog {
    #[cast]
    fn spin(&mut self, begun: std::sync::mpsc::Sender<()>) {
        let _ = begun.send(());
        while !self.0.load(Ordering::Acquire) {
            std::hint::spin_loop();
        }
    }
}

#[test]
#[ignore = "takes three times the bound of a shutdown"]
fn a_shutdown_names_whom_it_could_not_end() {
    let rt = Runtime::builder().workers(2).name("stuck").build().expect("threads");
    let free = Arc::new(AtomicBool::new(false));
    let hog = rt.spawn(Hog(free.clone())).expect("room");
    let other = rt.spawn(Hog(free.clone())).expect("room");
    let (tell, begun) = std::sync::mpsc::channel();
    hog.spin(tell).expect("room");
    begun.recv().expect("it spins");
    let begin = Instant::now();
    let left = rt.shutdown().expect_err("the hog spins");
    let took = begin.elapsed();
    assert!(took < 3 * limits::SHUTDOWN + Duration::from_secs(3), "it took {took:?}");
    // The process could be killed; its thread is still in the handler.
    assert_eq!((left.processes, left.threads.len()), (0, 1), "{left}");
    assert!(left.threads[0].starts_with("stuck-"), "{left}");
    assert!(!other.is_alive());
    free.store(true, Ordering::Release);
}

#[test]
fn a_handler_that_blocks_does_not_hold_up_whom_it_has_just_sent_to() {
    #[derive(Process)]
    struct Bell(std::sync::mpsc::Sender<()>);
    #[handlers]
    impl Bell {
        #[cast]
        fn ring(&mut self) {
            let _ = self.0.send(());
        }
    }
    #[derive(Process)]
    struct Blocks;
    #[handlers]
    impl Blocks {
        #[call]
        fn block(&mut self, bell: BellRef, rings: std::sync::mpsc::Receiver<()>) -> bool {
            bell.ring().is_ok() && rings.recv_timeout(Duration::from_secs(5)).is_ok()
        }
    }
    let rt = Runtime::builder().workers(2).build().expect("threads");
    for _ in 0..20 {
        let (tell, rings) = std::sync::mpsc::channel();
        let bell = rt.spawn(Bell(tell)).expect("room");
        let blocks = rt.spawn(Blocks).expect("room");
        assert_eq!(blocks.block(bell, rings).no_timeout().blocking(), Ok(true));
    }
}
