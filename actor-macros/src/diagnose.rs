//! The error collector. A user fixes a block once if all that is wrong with it is said at once, so
//! no stage returns at its first error: it reports here and goes on with what it could read.
//!
//! Rules: every error is spanned at the user's own token; every text says what is wrong *and* what
//! to write instead; a collector that is dropped without [`Diagnostics::finish`] panics, so that a
//! stage cannot swallow an error.

use std::cell::RefCell;
use std::fmt::Display;

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

/// All errors of one macro call, in the order they were found.
pub(crate) struct Diagnostics {
    /// `None` once they have been handed over.
    errors: RefCell<Option<Vec<syn::Error>>>,
}

impl Diagnostics {
    /// An empty collection.
    pub(crate) fn new() -> Self {
        Self { errors: RefCell::new(Some(Vec::new())) }
    }

    /// Reports `message` at one place.
    pub(crate) fn at(&self, span: Span, message: impl Display) {
        self.push(syn::Error::new(span, message));
    }

    /// Reports `message` under all of `tokens`.
    pub(crate) fn on(&self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Reports an error that syn has worded.
    pub(crate) fn push(&self, error: syn::Error) {
        if let Some(errors) = self.errors.borrow_mut().as_mut() {
            errors.push(error);
        }
    }

    /// How many errors there are: two readings tell whether the work in between was clean.
    pub(crate) fn count(&self) -> usize {
        self.errors.borrow().as_ref().map_or(0, Vec::len)
    }

    /// One `compile_error!` for each error; nothing if there is none.
    pub(crate) fn finish(self) -> TokenStream {
        let errors = self.errors.borrow_mut().take().unwrap_or_default();
        errors.iter().map(syn::Error::to_compile_error).collect()
    }
}

impl Drop for Diagnostics {
    fn drop(&mut self) {
        let unreported = self.errors.borrow().is_some();
        if unreported && !std::thread::panicking() {
            panic!("a macro stage ended without reporting its errors");
        }
    }
}

/// The one of `known` that `word` was probably meant to be.
pub(crate) fn did_you_mean<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let near = |name: &&str| distance(word, name) <= 1 + name.len() / 4;
    known.iter().copied().filter(near).min_by_key(|name| distance(word, name))
}

/// The hint that ends a message about an unknown word: the near miss, or the whole list.
pub(crate) fn hint(word: &str, known: &[&str]) -> String {
    match did_you_mean(word, known) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("known here: {}", list(known)),
    }
}

/// `` `a`, `b` and `c` ``.
pub(crate) fn list(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// The number of edits (insert, delete, replace, swap of neighbours) from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = match (i, j) {
                (0, n) | (n, 0) => n,
                _ => {
                    let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                    let best = replaced.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                    let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                    if swapped { best.min(rows[i - 2][j - 2] + 1) } else { best }
                }
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swapped_or_missing_letter_is_recognised() {
        let known = ["mailbox", "priority", "version"];
        assert_eq!(did_you_mean("mailbx", &known), Some("mailbox"));
        assert_eq!(did_you_mean("pirority", &known), Some("priority"));
    }

    #[test]
    fn a_word_unlike_all_others_gets_the_list() {
        assert_eq!(hint("colour", &["mailbox", "version"]), "known here: `mailbox` and `version`");
    }

    #[test]
    fn a_short_word_does_not_match_everything() {
        assert_eq!(did_you_mean("xy", &["call", "cast"]), None);
    }

    #[test]
    fn the_nearest_name_wins() {
        assert_eq!(
            did_you_mean("one_for_al", &["one_for_one", "one_for_all"]),
            Some("one_for_all")
        );
    }

    #[test]
    #[should_panic(expected = "without reporting its errors")]
    fn dropping_the_collector_unreported_panics() {
        drop(Diagnostics::new());
    }

    #[test]
    fn all_errors_are_handed_over() {
        let report = Diagnostics::new();
        report.at(Span::call_site(), "one");
        report.at(Span::call_site(), "two");
        assert_eq!(report.count(), 2);
        let text = report.finish().to_string();
        assert!(text.contains("one") && text.contains("two"), "{text}");
    }
}
