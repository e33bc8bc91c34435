//! The language in which both halves are told what to do: plain text, a line a thing.
//!
//! ```text
//! script NAME
//! sup ID STRATEGY INTENSITY PERIOD AUTO       a supervisor; AUTO (auto_shutdown) may be missing
//! kid SUP ID RESTART SHUTDOWN sup             its children in start order: a supervisor,
//! kid SUP ID RESTART SHUTDOWN TRAP STOP PLAN  or a worker; either may end with `significant`
//! do STEP                                     a step, then the barrier
//! go STEP                                     a step without a barrier
//! end
//! ```
//!
//! RESTART, STRATEGY: OTP's words. A `simple_one_for_one` supervisor is the top and has one `kid`,
//! of which `grow` makes any number: dynamic children here. SHUTDOWN: `brutal`, `infinity` or
//! milliseconds. PERIOD: seconds. TRAP: `trap` or `plain`. STOP, what its terminate does: `now`,
//! `slow` (takes longer than any short SHUTDOWN), `held` (until it is released) or `crash`. PLAN,
//! how its first, second, .. start goes, the last for all later ones: `ok`, `ignore`, `err`,
//! `crash`, `hold` (waits to be released, then starts), `holderr`.
//!
//! | step | |
//! |---|---|
//! | `start SUP` | the boss starts the tree, and is its parent |
//! | `parent R` | the boss sends the tree's top an exit signal |
//! | `exit ID R` | a stranger sends an exit signal |
//! | `stop ID R`, `crash ID` | a worker ends by itself |
//! | `trap ID on/off` | a worker traps exits from here on, or no longer |
//! | `link A B`, `unlink A B`, `monitor A B`, `demonitor A B` | a worker does so |
//! | `send A B R` | a worker sends an exit signal, perhaps to itself |
//! | `spawn ID TRAP`, `spawn_link A ID TRAP`, `spawn_monitor ..` | a worker outside of the tree |
//! | `which S`, `count S`, `terminate S ID`, `restart S ID`, `delete S ID` | a request |
//! | `add S ID RESTART ..` | `start_child`, with a child as of `kid` |
//! | `grow S ID` | `start_child` of a simple_one_for_one supervisor |
//! | `release ID` | who is held longest under this id goes on |
//! | `sleep MS` | time passes |
//!
//! An id means its latest incarnation, dead or alive. A reason is an atom; `shut` is `{shutdown,
//! t}`.
//!
//! Some requests are left out by both halves:
//!
//! - All before the tree has started: there is no ref to its top yet.
//! - Those to a supervisor other than the top, while somebody is held. Here they go by a supervised
//!   ref: if the supervisor is in a gap or being stopped, they wait for the next incarnation. In
//!   OTP they fail, or go to the pid that is just starting. (A documented difference.)
//! - `count` while somebody is held. A child that has died while its supervisor was busy counts as
//!   active here until the supervisor has heard of it; OTP looks whether it is alive.

use std::collections::HashMap;
use std::time::Duration;

use actor_core::supervisor::{AutoShutdown, Restart, Shutdown, Strategy};

/// A script, as its lines; what is between `script` and `end`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) name: String,
    pub(crate) lines: Vec<String>,
}

impl Script {
    /// As both halves read it.
    pub(crate) fn text(&self) -> String {
        format!("script {}\n{}\nend\n", self.name, self.lines.join("\n"))
    }

    /// All scripts of a text.
    pub(crate) fn all(text: &str) -> Vec<Self> {
        let mut scripts: Vec<Self> = Vec::new();
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix("script ") {
                scripts.push(Self { name: name.to_owned(), lines: Vec::new() });
            } else if !line.is_empty() && !line.starts_with('#') && line != "end" {
                let script = scripts.last_mut().expect("a script begins with its name");
                script.lines.push(line.to_owned());
            }
        }
        scripts
    }
}

/// A script that can be played.
#[derive(Clone, Debug, Default)]
pub(crate) struct Play {
    pub(crate) sups: HashMap<String, Flags>,
    /// In start order, each with the id of its supervisor.
    pub(crate) kids: Vec<(String, Kid)>,
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Flags {
    pub(crate) strategy: Strategy,
    /// simple_one_for_one: its children are dynamic.
    pub(crate) simple: bool,
    pub(crate) intensity: u32,
    pub(crate) period: Duration,
    pub(crate) auto_shutdown: AutoShutdown,
}

#[derive(Clone, Debug)]
pub(crate) struct Kid {
    pub(crate) id: String,
    pub(crate) restart: Restart,
    pub(crate) shutdown: Shutdown,
    pub(crate) significant: bool,
    /// None for a supervisor.
    pub(crate) nature: Option<Nature>,
}

/// What a worker is like.
#[derive(Clone, Debug)]
pub(crate) struct Nature {
    pub(crate) trap: bool,
    pub(crate) stop: Stop,
    pub(crate) plan: Vec<Outcome>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Now,
    Slow,
    Held,
    Crash,
}

/// How a start goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ok,
    Ignore,
    Err,
    Crash,
    Hold,
    HoldErr,
}

