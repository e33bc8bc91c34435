//! The tour: what this is for, in some seconds. Five steps: a supervision tree; a million
//! processes; the words of a folder, counted by a process a file, each under a supervisor of its
//! own; how many of those were killed meanwhile; and what is left in the end, which is nothing.
//!
//! A word is a run of characters that are not white space (`char::is_whitespace`). `wc -w` in a
//! UTF-8 locale finds as many, unless there are control characters (which are no words to it) or
//! white space that it does not take for such, as U+0085.
//!
//! Run: `cargo run --release -p examples --bin tour -- [PATH] [--chaos N]`.

use std::{cmp::Reverse, collections::HashMap, env, ffi::OsString, fmt::Display};
use std::{fs, io, io::Read, io::Write, mem, path::PathBuf, process::ExitCode};
use std::{thread, time::Duration, time::Instant};

use actor_core::prelude::*;
use ignore::{DirEntry, Walk, WalkBuilder};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

const USAGE: &str = "\
Usage: tour [PATH] [--chaos N]

Starts a supervision tree, then a million processes, then counts the words under PATH (by default
the repository around the current folder). A word is a run of characters that are not white space.

  --chaos N      kill up to N counters on the way
  --processes N  so many instead of a million";

/// How many files are open at once: what bounds the memory.
const MERGERS: usize = 8;
/// How often the counter of a file is restarted when it crashes.
const RETRIES: usize = 2;
/// How many bytes of a file are counted at once.
const CHUNK: u64 = 1 << 16;
/// A word is known by its first bytes, so that one of a gigabyte is no burden.
const LONGEST: usize = 256;
/// How often the counters of one file may be killed: even chaos lets a long file end.
const KILLS: u64 = 100;
/// Chaos kills a counter within 2^24 nanoseconds, or not at all.
const LATEST: u64 = 24;
/// How long the threads may take to be gone.
const PATIENCE: Duration = Duration::from_secs(10);

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Words = HashMap<String, u64>;

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

/// Counts the words of one file.
#[derive(Process, Default)]
struct Counter {
    path: PathBuf,
    file: Option<fs::File>,
    /// What was read and is not counted: the bytes of a character that goes on.
    bytes: Vec<u8>,
    /// A word that may go on.
    word: String,
    words: Words,
    reply: Option<Reply<Words>>,
}

#[handlers]
impl Counter {
    /// All words of the file, once they are complete. A crash on the way fails this call.
    #[call(timeout = infinity)]
    fn words(&mut self, cx: &mut Context<Self>, reply: Reply<Words>) {
        self.reply = Some(reply);
        cx.continue_with(CounterMessage::Read);
    }

    /// Counts a chunk. The next is another message: in between, others run, and it can be killed.
    #[cast(on_err = crash)]
    fn read(&mut self, cx: &mut Context<Self>) -> Result<(), Failure> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(fs::File::open(&self.path)?),
        };
        let size = file.take(CHUNK).read_to_end(&mut self.bytes)?;
        let text = match str::from_utf8(&self.bytes) {
            Err(cut) if cut.error_len().is_none() && size > 0 => {
                str::from_utf8(&self.bytes[..cut.valid_up_to()])?
            }
            text => text.map_err(|_| "it is not UTF-8")?,
        };
        // The end of the file ends its last word.
        let end = (size == 0).then_some(" ");
        for piece in text.split_inclusive(char::is_whitespace).chain(end) {
            let part = piece.trim_end();
            let room = LONGEST.saturating_sub(self.word.len());
            self.word.push_str(&part[..part.floor_char_boundary(room)]);
            if part.len() < piece.len() && !self.word.is_empty() {
                match self.words.get_mut(&self.word) {
                    Some(times) => *times += 1,
                    None => drop(self.words.insert(self.word.clone(), 1)),
                }
                self.word.clear();
            }
        }
        let counted = text.len();
        self.bytes.drain(..counted);
        match self.reply.take_if(|_| size == 0) {
            Some(reply) => reply.send(mem::take(&mut self.words)),
            None => cx.continue_with(CounterMessage::Read),
        }
        Ok(())
    }
}

/// Watches over the counter of one file.
#[derive(Supervisor)]
struct Guard(PathBuf);

