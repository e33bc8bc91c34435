//! The tour: what this is for, in some seconds. Six steps: a supervision tree; a million
//! processes; the words of a folder, counted by a process a file, each under a supervisor of its
//! own; how many of those were killed meanwhile; a ticker beside handlers that give nobody a turn;
//! and what is left in the end, which is nothing.
//! Run: `cargo run --release -p examples --bin tour -- [PATH] [--chaos N]`.

mod ticker;

use std::{cmp::Reverse, collections::BinaryHeap, error::Error, fs, io, io::Read, io::Write};
use std::{
    iter, mem, num::NonZeroUsize, path::PathBuf, process::ExitCode, time::Duration, time::Instant,
};

use actor_core::{prelude::*, yield_now};
use clap::Parser;
use hashbrown::HashMap;
use ignore::{DirEntry, Walk, WalkBuilder};
use indicatif::{HumanCount, ProgressBar, ProgressBarIter, ProgressIterator};

/// How many files are open at once: what bounds the memory.
const MERGERS: usize = 8;
/// How many bytes of a file are counted at once.
const CHUNK: u64 = 1 << 16;
/// A word is known by its first bytes, so that one of a gigabyte is no burden.
const LONG: usize = 256;
type Words = HashMap<String, u64>;
type Failure = Box<dyn Error + Send + Sync>;

/// Counts the words of one file: runs of characters that are not white space. `wc -w` in a UTF-8
/// locale finds as many, but for control characters and for blanks that it does not know (U+0085).
#[derive(Process)]
struct Counter(PathBuf);

#[handlers]
impl Counter {
    /// All words of the file. After each chunk others run, and it can be killed.
    #[call(timeout = infinity, on_err = crash)]
    async fn words(&mut self) -> Result<Words, Failure> {
        let (file, mut words) = (fs::File::open(&self.0)?, Words::new());
        // What is read and not counted: the bytes of a character that goes on, and such a word.
        let (mut bytes, mut word, mut size) = (Vec::new(), String::new(), 1);
        while size > 0 {
            size = (&file).take(CHUNK).read_to_end(&mut bytes)?;
            // At most three bytes can be a character that goes on.
            let text = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
            if bytes.len() - text.len() > if size > 0 { 3 } else { 0 } {
                return Err("it is not UTF-8".into());
            }
            // The end of the file ends its last word.
            for piece in text.split_inclusive(char::is_whitespace).chain((size == 0).then_some(" "))
            {
                let part = piece.trim_end();
                word.push_str(&part[..part.floor_char_boundary(LONG.saturating_sub(word.len()))]);
                if part.len() < piece.len() && !word.is_empty() {
                    *words.entry_ref(word.as_str()).or_default() += 1;
                    word.clear();
                }
            }
            bytes.drain(..text.len());
            yield_now().await;
        }
        Ok(words)
    }
}

/// Watches over the counter of one file, which has three tries.
#[derive(Supervisor)]
struct Guard(PathBuf);

#[supervisor(intensity = 2, period = "1h")]
impl Guard {
    #[child(restart = transient)]
    fn counter(&self) -> Counter {
        Counter(self.0.clone())
    }
}

/// Finds the files.
#[derive(Process)]
struct Walker(ProgressBarIter<Walk>);

#[handlers]
impl Walker {
    /// The next file or folder, or why there is none in its place.
    #[call(timeout = infinity)]
    fn next(&mut self) -> Option<Result<DirEntry, ignore::Error>> {
        self.0.next()
    }
}

/// What was found in some files, and what could not be counted: paths and reasons.
#[derive(Default)]
struct Tally {
    words: Words,
    files: u64,
    kills: usize,
    failed: Vec<String>,
}

impl Tally {
    fn merge(&mut self, mut other: Self) {
        if other.words.len() > self.words.len() {
            mem::swap(&mut self.words, &mut other.words);
        }
        for (word, times) in other.words {
            *self.words.entry(word).or_default() += times;
        }
        self.files += other.files;
        self.kills += other.kills;
        self.failed.extend(other.failed);
    }
}

