//! What wakes a process that waits: a timer, or a thread that is none of the runtime's.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use actor_core::prelude::*;
use rustix::thread::futex;

use crate::{
    measure::{Latch, Line, Run, quantile},
    runtime,
    ticks::{Lateness, delay},
};

#[derive(Process)]
struct Sleeper {
    number: u64,
    due: Instant,
    late: Arc<Lateness>,
    done: Arc<Latch>,
}

#[handlers]
impl Sleeper {
    #[init]
    fn doze(&mut self, cx: &mut Context<Self>) {
        let delay = delay(self.number);
        self.due = Instant::now() + delay;
        cx.send_after(delay, SleeperMessage::Wake);
    }

    #[cast]
    fn wake(&mut self, cx: &mut Context<Self>) {
        self.late.add(self.due);
        self.done.dec();
        cx.stop(ExitReason::Normal);
    }
}

#[derive(Process)]
struct Dormitory {
    late: Arc<Lateness>,
    done: Arc<Latch>,
}

#[handlers]
impl Dormitory {
    #[cast]
    fn fill(&mut self, cx: &mut Context<Self>, from: u64, to: u64) {
        let end = to.min(from + 256);
        for number in from..end {
            let (late, done) = (self.late.clone(), self.done.clone());
            spawn(Sleeper { number, due: Instant::now(), late, done }).expect("a process");
        }
        if end < to {
            cx.continue_with(DormitoryMessage::Fill { from: end, to });
        }
    }
}

/// `n` processes, each with a timer of 1 to 1,000 ms when it starts; how late they fire.
pub(crate) fn timers(run: &Run) -> Line {
    let rt = runtime(run);
    let (late, done) = (Lateness::new(), Latch::new(run.n));
    let since = Instant::now();
    let dormitory = rt.spawn(Dormitory { late: late.clone(), done: done.clone() });
    dormitory.expect("a process").fill(0, run.n).expect("room");
    Line::new(done.wait(since), run.n).with(late.text())
}

#[derive(Process, Default)]
struct Ear {
    heard: Vec<f64>,
}

#[handlers]
impl Ear {
    #[cast]
    fn hear(&mut self, said: Instant) {
        self.heard.push(said.elapsed().as_secs_f64() * 1e6);
    }

    #[call]
    fn heard(&mut self) -> Vec<f64> {
        std::mem::take(&mut self.heard)
    }
}

/// How long both sides are left to fall asleep.
const PAUSE: Duration = Duration::from_millis(2);

/// A plain thread sends a message to an idle runtime, `n` times: from before the send until the
/// handler runs. In turn with a bare futex, between two plain threads.
pub(crate) fn foreign_wake(run: &Run) -> Line {
    let rt = runtime(run);
    let ear = rt.spawn(Ear::default()).expect("a process");
    let bell = Arc::new(Bell { word: AtomicU32::new(0), rung: Mutex::new(Instant::now()) });
    let (ringing, n) = (bell.clone(), run.n as u32);
    let listener = thread::spawn(move || ringing.listen(n));
    let since = Instant::now();
    for _ in 0..n {
        thread::sleep(PAUSE);
        ear.hear(Instant::now()).expect("room");
        thread::sleep(PAUSE);
        bell.ring();
    }
    let mut bare = listener.join().expect("no panic");
    let mut heard = ear.heard().blocking().expect("an answer");
    let time = since.elapsed();
    bare.sort_by(f64::total_cmp);
    heard.sort_by(f64::total_cmp);
    let ([p50, p99], [bare50, bare99]) = (quantiles(&heard), quantiles(&bare));
    Line::new(time, run.n).with(format!(
        "wake_p50_us={p50:.1} wake_p99_us={p99:.1} futex_p50_us={bare50:.1} \
         futex_p99_us={bare99:.1} ratio_p50={:.2}",
        p50 / bare50
    ))
}

fn quantiles(sorted: &[f64]) -> [f64; 2] {
    [0.5, 0.99].map(|at| quantile(sorted, at))
}

/// A futex, and when it was rung last.
struct Bell {
    word: AtomicU32,
    rung: Mutex<Instant>,
}

impl Bell {
    fn ring(&self) {
        *self.rung.lock().expect("nobody panics here") = Instant::now();
        // Release, and the listener's Acquire: it sees when this was, also without the lock.
        self.word.fetch_add(1, Ordering::Release);
        let woken = futex::wake(&self.word, futex::Flags::PRIVATE, 1);
        woken.expect("a futex of this process");
    }

    fn listen(&self, times: u32) -> Vec<f64> {
        let heard = |seen| {
            while self.word.load(Ordering::Acquire) == seen {
                // An error says that the word has changed, or that a signal came: look again.
                let _ = futex::wait(&self.word, futex::Flags::PRIVATE, seen, None);
            }
            let rung = *self.rung.lock().expect("nobody panics here");
            rung.elapsed().as_secs_f64() * 1e6
        };
        (0..times).map(heard).collect()
    }
}
