//! Spells out the paths that a text names.
//!
//! `use a::{b::C, d}` names `a::b::C` and `a::d`; after it, `d::e()` names `a::d::e`. Names are
//! resolved for a whole file at once, whatever the scope of the import.

use std::collections::HashMap;

use crate::lexer::{closing, in_name, words};

/// One path, where it is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) at: usize,
    /// With `::` between the segments, none in front; a glob ends in `*`.
    pub(crate) path: String,
}

/// Every path of two and more segments that `code` names, in order.
pub(crate) fn named(code: &str) -> Vec<Named> {
    let imports = imports(code);
    let short: HashMap<&str, &str> = imports
        .iter()
        .filter(|import| import.alias != "*")
        .map(|import| (import.alias.as_str(), import.named.path.as_str()))
        .collect();
    let mut found: Vec<_> = imports.iter().map(|import| import.named.clone()).collect();
    let spans: Vec<_> = uses(code).collect();
    for Named { at, path } in inline(code) {
        if spans.iter().any(|&(start, end)| (start..end).contains(&at)) {
            continue;
        }
        let (first, rest) = path.split_once("::").expect("an inline path has two segments");
        let path = short.get(first).map_or(path.clone(), |full| format!("{full}::{rest}"));
        found.push(Named { at, path });
    }
    found.retain(|named| named.path.contains("::"));
    found.sort_by_key(|named| named.at);
    found
}

struct Import {
    named: Named,
    alias: String,
}

/// The spans between each `use` and its semicolon.
fn uses(code: &str) -> impl Iterator<Item = (usize, usize)> + '_ {
    words(code, "use").filter_map(|at| {
        let start = at + "use".len();
        // `use<'a>` in a bound captures, it does not import.
        let import = code[start..].trim_start().starts_with(|c: char| c != '<');
        import.then(|| (start, start + code[start..].find(';').unwrap_or(code.len() - start)))
    })
}

fn imports(code: &str) -> Vec<Import> {
    let mut found = Vec::new();
    for (start, end) in uses(code) {
        tree(code, (start, end), "", &mut found);
    }
    found
}

/// One branch of a `use` tree: `prefix` has been walked.
fn tree(code: &str, (start, end): (usize, usize), prefix: &str, found: &mut Vec<Import>) {
    let text = &code[start..end];
    let at = start + text.len() - text.trim_start().len();
    if let Some(open) = text.find('{') {
        let prefix = join(prefix, &squeeze(&text[..open]));
        let (open, close) = (start + open, closing(code, start + open) - 1);
        let mut from = open + 1;
        while from < close {
            let to = branch_end(code, from, close);
            tree(code, (from, to), &prefix, found);
            from = to + 1;
        }
        return;
    }
    let mut words = text.split_whitespace();
    let written: String = words.by_ref().take_while(|&word| word != "as").collect();
    if written.is_empty() {
        return;
    }
    let path = join(prefix, written.trim_start_matches("::"));
    let path = path.strip_suffix("::self").unwrap_or(&path).to_owned();
    let last = path.rsplit("::").next().unwrap_or(&path).to_owned();
    let alias = words.next().map_or(last, ToOwned::to_owned);
    found.push(Import { named: Named { at, path }, alias });
}

/// The comma that ends the branch at `from`, or `close`.
fn branch_end(code: &str, from: usize, close: usize) -> usize {
    let mut at = from;
    while at < close {
        match code.as_bytes()[at] {
            b'{' => at = closing(code, at),
            b',' => return at,
            _ => at += 1,
        }
    }
    close
}

fn squeeze(text: &str) -> String {
    let text: String = text.split_whitespace().collect();
    text.trim_matches(':').to_owned()
}

fn join(prefix: &str, path: &str) -> String {
    if prefix.is_empty() { path.to_owned() } else { format!("{prefix}::{path}") }
}

/// Paths of two and more segments, as written.
fn inline(code: &str) -> Vec<Named> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let length = name(bytes, at);
        if length == 0 {
            at += 1;
            continue;
        }
        let start = at;
        at += length;
        let mut segments = 1;
        while bytes[at..].starts_with(b"::") && name(bytes, at + 2) > 0 {
            at += 2 + name(bytes, at + 2);
            segments += 1;
        }
        if segments > 1 {
            found.push(Named { at: start, path: code[start..at].to_owned() });
        }
    }
    found
}

/// The length of the name at `at`.
fn name(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().take_while(|&&byte| in_name(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(code: &str) -> Vec<String> {
        named(code).into_iter().map(|named| named.path).collect()
    }

    #[test]
    fn a_use_tree_is_spelt_out() {
        let code = "use a::{self, b::{C as D, E}, f::*,}; pub(crate) use ::g::h; use i;";
        assert_eq!(all(code), ["a::b::C", "a::b::E", "a::f::*", "g::h"]);
    }

    #[test]
    fn an_imported_name_means_what_was_imported() {
        let code = "use std::thread as t;\nfn f() -> impl use<'a> { t::sleep(x); ::k::l::<u8>() }\n\
                    macro m { $crate::n!() }";
        assert_eq!(all(code), ["std::thread", "std::thread::sleep", "k::l", "crate::n"]);
    }
}