/// Has one file after the other counted, merges their words, and kills up to `chaos` counters.
#[derive(Process)]
struct Merger {
    index: usize,
    walker: WalkerRef,
    chaos: usize,
}

#[handlers]
impl Merger {
    /// The words of all files that nobody else takes.
    #[call(timeout = infinity)]
    async fn merge(&mut self, cx: &mut Context<Self>, tour: TourRef) -> Result<Tally, ExitReason> {
        // They are a binary tree: two are below this one, and begin at once.
        let below = (1..=2).filter_map(|leg| tour.merger(2 * self.index + leg));
        let below: Vec<_> = below.map(|merger| merger.merge(tour.clone()).request()).collect();
        let mut tally = Tally::default();
        while let Some(found) = self.walker.next().await? {
            match found {
                Ok(file) if file.file_type().is_some_and(|kind| kind.is_file()) => {
                    let guard = tour.start_file(file.path().into()).await?;
                    tally.merge(self.count(cx, file.into_path(), guard).await);
                }
                Ok(_) => {}
                Err(error) => tally.failed.push(error.to_string()),
            }
        }
        for part in below {
            tally.merge(part.await?);
        }
        Ok(tally)
    }

    /// The words of one file. They come in one reply, so they count once. If its counter crashes or
    /// is killed, the next is asked, until their guard gives up.
    async fn count(&mut self, cx: &mut Context<Self>, path: PathBuf, guard: GuardRef) -> Tally {
        let (mut tally, mut crash) = (Tally::default(), ExitReason::NoProc);
        loop {
            let words = guard.counter().words().request();
            if self.chaos > 0 && tally.kills == 0 {
                cx.sleep(Duration::from_nanos(1 << (cx.random() % 24))).await;
                guard.counter().kill();
            }
            match words.await {
                Ok(words) => break tally = Tally { words, files: 1, ..tally },
                Err(CallFailure::Exited(ExitReason::Killed)) => tally.kills += 1,
                Err(CallFailure::Exited(reason)) => crash = reason,
                Err(_) => break tally.failed.push(format!("{}: {crash}", path.display())),
            }
        }
        self.chaos -= tally.kills;
        guard.stop(ExitReason::Shutdown).await;
        tally
    }
}

/// A supervision tree, a million processes, and the words of a folder.
#[derive(Parser, Supervisor)]
struct Tour {
    /// What to count.
    #[arg(default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/.."))]
    path: PathBuf,
    /// Kills up to N counters on the way.
    #[arg(long, value_name = "N", default_value_t = 0)]
    chaos: usize,
    /// Starts N processes in the second step.
    #[arg(long, value_name = "N", default_value = "1000000")]
    processes: NonZeroUsize,
    /// Ticks N times in the fifth step; 0 leaves it out.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    ticks: u32,
}

// If anything but a counter fails, so does the tour.
#[supervisor(intensity = 0)]
impl Tour {
    #[child]
    fn walker(&self) -> Walker {
        let mut walk = WalkBuilder::new(&self.path);
        walk.hidden(false).filter_entry(|found| found.file_name() != ".git");
        Walker(walk.build().progress_with(ProgressBar::no_length()))
    }

    #[child(count = MERGERS)]
    fn merger(&self, index: usize, walker: WalkerRef) -> Merger {
        Merger { index, walker, chaos: (self.chaos + index) / MERGERS }
    }

    #[child(dynamic, restart = temporary)]
    fn file(&self, path: PathBuf) -> Guard {
        Guard(path)
    }
}

/// Hears so many answers, and ends.
#[derive(Process)]
struct Collector(usize);

#[handlers]
impl Collector {
    #[cast]
    fn answer(&mut self, cx: &mut Context<Self>) {
        self.0 -= 1;
        if self.0 == 0 {
            cx.stop(ExitReason::Normal);
        }
    }
}

/// One of the crowd.
#[derive(Process)]
struct Member(CollectorRef);

