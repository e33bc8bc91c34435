//! Those that keep their thread: by computing, by blocking, and by blocking with notice.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use actor_core::prelude::*;

use super::flies::Home;

/// Between two long turns.
const PAUSE: Duration = Duration::from_millis(4);

/// Computes so long, again and again. Its type comes to be known for it.
#[derive(Process)]
pub(super) struct Hog(pub(super) Arc<Home>);

#[handlers]
impl Hog {
    #[cast]
    pub(super) fn compute(&mut self, cx: &mut Context<Self>, time: Duration) {
        let begin = Instant::now();
        while begin.elapsed() < time {
            std::hint::spin_loop();
        }
        self.0.books.hogged.one();
        cx.send_after(PAUSE, HogMessage::Compute { time });
    }
}

/// Blocks its thread, again and again, and says so only half of the time.
#[derive(Process)]
pub(super) struct Blocker(pub(super) Arc<Home>);

#[handlers]
impl Blocker {
    #[cast]
    pub(super) fn block(&mut self, cx: &mut Context<Self>, time: Duration) {
        thread::sleep(time);
        self.0.books.blocked.one();
        cx.send_after(PAUSE, BlockerMessage::Wait { time });
    }

    #[cast(blocking)]
    pub(super) fn wait(&mut self, cx: &mut Context<Self>, time: Duration) {
        thread::sleep(time);
        self.0.books.blocked.one();
        let _ = cx.me().block(time);
    }
}