#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// Whether the barrier follows.
    pub(crate) waits: bool,
    pub(crate) words: Vec<String>,
}

impl Nature {
    /// What a worker outside of the tree is like.
    pub(crate) fn free(trap: &str) -> Self {
        Self { trap: trap == "trap", stop: Stop::Now, plan: vec![Outcome::Ok] }
    }

    /// How the n-th start goes, from 1.
    pub(crate) fn outcome(&self, start: usize) -> Outcome {
        self.plan[start.min(self.plan.len()) - 1]
    }
}

impl Outcome {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Ignore => "ignore",
            Self::Err => "err",
            Self::Crash => "crash",
            Self::Hold => "hold",
            Self::HoldErr => "holderr",
        }
    }
}

impl Play {
    /// Reads a script.
    ///
    /// # Panics
    /// If it is none: they are written by this program and for it.
    pub(crate) fn of(script: &Script) -> Self {
        let mut play = Self::default();
        for line in &script.lines {
            let words: Vec<&str> = line.split_whitespace().collect();
            match &*words {
                ["sup", id, flags @ ..] => {
                    play.sups.insert((*id).to_owned(), self::flags(flags));
                }
                ["kid", sup, kid @ ..] => play.kids.push(((*sup).to_owned(), Kid::of(kid))),
                [how @ ("do" | "go"), step @ ..] => {
                    let words = step.iter().map(|word| (*word).to_owned()).collect();
                    play.steps.push(Step { waits: *how == "do", words });
                }
                _ => panic!("`{line}` is no line of a script"),
            }
        }
        play
    }
}

fn flags(words: &[&str]) -> Flags {
    let [strategy, intensity, period, auto @ ..] = words else { panic!("{words:?}: flags") };
    Flags {
        auto_shutdown: match auto {
            [] => AutoShutdown::Never,
            ["any_significant"] => AutoShutdown::AnySignificant,
            ["all_significant"] => AutoShutdown::AllSignificant,
            other => panic!("`{other:?}` is no auto_shutdown"),
        },
        strategy: match *strategy {
            "one_for_one" | "simple_one_for_one" => Strategy::OneForOne,
            "one_for_all" => Strategy::OneForAll,
            "rest_for_one" => Strategy::RestForOne,
            other => panic!("`{other}` is no strategy"),
        },
        simple: *strategy == "simple_one_for_one",
        intensity: intensity.parse().expect("an intensity"),
        period: Duration::from_secs(period.parse().expect("a period")),
    }
}

impl Kid {
    /// Reads `ID RESTART SHUTDOWN ..`.
    pub(crate) fn of<W: AsRef<str>>(words: &[W]) -> Self {
        let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
        let (significant, words) = match &*words {
            [words @ .., "significant"] => (true, words),
            words => (false, words),
        };
        let [id, restart, shutdown, rest @ ..] = words else { panic!("{words:?}: a child") };
        let nature = match rest {
            ["sup"] => None,
            [trap, stop, plan] => Some(Nature {
                trap: *trap == "trap",
                stop: self::stop(stop),
                plan: plan.split(',').map(outcome).collect(),
            }),
            _ => panic!("{words:?}: a supervisor or a worker"),
        };
        Self {
            id: (*id).to_owned(),
            restart: match *restart {
                "permanent" => Restart::Permanent,
                "transient" => Restart::Transient,
                "temporary" => Restart::Temporary,
                other => panic!("`{other}` is no restart type"),
            },
            shutdown: match *shutdown {
                "brutal" => Shutdown::BrutalKill,
                "infinity" => Shutdown::Infinity,
                millis => Shutdown::After(Duration::from_millis(millis.parse().expect("a time"))),
            },
            significant,
            nature,
        }
    }
}

fn stop(word: &str) -> Stop {
    match word {
        "now" => Stop::Now,
        "slow" => Stop::Slow,
        "held" => Stop::Held,
        "crash" => Stop::Crash,
        other => panic!("`{other}` is no way to stop"),
    }
}

fn outcome(word: &str) -> Outcome {
    match word {
        "ok" => Outcome::Ok,
        "ignore" => Outcome::Ignore,
        "err" => Outcome::Err,
        "crash" => Outcome::Crash,
        "hold" => Outcome::Hold,
        "holderr" => Outcome::HoldErr,
        other => panic!("`{other}` is no outcome of a start"),
    }
}
