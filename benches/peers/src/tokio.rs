//! Bare tokio: a process is a task and an unbounded channel. The baseline that others build on.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use tokio::{
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        oneshot, watch,
    },
    task::{JoinSet, yield_now},
};

use crate::{
    BIG, RING, SENDERS, Workload, compute_for_ever,
    measure::{Latch, Line, Rng, Run, bytes_each, resident, resident_slots},
    on_tokio::{breathe, on_worker, runtime, start_ticker},
    silence_panics,
    ticks::{BLOCK, Lateness, Ticks, delay},
};

pub(crate) const WORKLOADS: &[(&str, Workload)] = &[
    ("spawn_exit", spawn_exit),
    ("spawn_alive", spawn_alive),
    ("skynet", skynet),
    ("ping_pong", ping_pong),
    ("call", call),
    ("thread_ring", thread_ring),
    ("fan_in", fan_in),
    ("big", big),
    ("supervise", supervise),
    ("supervise_error", supervise_error),
    ("monitor", monitor),
    ("restart", restart),
    ("stop_tree", stop_tree),
    ("timers", timers),
    ("fair_cpu", fair_cpu),
    ("fair_block", fair_block),
    ("fair_cpu_threads", fair_cpu_threads),
];

fn spawn_exit(run: &Run) -> Line {
    runtime(run);
    let each = run.n / 2;
    let done = Latch::new(each * 2);
    let since = Instant::now();
    for _ in 0..2 {
        let done = done.clone();
        tokio::spawn(async move {
            for i in 0..each {
                let done = done.clone();
                tokio::spawn(async move { done.dec() });
                breathe(i).await;
            }
        });
    }
    Line::new(done.wait(since), run.n)
}

async fn resident_task(mut mail: UnboundedReceiver<u64>, done: Arc<Latch>) {
    let mut sum = 0;
    while let Some(value) = mail.recv().await {
        sum += value;
        std::hint::black_box(sum);
        done.dec();
    }
}

fn spawn_alive(run: &Run) -> Line {
    let rt = runtime(run);
    let n = run.n;
    let mut refs: Vec<Option<UnboundedSender<u64>>> = resident_slots(n);
    let done = Latch::new(n);
    let told = done.clone();
    let before = resident();
    let since = Instant::now();
    let refs = on_worker(rt, async move {
        for (i, slot) in (0..n).zip(&mut refs) {
            let (send, mail) = unbounded_channel();
            tokio::spawn(resident_task(mail, told.clone()));
            send.send(i).expect("it lives");
            *slot = Some(send);
            breathe(i).await;
        }
        refs
    });
    let line = Line::new(done.wait(since), n);
    let line = line.with(format!("bytes_per={:.0}", bytes_each(before, n)));
    std::mem::forget(refs);
    line
}

fn grow(parent: UnboundedSender<u64>, number: u64, size: u64) {
    tokio::spawn(async move {
        let mut sum = number;
        if size > 1 {
            let (send, mut mail) = unbounded_channel();
            let size = size / 10;
            (0..10).for_each(|i| grow(send.clone(), number + i * size, size));
            sum = 0;
            for _ in 0..10 {
                sum += mail.recv().await.expect("a child's sum");
            }
        }
        let _ = parent.send(sum);
    });
}

fn skynet(run: &Run) -> Line {
    runtime(run);
    let (send, mut mail) = unbounded_channel();
    let since = Instant::now();
    grow(send, 0, run.n);
    let sum = mail.blocking_recv();
    let time = since.elapsed();
    assert_eq!(sum, Some(run.n * (run.n - 1) / 2));
    Line::new(time, run.n).with(format!("total_ms={:.1}", time.as_secs_f64() * 1e3))
}

fn ping_pong(run: &Run) -> Line {
    let rt = runtime(run);
    let n = run.n;
    let (to_pong, mut pong) = unbounded_channel::<u64>();
    let (to_ping, mut ping) = unbounded_channel::<u64>();
    let since = Instant::now();
    tokio::spawn(async move {
        while let Some(ball) = pong.recv().await {
            let _ = to_ping.send(ball);
        }
    });
    on_worker(rt, async move {
        for i in 0..n {
            to_pong.send(i).expect("it lives");
            ping.recv().await;
        }
    });
    Line::new(since.elapsed(), 2 * n)
}

