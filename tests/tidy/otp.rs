//! The map of OTP's items in `actor-core/src/otp/`: every row is about an item that exists, says
//! what happens here in one of four words, and names a test that is there; and every item that is
//! in scope has a row. A row that owes a test has one on the real scheduler, and one under enough
//! schedules of the simulation or the mark that no order matters to it, and not both of these.
//!
//! The items themselves are data below: how many each theme has, which of them are about several
//! machines, and in which files the theme's rows are. While one of these files is missing, nothing
//! is said about the theme's rows that are missing.

use std::collections::BTreeSet;

use crate::{
    Finding,
    lexer::words,
    repo::{Repo, Source, Text, repo},
    report,
    sides::{self, Sides},
};

/// Where the tables are, and the module that shows them.
const FOLDER: &str = "actor-core/src/otp/";
const MODULE: &str = "actor-core/src/otp.rs";

struct Theme {
    number: u32,
    items: u32,
    /// Items about several machines: a row may be there, and need not be.
    remote: &'static [u32],
    /// The files that hold the theme's rows.
    files: &'static [&'static str],
}

const fn theme(number: u32, items: u32, files: &'static [&'static str]) -> Theme {
    Theme { number, items, remote: &[], files }
}

/// What a test must show of OTP. Themes 16, 18, 20 and 23 are not in scope.
const THEMES: &[Theme] = &[
    Theme { remote: &[16], ..theme(1, 16, &["theme_01.md"]) },
    theme(2, 10, &["theme_02.md"]),
    Theme { remote: &[6, 7], ..theme(3, 7, &["theme_03.md"]) },
    Theme { remote: &[12], ..theme(4, 12, &["theme_04.md"]) },
    theme(5, 5, &["theme_05.md"]),
    Theme { remote: &[8], ..theme(6, 8, &["theme_06.md"]) },
    theme(7, 9, &["theme_07.md", "theme_07_receive.md"]),
    theme(8, 8, &["theme_08.md", "theme_08_via.md"]),
    theme(9, 13, &["theme_09.md"]),
    theme(10, 28, &["theme_10.md"]),
    theme(11, 14, &["theme_11.md"]),
    theme(12, 5, &["theme_12.md"]),
    theme(13, 10, &["theme_13.md"]),
    theme(14, 54, &["theme_14.md"]),
    theme(15, 8, &["theme_15.md", "theme_15_registry.md", "theme_15_tasks.md"]),
    Theme { remote: &[2, 3, 4], ..theme(17, 8, &["theme_17.md"]) },
    Theme { remote: &[4, 5, 6, 7, 8, 9, 10], ..theme(19, 12, &["theme_19.md"]) },
    theme(21, 12, &["theme_21.md"]),
    theme(22, 9, &["theme_22.md"]),
];

/// How the column "here" begins, and whether such a row owes a test.
const WORDS: &[(&str, bool)] =
    &[("same", true), ("differs", true), ("typed", false), ("later", false)];

/// How the column "test" ends in a row about what no schedule can change.
const UNORDERED: &str = "(no order)";

/// A row of a table.
struct Row<'a> {
    line: usize,
    cells: Vec<&'a str>,
}

/// The rows of a document's tables, without their heads.
fn rows(text: &str) -> impl Iterator<Item = Row<'_>> {
    let lines = text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with('|'));
    lines.filter_map(|(at, line)| {
        let line = line.trim().trim_matches('|');
        let is_head = line.trim_start().starts_with("item ")
            || line.chars().all(|char| matches!(char, '-' | ':' | '|' | ' '));
        (!is_head).then(|| Row { line: at + 1, cells: cells(line) })
    })
}

/// The cells of a line; `\|` is no border.
fn cells(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for (at, _) in line.match_indices('|') {
        if !line[..at].ends_with('\\') {
            found.push(line[start..at].trim());
            start = at + 1;
        }
    }
    found.push(line[start..].trim());
    found
}

/// The items that a row's first cell names: `14.3`, or several with commas.
fn items(cell: &str) -> impl Iterator<Item = Option<(u32, u32)>> {
    cell.split(',').map(|item| {
        let (theme, number) = item.trim().trim_matches('*').split_once('.')?;
        Some((theme.parse().ok()?, number.parse().ok()?))
    })
}

fn is_item((theme, number): (u32, u32)) -> bool {
    THEMES.iter().any(|known| known.number == theme && (1..=known.items).contains(&number))
}

/// The tests that a cell names: `PATH::function`, or a whole file.
fn tests(cell: &str) -> impl Iterator<Item = &str> {
    let cell = cell.strip_suffix(UNORDERED).unwrap_or(cell);
    let named = cell.split(',').map(|test| test.trim().trim_matches('`'));
    named.filter(|test| !matches!(*test, "" | "-" | "–"))
}

