//! How long things may be: a file, a function, a line.

use crate::{
    Finding,
    lexer::{closing, in_name, words},
    repo::{Source, repo},
    report::{self, bitten, everywhere},
};

/// Past this a file has two subjects.
const FILE: usize = 600;

/// Half of the files are at most this long.
const MEDIAN: usize = 250;

/// A function fits on a screen.
const FUNCTION: usize = 70;

/// In characters.
const LINE: usize = 100;

fn file_length(source: &Source) -> Vec<Finding> {
    let length = source.text.lines().count();
    let message = format!("{length} lines, the limit is {FILE}; split the file by subject");
    (length > FILE).then(|| Finding::new(&source.path, FILE + 1, message)).into_iter().collect()
}

fn median(sources: &[Source]) -> Vec<Finding> {
    let mut lengths: Vec<_> =
        sources.iter().map(|source| (source.text.lines().count(), &source.path)).collect();
    lengths.sort_unstable();
    let Some(&(middle, path)) = lengths.get(lengths.len() / 2) else { return Vec::new() };
    let message = format!(
        "the median file has {middle} lines, the limit is {MEDIAN}; split the files longer than \
         this one"
    );
    (middle > MEDIAN).then(|| Finding::new(path, 1, message)).into_iter().collect()
}

fn line_width(source: &Source) -> Vec<Finding> {
    let wide = source.text.lines().enumerate().filter(|(_, line)| line.chars().count() > LINE);
    let message = format!("wider than {LINE} characters; break the line");
    wide.map(|(at, _)| Finding::new(&source.path, at + 1, message.clone())).collect()
}

/// Counts a body's lines as clippy does: comments and blank lines are free.
fn function_length(source: &Source) -> Vec<Finding> {
    let code = &source.code;
    let findings = words(code, "fn").filter_map(|at| {
        let rest = code[at + 2..].trim_start();
        let name: String = rest.chars().take_while(|&char| in_name(char as u8)).collect();
        let open = body(code, at).filter(|_| !name.is_empty())?;
        let body = &code[open..closing(code, open)];
        let length = body.lines().filter(|line| !line.trim().is_empty()).count().saturating_sub(2);
        let message = format!(
            "`{name}` has {length} lines of code, the limit is {FUNCTION}; give its parts names"
        );
        (length > FUNCTION).then(|| Finding::new(&source.path, source.line(at), message))
    });
    findings.collect()
}

/// The brace that opens the body of the function at `at`, if it has one.
fn body(code: &str, mut at: usize) -> Option<usize> {
    while at < code.len() {
        match code.as_bytes()[at] {
            b'(' | b'[' => at = closing(code, at),
            b'{' => return Some(at),
            b';' | b'}' | b')' | b']' => return None,
            _ => at += 1,
        }
    }
    None
}

#[test]
fn no_file_is_longer_than_600_lines() {
    everywhere(file_length);
}

#[test]
fn half_of_the_files_have_at_most_250_lines() {
    report::none(median(&repo().rust));
}

#[test]
fn no_function_is_longer_than_70_lines() {
    everywhere(function_length);
}

#[test]
fn no_line_is_wider_than_100_characters() {
    everywhere(line_width);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_bites_on_the_601st_line() {
        assert_eq!(bitten(file_length, "a.rs", &"\n".repeat(600)), []);
        assert_eq!(bitten(file_length, "a.rs", &"\n".repeat(601)), [601]);
    }

    #[test]
    fn the_rule_bites_on_a_long_median_and_not_on_one_long_file() {
        let file = |lines: usize| Source::new("a.rs", "\n".repeat(lines));
        assert_eq!(median(&[file(10), file(20), file(500)]), []);
        assert_eq!(median(&[file(10), file(251), file(500)]).len(), 1);
    }

    #[test]
    fn the_rule_bites_on_the_71st_line_of_a_body() {
        let function = |lines: usize| {
            let body = "    g(); // {\n".repeat(lines);
            format!("fn short() {{}}\ntype F = fn(u8);\nfn f(a: [u8; 2])\n{{\n\n// x\n{body}}}\n")
        };
        assert_eq!(bitten(function_length, "a.rs", &function(70)), []);
        assert_eq!(bitten(function_length, "a.rs", &function(71)), [3]);
    }

    #[test]
    fn the_rule_bites_on_the_101st_character() {
        let line = |width: usize| format!("\n{}\n", "é".repeat(width));
        assert_eq!(bitten(line_width, "a.rs", &line(100)), []);
        assert_eq!(bitten(line_width, "a.rs", &line(101)), [2]);
    }
}