#[supervisor(intensity = RETRIES as u32, period = "1h")]
impl Guard {
    #[child(restart = transient)]
    fn counter(&self) -> Counter {
        Counter { path: self.0.clone(), ..Counter::default() }
    }
}

/// Watches over the files that are open.
#[derive(Supervisor)]
struct Files;

#[supervisor]
impl Files {
    #[child(dynamic, restart = temporary)]
    fn file(&self, path: PathBuf) -> Guard {
        Guard(path)
    }
}

/// Finds the files.
#[derive(Process)]
struct Walker(Walk, ProgressBar);

#[handlers]
impl Walker {
    /// The next file, or why there is none in its place.
    #[call(timeout = infinity)]
    fn next(&mut self) -> Option<Result<PathBuf, ignore::Error>> {
        self.1.inc(1);
        let is_file = |found: &DirEntry| found.file_type().is_some_and(|kind| kind.is_file());
        let found = self.0.find(|found| found.as_ref().map_or(true, is_file))?;
        Some(found.map(DirEntry::into_path))
    }
}

/// What was found in some files.
#[derive(Default)]
struct Tally {
    files: u64,
    words: Words,
    kills: u64,
    /// What could not be counted: paths and reasons.
    failed: Vec<String>,
}

/// Has one file after the other counted, and merges their words.
#[derive(Process)]
struct Merger {
    walker: WalkerRef,
    files: FilesRef,
    chaos: Option<ChaosRef>,
}

#[handlers]
impl Merger {
    /// The words of all files that no other merger takes.
    #[call(timeout = infinity)]
    async fn merge(&mut self) -> Result<Tally, ExitReason> {
        let mut tally = Tally::default();
        while let Some(found) = self.walker.next().await.map_err(ExitReason::error)? {
            match found {
                Ok(path) => self.count(path, &mut tally).await.map_err(ExitReason::error)?,
                Err(error) => tally.failed.push(error.to_string()),
            }
        }
        Ok(tally)
    }
}

impl Merger {
    /// Has a file counted. Its words come in one reply, so they count once, and a counter that was
    /// killed is asked again. A file has failed when its counters crashed too often; if their
    /// supervisor gives up because of kills, the file gets another.
    async fn count(&self, path: PathBuf, tally: &mut Tally) -> Result<(), Failure> {
        let (mut crashes, patience) = (Vec::new(), tally.kills + KILLS);
        while crashes.len() <= RETRIES {
            let guard = self.files.start_file(path.clone()).await?;
            let counted = loop {
                let counter = guard.counter();
                let killed = match &self.chaos {
                    Some(chaos) if tally.kills < patience => chaos.tempt(counter.clone()).await?,
                    _ => false,
                };
                let words = counter.words().request();
                if killed && counter.ready().await.is_ok() {
                    counter.kill();
                }
                match words.await {
                    Err(CallFailure::Exited(ExitReason::Killed)) => tally.kills += 1,
                    Err(CallFailure::Exited(reason)) => crashes.push(reason),
                    end => break end,
                }
            };
            guard.stop(ExitReason::Shutdown).await;
            if let Ok(words) = counted {
                tally.merge(Tally { files: 1, words, ..Tally::default() });
                return Ok(());
            }
        }
        tally.failed.push(format!("{}: {}", path.display(), crashes[RETRIES]));
        Ok(())
    }
}

/// Merges what the mergers have merged.
#[derive(Process)]
struct Total(Vec<MergerRef>);

#[handlers]
impl Total {
    /// The words of all files.
    #[call(timeout = infinity)]
    async fn count(&mut self) -> Result<Tally, ExitReason> {
        let parts: Vec<_> = self.0.iter().map(|merger| merger.merge().request()).collect();
        let mut total = Tally::default();
        for part in parts {
            total.merge(part.await.map_err(ExitReason::error)?);
        }
        Ok(total)
    }
}

impl Tally {
    fn merge(&mut self, mut other: Self) {
        // The smaller map moves.
        if other.words.len() > self.words.len() {
            mem::swap(&mut self.words, &mut other.words);
        }
        self.files += other.files;
        self.kills += other.kills;
        self.failed.extend(other.failed);
        for (word, times) in other.words {
            *self.words.entry(word).or_default() += times;
        }
    }
}

