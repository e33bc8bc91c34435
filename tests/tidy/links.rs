//! The documents' links lead somewhere. Links of doc comments are rustdoc's to check.

use std::path::Path;

use crate::{
    Finding,
    repo::{Text, repo},
    report,
};

/// The relative links of a document that lead nowhere.
fn broken(document: &Text, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let folder = Path::new(&document.path).parent().unwrap_or(Path::new(""));
    let mut found = Vec::new();
    let mut fenced = false;
    for (at, line) in document.text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        for target in targets(line) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains(':') {
                continue;
            }
            let path = match file.strip_prefix('/') {
                Some(from_root) => from_root.into(),
                None => folder.join(file),
            };
            if !exists(&path.to_string_lossy()) {
                let message = format!("`{target}` leads nowhere; correct the link or drop it");
                found.push(Finding::new(&document.path, at + 1, message));
            }
        }
    }
    found
}

/// The targets of `[text](target)` and `[name]: target` in a line, code spans left out.
fn targets(line: &str) -> Vec<&str> {
    let prose = line.split('`').step_by(2);
    let mut found: Vec<_> = prose
        .flat_map(|text| text.match_indices("](").map(move |(at, _)| &text[at + 2..]))
        .filter_map(|rest| rest.split([')', ' ']).next())
        .collect();
    // A code span inside the brackets splits the link: `[`a`](b)` is `](b)` after the span.
    let reference = line.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]: "));
    found.extend(reference.and_then(|(_, target)| target.split_whitespace().next()));
    found
}

#[test]
fn every_relative_link_of_a_document_leads_to_a_file() {
    let repo = repo();
    let exists = |path: &str| repo.root.join(path).exists();
    report::none(repo.documents.iter().flat_map(|document| broken(document, exists)).collect());
}

#[test]
fn the_rule_bites_on_a_link_to_nothing() {
    let text = "[a](b.md) and [c](gone.md#d)\n[`e`](../gone.rs)\n```\n[f](gone.md)\n```\n\
                `[g](gone.md)` [h](https://example.org/i) [j](#k)\n[l]: gone.md\n[m](b.md#n)\n";
    let document = Text { path: "docs/x.md".into(), text: text.into() };
    let lines: Vec<_> =
        broken(&document, |path| path == "docs/b.md").into_iter().map(|found| found.line).collect();
    assert_eq!(lines, [1, 2, 7]);
}
