//! No file is dead: each is a target, or a `mod` line of a live file leads to it.
//!
//! The same walk tells every file its module path, and whether only tests see it.

use std::collections::{HashMap, HashSet};

use crate::{
    Finding,
    lexer::{closing, in_name, words},
    repo::{Repo, Source, Text, repo},
    report,
};

/// Files in these folders are read by the tests that own them, not compiled into them.
const DATA: &[&str] = &["tests/ui/", "tests/expand/"];

/// Where a file stands in its crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) module: Vec<String>,
    pub(crate) test_only: bool,
}

/// One `mod` line or block.
pub(crate) struct Module<'a> {
    pub(crate) at: usize,
    pub(crate) name: &'a str,
    /// The span of an inline module's body.
    pub(crate) body: Option<(usize, usize)>,
}

/// The `mod` lines and blocks of a blanked text.
pub(crate) fn modules(code: &str) -> impl Iterator<Item = Module<'_>> {
    words(code, "mod").filter_map(|at| {
        let rest = code[at + 3..].trim_start();
        let start = code.len() - rest.len();
        let length = rest.bytes().take_while(|&byte| in_name(byte)).count();
        let after = rest[length..].trim_start();
        let open = code.len() - after.len();
        let body = after.starts_with('{').then(|| (open, closing(code, open)));
        let is_module = length > 0 && (body.is_some() || after.starts_with(';'));
        is_module.then(|| Module { at, name: &code[start..start + length], body })
    })
}

/// The module path that a file's place on disk suggests.
pub(crate) fn guess_module(path: &str) -> Option<Vec<String>> {
    let (_, inside) = path.split_once("/src/")?;
    let inside = inside.trim_end_matches(".rs").trim_end_matches("/mod");
    let top = matches!(inside, "lib" | "main" | "mod");
    Some(if top { Vec::new() } else { inside.split('/').map(ToOwned::to_owned).collect() })
}

/// The place of every live file.
pub(crate) fn places(rust: &[Source], manifests: &[Text]) -> HashMap<String, Place> {
    let sources: HashMap<_, _> = rust.iter().map(|source| (source.path.as_str(), source)).collect();
    let mut places = HashMap::new();
    let mut queue: Vec<_> = targets(rust, manifests)
        .into_iter()
        .map(|path| (path, Place { module: Vec::new(), test_only: false }, true))
        .collect();
    while let Some((path, place, owns_folder)) = queue.pop() {
        let Some(source) = sources.get(path.as_str()) else { continue };
        // A file that both a test and the library name is the library's.
        if places.get(&path).is_some_and(|seen: &Place| place.test_only || !seen.test_only) {
            continue;
        }
        for child in children(source, &place, owns_folder) {
            let exists = |path: &&String| sources.contains_key(path.as_str());
            if let Some(found) = child.candidates.iter().find(exists) {
                let owns = child.explicit || found.ends_with("/mod.rs");
                queue.push((found.clone(), child.place, owns));
            }
        }
        places.insert(path, place);
    }
    places
}

struct Child {
    candidates: Vec<String>,
    explicit: bool,
    place: Place,
}

/// The files that one file's `mod` lines may mean.
fn children(source: &Source, place: &Place, owns_folder: bool) -> Vec<Child> {
    let (folder, _) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let home = if owns_folder { folder } else { source.path.trim_end_matches(".rs") };
    let all: Vec<_> = modules(&source.code).collect();
    let lines = all.iter().filter(|module| module.body.is_none());
    lines
        .map(|module| {
            let around = all.iter().filter(|outer| {
                outer.body.is_some_and(|(start, end)| (start..end).contains(&module.at))
            });
            let inside: Vec<_> = around.map(|outer| outer.name).chain([module.name]).collect();
            let stem = format!("{home}/{}", inside.join("/"));
            let explicit = explicit_path(source, module.at);
            let candidates = match explicit {
                Some(path) => vec![tidy_path(&format!("{folder}/{path}"))],
                None => vec![format!("{stem}.rs"), format!("{stem}/mod.rs")],
            };
            let inside = inside.into_iter().map(ToOwned::to_owned);
            let module_path = place.module.iter().cloned().chain(inside).collect();
            let hidden = source.shipped.as_bytes()[module.at] == b' ';
            let test_only = place.test_only || hidden;
            let place = Place { module: module_path, test_only };
            Child { candidates, explicit: explicit.is_some(), place }
        })
        .collect()
}

/// The file that a `path` attribute gives to the module at `at`.
fn explicit_path(source: &Source, at: usize) -> Option<&str> {
    let before = source.text[..at].trim_end().trim_end_matches("pub").trim_end();
    let attribute = &before[before.rfind('\n').map_or(0, |end| end + 1)..];
    attribute.trim().strip_prefix("#[path")?.split('"').nth(1)
}

