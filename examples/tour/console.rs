//! The command line, and what is said on it.

use std::{env, ffi::OsString, fmt::Display, fs, io, io::Write, path::PathBuf};

use indicatif::{ProgressBar, ProgressStyle};

use crate::Failure;

pub(crate) const USAGE: &str = "\
Usage: tour [PATH] [--chaos N]

Starts a supervision tree, then a million processes, then counts the words under PATH (by default
the repository around the current folder). A word is a run of characters that are not white space.

  --chaos N      kill up to N counters on the way
  --processes N  so many instead of a million";

/// What was asked for.
pub(crate) struct Options {
    pub(crate) path: Option<PathBuf>,
    pub(crate) kills: u64,
    pub(crate) processes: usize,
    pub(crate) help: bool,
}

/// What the words of the command line ask for.
pub(crate) fn parse(mut given: impl Iterator<Item = OsString>) -> Result<Options, String> {
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
pub(crate) fn say(line: impl Display) -> Result<(), Failure> {
    Ok(writeln!(io::stdout(), "{line}")?)
}

/// A progress bar, which shows on a terminal only.
pub(crate) fn progress(length: Option<u64>, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("a template of ours");
    length.map_or_else(ProgressBar::no_length, ProgressBar::new).with_style(style)
}

/// What the system knows of this program, where it tells.
pub(crate) fn status(label: &str) -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(label))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The folder around the current one that holds a repository, else the current one.
pub(crate) fn repository() -> io::Result<PathBuf> {
    let here = env::current_dir()?;
    let around = here.ancestors().find(|folder| folder.join(".git").exists());
    Ok(around.unwrap_or(&here).to_owned())
}
