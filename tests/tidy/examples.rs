//! Every public item is shown at work.
//!
//! A type, a trait and a function have an example of their own, or say whose example uses them. The
//! parts of an item (variants, fields, a trait's methods) are covered by the item's, and constants
//! by that of their module. What is hidden from the documentation needs none.

use crate::{
    Finding,
    repo::Source,
    report::{bitten, everywhere},
};

/// The libraries.
const PACKAGES: &[&str] = &["actor-core", "actor-testkit"];

/// What generated code and the testkit's own tests use: `#[doc(hidden)]` where it is exported.
const HIDDEN: &[&str] = &[
    "actor-core/src/private.rs",
    "actor-testkit/src/config.rs",
    "actor-testkit/src/explore.rs",
    "actor-testkit/src/report.rs",
    "actor-testkit/src/trace.rs",
];

/// What can be shown at work.
const ITEMS: &[&str] = &["fn", "struct", "enum", "trait", "type", "union"];

/// Words before the item's kind.
const QUALIFIERS: &[&str] = &["const", "async", "unsafe"];

/// The kind and the name of the public item that a line of code begins.
fn public_item(line: &str) -> Option<(&str, &str)> {
    let words = line.trim_start().strip_prefix("pub ")?;
    let mut words = words.split([' ', '(', '<', '{', ';', ':']);
    let kind = words.find(|word| !QUALIFIERS.contains(word))?;
    ITEMS.contains(&kind).then_some((kind, words.next()?))
}

/// Whether the docs show the item, or say which other item's example does.
fn is_shown(docs: &str) -> bool {
    docs.contains("```") || docs.contains("example")
}

fn examples(source: &Source) -> Vec<Finding> {
    let is_public = PACKAGES.iter().any(|package| source.is_in(package));
    if !is_public || HIDDEN.contains(&&*source.path) {
        return Vec::new();
    }
    let text: Vec<_> = source.text.lines().collect();
    let code: Vec<_> = source.code.lines().collect();
    let shipped = source.shipped.lines().enumerate();
    let findings = shipped.filter_map(|(at, line)| {
        let (kind, name) = public_item(line)?;
        // What stands above it, up to the item before: its docs and attributes.
        let is_edge = |at: &usize| {
            text[*at].trim().is_empty() || code[*at].trim_end().ends_with(['{', '}', ';'])
        };
        let top = (0..at).rev().find(is_edge).map_or(0, |edge| edge + 1);
        let above = text[top..at].join(" ");
        let is_doc = |line: &&&str| line.trim_start().starts_with("///");
        let docs: String = text[top..at].iter().filter(is_doc).copied().collect();
        let message = format!(
            "the docs of `{kind} {name}` show no example: add one, or say whose example uses it"
        );
        let is_fine = is_shown(&docs) || above.contains("doc(hidden)");
        (!is_fine).then(|| Finding::new(&source.path, at + 1, message))
    });
    findings.collect()
}

#[test]
fn every_public_item_is_shown_at_work() {
    everywhere(examples);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_bites_on_an_item_without_an_example_and_on_no_other() {
        let text = "/// One.\npub struct A;\n\n/// Two.\n/// ```\n/// ```\n#[derive(\n    X,\n)]\n\
                    pub enum B { C }\n\n/// Three. The [type's example](Self) uses it.\n\
                    pub const fn d() {}\n\nimpl A {\n    /// Four.\n    pub async fn e() {}\n}\n\n\
                    pub(crate) struct F;\n\n#[doc(hidden)]\npub trait G {}\n\n\
                    /// Bound.\npub const H: u8 = 1;\n";
        assert_eq!(bitten(examples, "actor-core/src/a.rs", text), [2, 17]);
        assert_eq!(bitten(examples, "examples/a.rs", text), []);
    }
}