/// The file and the function that a row names.
fn named<'a>(test: &'a str, rust: &'a [Source]) -> (&'a str, Option<&'a Source>, Option<&'a str>) {
    let (path, name) = match test.split_once("::") {
        Some((path, rest)) => (path, rest.rsplit("::").next()),
        None => (test, None),
    };
    let is_file = |source: &&Source| {
        source.path == path || source.path.strip_prefix("tests/").is_some_and(|rest| rest == path)
    };
    (path, rust.iter().find(is_file), name)
}

/// What is wrong with a test that a row names.
fn objection(test: &str, rust: &[Source]) -> Option<String> {
    let (path, source, name) = named(test, rust);
    let Some(source) = source else {
        return Some(format!("there is no file `{path}`, neither under tests/ nor from the root"));
    };
    let name = name?;
    let is_there = words(&source.code, name).any(|at| {
        let (before, after) = (source.code[..at].trim_end(), &source.code[at + name.len()..]);
        // Macros make tests too: their names stand alone among the arguments.
        before.ends_with("fn") || before.ends_with(['(', '{', ',', ';']) && !after.starts_with('(')
    });
    (!is_there).then(|| format!("`{path}` has no test `{name}`; name one that is there"))
}

/// What is wrong with the sides on which a row is shown; `owes` says whether it must be.
fn one_sided(cell: &str, owes: bool, rust: &[Source]) -> Option<&'static str> {
    let is_unordered = cell.ends_with(UNORDERED);
    let sides = tests(cell).filter_map(|test| {
        let (_, source, name) = named(test, rust);
        Some(sides::of(source?, name?))
    });
    let sides = sides.fold(Sides::default(), Sides::or);
    match (owes, is_unordered) {
        (false, true) => Some("owes no test, so `(no order)` says nothing; leave it out"),
        (false, false) => None,
        _ if !sides.real => Some("names no test on the real scheduler; add one"),
        (true, false) if !sides.simulated => {
            Some("names no test with 1,000 schedules; add one, or `(no order)` if none can matter")
        }
        (true, true) if sides.simulated => Some("has a simulated test, and says `(no order)`"),
        _ => None,
    }
}

fn check_row(document: &Text, row: &Row<'_>, rust: &[Source]) -> Vec<Finding> {
    let at = |message: String| Finding::new(&document.path, row.line, message);
    let &[item, _, here, test] = &*row.cells else {
        let count = row.cells.len();
        return vec![at(format!("{count} cells; write `| item | what OTP does | here | test |`"))];
    };
    let mut found = Vec::new();
    let name = document.path.strip_prefix(FOLDER).and_then(|name| name.strip_prefix("theme_"));
    // What is none of the themes has its own labels.
    if name.is_some_and(|name| name.starts_with(|c: char| c.is_ascii_digit())) {
        let unknown = items(item).any(|item| !item.is_some_and(is_item));
        found.extend(unknown.then(|| at(format!("`{item}` is no item in scope; see THEMES"))));
    }
    let first = here.split([':', ' ']).next().unwrap_or_default();
    match WORDS.iter().find(|(word, _)| *word == first.trim_matches('*')) {
        None => found.push(at(format!("`{here}` begins with none of same, typed, differs, later"))),
        Some((_, true)) if tests(test).next().is_none() => {
            found.push(at(format!("`{item}` names no test; what is not shown is `later`")));
        }
        Some((_, owes)) => {
            let wrong = one_sided(test, *owes, rust);
            found.extend(wrong.map(|wrong| at(format!("`{item}` {wrong}"))));
        }
    }
    found.extend(tests(test).filter_map(|test| objection(test, rust)).map(at));
    found
}

/// The documents of the map.
fn maps(repo: &Repo) -> impl Iterator<Item = &Text> {
    repo.documents.iter().filter(|document| document.path.starts_with(FOLDER))
}

/// The tables; the introduction's is about their columns.
fn tables(repo: &Repo) -> impl Iterator<Item = &Text> {
    maps(repo).filter(|document| !document.path.ends_with("introduction.md"))
}

/// Items in scope without a row, of the themes whose files are all there.
fn missing(documents: &[&Text]) -> Vec<Finding> {
    let has = |name: &&str| documents.iter().any(|d| d.path.strip_prefix(FOLDER) == Some(name));
    let rows = documents.iter().flat_map(|document| rows(&document.text));
    let there: BTreeSet<_> =
        rows.flat_map(|row| items(row.cells[0]).flatten().collect::<Vec<_>>()).collect();
    let mut found = Vec::new();
    for theme in THEMES.iter().filter(|theme| theme.files.iter().all(&has)) {
        let expected = (1..=theme.items).filter(|item| !theme.remote.contains(item));
        for item in expected.filter(|item| !there.contains(&(theme.number, *item))) {
            let message = format!(
                "item {}.{item} has no row; add one, if only `later` and why",
                theme.number
            );
            found.push(Finding::new(&format!("{FOLDER}{}", theme.files[0]), 1, message));
        }
    }
    found
}

