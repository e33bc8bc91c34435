//! The words of a folder, counted by a process a file, each under a supervisor of its own.
//!
//! A word is a run of characters that are not white space (`char::is_whitespace`). `wc -w` in a
//! UTF-8 locale finds as many, unless there are control characters (which are no words to it) or
//! white space that it does not take for such, as U+0085.

use std::{collections::HashMap, fs, io::Read, mem, path::PathBuf, time::Duration};

use actor_core::prelude::*;
use ignore::{DirEntry, Walk, WalkBuilder};
use indicatif::ProgressBar;

use crate::Failure;

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
type Words = HashMap<String, u64>;

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
pub(crate) struct Tally {
    pub(crate) files: u64,
    pub(crate) words: Words,
    pub(crate) kills: u64,
    /// What could not be counted: paths and reasons.
    pub(crate) failed: Vec<String>,
}

/// Has one file after the other counted, and merges their words.
#[derive(Process)]
pub(crate) struct Merger {
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
pub(crate) struct Total(Vec<MergerRef>);

#[handlers]
impl Total {
    /// The words of all files.
    #[call(timeout = infinity)]
    pub(crate) async fn count(&mut self) -> Result<Tally, ExitReason> {
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
pub(crate) struct Count {
    pub(crate) path: PathBuf,
    pub(crate) kills: u64,
    pub(crate) bar: ProgressBar,
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
    pub(crate) fn total(&self, merger: Vec<MergerRef>) -> Total {
        Total(merger)
    }
}
