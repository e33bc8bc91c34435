//! What a rule has to say, and how a test says it.

use std::fmt;

use crate::repo::{Source, repo};

/// One breach of one rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) file: String,
    /// From 1.
    pub(crate) line: usize,
    /// What is wrong, and what to do.
    pub(crate) message: String,
}

impl Finding {
    pub(crate) fn new(file: &str, line: usize, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

/// Fails the running test with every finding, in file order.
pub(crate) fn none(mut findings: Vec<Finding>) {
    findings.sort();
    let list: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert!(list.is_empty(), "{} to mend:\n{}", list.len(), list.join("\n"));
}

/// Runs a rule over every Rust file of the repository.
pub(crate) fn everywhere(rule: impl Fn(&Source) -> Vec<Finding>) {
    none(repo().rust.iter().flat_map(rule).collect());
}

/// The lines of a sample that a rule objects to.
pub(crate) fn bitten(rule: impl Fn(&Source) -> Vec<Finding>, path: &str, text: &str) -> Vec<usize> {
    let mut lines: Vec<_> =
        rule(&Source::new(path, text.to_owned())).into_iter().map(|found| found.line).collect();
    lines.sort_unstable();
    lines.dedup();
    lines
}

#[test]
#[should_panic(expected = "1 to mend:\na.rs:3: too long; split it")]
fn a_finding_fails_its_test_and_says_where() {
    none(vec![Finding::new("a.rs", 3, "too long; split it")]);
}
