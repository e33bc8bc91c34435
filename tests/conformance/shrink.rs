//! Makes a script that differs smaller: leaves out lines as long as it still differs.

use crate::differences;
use crate::script::Script;
use crate::there::Erlang;

/// How many rounds are tried: each is one start of an Erlang.
const ROUNDS: usize = 12;

/// The smallest script found, and how it differs.
pub(crate) fn smallest(erlang: &Erlang, script: &Script, schedules: usize) -> (Script, String) {
    let mut best = (script.clone(), String::new());
    for _ in 0..ROUNDS {
        let candidates = shorter(&best.0);
        let found = differences(erlang, &candidates, schedules);
        match found.into_iter().next() {
            Some(smaller) => best = smaller,
            None => break,
        }
    }
    best
}

/// The script without each of its lines that can be missed, the longest pieces first.
fn shorter(script: &Script) -> Vec<Script> {
    let count = script.lines.len();
    let mut found: Vec<Script> = Vec::new();
    for length in [count.div_ceil(2), count.div_ceil(4), 1] {
        for at in (0..count).step_by(length).filter(|at| at + length <= count) {
            let mut lines = script.lines.clone();
            let piece: Vec<String> = lines.drain(at..at + length).collect();
            // Without its flags a supervisor cannot start; without a start there is nothing.
            let needed = |line: &String| line.starts_with("sup ") || line.starts_with("do start ");
            if !piece.iter().any(needed) {
                found.push(Script { name: format!("{}", found.len()), lines });
            }
        }
    }
    found
}