#[handlers]
impl Member {
    #[cast(on_err = crash)]
    fn ask(&self) -> Result<(), SendError> {
        self.0.answer()
    }
}

/// Starts so many processes, asks each, hears all answers, and says what it cost, refs included.
async fn crowd(size: usize) -> Result<(), Failure> {
    let memory = || memory_stats::memory_stats().map_or(0, |stats| stats.physical_mem);
    // There is room for all answers at once.
    let ear = Collector(size).with().mailbox(size).start().await?;
    let (before, began) = (memory(), Instant::now());
    let crowd = (0..size).map(|_| spawn(Member(ear.clone()))).collect::<Result<Vec<_>, _>>()?;
    let start = began.elapsed().as_nanos() / size as u128;
    let memory = memory().saturating_sub(before) / size;

    let began = Instant::now();
    for some in crowd.chunks(size.div_ceil(100)).progress() {
        some.iter().try_for_each(|member| member.ask())?;
    }
    let end = ear.closed().await;
    let message = began.elapsed().as_nanos() / (2 * size) as u128;
    writeln!(io::stdout(), "                    here   BEAM (as documented, not measured here)")?;
    writeln!(io::stdout(), "ns to start   {start:>10}   3,000 to 5,000")?;
    writeln!(io::stdout(), "bytes each    {memory:>10}   2,696")?;
    writeln!(io::stdout(), "ns a message  {message:>10}")?;
    if end.is_normal() { Ok(()) } else { Err(end.into()) }
}

/// The steps that need a runtime.
async fn tour(options: Tour) -> Result<(), Failure> {
    let (mut out, folder, size) = (io::stdout(), options.path.clone(), options.processes.get());
    let tour = options.start().await?;
    writeln!(out, "1. A supervision tree\n\n{}", tour.tree().await?)?;
    writeln!(out, "\n2. {} processes\n", HumanCount(size as u64))?;
    crowd(size).await?;

    writeln!(out, "\n3. The words of {}\n", folder.display())?;
    let mut tally = tour.merger_refs()[0].merge(tour.clone()).await?;
    let top = tally.words.iter().map(|(word, times)| (times, Reverse(word)));
    let mut top = top.collect::<BinaryHeap<_>>();
    for (times, Reverse(word)) in iter::from_fn(|| top.pop()).take(10) {
        let word = word.replace(char::is_control, "\u{fffd}");
        writeln!(out, "{:>12} {word}", HumanCount(*times).to_string())?;
    }
    let words = HumanCount(tally.words.values().sum()).to_string();
    writeln!(out, "{words:>12} words in {} files", HumanCount(tally.files))?;
    tally.failed.sort();
    for failed in tally.failed {
        writeln!(out, "failed: {failed}")?;
    }
    Ok(writeln!(out, "\n4. {} counters were killed on the way", tally.kills)?)
}

/// The tour, in a runtime of its own, and what is left when that has ended.
fn run(options: Tour) -> Result<(), Failure> {
    fs::metadata(&options.path).map_err(|error| format!("{}: {error}", options.path.display()))?;
    // Crashes are listed by path in the end; without this each was a report on stderr as well.
    tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::new())?;
    let runtime = Runtime::new()?;
    let (handle, ticks) = (runtime.handle(), options.ticks);
    runtime.run(tour(options))??;
    if ticks > 0 {
        writeln!(
            io::stdout(),
            "\n5. {ticks} ticks beside 8 handlers that compute and 8 that sleep\n"
        )?;
        ticker::step(&runtime, ticks)?;
    }
    runtime.shutdown()?; // It fails if a process or a thread does not end.
    let (processes, timers) = (handle.process_count(), handle.timer_count());
    Ok(writeln!(io::stdout(), "\n6. Left: {processes} processes, {timers} timers, no thread")?)
}

fn main() -> ExitCode {
    let is_closed = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    match run(Tour::parse()) {
        // A reader that has had enough, as `head` has, is no failure.
        Err(error) if !error.downcast_ref().is_some_and(is_closed) => {
            let _ = writeln!(io::stderr(), "tour: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}
