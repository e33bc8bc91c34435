//! Finds what is compiled into a test build only, and blanks it.

use crate::lexer::{blank, closing, in_name};

/// One attribute: `#[body]` or `#![body]`.
pub(crate) struct Attribute<'a> {
    pub(crate) start: usize,
    /// The offset after the closing bracket.
    pub(crate) end: usize,
    pub(crate) inner: bool,
    pub(crate) body: &'a str,
}

impl<'a> Attribute<'a> {
    /// What is asked by a `cfg` attribute.
    pub(crate) fn predicate(&self) -> Option<&'a str> {
        self.body.strip_prefix("cfg")?.trim().strip_prefix('(')?.strip_suffix(')')
    }
}

/// The attributes of a blanked text, in order.
pub(crate) fn attributes(code: &str) -> Vec<Attribute<'_>> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices('#') {
        let rest = &code[start + 1..];
        let inner = rest.starts_with('!');
        let open = start + 1 + usize::from(inner);
        if code[open..].starts_with('[') {
            let end = closing(code, open);
            let body = code[open..end].trim_start_matches('[').trim_end_matches(']').trim();
            found.push(Attribute { start, end, inner, body });
        }
    }
    found
}

/// The code with every test-only item blanked.
pub(crate) fn shipped(code: &str) -> String {
    let mut bytes = code.as_bytes().to_vec();
    for attribute in attributes(code) {
        if !attribute.predicate().is_some_and(needs_test) {
            continue;
        }
        let (start, end) = if attribute.inner {
            (0, code.len())
        } else {
            (attribute.start, item_end(code, attribute.end))
        };
        let blanks = blank(&bytes[start..end]);
        bytes[start..end].copy_from_slice(&blanks);
    }
    String::from_utf8(bytes).expect("items end at character boundaries")
}

/// True if a `cfg` predicate cannot hold outside a test build.
pub(crate) fn needs_test(predicate: &str) -> bool {
    let predicate = predicate.trim();
    let operands = |name: &str| {
        let inside = predicate.strip_prefix(name)?.trim().strip_prefix('(')?.strip_suffix(')')?;
        Some(operands(inside))
    };
    if let Some(all) = operands("all") {
        return all.into_iter().any(needs_test);
    }
    if let Some(any) = operands("any") {
        return !any.is_empty() && any.into_iter().all(needs_test);
    }
    predicate == "test"
}

/// Splits at the commas that no bracket holds.
fn operands(inside: &str) -> Vec<&str> {
    let (mut found, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, char) in inside.char_indices() {
        match char {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(&inside[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&inside[start..]);
    found.retain(|operand| !operand.trim().is_empty());
    found
}

/// The offset after the item whose first attribute ends at `at`.
fn item_end(code: &str, at: usize) -> usize {
    const ITEMS: [&str; 15] = [
        "pub", "fn", "mod", "use", "impl", "struct", "enum", "trait", "const", "static", "type",
        "unsafe", "async", "extern", "let",
    ];
    let mut at = skip_blank(code, at);
    while code[at..].starts_with("#[") {
        at = skip_blank(code, closing(code, at + 1));
    }
    let name = code[at..].bytes().take_while(|&byte| in_name(byte)).count();
    // A field, a variant, an arm or an argument ends at its comma; an item's generics have commas.
    let at_comma = !ITEMS.contains(&&code[at..at + name]);
    while at < code.len() {
        match code.as_bytes()[at] {
            b'(' | b'[' => at = closing(code, at),
            b'{' => return closing(code, at),
            b';' => return at + 1,
            b',' if at_comma => return at + 1,
            b')' | b']' | b'}' => return at,
            _ => at += 1,
        }
    }
    at
}

fn skip_blank(code: &str, at: usize) -> usize {
    at + code[at..].bytes().take_while(u8::is_ascii_whitespace).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_predicate_that_implies_test_is_test_only() {
        for yes in ["test", "all(test, loom)", "all(unix, all(not(loom), test))", "any(test,)"] {
            assert!(needs_test(yes), "{yes}");
        }
        for no in ["loom", "not(test)", "any(test, loom)", "all(loom)", "any()"] {
            assert!(!needs_test(no), "{no}");
        }
    }

    #[test]
    fn test_items_are_blanked_and_their_neighbours_are_not() {
        let code = "mod a;\n#[cfg(test)]\n#[rustfmt::skip]\nmod tests { fn b<C, D>() { e } }\n\
                    fn f() {}\n#[cfg(test)] use g::h; use i;\n\
                    #[cfg(test)] fn j<K, L>() {} fn m() {}\n\
                    enum N { #[cfg(test)] O, P }";
        let left = shipped(code);
        for gone in ["tests", "e }", "g::h", "j<", "L", "O,"] {
            assert!(!left.contains(gone), "{gone} in {left}");
        }
        for kept in ["mod a;", "fn f()", "use i;", "fn m()", "P }"] {
            assert!(left.contains(kept), "{kept} not in {left}");
        }
        assert_eq!(left.len(), code.len());
    }

    #[test]
    fn an_inner_attribute_blanks_the_file() {
        assert_eq!(shipped("#![cfg(all(test, loom))]\nfn a() {}").trim(), "");
    }
}
