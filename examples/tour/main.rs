//! The tour: what this is for, in some seconds. Five steps: a supervision tree; a million
//! processes; the words of a folder, counted by a process a file, each under a supervisor of its
//! own; how many of those were killed meanwhile; and what is left in the end, which is nothing.
//!
//! Run: `cargo run --release -p examples --bin tour -- [PATH] [--chaos N]`.

mod console;
mod words;

use std::{cmp::Reverse, env, fmt::Display, fs, io, io::Write, path::PathBuf, process::ExitCode};
use std::{thread, time::Duration, time::Instant};

use actor_core::prelude::*;
use indicatif::HumanCount;

use console::{Options, USAGE, parse, progress, repository, say, status};
use words::Count;

/// How long the threads may take to be gone.
const PATIENCE: Duration = Duration::from_secs(10);
type Failure = Box<dyn std::error::Error + Send + Sync>;

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