/// Says which counters are killed, as long as kills are left: half of them as they begin, the
/// others later, if they still run.
#[derive(Process)]
struct Chaos(u64);

#[handlers]
impl Chaos {
    /// Whether this one is to be killed as it begins.
    #[call]
    fn tempt(&mut self, cx: &mut Context<Self>, victim: CounterRef) -> bool {
        let at_once = self.0 > 0 && cx.random().is_multiple_of(2);
        self.0 -= u64::from(at_once);
        let later = Duration::from_nanos(1 << (cx.random() % LATEST));
        cx.send_after(later, ChaosMessage::Kill { victim });
        at_once
    }

    #[cast]
    async fn kill(&mut self, victim: CounterRef) {
        // It may be about to be started again, after a kill before this one.
        if self.0 > 0 && victim.ready().await.is_ok() {
            let end = victim.closed();
            victim.kill();
            self.0 -= u64::from(end.await == ExitReason::Killed);
        }
    }
}

/// The whole tree. If anything but a counter fails, so does the count.
#[derive(Supervisor)]
struct Count {
    path: PathBuf,
    kills: u64,
    bar: ProgressBar,
}

#[supervisor(intensity = 0)]
impl Count {
    #[child]
    fn walker(&self) -> Walker {
        let mut walk = WalkBuilder::new(&self.path);
        let walk = walk.hidden(false).filter_entry(|found| found.file_name() != ".git").build();
        Walker(walk, self.bar.clone())
    }

    #[child]
    fn files(&self) -> Files {
        Files
    }

    #[child]
    fn chaos(&self) -> Option<Chaos> {
        (self.kills > 0).then_some(Chaos(self.kills))
    }

    #[child(count = MERGERS)]
    fn merger(&self, walker: WalkerRef, files: FilesRef, chaos: Option<ChaosRef>) -> Merger {
        Merger { walker, files, chaos }
    }

    #[child]
    fn total(&self, merger: Vec<MergerRef>) -> Total {
        Total(merger)
    }
}

/// The steps that need a runtime.
async fn tour(path: PathBuf, kills: u64, processes: usize) -> Result<(), Failure> {
    let folder = path.display().to_string();
    let bar = progress(None, "   {spinner} {human_pos} files");
    say("1. A supervision tree\n")?;
    let count = Count { path, kills, bar: bar.clone() }.start().await?;
    say(count.tree().await?)?;

    say(format_args!("\n2. {} processes\n", HumanCount(processes as u64)))?;
    crowd(processes).await?;

    say(format_args!("\n3. The words of {folder}\n"))?;
    let mut tally = count.total().count().await?;
    tally.failed.sort();
    bar.finish_and_clear();
    let mut top: Vec<_> = tally.words.iter().map(|(word, times)| (Reverse(times), word)).collect();
    if top.len() > 10 {
        top.select_nth_unstable(10);
        top.truncate(10);
    }
    top.sort_unstable();
    for (Reverse(times), word) in top {
        let word = word.replace(char::is_control, "\u{fffd}");
        say(format_args!("{:>12} {word}", HumanCount(*times).to_string()))?;
    }
    let words = HumanCount(tally.words.values().sum());
    say(format_args!("{:>12} words in {} files", words.to_string(), HumanCount(tally.files)))?;
    for failed in &tally.failed {
        say(format_args!("failed: {failed}"))?;
    }
    say(format_args!("\n4. {} counters were killed on the way", tally.kills))
}

/// Starts so many processes, sends each a message, hears each answer, and says what it cost.
async fn crowd(size: usize) -> Result<(), Failure> {
    // There is room for all answers at once.
    let collector = Collector(size).with().mailbox(size).start().await?;
    let bar = progress(Some(size as u64), "   {wide_bar} {human_pos} processes");
    let (memory, began, mut crowd) = (status("VmRSS:"), Instant::now(), Vec::new());
    for number in 0..size {
        crowd.push(spawn(Member(collector.clone()))?);
        if number % 0x4000 == 0 {
            bar.set_position(number as u64);
        }
    }
    let start = began.elapsed().as_nanos() / size as u128;
    // Their refs are in it: who has a process has one.
    let memory = memory.and_then(|before| Some(status("VmRSS:")?.saturating_sub(before)));
    let memory = memory.map_or("n/a".into(), |grown| (grown * 1024 / size).to_string());

    let began = Instant::now();
    for member in &crowd {
        member.ask()?;
    }
    let end = collector.closed().await;
    let message = began.elapsed().as_nanos() / (2 * size) as u128;
    bar.finish_and_clear();
    say("                    here   BEAM (as documented, not measured here)")?;
    say(format_args!("ns to start   {start:>10}   3,000 to 5,000"))?;
    say(format_args!("bytes each    {memory:>10}   2,696"))?;
    say(format_args!("ns a message  {message:>10}"))?;
    if end.is_normal() { Ok(()) } else { Err(end.into()) }
}