fn tidy_path(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The files that cargo compiles of its own accord, or because a manifest says so.
fn targets(rust: &[Source], manifests: &[Text]) -> HashSet<String> {
    let mut found = HashSet::new();
    for manifest in manifests {
        let folder = manifest.path.trim_end_matches("Cargo.toml");
        for line in manifest.text.lines() {
            let named =
                line.contains("path").then(|| line.split('"').filter(|s| s.ends_with(".rs")));
            found.extend(
                named.into_iter().flatten().map(|path| tidy_path(&format!("{folder}{path}"))),
            );
        }
        let own = rust.iter().filter_map(|source| source.path.strip_prefix(folder));
        found.extend(own.filter(|path| found_by_cargo(path)).map(|path| format!("{folder}{path}")));
    }
    found
}

/// True for the paths, within a package, that are targets without being named.
fn found_by_cargo(path: &str) -> bool {
    if matches!(path, "build.rs" | "src/lib.rs" | "src/main.rs") {
        return true;
    }
    let folders = ["src/bin/", "tests/", "examples/", "benches/"];
    let Some(inside) = folders.iter().find_map(|folder| path.strip_prefix(folder)) else {
        return false;
    };
    // A sub-package's own `src` is not a target of the workspace's folder of that name.
    !inside.contains('/') || inside.matches('/').count() == 1 && inside.ends_with("/main.rs")
}

/// The rule.
fn dead(repo: &Repo) -> Vec<Finding> {
    let data = |path: &str| DATA.iter().any(|folder| path.contains(folder));
    let dead = repo.rust.iter().filter(|source| source.module.is_none() && !data(&source.path));
    dead.map(|source| {
        let advice = "no target and no `mod` line leads here, so nothing compiles it; \
                      name it in its parent, or delete it";
        Finding::new(&source.path, 1, advice)
    })
    .collect()
}

#[test]
fn every_file_is_compiled() {
    report::none(dead(repo()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str, text: &str) -> Text {
        Text { path: path.to_owned(), text: text.to_owned() }
    }

    fn sample() -> (Vec<Source>, Vec<Text>) {
        let files = [
            ("p/src/lib.rs", "mod a;\npub mod b { mod c; }\n#[cfg(test)]\nmod t;\n// mod dead;"),
            ("p/src/a.rs", "mod d;\n#[path = \"../odd/e.rs\"]\npub mod e;"),
            ("p/src/a/d.rs", ""),
            ("p/odd/e.rs", ""),
            ("p/src/b/c/mod.rs", "mod f;"),
            ("p/src/b/c/f.rs", ""),
            ("p/src/t.rs", ""),
            ("p/src/bin/tool.rs", ""),
            ("p/flat/first.rs", ""),
            ("p/src/dead.rs", ""),
        ];
        let rust = files.map(|(path, text)| Source::new(path, text.to_owned())).into();
        (rust, vec![text("p/Cargo.toml", "[[bin]]\nname = \"first\"\npath = \"flat/first.rs\"")])
    }

    #[test]
    fn a_file_that_nothing_names_is_dead_and_all_others_live() {
        let (rust, manifests) = sample();
        let places = places(&rust, &manifests);
        let dead: Vec<_> =
            rust.iter().map(|s| s.path.as_str()).filter(|&p| !places.contains_key(p)).collect();
        assert_eq!(dead, ["p/src/dead.rs"]);
        assert_eq!(places["p/src/b/c/f.rs"].module, ["b", "c", "f"]);
        assert_eq!(places["p/odd/e.rs"].module, ["a", "e"]);
    }

    #[test]
    fn a_module_under_cfg_test_is_for_tests_only() {
        let (rust, manifests) = sample();
        let places = places(&rust, &manifests);
        assert!(places["p/src/t.rs"].test_only && !places["p/src/a.rs"].test_only);
    }

    #[test]
    fn the_rule_bites_on_a_dead_file_and_not_on_a_test_s_data() {
        let (mut rust, manifests) = sample();
        rust.push(Source::new("tests/ui/fail/self_call.rs", String::new()));
        rust.push(Source::new("p/src/expand/dead.rs", String::new()));
        let places = places(&rust, &manifests);
        for source in &mut rust {
            source.module = places.get(&source.path).map(|place| place.module.clone());
        }
        let repo = Repo { root: ".".into(), rust, manifests, documents: Vec::new() };
        let files: Vec<_> = dead(&repo).into_iter().map(|found| found.file).collect();
        assert_eq!(files, ["p/src/dead.rs", "p/src/expand/dead.rs"]);
    }
}
