//! Compares two logs event by event, as far as OTP promises an order.
//!
//! - Events of different steps are never exchanged: between them is the barrier.
//! - What supervisors do (*start*, *ready*, *stop*, *stopped*) is compared in its order. In a
//!   script in which one supervisor alone can be at work at a time, this is one order for the whole
//!   tree; where two may be at work at once (workers of a tree are linked with each other, a
//!   supervisor is sent an exit signal) it is one order for each incarnation of a supervisor.
//! - Dynamic children stop together: their *stop* and *stopped* have no order.
//! - Everything else of a step (exits and DOWNs that were received, the witness's DOWNs, answers,
//!   the ends of workers whose supervisor was killed) comes from several processes, between which
//!   OTP promises no order: it is compared as a set.
//! - Where ends race (of two linked children of one supervisor: whose comes first?), Erlang's log
//!   is to be one of those that our schedules bring forth. In all other scripts all schedules have
//!   to bring forth Erlang's.

use std::collections::BTreeMap;

use crate::book::Line;
use crate::script::Script;

/// How freely a script's events are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Freedom {
    /// Two supervisors may be at work at once.
    pub(crate) side_by_side: bool,
    /// Several ends race for one supervisor or one worker, and what comes of it depends on the
    /// winner.
    pub(crate) races: bool,
}

/// What a script's steps leave open.
pub(crate) fn freedom(script: &Script) -> Freedom {
    let sups: Vec<&str> = script
        .lines
        .iter()
        .filter_map(|line| line.strip_prefix("sup "))
        .filter_map(|flags| flags.split(' ').next())
        .collect();
    let has = |word: &str| script.lines.iter().any(|line| line.split(' ').any(|w| w == word));
    // A process that hears of an end by a monitor and by a link may die of the one first.
    let races = has("link") && has("monitor");
    let mut freedom = Freedom { side_by_side: false, races };
    for line in &script.lines {
        let words: Vec<&str> = line.split(' ').collect();
        match *words {
            ["go", ..] | ["do", "spawn_link", ..] => freedom.races = true,
            ["do", "link" | "monitor" | "spawn_monitor", ..] if !sups.is_empty() => {
                freedom.races = true;
            }
            ["do", "exit", id, _] | ["do", "send", _, id, _] => {
                freedom.side_by_side |= sups.contains(&id) || id == "boss";
            }
            _ => {}
        }
    }
    freedom.side_by_side |= freedom.races;
    freedom
}

/// What happened in one step.
#[derive(Default)]
struct Events<'a> {
    /// By streams.
    ordered: BTreeMap<&'a str, Vec<&'a str>>,
    others: Vec<String>,
}

/// A log in a form in which two that OTP does not tell apart are equal.
pub(crate) fn normal(script: &Script, log: &[Line]) -> Vec<String> {
    let loose = freedom(script).side_by_side;
    let together = script.lines.iter().any(|line| line.contains(" simple_one_for_one "));
    let mut steps: BTreeMap<usize, Events<'_>> = BTreeMap::new();
    for line in log {
        let Events { ordered, others } = steps.entry(line.step).or_default();
        let what = line.text.split(' ').next().unwrap_or_default();
        let own = line.text.split(' ').nth(1) == Some(&*line.stream);
        let supervised = matches!(what, "start" | "ready" | "stop" | "stopped" | "started");
        let together = together && what.starts_with("stop");
        if supervised && !own && !together {
            ordered.entry(if loose { &line.stream } else { "tree" }).or_default().push(&line.text);
        } else {
            others.push(format!("{}: {}", line.stream, line.text));
        }
    }
    let mut lines = Vec::new();
    for (step, Events { ordered, mut others }) in steps {
        for (stream, texts) in ordered {
            lines.extend(texts.iter().map(|text| format!("{step} {stream}> {text}")));
        }
        others.sort();
        lines.extend(others.iter().map(|text| format!("{step} {text}")));
    }
    lines
}

/// Where two logs part, printed side by side; None if they do not.
pub(crate) fn difference(script: &Script, there: &[Line], here: &[Line]) -> Option<String> {
    let (there, here) = (normal(script, there), normal(script, here));
    if there == here {
        return None;
    }
    let nothing = String::from("-");
    let mut text = format!("{:<50} | here\n", "Erlang");
    let at = there.iter().zip(&here).take_while(|(a, b)| a == b).count();
    for row in 0..there.len().max(here.len()) {
        let (a, b) = (there.get(row).unwrap_or(&nothing), here.get(row).unwrap_or(&nothing));
        let mark = if row == at { ">>" } else { "  " };
        text.push_str(&format!("{mark}{a:<48} | {b}\n"));
    }
    Some(text)
}