#[test]
fn every_row_of_the_map_is_about_an_item_and_names_a_test() {
    let repo = repo();
    let found = tables(repo).flat_map(|document| {
        rows(&document.text).flat_map(|row| check_row(document, &row, &repo.rust))
    });
    report::none(found.collect());
}

#[test]
fn every_item_in_scope_has_a_row() {
    report::none(missing(&tables(repo()).collect::<Vec<_>>()));
}

#[test]
fn every_file_of_the_map_is_shown() {
    let module = repo().rust.iter().find(|source| source.path == MODULE).expect("the module");
    let hidden = maps(repo()).filter_map(|document| {
        let name = document.path.strip_prefix("actor-core/src/")?;
        let line = format!("#![doc = include_str!(\"{name}\")]");
        let message = format!("nobody reads this; add `{line}` to {MODULE}");
        (!module.text.contains(&line)).then(|| Finding::new(&document.path, 1, message))
    });
    report::none(hidden.collect());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(name: &str, text: &str) -> Text {
        Text { path: format!("{FOLDER}{name}"), text: text.to_owned() }
    }

    const SAMPLE: &str = "both! { async fn it_is_so(t) {} }\ncheck!(it_is_made, 1);\n\
                          #[test]\nfn it_is_real() {}\n\
                          #[actor_test(schedules = 1000)]\nasync fn it_is_simulated(t: T) {}\n";

    fn bitten(name: &str, text: &str) -> Vec<usize> {
        let rust = [
            Source::new("tests/a/b.rs", SAMPLE.into()),
            Source::new("actor-core/src/c.rs", "mod tests { #[test]\nfn it_is_pure() {} }".into()),
        ];
        let document = document(name, text);
        let found = rows(&document.text).flat_map(|row| check_row(&document, &row, &rust));
        found.map(|finding| finding.line).collect()
    }

    #[test]
    fn the_rule_lets_good_rows_pass() {
        let text = "# T\n\n| item | what OTP does | here | test |\n|---|:--|---|---|\n\
                    | 1.1 | a | same | `a/b.rs::it_is_so` |\n\
                    | 1.2, 2.3 | a \\| b | differs: c | a/b.rs::it_is_made, \
                    `actor-core/src/c.rs::tests::it_is_pure` (no order) |\n\
                    | 1.5 | a | same | `a/b.rs::it_is_real`, `a/b.rs::it_is_simulated` |\n\
                    | 1.3 | a | typed: no such thing | tests/a/b.rs |\n\
                    | 1.4 | a | later | - |\n";
        assert_eq!(bitten("theme_01.md", text), []);
        assert_eq!(bitten("theme_ets.md", "| a table | a | same | a/b.rs::it_is_so |"), []);
    }

    #[test]
    fn the_rule_bites_on_each_mistake() {
        let text = "| 1.17 | a | same | a/b.rs::it_is_so |\n\
                    | 16.1 | a | later | - |\n\
                    | 1.1 | a | perhaps | a/b.rs::it_is_so |\n\
                    | 1.1 | a | same | - |\n\
                    | 1.1 | a | same | a/b.rs::it_is_not |\n\
                    | 1.1 | a | same | a/x.rs::it_is_so |\n\
                    | 1.1 | a | same |\n\
                    | one | a | later | |\n";
        let mut lines = bitten("theme_01.md", text);
        lines.dedup();
        assert_eq!(lines, [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn the_rule_bites_on_a_row_that_is_shown_on_one_side_or_marked_for_nothing() {
        let text = "| 1.1 | a | same | a/b.rs::it_is_real |\n\
                    | 1.2 | a | differs: b | a/b.rs::it_is_simulated |\n\
                    | 1.3 | a | same | a/b.rs::it_is_so (no order) |\n\
                    | 1.4 | a | same | a/b.rs::it_is_simulated (no order) |\n\
                    | 1.5 | a | typed: b | a/b.rs::it_is_real (no order) |\n";
        assert_eq!(bitten("theme_01.md", text), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn the_rule_bites_on_a_missing_item_once_all_files_are_there() {
        let row = |item: u32| format!("| 17.{item} | a | later | - |\n");
        let all: String = [1, 5, 6, 7, 8].map(row).concat();
        assert_eq!(missing(&[&document("theme_17.md", &all)]), []);
        let some: String = [1, 5, 7, 8].map(row).concat();
        let found = missing(&[&document("theme_17.md", &some)]);
        assert!(found.len() == 1 && found[0].message.contains("item 17.6"), "{found:?}");
        assert_eq!(missing(&[&document("theme_07.md", "| 7.1 | a | later | - |")]), []);
    }

    #[test]
    fn the_themes_are_in_order_and_their_remote_items_exist() {
        assert!(THEMES.is_sorted_by(|a, b| a.number < b.number));
        for theme in THEMES {
            assert!(theme.remote.iter().all(|item| *item <= theme.items), "{}", theme.number);
        }
    }
}
