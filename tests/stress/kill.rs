//! A process whose handler does not end can be killed all the same.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actor_core::{
    CallFailure, Context, Down, ExitReason, Process, Runtime, SendError, Start, StartError,
    handlers, limits,
};

use crate::kit::{Dice, on_all, until};

const LIMIT: Duration = Duration::from_secs(30);

/// What a handler could do after its process was killed.
#[derive(Debug, Default)]
struct Tries {
    cast: Option<Result<(), SendError>>,
    spawn: Option<StartError>,
    cleaned_up: bool,
}

/// Holds its thread until it is let go, then tries to do what only the living do.
#[derive(Process)]
struct Zombie {
    free: Receiver<()>,
    heir: ListenerRef,
    tries: Arc<Mutex<Tries>>,
    dropped: Arc<AtomicBool>,
}

impl Drop for Zombie {
    fn drop(&mut self) {
        self.dropped.store(true, SeqCst);
    }
}

#[handlers]
impl Zombie {
    #[call]
    fn hold(&mut self, begun: Sender<()>, cx: &mut Context<Self>) -> u32 {
        let _ = begun.send(());
        let _ = self.free.recv_timeout(LIMIT);
        let mut tries = self.tries.lock().expect("no panic");
        tries.cast = Some(self.heir.hear(7));
        tries.spawn = cx.spawn(Listener::default()).err();
        cx.send_after(Duration::ZERO, ZombieMessage::Nothing);
        let _ = cx.monitor(&self.heir);
        cx.continue_with(ZombieMessage::Nothing);
        cx.trap_exit(true);
        cx.stop(ExitReason::Normal);
        42
    }
    #[cast]
    fn nothing(&mut self) {
        panic!("nobody sends this");
    }
    #[terminate]
    fn terminate(&mut self) {
        self.tries.lock().expect("no panic").cleaned_up = true;
    }
}

/// Writes down what it hears.
#[derive(Process, Default)]
struct Listener {
    heard: Vec<u32>,
    downs: Vec<ExitReason>,
    exits: Vec<ExitReason>,
}

#[handlers]
impl Listener {
    #[cast]
    fn hear(&mut self, word: u32) {
        self.heard.push(word);
    }
    #[call]
    fn watch(&mut self, whom: ZombieRef, cx: &mut Context<Self>) {
        let _ = cx.monitor(&whom);
        cx.link(&whom);
    }
    #[call]
    fn told(&self) -> (Vec<u32>, Vec<ExitReason>, Vec<ExitReason>) {
        (self.heard.clone(), self.downs.clone(), self.exits.clone())
    }
    #[down]
    fn down(&mut self, down: Down) {
        self.downs.push(down.reason);
    }
    #[exit]
    fn exit(&mut self, _from: actor_core::Pid, reason: ExitReason) {
        self.exits.push(reason);
    }
}

struct Scene {
    zombie: ZombieRef,
    listener: ListenerRef,
    free: Sender<()>,
    tries: Arc<Mutex<Tries>>,
    dropped: Arc<AtomicBool>,
}

fn scene(rt: &Runtime) -> Scene {
    let (free, waits) = channel();
    let (tries, dropped) = (Arc::default(), Arc::default());
    let listener = rt.spawn(Listener::default()).expect("room");
    let zombie = Zombie {
        free: waits,
        heir: listener.clone(),
        tries: Arc::clone(&tries),
        dropped: Arc::clone(&dropped),
    };
    let zombie = zombie.with().name("zombie").on(rt).spawn().expect("room");
    listener.watch(zombie.clone()).timeout(LIMIT).blocking().expect("alive");
    Scene { zombie, listener, free, tries, dropped }
}

#[test]
fn a_kill_of_a_handler_that_blocks_is_told_at_once_and_what_it_tries_later_is_refused() {
    on_all(|rt, _| {
        let Scene { zombie, listener, free, tries, dropped } = scene(rt);
        let (begun, begins) = channel();
        let call = zombie.hold(begun).timeout(LIMIT).request();
        begins.recv_timeout(LIMIT).expect("it begins");
        let waiting = zombie.hold(channel().0).timeout(LIMIT).request();
        let alive = rt.process_count();
        zombie.exit(ExitReason::Kill);
        assert_eq!(zombie.closed().blocking(), ExitReason::Killed);
        assert_eq!(rt.process_count(), alive - 1);
        assert_eq!(rt.registered(), Vec::<String>::new(), "its name is free");
        let killed = || vec![ExitReason::Killed];
        until("links and monitors hear of it", || {
            listener.told().timeout(LIMIT).blocking() == Ok((vec![], killed(), killed()))
        });
        assert_eq!(zombie.nothing(), Err(SendError::NoProc));
        let failed = CallFailure::Exited(ExitReason::Killed);
        assert_eq!(rt.block_on(waiting), Err(failed.clone()), "the backlog fails");
        assert!(!dropped.load(SeqCst), "its state is its thread's");
        free.send(()).expect("it waits");
        assert_eq!(rt.block_on(call), Err(failed), "the dead answer no call");
        until("its state is dropped", || dropped.load(SeqCst));
        let tries = std::mem::take(&mut *tries.lock().expect("no panic"));
        assert_eq!(tries.cast, Some(Err(SendError::Exiting)));
        assert_eq!(tries.spawn, Some(StartError::Exiting));
        assert!(!tries.cleaned_up, "a kill is a kill");
        let told = listener.told().timeout(LIMIT).blocking();
        assert_eq!(told, Ok((vec![], killed(), killed())), "once");
    });
}

/// Works so long, over and over.
#[derive(Process)]
struct Worker(Arc<AtomicUsize>);

impl Drop for Worker {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[handlers]
impl Worker {
    #[cast]
    fn work(&mut self, time: Duration, cx: &mut Context<Self>) {
        let begin = Instant::now();
        while begin.elapsed() < time {
            std::hint::spin_loop();
        }
        let _ = cx.me().work(time);
    }
    #[cast(blocking)]
    fn wait(&mut self, time: Duration, cx: &mut Context<Self>) {
        let (_never, comes) = channel::<()>();
        let _ = comes.recv_timeout(time);
        let _ = cx.me().wait(time);
    }
}

#[test]
fn kills_at_any_moment_of_long_turns_end_each_process_once() {
    on_all(|rt, until_then| {
        let dropped = Arc::new(AtomicUsize::new(0));
        let mut dice = Dice::new(11);
        let mut born = 0;
        while until_then.goes_on() || born == 0 {
            let some = |_| {
                let worker = rt.spawn(Worker(dropped.clone())).expect("room");
                let stuck = limits::STUCK.as_micros() as u64;
                let time = Duration::from_micros(dice.roll(4 * stuck));
                let sent = if dice.roll(2) == 0 { worker.work(time) } else { worker.wait(time) };
                sent.expect("room");
                worker
            };
            let workers: Vec<_> = (0..6).map(some).collect();
            born += workers.len();
            let begin = Instant::now();
            let pause = Duration::from_micros(dice.roll(6_000));
            while begin.elapsed() < pause {
                std::thread::yield_now();
            }
            workers.iter().for_each(|worker| worker.exit(ExitReason::Kill));
            for worker in &workers {
                assert_eq!(worker.closed().blocking(), ExitReason::Killed);
            }
        }
        until("every state is dropped", || dropped.load(SeqCst) == born);
        assert_eq!(rt.process_count(), 0);
    });
}