struct Options {
    path: Option<PathBuf>,
    kills: u64,
    processes: usize,
    help: bool,
}

fn parse(mut given: impl Iterator<Item = OsString>) -> Result<Options, String> {
    let mut options = Options { path: None, kills: 0, processes: 1_000_000, help: false };
    while let Some(word) = given.next() {
        let mut number = |option: &str| {
            let number = given.next().and_then(|value| value.to_str()?.parse::<u32>().ok());
            number.ok_or(format!("{option} takes a number"))
        };
        match word.to_str() {
            Some("--help") => options.help = true,
            Some("--chaos") => options.kills = number("--chaos")?.into(),
            Some("--processes") => options.processes = number("--processes")?.max(1) as usize,
            Some(other) if other.starts_with('-') => return Err(format!("no option {other}")),
            _ if options.path.is_some() => return Err("more than one PATH".into()),
            _ => options.path = Some(word.into()),
        }
    }
    Ok(options)
}

/// Prints a line: all output goes through here.
fn say(line: impl Display) -> Result<(), Failure> {
    Ok(writeln!(io::stdout(), "{line}")?)
}

/// A progress bar, which shows on a terminal only.
fn progress(length: Option<u64>, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("a template of ours");
    length.map_or_else(ProgressBar::no_length, ProgressBar::new).with_style(style)
}

/// What the system knows of this program, where it tells.
fn status(label: &str) -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(label))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The folder around the current one that holds a repository, else the current one.
fn repository() -> io::Result<PathBuf> {
    let here = env::current_dir()?;
    let around = here.ancestors().find(|folder| folder.join(".git").exists());
    Ok(around.unwrap_or(&here).to_owned())
}

/// The tour, in a runtime of its own, and what is left when that has ended.
fn run(options: Options) -> Result<(), Failure> {
    let path = options.path.map_or_else(repository, Ok)?;
    let kind = fs::metadata(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    if !kind.is_file() && !kind.is_dir() {
        return Err(format!("{}: neither a file nor a folder", path.display()).into());
    }
    // Crashes are listed by path in the end; without this each was a report on stderr as well.
    tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::new())?;
    let threads = || status("Threads:").map_or("n/a".into(), |count| count.to_string());
    let before = threads();
    let runtime = Runtime::new()?;
    let handle = runtime.handle();
    runtime.run(tour(path, options.kills, options.processes))??;
    runtime.shutdown()?;
    // A thread that has ended still gives its memory back: long, if that was gigabytes.
    let ended = Instant::now();
    while threads() != before && ended.elapsed() < PATIENCE {
        thread::sleep(Duration::from_millis(1));
    }
    let left = (handle.process_count(), handle.timer_count(), threads());
    let (processes, timers, after) = &left;
    say(format_args!(
        "\n5. Left: {processes} processes, {timers} timers, {after} of {before} threads"
    ))?;
    (left == (0, 0, before)).then_some(()).ok_or("something is left".into())
}

fn main() -> ExitCode {
    let complain = |what: &dyn Display, code| {
        let _ = writeln!(io::stderr(), "tour: {what}");
        ExitCode::from(code)
    };
    let done = match parse(env::args_os().skip(1)) {
        Err(mistake) => return complain(&format_args!("{mistake}; see tour --help"), 2),
        Ok(options) if options.help => say(USAGE),
        Ok(options) => run(options),
    };
    let is_closed = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    match done {
        // A reader that has had enough, as `head` has, is no failure.
        Err(error) if !error.downcast_ref().is_some_and(is_closed) => complain(&error, 1),
        _ => ExitCode::SUCCESS,
    }
}