fn call(run: &Run) -> Line {
    let rt = runtime(run);
    let n = run.n;
    let (ask, mut asked) = unbounded_channel::<(u64, oneshot::Sender<u64>)>();
    tokio::spawn(async move {
        while let Some((value, reply)) = asked.recv().await {
            let _ = reply.send(value + 1);
        }
    });
    let time = on_worker(rt, async move {
        let since = Instant::now();
        for i in 0..n {
            let (reply, replied) = oneshot::channel();
            ask.send((i, reply)).expect("it lives");
            assert_eq!(replied.await, Ok(i + 1));
        }
        since.elapsed()
    });
    Line::new(time, n)
}

fn thread_ring(run: &Run) -> Line {
    runtime(run);
    let done = Latch::new(1);
    let (links, mails): (Vec<_>, Vec<_>) = (0..RING).map(|_| unbounded_channel::<u64>()).unzip();
    for (i, mut mail) in mails.into_iter().enumerate() {
        let (next, done) = (links[(i + 1) % RING].clone(), done.clone());
        tokio::spawn(async move {
            while let Some(hops) = mail.recv().await {
                match hops {
                    0 => done.dec(),
                    _ => next.send(hops - 1).expect("it lives"),
                }
            }
        });
    }
    let since = Instant::now();
    links[0].send(run.n).expect("it lives");
    Line::new(done.wait(since), run.n)
}

fn fan_in(run: &Run) -> Line {
    runtime(run);
    let (n, total) = (run.n, run.n * SENDERS);
    let done = Latch::new(1);
    let told = done.clone();
    let (send, mut mail) = unbounded_channel::<u64>();
    let since = Instant::now();
    tokio::spawn(async move {
        let mut sum = 0;
        while let Some(value) = mail.recv().await {
            sum += value;
            if sum == total {
                told.dec();
            }
        }
    });
    for _ in 0..SENDERS {
        let send = send.clone();
        tokio::spawn(async move { (0..n).for_each(|_| send.send(1).expect("it lives")) });
    }
    Line::new(done.wait(since), total)
}

enum Shot {
    Ping(usize),
    Pong,
}

fn big(run: &Run) -> Line {
    runtime(run);
    let done = Latch::new(BIG as u64);
    let (sends, mails): (Vec<_>, Vec<_>) = (0..BIG).map(|_| unbounded_channel::<Shot>()).unzip();
    let peers: Arc<[UnboundedSender<Shot>]> = sends.into();
    for (me, mut mail) in mails.into_iter().enumerate() {
        let (peers, done, mut left) = (peers.clone(), done.clone(), run.n);
        let mut random = Rng::new(me as u64);
        tokio::spawn(async move {
            while let Some(shot) = mail.recv().await {
                let sent = match shot {
                    Shot::Ping(from) => peers[from].send(Shot::Pong),
                    Shot::Pong if left == 0 => {
                        done.dec();
                        continue;
                    }
                    Shot::Pong => {
                        left -= 1;
                        peers[random.below(BIG)].send(Shot::Ping(me))
                    }
                };
                assert!(sent.is_ok(), "it lives");
            }
        });
    }
    let since = Instant::now();
    for peer in peers.iter() {
        assert!(peer.send(Shot::Pong).is_ok(), "it lives");
    }
    Line::new(done.wait(since), 2 * BIG as u64 * run.n)
}

/// By hand: await the task, start the next.
fn supervise(run: &Run) -> Line {
    crashes(run, true)
}

fn supervise_error(run: &Run) -> Line {
    crashes(run, false)
}

fn crashes(run: &Run, panics: bool) -> Line {
    silence_panics();
    let rt = runtime(run);
    let n = run.n;
    let (up, mut ups) = unbounded_channel::<UnboundedSender<()>>();
    tokio::spawn(async move {
        loop {
            let up = up.clone();
            let child = tokio::spawn(async move {
                let (send, mut mail) = unbounded_channel();
                let _ = up.send(send);
                mail.recv().await;
                assert!(!panics, "crash");
                Err("crash")
            });
            let _: Result<Result<(), _>, _> = child.await;
        }
    });
    let time = on_worker(rt, async move {
        let mut child = ups.recv().await.expect("a child");
        let since = Instant::now();
        for _ in 0..n {
            child.send(()).expect("it lives");
            child = ups.recv().await.expect("a child");
        }
        since.elapsed()
    });
    Line::new(time, n)
}

/// Two loops that start a task again whenever one of their eight has ended.
fn restart(run: &Run) -> Line {
    runtime(run);
    let up = Latch::new(run.n);
    let since = Instant::now();
    for _ in 0..2 {
        let up = up.clone();
        tokio::spawn(async move {
            let mut machines = JoinSet::new();
            let start = |machines: &mut JoinSet<Result<(), &'static str>>| {
                let up = up.clone();
                machines.spawn(async move {
                    let (send, mut mail) = unbounded_channel();
                    up.dec();
                    send.send(()).expect("it is open");
                    mail.recv().await;
                    Err("crash")
                });
            };
            (0..8).for_each(|_| start(&mut machines));
            while machines.join_next().await.is_some() {
                start(&mut machines);
            }
        });
    }
    Line::new(up.wait(since), run.n)
}

/// The tasks of a set, each waiting at a channel of its own, are aborted.
fn stop_tree(run: &Run) -> Line {
    let rt = runtime(run);
    let n = run.n;
    let time = on_worker(rt, async move {
        let mut leaves = JoinSet::new();
        let mut senders = Vec::new();
        for i in 0..n {
            let (send, mut mail) = unbounded_channel::<()>();
            senders.push(send);
            leaves.spawn(async move { mail.recv().await });
            breathe(i).await;
        }
        let since = Instant::now();
        leaves.shutdown().await;
        since.elapsed()
    });
    Line::new(time, n).with(format!("total_ms={:.1}", time.as_secs_f64() * 1e3))
}

/// Tokio has no monitors: the nearest thing is the end of a watch channel.
fn monitor(run: &Run) -> Line {
    let rt = runtime(run);
    let n = run.n;
    let (ready, seen) = (Latch::new(n), Latch::new(n));
    let (began, told) = (ready.clone(), seen.clone());
    let (star, sky) = watch::channel(());
    on_worker(rt, async move {
        for i in 0..n {
            let (mut sky, began, told) = (sky.clone(), began.clone(), told.clone());
            tokio::spawn(async move {
                began.dec();
                while sky.changed().await.is_ok() {}
                told.dec();
            });
            breathe(i).await;
        }
    });
    ready.wait(Instant::now());
    thread::sleep(Duration::from_millis(200));
    let since = Instant::now();
    tokio::spawn(async move { drop(star) });
    let time = seen.wait(since);
    Line::new(time, n).with(format!("total_ms={:.2}", time.as_secs_f64() * 1e3))
}

fn timers(run: &Run) -> Line {
    runtime(run);
    let n = run.n;
    let (late, done) = (Lateness::new(), Latch::new(n));
    let (told, fired) = (late.clone(), done.clone());
    let since = Instant::now();
    tokio::spawn(async move {
        for i in 0..n {
            let (told, fired) = (told.clone(), fired.clone());
            tokio::spawn(async move {
                let due = Instant::now() + delay(i);
                tokio::time::sleep_until(due.into()).await;
                told.add(due);
                fired.dec();
            });
            breathe(i).await;
        }
    });
    Line::new(done.wait(since), n).with(late.text())
}

fn beside(run: &Run, hog: fn()) -> Line {
    runtime(run);
    let ticks = Ticks::new();
    let (ask, mut asked) = unbounded_channel::<oneshot::Sender<()>>();
    tokio::spawn(async move {
        while let Some(reply) = asked.recv().await {
            let _ = reply.send(());
        }
    });
    start_ticker(ticks.clone(), move || {
        let (reply, replied) = oneshot::channel();
        ask.send(reply).expect("it lives");
        replied
    });
    (0..run.hogs).for_each(|_| hog());
    ticks.watch(run)
}

fn fair_cpu(run: &Run) -> Line {
    beside(run, || drop(tokio::spawn(async { compute_for_ever() })))
}

/// The hogs are threads of the system's.
fn fair_cpu_threads(run: &Run) -> Line {
    beside(run, || drop(thread::spawn(|| compute_for_ever())))
}

fn fair_block(run: &Run) -> Line {
    beside(run, || {
        drop(tokio::spawn(async {
            loop {
                thread::sleep(BLOCK);
                yield_now().await;
            }
        }))
    })
}
